// What the rules would have done, on what was known then.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <set>

#include "stages/optimize/rules/view.h"

namespace maxopt {

using nlohmann::ordered_json;
using std::chrono::days;

namespace {

constexpr int kDaysMax = 366;
constexpr int kOutcomeDays[] = {7, 14};
/// What delivered within so many days counts as on: the facts do not tell a status.
constexpr int kDeliversDays = 3;

class Replay {
 public:
  Replay(const RulesWorld& world, const RuleSet& set, const Policy* policy,
         const BacktestOptions& options)
      : world_(world), set_(set), policy_(policy), options_(options) {}

  Result<Backtest> Run() {
    const Instant now = world_.clock->Now();
    MAXOPT_TRY(const Client client, world_.store->GetClient(set_.client));
    MAXOPT_TRY(const Zone zone, Zone::Find(client.zone));
    if (options_.from > options_.to || (options_.to - options_.from).count() >= kDaysMax) {
      return Fail(
          Errc::kInvalidArgument,
          fmt::format("a back-test is of 1 to {} days, the first not after the last", kDaysMax));
    }
    if (options_.to >= zone.DayOf(now)) {
      return Fail(Errc::kInvalidArgument, fmt::format("{} is not over yet", PrintDay(options_.to)));
    }
    if (options_.hour < 0 || options_.hour > 23) {
      return Fail(Errc::kInvalidArgument, "the hour is 0 to 23");
    }
    MAXOPT_TRY(accounts_, rules::AccountsOf(*world_.store, client.name));
    MAXOPT_TRY(known_, rules::KnownChanges(*world_.store, client.name));
    MAXOPT_TRY(targets_, rules::Targets(*world_.store, client.name));
    for (const AccountInfo& account : accounts_) {
      MAXOPT_TRY(const std::vector<OwnedObject> owned, world_.store->Objects(account.account));
      for (const OwnedObject& object : owned) {
        addresses_[{account.account, object.level, object.id}] = object.address;
      }
    }
    for (const Rule& rule : set_.rules) out_.counts.push_back({rule.name});
    for (Day day = options_.from; day <= options_.to; day += days(1)) {
      const Instant at = zone.ToInstant(LocalTime(day) + std::chrono::hours(options_.hour));
      MAXOPT_CHECK(RunDay(day, at, zone));
    }
    MAXOPT_CHECK(AddOutcomes(now));
    for (const auto& [why, count] : reasons_) out_.reasons.emplace_back(why, count);
    std::stable_sort(out_.reasons.begin(), out_.reasons.end(),
                     [](const auto& a, const auto& b) { return a.second > b.second; });
    AddNotes();
    return std::move(out_);
  }

 private:
  using Key = std::tuple<AccountId, Level, std::string>;

  /// A setting at `at`: as the back-test moved it, else what our plans tell.
  template <class T>
  std::optional<T> SettingAt(const Key& key, const std::string& field, Instant at) const {
    if (const auto moved = moved_.find({key, field}); moved != moved_.end()) {
      const T* value = std::get_if<T>(&moved->second);
      return value ? std::optional<T>(*value) : std::nullopt;
    }
    const auto& [account, level, id] = key;
    std::optional<T> value;
    for (const rules::KnownChange& change : known_) {
      if (!change.done || change.account != account || change.level != level || change.id != id ||
          change.field != field) {
        continue;
      }
      if (change.at <= at) {
        if (const T* after = std::get_if<T>(&change.after)) value = *after;
      } else {
        // The next change tells what stood there until it.
        const T* before = std::get_if<T>(&change.before);
        if (!value && before && !change.create) value = *before;
        break;
      }
    }
    return value;
  }

