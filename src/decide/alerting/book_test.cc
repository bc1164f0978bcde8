#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <functional>
#include <random>
#include <set>

#include "decide/alerting/alerting.h"

namespace maxopt {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using Kind = Notification::Kind;

const AccountId kMeta{Platform::kMeta, "42"};
const Instant kStart = *ParseInstant("2026-11-22T10:00:00Z");

Condition Trouble(std::string detector, std::string campaign, AlertTier tier = AlertTier::kWarning,
                  std::string kpi = "", std::string direction = "") {
  Condition c;
  c.client = "Alpenglow";
  c.detector = std::move(detector);
  c.account = kMeta;
  c.level = campaign.empty() ? Level::kAccount : Level::kCampaign;
  c.object_id = std::move(campaign);
  c.kpi = std::move(kpi);
  c.direction = std::move(direction);
  c.tier = tier;
  c.title = c.detector + " of " + c.object_id;
  c.since = kStart;
  return c;
}

/// The book between rounds, as a store would keep it: every so often through JSON, so that nothing
/// may be relied on that a restart would lose.
class Book {
 public:
  explicit Book(AlertPolicy policy) : policy_(std::move(policy)) {}
  Book() : Book(Simple()) {}

  static AlertPolicy Simple() {
    AlertPolicy policy;
    policy.routes.push_back({.match = {}, .channels = {"chat"}});
    policy.channels["chat"] = {};
    return policy;
  }

  std::vector<Notification> At(Instant now, std::vector<Condition> conditions, bool looked = true) {
    AlertRoundInput in;
    in.entries = kept_;
    if (++rounds_ % 16 < 2) {
      for (AlertEntry& entry : in.entries) entry = *AlertEntryFromJson(ToJson(entry));
    }
    in.conditions = std::move(conditions);
    if (looked) {
      for (const char* detector : {"kpi", "anomaly", "zero_spend", "delivery", "pacing", "tracking",
                                   "data_quality", "review", "runaway", "credential"}) {
        in.looks.push_back({"Alpenglow", detector, std::nullopt});
      }
    }
    in.scopes = scopes;
    in.silences = silences;
    in.group_told = told_;
    in.next_number = next_;
    in.now = now;
    last = DecideAlerts(policy_, std::move(in));
    next_ += static_cast<int>(last.opened.size());
    kept_.clear();
    for (const AlertEntry& entry : last.entries) {
      const bool live =
          entry.alert.open || std::any_of(entry.told.begin(), entry.told.end(),
                                          [](const auto& t) { return !t.second.resolved; });
      if (live) kept_.push_back(entry);
    }
    for (const Notification& n : last.notifications) {
      EXPECT_EQ(NotificationFromJson(ToJson(n))->key, n.key);
      told_[{n.channel, n.group}] = n.at;
      all.push_back(n);
    }
    return last.notifications;
  }

  void Change(const std::string& id, const std::function<void(AlertEntry&)>& change) {
    for (AlertEntry& entry : kept_) {
      if (entry.alert.id == id) change(entry);
    }
  }
  int Open() const {
    return static_cast<int>(std::count_if(last.entries.begin(), last.entries.end(),
                                          [](const AlertEntry& e) { return e.alert.open; }));
  }
  int Count(Kind kind) const {
    return static_cast<int>(
        std::count_if(all.begin(), all.end(), [&](const auto& n) { return n.kind == kind; }));
  }

  AlertScopes scopes;
  std::vector<Silence> silences;
  AlertRoundOutput last;
  std::vector<Notification> all;

