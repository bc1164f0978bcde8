#include "sim/faults/read_lag.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace maxopt::sim {
namespace {

using std::chrono::seconds;

/// Keeps names; lists them all.
class Names {
 public:
  http::Response operator()(const http::Request& request) {
    if (request.method == "POST") {
      names_->push_back(request.body);
      return {};
    }
    std::string list;
    for (const std::string& name : *names_) {
      list += (list.empty() ? "" : ",") + (R"({"name":")" + name + R"("})");
    }
    return {.status = 200, .headers = {}, .body = R"({"data":[)" + list + "]}"};
  }

 private:
  std::shared_ptr<std::vector<std::string>> names_ = std::make_shared<std::vector<std::string>>();
};

const Instant kStart = ParseInstant("2026-03-01T10:00:00Z").value();

http::Request Make(const char* name) { return {.method = "POST", .url = "/things", .body = name}; }
const http::Request kList{.method = "GET", .url = "/things"};

TEST(ReadLag, AGhostAppearsWhenTheLagIsOver) {
  VirtualClock clock(kStart);
  ReadLag lag(clock, 1, {.lag = seconds(10), .ghost_chance = 1, .stale_chance = 0});
  const http::Handler handler = WithReadLag(Names(), lag);
  handler(Make("old"));
  handler(Make("new ~0123456789"));
  EXPECT_EQ(handler(kList).body, R"({"data":[{"name":"old"}]})");
  clock.AdvanceTo(kStart + seconds(10));
  EXPECT_EQ(handler(kList).body, R"({"data":[{"name":"old"},{"name":"new ~0123456789"}]})");
}

TEST(ReadLag, AStaleReadIsTheAnswerFromBeforeTheWrite) {
  VirtualClock clock(kStart);
  ReadLag lag(clock, 1, {.lag = seconds(10), .ghost_chance = 0, .stale_chance = 1});
  const http::Handler handler = WithReadLag(Names(), lag);
  EXPECT_EQ(handler(kList).body, R"({"data":[]})");
  handler(Make("a"));
  EXPECT_EQ(handler(kList).body, R"({"data":[]})");
  // A question that nobody asked before has no old answer.
  EXPECT_EQ(handler({.method = "GET", .url = "/things?all"}).body, R"({"data":[{"name":"a"}]})");
  clock.AdvanceTo(kStart + seconds(10));
  EXPECT_EQ(handler(kList).body, R"({"data":[{"name":"a"}]})");
}

TEST(ReadLag, StoppedOrWithoutChanceEverythingIsSeen) {
  VirtualClock clock(kStart);
  ReadLag never(clock, 1, {.lag = seconds(10), .ghost_chance = 0, .stale_chance = 0});
  ReadLag stopped(clock, 1, {.lag = seconds(10), .ghost_chance = 1, .stale_chance = 1});
  stopped.Stop();
  for (ReadLag* lag : {&never, &stopped}) {
    const http::Handler handler = WithReadLag(Names(), *lag);
    EXPECT_EQ(handler(kList).body, R"({"data":[]})");
    handler(Make("x ~abcdefghij"));
    EXPECT_EQ(handler(kList).body, R"({"data":[{"name":"x ~abcdefghij"}]})");
  }
}

}  // namespace
}  // namespace maxopt::sim
