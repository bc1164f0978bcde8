// Reported failures that the door must withstand, each named by its number.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <filesystem>
#include <random>
#include <thread>

#include "apply/door_for_test.h"
#include "apply/fault_point.h"

namespace maxopt {
namespace {

struct Killed {};

/// Ends the run at the nth passing of any point, as a power cut would.
class KillAtNth {
 public:
  explicit KillAtNth(int nth) {
    SetFaultHook([this, nth](std::string_view) {
      if (++passed_ == nth) throw Killed{};
    });
  }
  ~KillAtNth() { SetFaultHook({}); }

 private:
  int passed_ = 0;
};

class FailuresTest : public DoorTest {
 protected:
  /// A new world for each case of a loop.
  void Restart() {
    store_ = std::move(*CampaignStore::Open(":memory:"));
    fake_ = std::make_shared<FakePlatform>();
    fake_->clock = &clock_;
    connector_ = std::make_shared<Connector>(Connector{fake_, fake_});
    Register(*store_);
    door_ptr_ = std::make_unique<Door>(World());
  }
  Door& door() { return door_ptr_ ? *door_ptr_ : door_; }
  std::string ApprovedHere(Plan draft) {
    const auto plan = door().Propose(std::move(draft), &policy_);
    EXPECT_TRUE(plan) << plan.error().what;
    EXPECT_TRUE(door().Approve(plan->id, "cleo", ContentHash(*plan), &policy_));
    return plan->id;
  }
  /// One of each kind, each with its own mark, nothing that is not recorded.
  void ExpectOneOfEach(std::size_t count) {
    EXPECT_EQ(fake_->objects.size(), count);
    std::set<std::string> names;
    for (const auto& [id, entity] : fake_->objects) names.insert(TextField(entity.fields, "name"));
    EXPECT_EQ(names.size(), fake_->objects.size());
    const auto orphans = door().Orphans("Alpenglow");
    ASSERT_TRUE(orphans) << orphans.error().what;
    EXPECT_TRUE(orphans->empty()) << orphans->front().what;
  }
  std::unique_ptr<Door> door_ptr_;
};

// --- writes and retries

TEST_F(FailuresTest, F13LostAnswersAndCrashesMakeNothingTwice) {
  for (const Fate fate : {Fate::kDone, Fate::kDoneAnswerLost, Fate::kLostBeforeArriving}) {
    for (std::size_t write = 0; write < 5; ++write) {
      for (int nth = 1;; ++nth) {
        SCOPED_TRACE(testing::Message() << "fate " << static_cast<int>(fate) << " of write "
                                        << write << ", killed at point " << nth);
        Restart();
        fake_->fates = std::vector<Fate>(write, Fate::kDone);
        fake_->fates.push_back(fate);
        const std::string id = ApprovedHere(LaunchAllKinds());
        bool killed = false;
        try {
          const KillAtNth kill(nth);
          (void)door().Apply(id, "ben", &policy_);
        } catch (const Killed&) {
          killed = true;
        }
        const auto report = door().Apply(id, "ben", &policy_);
        ASSERT_TRUE(report) << report.error().what;
        EXPECT_EQ(report->status, PlanStatus::kVerified);
        ExpectOneOfEach(5);
        if (HasFailure()) return;
        // Every point for a run without faults; with faults, the first ones.
        if (!killed || (fate != Fate::kDone && nth > 4)) break;
        if (fate == Fate::kDone && write > 0) break;
      }
    }
  }
}

TEST_F(FailuresTest, F14AKeyOutlivesTheProcess) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("maxopt_f14_" + std::to_string(::getpid())))
          .string();
  store_ = std::move(*CampaignStore::Open(path));
  Register(*store_);
  std::string id;
  {
    Door first(World());
    const Plan plan = *first.Propose(Launch(), &policy_);
    id = plan.id;
    ASSERT_TRUE(first.Approve(id, "cleo", ContentHash(plan), &policy_));
    SetFaultHook([](std::string_view point) {
      if (point == "answered") throw Killed{};
    });
    EXPECT_THROW((void)first.Apply(id, "ben", &policy_), Killed);
    SetFaultHook({});
  }
  EXPECT_EQ(fake_->objects.size(), 1u);  // made, and no answer was kept
  store_.reset();
  store_ = std::move(*CampaignStore::Open(path));
  Door second(World());
  EXPECT_EQ(second.Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 3u);
  EXPECT_EQ(second.Apply(id, "ben", &policy_)->sent, 0);
  store_.reset();
  for (const char* suffix : {"", "-wal", "-shm", ".lock"}) std::filesystem::remove(path + suffix);
}

