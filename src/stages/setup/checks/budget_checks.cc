// Family budget: amounts that add up, in the right currency, under every cap and over every
// minimum.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

constexpr std::string_view kBidStrategies[] = {
    "manual_cpc", "maximize_clicks", "maximize_conversions", "maximize_value",
    "target_cpa", "target_roas",     "lowest_cost",          "bid_cap",
    "cost_cap",   "min_roas"};

/// Every amount that the documents state for a package, with its name and place.
void ForAmounts(const PackageView& p,
                const std::function<void(const std::string&, Money, const Place&)>& what) {
  const Package& package = *p.package;
  if (package.budget) what("budget", package.budget->value, package.budget->place);
  if (package.daily_budget) {
    what("daily_budget", package.daily_budget->value, package.daily_budget->place);
  }
  if (package.min_spend_target) {
    what("min_spend_target", package.min_spend_target->value, package.min_spend_target->place);
  }
  const auto fields = [&](const std::string& where, const SaidFields& said, const Place& place) {
    for (const auto& [name, value] : said.values) {
      if (const auto* money = std::get_if<Money>(&value)) {
        what(where + name, *money, said.PlaceOf(name, place));
      }
    }
  };
  fields("", package.fields, package.place);
  for (const Buy* buy : p.buys) fields("", buy->fields, buy->place);
  for (const BuyAdGroup* group : p.ad_groups) {
    fields(group->name.value + ": ", group->fields, group->place);
  }
}

const Money* GroupBudget(const BuyAdGroup& group) {
  const Money* daily = MoneyField(group.fields.values, "daily_budget");
  return daily ? daily : MoneyField(group.fields.values, "lifetime_budget");
}

Place GroupBudgetPlace(const BuyAdGroup& group) {
  return group.fields.PlaceOf(
      group.fields.values.contains("daily_budget") ? "daily_budget" : "lifetime_budget",
      group.place);
}

/// The bid strategy of an ad group, or of its campaign.
std::pair<std::string, Place> StrategyOf(const PackageView& p, const BuyAdGroup& group) {
  if (group.fields.values.contains("bid_strategy")) {
    return {TextField(group.fields.values, "bid_strategy"),
            group.fields.PlaceOf("bid_strategy", group.place)};
  }
  return {p.Text("bid_strategy"), p.PlaceOf("bid_strategy")};
}

/// A money field of the ad group or of its campaign.
const Money* MoneyOf(const PackageView& p, const BuyAdGroup& group, const std::string& field) {
  if (const Money* own = MoneyField(group.fields.values, field)) return own;
  const FieldValue* value = p.Field(field);
  return value ? std::get_if<Money>(value) : nullptr;
}

const KpiTarget* FindKpi(const CampaignView& v, std::string_view metric) {
  for (const KpiTarget& kpi : v.brief().kpis) {
    if (kpi.metric == metric) return &kpi;
  }
  return nullptr;
}

/// Sum of what the packages may spend in a day, on the day of the flight on which it is largest.
struct DaySum {
  std::optional<Money> plain, worst;
  Day day{};
  int packages = 0;
};
DaySum LargestDay(const CampaignView& v) {
  DaySum largest{Money::Zero(v.currency()), Money::Zero(v.currency()), v.brief().start.value, 0};
  // The sum only rises on a day on which a package starts.
  for (const PackageView& first : v.packages) {
    DaySum sum{Money::Zero(v.currency()), Money::Zero(v.currency()), first.start, 0};
    for (const PackageView& p : v.packages) {
      if (p.start > first.start || (!p.always_on && p.end < first.start)) continue;
      const auto daily = v.DailyOf(p);
      if (!daily) continue;
      ++sum.packages;
      sum.plain = Add(sum.plain, *daily);
      const auto over = TimesBp(*daily, OverdeliveryBp(p.platform));
      sum.worst = over ? Add(sum.worst, *over) : std::nullopt;
    }
    if (!sum.worst || !sum.plain) return sum;
    if (*sum.worst > *largest.worst) largest = sum;
  }
  return largest;
}

