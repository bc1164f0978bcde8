#include "memory/campaigns/tactics.h"

#include <fmt/format.h>
#include <soci/soci.h>

#include "agent/cycle/cycle.h"
#include "app/views/home_for_test.h"
#include "memory/campaigns/cycles.h"
#include "memory/campaigns/database.h"
#include "memory/campaigns/reports.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// A tactic that was measured, with one window of each client.
void Measured(CampaignStore& store, const std::string& id, const std::string& client,
              const std::vector<std::pair<std::string, double>>& lifts) {
  Tactic tactic;
  tactic.id = id;
  tactic.client = client;
  tactic.title = "Bids by what was measured";
  tactic.source = "ledger";
  tactic.grade = TacticGrade::kObserving;
  tactic.context.Add("platform", "meta");
  tactic.context.Add("lever", "bid");
  tactic.context.Add("problem", "cpa_high");
  tactic.problem = tactic.action = tactic.why = tactic.measure = "as measured";
  tactic.created_at = tactic.updated_at = T("2026-03-01T00:00:00Z");
  const auto saved = SaveTactic(store, tactic);
  ASSERT_TRUE(saved) << saved.error().what;
  for (const auto& [whose, lift] : lifts) {
    TacticMeasurement m;
    m.source = id + "/of/" + whose;
    m.client = whose;
    m.first = D("2026-02-01");
    m.last = D("2026-02-14");
    m.lift = lift;
    m.se = 0.02;
    m.experiment = true;
    m.method = "comparison";
    m.at = T("2026-03-01T00:00:00Z");
    const auto added = AddMeasurement(store, id, m);
    ASSERT_TRUE(added) << added.error().what;
  }
}

ViewQuery Ask(std::string view, std::map<std::string, std::string> extra = {}) {
  ViewQuery query;
  query.view = std::move(view);
  query.extra = std::move(extra);
  return query;
}

TEST_F(Views, TacticsAreFoundByWordsAndNarrowed) {
  Make();
  const View all = Get(Ask("tactics"));
  EXPECT_EQ(all.rows.size(), 101u);
  EXPECT_EQ(Text(all, "meta-creative-refresh", "likeness"), "–");
  const View like =
      Get(Ask("tactics", {{"like", "CTR falls, frequency rises"}, {"platform", "meta"}}));
  ASSERT_FALSE(like.rows.empty());
  EXPECT_LT(like.rows.size(), all.rows.size());
  double before = 1;
  for (const ViewRow& row : like.rows) {
    const double likeness = std::get<double>(At(like, row.key, "likeness"));
    EXPECT_LE(likeness, before) << row.key;
    EXPECT_GT(likeness, 0) << row.key;
    before = likeness;
    const ViewCell platforms = At(like, row.key, "platform");
    const auto* text = std::get_if<std::string>(&platforms);
    EXPECT_TRUE(text == nullptr || text->find("meta") != std::string::npos) << row.key;
  }
  const View problem = Get(Ask("tactics", {{"problem", "creative_fatigue"}}));
  ASSERT_FALSE(problem.rows.empty());
  for (const ViewRow& row : problem.rows) {
    EXPECT_NE(Text(problem, row.key, "problem").find("creative_fatigue"), std::string::npos);
  }
  EXPECT_TRUE(Get(Ask("tactics", {{"grade", "validated"}})).rows.empty());
  EXPECT_NE(Error(Ask("tactics", {{"problem", "boredom"}})).find("creative_fatigue"),
            std::string::npos);
  EXPECT_NE(Error(Ask("tactics", {{"platform", "fax"}})).find("google_ads"), std::string::npos);
  EXPECT_NE(Error(Ask("tactics", {{"grade", "good"}})).find("validated"), std::string::npos);
}

