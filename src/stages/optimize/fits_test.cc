#include "stages/optimize/fits.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cmath>
#include <thread>
#include <vector>

namespace maxopt {
namespace {

ResponseData Data(double first_spend = 1) {
  ResponseData data;
  data.channels = {{"search", {first_spend, 2}, {std::nan(""), 3}}};
  data.revenue = {10, 20};
  return data;
}

/// Counts, and answers the first day's spend as the residual, so that answers can be told apart.
FitFunction Counting(std::atomic<int>& count) {
  return [&count](const ResponseData& data, const ResponseOptions& options) -> Result<ResponseFit> {
    ++count;
    if (options.draws == 0) return Fail(Errc::kInvalidArgument, "no draws");
    ResponseFit fit{};
    fit.residual_sd = data.channels[0].spend[0];
    return fit;
  };
}

TEST(RememberedFits, TheSameQuestionIsFittedOnce) {
  std::atomic<int> count = 0;
  RememberedFits fits(Counting(count));
  // A claim that is not known (NaN) is the same question too.
  EXPECT_EQ(fits(Data(), {})->residual_sd, 1);
  EXPECT_EQ(fits(Data(), {})->residual_sd, 1);
  EXPECT_EQ(count, 1);
  // So is one that cannot be answered.
  ResponseOptions none;
  none.draws = 0;
  EXPECT_EQ(fits(Data(), none).error().what, "no draws");
  EXPECT_EQ(fits(Data(), none).error().what, "no draws");
  EXPECT_EQ(count, 2);
}

TEST(RememberedFits, WhateverDiffersIsAnotherQuestion) {
  std::atomic<int> count = 0;
  RememberedFits fits(Counting(count), 100);
  std::vector<std::pair<ResponseData, ResponseOptions>> questions(18, {Data(), {}});
  std::size_t i = 0;
  questions[++i].first.channels[0].id = "social";
  questions[++i].first.channels[0].spend[1] = std::nextafter(2.0, 3.0);
  questions[++i].first.channels[0].claimed[0] = 0;
  questions[++i].first.channels[0].harvesting = true;
  questions[++i].first.channels.push_back(Data().channels[0]);
  questions[++i].first.revenue[1] = 21;
  questions[++i].first.controls = {{"sale", {0, 1}}};
  questions[++i].first.lifts = {{"search", 0, 1, 5, 1}};
  questions[++i].first.lifts = {{"search", 0, 1, 5, 1, 0}};
  questions[++i].first.first_day = std::chrono::sys_days(std::chrono::days(0));
  questions[++i].first.period_days = 7;
  questions[++i].first.steered_from = 0;
  questions[++i].second.seed = 2;
  questions[++i].second.sweeps = 901;
  questions[++i].second.holdout = true;
  questions[++i].second.window = {{0, 1}};
  // A number that moved from one list to the next.
  questions[++i].first.channels[0].claimed.pop_back();
  questions[i].first.revenue.insert(questions[i].first.revenue.begin(), 3);
  ASSERT_EQ(i, 17U);
  for (const auto& [data, options] : questions) EXPECT_TRUE(fits(data, options));
  EXPECT_EQ(count, 18);
  for (const auto& [data, options] : questions) EXPECT_TRUE(fits(data, options));
  EXPECT_EQ(count, 18);
}

TEST(RememberedFits, TheOneAskedForLongestAgoIsForgotten) {
  std::atomic<int> count = 0;
  RememberedFits fits(Counting(count), 2);
  for (const double spend : {1.0, 2.0, 1.0, 3.0})
    EXPECT_EQ(fits(Data(spend), {})->residual_sd, spend);
  EXPECT_EQ(count, 3);
  EXPECT_EQ(fits(Data(1), {})->residual_sd, 1);
  EXPECT_EQ(count, 3) << "1 was asked for after 2";
  EXPECT_EQ(fits(Data(2), {})->residual_sd, 2);
  EXPECT_EQ(count, 4);
}

TEST(RememberedFits, ThreadsWaitForTheOneThatFits) {
  std::atomic<int> count = 0;
  RememberedFits fits(Counting(count), 3);
  std::vector<std::thread> threads;
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&fits, t] {
      for (int round = 0; round < 200; ++round) {
        const double spend = 1 + (t + round) % 3;
        EXPECT_EQ(fits(Data(spend), {})->residual_sd, spend);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(count, 3);
}

}  // namespace
}  // namespace maxopt
