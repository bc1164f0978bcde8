#include "stages/optimize/rules/view.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/json.h"
#include "memory/campaigns/signals.h"
#include "memory/facts/quality.h"

namespace maxopt::rules {

using nlohmann::json;
using std::chrono::days;

namespace {

/// Plans that are looked at for what was done before; the newest ones.
/// As DataQuality has it: days whose whole growth was seen, and a season of them.
constexpr int kGrowthDays = 90;

const FactCell* CellOf(const FactTable& table, const std::vector<FactCell>& row,
                       std::string_view name) {
  for (std::size_t i = 0; i < table.columns.size(); ++i) {
    if (table.columns[i] == name && row[i].kind != FactCell::Kind::kAbsent) return &row[i];
  }
  return nullptr;
}
std::string TextAt(const FactTable& table, const std::vector<FactCell>& row,
                   std::string_view name) {
  const FactCell* cell = CellOf(table, row, name);
  return cell ? cell->text : std::string();
}

RuleDay DayOfRow(const FactTable& table, const std::vector<FactCell>& row, Day day) {
  RuleDay out;
  out.day = day;
  const auto whole = [&](std::string_view name) -> std::optional<std::int64_t> {
    const FactCell* cell = CellOf(table, row, name);
    if (!cell) return std::nullopt;
    return cell->kind == FactCell::Kind::kReal ? std::llround(cell->real) : cell->integer;
  };
  const auto real = [&](std::string_view name) -> std::optional<double> {
    const FactCell* cell = CellOf(table, row, name);
    if (!cell) return std::nullopt;
    return cell->Number();
  };
  out.spend_micros = whole("spend").value_or(0);
  out.impressions = whole("impressions");
  out.clicks = whole("clicks");
  out.conversions = real("conversions");
  out.revenue_micros = whole("revenue");
  out.impression_share = real("impression_share");
  out.lost_to_budget = real("lost_to_budget");
  out.lost_to_rank = real("lost_to_rank");
  return out;
}

template <class T>
void AddPart(std::optional<T>& sum, const std::optional<T>& part) {
  if (part) sum = sum.value_or(T{}) + *part;
}
/// A day of the account from a campaign's. Shares are of campaigns and do not add here.
void AddDay(std::vector<RuleDay>& into, const RuleDay& day) {
  if (into.empty() || into.back().day != day.day) {
    into.push_back(day);
    into.back().impression_share.reset();
    into.back().lost_to_budget.reset();
    into.back().lost_to_rank.reset();
    return;
  }
  RuleDay& sum = into.back();
  sum.spend_micros += day.spend_micros;
  AddPart(sum.impressions, day.impressions);
  AddPart(sum.clicks, day.clicks);
  AddPart(sum.conversions, day.conversions);
  AddPart(sum.revenue_micros, day.revenue_micros);
}

}  // namespace

Result<RuleAccount> AccountAt(FactStore& facts, const AccountInfo& info, int days_back,
                              Instant at) {
  MAXOPT_TRY(const Zone zone, Zone::Find(info.zone));
  RuleAccount out{.id = info.account, .currency = info.currency};
  out.today = zone.DayOf(at);
  out.first = out.today - days(days_back);
  const Day last = out.today - days(1);
  MAXOPT_TRY(const std::vector<SliceInfo> slices,
             facts.Slices(info.account, out.first, last, true, at));
  MAXOPT_TRY(std::vector<GrowthState> growth,
             facts.Growth(info.account, out.today - days(kGrowthDays), last));
  std::erase_if(growth, [&](const GrowthState& state) { return state.learnt_at > at; });
  const auto judged = JudgeDays(info, zone, out.first, last, slices, growth, at);
  for (const DayQuality& day : judged) {
    RuleAccountDay state;
    state.known = day.read_at.has_value();
    if (!state.known) state.why = "it was not read";
    const auto demand = [&](const QualityAspect& aspect, bool pending) {
      const bool bad =
          aspect.state == QualityState::kBad || (pending && aspect.state == QualityState::kPending);
      if (!state.known || !bad) return;
      state.known = false;
      state.why = aspect.why;
    };
    demand(day.completeness, false);
    demand(day.freshness, true);  // pending: read before the day was over
    demand(day.reconciliation, false);
    // A day that is going to shrink is as far from its end as one that grows.
    if (day.share_known && *day.share_known > 0) {
      state.share_known = std::min(*day.share_known, 1 / *day.share_known);
    }
    out.days.push_back(std::move(state));
  }
  return out;
}

Result<SeriesMap> SeriesAt(FactStore& facts, const AccountInfo& info, const RuleSet& set, Day first,
                           Day last, std::optional<Instant> as_of,
                           std::vector<std::string>& notes) {
  SeriesMap out;
  out[{Level::kAccount, info.account.id}].name = info.name;
  struct Depth {
    Level level;
    std::vector<std::string> dimensions;
    std::string id;
  };
  for (const Depth& depth : {Depth{Level::kCampaign, {"campaign"}, "campaign"},
                             Depth{Level::kAdGroup, {"campaign", "ad_group"}, "ad_group"},
                             Depth{Level::kAd, {"campaign", "ad_group", "ad"}, "ad"}}) {
    if (!set.needs_level(depth.level)) continue;
    FactQuery query;
    query.measures = {"spend",   "impressions",      "clicks",         "conversions",
                      "revenue", "impression_share", "lost_to_budget", "lost_to_rank"};
    query.dimensions = depth.dimensions;
    query.filters = {{"account", {PrintAccount(info.account)}, false}};
    query.from = first;
    query.to = last;
    query.grain = "day";
    query.as_of = as_of;
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    for (const std::string& note : table.notes) {
      if (std::find(notes.begin(), notes.end(), note) == notes.end()) notes.push_back(note);
    }
    // By day, so that the account's days come in order.
    std::map<Day, std::vector<const std::vector<FactCell>*>> by_day;
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Day day, ParseDay(TextAt(table, row, "period")));
      by_day[day].push_back(&row);
    }
    for (const auto& [day, rows] : by_day) {
      for (const auto* row : rows) {
        const RuleDay told = DayOfRow(table, *row, day);
        if (depth.level == Level::kCampaign) {
          AddDay(out[{Level::kAccount, info.account.id}].days, told);
        }
        const std::string id = TextAt(table, *row, depth.id + "_id");
        if (id.empty() || id == kUnattributed) continue;
        Series& series = out[{depth.level, id}];
        series.name = TextAt(table, *row, depth.id);
        series.campaign_id = TextAt(table, *row, "campaign_id");
        series.campaign_name = TextAt(table, *row, "campaign");
        series.ad_group_id = TextAt(table, *row, "ad_group_id");
        series.days.push_back(told);
      }
    }
  }
  return out;
}