TEST_F(Views, TacticsKeepEachClientsMeasurementsItsOwn) {
  Make();
  for (const char* name : {"Bergfest", "Seewind", "Nordlicht"}) {
    ASSERT_TRUE(home_->store().SaveClient({name, kEur, "Europe/Berlin"}));
  }
  CampaignStore& store = home_->store();
  Measured(store, "alpen/bid-meta", "Alpen", {{"Alpen", 0.10}});
  Measured(store, "measured/bid-meta", "",
           {{"Alpen", 0.10}, {"Nippon", 0.20}, {"Bergfest", 0.30}, {"Seewind", 0.40}});
  const auto keys = [](const View& view) {
    std::set<std::string> out;
    for (const ViewRow& row : view.rows) {
      if (row.key.find("bid-meta") != std::string::npos) out.insert(row.key);
    }
    return out;
  };
  using Keys = std::set<std::string>;
  const Keys own{"alpen/bid-meta", "alpen/bid-meta#alpen/bid-meta/of/Alpen"};
  ViewQuery query = Ask("tactics", {{"problem", "cpa_high"}, {"lever", "bid"}});

  // Who sees every client has the agency's look: all windows with their clients.
  const View agency = Get(query);
  EXPECT_EQ(agency.rows[0].key, "alpen/bid-meta") << "what was measured comes first";
  EXPECT_EQ(keys(agency).size(), 2u + 1 + 4);
  const std::string window = "alpen/bid-meta#alpen/bid-meta/of/Alpen";
  // 0.10 +- 1.645 * 0.02, in percent.
  const auto effect = std::get<Estimated>(At(agency, window, "effect"));
  EXPECT_NEAR(effect.value, 10, 1e-9);
  EXPECT_NEAR(effect.low, 10 - 3.289707, 1e-5);
  EXPECT_EQ(Text(agency, window, "to"), "2026-02-14");

  // A client sees its own in full and the three others pooled, without a window.
  query.client = "Alpen";
  query.clients = {"Alpen"};
  const View alpen = Get(query);
  Keys with_pool = own;
  with_pool.insert("measured/bid-meta");
  EXPECT_EQ(keys(alpen), with_pool);
  EXPECT_NEAR(std::get<Estimated>(At(alpen, "measured/bid-meta", "effect")).value, 30, 1);
  EXPECT_NE(Text(alpen, "measured/bid-meta", "basis").find("3 other clients"), std::string::npos);

  // Who sees two of them knows one of the three: the other two would stand bare.
  query.clients = {"Alpen", "Nippon"};
  EXPECT_EQ(keys(Get(query)), own);
  query.client.clear();
  EXPECT_EQ(keys(Get(query)), own);
  query.clients = {"Nordlicht"};
  EXPECT_EQ(keys(Get(query)), Keys{"measured/bid-meta"});
  query.clients = std::vector<std::string>{};
  EXPECT_TRUE(Get(query).rows.empty());

  // What is retired is left out unless it is asked for.
  Tactic retired = *GetTactic(store, "alpen/bid-meta");
  retired.retired_at = T("2026-03-02T00:00:00Z");
  retired.retired_why = "no more";
  ASSERT_TRUE(SaveTactic(store, retired));
  query.clients = {"Alpen"};
  EXPECT_FALSE(keys(Get(query)).contains("alpen/bid-meta"));
  query.extra["show"] = "all";
  EXPECT_EQ(Text(Get(query), "alpen/bid-meta", "retired_why"), "no more");
}

TEST_F(Views, CyclesAreListedAndTraced) {
  Make();
  StoredCycle stored;
  stored.client = "Alpen";
  stored.stage = "optimize";
  stored.state = "stopped";
  stored.began_at = stored.updated_at = T("2026-03-10T08:00:00Z");
  const auto kept = AddCycle(home_->store(), stored, [&](const std::string& id) {
    Cycle cycle;
    cycle.id = id;
    cycle.client = "Alpen";
    cycle.stage = "optimize";
    cycle.asked = R"({"days":90})";
    cycle.at = stored.began_at;
    cycle.state = CycleState::kStopped;
    cycle.problem = "planning: the platform did not answer";
    StepRecord goal;
    goal.began_at = stored.began_at;
    goal.ended_at = stored.began_at + std::chrono::seconds(2);
    goal.attempts = 1;
    goal.input = R"({"budget":2})";
    goal.output = R"({"says":["at most 2","for Alpen"]})";
    StepRecord planning;
    planning.began_at = *goal.ended_at;
    planning.attempts = 3;
    cycle.steps = {goal, planning};
    return ToJson(cycle);
  });
  ASSERT_TRUE(kept) << kept.error().what;
  const View list = Get(Ask("cycles"));
  ASSERT_EQ(list.rows.size(), 1u);
  EXPECT_EQ(list.rows[0].key, kept->id);
  EXPECT_EQ(list.rows[0].link, "cycle:" + kept->id);
  EXPECT_EQ(Text(list, kept->id, "state"), "stopped");
  EXPECT_TRUE(Get(Ask("cycles", {{"stage", "report"}})).rows.empty());
  ViewQuery foreign = Ask("cycles");
  foreign.clients = {"Nippon"};
  EXPECT_TRUE(Get(foreign).rows.empty());

  const View trace = Get(Ask("cycle", {{"id", kept->id}}));
  ASSERT_EQ(trace.rows.size(), 6u);
  EXPECT_EQ(Text(trace, "goal", "says"), "at most 2\nfor Alpen");
  EXPECT_EQ(Text(trace, "goal", "state"), "done");
  EXPECT_EQ(Text(trace, "planning", "state"), "not finished");
  EXPECT_EQ(Text(trace, "planning", "attempts"), "3");
  EXPECT_EQ(Text(trace, "learning", "state"), "not begun");
  EXPECT_TRUE(std::ranges::any_of(trace.notes, [](const std::string& note) {
    return note == "planning: the platform did not answer";
  }));
  foreign = Ask("cycle", {{"id", kept->id}});
  foreign.clients = {"Nippon"};
  EXPECT_EQ(Error(foreign), "there is no cycle \"" + kept->id + "\"");
  EXPECT_NE(Error(Ask("cycle")).find("id="), std::string::npos);
  EXPECT_NE(Error(Ask("cycle", {{"id", "c-none"}})).find("c-none"), std::string::npos);
}