bool AllKnown(const CampaignView& v) {
  return std::ranges::all_of(v.packages,
                             [&](const PackageView& p) { return v.TotalOf(p).has_value(); });
}

}  // namespace

void AddBudgetChecks(Registry& r) {
  r.Campaign("budget.total_positive", kFail, "Is the campaign's total budget above zero?",
             "State total_budget in the brief.", [](const CampaignView& v, Out& out) {
               const auto& total = v.brief().total_budget;
               if (total.value.micros() <= 0) {
                 out.Fail(fmt::format("the total budget is {}", PrintMoney(total.value)),
                          {total.place});
               }
             });
  r.Campaign("budget.total_currency", kFail, "Are total and cap in the brief's currency?",
             "Write every amount of the brief in the brief's currency.",
             [](const CampaignView& v, Out& out) {
               const Brief& b = v.brief();
               if (b.total_budget.value.currency() != v.currency()) {
                 out.Fail(fmt::format("the total is {}, the brief's currency is {}",
                                      PrintMoney(b.total_budget.value), v.currency().name()),
                          {b.total_budget.place, b.currency.place});
               }
               if (b.daily_budget_cap && b.daily_budget_cap->value.currency() != v.currency()) {
                 out.Fail(fmt::format("the daily cap is {}, the brief's currency is {}",
                                      PrintMoney(b.daily_budget_cap->value), v.currency().name()),
                          {b.daily_budget_cap->place, b.currency.place});
               }
             });
  r.Campaign(
      "budget.sum", kFail, "Do the packages' budgets add up to the brief's total?",
      "Change the packages' budgets in the media plan, or the total in the brief, until they "
      "agree.",
      [](const CampaignView& v, Out& out) {
        const auto& total = v.brief().total_budget;
        if (total.value.currency() != v.currency() || !AllKnown(v)) {
          return out.NotChecked("not every package has a budget in the brief's currency");
        }
        std::optional<Money> sum = Money::Zero(v.currency());
        Places places{total.place};
        for (const PackageView& p : v.packages) {
          sum = Add(sum, *v.TotalOf(p));
          places.push_back(p.package->budget         ? p.package->budget->place
                           : p.package->daily_budget ? p.package->daily_budget->place
                                                     : p.place());
        }
        const std::string text =
            fmt::format("the {} packages add up to {}, the brief's total is {}", v.packages.size(),
                        Show(sum), PrintMoney(total.value));
        if (!sum) return out.Fail(text, places);
        // Daily budgets times days seldom meet a total exactly: half a percent is rounding.
        const double off = PercentOff(*sum, total.value);
        if (*sum > total.value && off > 0.5) {
          out.Fail(fmt::format("{}: {} too much", text, PrintMoney(*sum - total.value)), places);
        } else if (off < -0.5) {
          out.Warn(fmt::format("{}: {} is not planned", text, PrintMoney(total.value - *sum)),
                   places);
        } else {
          out.Pass(text);
        }
      });
  r.Package("budget.package_present", kFail, "Has the package a budget?",
            "State budget (for the flight) or daily_budget in the media plan.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (!p.package->budget && !p.package->daily_budget) {
                out.Fail("neither budget nor daily_budget is stated", {p.place()});
              }
            });
  r.Package("budget.amounts_positive", kFail, "Is every amount of the package above zero?",
            "Write the amount that is meant; on some platforms 0 means unlimited.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              ForAmounts(p, [&](const std::string& name, Money money, const Place& place) {
                if (money.micros() <= 0) {
                  out.Fail(fmt::format("{} is {}", name, PrintMoney(money)), {place});
                }
              });
            });
  r.Package("budget.currency_package", kFail, "Are the package's amounts in the brief's currency?",
            "Write every amount in the brief's currency; nothing is converted.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              ForAmounts(p, [&](const std::string& name, Money money, const Place& place) {
                if (money.currency() != v.currency()) {
                  out.Fail(fmt::format("{} is {}, the brief's currency is {}", name,
                                       PrintMoney(money), v.currency().name()),
                           {place, v.brief().currency.place});
                }
              });
            });
  r.Package("budget.currency_account", kFail, "Is the account billed in the brief's currency?",
            "Use an account in the brief's currency, or write the brief in the account's.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.account == nullptr) return out.NotChecked("the account is not connected");
              if (p.account->info.currency != v.currency()) {
                out.Fail(fmt::format("account {} is billed in {}, the brief is in {}",
                                     PrintAccount(p.account->info.account),
                                     p.account->info.currency.name(), v.currency().name()),
                         {p.package->account.place, v.brief().currency.place});
              }
            });
  r.Package("budget.whole_minor", kFail,
            "Is every amount a whole number of the platform's smallest unit?",
            "Round the amount to what the platform can take; Max never rounds a budget.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const MinorUnits table =
                  p.platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217;
              ForAmounts(p, [&](const std::string& name, Money money, const Place& place) {
                // A spread budget is cut down to whole units by the compiler; what is written is
                // not.
                const auto minor = ToMinor(money, table);
                if (!minor) out.Fail(fmt::format("{}: {}", name, minor.error().what), {place});
              });
            });
  r.Package("budget.daily_times_days", kFail,
            "Does the daily budget over the flight meet the package's budget?",
            "Change daily_budget or budget in the media plan, or leave one of them out.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const Package& package = *p.package;
              if (!package.budget || !package.daily_budget || p.always_on) {
                return out.NotApplicable("the package does not state both over a flight");
              }
              if (package.budget->value.currency() != v.currency() ||
                  package.daily_budget->value.currency() != v.currency() || p.days() < 1) {
                return out.NotChecked("other findings come first");
              }
              const auto product = Times(package.daily_budget->value, p.days());
              const std::string text =
                  fmt::format("{} a day for {} days is {}, the package's budget is {}",
                              PrintMoney(package.daily_budget->value), p.days(), Show(product),
                              PrintMoney(package.budget->value));
              const Places places{package.daily_budget->place, package.budget->place};
              const double off = product ? PercentOff(*product, package.budget->value) : 100;
              if (off > 1) {
                out.Fail(text, places);
              } else if (off < -5) {
                out.Warn(text + ": the rest cannot be spent", places);
              } else {
                out.Pass(text);
              }
            });
  r.Package("budget.unit_error", kFail, "Is one day's budget a plausible part of the whole?",
            "Look for a factor of 100 or 1000: was the amount written in cents?",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const Package& package = *p.package;
              if (!package.daily_budget || package.daily_budget->value.currency() != v.currency()) {
                return out.NotApplicable("no daily budget is stated");
              }
              const Said<Money> whole = package.budget ? *package.budget : v.brief().total_budget;
              if (whole.value.currency() != v.currency() || p.days() < 2) {
                return out.NotApplicable("nothing to compare with");
              }
              const Money even = whole.value.SplitEvenly(p.days());
              const auto ten = Times(even, 10);
              if (ten && package.daily_budget->value > *ten) {
                out.Fail(fmt::format("{} a day, where {} over {} days is {} a day",
                                     PrintMoney(package.daily_budget->value),
                                     PrintMoney(whole.value), p.days(), PrintMoney(even)),
                         {package.daily_budget->place, whole.place});
              }
            });
  r.Campaign("budget.daily_cap", kFail, "Do the daily budgets stay under the brief's daily cap?",
             "Lower daily budgets in the media plan, or raise daily_budget_cap in the brief.",
             [](const CampaignView& v, Out& out) {
               const auto& cap = v.brief().daily_budget_cap;
               if (!cap) return out.NotApplicable("the brief states no daily cap");
               if (cap->value.currency() != v.currency()) {
                 return out.NotChecked("the cap is in another currency");
               }
               const DaySum sum = LargestDay(v);
               const std::string text =
                   fmt::format("{} packages may spend {} on {}, the cap is {}", sum.packages,
                               Show(sum.plain), PrintDay(sum.day), PrintMoney(cap->value));
               if (!sum.plain || *sum.plain > cap->value) {
                 Places places{cap->place};
                 for (const PackageView& p : v.packages) {
                   if (p.package->daily_budget) places.push_back(p.package->daily_budget->place);
                 }
                 out.Fail(text, places);
               } else {
                 out.Pass(text);
               }
             });
  r.Campaign("budget.daily_cap_overdelivery", kWarn,
             "Does even the worst day stay under the brief's daily cap?",
             "Lower the daily budgets: Google may spend twice of one on a day, Meta and TikTok a "
             "quarter more.",
             [](const CampaignView& v, Out& out) {
               const auto& cap = v.brief().daily_budget_cap;
               if (!cap) return out.NotApplicable("the brief states no daily cap");
               if (cap->value.currency() != v.currency()) {
                 return out.NotChecked("the cap is in another currency");
               }
               const DaySum sum = LargestDay(v);
               const std::string text =
                   fmt::format("with over-delivery {} may be spent on {}, the cap is {}",
                               Show(sum.worst), PrintDay(sum.day), PrintMoney(cap->value));
               if (!sum.worst || *sum.worst > cap->value) {
                 out.Fail(text, {cap->place});
               } else {
                 out.Pass(text);
               }
             });
  r.Campaign(
      "budget.cap_spends_total", kWarn, "Can the total be spent under the daily cap?",
      "Raise the cap, lengthen the flight, or lower the total.",
      [](const CampaignView& v, Out& out) {
        const Brief& b = v.brief();
        if (!b.daily_budget_cap) return out.NotApplicable("the brief states no daily cap");
        const auto days = (b.end.value - b.start.value).count() + 1;
        if (days < 1 || b.daily_budget_cap->value.currency() != b.total_budget.value.currency()) {
          return out.NotChecked("other findings come first");
        }
        const auto most = Times(b.daily_budget_cap->value, days);
        if (most && *most < b.total_budget.value) {
          out.Fail(fmt::format("{} a day for {} days is {}, the total is {}",
                               PrintMoney(b.daily_budget_cap->value), days, PrintMoney(*most),
                               PrintMoney(b.total_budget.value)),
                   {b.daily_budget_cap->place, b.total_budget.place});
        }
      });
  r.Campaign("budget.cap_zone", kFail, "Does the cap say in which time zone its day is?",
             "State budget_cap_timezone with an IANA name such as Europe/Berlin.",
             [](const CampaignView& v, Out& out) {
               const Brief& b = v.brief();
               if (!b.daily_budget_cap) return out.NotApplicable("the brief states no daily cap");
               if (!b.budget_cap_timezone) {
                 return out.Warn("a daily cap without budget_cap_timezone",
                                 {b.daily_budget_cap->place});
               }
               const auto zone = Zone::Find(b.budget_cap_timezone->value);
               if (!zone) out.Fail(zone.error().what, {b.budget_cap_timezone->place});
             });
  r.Package("budget.cap_zone_account", kWarn, "Does the account count its days as the cap does?",
            "Know that a day of the cap and a day of the account overlap only partly.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto& zone = v.brief().budget_cap_timezone;
              if (!zone) return out.NotApplicable("no budget_cap_timezone is stated");
              if (p.account == nullptr) return out.NotChecked("the account is not connected");
              if (p.account->info.zone != zone->value) {
                out.Fail(fmt::format("the cap counts days in {}, account {} in {}", zone->value,
                                     PrintAccount(p.account->info.account), p.account->info.zone),
                         {zone->place, p.package->account.place});
              }
            });
  r.Package("budget.min_spend", kFail, "Is the least to be spent at most the budget?",
            "Lower min_spend_target or raise the package's budget.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto& least = p.package->min_spend_target;
              if (!least) return out.NotApplicable("no min_spend_target is stated");
              const auto total = v.TotalOf(p);
              if (!total || least->value.currency() != v.currency()) {
                return out.NotChecked("the package has no budget in the brief's currency");
              }
              if (least->value > *total) {
                out.Fail(fmt::format("at least {} is to be spent of {}", PrintMoney(least->value),
                                     PrintMoney(*total)),
                         {least->place, p.package->budget ? p.package->budget->place : p.place()});
              }
            });
  r.Package("budget.owner_known", kFail, "Is it said who owns the budget?",
            "Write budget_owner: campaign or budget_owner: ad_group.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const auto& owner = p.package->budget_owner;
              if (owner.value != "campaign" && owner.value != "ad_group") {
                out.Fail(fmt::format("budget_owner is \"{}\"", owner.value), {owner.place});
              }
            });
  r.Package("budget.owner_supported", kFail, "Can budgets live there on this platform?",
            "Change budget_owner to what the platform has.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.spec == nullptr || p.spec->budget_owner.empty()) {
                return out.NotChecked("the platform's requirements do not say");
              }
              const auto& owner = p.package->budget_owner;
              if (p.spec->budget_owner != "either" && p.spec->budget_owner != owner.value) {
                out.Fail(fmt::format("budget_owner is {}, on {} budgets live at the {}",
                                     owner.value, PlatformName(p.platform), p.spec->budget_owner),
                         {owner.place});
              }
            });
  r.Package("budget.owner_contradiction", kFail,
            "Do media plan and buying details agree on who owns the budget?",
            "Keep the budget at one level: the campaign's, or each ad group's, never both.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const auto& owner = p.package->budget_owner;
              for (const BuyAdGroup* group : p.ad_groups) {
                const Money* own = GroupBudget(*group);
                if (owner.value == "campaign" && own != nullptr) {
                  out.Fail(fmt::format("the campaign owns the budget, yet ad group {} states {}",
                                       group->name.value, PrintMoney(*own)),
                           {owner.place, GroupBudgetPlace(*group)});
                }
                if (owner.value == "ad_group" && own == nullptr && p.ad_groups.size() > 1) {
                  out.Fail(fmt::format("ad groups own the budget, yet ad group {} states none",
                                       group->name.value),
                           {owner.place, group->place});
                }
              }
            });
  r.Package("budget.one_kind", kFail, "Has each object either a daily or a lifetime budget?",
            "Keep one of the two.", [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                if (MoneyField(group->fields.values, "daily_budget") != nullptr &&
                    MoneyField(group->fields.values, "lifetime_budget") != nullptr) {
                  out.Fail(fmt::format("ad group {} states both", group->name.value),
                           {group->fields.PlaceOf("daily_budget", group->place),
                            group->fields.PlaceOf("lifetime_budget", group->place)});
                }
              }
            });
  r.Package("budget.ad_group_sum", kFail, "Do the ad groups' budgets add up to the package's?",
            "Change the ad groups' budgets in the buying details or the package's in the plan.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.package->budget_owner.value != "ad_group") {
                return out.NotApplicable("the campaign owns the budget");
              }
              const auto daily = v.DailyOf(p);
              if (!daily) return out.NotChecked("the package's daily budget is not known");
              std::optional<Money> sum = Money::Zero(v.currency());
              Places places{p.package->daily_budget ? p.package->daily_budget->place : p.place()};
              int stated = 0;
              for (const BuyAdGroup* group : p.ad_groups) {
                const Money* own = MoneyField(group->fields.values, "daily_budget");
                if (own == nullptr) continue;
                ++stated;
                sum = Add(sum, *own);
                places.push_back(group->fields.PlaceOf("daily_budget", group->place));
              }
              if (stated == 0) return out.NotApplicable("no ad group states a daily budget");
              const std::string text =
                  fmt::format("{} ad groups state {} a day, the package has {}", stated, Show(sum),
                              PrintMoney(*daily));
              const double off = sum ? PercentOff(*sum, *daily) : 100;
              if (off > 0.5) {
                out.Fail(text, places);
              } else if (off < -5) {
                out.Warn(text, places);
              } else {
                out.Pass(text);
              }
            });
  r.Package("budget.allocation_known", kFail, "Is it said whether the optimiser may move it?",
            "Write budget_allocation: fixed or budget_allocation: optimised.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const auto& how = p.package->budget_allocation;
              if (how.value != "fixed" && how.value != "optimised") {
                out.Fail(fmt::format("budget_allocation is \"{}\"", how.value), {how.place});
              }
            });
  r.Package("budget.share_tiny", kWarn, "Is the package large enough to learn anything from?",
            "Give it more, or leave the channel out.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto total = v.TotalOf(p);
              const Money whole = v.brief().total_budget.value;
              if (!total || whole.currency() != v.currency() || whole.micros() <= 0) {
                return out.NotChecked("the budgets are not known");
              }
              const auto fifty = Times(*total, 50);
              if (fifty && *fifty < whole) {
                out.Fail(
                    fmt::format("{} of {} is less than 2 %", PrintMoney(*total), PrintMoney(whole)),
                    {p.place(), v.brief().total_budget.place});
              }
            });
  r.Package("budget.bid_strategy_known", kFail, "Is the bid strategy one of the catalogue?",
            "Use one of manual_cpc, maximize_clicks, maximize_conversions, maximize_value, "
            "target_cpa, target_roas, lowest_cost, bid_cap, cost_cap, min_roas.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [strategy, place] = StrategyOf(p, *group);
                if (!strategy.empty() &&
                    std::ranges::find(kBidStrategies, strategy) == std::end(kBidStrategies)) {
                  out.Fail(fmt::format("bid_strategy is \"{}\"", strategy), {place});
                }
              }
            });
  r.Package(
      "budget.bid_present", kFail, "Has every bid strategy the amount it needs?",
      "State bid (manual_cpc, bid_cap), target_cpa (target_cpa, cost_cap) or target_roas_bp "
      "(target_roas, min_roas).",
      [](const CampaignView&, const PackageView& p, Out& out) {
        for (const BuyAdGroup* group : p.ad_groups) {
          const auto [strategy, place] = StrategyOf(p, *group);
          std::string needs;
          if (strategy == "manual_cpc" || strategy == "bid_cap") needs = "bid";
          if (strategy == "target_cpa" || strategy == "cost_cap") needs = "target_cpa";
          if (strategy == "target_roas" || strategy == "min_roas") needs = "target_roas_bp";
          if (needs.empty()) continue;
          const bool cost_bid = strategy == "cost_cap" && group->fields.values.contains("bid");
          if (!group->fields.values.contains(needs) && p.Field(needs) == nullptr && !cost_bid) {
            out.Fail(fmt::format("ad group {}: {} without {}", group->name.value, strategy, needs),
                     {place, group->place});
          }
        }
      });
  r.Package(
      "budget.bid_target_used", kWarn, "Does the bid strategy use the targets that are stated?",
      "Choose the strategy that aims at the target, or take the target out.",
      [](const CampaignView&, const PackageView& p, Out& out) {
        for (const BuyAdGroup* group : p.ad_groups) {
          const auto [strategy, place] = StrategyOf(p, *group);
          const bool states_cpa =
              group->fields.values.contains("target_cpa") || p.Field("target_cpa") != nullptr;
          const bool states_roas = group->fields.values.contains("target_roas_bp") ||
                                   p.Field("target_roas_bp") != nullptr;
          if (states_cpa && strategy != "target_cpa" && strategy != "cost_cap" &&
              strategy != "maximize_conversions") {
            out.Warn(
                fmt::format("ad group {}: {} does not use target_cpa", group->name.value, strategy),
                {place});
          }
          if (states_roas && strategy != "target_roas" && strategy != "min_roas" &&
              strategy != "maximize_value") {
            out.Warn(fmt::format("ad group {}: {} does not use target_roas_bp", group->name.value,
                                 strategy),
                     {place});
          }
        }
      });
  r.Package(
      "budget.bid_vs_budget", kFail, "Does one bid leave room in the day's budget?",
      "Lower the bid or raise the daily budget.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const auto daily = v.DailyOf(p);
        if (!daily) return out.NotChecked("the daily budget is not known");
        for (const BuyAdGroup* group : p.ad_groups) {
          const Money* bid = MoneyField(group->fields.values, "bid");
          if (bid == nullptr || bid->currency() != v.currency()) continue;
          const Places places{group->fields.PlaceOf("bid", group->place),
                              p.package->daily_budget ? p.package->daily_budget->place : p.place()};
          const auto ten = Times(*bid, 10);
          const std::string text = fmt::format("ad group {} bids {} of {} a day", group->name.value,
                                               PrintMoney(*bid), PrintMoney(*daily));
          if (*bid > *daily) {
            out.Fail(text, places);
          } else if (!ten || *ten > *daily) {
            out.Warn(text + ": fewer than ten clicks", places);
          }
        }
      });
  r.Package("budget.target_vs_kpi", kWarn, "Do bids aim at what the brief asks for?",
            "Bring target_cpa or target_roas_bp in line with the brief's KPI.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const KpiTarget* cpa = FindKpi(v, "cpa");
              const KpiTarget* roas = FindKpi(v, "roas");
              for (const BuyAdGroup* group : p.ad_groups) {
                const Money* target = MoneyOf(p, *group, "target_cpa");
                if (target != nullptr && cpa != nullptr && target->currency() == v.currency()) {
                  const auto wanted = ParseMoney(cpa->target, v.currency());
                  if (wanted && *target > *wanted) {
                    out.Fail(fmt::format("target_cpa {} is above the brief's CPA of {}",
                                         PrintMoney(*target), PrintMoney(*wanted)),
                             {group->fields.PlaceOf("target_cpa", group->place), cpa->place});
                  }
                }
                const auto bp = v.NumberOf(p, *group, "target_roas_bp");
                if (bp && roas != nullptr) {
                  const auto wanted = ParseMoney(roas->target, kNoCurrency);  // a plain decimal
                  if (wanted && bp->first < wanted->micros() / 100) {
                    out.Fail(fmt::format("target_roas_bp {} is below the brief's ROAS of {}",
                                         bp->first, roas->target),
                             {bp->second, roas->place});
                  }
                }
              }
            });
  r.Package(
      "budget.learning", kWarn, "Does the budget buy enough conversions to learn from?",
      "Put more on fewer packages, or optimise for an event that happens more often.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const KpiTarget* cpa = FindKpi(v, "cpa");
        const auto daily = v.DailyOf(p);
        if (cpa == nullptr || !daily) {
          return out.NotApplicable("no CPA target or no daily budget");
        }
        const auto each = ParseMoney(cpa->target, v.currency());
        if (!each || each->micros() <= 0) return out.NotChecked("the CPA target is no amount");
        // 50 in a week is what Meta and TikTok ask of an ad group, Google 30 in a month.
        const int wanted = p.platform == Platform::kGoogleAds ? 30 : 50;
        const int days = p.platform == Platform::kGoogleAds ? 30 : 7;
        const auto spend = Times(*daily, days);
        if (!spend) return;
        const auto bought = spend->micros() / each->micros();
        const std::string text =
            fmt::format("{} in {} days at a CPA of {} buys {} conversions, about {} are needed",
                        PrintMoney(*spend), days, PrintMoney(*each), bought, wanted);
        if (bought < wanted) {
          out.Fail(text, {p.package->daily_budget ? p.package->daily_budget->place : p.place(),
                          cpa->place});
        } else {
          out.Pass(text);
        }
      });
  r.Package("budget.pacing_known", kFail, "Is the pacing even or asap?",
            "Write pacing: even or pacing: asap.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const std::string pacing = p.Text("pacing");
              if (!pacing.empty() && pacing != "even" && pacing != "asap") {
                out.Fail(fmt::format("pacing is \"{}\"", pacing), {p.PlaceOf("pacing")});
              }
            });
  r.Package("budget.committed_cost", kWarn, "Is what was committed affordable?",
            "Look at the committed metric and the budget: one of them is off by a factor.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto& committed = p.package->committed_metrics;
              if (committed.empty()) return out.NotApplicable("nothing is committed");
              const auto total = v.TotalOf(p);
              if (!total) return out.NotChecked("the package's budget is not known");
              for (const auto& [metric, said] : committed) {
                if (said.value <= 0) {
                  out.Fail(fmt::format("committed {} are {}", metric, said.value), {said.place});
                  continue;
                }
                const auto price =
                    static_cast<double>(total->micros()) / 1e6 / static_cast<double>(said.value);
                const double cpm = price * 1000;
                if (metric == "impressions" && (cpm < 0.2 || cpm > 500)) {
                  out.Fail(fmt::format("{} for {} impressions is a CPM of {:.2f}",
                                       PrintMoney(*total), said.value, cpm),
                           {said.place});
                }
                if (metric == "clicks" && (price < 0.005 || price > 200)) {
                  out.Fail(fmt::format("{} for {} clicks is {:.3f} a click", PrintMoney(*total),
                                       said.value, price),
                           {said.place});
                }
              }
            });
  r.Package("budget.lifetime_needs_end", kFail, "Has a budget for the flight an end?",
            "State an end date, or a daily_budget instead of budget.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.always_on && p.package->budget && !p.package->daily_budget) {
                out.Fail(fmt::format("{} for a package that is always on",
                                     PrintMoney(p.package->budget->value)),
                         {p.package->budget->place, p.package->always_on->place});
              }
            });
  r.Campaign("budget.policy_present", kFail, "Does the client have a policy?",
             "Hand over a policy file: without one nothing is written.",
             [](const CampaignView& v, Out& out) {
               if (v.context->policy == nullptr) out.NotChecked("no policy was handed over");
             });
  r.Campaign("budget.policy_currency", kFail, "Is the policy in the brief's currency?",
             "Write the policy's caps in the brief's currency.",
             [](const CampaignView& v, Out& out) {
               if (v.context->policy == nullptr) {
                 return out.NotChecked("no policy was handed over");
               }
               if (v.context->policy->currency != v.currency()) {
                 out.Fail(fmt::format("the policy is in {}, the brief in {}",
                                      v.context->policy->currency.name(), v.currency().name()),
                          {v.brief().currency.place});
               }
             });
  r.Campaign(
      "budget.policy_worst_day", kFail,
      "Does the campaign's worst day stay under the policy's cap?",
      "Lower daily budgets in the media plan, or let the client raise worst_day_cap.",
      [](const CampaignView& v, Out& out) {
        const Policy* policy = v.context->policy;
        if (policy == nullptr) return out.NotChecked("no policy was handed over");
        if (policy->worst_day_cap.currency() != v.currency()) {
          return out.NotChecked("the policy is in another currency");
        }
        const DaySum sum = LargestDay(v);
        const std::string text = fmt::format(
            "the worst day of this campaign is {} ({} of daily budgets), the cap over all "
            "accounts {}",
            Show(sum.worst), Show(sum.plain), PrintMoney(policy->worst_day_cap));
        if (!sum.worst || *sum.worst > policy->worst_day_cap) {
          Places places;
          for (const PackageView& p : v.packages) {
            places.push_back(p.package->daily_budget ? p.package->daily_budget->place : p.place());
          }
          out.Fail(text, places);
        } else {
          out.Pass(text);
        }
      });
  r.Package("budget.policy_platform_cap", kFail,
            "Do the platform's packages stay under the policy's cap for it?",
            "Lower daily budgets on this platform, or let the client raise its cap.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const Policy* policy = v.context->policy;
              if (policy == nullptr) return out.NotChecked("no policy was handed over");
              const auto cap = policy->platform_caps.find(p.platform);
              if (cap == policy->platform_caps.end()) {
                return out.NotApplicable("the policy has no cap for this platform");
              }
              if (cap->second.currency() != v.currency()) {
                return out.NotChecked("the policy is in another currency");
              }
              std::optional<Money> worst = Money::Zero(v.currency());
              for (const PackageView& other : v.packages) {
                const auto daily = v.DailyOf(other);
                if (other.platform != p.platform || !daily) continue;
                const auto over = TimesBp(*daily, OverdeliveryBp(p.platform));
                worst = over ? Add(worst, *over) : std::nullopt;
              }
              if (!worst || *worst > cap->second) {
                out.Fail(
                    fmt::format("the worst day on {} is {}, its cap {}", PlatformName(p.platform),
                                Show(worst), PrintMoney(cap->second)),
                    {p.place()});
              }
            });
}

}  // namespace maxopt::checks
