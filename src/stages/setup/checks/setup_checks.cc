// Family setup: client, accounts, flights, objectives, KPIs, and that the documents fit together.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

using std::chrono::days;

constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                            "leads",     "app",     "sales"};
constexpr std::string_view kChannels[] = {"search",          "display",    "video",
                                          "performance_max", "demand_gen", "social"};
constexpr std::string_view kMetrics[] = {"spend", "impressions", "clicks",      "ctr",
                                         "cpc",   "cpm",         "conversions", "cvr",
                                         "cpa",   "revenue",     "roas"};

bool Among(std::span<const std::string_view> words, std::string_view word) {
  return std::ranges::find(words, word) != words.end();
}

const Place& StartPlace(const CampaignView& v, const PackageView& p) {
  return p.package->start ? p.package->start->place : v.brief().start.place;
}
const Place& EndPlace(const CampaignView& v, const PackageView& p) {
  return p.package->end ? p.package->end->place : v.brief().end.place;
}

/// Newest version that the requirements list, by release and then by its sunset.
const ApiVersion* NewestVersion(const PlatformSpec& spec) {
  const ApiVersion* newest = nullptr;
  for (const ApiVersion& version : spec.api_versions) {
    if (newest == nullptr || !version.sunset ||
        (newest->sunset && *version.sunset > *newest->sunset)) {
      newest = &version;
    }
  }
  return newest;
}

/// Goals of a package, from the media plan and from its ad groups.
std::vector<std::pair<std::string, Place>> GoalsOf(const PackageView& p) {
  std::vector<std::pair<std::string, Place>> goals;
  if (p.package->optimization_goals) {
    for (const std::string& goal : p.package->optimization_goals->value) {
      goals.emplace_back(goal, p.package->optimization_goals->place);
    }
  }
  for (const BuyAdGroup* group : p.ad_groups) {
    const std::string goal = TextField(group->fields.values, "optimization_goal");
    if (!goal.empty()) {
      goals.emplace_back(goal, group->fields.PlaceOf("optimization_goal", group->place));
    }
  }
  return goals;
}

}  // namespace

