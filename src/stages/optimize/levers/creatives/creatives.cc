#include "stages/optimize/levers/creatives/creatives.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/gamma.hpp>
#include <charconv>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <tuple>

#include "decide/guardrails/guardrails.h"
#include "domain/message_text.h"
#include "memory/campaigns/alerts.h"
#include "stages/optimize/levers/campaigns.h"
#include "stages/optimize/levers/creatives/rotation.h"
#include "stages/optimize/levers/cuts/cuts.h"

namespace maxopt {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;
using std::chrono::days;

/// Two weeks: every day of the week twice, as other levers' effects are waited for.
constexpr int kHorizonDays = 14;
constexpr double kZ95 = 1.6448536269514722;
/// Days whose conversions are followed one by one as they came in; older ones are taken as known.
constexpr int kFollowedDays = 30;
/// Platforms' longest windows for clicks (Google Ads: 90 days, mostly 30).
constexpr int kWindowMost = 30;
/// A variation takes a week from the request to its approval; half of that where nothing else is
/// left to show.
constexpr int kDaysForOne = 7, kDaysWhenUrgent = 3;
/// A request is not repeated within this time.
constexpr days kRequestRests{14};
/// Newest messages that are looked through for it.
constexpr int kMessagesMost = 500;

/// "7d_click+1d_view" -> 7
int WindowOf(const LeverAccount& account) {
  const std::string& window = account.can.attribution_window;
  int out = 0;
  const auto [end, error] = std::from_chars(window.data(), window.data() + window.size(), out);
  if (error != std::errc() || out < 1) out = account.can.restatement_days;
  return std::clamp(out, 1, kWindowMost);
}

std::int64_t PeriodOf(Day day) { return day.time_since_epoch().count(); }

/// How the ads of one account did, as it became known.
struct History {
  struct Fact {
    Day day;
    std::string ad;
    double impressions, conversions;
  };
  std::map<std::int64_t, std::vector<Fact>> by_period;  ///< increments, by when they were known
  bool staged = false;  ///< days were learnt one by one, so their growth can be told
};

Result<History> ReadHistory(FactStore& facts, const LeverAccount& account, int window) {
  History out;
  MAXOPT_TRY(const Zone zone, Zone::Find(account.tree.info.zone));
  const Day yesterday = account.today - days(1);
  const Day followed = std::max(account.first, account.today - days(kFollowedDays));
  std::map<std::pair<Day, std::string>, std::pair<double, double>> known;
  const auto ask = [&](Day from, Day to, std::optional<Instant> as_of) {
    FactQuery query;
    query.measures = {"impressions", "conversions"};
    query.dimensions = {"ad"};
    query.filters = {{"account", {PrintAccount(account.tree.info.account)}}};
    query.from = from;
    query.to = to;
    query.grain = "day";
    query.as_of = as_of;
    return facts.Query(query);
  };
  const auto read = [&](Day period, Day from, Day to, std::optional<Instant> as_of) -> Result<> {
    if (to < from) return {};
    MAXOPT_TRY(const FactTable table, ask(from, to, as_of));
    if (table.rows.empty()) return {};
    const std::size_t day_at = table.Column("period"), ad_at = table.Column("ad_id"),
                      shown_at = table.Column("impressions"),
                      conversions_at = table.Column("conversions");
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Day day, ParseDay(row[day_at].text));
      if (row[ad_at].text.empty() || account.left_out.contains(day)) continue;
      const double impressions = std::max(0.0, row[shown_at].Number());
      const double conversions = std::max(0.0, row[conversions_at].Number());
      auto& before = known[{day, row[ad_at].text}];
      if (impressions == before.first && conversions == before.second) continue;
      out.by_period[PeriodOf(period)].push_back(
          {day, row[ad_at].text, impressions - before.first, conversions - before.second});
      before = {impressions, conversions};
    }
    return {};
  };
  // Were days read day by day at all? An import knows everything since this morning.
  const Day middle = account.today - days(kFollowedDays / 2);
  MAXOPT_TRY(const FactTable half, ask(followed, middle - days(1), zone.Begin(middle)));
  out.staged = !half.rows.empty();
  if (out.staged) {
    // What lies so far back that nothing of it can still come.
    MAXOPT_CHECK(read(followed, account.first, followed - days(window + 2), zone.Begin(followed)));
    for (Day day = followed + days(1); day < account.today; day += days(1)) {
      MAXOPT_CHECK(
          read(day, std::max(followed, day - days(window + 1)), day - days(1), zone.Begin(day)));
    }
  }
  // Now: everything, also the days between that came in bulk.
  MAXOPT_CHECK(read(account.today, account.first, yesterday, std::nullopt));
  return out;
}