Result<std::vector<KnownChange>> KnownChanges(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<Plan> plans, store.Plans(std::nullopt, kAllPlans));
  std::vector<KnownChange> out;
  for (const Plan& plan : plans) {
    if (plan.client != client) continue;
    const bool open = plan.status == PlanStatus::kDraft || plan.status == PlanStatus::kGuarded ||
                      plan.status == PlanStatus::kApproved || plan.status == PlanStatus::kApplying;
    MAXOPT_TRY(const std::vector<ChangeStatus> changes, store.Changes(plan.id));
    for (const ChangeStatus& status : changes) {
      const Change& change = status.change;
      const bool done =
          status.state == ChangeState::kConfirmed || status.state == ChangeState::kVerified;
      KnownChange known;
      known.at = done && plan.approval && plan.approval->used_at ? *plan.approval->used_at
                                                                 : plan.created_at;
      known.account = change.account;
      known.level = change.level;
      known.id = change.id.empty() ? status.id : change.id;
      known.plan = plan.id;
      known.by = plan.created_by;
      known.create = change.action == ChangeAction::kCreate;
      known.open = open && !done;
      // What may or may not have happened is treated as both: it waits.
      known.open = known.open || status.state == ChangeState::kUnknown;
      known.done = done;
      if (change.reason == Reason::kRule) {
        const auto evidence = json::parse(change.evidence, nullptr, false);
        if (evidence.is_object() && evidence.contains("rule") && evidence["rule"].is_string()) {
          known.rule = evidence["rule"].get<std::string>();
        }
      }
      if (known.id.empty()) continue;
      for (const auto& [field, after] : change.after) {
        known.field = field;
        known.after = after;
        const auto before = change.before.find(field);
        known.before = before == change.before.end() ? FieldValue(std::string()) : before->second;
        out.push_back(known);
      }
    }
  }
  std::stable_sort(out.begin(), out.end(), [](const KnownChange& a, const KnownChange& b) {
    return std::tie(a.at, a.plan) < std::tie(b.at, b.plan);
  });
  return out;
}