TEST_F(Views, NoListIsCutShort) {
  Make();
  CampaignStore& store = home_->store();
  // One of Alpen's is followed by more than a thousand of Nippon's.
  Plan plan;
  plan.client = "Alpen";
  plan.title = "the first";
  plan.status = PlanStatus::kApproved;
  plan.created_at = T("2026-03-01T08:00:00Z");
  plan.created_by = "optimizer";
  ASSERT_TRUE(store.SavePlan(plan));
  Message message;
  message.client = "Alpen";
  message.to = "maya";
  message.kind = "insight";
  message.title = "the first";
  message.json = "{}";
  message.markdown = "text";
  message.created_at = T("2026-03-01T08:00:00Z");
  ASSERT_TRUE(store.SaveMessage(message));
  ReportEntry report;
  report.id = "r-20260301-0001";
  report.client = "Alpen";
  report.kind = "performance";
  report.title = "the first";
  report.from = D("2026-02-01");
  report.to = D("2026-02-28");
  report.as_of = report.made_at = T("2026-03-01T08:00:00Z");
  report.hash = std::string(64, 'a');
  const auto saved = SaveReport(store, report);
  ASSERT_TRUE(saved) << saved.error().what;
  const auto copied = store.database().Do([&](soci::session& sql) -> Result<> {
    soci::transaction transaction(sql);
    for (const std::string table : {"plan", "message", "report"}) {
      const std::string letter = table.substr(0, 1);
      sql << "CREATE TEMP TABLE one AS SELECT * FROM " + table;
      sql << "UPDATE one SET client = 'Nippon'";
      for (int i = 2; i <= 1'003; ++i) {
        const std::string id = fmt::format("{}-20260301-{:04}", letter, i);
        sql << "UPDATE one SET id = :i", soci::use(id);
        sql << "INSERT INTO " + table + " SELECT * FROM one";
      }
      sql << "DROP TABLE one";
    }
    transaction.commit();
    return {};
  });
  ASSERT_TRUE(copied) << copied.error().what;
  for (const char* name : {"plans", "messages", "reports", "team"}) {
    SCOPED_TRACE(name);
    ViewQuery query = Ask(name);
    EXPECT_EQ(Get(query).rows.size(), 1'003u);
    query.clients = {"Alpen"};
    EXPECT_EQ(Get(query).rows.size(), 1u) << "newer ones of others hide nothing";
    query.clients.reset();
    query.limit = 500;
    std::set<std::string> walked;
    for (int page = 0; page < 5; ++page) {
      const View part = Get(query);
      for (const ViewRow& row : part.rows) EXPECT_TRUE(walked.insert(row.key).second) << row.key;
      if (part.next.empty()) break;
      query.cursor = part.next;
    }
    EXPECT_EQ(walked.size(), 1'003u);
  }
  EXPECT_EQ(Get(Ask("plans", {{"status", "waiting"}})).rows.size(), 1'003u);
  EXPECT_EQ(std::get<std::int64_t>(At(Get(Ask("overview")), "client/Nippon", "plans_waiting")),
            1'002);
}

TEST_F(Views, APlanSaysWhatItWaitsFor) {
  Make();
  CampaignStore& store = home_->store();
  Plan plan;
  plan.client = "Alpen";
  plan.title = "more";
  plan.status = PlanStatus::kGuarded;
  plan.created_at = T("2026-03-10T08:00:00Z");
  plan.created_by = "optimizer";
  const Plan kept = *store.SavePlan(plan);
  EXPECT_EQ(Text(Get(Ask("plans")), kept.id, "next"), "approve or reject");
  ASSERT_TRUE(store.ApprovePlan(kept.id, {"anna", ContentHash(kept), T("2026-03-10T09:00:00Z"),
                                          T("2026-03-10T12:30:00Z"), std::nullopt}));
  EXPECT_EQ(Text(Get(Ask("plans")), kept.id, "next"), "apply");
  Open("2026-03-10T12:30:00Z");
  EXPECT_EQ(Text(Get(Ask("plans")), kept.id, "next"), "approve again: the approval has ended");
  ASSERT_TRUE(home_->store().MovePlan(kept.id, PlanStatus::kApproved, PlanStatus::kRejected));
  EXPECT_EQ(Text(Get(Ask("plans")), kept.id, "next"), "–");
}

}  // namespace
}  // namespace maxopt