class Creatives {
 public:
  Creatives(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    out_.lever = "creatives";
  }

  Result<LeverReport> Run() {
    AlertQuery query;
    query.client = state_.client.name;
    query.limit = 10'000;
    MAXOPT_TRY(const std::vector<AlertEntry> alerts, Alerts(*world_.store, query));
    for (const AlertEntry& entry : alerts) {
      const Condition& c = entry.alert.condition;
      if (c.detector != "fatigue" || c.level != Level::kAd || !c.account) continue;
      tired_.try_emplace({*c.account, c.object_id}, entry.alert);
    }
    MAXOPT_CHECK(ReadAsked());
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Account(account));
    MAXOPT_CHECK(Ask());
    return std::move(out_);
  }

 private:
  using Ads = std::vector<const Entity*>;
  struct View {
    const LeverAccount& account;
    const History& history;
    int window;
    std::map<std::string, CutSums> sums;  ///< by ad
  };

  void Note(const LeverAccount& account, std::string_view what) {
    out_.notes.push_back(fmt::format("{}: {}", PrintAccount(account.tree.info.account), what));
  }

  Result<> Account(const LeverAccount& account) {
    if (!account.hold.empty()) {
      Note(account, account.hold);
      return {};
    }
    const int window = WindowOf(account);
    MAXOPT_TRY(const History history, ReadHistory(*world_.facts, account, window));
    std::set<Day> judged;
    for (Day day = account.first; day <= account.last; day += days(1)) {
      if (account.Judged(day)) judged.insert(day);
    }
    MAXOPT_TRY(const std::vector<CutSums> sums,
               SumDays(*world_.facts, account, judged, Level::kAd, ""));
    View view{account, history, window, {}};
    for (const CutSums& row : sums) view.sums[row.ad] = row;
    // By id, whatever the platform's order.
    std::map<std::string, const Entity*> groups;
    std::map<std::string, Ads> ads;
    for (const Entity& entity : account.tree.entities) {
      if (entity.level == Level::kAdGroup) groups[entity.id] = &entity;
      if (entity.level == Level::kAd && TextField(entity.fields, "status") != kRemoved) {
        ads[entity.parent_id].push_back(&entity);
      }
    }
    std::map<std::string, std::vector<const Entity*>> by_campaign;
    for (auto& [id, list] : ads) {
      std::sort(list.begin(), list.end(),
                [](const Entity* a, const Entity* b) { return a->id < b->id; });
    }
    for (const auto& [id, group] : groups) {
      const Entity* campaign = account.Find(Level::kCampaign, group->campaign_id);
      if (campaign == nullptr || TextField(campaign->fields, "status") != kActive ||
          TextField(group->fields, "status") != kActive) {
        continue;
      }
      by_campaign[campaign->id].push_back(group);
      const auto own = ads.find(id);
      if (own == ads.end()) continue;
      if (const std::string still = Kept(account, *group, own->second); !still.empty()) {
        Note(account, fmt::format("{}: left alone: {}", NameOf(*group), still));
        continue;
      }
      MAXOPT_CHECK(Group(view, *campaign, *group, own->second));
    }
    for (const auto& [id, list] : by_campaign) {
      MAXOPT_CHECK(Budgets(view, *account.Find(Level::kCampaign, id), list, ads));
    }
    return {};
  }

  /// Why nothing in the ad group may change; empty: it may.
  std::string Kept(const LeverAccount& account, const Entity& group, const Ads& ads) const {
    if (std::string still = state_.Still(account, group); !still.empty()) return still;
    // An experiment among its ads would be another one with one ad less.
    for (const Entity* ad : ads) {
      if (const ExperimentLock* lock = LockOn(state_.locks, account.tree.info.account, ad->id,
                                              state_.AddressOf(account, *ad))) {
        return fmt::format("experiment \"{}\" keeps it still until {}", lock->experiment,
                           PrintDay(lock->until));
      }
    }
    if (TextField(group.fields, "learning_status") == "learning") {
      return "the platform still learns how to deliver it";
    }
    return {};
  }

  /// Made by us, approved, and never shown: neither a person nor its own numbers took it off.
  bool Spare(const View& view, const Entity& ad) const {
    if (TextField(ad.fields, "status") != kPaused) return false;
    const std::string review = TextField(ad.fields, "review_status");
    if (!review.empty() && review != "approved") return false;
    if (const auto sums = view.sums.find(ad.id);
        sums != view.sums.end() && sums->second.impressions > 0) {
      return false;
    }
    for (const auto& [period, facts] : view.history.by_period) {
      for (const History::Fact& fact : facts) {
        if (fact.ad == ad.id && fact.impressions > 0) return false;
      }
    }
    const AccountId& account = view.account.tree.info.account;
    if (const auto touch = state_.touched.find({account, ad.id});
        touch != state_.touched.end() && !touch->second.waiting.empty()) {
      return false;
    }
    for (const OwnedObject& object : view.account.owned) {
      if (object.level != Level::kAd || object.id != ad.id) continue;
      return !object.change_key.empty() && TextField(object.last_applied, "status") != kActive;
    }
    return false;
  }

  RotationInput InputOf(const View& view, const std::vector<std::vector<const Entity*>>& arms,
                        bool spares) const {
    RotationInput input;
    input.window = view.window;
    input.learn_delay = view.history.staged;
    std::map<std::string, std::size_t> place;
    for (const auto& arm : arms) {
      RotationAd ad;
      for (const Entity* one : arm) {
        place[one->id] = input.ads.size();
        ad.id = one->id;
        const std::string review = TextField(one->fields, "review_status");
        ad.on = ad.on || (TextField(one->fields, "status") == kActive && review != "rejected");
        ad.spare = spares && Spare(view, *one);
        ad.tired = tired_.contains({view.account.tree.info.account, one->id});
        if (const auto sums = view.sums.find(one->id); sums != view.sums.end()) {
          ad.spend += sums->second.spend;
          ad.impressions += sums->second.impressions;
          ad.clicks += sums->second.clicks;
          ad.conversions += sums->second.conversions;
        }
      }
      input.ads.push_back(std::move(ad));
    }
    for (const auto& [period, facts] : view.history.by_period) {
      RotationStep step{period, {}};
      for (const History::Fact& fact : facts) {
        const auto at = place.find(fact.ad);
        if (at == place.end()) continue;
        step.feedback.push_back(
            {PeriodOf(fact.day), 0, at->second, fact.impressions, fact.conversions});
      }
      if (!step.feedback.empty()) input.steps.push_back(std::move(step));
    }
    return input;
  }

  Result<> Group(const View& view, const Entity& campaign, const Entity& group, const Ads& ads) {
    std::vector<Ads> arms;
    for (const Entity* ad : ads) {
      const bool on = TextField(ad->fields, "status") == kActive &&
                      TextField(ad->fields, "review_status") != "rejected";
      if (on || Spare(view, *ad)) arms.push_back({ad});
    }
    if (arms.empty()) return {};
    const RotationInput input = InputOf(view, arms, true);
    MAXOPT_TRY(const RotationAdvice advice, JudgeRotation(input));
    for (const std::string& note : advice.notes) {
      Note(view.account, fmt::format("{}: {}", NameOf(group), note));
    }
    std::size_t spares = 0;
    for (const RotationAd& ad : input.ads) spares += ad.spare ? 1 : 0;
    for (std::size_t i = 0; i < arms.size(); ++i) {
      if (input.ads[i].tired) Want(view, campaign, group, *arms[i][0], input, advice, arms, spares);
    }
    CutSums whole;
    for (const RotationAd& ad : input.ads) {
      whole.spend += ad.spend;
      whole.conversions += ad.conversions;
      const auto sums = view.sums.find(ad.id);
      if (sums != view.sums.end()) whole.revenue += sums->second.revenue;
    }
    const json evidence = EvidenceOf(view, group, input, advice);
    for (const RotationMove& move : advice.moves) {
      const Entity& ad = *arms[move.ad][0];
      if (!move.on) {
        if (const std::string still = state_.Still(view.account, ad); !still.empty()) {
          Note(view.account, fmt::format("{}: left alone: {}", NameOf(ad), still));
          continue;
        }
      }
      Opportunity found;
      found.change = UpdateOf(state_, view.account, ad, Reason::kRotate);
      found.change.before["status"] = std::string(move.on ? kPaused : kActive);
      found.change.after["status"] = std::string(move.on ? kActive : kPaused);
      found.change.why =
          fmt::format("{} {}: {}", move.on ? "switches on" : "pauses", NameOf(ad), move.why);
      json why = evidence;
      why["move"] = move.on ? "try" : move.tired ? "tired" : "loses";
      if (move.tired) {
        const Alert& alert = tired_.at({view.account.tree.info.account, ad.id});
        why["alert"] = {{"id", alert.id},
                        {"title", alert.condition.title},
                        {"evidence", alert.condition.evidence}};
      }
      found.change.evidence = why.dump(-1, ' ', false, json::error_handler_t::replace);
      const double worth =
          CostMax(state_, view.account, campaign, whole)
              .value_or(whole.conversions > 0 ? whole.spend / whole.conversions : 0);
      if (move.on) {
        PromiseOfTrial(view, input, advice, move.ad, worth, found);
      } else {
        PromiseOfPause(view, input, advice, move.ad, worth, found);
      }
      // "Adding new creative" restarts the learning of Meta's ad set; the other platforms name no
      // such edit.
      if (move.on && view.account.tree.info.account.platform == Platform::kMeta) {
        const double conversions = whole.conversions / std::max(1, view.account.JudgedDays());
        const levers::Learning learning =
            levers::LearningOf(group, campaign, conversions, conversions * worth, 1);
        found.learning_cost = learning.cost_a_day;
        found.learning_days = learning.days;
      }
      found.needs_second_signal = !move.on && input.ads[move.ad].conversions > 0;
      found.second_signal = move.second_signal;
      out_.opportunities.push_back(std::move(found));
    }
    return {};
  }

  /// What a day of the ad's money brings elsewhere in its ad group, beside what it brings here.
  static void PromiseOfPause(const View& view, const RotationInput& input,
                             const RotationAdvice& advice, std::size_t at, double worth,
                             Opportunity& found) {
    double spend = 0, conversions = 0;
    for (std::size_t i = 0; i < input.ads.size(); ++i) {
      if (!input.ads[i].on || i == at) continue;
      spend += input.ads[i].spend;
      conversions += input.ads[i].conversions;
    }
    const double judged = view.account.JudgedDays();
    const RotationAd& ad = input.ads[at];
    const RotationArm& arm = advice.arms[at];
    if (!(spend > 0) || !(conversions > 0) || !(judged > 0) || !(ad.spend > 0)) return;
    const double others = conversions / spend;
    const double others_low = boost::math::gamma_p_inv(conversions, 0.05) / spend;
    const double others_high = boost::math::gamma_p_inv(conversions, 0.95) / spend;
    const double per_money = ad.impressions / ad.spend;
    const double money = ad.spend / judged;
    SetGain(money * (others - arm.rate.mean * per_money),
            money * (others_low - arm.rate_high90 * per_money),
            money * (others_high - arm.rate_low90 * per_money), worth, found);
  }

  /// What trying an ad is worth: for half of the time its share is shown it, whatever it is, in
  /// place of the others; if it is better than the best, it has all of the rest of the time. The
  /// rates' difference is taken as normal.
  static void PromiseOfTrial(const View& view, const RotationInput& input,
                             const RotationAdvice& advice, std::size_t at, double worth,
                             Opportunity& found) {
    double shown = 0, conversions = 0;
    for (const RotationAd& ad : input.ads) {
      if (!ad.on) continue;
      shown += ad.impressions;
      conversions += ad.conversions;
    }
    const double judged = view.account.JudgedDays();
    if (!(shown > 0) || !(judged > 0)) return;
    const RotationArm& arm = advice.arms[at];
    const RatePosterior& best = advice.arms[advice.best].rate;
    const double sd = std::sqrt(arm.rate.mean * arm.rate.mean / arm.rate.shape +
                                best.mean * best.mean / best.shape);
    const double better = arm.rate.mean - best.mean;
    constexpr double kRootTwoPi = 2.5066282746310002;
    const double z = better / sd;
    const double gain =
        sd * std::exp(-z * z / 2) / kRootTwoPi + better * std::erfc(-z / std::sqrt(2.0)) / 2;
    const double a_day = shown / judged / 2;
    const double meanwhile = arm.share * (arm.rate.mean - conversions / shown);
    const double worst = arm.share * (arm.rate_low90 - conversions / shown);
    SetGain(a_day * (gain + meanwhile), a_day * std::min(0.0, worst),
            a_day * std::max(gain + meanwhile, better + kZ95 * sd), worth, found);
  }

  static void SetGain(double mean, double low, double high, double worth, Opportunity& found) {
    found.change.prediction = Prediction{"conversions", mean, low, high, kHorizonDays};
    found.value = mean * worth;
    found.value_low90 = low * worth;
    found.value_high90 = high * worth;
  }

  json EvidenceOf(const View& view, const Entity& group, const RotationInput& input,
                  const RotationAdvice& advice) const {
    json ads = json::array();
    for (std::size_t i = 0; i < input.ads.size(); ++i) {
      const RotationAd& ad = input.ads[i];
      const RotationArm& arm = advice.arms[i];
      ads.push_back(
          {{"ad", ad.id},
           {"on", ad.on},
           {"tired", ad.tired},
           {"impressions", ad.impressions},
           {"clicks", ad.clicks},
           {"conversions", ad.conversions},
           {"spend", ad.spend},
           {"rate",
            {{"mean", arm.rate.mean}, {"low90", arm.rate_low90}, {"high90", arm.rate_high90}}},
           {"chance_best", arm.chance_best},
           {"served", arm.served},
           {"share", arm.share}});
    }
    return {{"lever", "creatives"},
            {"from", PrintDay(view.account.first)},
            {"to", PrintDay(view.account.last)},
            {"days", view.account.JudgedDays()},
            {"rotation",
             {{"ad_group", group.id},
              {"policy", "thompson"},
              {"window_days", view.window},
              {"delay_learnt", input.learn_delay},
              {"ads", std::move(ads)}}}};
  }

  /// Daily budgets of a campaign whose ads have an ad group each.
  Result<> Budgets(const View& view, const Entity& campaign,
                   const std::vector<const Entity*>& groups,
                   const std::map<std::string, Ads>& ads) {
    if (groups.size() < 2) return {};
    std::vector<Ads> arms;
    std::vector<ShareArm> shares;
    for (const Entity* group : groups) {
      const Money* budget = MoneyField(group->fields, "daily_budget");
      if (budget == nullptr) return {};
      Ads on;
      if (const auto own = ads.find(group->id); own != ads.end()) {
        for (const Entity* ad : own->second) {
          if (TextField(ad->fields, "status") == kActive) on.push_back(ad);
        }
      }
      if (on.size() != 1) return {};
      const auto sums = view.sums.find(on[0]->id);
      ShareArm arm{group->id, budget->micros(), 0, 0, 0};
      if (sums != view.sums.end()) {
        arm.spend = sums->second.spend;
        arm.impressions = sums->second.impressions;
        arm.conversions = sums->second.conversions;
      }
      shares.push_back(std::move(arm));
      arms.push_back(std::move(on));
    }
    if (state_.fixed.contains(state_.AddressOf(view.account, campaign))) {
      Note(view.account, NameOf(campaign) + ": its budgets are the media plan's");
      return {};
    }
    std::string still = state_.Still(view.account, campaign);
    for (const Entity* group : groups) {
      if (still.empty()) still = state_.Still(view.account, *group);
      if (still.empty() && TextField(group->fields, "learning_status") == "learning") {
        still = fmt::format("{}: the platform still learns how to deliver it", NameOf(*group));
      }
    }
    if (!still.empty()) {
      Note(view.account, fmt::format("{}: budgets left alone: {}", NameOf(campaign), still));
      return {};
    }
    const Currency currency = view.account.tree.info.currency;
    MAXOPT_TRY(const Money unit, MoneyFromMinor(1, currency, view.account.can.minor_units));
    const RotationInput input = InputOf(view, arms, false);
    MAXOPT_TRY(const ShareAdvice advice,
               JudgeShares(input, shares, state_.step_max_bp(), unit.micros()));
    if (!advice.why_not.empty()) {
      Note(view.account, fmt::format("{}: budgets stay: {}", NameOf(campaign), advice.why_not));
      return {};
    }
    json list = json::array();
    double total = 0;
    CutSums whole;
    for (const std::int64_t micros : advice.budget_micros) total += static_cast<double>(micros);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      whole.spend += shares[i].spend;
      whole.conversions += shares[i].conversions;
      if (const auto sums = view.sums.find(arms[i][0]->id); sums != view.sums.end()) {
        whole.revenue += sums->second.revenue;
      }
      list.push_back({{"ad_group", groups[i]->id},
                      {"ad", arms[i][0]->id},
                      {"impressions", shares[i].impressions},
                      {"conversions", shares[i].conversions},
                      {"spend", shares[i].spend},
                      {"rate", {{"mean", advice.rates[i].mean}}},
                      {"share", advice.shares[i]},
                      {"served", static_cast<double>(advice.budget_micros[i]) / total}});
    }
    const json evidence = {{"lever", "creatives"},
                           {"from", PrintDay(view.account.first)},
                           {"to", PrintDay(view.account.last)},
                           {"days", view.account.JudgedDays()},
                           {"move", "budgets"},
                           {"gain", {{"mean", advice.gain}, {"sd", advice.gain_sd}}},
                           {"rotation",
                            {{"campaign", campaign.id},
                             {"policy", "thompson"},
                             {"window_days", view.window},
                             {"delay_learnt", input.learn_delay},
                             {"ads", std::move(list)}}}};
    const double worth = CostMax(state_, view.account, campaign, whole)
                             .value_or(whole.conversions > 0 ? whole.spend / whole.conversions : 0);
    for (std::size_t i = 0; i < groups.size(); ++i) {
      const Money before = Money::Micros(shares[i].budget_micros, currency);
      const Money after = Money::Micros(advice.budget_micros[i], currency);
      if (before == after) continue;
      Opportunity found;
      found.change = UpdateOf(state_, view.account, *groups[i], Reason::kRotate);
      found.change.before["daily_budget"] = before;
      found.change.after["daily_budget"] = after;
      const double rate = advice.rates[i].mean;
      const double moved = static_cast<double>((after - before).micros()) / 1e6;
      const double brings = moved * rate * shares[i].impressions / shares[i].spend;
      found.change.why = fmt::format(
          "{} to {} in a move between the ads of {} that brings {:+.2f} conversions a day (sd "
          "{:.2f}): {:.6g} conversions for {:.2f} {} here, {:.6g} for {:.2f} in all",
          PrintMoney(before), PrintMoney(after), NameOf(campaign), advice.gain, advice.gain_sd,
          shares[i].conversions, shares[i].spend, currency.name(), whole.conversions, whole.spend);
      found.change.evidence = evidence.dump(-1, ' ', false, json::error_handler_t::replace);
      const double sd = std::abs(brings) / std::sqrt(advice.rates[i].shape);
      found.change.prediction =
          Prediction{"conversions", brings, brings - kZ95 * sd, brings + kZ95 * sd, kHorizonDays};
      found.value = brings * worth - moved;
      found.value_low90 = (brings - kZ95 * sd) * worth - moved;
      found.value_high90 = (brings + kZ95 * sd) * worth - moved;
      out_.opportunities.push_back(std::move(found));
    }
    return {};
  }

  // ---- requests for new variations

  Result<> ReadAsked() {
    MAXOPT_TRY(const std::vector<Message> messages, world_.store->Messages("lucas", kMessagesMost));
    for (const Message& message : messages) {
      if (message.client != state_.client.name || message.kind != "creative_request" ||
          state_.now - message.created_at >= kRequestRests) {
        continue;
      }
      const json body = json::parse(message.json, nullptr, false);
      if (!body.is_object() || !body.contains("requests")) continue;
      for (const json& request : body["requests"]) {
        asked_.insert(request.value("account", "") + "/" + request.value("ad", ""));
      }
    }
    return {};
  }

  static ordered_json TextsOf(const Entity& ad) {
    ordered_json out = ordered_json::object();
    for (const char* field : {"headlines", "descriptions"}) {
      if (ad.fields.contains(field)) out[field] = ListField(ad.fields, field);
    }
    for (const char* field : {"call_to_action", "landing_url"}) {
      if (ad.fields.contains(field)) out[field] = TextField(ad.fields, field);
    }
    return out;
  }
  static const char* FormatOf(const Entity& ad) {
    if (!ListField(ad.fields, "images").empty()) return "carousel";
    if (!TextField(ad.fields, "video").empty()) return "video";
    if (!TextField(ad.fields, "image").empty()) return "image";
    return "text";
  }

  void Want(const View& view, const Entity& campaign, const Entity& group, const Entity& ad,
            const RotationInput& input, const RotationAdvice& advice, const std::vector<Ads>& arms,
            std::size_t spares) {
    const AccountId& account = view.account.tree.info.account;
    if (!asked_.insert(PrintAccount(account) + "/" + ad.id).second) return;
    const Alert& alert = tired_.at({account, ad.id});
    const std::size_t place = static_cast<std::size_t>(
        std::find_if(input.ads.begin(), input.ads.end(),
                     [&](const RotationAd& one) { return one.id == ad.id; }) -
        input.ads.begin());
    const auto on = std::count_if(input.ads.begin(), input.ads.end(),
                                  [](const RotationAd& one) { return one.on; });
    const Entity& best = *arms[advice.best][0];
    const bool urgent = spares == 0 && on <= 2;
    ordered_json request;
    request["account"] = PrintAccount(account);
    request["campaign"] = WithoutMarker(TextField(campaign.fields, "name"));
    request["ad_group"] = WithoutMarker(TextField(group.fields, "name"));
    request["ad"] = ad.id;
    request["name"] = WithoutMarker(TextField(ad.fields, "name"));
    request["alert"] = alert.id;
    request["why"] = alert.condition.title;
    request["evidence"] = alert.condition.evidence;
    request["chance_best"] = advice.arms[place].chance_best;
    request["format"] = FormatOf(ad);
    request["texts"] = TextsOf(ad);
    request["keep"] = {{"ad", best.id},
                       {"name", WithoutMarker(TextField(best.fields, "name"))},
                       {"format", FormatOf(best)},
                       {"texts", TextsOf(best)}};
    request["ads_on"] = on;
    request["spares"] = spares;
    request["by"] = PrintDay(view.account.today + days(urgent ? kDaysWhenUrgent : kDaysForOne));
    requests_.push_back(std::move(request));
  }

  Result<> Ask() {
    if (requests_.empty()) return {};
    MAXOPT_TRY(const Zone zone, Zone::Find(state_.client.zone));
    const DailyMessages daily{state_.client.name, zone.DayOf(state_.now), state_.now};
    ordered_json body = daily.Head("creative_request");
    std::string text =
        fmt::format("# New variations wanted: {}\n\n", MarkdownText(state_.client.name));
    for (const ordered_json& request : requests_) {
      const auto word = [&](const char* name) {
        return MarkdownText(request[name].get<std::string>());
      };
      text += fmt::format("- **{}** ({}, {} > {}), by {}: {}.", word("name"), word("format"),
                          word("campaign"), word("ad_group"), word("by"), word("why"));
      for (const auto& line : request["evidence"]) {
        text += " " + MarkdownText(line.get<std::string>()) + ".";
      }
      if (request["keep"]["ad"] == request["ad"]) {
        text += " It is the best of its ad group: keep what it says and show it anew.";
      } else {
        text += fmt::format(" The best of its ad group is {}: keep what that one says.",
                            MarkdownText(request["keep"]["name"].get<std::string>()));
      }
      text += fmt::format(" {} ads are on, {} wait to be tried.\n", request["ads_on"].dump(),
                          request["spares"].dump());
    }
    body["requests"] = requests_;
    out_.messages.push_back(
        daily.Make("lucas", "creative_request", "New variations wanted", body, text));
    return {};
  }

  const LeverWorld& world_;
  const LeverState& state_;
  std::map<std::pair<AccountId, std::string>, Alert> tired_;
  std::set<std::string> asked_;
  ordered_json requests_ = ordered_json::array();
  LeverReport out_;
};

}  // namespace

Result<LeverReport> CreativeLever(const LeverWorld& world, const LeverState& state) {
  return Creatives(world, state).Run();
}

}  // namespace maxopt
