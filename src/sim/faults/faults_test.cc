#include "sim/faults/faults.h"

#include <gtest/gtest.h>

#include <atomic>
#include <set>

namespace maxopt::sim {
namespace {

using namespace std::chrono_literals;

struct Counting {
  int acted = 0;
  http::Handler handler() {
    return [this](const http::Request&) {
      ++acted;
      return http::Response{200, {}, "0123456789"};
    };
  }
};

TEST(Faults, EveryNameIsFoundAgain) {
  for (const char* name :
       {"drop_req", "drop_resp", "slow", "5xx_applied", "5xx_not_applied", "html", "empty_body",
        "truncated_body", "throttle", "token_expire", "dup_deliver"}) {
    const auto fault = FindFault(name);
    ASSERT_TRUE(fault) << name;
    EXPECT_EQ(FaultName(*fault), name);
  }
  EXPECT_NE(FindFault("gremlin").error().what.find("drop_resp"), std::string::npos);
}

TEST(Faults, EachActsAsItSays) {
  struct Case {
    Fault fault;
    int acted;
    int status;
    std::string body;
  };
  const Case cases[] = {
      {Fault::kDropRequest, 0, http::kNotReceived, ""},
      {Fault::kDropResponse, 1, http::kNoAnswer, ""},
      {Fault::kSlow, 1, 200, "0123456789"},
      {Fault::kEmptyBody, 1, 200, ""},
      {Fault::kTruncatedBody, 1, 200, "01234"},
      {Fault::kDuplicate, 2, 200, "0123456789"},
  };
  for (const auto& test : cases) {
    Counting server;
    FaultPlan plan(Platform::kGoogleAds);
    plan.SetDelay(1ms);
    plan.Add({.fault = test.fault});
    const auto handler = WithFaults(server.handler(), plan);
    const auto response = handler({.method = "POST", .url = "/v25/x"});
    EXPECT_EQ(server.acted, test.acted) << FaultName(test.fault);
    EXPECT_EQ(response.status, test.status) << FaultName(test.fault);
    EXPECT_EQ(response.body, test.body) << FaultName(test.fault);
    EXPECT_EQ(handler({.url = "/"}).body, "0123456789");  // once only
    ASSERT_EQ(plan.injected().size(), 1u);
    EXPECT_EQ(plan.injected()[0].url, "/v25/x");
  }
}

TEST(Faults, ErrorsSpeakThePlatformsDialect) {
  struct Case {
    Platform platform;
    Fault fault;
    std::string method;
    int acted;
    int status;
    std::string part;
  };
  const Case cases[] = {
      {Platform::kGoogleAds, Fault::kThrottle, "POST", 0, 429,
       R"("errorCode":{"quotaError":"RESOURCE_TEMPORARILY_EXHAUSTED"})"},
      {Platform::kGoogleAds, Fault::kServerError, "POST", 1, 500, R"("status":"INTERNAL")"},
      {Platform::kGoogleAds, Fault::kServerErrorBefore, "POST", 0, 500, "googleads.v24.errors"},
      {Platform::kGoogleAds, Fault::kTokenExpired, "POST", 0, 401, "OAUTH_TOKEN_EXPIRED"},
      {Platform::kMeta, Fault::kThrottle, "POST", 0, 400, R"("code":80004)"},
      {Platform::kMeta, Fault::kThrottle, "GET", 0, 400, R"("code":17)"},
      {Platform::kMeta, Fault::kServerError, "POST", 1, 500, R"("is_transient":true)"},
      {Platform::kMeta, Fault::kTokenExpired, "GET", 0, 400, R"("error_subcode":463)"},
      {Platform::kTikTok, Fault::kThrottle, "GET", 0, 200, R"("code":40100)"},
      {Platform::kTikTok, Fault::kServerErrorBefore, "GET", 0, 500, R"("code":50000)"},
      {Platform::kTikTok, Fault::kTokenExpired, "GET", 0, 200, R"("code":40102)"},
      {Platform::kTikTok, Fault::kHtml, "GET", 1, 200, "<html>"},
  };
  for (const auto& test : cases) {
    Counting server;
    FaultPlan plan(test.platform);
    plan.Add({.fault = test.fault});
    const auto response =
        WithFaults(server.handler(), plan)({.method = test.method, .url = "/v24/customers/1"});
    EXPECT_EQ(server.acted, test.acted) << FaultName(test.fault);
    EXPECT_EQ(response.status, test.status) << FaultName(test.fault);
    EXPECT_NE(response.body.find(test.part), std::string::npos) << response.body;
  }
}

TEST(Faults, MetaTellsTheWaitInHeaders) {
  Counting server;
  FaultPlan plan(Platform::kMeta);
  plan.Add({.fault = Fault::kThrottle});
  const auto response = WithFaults(server.handler(), plan)({.url = "/v26.0/act_1/campaigns"});
  EXPECT_TRUE(http::FindHeader(response.headers, "x-business-use-case-usage"));
  EXPECT_FALSE(http::FindHeader(response.headers, "retry-after"));
}

TEST(Faults, RulesCountMatchingRequests) {
  Counting server;
  FaultPlan plan(Platform::kTikTok);
  plan.Add(
      {.fault = Fault::kEmptyBody, .method = "POST", .path = "/create/", .nth = 2, .times = 2});
  const auto handler = WithFaults(server.handler(), plan);
  const auto hit = [&](std::string method, std::string url) {
    return handler({.method = std::move(method), .url = std::move(url)}).body.empty();
  };
  EXPECT_FALSE(hit("POST", "/campaign/create/"));
  EXPECT_FALSE(hit("GET", "/campaign/create/"));
  EXPECT_FALSE(hit("POST", "/campaign/update/"));
  EXPECT_TRUE(hit("POST", "/adgroup/create/"));
  EXPECT_TRUE(hit("POST", "/ad/create/"));
  EXPECT_FALSE(hit("POST", "/ad/create/"));
  plan.Add({.fault = Fault::kEmptyBody, .times = 0});
  for (int i = 0; i < 5; ++i) EXPECT_TRUE(hit("GET", "/"));
  plan.Clear();
  EXPECT_FALSE(hit("GET", "/"));
  EXPECT_EQ(plan.injected().size(), 7u);
}

TEST(Faults, RandomOnesFollowTheSeed) {
  const auto run = [](std::uint64_t seed, const FaultChances& chances) {
    Counting server;
    FaultPlan plan(Platform::kMeta);
    plan.SetRandom(seed, chances);
    plan.SetDelay(0ms);
    const auto handler = WithFaults(server.handler(), plan);
    std::string trace;
    for (int i = 0; i < 4000; ++i) handler({.url = std::to_string(i)});
    for (const auto& injected : plan.injected()) {
      trace += std::string(FaultName(injected.fault)) + injected.url + " ";
    }
    return trace;
  };
  const FaultChances chances{{Fault::kDropResponse, 0.05}};
  EXPECT_EQ(run(1, chances), run(1, chances));
  EXPECT_NE(run(1, chances), run(2, chances));
  FaultPlan plan(Platform::kMeta);
  plan.SetRandom(3, chances);
  Counting server;
  const auto handler = WithFaults(server.handler(), plan);
  for (int i = 0; i < 4000; ++i) handler({.url = "/"});
  EXPECT_NEAR(static_cast<double>(plan.injected().size()), 200, 50);
}

TEST(Faults, SwarmsDifferAndTogetherCoverAll) {
  std::set<Fault> all;
  std::set<std::size_t> sizes;
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    const auto swarm = Swarm(seed);
    EXPECT_EQ(swarm, Swarm(seed));
    sizes.insert(swarm.size());
    for (const auto& [fault, chance] : swarm) all.insert(fault);
  }
  EXPECT_EQ(all.size(), 11u);
  EXPECT_GT(sizes.size(), 3u);
}

TEST(Faults, ThroughBothTransports) {
  std::atomic<int> acted = 0;
  FaultPlan plan(Platform::kMeta);
  const auto handler = WithFaults(
      [&](const http::Request&) {
        ++acted;
        return http::Response{};
      },
      plan);
  const auto server = http::Serve(handler);
  ASSERT_TRUE(server);
  const auto sockets = http::MakeCurlTransport();
  const auto in_process = http::MakeLoopbackTransport({{"http://meta.sim", handler}});
  const auto post = [](http::Transport& transport, std::string url) {
    return transport.Send({.method = "POST", .url = std::move(url)}, http::After(10s));
  };
  plan.Add({.fault = Fault::kDropResponse, .times = 2});
  EXPECT_EQ(post(*sockets, (*server)->origin() + "/").error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(post(*in_process, "http://meta.sim/").error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(acted, 2);
  plan.Add({.fault = Fault::kDropRequest, .times = 2});
  EXPECT_EQ(post(*sockets, (*server)->origin() + "/").error().code, Errc::kUnknownOutcome);
  EXPECT_EQ(post(*in_process, "http://meta.sim/").error().code, Errc::kUnavailable);
  EXPECT_EQ(acted, 2);
  EXPECT_TRUE(post(*sockets, (*server)->origin() + "/"));
}

}  // namespace
}  // namespace maxopt::sim
