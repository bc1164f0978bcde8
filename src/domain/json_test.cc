#include "domain/json.h"

#include <gtest/gtest.h>

#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

namespace maxopt {
namespace {

Money Eur(std::int64_t micros) { return Money::Micros(micros, kEur); }

Change FullChange() {
  Change change;
  change.key = "plan-7/3";
  change.action = ChangeAction::kUpdate;
  change.account = {Platform::kGoogleAds, "1234567890"};
  change.level = Level::kCampaign;
  change.address = "spring/search-generic";
  change.id = "42";
  change.parent_address = "spring";
  change.parent_id = "41";
  change.before = {{"daily_budget", Eur(50'000'000)}};
  change.after = {{"daily_budget", Eur(60'000'001)},
                  {"countries", std::vector<std::string>{"DE", "AT"}},
                  {"eu_political", false}};
  change.reason = Reason::kReallocate;
  change.why = "earns \"most\": 3.2 per € at the margin\n";
  change.evidence = R"({"days":28,"marginal":3.2})";
  change.prediction = Prediction{.kpi = "revenue",
                                 .mean = 12.5,
                                 .low90 = -1.25,
                                 .high90 = 0.1,
                                 .horizon_days = 14,
                                 .currency = kEur};
  change.links = {{"image", "spring/asset:v1"}};
  change.forced = {"bid"};
  return change;
}

void ExpectSame(const Change& a, const Change& b) {
  EXPECT_EQ(a.key, b.key);
  EXPECT_EQ(a.action, b.action);
  EXPECT_EQ(a.account, b.account);
  EXPECT_EQ(a.level, b.level);
  EXPECT_EQ(a.address, b.address);
  EXPECT_EQ(a.id, b.id);
  EXPECT_EQ(a.parent_address, b.parent_address);
  EXPECT_EQ(a.parent_id, b.parent_id);
  EXPECT_EQ(a.before, b.before);
  EXPECT_EQ(a.after, b.after);
  EXPECT_EQ(a.reason, b.reason);
  EXPECT_EQ(a.why, b.why);
  EXPECT_EQ(a.evidence, b.evidence);
  EXPECT_EQ(a.links, b.links);
  EXPECT_EQ(a.forced, b.forced);
  ASSERT_EQ(a.prediction.has_value(), b.prediction.has_value());
  if (!a.prediction) return;
  EXPECT_EQ(a.prediction->kpi, b.prediction->kpi);
  EXPECT_EQ(a.prediction->mean, b.prediction->mean);
  EXPECT_EQ(a.prediction->low90, b.prediction->low90);
  EXPECT_EQ(a.prediction->high90, b.prediction->high90);
  EXPECT_EQ(a.prediction->horizon_days, b.prediction->horizon_days);
  EXPECT_EQ(a.prediction->currency, b.prediction->currency);
}

TEST(DomainJson, FieldsAreCanonical) {
  const Fields fields = {{"status", std::string("paused")},
                         {"daily_budget", Eur(12'340'000)},
                         {"cap", std::numeric_limits<std::int64_t>::min()},
                         {"eu_political", true},
                         {"countries", std::vector<std::string>{}}};
  const std::string json = ToJson(fields);
  EXPECT_EQ(json, R"({"cap":-9223372036854775808,"countries":[],"daily_budget":{"currency":"EUR",)"
                  R"("money":"12.34"},"eu_political":true,"status":"paused"})");
  EXPECT_EQ(FieldsFromJson(json).value(), fields);
  EXPECT_EQ(ToJson(Fields{}), "{}");
  EXPECT_EQ(FieldsFromJson(" { } ").value(), Fields{});
}

TEST(DomainJson, MoneyKeepsItsType) {
  const auto yen = FieldValueFromJson(R"({"money":"-5000.000001","currency":"JPY"})");
  EXPECT_EQ(std::get<Money>(yen.value()), Money::Micros(-5'000'000'001, kJpy));
  EXPECT_EQ(std::get<std::string>(FieldValueFromJson(R"("12.34")").value()), "12.34");
}

TEST(DomainJson, EntityComesBack) {
  const Entity ad{Level::kAd, "9", "8", "7", {{"name", std::string("Größe ~0123456789")}}};
  EXPECT_EQ(EntityFromJson(ToJson(ad)).value(), ad);
  const Entity wanted{Level::kCampaign, "", "", "", {}};
  EXPECT_EQ(ToJson(wanted), R"({"fields":{},"level":"campaign"})");
  EXPECT_EQ(EntityFromJson(ToJson(wanted)).value(), wanted);
}

TEST(DomainJson, ChangeComesBack) {
  const Change full = FullChange();
  const std::string json = ToJson(full);
  const auto read = ChangeFromJson(json);
  ASSERT_TRUE(read.has_value()) << read.error().what;
  ExpectSame(full, *read);
  EXPECT_EQ(ToJson(*read), json);

  Change small;
  small.account = {Platform::kMeta, "42"};
  EXPECT_EQ(ToJson(small),
            R"({"account":"meta/42","action":"update","address":"","key":"","level":"campaign",)"
            R"("reason":"manual"})");
  ExpectSame(small, ChangeFromJson(ToJson(small)).value());
}

TEST(DomainJson, EveryWordComesBack) {
  for (const Reason reason :
       {Reason::kLaunch, Reason::kActivate, Reason::kReallocate, Reason::kPace, Reason::kPause,
        Reason::kRule, Reason::kManual, Reason::kUndo}) {
    for (const Level level :
         {Level::kAccount, Level::kCampaign, Level::kAdGroup, Level::kAd, Level::kAsset}) {
      Change change = FullChange();
      change.action = ChangeAction::kCreate;
      change.reason = reason;
      change.level = level;
      ExpectSame(change, ChangeFromJson(ToJson(change)).value());
    }
  }
}

TEST(DomainJson, EvidenceIsAnObjectOrText) {
  Change change = FullChange();
  change.evidence = R"({ "b": 1, "a": [ "x" ] })";
  EXPECT_NE(ToJson(change).find(R"("evidence":{"a":["x"],"b":1})"), std::string::npos);
  EXPECT_EQ(ChangeFromJson(ToJson(change))->evidence, R"({"a":["x"],"b":1})");
  change.evidence = "{broken";
  EXPECT_EQ(ChangeFromJson(ToJson(change))->evidence, "{broken");
}

TEST(DomainJson, BytesThatAreNotTextDoNotStopIt) {
  const Fields fields = {{"name", std::string("a\xff\xfe z\0y", 7)}};
  EXPECT_EQ(std::get<std::string>(FieldsFromJson(ToJson(fields))->at("name")),
            std::string("a\xEF\xBF\xBD\xEF\xBF\xBD z\0y", 11));
}

/// Around what 32 bits, a double and 64 bits can hold.
constexpr std::int64_t kEdges[] = {(std::int64_t{1} << 31) - 1,
                                   std::int64_t{1} << 31,
                                   (std::int64_t{1} << 31) + 1,
                                   (std::int64_t{1} << 53) - 1,
                                   std::int64_t{1} << 53,
                                   (std::int64_t{1} << 53) + 1,
                                   std::numeric_limits<std::int64_t>::max()};

TEST(DomainJson, F6AmountsIdsAndNumbersOf64BitsComeBack) {
  for (const std::int64_t n : kEdges) {
    Change change = FullChange();
    change.id = std::to_string(n);
    change.parent_id = std::to_string(n - 1);
    change.account.id = std::to_string(n);
    change.after["daily_budget"] = Eur(n);
    change.after["bid"] = Eur(-n);
    change.after["frequency_cap"] = n;
    const auto read = ChangeFromJson(ToJson(change));
    ASSERT_TRUE(read) << read.error().what;
    ExpectSame(*read, change);
    const Entity entity{Level::kAd, change.id, change.parent_id, change.account.id, change.after};
    const auto back = EntityFromJson(ToJson(entity));
    ASSERT_TRUE(back) << back.error().what;
    EXPECT_EQ(*back, entity);
  }
}

/// No number anywhere in it is one of the ids.
void ExpectNoNumber(const nlohmann::json& value, std::int64_t id, const std::string& where) {
  EXPECT_FALSE(value.is_number_integer() && value.get<std::int64_t>() == id) << where;
  if (!value.is_structured()) return;
  for (const auto& [key, inner] : value.items()) ExpectNoNumber(inner, id, where + "." + key);
}

TEST(DomainJson, F7IdsAreTextAndANumberInTheirPlaceIsRefused) {
  constexpr std::int64_t kId = (std::int64_t{1} << 53) + 1;
  Change change = FullChange();
  change.id = change.parent_id = change.account.id = std::to_string(kId);
  const Entity entity{Level::kAd, change.id, change.id, change.id, change.after};
  const auto change_json = nlohmann::json::parse(ToJson(change));
  const auto entity_json = nlohmann::json::parse(ToJson(entity));
  ExpectNoNumber(change_json, kId, "change");
  ExpectNoNumber(entity_json, kId, "entity");
  const char* wrongs[] = {"9007199254740993",     "4",    "-1",   "1.5", "1e18", "1E400",  "0",
                          "18446744073709551616", "true", "null", "[]",  "{}",   "[\"4\"]"};
  const auto refuse = [&](const nlohmann::json& good, const char* member, const auto& parse) {
    ASSERT_TRUE(good.contains(member)) << member;
    nlohmann::json marked = good;
    marked[member] = "@@";
    const std::string text = marked.dump();
    for (const char* wrong : wrongs) {
      std::string bad = text;
      bad.replace(bad.find("\"@@\""), 4, wrong);
      const auto read = parse(bad);
      ASSERT_FALSE(read) << member << " = " << wrong;
      EXPECT_EQ(read.error().code, Errc::kInvalidArgument) << member << " = " << wrong;
    }
  };
  for (const char* member : {"id", "parent_id", "account", "key", "address"}) {
    refuse(change_json, member, [](const std::string& text) { return ChangeFromJson(text); });
  }
  for (const char* member : {"id", "parent_id", "campaign_id"}) {
    refuse(entity_json, member, [](const std::string& text) { return EntityFromJson(text); });
  }
}

TEST(DomainJson, F8OnlyPlainDecimalTextIsMoney) {
  for (const char* wrong :
       {"\"NaN\"", "\"Infinity\"", "\"-inf\"", "\"1e308\"", "\"1e3\"", "\" 5\"", "\"٥\"", "\"\"",
        "NaN", "Infinity", "-Infinity", "1e308", "1e3", "5", "5.0", "-0", "null", "true", "[]"}) {
    const auto read =
        FieldValueFromJson(std::string(R"({"currency":"EUR","money":)") + wrong + "}");
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, Errc::kInvalidArgument) << wrong;
  }
  // Minus nothing is nothing.
  EXPECT_EQ(FieldValueFromJson(R"({"currency":"EUR","money":"-0"})").value(), FieldValue(Eur(0)));
}

TEST(DomainJson, HostileInputIsAnError) {
  const std::string change_head =
      R"({"account":"meta/42","action":"update","address":"a","key":"k","level":"campaign",)";
  struct Case {
    std::string json;
    std::string_view says;
  };
  const Case cases[] = {
      {"", "not JSON"},
      {"{", "not JSON"},
      {"nonsense", "not JSON"},
      {"{} {}", "not JSON"},
      {"[]", "change must be an object, not array"},
      {"null", "must be an object"},
      {"{\"a\":\"\xff\"}", "not JSON"},
      {"{\"a\":1e999}", "not JSON"},
      {"{}", "change.key is missing"},
      {R"({"key":1})", "change.key must be text, not number"},
      {change_head + R"("reason":"whim"})", "known are launch, activate"},
      {change_head + R"("reason":"rule","bid":1})", "change.bid is not a known member"},
      {change_head + R"("reason":"rule","key":"k2"})", "\"key\" twice"},
      {change_head + R"("reason":"rule","id":null})", "change.id must be text, not null"},
      {change_head + R"("reason":"rule","evidence":[1]})", "change.evidence must be an object"},
      {change_head + R"("reason":"rule","before":[]})", "change.before must be an object"},
      {change_head + R"("reason":"rule","before":{"bid":1.5}})",
       "change.before.bid must be a whole number"},
      {change_head + R"("reason":"rule","before":{"bid":1e3}})", "must be a whole number"},
      {change_head + R"("reason":"rule","before":{"bid":9223372036854775808}})", "beyond 64 bits"},
      {change_head + R"("reason":"rule","before":{"bid":18446744073709551616}})",
       "must be a whole number"},
      {change_head + R"("reason":"rule","before":{"bid":null}})", "not null"},
      {change_head + R"("reason":"rule","before":{"bid":["a",1]}})", "a list of texts"},
      {change_head + R"("reason":"rule","before":{"bid":{"money":12.34,"currency":"EUR"}}})",
       "change.before.bid.money must be text"},
      {change_head + R"("reason":"rule","before":{"bid":{"money":"12,34","currency":"EUR"}}})",
       "a comma is not taken"},
      {change_head + R"("reason":"rule","before":{"bid":{"money":"1","currency":"XXX"}}})",
       "not a currency in use"},
      {change_head + R"("reason":"rule","before":{"bid":{"money":"1"}}})", "currency is missing"},
      {change_head + R"("reason":"rule","before":{"bid":{"money":"1","currency":"EUR","x":1}}})",
       "change.before.bid.x is not a known member"},
      {change_head + R"("reason":"rule","prediction":{"kpi":"revenue","mean":null,"low90":1,)" +
           R"("high90":1,"horizon_days":1}})",
       "change.prediction.mean must be a number"},
      {change_head + R"("reason":"rule","prediction":{"kpi":"revenue","mean":1,"low90":1,)" +
           R"("high90":1,"horizon_days":99999999999}})",
       "is no number of days"},
      {R"({"account":"meta","action":"update","key":"k"})", "change.account must be written like"},
      {R"({"account":"myspace/1","action":"update","key":"k"})", "\"myspace\" is not known"},
      {std::string(32, '[') + std::string(32, ']'), "must be an object"},
      {std::string(33, '[') + std::string(33, ']'), "more than 32 levels"},
      {std::string(20'000, '['), "not JSON"},
      {std::string(20'000, '[') + std::string(20'000, ']'), "more than 32 levels"},
  };
  for (const Case& c : cases) {
    const auto read = ChangeFromJson(c.json);
    ASSERT_FALSE(read.has_value()) << c.json.substr(0, 200);
    EXPECT_EQ(read.error().code, Errc::kInvalidArgument);
    EXPECT_NE(read.error().what.find(c.says), std::string::npos) << c.json.substr(0, 200) << "\n"
                                                                 << read.error().what;
  }
}

/// Every prefix and every one-byte change of a good document is read or refused, never worse; what
/// is read is stable.
TEST(DomainJson, DamagedDocumentsAreReadOrRefused) {
  const std::string good = ToJson(FullChange());
  for (std::size_t at = 0; at < good.size(); ++at) {
    EXPECT_FALSE(ChangeFromJson(std::string_view(good).substr(0, at)).has_value());
    for (const char byte : {'"', '}', ',', '0', '\xff'}) {
      std::string bad = good;
      bad[at] = byte;
      const auto read = ChangeFromJson(bad);
      if (read) {
        const std::string json = ToJson(*read);
        EXPECT_EQ(ToJson(ChangeFromJson(json).value()), json);
      }
    }
  }
}

TEST(DomainJson, APredictionOfOlderVersionsHasNoCurrency) {
  const auto old =
      PredictionFromJson(R"({"kpi":"revenue","mean":1,"low90":0,"high90":2,"horizon_days":7})");
  ASSERT_TRUE(old) << old.error().what;
  EXPECT_FALSE(old->currency);
  const auto bad = PredictionFromJson(
      R"({"kpi":"revenue","mean":1,"low90":0,"high90":2,"horizon_days":7,"currency":"EURO"})");
  ASSERT_FALSE(bad);
  EXPECT_TRUE(bad.error().what.starts_with("prediction.currency")) << bad.error().what;
}

TEST(DomainJsonDeathTest, APredictionThatIsNoNumberStopsIt) {
  Change change = FullChange();
  change.prediction->mean = std::numeric_limits<double>::quiet_NaN();
  EXPECT_DEATH(ToJson(change), "");
}

}  // namespace
}  // namespace maxopt
