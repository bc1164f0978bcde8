// The reports that reports.yaml schedules, each as a decision cycle: on the client's clock, once,
// and gone on with after a cut.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "app/cycle/cycle.h"
#include "app/reports/reports_for_test.h"
#include "apply/fault_point.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/tactics.h"

namespace maxopt {
namespace {

/// As the worker has them made.
ReportMaker By(Home& home) {
  return [&home](const ReportRequest& request, bool tell) {
    return MakeReportOnce(home, request, tell);
  };
}

/// A run that keeps its progress as the worker does.
Result<ScheduledReports> RunAt(Home& home, std::string& progress,
                               const std::shared_ptr<Mailer>& mailer) {
  return RunReportSchedules(home, "A", home.clock().Now(), progress, By(home), mailer,
                            [&progress](const std::string& text) -> Result<> {
                              progress = text;
                              return {};
                            });
}

constexpr const char* kPost =
    "maxopt: alerts/1\nchannels:\n  - {name: mail, kind: email, url: "
    "\"smtp://mail.example:587\", from: max@b.example, to: [y@a.example]}\nroutes: []\n";

TEST(ReportSchedules, KeepTheClientsClockOverAShift) {
  // Monday 7:00 in Berlin: 6:00 UTC in winter, 5:00 UTC after 29 March 2026.
  const Scratch scratch;
  const auto clock = ClockAt("2026-03-23T05:50:00Z");
  const auto home = MakeHome(scratch.path(), clock, "Europe/Berlin");
  Write(
      scratch.path() + "/reports.yaml",
      "maxopt: reports/1\nschedules:\n  - name: monday\n    client: A\n    cron: \"0 7 * * mon\"\n"
      "    period: last_week\n    forms: [html, md]\n    mail: {channel: post, to: "
      "[x@a.example]}\n");
  Write(scratch.path() + "/alerts.yaml",
        "maxopt: alerts/1\nchannels:\n  - name: post\n    kind: email\n    url: "
        "smtp://mail.example:587\n"
        "    from: max@b.example\n    to: [y@a.example]\nroutes: []\n");
  const auto mailer = std::make_shared<Kept>();
  std::string progress;
  std::vector<std::string> made;
  for (; clock->Now() < *ParseInstant("2026-03-30T12:00:00Z");
       clock->AdvanceTo(clock->Now() + std::chrono::minutes(15))) {
    const auto round = RunAt(*home, progress, mailer);
    ASSERT_TRUE(round) << round.error().what;
    for (const std::string& problem : round->problems) ADD_FAILURE() << problem;
    for (const ReportEntry& entry : round->made) {
      made.push_back(fmt::format("{} {} {}", PrintInstant(clock->Now()), PrintDay(entry.from),
                                 PrintDay(entry.to)));
      EXPECT_EQ(round->messages, 1);
      EXPECT_EQ(round->mails, 1);
    }
  }
  EXPECT_EQ(made, (std::vector<std::string>{"2026-03-23T06:05:00Z 2026-03-16 2026-03-22",
                                            "2026-03-30T05:05:00Z 2026-03-23 2026-03-29"}));
  ASSERT_EQ(mailer->mails.size(), 2U);
  EXPECT_EQ(mailer->mails[0].to, (std::vector<std::string>{"x@a.example"}));
  EXPECT_NE(mailer->mails[0].text.find("To: x@a.example\r\n"), std::string::npos);
  // The same round again, as after a crash before its progress was kept: nothing is made twice,
  // and what nothing says was mailed is mailed.
  const auto again =
      RunReportSchedules(*home, "A", *ParseInstant("2026-03-30T05:05:00Z"), "", By(*home), mailer,
                         [](const std::string&) -> Result<> { return {}; });
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->made.empty());
  EXPECT_EQ(again->mails, 1);
  EXPECT_EQ(again->problems, std::vector<std::string>());
  // Each is a decision cycle, with what was remembered for it.
  const auto rows = Cycles(home->store(), {});
  ASSERT_EQ(rows->size(), 2U);
  for (const StoredCycle& row : *rows) {
    EXPECT_EQ(row.stage + " " + row.state, "report done");
    EXPECT_TRUE(ReplayStageCycle(*home, row.id)->same);
  }
  const auto kept = Reports(*home, "A", 10);
  for (const ReportEntry& entry : *kept) {
    EXPECT_EQ(Recollections(home->store(), entry.id, "A", 5)->size(), 1U) << entry.id;
  }
}

TEST(ReportSchedules, TheTemplateThatInitWritesRuns) {
  const Scratch scratch;
  const auto home = MakeHome(scratch.path(), ClockAt("2026-03-16T07:05:00Z"));
  Write(scratch.path() + "/reports.yaml", TemplateInForce("A"));
  Write(scratch.path() + "/alerts.yaml", kPost);
  const auto mailer = std::make_shared<Kept>();
  std::string progress;  // Monday 07:00 was five minutes ago
  const auto round = RunAt(*home, progress, mailer);
  ASSERT_TRUE(round) << round.error().what;
  EXPECT_EQ(round->problems, std::vector<std::string>());
  ASSERT_EQ(round->made.size(), 1U);
  EXPECT_EQ(PrintDay(round->made[0].from) + " " + PrintDay(round->made[0].to),
            "2026-03-09 2026-03-15");
  EXPECT_EQ(round->mails, 1);
  // What the template says holds in the cycle too.
  EXPECT_EQ(round->made[0].template_name, "weekly");
  EXPECT_EQ(round->made[0].audience, "client");
}

/// Thrown at a point as a process dies there. No std::exception: nobody takes it for an error.
struct Died {};

class CutReports : public testing::Test {
 protected:
  void TearDown() override { SetFaultHook({}); }
  std::unique_ptr<Home> NewHome() {
    scratch_ = std::make_unique<Scratch>();
    auto home = MakeHome(scratch_->path(), clock_);
    Write(scratch_->path() + "/reports.yaml",
          "maxopt: reports/1\nschedules:\n  - {name: monday, client: A, cron: \"0 7 * * mon\", "
          "kind: strategy, period: last_week, forms: [md], mail: {channel: mail}}\n");
    Write(scratch_->path() + "/alerts.yaml", kPost);
    return home;
  }
  /// Dies at the nth passing of the point.
  static void DieAt(const char* point, int nth) {
    SetFaultHook([point, left = nth](std::string_view name) mutable {
      if (name == point && --left == 0) throw Died{};
    });
  }

