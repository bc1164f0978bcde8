#include "stages/setup/policy/policy.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

const std::string kGood =
    "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 300.50\n";

TEST(ParsePolicy, SaysWhatIsNotWritten) {
  const auto policy = ParsePolicy(kGood, "policy.yaml");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->worst_day_cap, Money::Micros(300'500'000, kEur));
  EXPECT_EQ(policy->step_max_bp, 2'000);
  EXPECT_EQ(policy->approval_hours, 24);
  EXPECT_FALSE(policy->two_people);
  EXPECT_EQ(policy->exposure_drift_max_bp, 1'000);
  EXPECT_TRUE(policy->auto_approve.empty());
  EXPECT_EQ(policy->tripwire_bp, 30'000);
}

TEST(ParsePolicy, ReadsEverything) {
  const auto policy = ParsePolicy(
      kGood +
          "platform_caps: {meta: 100}\nstep_max_percent: 15\ncooldown_hours: 0\n"
          "data_age_max_hours: 12\nrate_age_max_days: 3\nknown_least_percent: 80\nauto_approve: "
          "[reallocate, "
          "pause]\napproval_hours: 4\n"
          "two_people: true\nexposure_drift_percent: 5\ntripwire_percent: 200\nmode: recommend\n"
          "envelope: {per_change: 20.50, changes_per_day: 3}\n"
          "blocked_operations: [create, raise_budget]\nearned_autonomy: false\n"
          "holdout: {share: 7.5%, turn_days: 14}\nuse_tactics: false\nshare_results: none\n",
      "policy.yaml");
  ASSERT_TRUE(policy) << policy.error().what;
  EXPECT_EQ(policy->platform_caps.at(Platform::kMeta), Money::Micros(100'000'000, kEur));
  EXPECT_EQ(policy->step_max_bp, 1'500);
  EXPECT_EQ(policy->cooldown_hours, 0);
  EXPECT_EQ(policy->data_age_max_hours, 12);
  EXPECT_EQ(policy->known_least_bp, 8'000);
  EXPECT_EQ(policy->rate_age_max_days, 3);
  EXPECT_EQ(policy->auto_approve, (std::vector{Reason::kReallocate, Reason::kPause}));
  EXPECT_EQ(policy->approval_hours, 4);
  EXPECT_TRUE(policy->two_people);
  EXPECT_EQ(policy->exposure_drift_max_bp, 500);
  EXPECT_EQ(policy->tripwire_bp, 20'000);
  EXPECT_EQ(policy->mode, PolicyMode::kRecommend);
  EXPECT_EQ(policy->envelope.per_change, Money::Micros(20'500'000, kEur));
  EXPECT_FALSE(policy->envelope.per_day);
  EXPECT_EQ(policy->envelope.changes_per_day, 3);
  EXPECT_EQ(policy->blocked_operations, (std::vector{Operation::kCreate, Operation::kRaiseBudget}));
  EXPECT_FALSE(policy->earned_autonomy);
  EXPECT_FALSE(policy->use_tactics);
  EXPECT_FALSE(policy->share_results);
  ASSERT_TRUE(policy->holdout);
  EXPECT_EQ(policy->holdout->share_bp, 750);
  EXPECT_EQ(policy->holdout->turn_days, 14);
}

TEST(ParsePolicy, WhatOthersMayLearnIsOneOfTwoWords) {
  EXPECT_TRUE(ParsePolicy(kGood, "policy.yaml")->share_results);
  EXPECT_TRUE(ParsePolicy(kGood + "share_results: anonymous\n", "policy.yaml")->share_results);
  const auto named = ParsePolicy(kGood + "share_results: by_name\n", "policy.yaml");
  ASSERT_FALSE(named);
  EXPECT_NE(named.error().what.find("anonymous or none"), std::string::npos) << named.error().what;
}

TEST(ParsePolicy, AHoldoutIsOnlyWhereItIsAskedFor) {
  EXPECT_FALSE(ParsePolicy(kGood, "policy.yaml")->holdout);
  const auto plain = ParsePolicy(kGood + "holdout: {}\n", "policy.yaml");
  ASSERT_TRUE(plain) << plain.error().what;
  ASSERT_TRUE(plain->holdout);
  EXPECT_EQ(plain->holdout->share_bp, 500);
  EXPECT_EQ(plain->holdout->turn_days, 28);
}

TEST(ParsePolicy, RefusesByFileAndLine) {
  struct Case {
    std::string yaml, says;
  };
  const Case cases[] = {
      {kGood + "worst_day_kap: 5\n", "policy.yaml:5: \"worst_day_kap\" is not known"},
      {kGood + "cooldown_hours: 1e3\n", "policy.yaml:5: cooldown_hours \"1e3\""},
      {kGood + "approval_hours: 0\n", "policy.yaml:5: approval_hours \"0\""},
      {kGood + "exposure_drift_percent: 101\n", "policy.yaml:5: exposure_drift_percent"},
      {kGood + "tripwire_percent: 80\n", "tripwire_percent 80 would pause campaigns"},
      {kGood + "two_people: yes\n", "policy.yaml:5: two_people \"yes\" must be true or false"},
      {kGood + "auto_approve: [launch]\n", "policy.yaml:5: \"launch\" cannot be approved"},
      {kGood + "mode: auto\n", "policy.yaml:5: mode \"auto\" is not one of observe"},
      {kGood + "envelope: {per_week: 5}\n", "\"per_week\" is not known here"},
      {kGood + "envelope: {per_day: -5}\n", "below zero"},
      {kGood + "blocked_operations: [spend]\n", "\"spend\" is no operation; there are create"},
      {kGood + "holdout: {share: 5}\n", "share \"5\" is not a percentage"},
      {kGood + "holdout: {share: 51%}\n", "from 0.01% to 50%"},
      {kGood + "holdout: {share: 0%}\n", "from 0.01% to 50%"},
      {kGood + "holdout: {share: 5%%}\n", "is not a percentage"},
      {kGood + "holdout: {turn_days: 6}\n", "turn_days \"6\""},
      {kGood + "holdout: {days: 6}\n", "\"days\" is not known here"},
      {kGood + "holdout: 5%\n", "a mapping (key: value) is needed here"},
      {kGood + "client: B\n", "\"client\" is written twice"},
      {kGood + "platform_caps: {x: 1}\n", "\"x\" is not known here"},
      {kGood + "platform_caps: {meta: -1}\n", "a cap of -1 is below zero"},
      {"maxopt: policy/1\nclient: A\ncurrency: EUR\n", "\"worst_day_cap\" is missing"},
      {"maxopt: policy/1\nclient: A\ncurrency: EU\nworst_day_cap: 1\n", "policy.yaml:3: "},
      {"maxopt: policy/2\n", "\"maxopt: policy/1\" is needed here"},
      {"", "is empty or not a mapping"},
      {"a: [", "not valid YAML"},
      {"[1]: 2\nmaxopt: policy/1\n", "a text is needed here"},
      {std::string(300u << 10, 'a'), "larger than"},
  };
  for (const Case& c : cases) {
    const auto policy = ParsePolicy(c.yaml, "policy.yaml");
    ASSERT_FALSE(policy) << c.yaml.substr(0, 200);
    EXPECT_EQ(policy.error().code, Errc::kInvalidArgument);
    EXPECT_NE(policy.error().what.find(c.says), std::string::npos) << policy.error().what;
  }
}

TEST(ParseClients, ReadsAndRefuses) {
  const std::string good =
      "maxopt: clients/1\nclients:\n  - {name: Alpenglow, currency: EUR, zone: Europe/Berlin}\n";
  const auto clients = ParseClients(good, "clients.yaml");
  ASSERT_TRUE(clients) << clients.error().what;
  ASSERT_EQ(clients->size(), 1u);
  EXPECT_EQ((*clients)[0].zone, "Europe/Berlin");
  EXPECT_FALSE(ParseClients(
      "maxopt: clients/1\nclients:\n  - {name: A, currency: EUR, zone: Mars/Base}\n", "c.yaml"));
}

}  // namespace
}  // namespace maxopt