  Result<RuleFacts> FactsAt(Instant at, const Zone& zone) {
    RuleFacts facts;
    facts.now = at;
    facts.zone = zone;
    if (policy_) {
      facts.step_max_bp = policy_->step_max_bp;
      facts.policy_cooldown_hours = policy_->cooldown_hours;
    }
    for (const AccountInfo& info : accounts_) {
      MAXOPT_TRY(RuleAccount account,
                 rules::AccountAt(*world_.facts, info, set_.days_needed(), at));
      const Day first = account.first;
      const Day today = account.today;
      MAXOPT_TRY(rules::SeriesMap series,
                 rules::SeriesAt(*world_.facts, info, set_, first, today - days(1), at, notes_));
      const rules::Added added = rules::AddAccount(facts, std::move(account), series);
      std::map<std::pair<Level, std::string>, std::size_t> places;
      for (auto& [key, told] : series) {
        const auto& [level, id] = key;
        if (level == Level::kAccount) continue;
        RuleObject object;
        object.account = added.account;
        object.level = level;
        object.id = id;
        object.name = told.name.empty() ? id : WithoutMarker(told.name);
        object.campaign_id = told.campaign_id;
        object.campaign_name = WithoutMarker(told.campaign_name);
        const auto above = [&](Level of, const std::string& which) -> std::optional<std::size_t> {
          const auto found = places.find({of, which});
          return found == places.end() ? std::nullopt : std::optional(found->second);
        };
        // The map is in order of level, so parents come first.
        if (level == Level::kCampaign) object.parent = added.object;
        if (level == Level::kAdGroup) object.parent = above(Level::kCampaign, told.campaign_id);
        if (level == Level::kAd) object.parent = above(Level::kAdGroup, told.ad_group_id);
        const Key setting{info.account, level, id};
        object.daily_budget = SettingAt<Money>(setting, "daily_budget", at);
        object.bid = SettingAt<Money>(setting, "bid", at);
        object.target_cpa = SettingAt<Money>(setting, "target_cpa", at);
        object.target_roas_bp = SettingAt<std::int64_t>(setting, "target_roas_bp", at);
        if (const auto campaign = above(Level::kCampaign, told.campaign_id)) {
          object.targets = facts.objects[*campaign].targets;
        }
        if (object.target_cpa) {
          object.targets.try_emplace(RuleMetric::kCpa,
                                     static_cast<double>(object.target_cpa->micros()) / 1e6);
        }
        if (object.target_roas_bp) {
          object.targets.try_emplace(RuleMetric::kRoas,
                                     static_cast<double>(*object.target_roas_bp) / 1e4);
        }
        if (const auto address = addresses_.find(setting); address != addresses_.end()) {
          object.address = address->second;
          if (const auto watched = targets_.find(object.address); watched != targets_.end()) {
            for (const auto& [metric, target] : watched->second) object.targets[metric] = target;
          }
        }
        const auto moved = moved_.find({setting, "status"});
        if (moved != moved_.end()) {
          object.status = std::get<std::string>(moved->second);
        } else {
          const bool delivers =
              std::any_of(told.days.begin(), told.days.end(), [&](const RuleDay& day) {
                return day.day >= today - days(kDeliversDays) &&
                       (day.spend_micros > 0 || day.impressions.value_or(0) > 0);
              });
          if (delivers) object.status = kActive;
        }
        object.series = std::move(told.days);
        places[key] = facts.objects.size();
        facts.objects.push_back(std::move(object));
      }
    }
    facts.past = past_;
    return facts;
  }

