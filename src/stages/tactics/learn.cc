#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "memory/campaigns/ledger.h"
#include "memory/campaigns/tactics.h"
#include "memory/facts/books.h"
#include "stages/tactics/knowledge.h"

namespace maxopt {
namespace {

using std::chrono::days;

constexpr int kBaseDays = 28;  // four weeks, so that every weekday weighs the same
constexpr int kEntriesMax = 1'000'000;
/// What was measured a year ago is looked at again before it is used.
constexpr int kExpiresDays = 365;

/// Lower case, digits, and "-" for what lies between.
std::string Slug(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const bool upper = c >= 'A' && c <= 'Z';
    if ((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_') {
      out += c;
    } else if (upper) {
      out += static_cast<char>(c - 'A' + 'a');
    } else if (!out.empty() && out.back() != '-') {
      out += '-';
    }
  }
  while (!out.empty() && out.back() == '-') out.pop_back();
  return out.empty() ? "client" : out.substr(0, 40);
}

std::string Joined(const TacticContext& context, std::string_view facet) {
  const auto at = context.facets.find(facet);
  if (at == context.facets.end()) return "";
  std::vector<std::string> words = at->second;
  std::sort(words.begin(), words.end());
  return fmt::format("{}", fmt::join(words, "+"));
}

/// The part of an id that says what kind of tactic it is: "bid-google_ads-sales".
std::string KindOf(const TacticContext& context) {
  std::string out;
  for (const char* facet : {"lever", "platform", "objective"}) {
    std::string words = Joined(context, facet);
    std::replace(words.begin(), words.end(), '+', '-');
    if (!words.empty()) out += (out.empty() ? "" : "-") + words;
  }
  return out.empty() ? "other" : out.substr(0, 70);
}

/// What was touched, and what it spent in the days before, beside what all spent.
struct Touched {
  double spend = 0, all = 0;
};

Result<Touched> TouchedBy(const TacticsWorld& world, const Client& client, const FxRates& rates,
                          const Plan& plan, Day from, Day to) {
  Touched out;
  std::map<AccountId, std::map<Level, std::set<std::string>>> ids;
  for (const Change& change : plan.changes) {
    if (change.id.empty()) continue;
    ids[change.account][change.level].insert(change.id);
  }
  const auto spend = [&](FactQuery query) -> Result<double> {
    query.measures = {"spend"};
    query.from = from, query.to = to;
    MAXOPT_TRY(const FactTable table, world.facts->Query(query));
    const std::size_t column = table.Column("spend");
    double sum = 0;
    for (const auto& row : table.rows) sum += row[column].Amount();
    return sum;
  };
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, world.store->Accounts());
  for (const ClientAccount& account : accounts) {
    if (account.client != client.name) continue;
    const std::string name = PrintAccount(account.info.account);
    const auto exchange = rates.Find(account.info.currency, client.currency);
    if (!exchange) return FailWithin("account " + name, exchange.error());
    const double rate = exchange->real();
    FactQuery whole;
    whole.filters = {{"account", {name}}};
    MAXOPT_TRY(const double all, spend(std::move(whole)));
    out.all += rate * all;
    const auto at = ids.find(account.info.account);
    if (at == ids.end()) continue;
    for (const auto& [level, of] : at->second) {
      const std::string_view dimension = level == Level::kCampaign  ? "campaign"
                                         : level == Level::kAdGroup ? "ad_group"
                                         : level == Level::kAd      ? "ad"
                                                                    : "";
      if (dimension.empty()) continue;
      FactQuery query;
      query.filters = {{"account", {name}}, {std::string(dimension), {of.begin(), of.end()}}};
      query.dimensions = {std::string(dimension)};
      MAXOPT_TRY(const double sum, spend(query));
      out.spend += rate * sum;
    }
  }
  out.spend = std::min(out.spend, out.all);
  return out;
}

/// Mean revenue a day of the client's books; nullopt where there are none.
Result<std::optional<double>> BooksRevenue(FactStore& facts, const Client& client,
                                           const FxRates& rates, Day from, Day to) {
  MAXOPT_TRY(const Books books, ReadBooks(facts, client.name, client.currency, from, to, rates));
  double sum = 0;
  for (const auto& [day, on_day] : books.days) sum += on_day.revenue;
  if (books.days.empty()) return std::nullopt;
  return sum / static_cast<double>(books.days.size());
}

Tactic Fresh(const std::string& id, const std::string& client, const TacticContext& context,
             Instant now) {
  Tactic out;
  out.id = id;
  out.client = client;
  out.source = "ledger";
  out.grade = TacticGrade::kObserving;
  out.context = context;
  const std::string lever = Joined(context, "lever"), platform = Joined(context, "platform"),
                    objective = Joined(context, "objective");
  out.title = fmt::format("Changes of kind {}{}{}", lever.empty() ? "other" : lever,
                          platform.empty() ? "" : " on " + platform,
                          objective.empty() ? "" : " for " + objective);
  out.problem = "What such plans were proposed for; their reasons are in the ledger.";
  out.action = fmt::format("Plans whose changes are of kind {}, as they were applied.",
                           lever.empty() ? "other" : lever);
  out.why = "Measured, not argued: see its windows.";
  out.measure = "The client's books before and after, or the experiment that each window names.";
  out.created_at = now;
  return out;
}

/// Adds the measurement and judges the tactic anew. True where it was new.
Result<bool> Learn(const TacticsWorld& world, const std::string& id, const std::string& client,
                   const TacticContext& context, const TacticMeasurement& measurement,
                   LearnReport& report) {
  const Instant now = world.clock->Now();
  Tactic tactic;
  if (auto known = GetTactic(*world.store, id); known) {
    tactic = std::move(*known);
    if (tactic.client != client) {
      return Fail(Errc::kConflict,
                  fmt::format("tactic \"{}\" is of client \"{}\", whose name reads like that of "
                              "\"{}\"; rename one of them",
                              id, tactic.client, client));
    }
  } else if (known.error().code == Errc::kNotFound) {
    tactic = Fresh(id, client, context, now);
    tactic.updated_at = now;
    MAXOPT_CHECK(SaveTactic(*world.store, tactic));
  } else {
    return Fail(known.error());
  }
  MAXOPT_TRY(const bool is_new, AddMeasurement(*world.store, id, measurement));
  if (!is_new) return false;
  // Contexts of later windows widen it.
  for (const auto& [facet, words] : context.facets) {
    for (const std::string& word : words) tactic.context.Add(facet, word);
  }
  MAXOPT_TRY(const std::vector<TacticMeasurement> all, MeasurementsOf(*world.store, id));
  const TacticVerdict verdict = JudgeTactic(all, Zone::Utc().DayOf(now));
  tactic.grade = verdict.grade;
  tactic.effect = verdict.effect;
  tactic.basis = verdict.why;
  tactic.windows = verdict.windows;
  tactic.experiments = verdict.experiments;
  tactic.updated_at = now;
  tactic.expires_at = now + days(kExpiresDays);
  MAXOPT_CHECK(SaveTactic(*world.store, tactic));
  if (!client.empty()) {
    report.learnt.push_back(
        fmt::format("{} is {}: {}", id, TacticGradeName(tactic.grade), verdict.why));
  }
  return true;
}

}  // namespace