  std::shared_ptr<VirtualClock> clock_ = ClockAt("2026-03-16T07:05:00Z");
  std::unique_ptr<Scratch> scratch_;
};

TEST_F(CutReports, WhereverItIsCutTheNextRunMakesTellsAndMailsOnce) {
  // The execution begun and nothing done; the report made and told, and that not kept; all of it
  // kept but for the schedule's progress; that too, and no mail sent.
  const std::pair<const char*, int> points[] = {
      {"cycle_kept", 13}, {"cycle_keep", 14}, {"report_made", 1}, {"report_owed", 1}};
  for (const auto& [point, nth] : points) {
    SCOPED_TRACE(fmt::format("{}:{}", point, nth));
    auto home = NewHome();
    const auto mailer = std::make_shared<Kept>();
    std::string progress;
    DieAt(point, nth);
    EXPECT_THROW((void)RunAt(*home, progress, mailer), Died);
    SetFaultHook({});
    home.reset();  // a new process, which knows of the progress that was kept
    home = std::move(*Home::Open(scratch_->path(), clock_));
    const auto round = RunAt(*home, progress, mailer);
    ASSERT_TRUE(round) << round.error().what;
    EXPECT_EQ(round->problems, std::vector<std::string>());
    EXPECT_EQ(Reports(*home, "A", 10)->size(), 1U);
    EXPECT_EQ(home->store().Messages("", 10)->size(), 2U);  // maya, simon
    EXPECT_EQ(mailer->mails.size(), 1U);
    int done = 0;
    const auto cycles = Cycles(home->store(), {});
    for (const StoredCycle& row : *cycles) done += row.state == "done" ? 1 : 0;
    EXPECT_EQ(done, 1);
    EXPECT_EQ(CheckLedger(home->store(), "")->broken, "");
    if (HasFailure()) return;
  }
}

TEST_F(CutReports, AMailIsTriedUntilTheServerIsBackAndGivenUpByName) {
  auto home = NewHome();
  const auto mailer = std::make_shared<Kept>();
  mailer->away = true;
  std::string progress;
  const auto later = [&](std::chrono::hours by) {
    clock_->AdvanceTo(clock_->Now() + by);
    return RunAt(*home, progress, mailer);
  };
  const auto first = later(std::chrono::hours(0));
  ASSERT_TRUE(first) << first.error().what;
  ASSERT_EQ(first->made.size(), 1U);
  const std::string id = first->made[0].id;
  EXPECT_EQ(first->problems,
            std::vector<std::string>{id + " by mail: the mail server is away; tried again in the "
                                          "next run"});
  EXPECT_EQ(later(std::chrono::hours(71))->problems, first->problems);
  mailer->away = false;
  const auto back = later(std::chrono::hours(1));
  EXPECT_EQ(back->mails, 1);
  EXPECT_TRUE(back->made.empty());
  EXPECT_EQ(back->problems, std::vector<std::string>());
  ASSERT_EQ(mailer->mails.size(), 1U);
  EXPECT_EQ(later(std::chrono::hours(1))->mails, 0);
  // The next week's is never sent: after three days that is said, once.
  mailer->away = true;
  const auto next = later(std::chrono::hours(4 * 24));
  ASSERT_EQ(next->made.size(), 1U);
  const auto last = later(std::chrono::hours(73));
  EXPECT_EQ(last->problems,
            std::vector<std::string>{next->made[0].id +
                                     " by mail: the mail server is away; given up after three "
                                     "days: maxopt reports render " +
                                     next->made[0].id + " --form eml writes the mail"});
  EXPECT_EQ(later(std::chrono::hours(1))->problems, std::vector<std::string>());
  EXPECT_EQ(mailer->mails.size(), 1U);
}

TEST_F(CutReports, ATextThatIsNoProgressIsABeginning) {
  auto home = NewHome();
  const auto mailer = std::make_shared<Kept>();
  // As an older version kept it; others'.
  for (std::string progress :
       {"{\"monday\":\"2026-03-16T07:05:00Z\"}", "{\"monday\":", "{\"monday\":{\"after\":7}}"}) {
    const bool known = progress.find(":05:00Z") != std::string::npos;
    const auto round = RunAt(*home, progress, mailer);
    ASSERT_TRUE(round) << round.error().what;
    EXPECT_EQ(round->mails, known ? 0 : 1) << progress;
    EXPECT_EQ(progress, "{\"monday\":{\"after\":\"2026-03-16T07:05:00Z\"}}");
  }
  EXPECT_EQ(Reports(*home, "A", 10)->size(), 1U);
}

TEST_F(CutReports, AnotherReportDoesNotGoOnWithIt) {
  auto home = NewHome();
  ReportRequest weekly;
  weekly.client = "A";
  weekly.by = "schedule x of 2026-03-16T06:00:00Z";
  DieAt("cycle_kept", 13);  // the execution was begun
  EXPECT_THROW((void)MakeReportOnce(*home, weekly, false), Died);
  SetFaultHook({});
  ReportRequest other;
  other.client = "A";
  other.kind = "channels";
  other.by = "anna";
  const auto made = MakeReportCycle(*home, other, false);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->entry.kind, "channels");
  EXPECT_TRUE(made->messages.empty());
  EXPECT_EQ(Reports(*home, "A", 10)->size(), 1U);
  const auto first = MakeReportOnce(*home, weekly, false);
  ASSERT_TRUE(first);
  EXPECT_FALSE(first->before);
  EXPECT_TRUE(first->entry.by.starts_with(weekly.by + " (c-20260316-0001"));
  EXPECT_EQ(Reports(*home, "A", 10)->size(), 2U);
  EXPECT_EQ(Cycles(home->store(), {})->size(), 2U);
  const auto again = MakeReportOnce(*home, weekly, false);
  ASSERT_TRUE(again);
  EXPECT_TRUE(again->before);
  EXPECT_EQ(again->entry.id, first->entry.id);
}

