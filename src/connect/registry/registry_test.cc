#include "connect/registry/registry.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace maxopt {
namespace {

constexpr const char* kGood = R"(maxopt: connections/1
accounts:
  - client: A
    platform: google_ads
    id: "123"
    base_url: http://127.0.0.1:1
    version: v25
    settings: {login_customer_id: "9"}
    secrets: {access_token: env:MAXOPT_TEST_TOKEN}
  - client: A
    platform: meta
    id: "77"
    calls_per_second: 2.5
    secrets: {access_token: plain}
)";

std::string With(const std::string& from, const std::string& to) {
  std::string text = kGood;
  const std::size_t at = text.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return text.replace(at, from.size(), to);
}
std::string ErrorOf(const std::string& text) {
  const auto parsed = ParseConnections(text, "c.yaml");
  return parsed ? "" : parsed.error().what;
}

TEST(ParseConnections, ReadsAccountsAndTheirSecrets) {
  ::setenv("MAXOPT_TEST_TOKEN", "from-environment", 1);
  const auto parsed = ParseConnections(kGood, "c.yaml");
  ASSERT_TRUE(parsed) << parsed.error().what;
  ASSERT_EQ(parsed->size(), 2u);
  EXPECT_EQ((*parsed)[0].secrets.at("access_token"), "from-environment");
  EXPECT_EQ((*parsed)[0].settings.at("login_customer_id"), "9");
  EXPECT_EQ((*parsed)[1].calls_per_second, 2.5);
  EXPECT_TRUE(ParseConnections("maxopt: connections/1\naccounts: []\n", "c.yaml")->empty());
}

TEST(ParseConnections, ErrorsNameTheLineAndNeverTheSecret) {
  ::setenv("MAXOPT_TEST_TOKEN", "from-environment", 1);
  EXPECT_EQ(ErrorOf(With("platform: meta", "platform: myspace")).substr(0, 10), "c.yaml:11:");
  EXPECT_NE(ErrorOf(With("base_url", "base_uri")).find("c.yaml:6"), std::string::npos);
  EXPECT_NE(ErrorOf(With("\"77\"", "act_77")).find("in digits"), std::string::npos);
  EXPECT_NE(ErrorOf(With("2.5", "nan")), "");
  EXPECT_NE(ErrorOf(With("connections/1", "connections/2")), "");
  EXPECT_NE(ErrorOf("accounts: ["), "");
  const std::string missing = ErrorOf(With("MAXOPT_TEST_TOKEN", "MAXOPT_TEST_NOT_SET"));
  EXPECT_NE(missing.find("MAXOPT_TEST_NOT_SET"), std::string::npos);
  const std::string twice =
      ErrorOf(With("platform: meta\n    id: \"77\"", "platform: google_ads\n    id: \"123\""));
  EXPECT_NE(twice.find("twice"), std::string::npos);
  EXPECT_EQ(twice.find("plain"), std::string::npos);
}

TEST(MakeConnector, KnowsItsPlatformsAndListsThem) {
  const auto clock = std::make_shared<RealClock>();
  for (const Platform platform : {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok}) {
    Connection connection;
    connection.account = {platform, "123"};
    connection.secrets["access_token"] = "t";
    const auto connector = MakeConnector(connection, http::MakeLoopbackTransport({}), clock);
    ASSERT_TRUE(connector) << connector.error().what;
    EXPECT_EQ(connector->reader->capabilities().platform, platform);
  }
  Connection other;
  other.account = {Platform::kReddit, "1"};
  const auto refused = MakeConnector(other, http::MakeLoopbackTransport({}), clock);
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("google_ads, meta, tiktok"), std::string::npos);
}

}  // namespace
}  // namespace maxopt
