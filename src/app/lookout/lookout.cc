#include "app/lookout/lookout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>

#include "measure/calendar/calendar.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/signals.h"
#include "memory/events/events.h"
#include "memory/platforms/platforms.h"
#include "stages/monitor/connections.h"
#include "stages/monitor/outputs/outputs.h"
#include "stages/monitor/pacing/campaign_pace.h"
#include "stages/monitor/review/review.h"
#include "stages/monitor/tracking/tracking.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Days back for which data quality is told as an alert; older ones are in `maxopt quality`.
constexpr int kQualityDays = 7;

/// The detectors ask for the same trees: each is read once a look.
class OnceReader final : public PlatformReader {
 public:
  OnceReader(std::shared_ptr<PlatformReader> inner,
             std::function<Result<>(const AccountId&)> may_call)
      : inner_(std::move(inner)), may_call_(std::move(may_call)) {}
  const Capabilities& capabilities() const override { return inner_->capabilities(); }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline deadline) override {
    return inner_->ListAccounts(deadline);
  }
  Result<AccountTree> ReadAccount(const AccountId& account, http::Deadline deadline) override {
    const auto known = trees_.find(account);
    if (known != trees_.end()) return known->second;
    if (may_call_) {
      if (const Result<> may = may_call_(account); !may) {
        return trees_.emplace(account, Fail(Errc::kRefused, "put off: " + may.error().what))
            .first->second;
      }
    }
    return trees_.emplace(account, inner_->ReadAccount(account, deadline)).first->second;
  }
  Result<MetricReport> ReadMetrics(const MetricQuery& query, http::Deadline deadline) override {
    return inner_->ReadMetrics(query, deadline);
  }
  Result<std::vector<Entity>> Find(const FindQuery& query, http::Deadline deadline) override {
    return inner_->Find(query, deadline);
  }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery& query,
                                                http::Deadline deadline) override {
    return inner_->ReadHistory(query, deadline);
  }

 private:
  std::shared_ptr<PlatformReader> inner_;
  std::function<Result<>(const AccountId&)> may_call_;
  std::map<AccountId, Result<AccountTree>> trees_;
};

/// The platforms as one look sees them.
std::function<Result<std::shared_ptr<PlatformReader>>(const AccountId&)> ReadOnce(
    const MonitorWorld& world) {
  auto known = std::make_shared<std::map<AccountId, std::shared_ptr<PlatformReader>>>();
  return [known, inner = world.reader, may_call = world.may_call](
             const AccountId& account) -> Result<std::shared_ptr<PlatformReader>> {
    const auto found = known->find(account);
    if (found != known->end()) return found->second;
    MAXOPT_TRY(std::shared_ptr<PlatformReader> reader, inner(account));
    return (*known)[account] = std::make_shared<OnceReader>(std::move(reader), may_call);
  };
}

Result<std::vector<AccountInfo>> AccountsOf(Home& home, const std::string& client) {
  MAXOPT_TRY(const std::vector<ClientAccount> all, home.store().Accounts());
  std::vector<AccountInfo> out;
  for (const ClientAccount& account : all) {
    if (account.client == client) out.push_back(account.info);
  }
  return out;
}

/// Tracking signals, judged and kept; what is not well is a condition.
Result<std::vector<Condition>> LookAtSignals(Home& home, const std::string& client) {
  const auto events = EventStore::OpenToRead(EventStore::PathIn(home.folder()));
  MAXOPT_TRY(const std::vector<AccountInfo> accounts, AccountsOf(home, client));
  const Instant now = home.clock().Now();
  MAXOPT_TRY(
      const std::vector<SignalHealth> judged,
      LookAtTracking({&home.facts(), events ? events->get() : nullptr}, client, accounts, now));
  MAXOPT_CHECK(SaveSignals(home.store(), judged));
  MAXOPT_TRY(const std::vector<SignalHealth> signals, Signals(home.store(), client));
  std::vector<Condition> out;
  for (const SignalHealth& signal : signals) {
    if (signal.state != SignalState::kBroken && signal.state != SignalState::kDegraded) continue;
    Condition c;
    c.client = client;
    c.detector = "tracking";
    if (signal.accounts.size() == 1) c.account = signal.accounts.front();
    c.name = signal.name;
    c.kpi = signal.name;
    c.tier = signal.state == SignalState::kBroken ? AlertTier::kCritical : AlertTier::kWarning;
    c.title = fmt::format("{} is {}: {}", signal.name, SignalStateName(signal.state), signal.why);
    c.since = signal.since;
    c.evidence = signal.evidence;
    if (signal.state == SignalState::kBroken) {
      c.proposal = "automated decisions of these accounts are frozen until it is well";
    }
    out.push_back(std::move(c));
  }
  return out;
}