TEST_F(CutReports, WhatIsAskedForIsMade) {
  const auto home = NewHome();
  ReportRequest request;
  request.client = "A";
  request.kind = "efficiency";
  request.audience = "operator";
  request.language = "de";
  request.campaign_type = "leads";
  request.from = kFrom;
  request.to = kTo;
  request.as_of = *ParseInstant("2026-03-16T06:00:00Z");
  request.by = "anna";
  const auto made = MakeReportCycle(*home, request, true);
  ASSERT_TRUE(made) << made.error().what;
  EXPECT_EQ(made->entry.kind + " " + made->entry.audience + " " + made->entry.language,
            "efficiency operator de");
  EXPECT_EQ(made->entry.from, kFrom);
  EXPECT_EQ(made->entry.to, kTo);
  EXPECT_EQ(made->entry.as_of, *request.as_of);
  EXPECT_EQ(made->messages.size(), 1U);
  // The same numbers as without a cycle.
  const auto plain = MakeReport(*home, request);
  ASSERT_TRUE(plain) << plain.error().what;
  const auto of = [&](const std::string& id) {
    auto document = nlohmann::json::parse(*ReportJson(*home, id));
    return document.at("sections").dump();
  };
  EXPECT_EQ(of(made->entry.id), of(plain->id));
  // What cannot be is refused before a cycle is begun.
  request.audience = "nobody";
  EXPECT_EQ(MakeReportCycle(*home, request, true).error().code, Errc::kInvalidArgument);
  request.audience = "", request.to = kFrom - std::chrono::days(1);
  EXPECT_EQ(MakeReportCycle(*home, request, true).error().code, Errc::kInvalidArgument);
  request.client = "B";
  EXPECT_EQ(MakeReportCycle(*home, request, true).error().code, Errc::kNotFound);
  EXPECT_EQ(Cycles(home->store(), {})->size(), 1U);
}

}  // namespace
}  // namespace maxopt