Result<std::map<std::string, std::map<RuleMetric, double>>> Targets(CampaignStore& store,
                                                                    const std::string& client) {
  MAXOPT_TRY(const std::vector<Watch> watches, store.Watches(client));
  std::map<std::string, std::map<RuleMetric, double>> out;
  for (const Watch& watch : watches) {
    for (const RuleMetric metric : {RuleMetric::kCtr, RuleMetric::kCpc, RuleMetric::kCpm,
                                    RuleMetric::kCvr, RuleMetric::kCpa, RuleMetric::kRoas}) {
      if (watch.kpi != RuleMetricName(metric) || watch.target.empty()) continue;
      double target = 0;
      const char* end = watch.target.data() + watch.target.size();
      const auto read = std::from_chars(watch.target.data(), end, target);
      if (read.ec != std::errc() || read.ptr != end || !std::isfinite(target) || target <= 0) {
        continue;
      }
      out[watch.address][metric] = target;
    }
  }
  return out;
}

Result<std::map<AccountId, std::string>> ConversionHolds(CampaignStore& store,
                                                         const std::string& client,
                                                         const std::vector<AccountInfo>& accounts) {
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(store, client));
  std::map<AccountId, std::string> out;
  for (const SignalHealth& signal : signals) {
    if (signal.state != SignalState::kBroken) continue;
    const std::string why = fmt::format("hold: the signal \"{}\" is broken since {}: {}",
                                        signal.name, PrintInstant(signal.since), signal.why);
    for (const AccountInfo& info : accounts) {
      const bool concerned =
          signal.accounts.empty() || std::find(signal.accounts.begin(), signal.accounts.end(),
                                               info.account) != signal.accounts.end();
      if (concerned) out.try_emplace(info.account, why);
    }
  }
  return out;
}

Result<std::vector<AccountInfo>> AccountsOf(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<ClientAccount> all, store.Accounts());
  std::vector<AccountInfo> out;
  for (const ClientAccount& account : all) {
    if (account.client == client) out.push_back(account.info);
  }
  return out;
}

Added AddAccount(RuleFacts& facts, RuleAccount account, SeriesMap& series) {
  RuleObject whole;
  whole.account = facts.accounts.size();
  whole.level = Level::kAccount;
  whole.id = account.id.id;
  whole.status = kActive;
  Series& told = series[{Level::kAccount, account.id.id}];
  whole.name = told.name;
  whole.series = std::move(told.days);
  facts.accounts.push_back(std::move(account));
  facts.objects.push_back(std::move(whole));
  return {facts.accounts.size() - 1, facts.objects.size() - 1};
}

RuleSet UnderPolicy(RuleSet set, const Policy* policy) {
  if (policy != nullptr) set.mature_share = policy->known_least_bp / 1e4;
  return set;
}

std::string Describe(const RuleProposal& proposal) {
  if (proposal.field == "status") {
    return proposal.after == FieldValue(std::string(kPaused)) ? "pause" : "activate";
  }
  const auto show = [&](const FieldValue& value) {
    const auto* bp = std::get_if<std::int64_t>(&value);
    return bp && proposal.field == "target_roas_bp"
               ? fmt::format("{:.4g}", static_cast<double>(*bp) / 1e4)
               : ShowValue(value);
  };
  return fmt::format("{} {} -> {}", proposal.field, show(proposal.before), show(proposal.after));
}

std::string EvidenceJson(const RuleSet& set, const RuleProposal& proposal) {
  const Rule& rule = set.rules[proposal.rule];
  json comparisons = json::array();
  for (const RuleEvidence& e : proposal.evidence) {
    comparisons.push_back({{"condition", e.condition},
                           {"value", e.value},
                           {"against", e.reference},
                           {"holds", e.holds}});
  }
  json out{{"rule", rule.name}, {"line", rule.line}, {"comparisons", std::move(comparisons)}};
  if (proposal.needs_second_signal) out["needs_second_signal"] = proposal.second_signal_why;
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

}  // namespace maxopt::rules
