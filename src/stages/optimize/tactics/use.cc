#include "stages/optimize/tactics/use.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

using nlohmann::json;
using std::chrono::days;

constexpr double kZ90 = 1.6448536269514722;

/// What an object brought a day, by its platform's count.
struct Brought {
  double conversions = 0, revenue = 0, spend = 0;
};

class Drawer {
 public:
  Drawer(const TacticKnowledge& knowledge, FactStore& facts, const LeverState& state,
         const UseTacticsOptions& options)
      : knowledge_(knowledge), facts_(facts), state_(state), options_(options) {}

  Result<> One(Opportunity& opportunity) {
    auto& prediction = opportunity.change.prediction;
    if (!prediction || !(prediction->mean > 0)) return {};
    ++use.looked_at;
    const Change& change = opportunity.change;
    const LeverAccount* account = AccountOf(change.account);
    if (account == nullptr) return {};
    MAXOPT_TRY(const std::optional<Brought> base, BaseOf(*account, change));
    const double brought = !base                              ? 0
                           : prediction->kpi == "revenue"     ? base->revenue
                           : prediction->kpi == "conversions" ? base->conversions
                                                              : 0;
    if (!(brought > 0)) return {};
    const TacticContext context = ContextOf(*account, change, base->spend);
    MAXOPT_TRY(const std::optional<LiftPrior> prior, PriorOf(context));
    if (!prior) return {};
    const Prediction own = *prediction;
    const auto drawn = Draw(own, *prior, brought);
    if (!drawn) return {};
    *prediction = *drawn;
    // A unit of what is foretold keeps its worth.
    const double unit = opportunity.value > 0 ? opportunity.value / own.mean : 0;
    if (unit > 0) {
      opportunity.value = drawn->mean * unit;
      opportunity.value_low90 = drawn->low90 * unit;
      opportunity.value_high90 = drawn->high90 * unit;
    }
    opportunity.change.evidence = Told(change.evidence, *prior, brought, own, context);
    ++use.moved;
    return {};
  }

  Result<> Budgets(Recommendation& budgets) {
    if (!budgets.plan || !budgets.plan->prediction) return {};
    Prediction& prediction = *budgets.plan->prediction;
    if (prediction.kpi != "revenue" || !(prediction.mean > 0)) return {};
    ++use.looked_at;
    double brought = 0, spend = 0;
    for (const ChannelView& channel : budgets.channels) {
      brought += channel.revenue.mean;
      spend += channel.rate * static_cast<double>(channel.spend_per_day.micros()) / 1e6;
    }
    if (!(brought > 0)) return {};
    TacticContext context;
    context.Add("lever", "reallocate");
    for (const LeverAccount& account : state_.accounts) AddPlatform(context, account);
    AddTime(context, spend);
    MAXOPT_TRY(const std::optional<LiftPrior> prior, PriorOf(context));
    if (!prior) return {};
    const Prediction own = prediction;
    const auto drawn = Draw(own, *prior, brought);
    if (!drawn) return {};
    prediction = *drawn;
    for (Change& change : budgets.plan->changes) {
      change.evidence = Told(change.evidence, *prior, brought, own, context);
    }
    ++use.moved;
    return {};
  }

  TacticsUse use;

 private:
  const LeverAccount* AccountOf(const AccountId& id) const {
    for (const LeverAccount& account : state_.accounts) {
      if (account.tree.info.account == id) return &account;
    }
    return nullptr;
  }

  static void AddPlatform(TacticContext& context, const LeverAccount& account) {
    const Platform platform = account.tree.info.account.platform;
    if (platform != Platform::kOther) context.Add("platform", PlatformName(platform));
  }
  void AddTime(TacticContext& context, double spend_a_day) const {
    context.Add("season", SeasonOf(Zone::Utc().DayOf(state_.now)));
    if (spend_a_day > 0) context.Add("spend", SpendBand(spend_a_day));
  }

  /// The object whose results a change is measured by: an ad's is its ad group.
  static const Entity* TouchedBy(const LeverAccount& account, const Change& change) {
    if (change.level == Level::kAd) {
      const Entity* ad = account.Find(Level::kAd, change.id);
      return account.Find(Level::kAdGroup, ad == nullptr ? change.parent_id : ad->parent_id);
    }
    const std::string& id = change.id.empty() ? change.parent_id : change.id;
    const Entity* found = account.Find(change.id.empty() ? Level::kAdGroup : change.level, id);
    return found != nullptr ? found : account.Find(Level::kCampaign, id);
  }