namespace {

/// The kind of change as the library's words have it; what a language model proposed is one of
/// those that levers make.
std::string_view LeverWord(const Change& change) {
  if (change.reason != Reason::kModel) return ReasonName(change.reason);
  return change.after.contains("daily_budget") ? ReasonName(Reason::kReallocate)
         : change.after.contains("status")     ? ReasonName(Reason::kPause)
                                               : ReasonName(Reason::kBid);
}

}  // namespace

TacticContext ContextOfPlan(CampaignStore& store, const Plan& plan, Day day) {
  TacticContext out;
  std::map<AccountId, std::vector<OwnedObject>> owned;
  for (const Change& change : plan.changes) {
    const auto platform = PlatformName(change.account.platform);
    if (change.account.platform != Platform::kOther) out.Add("platform", platform);
    const std::string_view reason = LeverWord(change);
    for (const ContextFacet& facet : ContextFacets()) {
      if (facet.name != "lever") continue;
      const bool known =
          std::find(facet.words.begin(), facet.words.end(), reason) != facet.words.end();
      out.Add("lever", known ? reason : "setup");
    }
    if (!owned.contains(change.account)) {
      auto objects = store.Objects(change.account);
      owned[change.account] = objects ? std::move(*objects) : std::vector<OwnedObject>{};
    }
    const std::string campaign = change.address.substr(0, change.address.find("/ad_group:"));
    for (const OwnedObject& object : owned[change.account]) {
      if (object.address != campaign) continue;
      for (const char* field : {"objective", "channel_type"}) {
        const std::string word = TextField(object.last_applied, field);
        TacticContext one;
        const char* facet = std::string_view(field) == "objective" ? "objective" : "channel";
        one.facets[facet] = {word};
        if (!word.empty() && CheckTacticContext(one)) out.Add(facet, word);
      }
    }
    const auto evidence = nlohmann::json::parse(change.evidence, nullptr, false);
    const auto at = nlohmann::json::json_pointer("/tactics_prior/context/problem");
    if (evidence.is_object() && evidence.contains(at) && evidence[at].is_array()) {
      for (const auto& word : evidence[at]) {
        TacticContext one;
        if (!word.is_string()) continue;
        one.facets["problem"] = {word.get<std::string>()};
        if (CheckTacticContext(one)) out.Add("problem", word.get<std::string>());
      }
    }
  }
  out.Add("season", SeasonOf(day));
  return out;
}