  Result<> RunDay(Day day, Instant at, const Zone& zone) {
    MAXOPT_TRY(const RuleFacts facts, FactsAt(at, zone));
    days_unknown_ += std::ranges::none_of(
        facts.objects, [](const RuleObject& object) { return object.level != Level::kAccount; });
    const RuleVerdict verdict = JudgeRules(set_, facts);
    const auto begin = [&](std::size_t o, std::size_t r) {
      const RuleObject& object = facts.objects[o];
      BacktestFiring firing;
      firing.day = day;
      firing.at = at;
      firing.rule = set_.rules[r].name;
      firing.account = facts.accounts[object.account].id;
      firing.level = object.level;
      firing.id = object.id;
      firing.name = object.name;
      return firing;
    };
    for (const RuleProposal& p : verdict.changes) {
      BacktestFiring firing = begin(p.object, p.rule);
      firing.action = rules::Describe(p);
      firing.why = p.why;
      firing.needs_second_signal = p.needs_second_signal;
      RulePast past;
      past.at = at;
      past.rule = firing.rule;
      past.account = firing.account;
      past.id = firing.id;
      past.field = p.field;
      past.before = p.before;
      past.after = p.after;
      past.plan = "of " + PrintDay(day);
      past.done = true;
      past_.push_back(std::move(past));
      moved_[{Key{firing.account, firing.level, firing.id}, p.field}] = p.after;
      ++out_.counts[p.rule].proposed;
      out_.firings.push_back(std::move(firing));
    }
    for (const RuleNotice& n : verdict.notices) {
      ++out_.counts[n.rule].noticed;
      BacktestFiring firing = begin(n.object, n.rule);
      // As an alert would: told when it begins, not again while it lasts.
      const auto key = std::tuple(n.rule, firing.account, firing.level, firing.id);
      const auto last = noticed_.find(key);
      const bool lasts = last != noticed_.end() && day - last->second <= days(1);
      noticed_[key] = day;
      if (lasts) continue;
      firing.notice = true;
      firing.action = fmt::format("notify ({}): {}", AlertTierName(n.tier), n.text);
      std::vector<std::string> because;
      for (const RuleEvidence& e : n.evidence) {
        because.push_back(fmt::format("{}{}: {} against {}", e.holds ? "" : "not ", e.condition,
                                      e.value, e.reference));
      }
      firing.why = fmt::format("{}", fmt::join(because, "; "));
      out_.firings.push_back(std::move(firing));
    }
    for (const RuleSuppressed& s : verdict.suppressed) {
      ++out_.counts[s.rule].suppressed;
      ++reasons_[fmt::format("rule \"{}\": {}", set_.rules[s.rule].name, KindOf(s.why))];
    }
    for (const RuleUndecided& u : verdict.undecided) {
      out_.counts[u.rule].undecided += static_cast<int>(u.objects.size());
      reasons_[fmt::format("rule \"{}\": not decided: {}", set_.rules[u.rule].name, u.why)] +=
          static_cast<int>(u.objects.size());
    }
    return {};
  }

  /// "cooldown" of "cooldown: the rule acted on it at ...": reasons of every day are one line.
  static std::string KindOf(const std::string& why) {
    const std::size_t colon = why.find(": ");
    return colon == std::string::npos ? why : why.substr(0, colon);
  }

  /// The days after each firing, as known now.
  Result<> AddOutcomes(Instant now) {
    struct Known {
      RuleAccount account;
      rules::SeriesMap series;
    };
    std::map<AccountId, Known> known;
    for (const AccountInfo& info : accounts_) {
      MAXOPT_TRY(const Zone zone, Zone::Find(info.zone));
      const Day today = zone.DayOf(now);
      const auto back = static_cast<int>((today - options_.from).count()) + 2;
      MAXOPT_TRY(RuleAccount account, rules::AccountAt(*world_.facts, info, back, now));
      std::vector<std::string> unused;
      MAXOPT_TRY(rules::SeriesMap series,
                 rules::SeriesAt(*world_.facts, info, set_, options_.from - days(1),
                                 today - days(1), std::nullopt, unused));
      known.emplace(info.account, Known{std::move(account), std::move(series)});
    }
    for (BacktestFiring& firing : out_.firings) {
      const Known& now_known = known.at(firing.account);
      const AccountInfo& info =
          *std::find_if(accounts_.begin(), accounts_.end(),
                        [&](const AccountInfo& a) { return a.account == firing.account; });
      MAXOPT_TRY(const Zone zone, Zone::Find(info.zone));
      const Day first = zone.DayOf(firing.at) + days(1);
      for (const int length : kOutcomeDays) {
        firing.outcomes.push_back(
            OutcomeOf(now_known.account, now_known.series, firing, first, length));
      }
    }
    return {};
  }

