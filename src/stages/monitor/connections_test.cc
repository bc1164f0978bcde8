#include "stages/monitor/connections.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

using std::chrono::days;

const Instant kNow = *ParseInstant("2026-11-22T12:00:00Z");
const Day kToday = *ParseDay("2026-11-22");

PlatformSpecs EndsOn(Day day) {
  PlatformSpec spec{};
  spec.platform = Platform::kMeta;
  spec.api_versions = {{"v25.0", {}, day, {}}, {"v26.0", {}, {}, {}}};
  return PlatformSpecs({spec});
}
Connection Meta(const std::string& version, std::map<std::string, std::string> settings = {}) {
  Connection connection{};
  connection.client = "A";
  connection.account = {Platform::kMeta, "2"};
  connection.version = version;
  connection.settings = std::move(settings);
  return connection;
}

TEST(Connections, F34AnEndingVersionIsToldAt90And30And7Days) {
  struct Case {
    int left;
    std::optional<AlertTier> tier;
  };
  for (const Case& c :
       {Case{91, {}}, Case{90, AlertTier::kInfo}, Case{31, AlertTier::kInfo},
        Case{30, AlertTier::kWarning}, Case{8, AlertTier::kWarning}, Case{7, AlertTier::kCritical},
        Case{0, AlertTier::kCritical}, Case{-5, AlertTier::kCritical}}) {
    const auto told = ConnectionConditions(EndsOn(kToday + days(c.left)), {Meta("v25.0")}, kNow);
    ASSERT_EQ(told.size(), c.tier ? 1u : 0u) << c.left;
    if (!c.tier) continue;
    EXPECT_EQ(told[0].tier, *c.tier) << c.left;
    EXPECT_EQ(told[0].detector, "sunset");
  }
  const auto told = ConnectionConditions(EndsOn(kToday + days(7)), {Meta("v25.0")}, kNow);
  EXPECT_EQ(told[0].title, "version v25.0 of meta ends in 7 days (2026-11-29)");
  // The same trouble at every tier, so it is one alert that grows.
  EXPECT_EQ(Fingerprint(told[0]),
            Fingerprint(ConnectionConditions(EndsOn(kToday), {Meta("v25.0")}, kNow)[0]));
  // One line ends it; a connection without a version has the connector's own.
  EXPECT_TRUE(ConnectionConditions(EndsOn(kToday), {Meta("v26.0")}, kNow).empty());
  EXPECT_TRUE(ConnectionConditions(EndsOn(kToday), {Meta("")}, kNow).empty());
  EXPECT_EQ(
      ConnectionConditions(EndsOn(kToday), {Meta("")}, kNow, {{Platform::kMeta, "v25.0"}}).size(),
      1u);
}

TEST(Connections, F39AReconnectIsAskedForTwoWeeksAhead) {
  const auto told = [](int left) {
    return ConnectionConditions(
        {}, {Meta("v26.0", {{"token_expires_on", PrintDay(kToday + days(left))}})}, kNow);
  };
  EXPECT_TRUE(told(15).empty());
  ASSERT_EQ(told(14).size(), 1u);
  EXPECT_EQ(told(14)[0].detector, "credential");
  EXPECT_EQ(told(14)[0].tier, AlertTier::kWarning);
  EXPECT_EQ(told(14)[0].title, "the access to meta/2 ends in 14 days (2026-12-06)");
  EXPECT_EQ(told(3)[0].tier, AlertTier::kCritical);
  EXPECT_EQ(told(-1)[0].tier, AlertTier::kCritical);
  const auto nonsense =
      ConnectionConditions({}, {Meta("v26.0", {{"token_expires_on", "soon"}})}, kNow);
  ASSERT_EQ(nonsense.size(), 1u);
  EXPECT_NE(nonsense[0].title.find("no day"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