TEST_F(FailuresTest, F15ThirtyTwoAppliesOfOnePlanAreOne) {
  const std::string id = Approved(Launch());
  std::atomic<int> sent = 0, conflicts = 0, replayed = 0, other = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 32; ++i) {
    threads.emplace_back([&] {
      const auto report = door_.Apply(id, "ben", &policy_);
      if (!report) {
        ++(report.error().code == Errc::kConflict ? conflicts : other);
      } else if (report->sent > 0) {
        sent += report->sent;
      } else {
        ++replayed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sent, 3);
  EXPECT_EQ(conflicts + replayed, 31);
  EXPECT_EQ(other, 0);
  EXPECT_EQ(fake_->writes, 3);
  EXPECT_EQ(fake_->objects.size(), 3u);
}

TEST_F(FailuresTest, F16ATakenNameIsOursOrStops) {
  // Ours: an earlier send was done, its answer lost and its first read-backs blind.
  fake_->fates = {Fate::kLostBeforeArriving, Fate::kNameTaken};
  const std::string id = Approved(Updates({Create("spring", Level::kCampaign, "")}));
  const Change change = store_->GetPlan(id)->changes[0];
  fake_->during_write = [&] {
    if (fake_->writes == 1) {  // the first send arrives late, just before the second
      Entity late{Level::kCampaign, "", "", "", change.after};
      late.fields["name"] = WithMarker("spring", change.key);
      fake_->Add(late);
    }
  };
  const ApplyReport ours = Apply(id);
  EXPECT_EQ(ours.status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->objects.size(), 1u);
  ASSERT_EQ(fake_->payloads.size(), 2u);
  EXPECT_EQ(fake_->payloads[0], fake_->payloads[1]);  // what is sent again is the same bytes

  Restart();
  fake_->fates = {Fate::kNameTaken};
  const std::string other = ApprovedHere(Updates({Create("spring", Level::kCampaign, "")}));
  const auto stopped = door().Apply(other, "ben", &policy_);
  ASSERT_TRUE(stopped);
  EXPECT_EQ(stopped->status, PlanStatus::kFailed);
  EXPECT_NE(stopped->lines[0].how.find("does not carry our marker"), std::string::npos);
  EXPECT_EQ(fake_->writes, 1);
}

TEST_F(FailuresTest, F16EveryRetryIsTheOriginalBytes) {
  std::mt19937 random(16);
  for (int seed = 0; seed < 40; ++seed) {
    Restart();
    constexpr Fate kFates[] = {Fate::kDone, Fate::kLostBeforeArriving, Fate::kThrottled,
                               Fate::kDoneAnswerLost};
    for (int i = 0; i < 12; ++i) fake_->fates.push_back(kFates[random() % 4]);
    const std::string id = ApprovedHere(LaunchAllKinds());
    (void)door().Apply(id, "ben", &policy_);
    std::map<std::string, std::set<std::string>> sent;  // by key
    for (const std::string& payload : fake_->payloads) {
      sent[ChangeFromJson(payload)->key].insert(payload);
    }
    for (const auto& [key, versions] : sent) EXPECT_EQ(versions.size(), 1u) << key;
  }
}

TEST_F(FailuresTest, F17EveryPrefixResumesOrIsUndoneWhole) {
  for (int failing = 0; failing < 5; ++failing) {
    for (const bool resume : {true, false}) {
      SCOPED_TRACE(testing::Message() << "write " << failing << (resume ? " resumes" : " undone"));
      Restart();
      const std::string theirs = Theirs(Eur(10));
      fake_->fates = std::vector<Fate>(static_cast<std::size_t>(failing), Fate::kDone);
      fake_->fates.push_back(Fate::kRefused);
      const std::string id = ApprovedHere(LaunchAllKinds());
      EXPECT_EQ(door().Apply(id, "ben", &policy_)->status, PlanStatus::kFailed);
      if (resume) {
        EXPECT_EQ(door().Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
        ExpectOneOfEach(6);
        continue;
      }
      const auto undo = door().Undo(id, "anna", &policy_);
      if (undo) {
        ASSERT_TRUE(door().Approve(undo->id, "cleo", ContentHash(*undo), &policy_));
        EXPECT_EQ(door().Apply(undo->id, "ben", &policy_)->status, PlanStatus::kVerified);
      } else {
        EXPECT_EQ(undo.error().code, Errc::kInvalidArgument) << undo.error().what;
      }
      const AccountTree tree = *fake_->ReadAccount(kAccount, http::After(std::chrono::seconds(1)));
      ASSERT_EQ(tree.entities.size(), 1u);
      EXPECT_EQ(tree.entities[0].id, theirs);
      EXPECT_TRUE(door().Orphans("Alpenglow")->empty());
    }
  }
}

TEST_F(FailuresTest, F18PartOfABatchIsToldItemByItem) {
  for (std::size_t failing = 0; failing < 4; ++failing) {
    Restart();
    fake_->batch_size = 10;
    std::vector<Change> changes;
    for (int i = 0; i < 4; ++i) {
      const std::string id = Theirs(Eur(50));
      changes.push_back(Budget(id, Eur(50), Eur(60)));
    }
    fake_->fates = std::vector<Fate>(failing, Fate::kDone);
    fake_->fates.push_back(Fate::kRefused);
    const std::string id = ApprovedHere(Updates(changes));
    const auto report = door().Apply(id, "ben", &policy_);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->status, PlanStatus::kFailed);
    EXPECT_EQ(fake_->batches, 1);
    for (std::size_t i = 0; i < 4; ++i) {
      EXPECT_EQ(report->lines[i].state,
                i == failing ? ChangeState::kFailed : ChangeState::kVerified);
    }
    EXPECT_EQ(door().Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
  }
}

TEST_F(FailuresTest, F18NothingIsRaisedWhenTheCutThatMakesRoomFails) {
  const std::string a = Theirs(Eur(400));
  const std::string b = Theirs(Eur(390));
  const std::string c = Theirs(Eur(1));
  // 988.75 of 1'000 on the worst day; after the plan 987.50. The cut goes first, and fails.
  const std::string id = Approved(Updates(
      {Budget(b, Eur(390), Eur(450)), Budget(a, Eur(400), Eur(339)), Budget(c, Eur(1), Eur(1))}));
  fake_->fates = {Fate::kRefused};
  const ApplyReport report = Apply(id);
  EXPECT_EQ(report.status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, 1);
  EXPECT_EQ(fake_->objects[b].fields["daily_budget"], FieldValue(Eur(390)));
  const auto raise = std::find_if(report.lines.begin(), report.lines.end(), [&](const auto& line) {
    return line.address == "campaign/" + b;
  });
  EXPECT_NE(raise->how.find("would pass the cap"), std::string::npos) << raise->how;
  // Once the cut goes through, so does the raise.
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, F18AKillInsideABatchLeavesEachItemResolvable) {
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    Restart();
    fake_->batch_size = 10;
    std::vector<Change> changes;
    for (int i = 0; i < 3; ++i) {
      const std::string id = Theirs(Eur(50));
      changes.push_back(Budget(id, Eur(50), Eur(60)));
    }
    const std::string id = ApprovedHere(Updates(changes));
    bool killed = false;
    try {
      const KillAtNth kill(nth);
      (void)door().Apply(id, "ben", &policy_);
    } catch (const Killed&) {
      killed = true;
    }
    const auto report = door().Apply(id, "ben", &policy_);
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->status, PlanStatus::kVerified);
    EXPECT_LE(fake_->writes, 6);
    if (!killed || HasFailure()) return;
  }
}

// --- state

TEST_F(FailuresTest, F19AKillAtAnyPointLosesNothingThatWasAcknowledged) {
  // The same for signals and real processes: tests/crash (F19InterruptAndTerminateLoseNothing).
  for (int nth = 1;; ++nth) {
    SCOPED_TRACE(nth);
    Restart();
    const std::string id = ApprovedHere(Launch());
    std::vector<ChangeState> reached;
    bool killed = false;
    try {
      const KillAtNth kill(nth);
      (void)door().Apply(id, "ben", &policy_);
    } catch (const Killed&) {
      killed = true;
    }
    // What the journal holds is what the changes say, and the plan is one that can be gone on with.
    const auto statuses = *store_->Changes(id);
    for (const ChangeStatus& status : statuses) {
      const auto journal = store_->Journal(status.change.key);
      if (journal->empty()) continue;
      EXPECT_EQ(journal->back().state, status.state);
    }
    const PlanStatus at = store_->GetPlan(id)->status;
    EXPECT_TRUE(at == PlanStatus::kApproved || at == PlanStatus::kApplying ||
                at == PlanStatus::kVerified);
    EXPECT_EQ(door().Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
    if (!killed || HasFailure()) return;
  }
}

TEST_F(FailuresTest, F20AStaleBaseRefusesTheWholePlanWithItsDifferences) {
  const std::string a = Theirs(Eur(50));
  const std::string b = Theirs(Eur(50));
  const std::string id =
      Approved(Updates({Budget(a, Eur(50), Eur(40)), Budget(b, Eur(50), Eur(60))}));
  fake_->Edit(b, "daily_budget", Eur(55));
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::kRefused);
  EXPECT_NE(report.error().what.find("daily_budget is 55.00 EUR, wanted 50.00 EUR"),
            std::string::npos)
      << report.error().what;
  EXPECT_EQ(fake_->writes, 0);  // not even the change whose base is as it was
  EXPECT_FALSE(store_->GetPlan(id)->approval->used_at);
  // Put back, the approval is good again; fields that the plan does not name are never sent.
  fake_->Edit(b, "daily_budget", Eur(50));
  fake_->Edit(b, "name", std::string("renamed by a person"));
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
  EXPECT_EQ(TextField(fake_->objects[b].fields, "name"), "renamed by a person");
  for (const std::string& payload : fake_->payloads) {
    EXPECT_EQ(ChangeFromJson(payload)->after.size(), 1u);
  }
}

TEST_F(FailuresTest, F21OnlyReadsAreRetriedWhileTheyLag) {
  for (const int lag_s : {0, 1, 9, 10, 11, 45, 90, 179, 180}) {
    for (const Fate fate : {Fate::kDone, Fate::kDoneAnswerLost}) {
      SCOPED_TRACE(testing::Message() << lag_s << " s, fate " << static_cast<int>(fate));
      Restart();
      fake_->fates = {fate, fate, fate};
      const std::string id = ApprovedHere(Launch());
      fake_->lag = std::chrono::seconds(lag_s);
      const auto report = door().Apply(id, "ben", &policy_);
      ASSERT_TRUE(report) << report.error().what;
      EXPECT_EQ(report->status, PlanStatus::kVerified);
      EXPECT_EQ(fake_->writes, 3);
      EXPECT_EQ(fake_->objects.size(), 3u);
    }
  }
}

TEST_F(FailuresTest, F22AnUnknownOutcomeEndsWhenThePlatformIsBack) {
  fake_->fates = {Fate::kDoneAnswerLost};
  const std::string id = Approved(Updates({Create("spring", Level::kCampaign, "")}));
  fake_->during_write = [&] { fake_->unreachable = true; };
  EXPECT_EQ(Apply(id).status, PlanStatus::kApplying);
  for (int i = 0; i < 3; ++i) {
    clock_.AdvanceTo(clock_.Now() + std::chrono::hours(10));  // the approval expires meanwhile
    EXPECT_EQ(Apply(id).status, PlanStatus::kApplying);
  }
  fake_->unreachable = false;
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
  EXPECT_EQ(fake_->writes, 1);
}

TEST_F(FailuresTest, F22APersonEndsWhatCannotBeRead) {
  fake_->drops_everything = true;
  const std::string id = Approved(Launch());
  fake_->during_write = [&] { fake_->unreachable = true; };
  EXPECT_EQ(Apply(id).status, PlanStatus::kApplying);
  EXPECT_EQ(door_.Resolve(id, "2", "dora", std::nullopt).error().code, Errc::kConflict);
  EXPECT_EQ(door_.Resolve(id, "9", "dora", std::nullopt).error().code, Errc::kNotFound);
  EXPECT_EQ(door_.Resolve(id, "1", "", std::nullopt).error().code, Errc::kInvalidArgument);
  const auto resolved = door_.Resolve(id, "1", "dora", std::nullopt);
  ASSERT_TRUE(resolved) << resolved.error().what;
  EXPECT_EQ(resolved->state, ChangeState::kFailed);
  const auto journal = store_->Journal(id + "/1");
  EXPECT_NE(journal->back().how.find("resolved by dora: it did not happen"), std::string::npos);
  EXPECT_EQ(store_->GetPlan(id)->status, PlanStatus::kFailed);
  fake_->unreachable = fake_->drops_everything = false;
  fake_->during_write = {};
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, F22ThePlatformHasTheLastWordWhereItAnswers) {
  fake_->fates = {Fate::kDoneAnswerLost};
  const std::string id = Approved(Updates({Create("spring", Level::kCampaign, "")}));
  fake_->during_write = [&] { fake_->unreachable = true; };
  EXPECT_EQ(Apply(id).status, PlanStatus::kApplying);
  fake_->unreachable = false;
  EXPECT_EQ(door_.Resolve(id, "spring", "dora", std::nullopt).error().code, Errc::kConflict);
  EXPECT_EQ(door_.Resolve(id, "spring", "dora", "999").error().code, Errc::kConflict);
  EXPECT_EQ(door_.Resolve(id, "spring", "dora", "100")->state, ChangeState::kConfirmed);
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, F23WhatStartsByItselfBelowAPausedParentIsSeen) {
  fake_->starts_ads = true;
  const ApplyReport report = Apply(Approved(Launch()));
  EXPECT_EQ(report.status, PlanStatus::kFailed);
  EXPECT_EQ(report.lines[0].state, ChangeState::kVerified);
  EXPECT_EQ(report.lines[1].state, ChangeState::kVerified);
  EXPECT_NE(report.lines[2].how.find("status is \"active\", wanted \"paused\""), std::string::npos)
      << report.lines[2].how;
}

TEST_F(FailuresTest, F24FailuresOfABatchAreCountedAndAnswersThatDoNotFitAreUnknown) {
  fake_->batch_size = 10;
  std::vector<Change> changes;
  std::vector<std::string> ids;
  for (int i = 0; i < 4; ++i) {
    ids.push_back(Theirs(Eur(50)));
    changes.push_back(Budget(ids.back(), Eur(50), Eur(55)));
  }
  fake_->fates = {Fate::kDone, Fate::kRefused, Fate::kDone, Fate::kRefused};
  const ApplyReport report = Apply(Approved(Updates(changes)));
  EXPECT_EQ(std::count_if(report.lines.begin(), report.lines.end(),
                          [](const auto& l) { return l.state == ChangeState::kFailed; }),
            2);
  EXPECT_EQ(report.lines[1].state, ChangeState::kFailed);
  EXPECT_EQ(report.lines[3].state, ChangeState::kFailed);

  Restart();
  fake_->batch_size = 10;
  fake_->lose_results = 1;  // three results for four changes: to which they belong nobody knows
  changes.clear();
  for (int i = 0; i < 4; ++i) changes.push_back(Budget(Theirs(Eur(50)), Eur(50), Eur(55)));
  const std::string id = ApprovedHere(Updates(changes));
  EXPECT_EQ(door().Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
  const Plan done = *store_->GetPlan(id);
  for (const Change& change : done.changes) {
    bool unknown = false;
    const auto journal = store_->Journal(change.key);
    for (const JournalEntry& line : *journal) unknown |= line.state == ChangeState::kUnknown;
    EXPECT_TRUE(unknown) << change.key;
  }
  EXPECT_EQ(fake_->writes, 4);
}

TEST_F(FailuresTest, F25ThreeFailuresOfOneKindStopTheRun) {
  std::vector<Change> changes;
  for (int i = 0; i < 6; ++i) {
    changes.push_back(Create("c" + std::to_string(i), Level::kCampaign, ""));
    changes.back().after["daily_budget"] = Eur(10);
  }
  fake_->fates = {Fate::kDone, Fate::kRefused, Fate::kRefused, Fate::kRefused};
  const std::string id = Approved(Updates(changes));
  const ApplyReport report = Apply(id);
  EXPECT_EQ(report.status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, 4);
  ASSERT_EQ(report.after_findings.size(), 1u);
  EXPECT_EQ(report.after_findings[0].guard, "breaker");
  EXPECT_NE(report.after_findings[0].what.find("3 writes in a row failed the same way "
                                               "(invalid_argument)"),
            std::string::npos);
  EXPECT_EQ(report.lines[4].state, ChangeState::kPlanned);
  EXPECT_NE(report.lines[4].how.find("not sent: 3 writes"), std::string::npos);
  // A success between failures closes it.
  fake_->fates.insert(fake_->fates.end(), {Fate::kRefused, Fate::kRefused, Fate::kDone,
                                           Fate::kRefused, Fate::kRefused});
  EXPECT_TRUE(Apply(id).after_findings.empty());
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

// --- approvals

TEST_F(FailuresTest, F26AnApprovalExpiresAndIsUsedOnce) {
  policy_.approval_hours = 4;
  const std::string id = Approved(Launch());
  clock_.AdvanceTo(clock_.Now() + std::chrono::hours(4));
  const auto late = door_.Apply(id, "ben", &policy_);
  ASSERT_FALSE(late);
  EXPECT_EQ(late.error().code, Errc::kRefused);
  EXPECT_NE(late.error().what.find("by cleo expired at"), std::string::npos) << late.error().what;
  EXPECT_EQ(fake_->writes, 0);
  const Plan plan = *store_->GetPlan(id);
  ASSERT_TRUE(door_.Approve(id, "cleo", ContentHash(plan), &policy_));
  fake_->fates = {Fate::kDone, Fate::kRefused};
  EXPECT_EQ(Apply(id).status, PlanStatus::kFailed);
  const Plan used = *store_->GetPlan(id);
  EXPECT_TRUE(used.approval->used_at);
  EXPECT_EQ(used.executed_by, "ben");
  EXPECT_EQ(store_->UseApproval(id, "eve", clock_.Now()).error().code, Errc::kRefused);
  // Going on is the same use, but only while the approval lasts: then nothing more is sent.
  clock_.AdvanceTo(clock_.Now() + std::chrono::hours(5));
  const int writes = fake_->writes;
  const ApplyReport held = Apply(id);
  EXPECT_EQ(held.status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, writes);
  ASSERT_FALSE(held.after_findings.empty());
  EXPECT_NE(held.after_findings[0].what.find("expired at"), std::string::npos);
}

TEST_F(FailuresTest, F26AnyChangedByteRefusesAndRewordingDoesNot) {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("maxopt_f26_" + std::to_string(::getpid())))
          .string();
  const auto tampered = [&](const std::string& statement) {
    store_ = std::move(*CampaignStore::Open(path));
    Register(*store_);
    std::string id;
    {
      Door door(World());
      Plan draft = Launch();
      draft.changes[0].why = "because";
      const Plan plan = *door.Propose(draft, &policy_);
      id = plan.id;
      EXPECT_TRUE(door.Approve(id, "cleo", ContentHash(plan), &policy_));
    }
    store_.reset();
    sqlite3* raw = nullptr;
    EXPECT_EQ(sqlite3_open(path.c_str(), &raw), SQLITE_OK);
    EXPECT_EQ(sqlite3_exec(raw, statement.c_str(), nullptr, nullptr, nullptr), SQLITE_OK)
        << statement;
    EXPECT_GT(sqlite3_changes(raw), 0) << statement;
    sqlite3_close(raw);
    store_ = std::move(*CampaignStore::Open(path));
    Door door(World());
    const auto report = door.Apply(id, "ben", &policy_);
    store_.reset();
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) {
      std::filesystem::remove(path + suffix);
    }
    return report ? std::string("applied") : report.error().what;
  };
  for (const char* statement :
       {"UPDATE change SET body = replace(body, '100.00', '100.01') WHERE n = 0",
        "UPDATE change SET body = replace(body, 'paused', 'active') WHERE n = 2",
        "UPDATE change SET body = replace(body, 'meta/42', 'meta/43') WHERE n = 1",
        "UPDATE change SET body = replace(body, 'spring/core', 'spring/cora') WHERE n = 1",
        "UPDATE plan SET client = 'Another'"}) {
    const std::string said = tampered(statement);
    EXPECT_NE(said.find("is not what was approved"), std::string::npos)
        << statement << ": " << said;
    EXPECT_EQ(fake_->writes, 0);
  }
  EXPECT_EQ(tampered("UPDATE plan SET title = 'a better word'"), "applied");
  fake_->objects.clear();
  EXPECT_EQ(tampered("UPDATE change SET body = replace(body, 'because', 'since')"), "applied");
}

TEST_F(FailuresTest, F26TheWorldMovedSoTheApprovalIsAskedAgain) {
  const std::string other = Theirs(Eur(100));
  const std::string id = Approved(Launch());  // 250 on the worst day, once on
  fake_->Edit(other, "daily_budget", Eur(121));
  const auto moved = door_.Apply(id, "ben", &policy_);
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::kRefused);
  EXPECT_NE(moved.error().what.find("was shown as 250.00 EUR and would be 276.25 EUR now"),
            std::string::npos)
      << moved.error().what;
  EXPECT_EQ(fake_->writes, 0);
  fake_->Edit(other, "daily_budget", Eur(120));  // 275: exactly 10 %
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, F26TwoPeople) {
  policy_.two_people = true;
  const Plan plan = *door_.Propose(Launch(), &policy_);
  const auto own = door_.Approve(plan.id, "anna", ContentHash(plan), &policy_);
  ASSERT_FALSE(own);
  EXPECT_EQ(own.error().code, Errc::kRefused);
  ASSERT_TRUE(door_.Approve(plan.id, "cleo", ContentHash(plan), &policy_));
  EXPECT_EQ(door_.Apply(plan.id, "cleo", &policy_).error().code, Errc::kRefused);
  EXPECT_EQ(door_.Apply(plan.id, "", &policy_).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(door_.Apply(plan.id, "anna", &policy_)->status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, F26GuardsAreJudgedAgainBeforeTheFirstSend) {
  const std::string id = Approved(Launch());
  policy_.worst_day_cap = Eur(100);
  const auto report = door_.Apply(id, "ben", &policy_);
  ASSERT_FALSE(report);
  EXPECT_NE(report.error().what.find("[daily_cap]"), std::string::npos) << report.error().what;
  EXPECT_EQ(fake_->writes, 0);
}

// --- another client's account

TEST_F(FailuresTest, F38ThePlanOfOneClientTouchesNoAccountOfAnother) {
  ASSERT_TRUE(store_->SaveClient({"Basalt", kEur, "UTC"}));
  const AccountId theirs{Platform::kMeta, "43"};
  ASSERT_TRUE(store_->SaveAccount({"Basalt", {theirs, "b", kEur, "UTC", "active"}}));
  const std::string ours = Theirs(Eur(50));
  // The same id in an account of Basalt; stopping, which is allowed almost always.
  Change pause = Update("campaign/" + ours, ours, {{"status", std::string(kActive)}},
                        {{"status", std::string(kPaused)}});
  pause.account = theirs;
  const auto plan = door_.Propose(Updates({pause}), &policy_);
  ASSERT_TRUE(plan) << plan.error().what;
  EXPECT_EQ(plan->status, PlanStatus::kBlocked);
  ASSERT_FALSE(plan->findings.empty());
  EXPECT_EQ(plan->findings[0].guard, "account");
  EXPECT_NE(plan->findings[0].what.find("another client's"), std::string::npos);
  EXPECT_FALSE(door_.Approve(plan->id, "cleo", ContentHash(*plan), &policy_));
  EXPECT_EQ(door_.Propose(Updates({pause}), nullptr)->status, PlanStatus::kBlocked);
  EXPECT_EQ(fake_->writes, 0);
  EXPECT_EQ(fake_->objects.at(ours).fields.at("status"), FieldValue(std::string(kActive)));
}

TEST_F(FailuresTest, F38AnAccountStaysItsClients) {
  const std::string ours = Theirs(Eur(50));
  const std::string id =
      Approved(Updates({Update("campaign/" + ours, ours, {{"status", std::string(kActive)}},
                               {{"status", std::string(kPaused)}})}));
  // An account belongs to one client, whoever says otherwise.
  ASSERT_TRUE(store_->SaveClient({"Basalt", kEur, "UTC"}));
  const auto moved = store_->SaveAccount({"Basalt", {kAccount, "b", kEur, "UTC", "active"}});
  ASSERT_FALSE(moved);
  EXPECT_EQ(moved.error().code, Errc::kConflict);
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

// --- the kill switch

TEST_F(FailuresTest, I12AfterHaltNothingLeavesButPausesAndCuts) {
  const std::string on = Theirs(Eur(50));
  std::vector<Change> changes{
      Update("theirs", on, {{"status", std::string(kActive)}}, {{"status", std::string(kPaused)}})};
  for (const char* name : {"a", "b", "c"}) {
    changes.push_back(Create(name, Level::kCampaign, ""));
    changes.back().after["daily_budget"] = Eur(10);
  }
  const std::string id = Approved(Updates(changes));
  int after_halt = 0;
  fake_->during_write = [&] {
    if (halted_) ++after_halt;
    if (fake_->writes == 1) halted_ = true;  // while the second write is under way
  };
  const ApplyReport report = Apply(id);
  EXPECT_EQ(fake_->writes, 2);
  EXPECT_EQ(after_halt, 0);
  EXPECT_EQ(report.status, PlanStatus::kFailed);
  EXPECT_NE(report.lines[2].how.find("halted"), std::string::npos);

  // Pauses and cuts still pass.
  fake_->during_write = {};
  const std::string more = Theirs(Eur(50));
  const std::string cut = Approved(Updates({Budget(more, Eur(50), Eur(40))}));
  EXPECT_EQ(Apply(cut).status, PlanStatus::kVerified);
  halted_ = false;
  EXPECT_EQ(Apply(id).status, PlanStatus::kVerified);
}

TEST_F(FailuresTest, I12AHaltEndsALongWaitAndOutlivesTheProcess) {
  const std::string file =
      (std::filesystem::temp_directory_path() / ("maxopt_halt_" + std::to_string(::getpid())))
          .string();
  fake_->fates = {Fate::kThrottled};
  const std::string id = Approved(Launch());
  const auto world = [&] {
    Door::World w = World();
    w.halted = [&] { return std::filesystem::exists(file); };
    return w;
  };
  {
    Door first(world());
    fake_->during_write = [&] { std::fclose(std::fopen(file.c_str(), "w")); };
    EXPECT_EQ(first.Apply(id, "ben", &policy_)->status, PlanStatus::kFailed);
    EXPECT_EQ(fake_->writes, 1);
  }
  fake_->during_write = {};
  Door second(world());
  EXPECT_EQ(second.Apply(id, "ben", &policy_)->status, PlanStatus::kFailed);
  EXPECT_EQ(fake_->writes, 1);
  std::filesystem::remove(file);
  EXPECT_EQ(second.Apply(id, "ben", &policy_)->status, PlanStatus::kVerified);
}

// --- money

TEST_F(FailuresTest, F11WhatWasPredictedIsWhatIsThereAfterwards) {
  // There is no ledger that could miss an entry: exposure is summed from the live account each
  // time. So what a plan says about the worst day must equal what is summed once it is done.
  std::mt19937 random(11);
  for (int seed = 0; seed < 25; ++seed) {
    SCOPED_TRACE(seed);
    Restart();
    policy_.worst_day_cap = Eur(100'000);
    std::vector<Change> changes;
    for (int i = 0; i < 6; ++i) {
      const Money now = Eur(10 + static_cast<int>(random() % 90));
      const bool is_on = random() % 2 == 0;
      const std::string id = Theirs(now, is_on ? kActive : kPaused);
      Change change = Budget(id, now, Eur(10 + static_cast<int>(random() % 90)));
      if (random() % 3 == 0) {
        change.before["status"] = std::string(is_on ? kActive : kPaused);
        change.after["status"] = std::string(is_on ? kPaused : kActive);
      }
      changes.push_back(change);
    }
    const Plan plan = *door().Propose(Updates(changes), &policy_);
    ASSERT_TRUE(door().Approve(plan.id, "cleo", ContentHash(plan), &policy_));
    ASSERT_EQ(door().Apply(plan.id, "ben", &policy_)->status, PlanStatus::kVerified);
    const Change next = Create("next", Level::kCampaign, "");
    EXPECT_EQ(door().Propose(Updates({next}), &policy_)->exposure_before, plan.exposure_after);
  }
}

}  // namespace
}  // namespace maxopt
