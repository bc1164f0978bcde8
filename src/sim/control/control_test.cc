#include "sim/control/control.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace maxopt::sim {
namespace {

struct FakeServer : PlatformServer {
  http::Response Handle(const http::Request&) override { return {}; }
  Result<> HumanEdit(const AccountId& account, Level level, const std::string& id,
                     const Fields& changes, const std::string& actor) override {
    if (id != "1") return Fail(Errc::kNotFound, "no campaign " + id);
    edited = PrintAccount(account) + " " + std::string(LevelName(level)) + " " + actor + " " +
             TextField(changes, "status");
    return {};
  }
  std::vector<Counted> Objects(const AccountId&) const override {
    return {{Level::kCampaign, "1", "spring", "paused"}};
  }
  std::string edited;
};

class ControlTest : public testing::Test {
 protected:
  ControlTest()
      : clock_(*ParseInstant("2025-06-01T22:30:00Z")),
        market_(Market::Make(
            {.seed = 3, .start = *ParseInstant("2025-06-01T22:00:00Z"), .brand_terms = {}})),
        plan_(Platform::kMeta),
        control_(MakeControl(
            {clock_, *market_, {{Platform::kMeta, &server_}}, {{Platform::kMeta, &plan_}}})) {}

  http::Response Get(std::string url) { return control_({.method = "GET", .url = std::move(url)}); }
  http::Response Post(std::string url, std::string body) {
    return control_({.method = "POST", .url = std::move(url), .body = std::move(body)});
  }

  VirtualClock clock_;
  std::unique_ptr<Market> market_;
  FakeServer server_;
  FaultPlan plan_;
  http::Handler control_;
};

TEST_F(ControlTest, MovesTheClockAndTheMarketWithIt) {
  EXPECT_EQ(Get("/clock").body, "{\"now\":\"2025-06-01T22:30:00Z\"}\n");
  EXPECT_EQ(Post("/clock/advance", R"({"hours":48})").body, "{\"now\":\"2025-06-03T22:30:00Z\"}\n");
  EXPECT_EQ(market_->now(), *ParseInstant("2025-06-03T22:00:00Z"));
  EXPECT_EQ(Post("/clock/advance", R"({"to":"2025-06-04T00:00:00+02:00"})").status, 400);  // past
  EXPECT_EQ(Post("/clock/advance", R"({"to":"2025-06-05T00:00:00+02:00"})").body,
            "{\"now\":\"2025-06-04T22:00:00Z\"}\n");
}

TEST_F(ControlTest, RefusesNonsenseInOneSentence) {
  for (const char* body : {"", "[]", "{}", R"({"hours":-1})", R"({"hours":1.5})", R"({"days":1})",
                           R"({"hours":1,"to":"2025-06-05T00:00:00Z"})", R"({"hours":99999999})",
                           R"({"to":"tomorrow"})"}) {
    const auto response = Post("/clock/advance", body);
    EXPECT_EQ(response.status, 400) << body;
    EXPECT_TRUE(nlohmann::json::parse(response.body).contains("error")) << body;
  }
  EXPECT_EQ(Get("/nothing").status, 404);
  EXPECT_EQ(Get("/shop/orders.csv?from=2025-06-02").status, 400);
  EXPECT_EQ(Get("/shop/orders.csv?from=2025-06-03&to=2025-06-02").status, 400);
  EXPECT_EQ(clock_.Now(), *ParseInstant("2025-06-01T22:30:00Z"));
}

TEST_F(ControlTest, OrdersAreACsvOfTheShopsDays) {
  Post("/clock/advance", R"({"hours":48})");
  const auto csv = Get("/shop/orders.csv?from=2025-06-01&to=2025-06-03");
  EXPECT_EQ(csv.status, 200);
  const auto days = market_->Shop(*ParseDay("2025-06-02"), *ParseDay("2025-06-03"));
  ASSERT_EQ(days.size(), 2u);
  std::string want = "day,orders,revenue,currency\n";
  for (const auto& day : days) {
    want += PrintDay(day.day) + "," + std::to_string(day.orders) + "," +
            PrintDecimal(Money::Micros(day.revenue_micros, kEur)) + ",EUR\n";
  }
  EXPECT_EQ(csv.body, want);
}

TEST_F(ControlTest, TruthIsThereForBenchmarks) {
  EXPECT_EQ(Get("/truth?from=2025-06-01&to=2025-06-03").body, "[]\n");
  const auto steady =
      nlohmann::json::parse(Get("/truth/steady?platform=meta&audience=prospecting&spend=500").body);
  EXPECT_NEAR(steady["revenue_incremental"].get<double>(),
              market_->SteadyRevenue(Platform::kMeta, Audience::kProspecting, 500), 1e-5);
  EXPECT_EQ(Get("/truth/steady?platform=meta&audience=everybody&spend=5").status, 400);
}

TEST_F(ControlTest, FaultsAndOutages) {
  EXPECT_EQ(
      Post("/faults", R"({"platform":"meta","fault":"drop_resp","path":"/campaigns"})").status,
      200);
  EXPECT_EQ(plan_.Next({.url = "/v26.0/act_1/campaigns"}), Fault::kDropResponse);
  const auto injected = nlohmann::json::parse(Get("/faults").body);
  EXPECT_EQ(injected["meta"][0]["fault"], "drop_resp");
  EXPECT_EQ(Post("/faults", R"({"platform":"meta","fault":"html","times":0})").status, 200);
  EXPECT_EQ(plan_.Next({}), Fault::kHtml);
  EXPECT_EQ(Post("/faults", R"({"platform":"meta","clear":true})").status, 200);
  EXPECT_EQ(plan_.Next({}), std::nullopt);
  EXPECT_EQ(Post("/faults", R"({"platform":"meta","swarm":7})").status, 200);
  EXPECT_EQ(Post("/faults", R"({"platform":"tiktok","swarm":7})").status, 404);
  EXPECT_EQ(Post("/faults", R"({"platform":"meta","fault":"gremlin"})").status, 400);
  EXPECT_EQ(Post("/faults", R"({"tracking_outage":{"from":"2025-06-02T00:00:00Z",)"
                            R"("to":"2025-06-03T00:00:00Z"}})")
                .status,
            200);
  EXPECT_EQ(Post("/faults", R"({"tracking_outage":7})").status, 400);
}

TEST_F(ControlTest, PeopleEditAndObjectsAreCounted) {
  EXPECT_EQ(Post("/human_edit", R"({"platform":"meta","account":"77","level":"campaign","id":"1",)"
                                R"("actor":"ada@client.example","changes":{"status":"active"}})")
                .status,
            200);
  EXPECT_EQ(server_.edited, "meta/77 campaign ada@client.example active");
  EXPECT_EQ(Post("/human_edit", R"({"platform":"meta","account":"77","level":"campaign","id":"2",)"
                                R"("changes":{"status":"active"}})")
                .status,
            404);
  EXPECT_EQ(Post("/human_edit", R"({"platform":"meta","account":"77","level":"campaign","id":"1"})")
                .status,
            400);
  EXPECT_EQ(Get("/objects?platform=meta&account=77").body,
            "[{\"id\":\"1\",\"level\":\"campaign\",\"name\":\"spring\",\"status\":\"paused\"}]\n");
}

}  // namespace
}  // namespace maxopt::sim