Result<LearnReport> LearnTactics(const TacticsWorld& world, const std::string& client, bool shares,
                                 std::span<const TrialOutcome> trials) {
  LearnReport report;
  MAXOPT_TRY(const Client who, world.store->GetClient(client));
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  MAXOPT_TRY(const FxRates rates, RatesOn(*world.facts, zone.DayOf(world.clock->Now())));
  if (!shares) {
    MAXOPT_TRY(report.withdrawn, WithdrawMeasurements(*world.store, client));
  }
  const auto learn = [&](const TacticContext& context,
                         const TacticMeasurement& measurement) -> Result<> {
    const std::string kind = KindOf(context);
    MAXOPT_TRY(const bool is_new,
               Learn(world, Slug(client) + "/" + kind, client, context, measurement, report));
    report.measurements += is_new ? 1 : 0;
    if (!shares) return {};
    // Of the agency's only what says nothing of whose it is.
    TacticContext plain;
    for (const char* facet : {"lever", "platform", "objective", "channel", "problem"}) {
      const auto at = context.facets.find(facet);
      if (at != context.facets.end()) plain.facets[facet] = at->second;
    }
    TacticMeasurement shared = measurement;
    shared.source = client + "/" + measurement.source;
    MAXOPT_CHECK(Learn(world, "measured/" + kind, "", plain, shared, report));
    return {};
  };

  MAXOPT_TRY(const std::vector<LedgerEntry> lines,
             Ledger(*world.store, {client, "measured", {}, kEntriesMax}));
  MAXOPT_TRY(const std::vector<ScoredOutcome> outcomes, Outcomes(*world.store, client));
  for (std::size_t i = 0; i < outcomes.size() && i < lines.size(); ++i) {
    const ScoredOutcome& outcome = outcomes[i];
    const std::string source = fmt::format("ledger/{}", lines[i].seq);
    const auto skip = [&](std::string why) {
      report.skipped.push_back(fmt::format("{} ({}): {}", source, outcome.plan, std::move(why)));
    };
    if (outcome.kpi != "revenue") {
      skip("it measured " + outcome.kpi + "; only revenue is in the client's books");
      continue;
    }
    if (!(outcome.measured_sd > 0)) {
      skip("the measurement has no error, so it cannot be weighed");
      continue;
    }
    const auto plan = world.store->GetPlan(outcome.plan);
    if (!plan) {
      skip(plan.error().what);
      continue;
    }
    if (!plan->approval || !plan->approval->used_at) {
      skip("it is not known when the plan was applied");
      continue;
    }
    TacticMeasurement m;
    m.source = source;
    m.client = client;
    const int horizon = plan->prediction ? std::max(1, plan->prediction->horizon_days) : 7;
    m.first = outcome.first.value_or(zone.DayOf(*plan->approval->used_at) + days(1));
    m.last = outcome.last.value_or(m.first + days(horizon - 1));
    const Day from = m.first - days(kBaseDays + 1), to = m.first - days(2);
    const auto read = BooksRevenue(*world.facts, who, rates, from, to);
    if (!read) {
      if (read.error().code != Errc::kRefused) return std::unexpected(read.error());
      skip(read.error().what);
      continue;
    }
    const std::optional<double>& revenue = *read;
    if (!revenue || *revenue <= 0) {
      skip("the client's books have no revenue in the four weeks before");
      continue;
    }
    const auto touched = TouchedBy(world, who, rates, *plan, from, to);
    if (!touched) {
      skip(touched.error().what);
      continue;
    }
    if (touched->spend <= 0 || touched->all <= 0) {
      skip("what it touched had no spend in the four weeks before, so nothing to relate it to");
      continue;
    }
    const double base = *revenue * touched->spend / touched->all;
    m.lift = outcome.measured / base;
    m.se = outcome.measured_sd / base;
    m.method = outcome.method;
    m.at = outcome.at;
    TacticContext context = ContextOfPlan(*world.store, *plan, m.first);
    context.Add("spend", SpendBand(touched->spend / kBaseDays));
    MAXOPT_CHECK(learn(context, m));
  }
  for (const TrialOutcome& trial : trials) {
    if (const auto checked = CheckTacticContext(trial.context); !checked || !(trial.se > 0)) {
      report.skipped.push_back(trial.source + ": " +
                               (checked ? "it has no error to weigh it by" : checked.error().what));
      continue;
    }
    MAXOPT_CHECK(learn(trial.context, {trial.source, client, trial.first, trial.last, trial.lift,
                                       trial.se, trial.by_lot, trial.method, world.clock->Now()}));
  }
  return report;
}

}  // namespace maxopt