  Result<std::optional<Brought>> BaseOf(const LeverAccount& account, const Change& change) {
    const Entity* touched = TouchedBy(account, change);
    if (touched == nullptr) return std::nullopt;
    if (touched->level != Level::kCampaign && touched->level != Level::kAdGroup) {
      return std::nullopt;
    }
    const auto key = std::pair(account.tree.info.account, touched->level);
    if (!brought_.contains(key)) {
      MAXOPT_TRY(brought_[key], ReadBrought(account, touched->level));
    }
    const auto at = brought_[key].find(touched->id);
    if (at == brought_[key].end()) return std::nullopt;
    return at->second;
  }

  Result<std::map<std::string, Brought>> ReadBrought(const LeverAccount& account,
                                                     Level level) const {
    std::map<std::string, Brought> out;
    if (account.last < account.first) return out;
    FactQuery query;
    const std::string dimension = level == Level::kCampaign ? "campaign" : "ad_group";
    query.measures = {"spend", "conversions", "revenue"};
    query.dimensions = {dimension};
    query.filters = {{"account", {PrintAccount(account.tree.info.account)}}};
    query.to = account.last;
    query.from = std::max(account.first, account.last - days(options_.base_days - 1));
    const double count = static_cast<double>((*query.to - *query.from).count() + 1);
    MAXOPT_TRY(const FactTable table, facts_.Query(query));
    const std::size_t id = table.Column(dimension + "_id"), spend = table.Column("spend"),
                      conversions = table.Column("conversions"), revenue = table.Column("revenue");
    for (const auto& row : table.rows) {
      Brought& of = out[row[id].text];
      of.spend += row[spend].Amount() / count;
      of.conversions += row[conversions].Amount() / count;
      of.revenue += row[revenue].Amount() / count;
    }
    return out;
  }

  /// What kind of trouble a change is proposed for, as far as the change itself says it.
  static std::string_view ProblemOf(const Change& change) {
    switch (change.reason) {
      case Reason::kKeyword:
        return change.after.contains("negative_keywords") ? "search_waste" : "low_volume";
      case Reason::kDaypart:
        return "hours_waste";
      case Reason::kPlace:
        return "geo_waste";
      case Reason::kAudience:
        return "cpa_high";
      case Reason::kRotate:
        return "creative_fatigue";
      case Reason::kReallocate:
        return "roas_low";
      case Reason::kPace:
        return "underdelivery";
      case Reason::kBid:
        return Loosens(change) ? "target_too_tight" : "cpa_high";
      case Reason::kLaunch:
      case Reason::kActivate:
      case Reason::kPause:
      case Reason::kRule:
      case Reason::kModel:
      case Reason::kExperiment:
      case Reason::kManual:
      case Reason::kUndo:
        return "";
    }
    Bug();
  }
  /// A bid or a target cost that rises, a target return that falls.
  static bool Loosens(const Change& change) {
    for (const auto& [field, after] : change.after) {
      const auto before = change.before.find(field);
      if (before == change.before.end()) continue;
      const Money* was = std::get_if<Money>(&before->second);
      const Money* is = std::get_if<Money>(&after);
      if (was != nullptr && is != nullptr && was->currency() == is->currency()) return *was < *is;
      const auto* was_bp = std::get_if<std::int64_t>(&before->second);
      const auto* is_bp = std::get_if<std::int64_t>(&after);
      if (was_bp != nullptr && is_bp != nullptr) return *is_bp < *was_bp;
    }
    return false;
  }

