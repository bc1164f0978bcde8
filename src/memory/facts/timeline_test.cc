#include "memory/facts/timeline.h"

#include <gtest/gtest.h>

#include <random>

namespace maxopt::facts {
namespace {

constexpr Instant At(int minute) { return Instant(std::chrono::minutes(minute)); }
constexpr std::int64_t kA = 1;
constexpr std::int64_t kB = 2;

TEST(Timeline, NewsInOrder) {
  const auto a = Observe({}, {}, At(10), kA);
  EXPECT_EQ(a, (std::vector<Span>{{kA, At(10), std::nullopt}}));
  EXPECT_EQ(Observe(a, {}, At(20), kA), a);  // the same again is no change
  const auto ab = Observe(a, {}, At(30), kB);
  EXPECT_EQ(ab, (std::vector<Span>{{kA, At(10), At(30)}, {kB, At(30), std::nullopt}}));
  EXPECT_EQ(ContentAt(ab, At(9)), std::nullopt);
  EXPECT_EQ(ContentAt(ab, At(10)), kA);
  EXPECT_EQ(ContentAt(ab, At(29)), kA);
  EXPECT_EQ(ContentAt(ab, At(30)), kB);
}

TEST(Timeline, OlderNewsSplitsOnlyWhatWasNotSeen) {
  const auto a = Observe({}, {}, At(10), kA);
  const Instant seen[] = {At(30), At(40)};
  EXPECT_EQ(Observe(a, seen, At(20), kB),
            (std::vector<Span>{{kA, At(10), At(20)}, {kB, At(20), At(30)}, {kA, At(30), {}}}));
  // Never looked at again: the older news is the last word.
  EXPECT_EQ(Observe(a, {}, At(20), kB),
            (std::vector<Span>{{kA, At(10), At(20)}, {kB, At(20), std::nullopt}}));
  // Before everything.
  EXPECT_EQ(Observe(a, seen, At(5), kB),
            (std::vector<Span>{{kB, At(5), At(10)}, {kA, At(10), std::nullopt}}));
  EXPECT_EQ(Observe(a, seen, At(5), kA), (std::vector<Span>{{kA, At(5), std::nullopt}}));
}

TEST(Timeline, AtTheSameInstantTheLastNewsWins) {
  const auto ab = Observe(Observe({}, {}, At(10), kA), {}, At(20), kB);
  EXPECT_EQ(Observe(ab, {}, At(20), kA), (std::vector<Span>{{kA, At(10), std::nullopt}}));
}

TEST(Timeline, AgreesWithKeepingEverything) {
  // The naive memory keeps every piece of news and looks for the newest one by then, the later
  // arrival among equals.
  std::mt19937 random(1);
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::pair<int, std::int64_t>> all;
    std::vector<Span> spans;
    for (int news = 0; news < 10; ++news) {
      const int at = pick(12);
      const std::int64_t content = pick(3);
      std::vector<Instant> seen_later;
      for (const auto& [then, what] : all) {
        if (then > at) seen_later.push_back(At(then));
      }
      spans = Observe(spans, seen_later, At(at), content);
      all.emplace_back(at, content);
    }
    for (std::size_t i = 0; i < spans.size(); ++i) {
      ASSERT_EQ(spans[i].to.has_value(), i + 1 < spans.size());
      if (i == 0) continue;
      ASSERT_EQ(*spans[i - 1].to, spans[i].from);
      ASSERT_NE(spans[i - 1].content, spans[i].content);
    }
    for (int at = -1; at <= 12; ++at) {
      std::optional<std::pair<int, std::int64_t>> newest;
      for (const auto& news : all) {
        if (news.first <= at && (!newest || news.first >= newest->first)) newest = news;
      }
      const auto known = ContentAt(spans, At(at));
      ASSERT_EQ(known.has_value(), newest.has_value());
      ASSERT_EQ(known.value_or(-1), newest ? newest->second : -1);
    }
  }
}

}  // namespace
}  // namespace maxopt::facts
