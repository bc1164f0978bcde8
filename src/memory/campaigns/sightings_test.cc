#include "memory/campaigns/sightings.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

Instant At(const char* text) { return *ParseInstant(text); }
Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }
const AccountInfo kAccount{{Platform::kMeta, "88"}, "m", kEur, "Europe/Berlin", "active"};

Sighting Seen(const char* id, const char* state, std::optional<Money> budget) {
  Sighting s;
  s.account = kAccount.account;
  s.campaign_id = id;
  s.name = std::string("campaign ") + id;
  s.state = state;
  s.daily_budget = budget;
  return s;
}

TEST(Sightings, WhatChangedBetweenTwoLooksIsKept) {
  const auto store = CampaignStore::Open(":memory:");
  ASSERT_TRUE(store) << store.error().what;
  const Instant nine = At("2026-11-22T09:00:00Z"), ten = At("2026-11-22T10:00:00Z"),
                eleven = At("2026-11-22T11:00:00Z");
  auto all =
      SeeCampaigns(**store, kAccount,
                   {Seen("1", "delivers", Eur(50)), Seen("2", "delivers", std::nullopt)}, nine);
  ASSERT_TRUE(all) << all.error().what;
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->at(0).since, nine);
  EXPECT_FALSE(all->at(0).budget_was);
  EXPECT_FALSE(all->at(1).daily_budget);

  all = SeeCampaigns(**store, kAccount, {Seen("1", "delivers", Eur(500))}, ten);
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->at(0).since, nine);
  EXPECT_EQ(all->at(0).budget_since, ten);
  EXPECT_EQ(all->at(0).budget_was, Eur(50));
  EXPECT_EQ(all->at(1).state, "removed");
  EXPECT_EQ(all->at(1).was, "delivers");
  EXPECT_EQ(all->at(1).since, ten);

  all = SeeCampaigns(**store, kAccount, {Seen("1", "paused", Eur(500))}, eleven);
  ASSERT_TRUE(all) << all.error().what;
  EXPECT_EQ(all->at(0).was, "delivers");
  EXPECT_EQ(all->at(0).since, eleven);
  EXPECT_EQ(all->at(0).budget_since, ten);
  EXPECT_EQ(all->at(1).since, ten) << "removed once";
  const auto read = Sightings(**store, kAccount);
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(read->at(0).state, "paused");
  EXPECT_EQ(read->at(0).daily_budget, Eur(500));
  EXPECT_EQ(read->at(0).first_at, nine);
}

}  // namespace
}  // namespace maxopt