  TacticContext ContextOf(const LeverAccount& account, const Change& change, double spend) const {
    TacticContext out;
    AddPlatform(out, account);
    const std::string_view reason = ReasonName(change.reason);
    TacticContext probe;
    probe.facets["lever"] = {std::string(reason)};
    if (CheckTacticContext(probe)) out.Add("lever", reason);
    if (const std::string_view problem = ProblemOf(change); !problem.empty()) {
      out.Add("problem", problem);
    }
    const Entity* touched = TouchedBy(account, change);
    const Entity* campaign = touched == nullptr || touched->level == Level::kCampaign
                                 ? touched
                                 : account.Find(Level::kCampaign, touched->campaign_id);
    if (campaign != nullptr) {
      for (const auto& [field, facet] :
           {std::pair{"objective", "objective"}, std::pair{"channel_type", "channel"}}) {
        TacticContext one;
        const std::string word = TextField(campaign->fields, field);
        one.facets[facet] = {word};
        if (CheckTacticContext(one)) out.Add(facet, word);
      }
    }
    AddTime(out, spend);
    return out;
  }

  Result<std::optional<LiftPrior>> PriorOf(const TacticContext& context) {
    const std::string key = ToJson(context);
    if (const auto known = priors_.find(key); known != priors_.end()) return known->second;
    const auto only = [&](const char* facet) {
      const auto at = context.facets.find(facet);
      return at == context.facets.end() || at->second.size() != 1 ? std::string() : at->second[0];
    };
    const TacticFilter filter{
        .platform = only("platform"), .objective = only("objective"), .lever = only("lever")};
    std::optional<LiftPrior> prior;
    if (!filter.lever.empty()) {
      MAXOPT_TRY(std::vector<RetrievedTactic> found,
                 knowledge_.Find({context, {}}, filter, options_.tactics));
      std::erase_if(found, [&](const RetrievedTactic& each) {
        return each.similarity < options_.alike || !each.tactic.context.Has("lever", filter.lever);
      });
      prior = PoolTactics(found, Zone::Utc().DayOf(state_.now));
    }
    priors_[key] = prior;
    return prior;
  }

  static std::optional<Prediction> Draw(const Prediction& own, const LiftPrior& prior,
                                        double brought) {
    const double sd = (own.high90 - own.low90) / (2 * kZ90);
    const auto both =
        Combine({own.mean, sd}, {prior.relative.mean * brought, prior.relative.sd * brought});
    if (!both) return std::nullopt;  // a prediction without a spread is not judged
    Prediction out = own;
    out.mean = both->mean;
    out.low90 = both->mean - kZ90 * both->sd;
    out.high90 = both->mean + kZ90 * both->sd;
    return out;
  }

  static std::string Told(const std::string& evidence, const LiftPrior& prior, double brought,
                          const Prediction& own, const TacticContext& context) {
    json out = json::parse(evidence, nullptr, false);
    if (!out.is_object()) out = json::object();
    json voices = json::array();
    for (const TacticVoice& voice : prior.voices) {
      voices.push_back({{"id", voice.id},
                        {"title", voice.title},
                        {"grade", TacticGradeName(voice.grade)},
                        {"similarity", voice.similarity},
                        {"weight", voice.weight},
                        {"mean", voice.effect.mean},
                        {"low90", voice.effect.low90},
                        {"high90", voice.effect.high90}});
    }
    out["tactics"] = std::move(voices);
    out["tactics_prior"] = {
        {"mean", prior.relative.mean},
        {"sd", prior.relative.sd},
        {"measured", prior.measured},
        {"base", brought},
        {"own", {{"mean", own.mean}, {"low90", own.low90}, {"high90", own.high90}}},
        {"context", json::parse(ToJson(context))}};
    return out.dump(-1, ' ', false, json::error_handler_t::replace);
  }

  const TacticKnowledge& knowledge_;
  FactStore& facts_;
  const LeverState& state_;
  const UseTacticsOptions& options_;
  std::map<std::pair<AccountId, Level>, std::map<std::string, Brought>> brought_;
  std::map<std::string, std::optional<LiftPrior>> priors_;
};

}  // namespace

Result<TacticsUse> UseTactics(const TacticKnowledge& knowledge, FactStore& facts,
                              const LeverState& state, std::vector<LeverReport>& reports,
                              Recommendation* budgets, const UseTacticsOptions& options) {
  Drawer drawer(knowledge, facts, state, options);
  drawer.use.notes = knowledge.notes();
  for (LeverReport& report : reports) {
    for (Opportunity& opportunity : report.opportunities) {
      MAXOPT_CHECK(drawer.One(opportunity));
    }
  }
  if (budgets != nullptr) MAXOPT_CHECK(drawer.Budgets(*budgets));
  return drawer.use;
}

}  // namespace maxopt