/// Closed days whose numbers do not add up or are not all there.
Result<std::vector<Condition>> LookAtQuality(Home& home, const std::string& client) {
  MAXOPT_TRY(const std::vector<AccountInfo> accounts, AccountsOf(home, client));
  std::vector<Condition> out;
  for (const AccountInfo& account : accounts) {
    MAXOPT_TRY(const Zone zone, Zone::Find(account.zone));
    const Day today = zone.DayOf(home.clock().Now());
    MAXOPT_TRY(const std::vector<DayQuality> quality,
               home.facts().Quality(account.account, today - days(kQualityDays), today - days(1)));
    struct Aspect {
      const char* kpi;
      QualityAspect DayQuality::*of;
    };
    for (const Aspect& aspect : {Aspect{"completeness", &DayQuality::completeness},
                                 Aspect{"reconciliation", &DayQuality::reconciliation}}) {
      Condition c;
      int bad = 0;
      for (const DayQuality& day : quality) {
        const QualityAspect& judged = day.*aspect.of;
        if (judged.state != QualityState::kBad) continue;
        if (bad++ == 0) c.since = zone.Begin(day.day);
        c.evidence.push_back(PrintDay(day.day) + ": " + judged.why);
      }
      if (bad == 0) continue;
      c.client = client;
      c.detector = "data_quality";
      c.account = account.account;
      c.name = account.name;
      c.kpi = aspect.kpi;
      c.title = fmt::format("{}: {} of {} day{} fails: {}", PrintAccount(account.account),
                            aspect.kpi, bad, bad == 1 ? "" : "s", c.evidence.front());
      c.proposal = "nothing is decided on these days; maxopt quality shows them";
      out.push_back(std::move(c));
    }
  }
  return out;
}

std::vector<DetectorSource> Sources(Home& home, MonitorWorld monitor) {
  std::vector<DetectorSource> out;
  out.push_back(
      {{"tracking"}, [&home](const std::string& client) { return LookAtSignals(home, client); }});
  out.push_back({{"data_quality"},
                 [&home](const std::string& client) { return LookAtQuality(home, client); }});
  out.push_back(
      {{"review"}, [monitor](const std::string& client) -> Result<std::vector<Condition>> {
         MAXOPT_TRY(ReviewReport report, LookAtReviews(monitor, client));
         return std::move(report.conditions);
       }});
  out.push_back(
      {{"pacing"}, [&home, monitor](const std::string& client) -> Result<std::vector<Condition>> {
         const auto policy = home.PolicyOf(client);
         MAXOPT_TRY(PacingReport report,
                    LookAtPace(monitor, client, policy ? *policy : std::optional<Policy>()));
         return std::move(report.conditions);
       }});
  out.push_back(
      {{"sunset", "credential"},
       [&home](const std::string& client) -> Result<std::vector<Condition>> {
         MAXOPT_TRY(std::vector<Connection> connections, home.Connections());
         std::erase_if(connections, [&](const Connection& c) { return c.client != client; });
         return ConnectionConditions(PlatformSpecs::BuiltIn(), connections, home.clock().Now());
       }});
  return out;
}

}  // namespace

struct Lookout::State {
  std::unique_ptr<AnomalyWatch> anomalies;
  /// Of the home that is being looked at; the anomaly engine asks for it day by day.
  Home* home = nullptr;
  std::map<std::pair<AccountId, int>, double> maturity;  ///< by age, of this look
};

Lookout::Lookout() : state_(std::make_unique<State>()) {
  AnomalyOptions options;
  State* const state = state_.get();
  options.maturity = [state](const AccountId& account, int age) {
    const auto known = state->maturity.find({account, age});
    return known == state->maturity.end() ? 1.0 : known->second;
  };
  options.holidays = [](const AccountInfo& account, Day from, Day to) {
    return DaysOff(account.zone, from, to);
  };
  state_->anomalies = std::make_unique<AnomalyWatch>(std::move(options));
}
Lookout::~Lookout() = default;

Result<AlertRound> Lookout::Raise(Home& home, std::vector<Condition> conditions,
                                  std::vector<Look> looks, AlertScopes scopes, Instant now) {
  MAXOPT_TRY(const AlertConfig config, home.Alerting());
  const NotifyWires wires = MakeNotifyWires();
  return RaiseAlerts(home.alerting_world(config, wires), std::move(conditions), std::move(looks),
                     std::move(scopes), now);
}