  static BacktestOutcome OutcomeOf(const RuleAccount& account, const rules::SeriesMap& series,
                                   const BacktestFiring& firing, Day first, int length) {
    BacktestOutcome out;
    out.days = length;
    out.spend = Money::Zero(account.currency);
    double share = 1;
    for (Day day = first; day < first + days(length); day += days(1)) {
      const auto at = static_cast<std::size_t>((day - account.first).count());
      if (day < account.first || at >= account.days.size()) {
        out.why = fmt::format("{} is not over yet", PrintDay(day));
        return out;
      }
      if (!account.days[at].known) {
        out.why = fmt::format("{}: {}", PrintDay(day), account.days[at].why);
        return out;
      }
      share = std::min(share, account.days[at].share_known.value_or(0));
    }
    out.known = true;
    out.mature = share >= 0.95;  // as QualityRules has it
    if (!out.mature) {
      out.why = fmt::format("about {:.0f} % of the conversions of a day are known", 100 * share);
    }
    const auto told = series.find({firing.level, firing.id});
    std::int64_t spend = 0;
    std::optional<double> conversions = 0;
    std::optional<std::int64_t> revenue = 0;
    if (told != series.end()) {
      for (const RuleDay& day : told->second.days) {
        if (day.day < first || day.day >= first + days(length)) continue;
        spend += day.spend_micros;
        if (!day.conversions) conversions.reset();
        if (conversions) *conversions += *day.conversions;
        if (!day.revenue_micros) revenue.reset();
        if (revenue) *revenue += *day.revenue_micros;
      }
    }
    out.spend = Money::Micros(spend, account.currency);
    out.conversions = conversions;
    if (revenue) out.revenue = Money::Micros(*revenue, account.currency);
    return out;
  }

  void AddNotes() {
    out_.notes = {
        "conditions saw what had been learnt by the hour of each day; only the outcomes are of now",
        "the market does not answer to what the rules would have done: outcomes are what happened "
        "without them",
        "settings are those that our own plans tell of that time; a budget set elsewhere is "
        "unknown "
        "until one of our plans met it",
        "what delivered within three days counts as active; objectives are not known; targets and "
        "the policy are today's"};
    if (days_unknown_ > 0) {
      out_.notes.push_back(fmt::format(
          "on {} of {} days nothing was known of any object, so no rule could judge: facts count "
          "from when they were read, and a history that was read at once was unknown in its own "
          "days",
          days_unknown_, (options_.to - options_.from).count() + 1));
    }
    for (const std::string& note : notes_) out_.notes.push_back(note);
  }