 private:
  AlertPolicy policy_;
  std::vector<AlertEntry> kept_;
  int rounds_ = 0;
  std::map<std::pair<std::string, std::string>, Instant> told_;
  int next_ = 1;
};

TEST(VarianceTier, ByThePercentagesOfTheWatch) {
  EXPECT_EQ(VarianceTier(0.19, "both", 20, 50), std::nullopt);
  EXPECT_EQ(VarianceTier(0.20, "both", 20, 50), AlertTier::kWarning);
  EXPECT_EQ(VarianceTier(1.3 - 1, "above", 30, 0), AlertTier::kWarning);
  EXPECT_EQ(VarianceTier(-0.5, "below", 20, 50), AlertTier::kCritical);
  EXPECT_EQ(VarianceTier(-0.5, "above", 20, 50), std::nullopt);
  EXPECT_EQ(VarianceTier(3.0, "both", 0, 0), std::nullopt);
  EXPECT_EQ(VarianceTier(std::nan(""), "both", 20, 50), std::nullopt);
  EXPECT_EQ(VarianceTier(HUGE_VAL, "both", 20, 50), std::nullopt);
}

TEST(Matcher, TermsValuesAndNegation) {
  EXPECT_TRUE(ParseMatcher("")->terms.empty());
  const auto matcher = ParseMatcher("detector=kpi|anomaly, kpi!=ctr,account=meta/*");
  ASSERT_TRUE(matcher) << matcher.error().what;
  ASSERT_EQ(matcher->terms.size(), 3u);
  EXPECT_TRUE(matcher->terms[1].negated);
  for (const char* bad : {"kpi", "=x", "colour=red", "kpi=", "kpi=a||b", "kpi=a,"}) {
    EXPECT_FALSE(ParseMatcher(bad)) << bad;
  }
}

TEST(AlertBook, F41ConstantConditionIsToldOncePerRepeatInterval) {
  Book book;
  // A prime number of seconds, half an hour: no multiple of it meets the interval.
  for (Instant now = kStart; now < kStart + hours(24 * 4); now += seconds(1801)) {
    book.At(now, {Trouble("kpi", "77", AlertTier::kWarning, "cpa", "above")});
  }
  ASSERT_EQ(book.all.size(), 4u);
  for (std::size_t i = 1; i < book.all.size(); ++i) {
    const auto gap = book.all[i].at - book.all[i - 1].at;
    EXPECT_GE(gap, hours(24));
    EXPECT_LE(gap, hours(24) + seconds(1801));
    EXPECT_EQ(book.all[i].kind, Kind::kRepeat);
  }
  EXPECT_EQ(book.Open(), 1);
}

TEST(AlertBook, F41Alertmanager2320ShortLivedSiblingBringsNoEarlyRepeat) {
  Book book;
  const Condition foo = Trouble("kpi", "77", AlertTier::kWarning, "cpa", "above");
  const Condition bar = Trouble("kpi", "77", AlertTier::kWarning, "ctr", "below");
  book.At(kStart, {foo});
  book.At(kStart + seconds(110), {foo, bar});  // inside of the group interval: must wait
  book.At(kStart + seconds(140), {foo});       // and is over before it could be told
  for (int minute = 3; minute < 60 * 23; minute += 5) book.At(kStart + minutes(minute), {foo});
  ASSERT_EQ(book.all.size(), 1u) << "only foo, once";
  EXPECT_EQ(book.all[0].firing, std::vector<std::string>{"a-20261122-0001"});
  EXPECT_TRUE(book.all[0].resolved.empty());
}

TEST(AlertBook, F41Alertmanager3846FlappingBringsNoEarlyRepeat) {
  Book book;
  for (int minute = 0; minute < 24 * 60; minute += 3) {
    const bool on = minute % 30 < 15;  // again and again, half an hour apart
    book.At(kStart + minutes(minute),
            on ? std::vector{Trouble("kpi", "77")} : std::vector<Condition>{});
  }
  EXPECT_EQ(book.all.size(), 1u);
  EXPECT_EQ(book.Open(), 1);
}

TEST(AlertBook, F41Alertmanager1063FlappingIsNotLostWithoutResolvedMessages) {
  AlertPolicy policy = Book::Simple();
  policy.channels["chat"].send_resolved = false;
  policy.routes[0].repeat_warning = hours(3);
  Book book(policy);
  // The issue's own rule: true for 300 s of every 600 s, looked at every minute, for 12 hours.
  int open_max = 0;
  for (int second = 0; second < 12 * 3600; second += 60) {
    const bool on = second % 600 < 300;
    book.At(kStart + seconds(second),
            on ? std::vector{Trouble("kpi", "77")} : std::vector<Condition>{});
    open_max = std::max(open_max, book.Open());
  }
  EXPECT_EQ(open_max, 1);
  EXPECT_EQ(book.last.entries[0].alert.reopened, 71);  // 72 times true, of one alert
  ASSERT_EQ(book.all.size(), 4u) << "first, and every three hours as long as it flaps";
  // Really over, then back within the repeat interval: a new alert, told at once.
  Instant now = kStart + hours(12);
  for (int minute = 0; minute < 30; ++minute) book.At(now += minutes(1), {});
  EXPECT_EQ(book.Open(), 0);
  EXPECT_EQ(book.all.size(), 4u);
  const auto again = book.At(now + minutes(1), {Trouble("kpi", "77")});
  ASSERT_EQ(again.size(), 1u);
  EXPECT_EQ(again[0].kind, Kind::kFiring);
}

TEST(AlertBook, F41Alertmanager880BatchesBringNoDuplicates) {
  Book book;
  std::vector<Condition> many;
  for (int i = 0; i < 60; ++i) many.push_back(Trouble("kpi", std::to_string(i)));
  std::mt19937 random(880);
  std::map<std::string, int> told;
  // The same conditions come in overlapping, shuffled batches, each twice.
  for (int round = 0; round < 50; ++round) {
    std::shuffle(many.begin(), many.end(), random);
    std::vector<Condition> batch(many.begin(), many.begin() + 40);
    batch.insert(batch.end(), many.begin(), many.begin() + 40);
    for (const Notification& n : book.At(kStart + seconds(round * 20), batch, false)) {
      for (const std::string& id : n.firing) ++told[id];
    }
  }
  EXPECT_EQ(book.Open(), 60);
  EXPECT_EQ(told.size(), 60u);
  for (const auto& [id, times] : told) EXPECT_EQ(times, 1) << id;
}

TEST(AlertBook, F41Grafana126401TinyGroupIntervalIsNoStorm) {
  AlertPolicy policy = Book::Simple();
  policy.group_interval = seconds(1);
  Book book(policy);
  std::vector<Condition> conditions;
  for (int second = 0; second < 600; second += 12) {
    // News all the time, of one group.
    Condition c = Trouble("kpi", "77", AlertTier::kCritical, "kpi" + std::to_string(second));
    conditions.push_back(c);
    book.At(kStart + seconds(second), conditions);
  }
  EXPECT_EQ(book.all.size(), 10u);
  for (std::size_t i = 1; i < book.all.size(); ++i) {
    EXPECT_GE(book.all[i].at - book.all[i - 1].at, kGroupIntervalMin);
  }
}

TEST(AlertBook, F41NoPacingAlertForPausedEndedOrNotStarted) {
  for (const char* why : {"paused", "ended 2026-11-01", "starts 2026-12-01"}) {
    Book book;
    book.scopes.idle["meta/42/campaign/77"] = why;
    for (int day = 0; day < 30; ++day) {
      book.At(kStart + hours(24 * day),
              {Trouble("pacing", "77", AlertTier::kCritical, "spend", "above"),
               Trouble("zero_spend", "77", AlertTier::kCritical)});
    }
    EXPECT_TRUE(book.all.empty()) << why;
    EXPECT_EQ(book.Open(), 0) << why;
    EXPECT_EQ(book.last.notes.size(), 2u);
  }
  // The one that was open when the campaign was paused ends at once, once, and stays silent.
  Book book;
  book.At(kStart, {Trouble("pacing", "77", AlertTier::kWarning, "spend", "above")});
  book.scopes.idle["meta/42/campaign/77"] = "paused";
  for (int hour = 1; hour < 24 * 30; ++hour) {
    book.At(kStart + hours(hour), {Trouble("pacing", "77", AlertTier::kWarning, "spend", "above")});
  }
  ASSERT_EQ(book.all.size(), 2u);
  EXPECT_EQ(book.all[1].kind, Kind::kResolved);
  // What spends although it is paused is another matter.
  EXPECT_EQ(book.At(kStart + hours(999), {Trouble("runaway", "77", AlertTier::kCritical)}).size(),
            1u);
}

TEST(AlertBook, F41EndIsToldExactlyOnce) {
  Book book;
  book.At(kStart, {Trouble("kpi", "77")});
  for (int minute = 10; minute < 24 * 60; minute += 10) book.At(kStart + minutes(minute), {});
  ASSERT_EQ(book.all.size(), 2u);
  EXPECT_EQ(book.all[1].kind, Kind::kResolved);
  EXPECT_EQ(book.all[1].resolved, book.all[0].firing);
  EXPECT_EQ(book.all[1].at, kStart + minutes(30));  // first over at 10, and the hold of 20
}

TEST(AlertBook, WhoCouldNotLookNeitherConfirmsNorEnds) {
  Book book;
  book.At(kStart, {Trouble("kpi", "77")});
  for (int hour = 1; hour < 20; ++hour) book.At(kStart + hours(hour), {}, false);
  EXPECT_EQ(book.Open(), 1);
  EXPECT_EQ(book.last.entries[0].alert.last_true_at, kStart);
  EXPECT_EQ(book.last.entries[0].alert.times_true, 1);
  // Once it was seen to be over, time alone ends it.
  book.At(kStart + hours(20), {});
  book.At(kStart + hours(21), {}, false);
  EXPECT_EQ(book.Open(), 0);
}

TEST(AlertBook, LooksAreOfTheirAccountAndDetector) {
  Book book;
  book.At(kStart, {Trouble("kpi", "77")});
  AlertRoundInput in;
  in.entries = book.last.entries;
  in.looks = {{"Alpenglow", "kpi", AccountId{Platform::kMeta, "43"}},
              {"Alpenglow", "pacing", std::nullopt},
              {"Other", "kpi", std::nullopt}};
  in.now = kStart + hours(2);
  EXPECT_FALSE(DecideAlerts(Book::Simple(), in).entries[0].over_since);
  in.looks.push_back({"Alpenglow", "kpi", kMeta});
  EXPECT_TRUE(DecideAlerts(Book::Simple(), in).entries[0].over_since);
}

TEST(AlertBook, AWorseTierIsToldALowerOneIsNot) {
  Book book;
  book.At(kStart, {Trouble("kpi", "77")});
  book.At(kStart + minutes(2), {Trouble("kpi", "77", AlertTier::kCritical)});
  ASSERT_EQ(book.all.size(), 2u) << "critical news waits for the minute only";
  EXPECT_EQ(book.all[1].tier, AlertTier::kCritical);
  book.At(kStart + minutes(20), {Trouble("kpi", "77")});
  EXPECT_EQ(book.all.size(), 2u);
  EXPECT_EQ(book.last.entries[0].alert.tier, AlertTier::kCritical);
  EXPECT_EQ(book.last.entries[0].alert.condition.tier, AlertTier::kWarning);
}

TEST(AlertBook, AccountWideTroubleIsOneNotification) {
  Book book;
  book.At(kStart, {Trouble("zero_spend", "1"), Trouble("zero_spend", "2"),
                   Trouble("zero_spend", "3"), Trouble("zero_spend", "4")});
  ASSERT_EQ(book.all.size(), 1u);
  EXPECT_EQ(book.all[0].firing.size(), 4u);
  EXPECT_EQ(book.all[0].group, "Alpenglow|meta/42");
  // Two campaigns with unlike troubles are two matters.
  Book other;
  other.At(kStart, {Trouble("zero_spend", "1"), Trouble("review", "2")});
  EXPECT_EQ(other.all.size(), 2u);
}

TEST(AlertBook, InhibitionTellsTheCauseOnly) {
  struct Case {
    const char* what;
    Condition source, target;
    bool inhibited;
  };
  Condition suspended = Trouble("review", "", AlertTier::kCritical);
  Condition ad = Trouble("review", "9");
  ad.level = Level::kAd;
  Condition other_account = Trouble("zero_spend", "5");
  other_account.account = AccountId{Platform::kTikTok, "7"};
  Condition tracking = Trouble("tracking", "", AlertTier::kCritical);
  tracking.account.reset();
  Condition meta_tracking = Trouble("tracking", "", AlertTier::kCritical);
  Condition tiktok_cpa = Trouble("kpi", "5", AlertTier::kWarning, "cpa", "above");
  tiktok_cpa.account = AccountId{Platform::kTikTok, "7"};
  const Case cases[] = {
      {"tracking, cpa", tracking, Trouble("kpi", "77", AlertTier::kCritical, "cpa"), true},
      {"tracking, roas", tracking, Trouble("anomaly", "77", AlertTier::kWarning, "roas"), true},
      {"tracking, spend", tracking, Trouble("anomaly", "77", AlertTier::kWarning, "spend"), false},
      {"tracking of another platform", meta_tracking, tiktok_cpa, false},
      {"tracking, zero spend", tracking, Trouble("zero_spend", "77"), false},
      {"suspended, zero spend", suspended, Trouble("zero_spend", "77"), true},
      {"suspended, pacing", suspended, Trouble("pacing", "77"), true},
      {"suspended, other account", suspended, other_account, false},
      {"stale, pacing", Trouble("data_quality", ""), Trouble("pacing", "77"), true},
      {"stale, zero spend", Trouble("data_quality", ""), Trouble("zero_spend", "77"), true},
      {"stale for information", Trouble("data_quality", "", AlertTier::kInfo),
       Trouble("zero_spend", "77"), false},
      {"campaign, its ad", Trouble("review", "77"), ad, true},
      {"other campaign, ad", Trouble("review", "78"), ad, false},
      {"zero spend, delivery", Trouble("zero_spend", "77"), Trouble("delivery", "77"), true},
      {"kpi and anomaly of it", Trouble("kpi", "77", AlertTier::kWarning, "cpa"),
       Trouble("anomaly", "77", AlertTier::kWarning, "cpa"), true},
      {"kpi and anomaly of another", Trouble("kpi", "77", AlertTier::kWarning, "cpa"),
       Trouble("anomaly", "77", AlertTier::kWarning, "ctr"), false},
  };
  for (const Case& c : cases) {
    Book book;
    book.scopes.campaign_of["meta/42/ad/9"] = "meta/42/campaign/77";
    book.At(kStart, {c.source, c.target});
    ASSERT_EQ(book.Open(), 2) << c.what;
    std::set<std::string> told;
    for (const Notification& n : book.all) told.insert(n.firing.begin(), n.firing.end());
    for (const AlertEntry& entry : book.last.entries) {
      const bool is_target = Fingerprint(entry.alert.condition) == Fingerprint(c.target);
      const bool expect_told =
          entry.alert.tier >= AlertTier::kWarning && !(is_target && c.inhibited);
      EXPECT_EQ(told.contains(entry.alert.id), expect_told) << c.what << ": " << entry.alert.id;
      EXPECT_EQ(entry.inhibited_by.empty(), !(is_target && c.inhibited)) << c.what;
    }
    // When the cause is over, and it still holds, it is told.
    if (!c.inhibited) continue;
    book.At(kStart + minutes(30), {c.target});
    book.At(kStart + minutes(60), {c.target});
    book.At(kStart + minutes(90), {c.target});
    int firing = 0;
    for (const Notification& n : book.all) firing += static_cast<int>(n.firing.size());
    EXPECT_EQ(firing, 2) << c.what;
  }
}

TEST(AlertBook, NoInhibitionRuleGoesInACircle) {
  // On one object no detector may explain one that explains it, or neither would be told.
  for (const InhibitionRule& a : InhibitionTable()) {
    for (const InhibitionRule& b : InhibitionTable()) {
      if (a.relation == "below" || b.relation == "below") continue;
      if (a.relation == "account" || b.relation == "account") continue;  // never the same object
      const auto shares = [](std::string_view one, std::string_view two) {
        const std::string other = " " + std::string(two) + " ";
        std::string word;
        for (const char c : std::string(one) + " ") {
          if (c != ' ') {
            word += c;
          } else if (other.find(" " + word + " ") != std::string::npos) {
            return true;
          } else {
            word.clear();
          }
        }
        return false;
      };
      EXPECT_FALSE(shares(a.source, b.target) && shares(b.source, a.target))
          << a.source << " / " << b.source;
    }
  }
}

TEST(AlertBook, SilencesHoldAndLetGo) {
  Book book;
  book.silences = {{7, "Alpenglow", "campaign=77,detector=kpi", kStart, kStart + hours(5), "Maya",
                    "launch week"}};
  for (int hour = 0; hour < 5; ++hour) {
    book.At(kStart + hours(hour), {Trouble("kpi", "77"), Trouble("kpi", "78")});
  }
  ASSERT_EQ(book.all.size(), 1u);
  EXPECT_EQ(book.all[0].group, "Alpenglow|meta/42/campaign/78");
  EXPECT_EQ(book.last.entries[0].silenced_by, 7);
  book.At(kStart + hours(5), {Trouble("kpi", "77"), Trouble("kpi", "78")});
  ASSERT_EQ(book.all.size(), 2u) << "still true when the silence ends";
  // One that ends within its silence is never told, nor is its end.
  Book quiet;
  quiet.silences = {{8, "", "", kStart, kStart + hours(5), "Maya", "maintenance"}};
  quiet.At(kStart, {Trouble("kpi", "77")});
  for (int hour = 1; hour < 12; ++hour) quiet.At(kStart + hours(hour), {});
  EXPECT_TRUE(quiet.all.empty());
  EXPECT_EQ(quiet.Open(), 0);
}

TEST(AlertBook, EscalatesUnacknowledgedCriticalOnce) {
  AlertPolicy policy = Book::Simple();
  policy.routes[0].escalation = {{minutes(15), {"pager"}}, {minutes(45), {"boss"}}};
  policy.channels["pager"] = {.send_resolved = true, .send_acknowledged = true};
  Book book(policy);
  const std::vector trouble{Trouble("runaway", "77", AlertTier::kCritical)};
  for (int minute = 0; minute < 120; minute += 5) book.At(kStart + minutes(minute), trouble);
  ASSERT_EQ(book.all.size(), 3u);
  EXPECT_EQ(book.all[1].channel, "pager");
  EXPECT_EQ(book.all[1].kind, Kind::kEscalation);
  EXPECT_EQ(book.all[1].at, kStart + minutes(15));
  EXPECT_EQ(book.all[2].channel, "boss");
  // All three hear of the end.
  for (int minute = 120; minute < 200; minute += 5) book.At(kStart + minutes(minute), {});
  EXPECT_EQ(book.Count(Kind::kResolved), 3);

  Book taken(policy);
  taken.At(kStart, trouble);
  taken.Change("a-20261122-0001", [](AlertEntry& e) { Acknowledge(e, "Maya", kStart); });
  for (int minute = 5; minute < 24 * 60; minute += 5) taken.At(kStart + minutes(minute), trouble);
  EXPECT_EQ(taken.all.size(), 1u) << "acknowledged: neither repeats nor escalates";
  // A warning neither escalates nor pages.
  Book mild(policy);
  for (int minute = 0; minute < 120; minute += 5) {
    mild.At(kStart + minutes(minute), {Trouble("kpi", "77")});
  }
  EXPECT_EQ(mild.all.size(), 1u);
}

TEST(AlertBook, AcknowledgementIsPassedOnOnceAndEndsWhenItGetsWorse) {
  AlertPolicy policy = Book::Simple();
  policy.channels["chat"].send_acknowledged = true;
  Book book(policy);
  book.At(kStart, {Trouble("kpi", "77")});
  book.Change("a-20261122-0001", [](AlertEntry& e) { Acknowledge(e, "Maya", kStart); });
  for (int hour = 1; hour < 60; ++hour) book.At(kStart + hours(hour), {Trouble("kpi", "77")});
  ASSERT_EQ(book.all.size(), 2u);
  EXPECT_EQ(book.all[1].kind, Kind::kAcknowledged);
  book.At(kStart + hours(60), {Trouble("kpi", "77", AlertTier::kCritical)});
  ASSERT_EQ(book.all.size(), 3u);
  EXPECT_EQ(book.all[2].kind, Kind::kFiring);
  EXPECT_TRUE(book.last.entries[0].acknowledged_by.empty());
}

TEST(AlertBook, QuietHoursHoldWarningsNotCritical) {
  AlertPolicy policy = Book::Simple();
  // 22:00 to 07:00 in Berlin is 21:00 to 06:00 UTC in November.
  policy.channels["chat"].quiet = QuietHours{22 * 60, 7 * 60, *Zone::Find("Europe/Berlin")};
  Book book(policy);
  const Instant night = *ParseInstant("2026-11-22T21:00:00Z");
  const std::vector warning{Trouble("kpi", "77")};
  for (int hour = 0; hour < 9; ++hour) book.At(night + hours(hour), warning);
  EXPECT_TRUE(book.all.empty());
  book.At(night + hours(8), {warning[0], Trouble("runaway", "78", AlertTier::kCritical)});
  EXPECT_EQ(book.all.size(), 1u);
  book.At(night + hours(9), warning);
  ASSERT_EQ(book.all.size(), 2u);
  EXPECT_EQ(book.all[1].at, night + hours(9));
}

TEST(AlertBook, RoutesTakeTheFirstThatFits) {
  AlertPolicy policy;
  policy.routes.push_back({.match = *ParseMatcher("detector=review"), .channels = {"lucas"}});
  policy.routes.push_back(
      {.match = {}, .tier_min = AlertTier::kCritical, .channels = {"pager", "chat"}});
  policy.routes.push_back({.match = {}, .channels = {"chat"}});
  Book book(policy);
  book.At(kStart,
          {Trouble("review", "1", AlertTier::kCritical), Trouble("kpi", "2", AlertTier::kCritical),
           Trouble("kpi", "3"), Trouble("kpi", "4", AlertTier::kInfo)});
  std::map<std::string, int> by_channel;
  for (const Notification& n : book.all) by_channel[n.channel] += static_cast<int>(n.firing.size());
  EXPECT_EQ(by_channel, (std::map<std::string, int>{{"chat", 2}, {"lucas", 1}, {"pager", 1}}));
  EXPECT_EQ(book.Open(), 4);
}

/// Whatever happens, the promises hold: random troubles, looks and times from a seed.
TEST(AlertBook, F41PromisesHoldUnderRandomRounds) {
  for (unsigned seed = 1; seed <= 4; ++seed) {
    std::mt19937 random(seed);
    AlertPolicy policy = Book::Simple();
    policy.routes[0].repeat_warning = hours(6);
    policy.routes[0].channels.push_back("mail");
    policy.routes[0].escalation = {{minutes(30), {"pager"}}};
    Book book(policy);
    std::map<std::pair<std::string, std::string>, Instant> told_at;  // channel, alert
    std::map<std::pair<std::string, std::string>, Instant> group_at;
    std::set<std::pair<std::string, std::string>> ended;
    std::map<std::string, AlertTier> tier_told;
    Instant now = kStart;
    for (int round = 0; round < 150; ++round) {
      now += seconds(random() % 1200 + 1);
      std::vector<Condition> conditions;
      for (int i = 0; i < 6; ++i) {
        if (random() % 3 == 0) continue;
        conditions.push_back(Trouble(i % 2 ? "kpi" : "zero_spend", std::to_string(i),
                                     random() % 9 ? AlertTier::kWarning : AlertTier::kCritical));
      }
      const auto notes = book.At(now, conditions, random() % 4 != 0);
      std::map<std::string, int> open;
      for (const AlertEntry& e : book.last.entries) {
        if (e.alert.open) ++open[Fingerprint(e.alert.condition)];
      }
      for (const auto& [fingerprint, count] : open) ASSERT_EQ(count, 1) << fingerprint;
      for (const Notification& n : notes) {
        const std::pair group{n.channel, n.group};
        if (group_at.contains(group)) {
          ASSERT_GE(now - group_at[group], kGroupIntervalMin);
        }
        group_at[group] = now;
        for (const std::string& id : n.firing) {
          const std::pair key{n.channel, id};
          const auto entry = std::find_if(book.last.entries.begin(), book.last.entries.end(),
                                          [&](const auto& e) { return e.alert.id == id; });
          ASSERT_NE(entry, book.last.entries.end());
          const bool worse =
              tier_told.contains(n.channel + id) && tier_told[n.channel + id] < entry->alert.tier;
          if (told_at.contains(key) && !worse) {
            const auto least = entry->alert.tier == AlertTier::kCritical ? hours(4) : hours(6);
            ASSERT_GE(now - told_at[key], least) << "seed " << seed;
          }
          told_at[key] = now;
          tier_told[n.channel + id] = entry->alert.tier;
          ASSERT_FALSE(ended.contains(key)) << "told after its end";
        }
        for (const std::string& id : n.resolved) {
          ASSERT_TRUE(told_at.contains({n.channel, id})) << "an end without a beginning";
          ASSERT_TRUE(ended.insert({n.channel, id}).second) << "an end told twice";
        }
      }
    }
    ASSERT_GT(book.all.size(), 10u);
  }
}

TEST(AlertBook, SameInputSameBytesWhateverTheOrder) {
  std::vector<Condition> conditions;
  for (int i = 0; i < 20; ++i) conditions.push_back(Trouble("kpi", std::to_string(i)));
  Book one, two;
  one.At(kStart, conditions);
  std::reverse(conditions.begin(), conditions.end());
  two.At(kStart, conditions);
  ASSERT_EQ(one.last.entries.size(), two.last.entries.size());
  for (std::size_t i = 0; i < one.last.entries.size(); ++i) {
    EXPECT_EQ(ToJson(one.last.entries[i]), ToJson(two.last.entries[i]));
  }
  ASSERT_EQ(one.all.size(), two.all.size());
  EXPECT_EQ(ToJson(one.all[0]), ToJson(two.all[0]));
}

}  // namespace
}  // namespace maxopt