Result<Detection> Lookout::Detect(Home& home, const std::string& client, MonitorWorld monitor) {
  const Instant now = home.clock().Now();
  // How much of a young day's conversions is known: from the judgement kept with its data.
  state_->maturity.clear();
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home.store().Accounts());
  for (const ClientAccount& account : accounts) {
    if (!client.empty() && account.client != client) continue;
    const auto zone = Zone::Find(account.info.zone);
    if (!zone) continue;
    const Day today = zone->DayOf(now);
    MAXOPT_TRY(const std::vector<DayQuality> quality,
               home.facts().Quality(account.info.account, today - days(35), today));
    for (const DayQuality& day : quality) {
      if (!day.share_known) continue;
      const auto age = static_cast<int>((today - day.day).count());
      state_->maturity[{account.info.account, age}] = *day.share_known;
    }
  }
  monitor.reader = ReadOnce(monitor);
  DetectWorld world;
  world.view = {&home.store(), &home.facts(), &home.clock(), monitor.reader};
  world.door = &home.door();
  world.policy = [&home](const std::string& name) { return home.PolicyOf(name); };
  world.anomalies = state_->anomalies.get();
  world.others = Sources(home, monitor);

  MAXOPT_TRY(const std::vector<AlertFeedback> told, AlertFeedbackCounts(home.store(), client));
  std::map<std::string, int> answers;
  for (const AlertFeedback& feedback : told) {
    answers[feedback.fingerprint] += feedback.useful - feedback.not_useful;
  }
  return maxopt::Detect(world, client, Feedback::FromAnswers({answers.begin(), answers.end()}));
}

Result<std::vector<Message>> Lookout::WriteOutputs(Home& home, const std::string& client) {
  MonitorState state;
  state.client = client;
  state.now = home.clock().Now();
  MAXOPT_TRY(const Client who, home.store().GetClient(client));
  MAXOPT_TRY(const Zone zone, Zone::Find(who.zone));
  state.day = zone.DayOf(state.now);
  MAXOPT_TRY(const std::vector<AccountInfo> accounts, AccountsOf(home, client));
  MAXOPT_CHECK(ReadLines(home.facts(), accounts, state));
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, home.facts().Freshest());
  for (const AccountInfo& account : accounts) {
    QualityLine line;
    line.account = account.account;
    for (const auto& entry : fresh) {
      if (entry.account != account.account) continue;
      line.learnt_at = entry.learnt_at;
      line.newest_day = entry.last_day;
    }
    line.state = line.learnt_at ? "ok" : "unknown";
    MAXOPT_TRY(const Zone of_account, Zone::Find(account.zone));
    const Day today = of_account.DayOf(state.now);
    MAXOPT_TRY(const std::vector<DayQuality> quality,
               home.facts().Quality(account.account, today - days(kQualityDays), today - days(1)));
    for (const DayQuality& day : quality) {
      for (const auto of :
           {&DayQuality::completeness, &DayQuality::freshness, &DayQuality::reconciliation}) {
        const QualityAspect& aspect = day.*of;
        if (aspect.state != QualityState::kBad && aspect.state != QualityState::kDegraded) continue;
        if (aspect.state == QualityState::kBad) line.state = "bad";
        if (line.state == "ok") line.state = "degraded";
        line.reasons.push_back(PrintDay(day.day) + ": " + aspect.why);
      }
    }
    state.quality.push_back(std::move(line));
    MAXOPT_TRY(const std::vector<ReviewState> reviews, Reviews(home.store(), account.account));
    for (CreativeLine& creative : state.creatives) {
      if (creative.account != account.account) continue;
      for (const ReviewState& review : reviews) {
        if (review.level != Level::kAd || review.id != creative.ad_id) continue;
        creative.review = review.state;
        creative.review_reason = review.reason;
      }
    }
  }
  const auto policy = home.PolicyOf(client);
  MAXOPT_TRY(const PacingReport pace,
             LookAtPace(home.monitor_world(), client, policy ? *policy : std::optional<Policy>()));
  for (const CampaignPace& campaign : pace.campaigns) {
    state.pacing.push_back({campaign.account, campaign.name,
                            std::string(PaceStateName(campaign.verdict.state)),
                            fmt::format("{}", fmt::join(campaign.verdict.why, "; "))});
  }
  MAXOPT_TRY(state.signals, Signals(home.store(), client));
  AlertQuery query;
  query.client = client;
  MAXOPT_TRY(const std::vector<AlertEntry> open, Alerts(home.store(), query));
  for (const AlertEntry& entry : open) state.alerts.push_back(entry.alert);
  std::stable_sort(state.alerts.begin(), state.alerts.end(),
                   [](const Alert& a, const Alert& b) { return a.tier > b.tier; });
  std::vector<Message> sent;
  for (Message& message : MonitorMessages(state)) {
    MAXOPT_TRY(Message kept, home.store().SaveMessage(std::move(message)));
    sent.push_back(std::move(kept));
  }
  return sent;
}

}  // namespace maxopt