void AddSetupChecks(Registry& r) {
  r.Campaign("setup.names_present", kFail, "Have client and campaign a name?",
             "Fill in client and campaign in the brief.", [](const CampaignView& v, Out& out) {
               if (Trim(v.brief().client.value).empty()) {
                 out.Fail("the client has no name", {v.brief().client.place});
               }
               if (Trim(v.brief().campaign.value).empty()) {
                 out.Fail("the campaign has no name", {v.brief().campaign.place});
               }
             });
  r.Campaign("setup.client_known", kFail, "Is the client one that has accounts here?",
             "Connect an account of the client, or correct its name in the brief.",
             [](const CampaignView& v, Out& out) {
               if (v.context->accounts == nullptr) {
                 return out.NotChecked("the connected accounts are not at hand");
               }
               const std::string& client = v.brief().client.value;
               if (std::ranges::none_of(*v.context->accounts, [&](const ClientAccount& account) {
                     return account.client == client;
                   })) {
                 out.Fail(fmt::format("no connected account belongs to \"{}\"", client),
                          {v.brief().client.place});
               }
             });
  r.Campaign("setup.objective_known", kFail, "Is the objective one of the six?",
             "Use awareness, traffic, engagement, leads, app or sales.",
             [](const CampaignView& v, Out& out) {
               if (!Among(kObjectives, v.brief().objective.value)) {
                 out.Fail(fmt::format("the objective is \"{}\"", v.brief().objective.value),
                          {v.brief().objective.place});
               }
             });
  r.Package("setup.objective_supported", kFail, "Does the platform have the objective?",
            "Choose an objective that the platform has, or another channel.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.spec == nullptr || p.spec->objectives.empty()) {
                return out.NotChecked("the platform's requirements do not list objectives");
              }
              const std::string& objective = v.brief().objective.value;
              if (std::ranges::none_of(p.spec->objectives, [&](const ObjectiveSpec& o) {
                    return o.objective == objective;
                  })) {
                out.Fail(
                    fmt::format("{} has no objective \"{}\"", PlatformName(p.platform), objective),
                    {v.brief().objective.place, p.place()});
              }
            });
  r.Campaign("setup.flight_order", kFail, "Does the flight end after it starts?",
             "Correct start and end in the brief.", [](const CampaignView& v, Out& out) {
               const Brief& b = v.brief();
               if (b.end.value < b.start.value) {
                 out.Fail(fmt::format("it starts on {} and ends on {}", PrintDay(b.start.value),
                                      PrintDay(b.end.value)),
                          {b.start.place, b.end.place});
               }
             });
  r.Campaign("setup.flight_past", kFail, "Is the flight's end still ahead?",
             "Correct the dates in the brief: nothing can run in the past.",
             [](const CampaignView& v, Out& out) {
               if (v.brief().end.value < v.context->today) {
                 out.Fail(fmt::format("it ended on {}, today is {}", PrintDay(v.brief().end.value),
                                      PrintDay(v.context->today)),
                          {v.brief().end.place});
               }
             });
  r.Campaign("setup.flight_started", kWarn, "Is there time before the flight starts?",
             "Reviews take up to a day, often more: hand the plan over two days before the start.",
             [](const CampaignView& v, Out& out) {
               if (v.context->phase != CheckPhase::kBeforeLaunch) {
                 return out.NotApplicable("only before launch");
               }
               const auto left = (v.brief().start.value - v.context->today).count();
               if (left < 0) {
                 out.Fail(fmt::format("the flight began {} days ago, on {}", -left,
                                      PrintDay(v.brief().start.value)),
                          {v.brief().start.place});
               } else if (left < 2) {
                 out.Fail(fmt::format("the flight begins in {} days, on {}", left,
                                      PrintDay(v.brief().start.value)),
                          {v.brief().start.place});
               }
             });
  r.Campaign("setup.flight_length", kWarn, "Is the flight of a usual length?",
             "Below a week nothing learns; beyond a year plan anew.",
             [](const CampaignView& v, Out& out) {
               const auto length = (v.brief().end.value - v.brief().start.value).count() + 1;
               if (length >= 1 && (length < 7 || length > 366)) {
                 out.Fail(fmt::format("the flight has {} days", length),
                          {v.brief().start.place, v.brief().end.place});
               }
             });
  r.Package("setup.package_flight_order", kFail, "Does the package end after it starts?",
            "Correct the package's dates in the media plan.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (!p.always_on && p.end < p.start) {
                out.Fail(fmt::format("it starts on {} and ends on {}", PrintDay(p.start),
                                     PrintDay(p.end)),
                         {StartPlace(v, p), EndPlace(v, p)});
              }
            });
  r.Package("setup.package_flight_inside", kFail,
            "Does the package run inside of the brief's flight?",
            "Move the package's dates into the brief's flight, or widen the brief's.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const Brief& b = v.brief();
              if (p.start < b.start.value) {
                out.Fail(fmt::format("it starts on {}, the brief's flight on {}", PrintDay(p.start),
                                     PrintDay(b.start.value)),
                         {StartPlace(v, p), b.start.place});
              }
              if (!p.always_on && p.end > b.end.value) {
                out.Fail(fmt::format("it ends on {}, the brief's flight on {}", PrintDay(p.end),
                                     PrintDay(b.end.value)),
                         {EndPlace(v, p), b.end.place});
              }
            });
  r.Package("setup.package_flight_past", kFail, "Is the package's end still ahead?",
            "Correct the package's dates, or leave it out.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (!p.always_on && p.end < v.context->today) {
                out.Fail(fmt::format("it ended on {}, today is {}", PrintDay(p.end),
                                     PrintDay(v.context->today)),
                         {EndPlace(v, p)});
              }
            });
  r.Package("setup.package_always_on", kWarn, "Does somebody end what is always on?",
            "Give the package an end date, or know that it spends until it is paused.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.always_on) {
                out.Fail(fmt::format("always on, while the brief ends on {}",
                                     PrintDay(v.brief().end.value)),
                         {p.package->always_on->place, v.brief().end.place});
              }
            });
  r.Campaign("setup.flight_covered", kWarn, "Does something run on every day of the flight?",
             "Lengthen a package, or shorten the brief's flight.",
             [](const CampaignView& v, Out& out) {
               const Brief& b = v.brief();
               if (b.end.value < b.start.value || v.packages.empty()) {
                 return out.NotApplicable("there is no flight to cover");
               }
               // Walk from day to day that is not covered, jumping over what packages cover.
               Day day = b.start.value;
               for (bool moved = true; moved && day <= b.end.value;) {
                 moved = false;
                 for (const PackageView& p : v.packages) {
                   const Day end = p.always_on ? b.end.value : p.end;
                   if (p.start <= day && end >= day) {
                     day = end + days(1);
                     moved = true;
                   }
                 }
               }
               if (day <= b.end.value) {
                 out.Fail(fmt::format("nothing runs on {}", PrintDay(day)),
                          {b.start.place, v.packages.front().place()});
               }
             });
  r.Campaign(
      "setup.clock_change", kNote, "Does a clock change fall into the flight?",
      "Nothing to do: a day of 23 or 25 hours carries one full daily budget.",
      [](const CampaignView& v, Out& out) {
        std::set<std::string> zones;
        for (const PackageView& p : v.packages) {
          if (p.account != nullptr) zones.insert(p.account->info.zone);
        }
        if (zones.empty()) return out.NotChecked("no account is connected");
        const Day start = v.brief().start.value;
        // Two years show every change of a year twice.
        const Day end = std::min(v.brief().end.value, start + days(732));
        for (const std::string& name : zones) {
          const auto zone = Zone::Find(name);
          if (!zone) continue;  // told by setup.account_zone
          for (Day day = start; day <= end; day += days(1)) {
            const auto hours = std::chrono::duration<double, std::ratio<3600>>(zone->Length(day));
            if (hours.count() == 24) continue;
            out.Fail(fmt::format("{} has {} hours in {}", PrintDay(day), hours.count(), name),
                     {v.brief().start.place});
            break;
          }
        }
      });
  r.Campaign("setup.packages_present", kFail, "Has the media plan a package?",
             "Add at least one package to the media plan.", [](const CampaignView& v, Out& out) {
               if (v.packages.empty()) {
                 out.Fail("the media plan is empty", {v.documents->media_plan.place});
               }
             });
  r.Campaign("setup.package_names_unique", kFail, "Has each package a name of its own?",
             "Rename one of the two.", [](const CampaignView& v, Out& out) {
               std::map<std::string, const PackageView*> seen;
               for (const PackageView& p : v.packages) {
                 const auto [at, fresh] = seen.emplace(Slug(p.name()), &p);
                 if (!fresh) {
                   out.Fail(fmt::format("\"{}\" and \"{}\" would have the same address \"{}\"",
                                        at->second->name(), p.name(), at->first),
                            {at->second->place(), p.place()});
                 }
               }
             });
  r.Package("setup.package_has_buy", kFail, "Has the package buying details?",
            "Add an entry for the package to the buying details.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.buys.empty()) {
                out.Fail(fmt::format("no buying details are for \"{}\"", p.name()),
                         {p.place(), v.documents->buys.place});
              }
            });
  r.Campaign("setup.buy_package_known", kFail, "Is every buy for a package of the media plan?",
             "Correct the package's name in the buying details, or add the package.",
             [](const CampaignView& v, Out& out) {
               for (const Buy& buy : v.documents->buys.buys) {
                 if (v.FindPackage(buy.package.value) == nullptr) {
                   out.Fail(fmt::format("the media plan has no package \"{}\"", buy.package.value),
                            {buy.package.place, v.documents->media_plan.place});
                 }
               }
             });
  r.Package("setup.buy_once", kFail, "Are the package's buying details in one place?",
            "Put all ad groups of a package under one entry.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.buys.size() > 1) {
                out.Fail(fmt::format("\"{}\" is bought {} times", p.name(), p.buys.size()),
                         {p.buys[0]->place, p.buys[1]->place});
              }
            });
  r.Package("setup.ad_groups_present", kFail, "Has the package an ad group?",
            "Add at least one ad group to the buying details.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.buys.empty()) return out.NotChecked("there are no buying details");
              if (p.ad_groups.empty()) out.Fail("no ad group", {p.buys.front()->place});
            });
  r.Package("setup.ad_group_names_unique", kFail, "Has each ad group a name of its own?",
            "Rename one of the two.", [](const CampaignView&, const PackageView& p, Out& out) {
              std::map<std::string, const BuyAdGroup*> seen;
              for (const BuyAdGroup* group : p.ad_groups) {
                const auto [at, fresh] = seen.emplace(Slug(group->name.value), group);
                if (!fresh) {
                  out.Fail(fmt::format("two ad groups are \"{}\"", group->name.value),
                           {at->second->place, group->place});
                }
              }
            });
  r.Package("setup.platform_writable", kFail, "Can Max set campaigns up on the platform?",
            "Move the package to a platform with a connector, or set it up by hand outside of Max.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.spec == nullptr) {
                return out.NotChecked("the platform's requirements are not at hand");
              }
              if (!p.spec->writable) {
                const auto name = PlatformName(p.platform);
                out.Fail(fmt::format("{0} has no connector that writes yet; its requirements are "
                                     "known (maxopt specs {0})",
                                     name),
                         {p.package->account.place});
              }
            });
  r.Package("setup.platform_known", kWarn, "Are the platform's requirements known?",
            "Add specs/<platform>.yaml, or expect rejections that could have been foreseen.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (v.context->specs == nullptr) {
                return out.NotChecked("the platform requirements are not at hand");
              }
              if (p.spec == nullptr) {
                out.Fail(fmt::format("no requirements file for {}", PlatformName(p.platform)),
                         {p.package->account.place});
              }
            });
  r.Package("setup.account_id_form", kFail, "Is the account's id only digits?",
            "Write the id without dashes and without act_.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              const std::string& id = p.package->account.value.id;
              if (id.empty() || id.find_first_not_of("0123456789") != std::string::npos) {
                out.Fail(fmt::format("the account id is \"{}\"", id), {p.package->account.place});
              }
            });
  r.Package("setup.account_connected", kFail, "Is the account connected?",
            "Connect it (maxopt connect), or correct its id in the media plan.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (v.context->accounts == nullptr) {
                return out.NotChecked("the connected accounts are not at hand");
              }
              if (p.account == nullptr) {
                out.Fail(fmt::format("{} is not connected", PrintAccount(p.package->account.value)),
                         {p.package->account.place});
              }
            });
  r.Package("setup.account_owner", kFail, "Does the account belong to the brief's client?",
            "Use an account of this client; another client's money is never touched.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (p.account == nullptr) return out.NotChecked("the account is not connected");
              if (p.account->client != v.brief().client.value) {
                out.Fail(fmt::format("{} belongs to \"{}\", the brief is for \"{}\"",
                                     PrintAccount(p.account->info.account), p.account->client,
                                     v.brief().client.value),
                         {p.package->account.place, v.brief().client.place});
              }
            });
  r.Package("setup.account_active", kFail, "Is the account active?",
            "Clear the account's status in the platform's own screens (payment, verification).",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.account == nullptr) return out.NotChecked("the account is not connected");
              if (p.account->info.status != "active") {
                out.Fail(fmt::format("its status is \"{}\"", p.account->info.status),
                         {p.package->account.place});
              }
            });
  r.Package("setup.account_zone", kFail, "Is the account's time zone known?",
            "Connect the account anew; without its zone no day can be counted.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (p.account == nullptr) return out.NotChecked("the account is not connected");
              const auto zone = Zone::Find(p.account->info.zone);
              if (!zone) out.Fail(zone.error().what, {p.package->account.place});
            });
  r.Campaign("setup.zones_differ", kNote, "Do all accounts count their days alike?",
             "Know that days of different accounts are different hours.",
             [](const CampaignView& v, Out& out) {
               const PackageView* first = nullptr;
               for (const PackageView& p : v.packages) {
                 if (p.account == nullptr) continue;
                 if (first == nullptr) first = &p;
                 if (p.account->info.zone != first->account->info.zone) {
                   out.Fail(fmt::format("{} counts in {}, {} in {}", first->name(),
                                        first->account->info.zone, p.name(), p.account->info.zone),
                            {first->package->account.place, p.package->account.place});
                 }
               }
               if (first == nullptr) out.NotChecked("no account is connected");
             });
  r.Package("setup.api_version_alive", kFail, "Is the platform's API version still served?",
            "Upgrade Max: the connector's API version is past its sunset.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const ApiVersion* newest = p.spec ? NewestVersion(*p.spec) : nullptr;
              if (newest == nullptr) return out.NotChecked("no API version is known");
              if (newest->sunset && *newest->sunset <= v.context->today) {
                out.Fail(fmt::format("{} {} was switched off on {}", PlatformName(p.platform),
                                     newest->version, PrintDay(*newest->sunset)),
                         {p.package->account.place});
              }
            });
  r.Package(
      "setup.api_version_sunset", kWarn, "Is the API version served until the flight ends?",
      "Plan the upgrade of Max before that day.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const ApiVersion* newest = p.spec ? NewestVersion(*p.spec) : nullptr;
        if (newest == nullptr) return out.NotChecked("no API version is known");
        if (newest->sunset && *newest->sunset > v.context->today && *newest->sunset <= p.end) {
          out.Fail(fmt::format("{} {} is switched off on {}, in {} days, before the flight "
                               "ends on {}",
                               PlatformName(p.platform), newest->version, PrintDay(*newest->sunset),
                               (*newest->sunset - v.context->today).count(), PrintDay(p.end)),
                   {p.package->account.place});
        }
      });
  r.Package("setup.channel_type_known", kFail, "Is the channel type one of the catalogue?",
            "Use search, display, video, performance_max, demand_gen or social.",
            [](const CampaignView&, const PackageView& p, Out& out) {
              if (!Among(kChannels, p.channel_type)) {
                out.Fail(fmt::format("channel_type is \"{}\"", p.channel_type),
                         {p.PlaceOf("channel_type")});
              }
            });
  r.Package(
      "setup.goal_allowed", kFail, "Does the objective allow the optimisation goal there?",
      "Choose a goal that the platform has for this objective.",
      [](const CampaignView& v, const PackageView& p, Out& out) {
        const ObjectiveSpec* objective = nullptr;
        if (p.spec != nullptr) {
          for (const ObjectiveSpec& o : p.spec->objectives) {
            if (o.objective == v.brief().objective.value) objective = &o;
          }
        }
        if (objective == nullptr || objective->optimization_goals.empty()) {
          return out.NotChecked("the platform's requirements do not say");
        }
        const auto goals = GoalsOf(p);
        if (goals.empty()) return out.NotApplicable("no goal is stated");
        // Where the goal is no field of the platform's, what is written is not sent.
        const FieldSupport* support = p.spec->FindField("optimization_goal");
        const bool sent = support == nullptr || !support->levels.empty();
        for (const auto& [goal, place] : goals) {
          if (!Contains(objective->optimization_goals, goal)) {
            const auto tell = [&](std::string what, Places places) {
              if (sent) {
                out.Fail(std::move(what), std::move(places));
              } else {
                out.Warn(std::move(what), std::move(places));
              }
            };
            tell(fmt::format("\"{}\" with objective {}; {} allows {}", goal, objective->objective,
                             PlatformName(p.platform), Join(objective->optimization_goals)),
                 {place, v.brief().objective.place});
          }
        }
      });
  r.Campaign("setup.kpis_present", kWarn, "Does the brief say what success is?",
             "Add at least one KPI with its target.", [](const CampaignView& v, Out& out) {
               if (v.brief().kpis.empty()) out.Fail("no KPI is stated", {v.brief().place});
             });
  r.Campaign(
      "setup.kpi_known", kFail, "Is every KPI one that Max counts?",
      "Use spend, impressions, clicks, ctr, cpc, cpm, conversions, cvr, cpa, revenue or roas.",
      [](const CampaignView& v, Out& out) {
        for (const KpiTarget& kpi : v.brief().kpis) {
          if (!Among(kMetrics, kpi.metric)) {
            out.Fail(fmt::format("KPI \"{}\" is not known", kpi.metric), {kpi.place});
          }
        }
      });
  r.Campaign(
      "setup.kpi_target", kFail, "Is every KPI's target a sane number?",
      "Write the target as a plain decimal: rates as 0.02, ROAS as 4.0, money in the brief's "
      "currency.",
      [](const CampaignView& v, Out& out) {
        for (const KpiTarget& kpi : v.brief().kpis) {
          const auto target = ParseMoney(kpi.target, kNoCurrency);
          if (!target || target->micros() <= 0) {
            out.Fail(fmt::format("the target of {} is \"{}\"", kpi.metric, kpi.target),
                     {kpi.place});
          } else if ((kpi.metric == "ctr" || kpi.metric == "cvr") &&
                     target->micros() >= 1'000'000) {
            out.Fail(
                fmt::format("the target of {} is {}, a rate is below 1", kpi.metric, kpi.target),
                {kpi.place});
          } else if (kpi.metric == "spend" &&
                     target->micros() > v.brief().total_budget.value.micros()) {
            out.Warn(fmt::format("a spend of {} is more than the total budget {}", kpi.target,
                                 PrintMoney(v.brief().total_budget.value)),
                     {kpi.place, v.brief().total_budget.place});
          } else if (kpi.metric == "roas" && target->micros() > 100'000'000) {
            out.Warn(fmt::format("a ROAS of {} is a hundred times the spend", kpi.target),
                     {kpi.place});
          }
        }
      });
  r.Campaign("setup.kpi_primary", kWarn, "Is exactly one KPI the primary one?",
             "Mark one KPI as primary, the others as secondary or guard.",
             [](const CampaignView& v, Out& out) {
               Places places;
               for (const KpiTarget& kpi : v.brief().kpis) {
                 if (kpi.importance == "primary") places.push_back(kpi.place);
               }
               if (v.brief().kpis.empty()) return out.NotApplicable("no KPI is stated");
               if (places.size() != 1) {
                 out.Fail(fmt::format("{} KPIs are primary", places.size()), places);
               }
             });
  r.Campaign("setup.kpi_once", kWarn, "Is every KPI stated once?", "Keep one of the two.",
             [](const CampaignView& v, Out& out) {
               std::map<std::string, const KpiTarget*> seen;
               for (const KpiTarget& kpi : v.brief().kpis) {
                 const auto [at, fresh] = seen.emplace(kpi.metric, &kpi);
                 if (!fresh) {
                   out.Fail(
                       fmt::format("{} is {} and {}", kpi.metric, at->second->target, kpi.target),
                       {at->second->place, kpi.place});
                 }
               }
             });
  r.Campaign(
      "setup.kpi_thresholds", kFail, "Does a KPI warn before it alarms?",
      "Make warn_percent smaller than critical_percent, both above zero.",
      [](const CampaignView& v, Out& out) {
        for (const KpiTarget& kpi : v.brief().kpis) {
          const int warn = kpi.warn_percent.value_or(1);
          const int critical = kpi.critical_percent.value_or(warn + 1);
          if (warn < 1 || critical <= warn) {
            out.Fail(fmt::format("{} warns at {} % and alarms at {} %", kpi.metric, warn, critical),
                     {kpi.place});
          }
        }
      });
  r.Campaign(
      "setup.kpi_measurable", kFail, "Can every KPI be measured?",
      "Add a conversion goal to the brief, or choose a KPI without conversions.",
      [](const CampaignView& v, Out& out) {
        for (const KpiTarget& kpi : v.brief().kpis) {
          const bool needs = kpi.metric == "conversions" || kpi.metric == "cvr" ||
                             kpi.metric == "cpa" || kpi.metric == "revenue" || kpi.metric == "roas";
          if (needs && v.brief().conversions.empty()) {
            out.Fail(fmt::format("{} needs a conversion goal, the brief has none", kpi.metric),
                     {kpi.place, v.brief().place});
          }
        }
      });
  r.Campaign("setup.kpi_fits_objective", kWarn, "Does the primary KPI fit the objective?",
             "Judge awareness by reach and CPM, traffic by clicks, sales and leads by conversions.",
             [](const CampaignView& v, Out& out) {
               const std::string& objective = v.brief().objective.value;
               for (const KpiTarget& kpi : v.brief().kpis) {
                 if (kpi.importance != "primary") continue;
                 const bool sale = kpi.metric == "roas" || kpi.metric == "cpa" ||
                                   kpi.metric == "revenue" || kpi.metric == "cvr";
                 const bool view = kpi.metric == "impressions" || kpi.metric == "cpm";
                 if ((objective == "awareness" && sale) ||
                     ((objective == "sales" || objective == "leads") && view)) {
                   out.Fail(fmt::format("objective {} is judged by {}", objective, kpi.metric),
                            {v.brief().objective.place, kpi.place});
                 }
               }
             });
  r.Campaign("setup.kpis_consistent", kWarn, "Do the KPIs agree with each other and the budget?",
             "Recalculate: CPA = spend / conversions, ROAS = revenue / spend.",
             [](const CampaignView& v, Out& out) {
               const auto number = [&](std::string_view metric) -> std::optional<double> {
                 for (const KpiTarget& kpi : v.brief().kpis) {
                   const auto target = ParseMoney(kpi.target, kNoCurrency);
                   if (kpi.metric == metric && target && target->micros() > 0) {
                     return static_cast<double>(target->micros()) / 1e6;
                   }
                 }
                 return std::nullopt;
               };
               const double spend =
                   static_cast<double>(v.brief().total_budget.value.micros()) / 1e6;
               const auto cpa = number("cpa"), conversions = number("conversions");
               const auto roas = number("roas"), revenue = number("revenue");
               const auto off = [](double a, double b) { return std::abs(a - b) > 0.25 * b; };
               if (cpa && conversions && off(*cpa * *conversions, spend)) {
                 out.Fail(fmt::format("{} conversions at {} are {:.2f}, the budget is {:.2f}",
                                      *conversions, *cpa, *cpa * *conversions, spend),
                          {v.brief().total_budget.place});
               }
               if (roas && revenue && off(*revenue, *roas * spend)) {
                 out.Fail(fmt::format("a ROAS of {} on {:.2f} is {:.2f}, the revenue target {:.2f}",
                                      *roas, spend, *roas * spend, *revenue),
                          {v.brief().total_budget.place});
               }
             });
  r.Campaign("setup.order_number", kNote, "Is a purchase order named?",
             "Fill in po_number, so that invoices find their order.",
             [](const CampaignView& v, Out& out) {
               if (v.brief().po_number.empty()) out.Fail("no po_number", {v.brief().place});
             });
  r.Campaign(
      "setup.nothing_refused", kWarn, "Can the platforms express all that was asked?",
      "Read the matrix of the plan: change what was refused, or accept it by approving.",
      [](const CampaignView& v, Out& out) {
        if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
        for (const MatrixRow& row : v.context->desired->matrix) {
          if (row.outcome != Outcome::kRefused) continue;
          out.Fail(fmt::format("{}{} = {}: {} ({})", row.package.empty() ? "" : row.package + ": ",
                               row.field, row.value, row.how, row.place),
                   {});
        }
      });
  r.Package("setup.compiled_whole", kFail, "Does the compiled tree have every level?",
            "Look at the matrix: something of the package could not be made.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
              int counts[3] = {};
              for (const DesiredObject& object : v.context->desired->objects) {
                if (object.package != p.name()) continue;
                if (object.level == Level::kCampaign) ++counts[0];
                if (object.level == Level::kAdGroup) ++counts[1];
                if (object.level == Level::kAd) ++counts[2];
              }
              const std::string text = fmt::format("{} campaigns, {} ad groups, {} ads", counts[0],
                                                   counts[1], counts[2]);
              if (counts[0] != 1 || counts[1] == 0 || counts[2] == 0) {
                out.Fail(text, {p.place()});
              } else {
                out.Pass(text);
              }
            });
  r.Campaign("setup.compiled_paused", kFail, "Is everything made paused?",
             "This is a mistake of Max: report it. Nothing may be created active.",
             [](const CampaignView& v, Out& out) {
               if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
               for (const DesiredObject& object : v.context->desired->objects) {
                 if (object.level == Level::kAsset || object.level == Level::kConversion) continue;
                 if (TextField(object.fields, "status") != kPaused) {
                   out.Fail(fmt::format("{} would be made with status \"{}\"", object.address,
                                        TextField(object.fields, "status")),
                            {object.place});
                 }
               }
             });
  r.Campaign("setup.compiled_valid", kFail, "Is every compiled field one of the catalogue?",
             "Correct the field at its place.", [](const CampaignView& v, Out& out) {
               if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
               std::set<std::string> addresses;
               for (const DesiredObject& object : v.context->desired->objects) {
                 addresses.insert(PrintAccount(object.account) + " " + object.address);
               }
               std::set<std::string> seen;
               for (const DesiredObject& object : v.context->desired->objects) {
                 const std::string account = PrintAccount(object.account) + " ";
                 if (const auto fields = CheckFields(object.level, object.fields); !fields) {
                   out.Fail(object.address + ": " + fields.error().what, {object.place});
                 }
                 if (!seen.insert(account + object.address).second) {
                   out.Fail(fmt::format("two objects would be {}", object.address), {object.place});
                 }
                 for (const Link& link : object.links) {
                   if (!addresses.contains(account + link.address)) {
                     out.Fail(fmt::format("{} links {} to {}, which is nowhere", object.address,
                                          link.field, link.address),
                              {object.place});
                   }
                 }
               }
             });
  r.Campaign("setup.watched", kWarn, "Is every KPI watched?",
             "Compile again: each KPI gets a watch with its thresholds.",
             [](const CampaignView& v, Out& out) {
               if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
               for (const KpiTarget& kpi : v.brief().kpis) {
                 if (std::ranges::none_of(v.context->desired->watches,
                                          [&](const Watch& w) { return w.kpi == kpi.metric; })) {
                   out.Fail(fmt::format("nothing watches {}", kpi.metric), {kpi.place});
                 }
               }
             });
}

}  // namespace maxopt::checks