  const RulesWorld& world_;
  const RuleSet& set_;
  const Policy* policy_;
  const BacktestOptions& options_;
  std::vector<AccountInfo> accounts_;
  std::vector<rules::KnownChange> known_;
  std::map<std::string, std::map<RuleMetric, double>> targets_;
  std::map<Key, std::string> addresses_;
  std::vector<RulePast> past_;
  std::map<std::pair<Key, std::string>, FieldValue> moved_;
  std::map<std::tuple<std::size_t, AccountId, Level, std::string>, Day> noticed_;
  std::map<std::string, int> reasons_;
  std::vector<std::string> notes_;
  std::int64_t days_unknown_ = 0;
  Backtest out_;
};

std::string OutcomeText(const BacktestOutcome& o) {
  if (!o.known) return fmt::format("{} days after: not known ({})", o.days, o.why);
  std::string out = fmt::format("{} days after: spend {}", o.days, PrintMoney(o.spend));
  const double spend = static_cast<double>(o.spend.micros());
  if (o.conversions) {
    out += fmt::format(", {:.6g} conversions", *o.conversions);
    if (*o.conversions > 0) out += fmt::format(", cpa {:.2f}", spend / 1e6 / *o.conversions);
  }
  if (o.revenue && !o.revenue->zero()) {
    out += fmt::format(", revenue {}", PrintMoney(*o.revenue));
    if (spend > 0) {
      out += fmt::format(", roas {:.2f}", static_cast<double>(o.revenue->micros()) / spend);
    }
  }
  if (!o.mature) out += fmt::format(" (not mature: {})", o.why);
  return out;
}

}  // namespace

Result<Backtest> BacktestRules(const RulesWorld& world, const RuleSet& set, const Policy* policy,
                               const BacktestOptions& options) {
  const RuleSet under_policy = rules::UnderPolicy(set, policy);
  return Replay(world, under_policy, policy, options).Run();
}

std::string BacktestText(const Backtest& backtest) {
  std::string out;
  for (const BacktestFiring& f : backtest.firings) {
    out += fmt::format("{}  rule \"{}\"  {} {} {} \"{}\"\n  {}{}\n  {}\n", PrintDay(f.day), f.rule,
                       PrintAccount(f.account), LevelName(f.level), f.id, f.name, f.action,
                       f.needs_second_signal ? " (needs a second signal)" : "", f.why);
    for (const BacktestOutcome& o : f.outcomes) out += "  " + OutcomeText(o) + "\n";
  }
  if (backtest.firings.empty()) out += "no rule would have done anything\n";
  out += "\n";
  for (const Backtest::Count& c : backtest.counts) {
    out +=
        fmt::format("rule \"{}\": {} changes, {} times to notify, {} suppressed, {} not decided\n",
                    c.rule, c.proposed, c.noticed, c.suppressed, c.undecided);
  }
  for (std::size_t i = 0; i < backtest.reasons.size() && i < 20; ++i) {
    out += fmt::format("  {} times: {}\n", backtest.reasons[i].second, backtest.reasons[i].first);
  }
  if (backtest.reasons.size() > 20) {
    out += fmt::format("  {} more reasons; --json has them all\n", backtest.reasons.size() - 20);
  }
  for (const std::string& note : backtest.notes) out += "note: " + note + "\n";
  return out;
}

std::string BacktestJson(const Backtest& backtest) {
  ordered_json firings = ordered_json::array(), counts = firings, reasons = firings;
  for (const BacktestFiring& f : backtest.firings) {
    ordered_json outcomes = ordered_json::array();
    for (const BacktestOutcome& o : f.outcomes) {
      ordered_json one{{"days", o.days}, {"known", o.known}, {"mature", o.mature}};
      if (!o.why.empty()) one["why"] = o.why;
      if (o.known) {
        one["spend"] = PrintMoney(o.spend);
        if (o.conversions) one["conversions"] = *o.conversions;
        if (o.revenue) one["revenue"] = PrintMoney(*o.revenue);
      }
      outcomes.push_back(std::move(one));
    }
    firings.push_back({{"day", PrintDay(f.day)},
                       {"at", PrintInstant(f.at)},
                       {"rule", f.rule},
                       {"account", PrintAccount(f.account)},
                       {"level", LevelName(f.level)},
                       {"id", f.id},
                       {"name", f.name},
                       {"action", f.action},
                       {"notice", f.notice},
                       {"needs_second_signal", f.needs_second_signal},
                       {"why", f.why},
                       {"outcomes", outcomes}});
  }
  for (const Backtest::Count& c : backtest.counts) {
    counts.push_back({{"rule", c.rule},
                      {"changes", c.proposed},
                      {"notices", c.noticed},
                      {"suppressed", c.suppressed},
                      {"undecided", c.undecided}});
  }
  for (const auto& [why, count] : backtest.reasons) {
    reasons.push_back({{"why", why}, {"times", count}});
  }
  return ordered_json{
      {"firings", firings}, {"rules", counts}, {"reasons", reasons}, {"notes", backtest.notes}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace maxopt
