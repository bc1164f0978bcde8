#include "connect/meta/meta.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <nlohmann/json.hpp>
#include <thread>

#include "connect/meta/graph.h"
#include "connect/meta/read.h"
#include "connect/writer.h"

namespace maxopt {
namespace {

using http::After;
using http::Request;
using http::Response;
using nlohmann::json;
using namespace std::chrono_literals;

const Instant kStart{std::chrono::sys_days{std::chrono::year(2026) / 9 / 15}};
const AccountId kAccount{Platform::kMeta, "42"};

Day DayOf(const char* text) { return *ParseDay(text); }

std::string Str(const char* text) { return text; }
Money Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }
using Texts = std::vector<std::string>;

Change Create(Level level, Fields after, std::string parent = "") {
  Change change;
  change.key = "plan-1/" + std::string(LevelName(level));
  change.action = ChangeAction::kCreate;
  change.account = kAccount;
  change.level = level;
  change.parent_id = std::move(parent);
  change.after = std::move(after);
  return change;
}
Change Update(Level level, Fields after) {
  Change change = Create(level, std::move(after));
  change.action = ChangeAction::kUpdate;
  change.id = "1001";
  return change;
}
/// Meta as a function of the call. Remembers what was asked.
class Fake final : public http::Transport {
 public:
  struct Seen {
    Request request;
    http::Url url;
    std::vector<std::pair<std::string, std::string>> form;
    std::string Param(std::string_view name) const {
      for (const auto& [key, value] : request.method == "POST" ? form : url.query) {
        if (key == name) return value;
      }
      return "<absent>";
    }
    /// "GET /v26.0/act_42/campaigns"
    std::string what() const { return request.method + " " + url.path; }
  };
  using Script = std::function<Result<Response>(const Seen&)>;
  explicit Fake(Script script) : script_(std::move(script)) {}

  Result<Response> Send(const Request& request, http::Deadline) override {
    Seen seen{.request = request, .url = *http::ParseUrl(request.url), .form = {}};
    if (request.method == "POST") seen.form = *http::DecodeForm(request.body);
    const std::lock_guard lock(mutex_);
    calls.push_back(seen);
    return script_(seen);
  }
  std::vector<std::string> Whats() const {
    std::vector<std::string> whats;
    for (const Seen& call : calls) whats.push_back(call.what());
    return whats;
  }
  int Count(std::string_view what) const {
    return static_cast<int>(std::ranges::count(Whats(), what));
  }

  std::vector<Seen> calls;

 private:
  std::mutex mutex_;
  Script script_;
};

Response Ok(std::string body) {
  return {200, {{"Content-Type", "application/json"}}, std::move(body)};
}
Response Status(int status, std::string body, http::Headers headers = {}) {
  return {status, std::move(headers), std::move(body)};
}
Response GraphError(int code, int subcode = 0, int status = 400) {
  json error = {{"message", "Meta says no"},
                {"type", "OAuthException"},
                {"code", code},
                {"fbtrace_id", "Trace"}};
  if (subcode != 0) error["error_subcode"] = subcode;
  return Status(status, json({{"error", error}}).dump());
}

constexpr const char* kAccountBody =
    R"({"account_id":"42","id":"act_42","name":"Shop","currency":"EUR",)"
    R"("timezone_name":"Europe/Berlin","account_status":1,)"
    R"("default_dsa_beneficiary":"Shop GmbH","default_dsa_payor":"Shop GmbH"})";
constexpr const char* kNoData = R"({"data":[]})";

struct World {
  explicit World(Fake::Script script, std::map<std::string, std::string> settings = {},
                 std::map<std::string, std::string> secrets = {{"access_token", "canary-token"}})
      : clock(std::make_shared<VirtualClock>(kStart)),
        fake(std::make_shared<Fake>(
            [script = std::move(script)](const Fake::Seen& seen) -> Result<Response> {
              if (seen.what() == "GET /v26.0/act_42") return Ok(kAccountBody);
              return script(seen);
            })) {
    Connection connection;
    connection.account = kAccount;
    connection.settings = std::move(settings);
    connection.secrets = std::move(secrets);
    connection.calls_per_second = 1000;
    auto made = MakeMetaConnector(connection, fake, clock);
    EXPECT_TRUE(made) << made.error().what;
    if (made) connector = *std::move(made);
  }
  PlatformReader& reader() { return *connector.reader; }
  PlatformWriter& writer() { return *connector.writer; }
  /// Calls beside the one that reads the account's currency and zone.
  std::vector<Fake::Seen> calls() const {
    std::vector<Fake::Seen> calls;
    for (const auto& call : fake->calls) {
      if (call.what() != "GET /v26.0/act_42") calls.push_back(call);
    }
    return calls;
  }
  std::shared_ptr<VirtualClock> clock;
  std::shared_ptr<Fake> fake;
  Connector connector;
};

// --- classification -----------------------------------------------------------------------------

const Request kRead{
    .method = "GET", .url = "https://graph.facebook.com/v26.0/1", .idempotent = true};
const Request kWrite{.method = "POST", .url = "https://graph.facebook.com/v26.0/1"};

TEST(ClassifyTest, Codes) {
  struct Case {
    int code;
    int subcode;
    int status;
    Errc read;
    Errc write;
  };
  using enum Errc;
  for (const Case& c : {
           Case{1, 0, 500, kUnavailable, kUnknownOutcome},
           Case{1, 0, 400, kUnavailable, kUnknownOutcome},
           Case{2, 0, 500, kUnavailable, kUnknownOutcome},
           Case{2, 1504043, 500, kUnavailable, kUnknownOutcome},
           Case{2, 1504041, 400, kInvalidArgument, kInvalidArgument},
           Case{4, 0, 400, kRateLimited, kRateLimited},
           Case{4, 1504022, 400, kRateLimited, kRateLimited},
           Case{17, 2446079, 400, kRateLimited, kRateLimited},
           Case{32, 0, 400, kRateLimited, kRateLimited},
           Case{341, 0, 400, kRateLimited, kRateLimited},
           Case{368, 0, 400, kRateLimited, kRateLimited},
           Case{613, 1487742, 400, kRateLimited, kRateLimited},
           Case{80000, 2446079, 400, kRateLimited, kRateLimited},
           Case{80004, 2446079, 400, kRateLimited, kRateLimited},
           Case{80014, 0, 400, kRateLimited, kRateLimited},
           Case{100, 0, 400, kInvalidArgument, kInvalidArgument},
           Case{100, 1885272, 400, kInvalidArgument, kInvalidArgument},
           Case{100, 1504018, 400, kInvalidArgument, kInvalidArgument},
           Case{100, 33, 400, kNotFound, kNotFound},
           Case{803, 0, 404, kNotFound, kNotFound},
           Case{190, 463, 400, kUnauthenticated, kUnauthenticated},
           Case{190, 0, 401, kUnauthenticated, kUnauthenticated},
           Case{102, 0, 400, kUnauthenticated, kUnauthenticated},
           Case{3, 0, 400, kForbidden, kForbidden},
           Case{10, 0, 403, kForbidden, kForbidden},
           Case{200, 0, 403, kForbidden, kForbidden},
           Case{294, 0, 400, kForbidden, kForbidden},
           Case{2635, 0, 400, kInvalidArgument, kInvalidArgument},
           Case{-2, 2490547, 400, kUnavailable, kUnavailable},
           // an error inside a 200
           Case{100, 0, 200, kInvalidArgument, kInvalidArgument},
           Case{17, 0, 200, kRateLimited, kRateLimited},
           Case{987654, 0, 200, kBadAnswer, kUnknownOutcome},
           // codes that are new to us
           Case{987654, 0, 400, kInvalidArgument, kInvalidArgument},
           Case{987654, 0, 403, kForbidden, kForbidden},
           Case{987654, 0, 503, kUnavailable, kUnknownOutcome},
           // whatever the code says, a 5xx does not prove that nothing was written
           Case{100, 0, 500, kInvalidArgument, kUnknownOutcome},
       }) {
    const Response response = GraphError(c.code, c.subcode, c.status);
    const auto read = ClassifyMeta(kRead, response);
    const auto write = ClassifyMeta(kWrite, response);
    ASSERT_TRUE(read && write);
    EXPECT_EQ(ErrcName(read->code), ErrcName(c.read)) << c.code << "/" << c.subcode;
    EXPECT_EQ(ErrcName(write->code), ErrcName(c.write)) << c.code << "/" << c.subcode;
    EXPECT_EQ(read->platform_code, c.subcode == 0
                                       ? std::to_string(c.code)
                                       : std::to_string(c.code) + "/" + std::to_string(c.subcode));
  }
}

TEST(ClassifyTest, TransientErrorsOfAnyCode) {
  const Response response =
      Status(400, R"({"error":{"code":987654,"message":"x","is_transient":true}})");
  EXPECT_EQ(ClassifyMeta(kRead, response)->code, Errc::kUnavailable);
  EXPECT_EQ(ClassifyMeta(kWrite, response)->code, Errc::kUnknownOutcome);
}

TEST(ClassifyTest, SuccessesAreObjects) {
  for (const char* body : {R"({"data":[]})", R"({"id":"1"})", "{}", R"({"error":null,"id":"1"})"}) {
    EXPECT_FALSE(ClassifyMeta(kRead, Ok(body))) << body;
    EXPECT_FALSE(ClassifyMeta(kWrite, Ok(body))) << body;
  }
}

TEST(ClassifyTest, F32WhatIsNotMetasAnswerIsNoSuccess) {
  struct Case {
    int status;
    const char* body;
    Errc read;
  };
  using enum Errc;
  for (const Case& c : {
           Case{200, "", kUnavailable},
           Case{200, "<html>hello</html>", kUnavailable},
           Case{200, R"({"data":[{"id":"1"})", kUnavailable},
           Case{200, "[]", kUnavailable},
           Case{200, "null", kUnavailable},
           Case{502, "<html>bad gateway</html>", kUnavailable},
           Case{504, "", kUnavailable},
           Case{301, "", kBadAnswer},
           Case{403, "<html>blocked</html>", kBadAnswer},
           Case{404, R"({"no":"error"})", kBadAnswer},
           Case{429, "slow down", kRateLimited},
       }) {
    const Response response = Status(c.status, c.body);
    ASSERT_TRUE(ClassifyMeta(kRead, response));
    EXPECT_EQ(ErrcName(ClassifyMeta(kRead, response)->code), ErrcName(c.read)) << c.body;
    EXPECT_EQ(ErrcName(ClassifyMeta(kWrite, response)->code),
              ErrcName(c.status == 429 ? kRateLimited : kUnknownOutcome))
        << c.body;
  }
}

TEST(ClassifyTest, UsageHeadersSayHowLongToWait) {
  Response response = GraphError(80004, 2446079);
  EXPECT_EQ(ClassifyMeta(kRead, response)->retry_after_s, std::nullopt);
  response.headers = {
      {"x-business-use-case-usage",
       R"({"7":[{"type":"ads_insights","call_count":1,"estimated_time_to_regain_access":3},)"
       R"({"type":"ads_management","call_count":100,"estimated_time_to_regain_access":19}]})"}};
  EXPECT_EQ(ClassifyMeta(kRead, response)->retry_after_s, 19 * 60);
  response.headers = {
      {"X-Ad-Account-Usage", R"({"acc_id_util_pct":100.5,"reset_time_duration":77})"}};
  EXPECT_EQ(ClassifyMeta(kRead, response)->retry_after_s, 77);
  response.headers = {{"X-Business-Use-Case-Usage", "nonsense"}, {"Retry-After", "12"}};
  EXPECT_EQ(ClassifyMeta(kRead, response)->retry_after_s, 12);
}

TEST(ClassifyTest, TheSentenceIsMetasTextForPeople) {
  const Response response =
      Status(400, R"({"error":{"message":"Invalid parameter","code":100,"error_subcode":1885272,)"
                  R"("error_user_title":"Budget too low","error_user_msg":"At least 1.00.",)"
                  R"("error_data":{"blame_field_specs":[["daily_budget"]]},"fbtrace_id":"Abc"}})");
  EXPECT_EQ(ClassifyMeta(kWrite, response)->what,
            "Meta: Budget too low: At least 1.00. (field \"daily_budget\") "
            "[code 100/1885272, trace Abc]");
}

TEST(ClassifyTest, TheSentenceNeverQuotesAToken) {
  const Response response =
      Status(400, R"({"error":{"message":"Malformed access token canary","code":190}})");
  EXPECT_EQ(ClassifyMeta(kRead, response)->what.find("canary"), std::string::npos);
}

// --- connection and wire ------------------------------------------------------------------------

TEST(ConnectionTest, WhatCannotBeRightIsRefused) {
  const auto make = [](Connection connection) {
    const auto made = MakeMetaConnector(connection, std::make_shared<Fake>(nullptr),
                                        std::make_shared<VirtualClock>(kStart));
    return made ? std::string() : std::string(ErrcName(made.error().code));
  };
  Connection good;
  good.account = kAccount;
  good.secrets = {{"access_token", "t"}};
  EXPECT_EQ(make(good), "");
  for (const auto& spoil : std::vector<std::function<void(Connection&)>>{
           [](Connection& c) { c.account.platform = Platform::kTikTok; },
           [](Connection& c) { c.account.id = "act_42"; },
           [](Connection& c) { c.account.id = ""; },
           [](Connection& c) { c.base_url = "graph.facebook.com"; },
           [](Connection& c) { c.base_url = "https://h/?x=1"; },
           [](Connection& c) { c.version = "26"; },
           [](Connection& c) { c.version = "v26.0/.."; },
       }) {
    Connection bad = good;
    spoil(bad);
    EXPECT_EQ(make(bad), "invalid_argument");
  }
  good.secrets.clear();
  EXPECT_EQ(make(good), "unauthenticated");
}

TEST(WireTest, TheTokenIsInAHeaderAndNowhereElse) {
  World world([](const Fake::Seen& seen) {
    if (seen.Param("after") == "<absent>") {
      return Ok(R"({"data":[],"paging":{"next":"https://graph.facebook.com/v26.0/act_42/campaigns)"
                R"(?access_token=canary-token&limit=200&after=X"}})");
    }
    return Ok(kNoData);
  });
  ASSERT_TRUE(world.reader().ReadAccount(kAccount, After(1h)));
  ASSERT_FALSE(world.fake->calls.empty());
  for (const auto& call : world.fake->calls) {
    EXPECT_EQ(http::FindHeader(call.request.headers, "Authorization"), "Bearer canary-token");
    EXPECT_EQ(call.request.url.find("canary"), std::string::npos) << call.request.url;
    EXPECT_EQ(call.request.body.find("canary"), std::string::npos);
  }
}

// RFC 4231, test case 2.
TEST(WireTest, AppSecretProof) {
  EXPECT_EQ(meta::AppSecretProof("Jefe", "what do ya want for nothing?"),
            "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
  World world([](const Fake::Seen&) { return Ok(R"({"success":true})"); }, {},
              {{"access_token", "what do ya want for nothing?"}, {"app_secret", "Jefe"}});
  ASSERT_TRUE(
      world.writer().Apply(Update(Level::kCampaign, {{"status", Str("paused")}}), After(1h)));
  for (const auto& call : world.fake->calls) {
    EXPECT_EQ(call.Param("appsecret_proof"),
              "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
    EXPECT_EQ(call.request.url.find("Jefe"), std::string::npos);
  }
}

TEST(WireTest, ARefusedTokenIsNotUsedForEver) {
  World world([](const Fake::Seen&) { return GraphError(190, 463); });
  for (int i = 0; i < 6; ++i) {
    const auto found =
        world.reader().Find({.account = kAccount, .marker = {}, .ids = {"1"}}, After(1h));
    EXPECT_EQ(found.error().code, Errc::kUnauthenticated);
  }
  EXPECT_EQ(world.calls().size(), 3u);
}

TEST(WireTest, AnotherAccountIsNotThisConnections) {
  World world([](const Fake::Seen&) { return Ok(kNoData); });
  const AccountId other{Platform::kMeta, "43"};
  EXPECT_FALSE(world.reader().ReadAccount(other, After(1h)));
  EXPECT_FALSE(world.reader().Find({.account = other, .marker = " ~x", .ids = {}}, After(1h)));
  EXPECT_FALSE(world.reader().ReadMetrics(
      {.account = other, .from = DayOf("2026-09-01"), .to = DayOf("2026-09-01")}, After(1h)));
  Change change = Update(Level::kCampaign, {{"status", Str("paused")}});
  change.account = other;
  EXPECT_EQ(world.writer().Apply(change, After(1h)).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(world.fake->calls.empty());
}

// --- paging -------------------------------------------------------------------------------------

std::string Campaign(const std::string& id) {
  return json({{"id", id},
               {"account_id", "42"},
               {"name", "C" + id},
               {"status", "ACTIVE"},
               {"effective_status", "ACTIVE"},
               {"objective", "OUTCOME_SALES"}})
      .dump();
}

/// A list of campaigns whose pages are named by their cursor; "" is the first one.
struct PagedWorld {
  struct Page {
    std::vector<std::string> ids;
    std::string after;  ///< cursor; "" none
    std::string next;   ///< cursor that the next link leads to; "" no link
  };
  explicit PagedWorld(std::map<std::string, Page> pages)
      : world([pages](const Fake::Seen& seen) -> Result<Response> {
          if (seen.url.path != "/v26.0/act_42/campaigns") return Ok(kNoData);
          const std::string at = seen.Param("after");
          const auto page = pages.find(at == "<absent>" ? "" : at);
          if (page == pages.end()) return Ok(kNoData);
          std::string data;
          for (const auto& id : page->second.ids) data += (data.empty() ? "" : ",") + Campaign(id);
          json paging = json::object();
          if (!page->second.after.empty()) paging["cursors"] = {{"after", page->second.after}};
          if (!page->second.next.empty()) {
            paging["next"] = page->second.next.starts_with("http")
                                 ? page->second.next
                                 : "https://graph.facebook.com/v26.0/act_42/campaigns?limit=200"
                                   "&access_token=x&after=" +
                                       page->second.next;
          }
          return Ok(R"({"data":[)" + data + R"(],"paging":)" + paging.dump() + "}");
        }) {}
  std::string Read() {
    const auto tree = world.reader().ReadAccount(kAccount, After(1h));
    if (!tree) return std::string(ErrcName(tree.error().code));
    std::string ids;
    for (const Entity& entity : tree->entities) ids += entity.id + " ";
    return ids;
  }
  World world;
};

TEST(PagingTest, AllPages) {
  EXPECT_EQ(PagedWorld({{"", {{"1", "2"}, "a", "a"}}, {"a", {{"3"}, "b", ""}}}).Read(), "1 2 3 ");
}
TEST(PagingTest, F28ShortAndEmptyPagesInTheMiddleAreNotTheEnd) {
  EXPECT_EQ(
      PagedWorld({{"", {{"1"}, "a", "a"}}, {"a", {{}, "b", "b"}}, {"b", {{"2"}, "c", ""}}}).Read(),
      "1 2 ");
}
TEST(PagingTest, F28ARepeatedPageCountsOnce) {
  EXPECT_EQ(PagedWorld({{"", {{"1", "2"}, "a", "a"}},
                        {"a", {{"1", "2"}, "b", "b"}},
                        {"b", {{"2", "3"}, "c", ""}}})
                .Read(),
            "1 2 3 ");
}
TEST(PagingTest, F28ALostNextLinkIsFoundBehindTheCursor) {
  PagedWorld paged({{"", {{"1"}, "a", ""}}, {"a", {{"2"}, "b", ""}}, {"b", {{}, "", ""}}});
  EXPECT_EQ(paged.Read(), "1 2 ");
}
TEST(PagingTest, APlatformThatAnswersTheLastPageAgainIsDone) {
  EXPECT_EQ(PagedWorld({{"", {{"1"}, "a", ""}}, {"a", {{"1"}, "a", ""}}}).Read(), "1 ");
}
TEST(PagingTest, F28ALoopIsAnError) {
  EXPECT_EQ(
      PagedWorld({{"", {{"1"}, "a", "a"}}, {"a", {{"2"}, "b", "b"}}, {"b", {{"3"}, "a", "a"}}})
          .Read(),
      "bad_answer");
}
TEST(PagingTest, ALoopWithEverNewCursorsIsAnError) {
  std::map<std::string, PagedWorld::Page> pages{{"", {{"1"}, "0", "0"}}};
  for (int i = 0; i < 50; ++i) {
    pages[std::to_string(i)] = {{"1"}, std::to_string(i + 1), std::to_string(i + 1)};
  }
  EXPECT_EQ(PagedWorld(pages).Read(), "bad_answer");
}
TEST(PagingTest, NextLinksElsewhereAreNotFollowed) {
  for (const char* next : {"https://evil.example/v26.0/act_42/campaigns?after=a",
                           "http://graph.facebook.com/v26.0/act_42/campaigns?after=a",
                           "https://graph.facebook.com.evil.example/x?after=a", "not a url"}) {
    PagedWorld paged(
        {{"",
          {{"1"},
           "a",
           std::string("http") == std::string(next, 4) ? next : std::string("http:") + next}}});
    EXPECT_EQ(paged.Read(), "bad_answer") << next;
    for (const auto& call : paged.world.fake->calls) {
      EXPECT_EQ(call.url.origin, "https://graph.facebook.com");
    }
  }
}
TEST(PagingTest, F32APageWithoutDataIsAnErrorNeverZeroRows) {
  for (const char* body :
       {"{}", R"({"data":{}})", R"({"data":null})", R"({"data":[{"name":"x"}]})"}) {
    World world([&](const Fake::Seen&) { return Ok(body); });
    EXPECT_EQ(world.reader().ReadAccount(kAccount, After(1h)).error().code, Errc::kBadAnswer);
  }
}
TEST(PagingTest, ReadsAreRepeatedThroughTrouble) {
  int calls = 0;
  World world([&](const Fake::Seen&) -> Result<Response> {
    switch (++calls) {
      case 1:
        return Ok("<html>oops</html>");
      case 2:
        return GraphError(2, 0, 500);
      case 3:
        return GraphError(17, 2446079);
      case 4:
        return Fail(Errc::kUnknownOutcome, "lost");
      default:
        return Ok(kNoData);
    }
  });
  EXPECT_TRUE(world.reader().ReadAccount(kAccount, After(1h)));
}

// --- reading ------------------------------------------------------------------------------------

TEST(ReadTest, TheWholeTree) {
  World world([](const Fake::Seen& seen) -> Result<Response> {
    if (seen.url.path == "/v26.0/act_42/campaigns") {
      return Ok(R"({"data":[{"id":"1","account_id":"42","name":"Spring ~abcdefghij",
        "objective":"OUTCOME_SALES","status":"ACTIVE","effective_status":"ACTIVE",
        "daily_budget":"5000","lifetime_budget":"0","bid_strategy":"LOWEST_COST_WITHOUT_CAP",
        "start_time":"2026-09-01T00:00:00+0200","stop_time":"2026-10-01T00:00:00+0200",
        "special_ad_categories":[],"created_time":"2026-08-30T10:11:12+0000"}]})");
    }
    if (seen.url.path == "/v26.0/act_42/adspixels") return Ok(kNoData);
    if (seen.url.path == "/v26.0/act_42/adsets") {
      return Ok(R"({"data":[{"id":"11","account_id":"42","campaign_id":"1","name":"Core",
        "status":"PAUSED","effective_status":"CAMPAIGN_PAUSED","bid_amount":250,
        "bid_strategy":"COST_CAP","optimization_goal":"OFFSITE_CONVERSIONS",
        "billing_event":"IMPRESSIONS",
        "promoted_object":{"pixel_id":"777","custom_event_type":"PURCHASE"},
        "targeting":{"geo_locations":{"countries":["DE","AT"]},"age_min":25,"age_max":65,
          "genders":[2],"locales":[5,6,24],"custom_audiences":[{"id":"901","name":"Buyers"}],
          "excluded_custom_audiences":[{"id":"902"}],
          "publisher_platforms":["facebook","instagram"],"facebook_positions":["feed","story"]},
        "learning_stage_info":{"status":"LEARNING","conversions":3}}]})");
    }
    return Ok(R"({"data":[{"id":"111","account_id":"42","campaign_id":"1","adset_id":"11",
      "name":"Ad","status":"ACTIVE","effective_status":"DISAPPROVED",
      "ad_review_feedback":{"global":{"PERSONAL_HEALTH":"Do not imply."},
        "placement_specific":{"instagram":{"TEXT":"Too much."}}},
      "issues_info":[{"error_summary":"Rejected","error_message":"See policy","level":"AD"}],
      "creative":{"id":"5","name":"Ad","url_tags":"utm_source=fb",
        "object_story_spec":{"page_id":"99","link_data":{"link":"https://shop.example/",
          "message":"Long text","name":"Headline","image_hash":"abc123",
          "call_to_action":{"type":"SHOP_NOW","value":{"link":"https://shop.example/"}}}}}}]})");
  });
  const auto tree = world.reader().ReadAccount(kAccount, After(1h));
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->info.name, "Shop");
  EXPECT_EQ(tree->info.currency, kEur);
  EXPECT_EQ(tree->info.zone, "Europe/Berlin");
  EXPECT_EQ(tree->info.status, "active");
  ASSERT_EQ(tree->entities.size(), 3u);
  EXPECT_EQ(tree->entities[0].fields,
            (Fields{{"name", std::string("Spring ~abcdefghij")},
                    {"objective", std::string("sales")},
                    {"channel_type", std::string("social")},
                    {"status", std::string("active")},
                    {"effective_status", std::string("active")},
                    {"platform_status", std::string("ACTIVE")},
                    {"daily_budget", Money::Micros(50'000'000, kEur)},
                    {"bid_strategy", std::string("lowest_cost")},
                    {"start_at", std::string("2026-09-01 00:00:00")},
                    {"end_at", std::string("2026-10-01 00:00:00")},
                    {"special_categories", Texts{}},
                    {"eu_political", false},
                    {"created_at", std::string("2026-08-30T10:11:12Z")}}));
  const Entity& group = tree->entities[1];
  EXPECT_EQ(group.parent_id, "1");
  EXPECT_EQ(group.campaign_id, "1");
  EXPECT_EQ(group.fields,
            (Fields{{"name", std::string("Core")},
                    {"status", std::string("paused")},
                    {"effective_status", std::string("parent_paused")},
                    {"platform_status", std::string("CAMPAIGN_PAUSED")},
                    {"target_cpa", Money::Micros(2'500'000, kEur)},
                    {"dayparts", Texts{}},
                    {"locations", Texts{}},
                    {"excluded_locations", Texts{}},
                    {"bid_strategy", std::string("cost_cap")},
                    {"optimization_goal", std::string("conversions")},
                    {"billing_event", std::string("impressions")},
                    {"pixel_id", std::string("777")},
                    {"conversion_event", std::string("purchase")},
                    {"countries", Texts{"DE", "AT"}},
                    {"age_min", std::int64_t{25}},
                    {"age_max", std::int64_t{65}},
                    {"genders", Texts{"female"}},
                    {"languages", Texts{"de", "en"}},
                    {"audiences", Texts{"901"}},
                    {"excluded_audiences", Texts{"902"}},
                    {"placements", Texts{"facebook:feed", "facebook:story", "instagram"}},
                    {"learning_status", std::string("learning")}}));
  const Entity& ad = tree->entities[2];
  EXPECT_EQ(ad.parent_id, "11");
  EXPECT_EQ(ad.fields,
            (Fields{{"name", std::string("Ad")},
                    {"status", std::string("active")},
                    {"effective_status", std::string("rejected")},
                    {"platform_status", std::string("DISAPPROVED")},
                    {"review_status", std::string("rejected")},
                    {"review_reasons", Texts{"PERSONAL_HEALTH: Do not imply.",
                                             "instagram: TEXT: Too much.", "Rejected: See policy"}},
                    {"creative_id", std::string("5")},
                    {"page_id", std::string("99")},
                    {"headlines", Texts{"Headline"}},
                    {"descriptions", Texts{"Long text"}},
                    {"landing_url", std::string("https://shop.example/")},
                    {"url_tags", std::string("utm_source=fb")},
                    {"image", std::string("abc123")},
                    {"call_to_action", std::string("shop_now")}}));
  for (const Entity& entity : tree->entities) {
    EXPECT_TRUE(CheckFields(entity.level, entity.fields)) << entity.id;
  }
}

const meta::Ground& Ground(const char* currency) {
  static std::map<std::string, meta::Ground> grounds;
  const auto at = grounds.find(currency);
  if (at != grounds.end()) return at->second;
  const json account = {{"account_id", "42"},
                        {"currency", currency},
                        {"timezone_name", "Europe/Berlin"},
                        {"account_status", 1}};
  return grounds.emplace(currency, *meta::GroundFrom(account)).first->second;
}

TEST(ReadTest, MoneyIsInMetasMinorUnits) {
  const auto budget = [](const char* currency, const json& value) -> std::string {
    const json campaign = {
        {"id", "1"}, {"name", "n"}, {"status", "PAUSED"}, {"daily_budget", value}};
    const auto entity = meta::EntityFrom(Level::kCampaign, campaign, Ground(currency));
    if (!entity) return std::string(ErrcName(entity.error().code));
    const auto at = entity->fields.find("daily_budget");
    return at == entity->fields.end() ? "none" : PrintMoney(std::get<Money>(at->second));
  };
  EXPECT_EQ(budget("EUR", "5000"), "50.00 EUR");
  EXPECT_EQ(budget("EUR", 5000), "50.00 EUR");
  EXPECT_EQ(budget("JPY", "5000"), "5000 JPY");
  EXPECT_EQ(budget("TWD", "300"), "300.00 TWD");  // whole dollars, whatever ISO 4217 says
  EXPECT_EQ(budget("HUF", "300"), "300.00 HUF");
  EXPECT_EQ(budget("EUR", "0"), "none");
  for (const char* bad : {"-1", "50.5", "1e3", "", "5 000"}) {
    EXPECT_EQ(budget("EUR", bad), "bad_answer") << bad;
  }
}

TEST(ReadTest, AnAccountThatCannotBeUnderstoodIsNotRead) {
  json account = {{"account_id", "42"}, {"currency", "EUR"}, {"timezone_name", "Europe/Berlin"}};
  EXPECT_TRUE(meta::GroundFrom(account));
  for (const auto& [name, value] : std::map<std::string, json>{
           {"currency", "EURO"}, {"timezone_name", "Mars/Base"}, {"account_id", nullptr}}) {
    json bad = account;
    bad[name] = value;
    EXPECT_EQ(meta::GroundFrom(bad).error().code, Errc::kBadAnswer) << name;
  }
}

TEST(ReadTest, WordsThatAreNewToUsAreKept) {
  const json object = {{"id", "1"},
                       {"name", "n"},
                       {"status", "SLEEPING"},
                       {"effective_status", "SLEEPING"},
                       {"objective", "OUTCOME_FAME"},
                       {"special_ad_categories", {"NEW_CATEGORY"}}};
  const auto entity = meta::EntityFrom(Level::kCampaign, object, Ground("EUR"));
  ASSERT_TRUE(entity);
  EXPECT_EQ(TextField(entity->fields, "status"), "active");  // it may be spending
  EXPECT_EQ(TextField(entity->fields, "effective_status"), "other");
  EXPECT_EQ(TextField(entity->fields, "platform_status"), "SLEEPING");
  EXPECT_EQ(TextField(entity->fields, "objective"), "outcome_fame");
}

TEST(ReadTest, ReviewStates) {
  const auto review = [](const char* effective, const char* extra = "{}") {
    json ad = json::parse(extra);
    ad.update({{"id", "1"},
               {"adset_id", "2"},
               {"campaign_id", "3"},
               {"name", "n"},
               {"status", "ACTIVE"},
               {"effective_status", effective}});
    return TextField(meta::EntityFrom(Level::kAd, ad, Ground("EUR"))->fields, "review_status");
  };
  EXPECT_EQ(review("ACTIVE"), "approved");
  EXPECT_EQ(review("ADSET_PAUSED"), "approved");
  EXPECT_EQ(review("PENDING_REVIEW"), "pending");
  EXPECT_EQ(review("DISAPPROVED"), "rejected");
  EXPECT_EQ(review("WITH_ISSUES"), "limited");
  EXPECT_EQ(review("ACTIVE", R"({"ad_review_feedback":{"placement_specific":{"x":{"P":"t"}}}})"),
            "limited");
  EXPECT_EQ(review("DELETED"), "");
}

TEST(ReadTest, SeveralTextsComeFromTheFeed) {
  const json ad = json::parse(R"({"id":"1","adset_id":"2","campaign_id":"3","name":"n",
    "status":"PAUSED","creative":{"id":"5",
      "object_story_spec":{"page_id":"9","video_data":{"video_id":"88","title":"T1",
        "image_hash":"thumb","call_to_action":{"type":"LEARN_MORE",
        "value":{"link":"https://a.example/"}}}},
      "asset_feed_spec":{"titles":[{"text":"T1"},{"text":"T2"}],"bodies":[{"text":"B1"}]}}})");
  const auto entity = meta::EntityFrom(Level::kAd, ad, Ground("EUR"));
  ASSERT_TRUE(entity);
  EXPECT_EQ(std::get<std::vector<std::string>>(entity->fields.at("headlines")),
            (std::vector<std::string>{"T1", "T2"}));
  EXPECT_EQ(TextField(entity->fields, "video"), "88");
  EXPECT_EQ(TextField(entity->fields, "thumbnail"), "thumb");
  EXPECT_FALSE(entity->fields.contains("image"));
  EXPECT_EQ(TextField(entity->fields, "landing_url"), "https://a.example/");
}

TEST(ReadTest, ARemovedParentIsFetched) {
  World world([](const Fake::Seen& seen) -> Result<Response> {
    if (seen.url.path == "/v26.0/act_42/adsets") {
      return Ok(R"({"data":[{"id":"11","account_id":"42","campaign_id":"1","name":"g",
                 "status":"PAUSED"}]})");
    }
    if (seen.url.path == "/v26.0/1") {
      return Ok(R"({"id":"1","account_id":"42","name":"c","status":"ARCHIVED"})");
    }
    return Ok(kNoData);
  });
  const auto tree = world.reader().ReadAccount(kAccount, After(1h));
  ASSERT_TRUE(tree) << tree.error().what;
  ASSERT_EQ(tree->entities.size(), 2u);
  EXPECT_EQ(tree->entities[0].id, "1");
  EXPECT_EQ(TextField(tree->entities[0].fields, "status"), "removed");
  EXPECT_EQ(tree->entities[1].id, "11");
}

TEST(ReadTest, Times) {
  const auto read = [](const char* text) {
    const auto at = meta::ParseMetaTime(text);
    return at ? PrintInstant(*at) : "bad";
  };
  EXPECT_EQ(read("2026-09-01T00:00:00+0200"), "2026-08-31T22:00:00Z");
  EXPECT_EQ(read("2026-09-01T00:00:00-0930"), "2026-09-01T09:30:00Z");
  EXPECT_EQ(read("2026-09-01T00:00:00+02:00"), "2026-08-31T22:00:00Z");
  EXPECT_EQ(read("2026-09-01T00:00:00Z"), "2026-09-01T00:00:00Z");
  EXPECT_EQ(read("1788220800"), "2026-09-01T00:00:00Z");
  for (const char* bad : {"", "2026-09-01", "soon", "-5", "99999999999999"})
    EXPECT_EQ(read(bad), "bad");
}

TEST(ReadTest, Accounts) {
  World world([](const Fake::Seen& seen) {
    EXPECT_EQ(seen.what(), "GET /v26.0/me/adaccounts");
    return Ok(R"({"data":[{"account_id":"42","name":"A","currency":"EUR",
      "timezone_name":"Europe/Berlin","account_status":1},{"account_id":"43","name":"B",
      "currency":"JPY","timezone_name":"Asia/Tokyo","account_status":101}]})");
  });
  const auto accounts = world.reader().ListAccounts(After(1h));
  ASSERT_TRUE(accounts);
  ASSERT_EQ(accounts->size(), 2u);
  EXPECT_EQ((*accounts)[1].account.id, "43");
  EXPECT_EQ((*accounts)[1].currency, kJpy);
  EXPECT_EQ((*accounts)[1].status, "closed");
}

// --- finding ------------------------------------------------------------------------------------

TEST(FindTest, ByMarkerAmongAllStatusesWithItsExactEnd) {
  World world([](const Fake::Seen& seen) {
    EXPECT_NE(seen.Param("effective_status").find("DELETED"), std::string::npos);
    EXPECT_NE(seen.Param("effective_status").find("ARCHIVED"), std::string::npos);
    EXPECT_EQ(seen.Param("filtering"),
              R"([{"field":"name","operator":"CONTAIN","value":"~abcdefghij"}])");
    return Ok(R"({"data":[
      {"id":"1","account_id":"42","name":"A ~abcdefghij","status":"DELETED"},
      {"id":"2","account_id":"42","name":"A ~abcdefghij copy","status":"ACTIVE"},
      {"id":"3","account_id":"42","name":"B","status":"ACTIVE"}]})");
  });
  const auto found = world.reader().Find(
      {.account = kAccount, .level = Level::kCampaign, .marker = " ~abcdefghij", .ids = {}},
      After(1h));
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, "1");
  EXPECT_EQ(TextField(found->front().fields, "status"), "removed");
}

TEST(FindTest, ByIdsSkippingWhatIsGoneOrForeign) {
  World world([](const Fake::Seen& seen) -> Result<Response> {
    if (seen.url.path == "/v26.0/1") return Ok(Campaign("1"));
    if (seen.url.path == "/v26.0/3") {
      return Ok(R"({"id":"3","account_id":"43","name":"x","status":"ACTIVE"})");
    }
    return GraphError(100, 33);
  });
  const auto found = world.reader().Find({.account = kAccount,
                                          .level = Level::kCampaign,
                                          .marker = {},
                                          .ids = {"1", "2", "3", "../x"}},
                                         After(1h));
  ASSERT_TRUE(found) << found.error().what;
  ASSERT_EQ(found->size(), 1u);
  EXPECT_EQ(found->front().id, "1");
  EXPECT_EQ(world.calls().size(), 3u);
}

TEST(FindTest, Pictures) {
  World world([](const Fake::Seen& seen) {
    if (seen.url.path == "/v26.0/act_42/advideos") {
      return Ok(R"({"data":[{"id":"7","title":"V ~abcdefghij"},{"id":"8","title":"W"}]})");
    }
    EXPECT_EQ(seen.url.path, "/v26.0/act_42/adimages");
    return Ok(R"({"data":[{"hash":"aa","name":"P ~abcdefghij"},{"hash":"bb","name":"Q"}]})");
  });
  const auto by_marker = world.reader().Find(
      {.account = kAccount, .level = Level::kAsset, .marker = " ~abcdefghij", .ids = {}},
      After(1h));
  ASSERT_TRUE(by_marker);
  ASSERT_EQ(by_marker->size(), 2u);
  EXPECT_EQ(by_marker->front().id, "aa");
  EXPECT_EQ(by_marker->back().id, "7");
  EXPECT_EQ(TextField(by_marker->back().fields, "media"), "video");
  const auto by_id = world.reader().Find(
      {.account = kAccount, .level = Level::kAsset, .marker = {}, .ids = {"bb"}}, After(1h));
  ASSERT_TRUE(by_id);
  EXPECT_EQ(by_id->size(), 1u);
}

TEST(FindTest, ExactlyOneQuestion) {
  World world([](const Fake::Seen&) { return Ok(kNoData); });
  for (const FindQuery& query : {
           FindQuery{.account = kAccount, .marker = {}, .ids = {}},
           FindQuery{.account = kAccount, .marker = "m", .ids = {"1"}},
           FindQuery{.account = kAccount, .level = Level::kAccount, .marker = "m", .ids = {}},
       }) {
    EXPECT_EQ(world.reader().Find(query, After(1h)).error().code, Errc::kInvalidArgument);
  }
}

// --- metrics ------------------------------------------------------------------------------------

MetricQuery Query(const char* from, const char* to) {
  return {.account = kAccount, .from = DayOf(from), .to = DayOf(to)};
}

std::string Insight(const json& changes) {
  json row = {{"campaign_id", "1"},        {"spend", "12.34"},
              {"impressions", "100"},      {"clicks", "7"},
              {"account_currency", "EUR"}, {"date_start", "2026-09-01"},
              {"date_stop", "2026-09-01"}};
  row.merge_patch(changes);
  return row.dump();
}

TEST(MetricsTest, WhatIsAskedAndRead) {
  World world([](const Fake::Seen& seen) {
    EXPECT_EQ(seen.what(), "GET /v26.0/act_42/insights");
    EXPECT_EQ(seen.Param("level"), "campaign");
    EXPECT_EQ(seen.Param("time_range"), R"({"since":"2026-09-01","until":"2026-09-02"})");
    EXPECT_EQ(seen.Param("time_increment"), "1");
    EXPECT_EQ(seen.Param("action_attribution_windows"), R"(["7d_click","1d_view"])");
    EXPECT_NE(seen.Param("filtering").find("campaign.effective_status"), std::string::npos);
    EXPECT_NE(seen.Param("filtering").find("DELETED"), std::string::npos);
    EXPECT_EQ(seen.Param("breakdowns"), "<absent>");
    return Ok(
        R"({"data":[)" +
        Insight(
            {{"actions",
              {{{"action_type", "purchase"}, {"value", "3"}, {"7d_click", "2"}, {"1d_view", "1"}},
               {{"action_type", "link_click"}, {"value", "5"}}}},
             {"action_values", {{{"action_type", "purchase"}, {"value", "59.97"}}}}}) +
        "," +
        Insight(
            {{"date_start", "2026-09-02"}, {"date_stop", "2026-09-02"}, {"impressions", nullptr}}) +
        "]}");
  });
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-02"), After(1h));
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_TRUE(report->complete);
  EXPECT_EQ(report->attribution_window, "7d_click+1d_view");
  ASSERT_EQ(report->rows.size(), 2u);
  const MetricRow& row = report->rows[0];
  EXPECT_EQ(PrintDay(row.day), "2026-09-01");
  EXPECT_EQ(row.campaign_id, "1");
  EXPECT_EQ(PrintMoney(row.spend), "12.34 EUR");
  EXPECT_EQ(row.impressions, 100);
  EXPECT_EQ(row.clicks, 7);
  EXPECT_EQ(row.conversions_claimed, 3.0);
  EXPECT_EQ(PrintMoney(*row.revenue_claimed), "59.97 EUR");
  EXPECT_EQ(row.impression_share, std::nullopt);
  // No purchase on the second day is zero; what was not reported stays absent.
  EXPECT_EQ(report->rows[1].conversions_claimed, 0.0);
  EXPECT_EQ(report->rows[1].impressions, std::nullopt);
}

json Action(const char* type, const char* value) {
  return {{"action_type", type}, {"value", value}};
}

// They are the same purchases seen in three ways: 3 + 3 + 2 would be 8.
TEST(MetricsTest, OneActionIsCountedAndNeverASum) {
  World world([](const Fake::Seen&) {
    return Ok(R"({"data":[)" +
              Insight({{"actions",
                        {Action("offsite_conversion.fb_pixel_purchase", "2"),
                         Action("purchase", "3"), Action("omni_purchase", "3")}}}) +
              "," + Insight({{"campaign_id", "2"}, {"actions", {Action("purchase", "9")}}}) + "]}");
  });
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows[0].conversions_claimed, 3.0);
  EXPECT_EQ(report->rows[1].conversions_claimed, 0.0);  // the same action for every row
}

TEST(MetricsTest, TheActionCanBeConfigured) {
  World world(
      [](const Fake::Seen&) {
        return Ok(R"({"data":[)" +
                  Insight({{"actions", {Action("lead", "4"), Action("purchase", "1")}}}) + "]}");
      },
      {{"conversion_action_type", "lead"}});
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report);
  EXPECT_EQ(report->rows[0].conversions_claimed, 4.0);
}

TEST(MetricsTest, TheWindowIsItsPartsNotMetasDefault) {
  World world([](const Fake::Seen&) {
    return Ok(
        R"({"data":[)" +
        Insight({{"actions", {{{"action_type", "purchase"}, {"value", "5"}, {"7d_click", "2"}}}},
                 {"action_values",
                  {{{"action_type", "purchase"},
                    {"value", "100.0"},
                    {"7d_click", "39.980000000000004"},
                    {"1d_view", "10"}}}}}) +
        "]}");
  });
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->rows[0].conversions_claimed, 2.0);
  EXPECT_EQ(PrintMoney(*report->rows[0].revenue_claimed), "49.98 EUR");
}

TEST(MetricsTest, HoursAndBreakdowns) {
  struct Case {
    Grain grain;
    Breakdown breakdown;
    const char* columns;
    json row;
    std::optional<int> hour;
    const char* segment;
  };
  for (const Case& c : {
           Case{Grain::kHour,
                Breakdown::kNone,
                "hourly_stats_aggregated_by_advertiser_time_zone",
                {{"hourly_stats_aggregated_by_advertiser_time_zone", "14:00:00 - 14:59:59"}},
                14,
                ""},
           Case{Grain::kDay,
                Breakdown::kDevice,
                "device_platform",
                {{"device_platform", "mobile_app"}},
                std::nullopt,
                "mobile_app"},
           Case{Grain::kDay,
                Breakdown::kCountry,
                "country",
                {{"country", "DE"}},
                std::nullopt,
                "DE"},
           Case{Grain::kDay,
                Breakdown::kPlacement,
                "publisher_platform,platform_position",
                {{"publisher_platform", "facebook"}, {"platform_position", "feed"}},
                std::nullopt,
                "facebook/feed"},
           Case{Grain::kDay,
                Breakdown::kAgeGender,
                "age,gender",
                {{"age", "25-34"}, {"gender", "female"}},
                std::nullopt,
                "25-34/female"},
       }) {
    World world([&](const Fake::Seen& seen) {
      EXPECT_EQ(seen.Param("breakdowns"), c.columns);
      return Ok(R"({"data":[)" + Insight(c.row) + "]}");
    });
    MetricQuery query = Query("2026-09-01", "2026-09-01");
    query.grain = c.grain;
    query.breakdown = c.breakdown;
    const auto report = world.reader().ReadMetrics(query, After(1h));
    ASSERT_TRUE(report) << report.error().what;
    EXPECT_EQ(report->rows[0].hour, c.hour);
    EXPECT_EQ(report->rows[0].segment, c.segment);
    // Meta may withhold conversions from such cuts: nowhere in the report is not zero.
    EXPECT_EQ(report->rows[0].conversions_claimed, std::nullopt);
    EXPECT_EQ(report->rows[0].revenue_claimed, std::nullopt);
  }
}

TEST(MetricsTest, LevelsNameTheirObjects) {
  World world([](const Fake::Seen& seen) {
    EXPECT_EQ(seen.Param("level"), "ad");
    return Ok(R"({"data":[)" + Insight({{"adset_id", "11"}, {"ad_id", "111"}}) + "," +
              Insight({{"adset_id", "11"}, {"ad_id", "112"}}) + "]}");
  });
  MetricQuery query = Query("2026-09-01", "2026-09-01");
  query.level = Level::kAd;
  const auto report = world.reader().ReadMetrics(query, After(1h));
  ASSERT_TRUE(report);
  ASSERT_EQ(report->rows.size(), 2u);
  EXPECT_EQ(report->rows[1].ad_group_id, "11");
  EXPECT_EQ(report->rows[1].ad_id, "112");
}

TEST(MetricsTest, RowsThatCannotBeReadAreErrors) {
  for (const json& spoil : std::vector<json>{
           {{"spend", nullptr}},
           {{"spend", "12,34"}},
           {{"spend", "-1"}},
           {{"spend", "1e3"}},
           {{"spend", "0.0000001"}},
           {{"impressions", "many"}},
           {{"clicks", "-1"}},
           {{"date_start", nullptr}},
           {{"date_stop", "2026-09-02"}},
           {{"date_start", "2026-08-31"}, {"date_stop", "2026-08-31"}},
           {{"account_currency", "USD"}},
           {{"campaign_id", nullptr}},
           {{"actions", {Action("purchase", "NaN")}}},
           {{"actions", {Action("purchase", "")}}},
           {{"action_values", {Action("purchase", "1.2.3")}}},
       }) {
    World world([&](const Fake::Seen&) { return Ok(R"({"data":[)" + Insight(spoil) + "]}"); });
    const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
    ASSERT_FALSE(report) << spoil;
    EXPECT_TRUE(report.error().code == Errc::kBadAnswer ||
                report.error().code == Errc::kInvalidArgument)
        << report.error().what;
  }
}

TEST(MetricsTest, WhatMetaDoesNotReportIsRefused) {
  World world([](const Fake::Seen&) { return Ok(kNoData); });
  MetricQuery query = Query("2026-09-01", "2026-09-01");
  query.breakdown = Breakdown::kKeyword;
  EXPECT_EQ(world.reader().ReadMetrics(query, After(1h)).error().code, Errc::kInvalidArgument);
  query.breakdown = Breakdown::kCountry;
  query.grain = Grain::kHour;
  EXPECT_EQ(world.reader().ReadMetrics(query, After(1h)).error().code, Errc::kInvalidArgument);
  EXPECT_EQ(world.reader().ReadMetrics(Query("2026-09-02", "2026-09-01"), After(1h)).error().code,
            Errc::kInvalidArgument);
  query = Query("2026-09-01", "2026-09-01");
  query.level = Level::kAsset;
  EXPECT_EQ(world.reader().ReadMetrics(query, After(1h)).error().code, Errc::kInvalidArgument);
}

TEST(MetricsTest, F28ALoopMakesAnIncompleteReport) {
  World world([](const Fake::Seen&) {
    return Ok(R"({"data":[)" + Insight(json::object()) +
              R"(],"paging":{"next":"https://graph.facebook.com/v26.0/act_42/insights?after=x"}})");
  });
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->complete);
  EXPECT_FALSE(report->incomplete_why.empty());
}

/// A report that Meta runs: `states` are answered one after the other, the last one for ever.
struct RunWorld {
  explicit RunWorld(std::vector<std::pair<std::string, int>> answers)
      : states(std::move(answers)), world([this](const Fake::Seen& seen) -> Result<Response> {
          if (seen.what() == "POST /v26.0/act_42/insights") {
            return Ok(R"({"report_run_id":"777"})");
          }
          if (seen.what() == "GET /v26.0/777") {
            const auto& [status, percent] = states[std::min(asked, states.size() - 1)];
            ++asked;
            return Ok(json({{"id", "777"},
                            {"async_status", status},
                            {"async_percent_completion", percent}})
                          .dump());
          }
          EXPECT_EQ(seen.what(), "GET /v26.0/777/insights");
          return Ok(R"({"data":[)" + Insight(json::object()) + "]}");
        }) {}
  std::vector<std::pair<std::string, int>> states;
  std::size_t asked = 0;
  World world;
};

TEST(MetricsTest, LongRangesAreRunOnMetasSide) {
  RunWorld run(
      {{"Job Not Started", 0}, {"Job Running", 50}, {"Job Completed", 99}, {"Job Completed", 100}});
  const auto report = run.world.reader().ReadMetrics(Query("2026-08-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->rows.size(), 1u);
  EXPECT_EQ(run.asked, 4u);
  EXPECT_EQ(run.world.clock->Now(), kStart + 7s);  // 1 + 2 + 4
  const auto start = run.world.calls().front();
  EXPECT_EQ(start.Param("time_range"), R"({"since":"2026-08-01","until":"2026-09-01"})");
}

TEST(MetricsTest, AMonthIsAskedForDirectly) {
  World world([](const Fake::Seen&) { return Ok(kNoData); });
  EXPECT_TRUE(world.reader().ReadMetrics(Query("2026-08-01", "2026-08-31"), After(1h)));
  EXPECT_EQ(world.fake->Count("POST /v26.0/act_42/insights"), 0);
}

TEST(MetricsTest, AFailedRunIsStartedOnceMore) {
  RunWorld good({{"Job Failed", 30}, {"Job Completed", 100}});
  EXPECT_TRUE(good.world.reader().ReadMetrics(Query("2026-01-01", "2026-09-01"), After(1h)));
  RunWorld bad({{"Job Failed", 30}});
  const auto report = bad.world.reader().ReadMetrics(Query("2026-01-01", "2026-09-01"), After(1h));
  EXPECT_EQ(report.error().code, Errc::kUnavailable);
  EXPECT_EQ(bad.world.fake->Count("POST /v26.0/act_42/insights"), 2);
}

TEST(MetricsTest, AStuckRunEndsWithTheDeadline) {
  RunWorld stuck({{"Job Running", 99}});
  const auto report =
      stuck.world.reader().ReadMetrics(Query("2026-01-01", "2026-09-01"), After(10min));
  ASSERT_FALSE(report);
  EXPECT_EQ(report.error().code, Errc::kUnavailable);
  EXPECT_NE(report.error().what.find("99"), std::string::npos);
  EXPECT_LE(stuck.world.clock->Now(), kStart + 10min);
}

TEST(MetricsTest, TooMuchAtOnceIsRunOnMetasSide) {
  World world([](const Fake::Seen& seen) -> Result<Response> {
    if (seen.what() == "GET /v26.0/act_42/insights") return GraphError(100, 1504018);
    if (seen.request.method == "POST") return Ok(R"({"report_run_id":"777"})");
    if (seen.what() == "GET /v26.0/777") {
      return Ok(R"({"id":"777","async_status":"Job Completed","async_percent_completion":100})");
    }
    return Ok(R"({"data":[)" + Insight(json::object()) + "]}");
  });
  const auto report = world.reader().ReadMetrics(Query("2026-09-01", "2026-09-01"), After(1h));
  ASSERT_TRUE(report) << report.error().what;
  EXPECT_EQ(report->rows.size(), 1u);
  EXPECT_EQ(world.fake->Count("GET /v26.0/act_42/insights"), 1);
}

// --- history ------------------------------------------------------------------------------------

TEST(HistoryTest, WhoChangedWhat) {
  World world(
      [](const Fake::Seen& seen) {
        EXPECT_EQ(seen.Param("since"), "1788220800");
        return Ok(R"({"data":[
          {"event_time":"2026-09-02T10:00:00+0000","event_type":"update_ad_set_budget",
           "actor_name":"Ann","object_id":"11","object_type":"AD_SET",
           "extra_data":"{\"old_value\":100,\"new_value\":200}"},
          {"event_time":"2026-09-01T10:00:00+0000","event_type":"create_campaign_group",
           "actor_name":"API","object_id":"1","application_id":"5","application_name":"maxopt"},
          {"event_time":"2026-09-03T10:00:00+0000","event_type":"update_ad_run_status",
           "actor_id":"8","object_id":"111","application_id":"6","extra_data":"not json"}]})");
      },
      {{"app_id", "5"}});
  const auto events = world.reader().ReadHistory({.account = kAccount,
                                                  .from = *ParseInstant("2026-09-01T00:00:00Z"),
                                                  .to = *ParseInstant("2026-09-30T00:00:00Z")},
                                                 After(1h));
  ASSERT_TRUE(events) << events.error().what;
  ASSERT_EQ(events->size(), 3u);
  EXPECT_EQ((*events)[0].id, "1");
  EXPECT_EQ((*events)[0].level, Level::kCampaign);
  EXPECT_EQ((*events)[0].operation, "create");
  EXPECT_TRUE((*events)[0].ours);
  EXPECT_EQ((*events)[0].client_type, "maxopt");
  EXPECT_EQ((*events)[1].level, Level::kAdGroup);
  EXPECT_EQ((*events)[1].actor, "Ann");
  EXPECT_FALSE((*events)[1].ours);
  EXPECT_EQ((*events)[1].changed_fields, (Texts{"daily_budget", "lifetime_budget"}));
  EXPECT_EQ((*events)[1].detail, R"({"old_value":100,"new_value":200})");
  EXPECT_EQ((*events)[2].level, Level::kAd);
  EXPECT_EQ((*events)[2].changed_fields, std::vector<std::string>{"status"});
  EXPECT_FALSE((*events)[2].ours);  // another app
  EXPECT_EQ((*events)[2].detail, "");
}

// --- writing ------------------------------------------------------------------------------------

Fields CampaignFields() {
  return {{"name", Str("Spring")},
          {"status", Str("paused")},
          {"objective", Str("sales")},
          {"channel_type", Str("social")},
          {"daily_budget", Eur(5000)}};
}
Fields GroupFields() {
  return {{"name", Str("Core")},
          {"status", Str("paused")},
          {"countries", Texts{"DE"}},
          {"optimization_goal", Str("conversions")},
          {"pixel_id", Str("777")}};
}
Fields AdFields() {
  return {{"name", Str("Ad")},
          {"status", Str("paused")},
          {"headlines", Texts{"H1", "H2"}},
          {"descriptions", Texts{"D1"}},
          {"landing_url", Str("https://shop.example/")},
          {"url_tags", Str("utm_source=fb")},
          {"call_to_action", Str("shop_now")},
          {"image", Str("abc")},
          {"page_id", Str("99")}};
}

TEST(WriteTest, ACampaign) {
  World world([](const Fake::Seen&) {
    Response response = Ok(R"({"id":"1001"})");
    response.headers.emplace_back("X-FB-Trace-ID", "T1");
    return response;
  });
  Fields fields = CampaignFields();
  fields["special_categories"] = Texts{"housing"};
  fields["start_at"] = Str("2026-10-01 00:00:00");
  fields["eu_political"] = false;
  const Change change = Create(Level::kCampaign, fields);
  const auto applied = world.writer().Apply(change, After(1h));
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "1001");
  EXPECT_EQ(applied->platform_ref, "T1");
  ASSERT_EQ(world.calls().size(), 1u);
  const auto call = world.calls().front();
  EXPECT_EQ(call.what(), "POST /v26.0/act_42/campaigns");
  EXPECT_FALSE(call.request.idempotent);
  EXPECT_EQ(call.Param("name"), "Spring" + MarkerOf(change.key));
  EXPECT_EQ(call.Param("status"), "PAUSED");
  EXPECT_EQ(call.Param("objective"), "OUTCOME_SALES");
  EXPECT_EQ(call.Param("daily_budget"), "5000");
  EXPECT_EQ(call.Param("special_ad_categories"), R"(["HOUSING"])");
  EXPECT_EQ(call.Param("buying_type"), "AUCTION");
  EXPECT_EQ(call.Param("start_time"), "2026-09-30T22:00:00+0000");
  EXPECT_EQ(call.Param("is_adset_budget_sharing_enabled"), "<absent>");
}

TEST(WriteTest, ACampaignWithoutABudgetSaysThatItsAdSetsDoNotShareTheirs) {
  World world([](const Fake::Seen&) { return Ok(R"({"id":"1001"})"); });
  Fields fields = CampaignFields();
  fields.erase("daily_budget");
  fields.erase("status");
  ASSERT_TRUE(world.writer().Apply(Create(Level::kCampaign, fields), After(1h)));
  const auto call = world.calls().front();
  EXPECT_EQ(call.Param("is_adset_budget_sharing_enabled"), "false");
  EXPECT_EQ(call.Param("special_ad_categories"), "[]");
  EXPECT_EQ(call.Param("status"), "PAUSED");
}

TEST(WriteTest, AnAdSet) {
  World world([](const Fake::Seen&) { return Ok(R"({"id":"1001"})"); },
              {{"dsa_beneficiary", "Shop GmbH"}});
  Fields fields = GroupFields();
  fields["languages"] = Texts{"de", "en"};
  fields["age_min"] = std::int64_t{25};
  fields["genders"] = Texts{"female"};
  fields["audiences"] = Texts{"901"};
  fields["placements"] = Texts{"facebook:feed", "instagram"};
  fields["target_cpa"] = Eur(250);
  fields["bid_strategy"] = Str("cost_cap");
  ASSERT_TRUE(world.writer().Apply(Create(Level::kAdGroup, fields, "1"), After(1h)));
  EXPECT_EQ(world.calls().front().what(), "GET /v26.0/1");  // whose budget and strategy it is
  const auto call = world.calls().back();
  EXPECT_EQ(call.what(), "POST /v26.0/act_42/adsets");
  EXPECT_EQ(call.Param("campaign_id"), "1");
  EXPECT_EQ(call.Param("status"), "PAUSED");
  EXPECT_EQ(call.Param("bid_amount"), "250");
  EXPECT_EQ(call.Param("bid_strategy"), "COST_CAP");
  EXPECT_EQ(call.Param("optimization_goal"), "OFFSITE_CONVERSIONS");
  EXPECT_EQ(call.Param("billing_event"), "IMPRESSIONS");
  EXPECT_EQ(call.Param("dsa_beneficiary"), "Shop GmbH");
  EXPECT_EQ(json::parse(call.Param("promoted_object")),
            json::parse(R"({"pixel_id":"777","custom_event_type":"PURCHASE"})"));
  EXPECT_EQ(json::parse(call.Param("targeting")), json::parse(R"({
    "geo_locations":{"countries":["DE"]},"locales":[5,1001],"age_min":25,"genders":[2],
    "custom_audiences":[{"id":"901"}],"publisher_platforms":["facebook","instagram"],
    "facebook_positions":["feed"],"targeting_automation":{"advantage_audience":0}})"));
}

TEST(WriteTest, WhatIsReadBackIsWhatWasWritten) {
  // The parameters of a create, as Meta would give them back.
  World world([](const Fake::Seen&) { return Ok(R"({"id":"1001"})"); });
  Fields fields = GroupFields();
  fields["languages"] = Texts{"de", "en"};
  fields["age_min"] = std::int64_t{25};
  fields["age_max"] = std::int64_t{65};
  fields["genders"] = Texts{"male"};
  fields["audiences"] = Texts{"901"};
  fields["excluded_audiences"] = Texts{"902"};
  fields["placements"] = Texts{"facebook:feed", "facebook:story", "instagram"};
  fields["daily_budget"] = Eur(1999);
  fields["start_at"] = Str("2026-10-01 08:30:00");
  fields["end_at"] = Str("2026-11-01 00:00:00");
  fields["billing_event"] = Str("impressions");
  fields["conversion_event"] = Str("lead");
  const Change change = Create(Level::kAdGroup, fields, "1");
  ASSERT_TRUE(world.writer().Apply(change, After(1h)));
  json object = {{"id", "1001"}};
  const auto sent = world.calls().front();
  for (const auto& [name, value] : sent.form) {
    object[name] = value.starts_with('{') ? json::parse(value) : json(value);
  }
  const auto entity = meta::EntityFrom(Level::kAdGroup, object, Ground("EUR"));
  ASSERT_TRUE(entity) << entity.error().what;
  fields["name"] = WithMarker("Core", change.key);
  for (const auto& [name, value] : fields) {
    ASSERT_TRUE(entity->fields.contains(name)) << name;
    EXPECT_EQ(entity->fields.at(name), value) << name;
  }
}

TEST(WriteTest, AnAdIsACreativeAndAnAd) {
  World world([](const Fake::Seen& seen) -> Result<Response> {
    if (seen.request.method == "GET") return Ok(kNoData);
    return Ok(seen.url.path.ends_with("adcreatives") ? R"({"id":"5"})" : R"({"id":"1001"})");
  });
  const Change change = Create(Level::kAd, AdFields(), "11");
  const auto applied = world.writer().Apply(change, After(1h));
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "1001");
  const auto calls = world.calls();
  ASSERT_EQ(calls.size(), 3u);
  EXPECT_EQ(calls[0].what(), "GET /v26.0/act_42/adcreatives");
  EXPECT_EQ(calls[1].what(), "POST /v26.0/act_42/adcreatives");
  EXPECT_EQ(calls[1].Param("name"), "Ad" + MarkerOf(change.key));
  EXPECT_EQ(calls[1].Param("url_tags"), "utm_source=fb");
  EXPECT_EQ(json::parse(calls[1].Param("object_story_spec")), json::parse(R"({"page_id":"99",
    "link_data":{"link":"https://shop.example/","name":"H1","message":"D1","image_hash":"abc",
      "call_to_action":{"type":"SHOP_NOW","value":{"link":"https://shop.example/"}}}})"));
  EXPECT_EQ(json::parse(calls[1].Param("asset_feed_spec")), json::parse(R"({
    "optimization_type":"DEGREES_OF_FREEDOM","titles":[{"text":"H1"},{"text":"H2"}],
    "bodies":[{"text":"D1"}]})"));
  EXPECT_EQ(calls[2].what(), "POST /v26.0/act_42/ads");
  EXPECT_EQ(calls[2].Param("name"), "Ad" + MarkerOf(change.key));
  EXPECT_EQ(calls[2].Param("adset_id"), "11");
  EXPECT_EQ(calls[2].Param("status"), "PAUSED");
  EXPECT_EQ(calls[2].Param("creative"), R"({"creative_id":"5"})");
}

TEST(WriteTest, ARetryUsesTheCreativeThatIsThere) {
  const Change change = Create(Level::kAd, AdFields(), "11");
  std::string creatives;
  bool ads_work = false;
  World world([&](const Fake::Seen& seen) -> Result<Response> {
    if (seen.request.method == "GET") return Ok(R"({"data":[)" + creatives + "]}");
    if (seen.url.path.ends_with("adcreatives")) {
      creatives = json({{"id", "5"}, {"name", seen.Param("name")}}).dump() +
                  R"(,{"id":"6","name":"another"})";
      return Ok(R"({"id":"5"})");
    }
    if (!ads_work) return Fail(Errc::kUnknownOutcome, "lost");
    return Ok(R"({"id":"1001"})");
  });
  EXPECT_EQ(world.writer().Apply(change, After(1h)).error().code, Errc::kUnknownOutcome);
  ads_work = true;
  EXPECT_TRUE(world.writer().Apply(change, After(1h)));
  EXPECT_EQ(world.fake->Count("POST /v26.0/act_42/adcreatives"), 1);
  EXPECT_EQ(world.fake->Count("POST /v26.0/act_42/ads"), 2);
  EXPECT_EQ(world.calls().back().Param("creative"), R"({"creative_id":"5"})");
}

TEST(WriteTest, APictureIsItsContent) {
  World world([](const Fake::Seen& seen) {
    EXPECT_EQ(seen.what(), "POST /v26.0/act_42/adimages");
    EXPECT_EQ(seen.Param("bytes"), "aGVsbG8=");
    return Ok(R"({"images":{"bytes":{"hash":"5d41402abc4b2a76b9719d911017c592","url":"x"}}})");
  });
  const Fields fields{
      {"name", Str("Hero")},
      {"media", Str("image")},
      {"content", Str("aGVsbG8=")},
      {"sha256", Str("2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824")}};
  const auto applied = world.writer().Apply(Create(Level::kAsset, fields), After(1h));
  ASSERT_TRUE(applied) << applied.error().what;
  EXPECT_EQ(applied->id, "5d41402abc4b2a76b9719d911017c592");
  for (const auto& [name, value] : std::map<std::string, std::string>{
           {"media", "song"}, {"content", "not base64!"}, {"content", ""}, {"sha256", "00"}}) {
    Fields bad = fields;
    bad[name] = value;
    EXPECT_EQ(world.writer().Apply(Create(Level::kAsset, bad), After(1h)).error().code,
              Errc::kInvalidArgument);
  }
  EXPECT_EQ(world.fake->calls.size(), 1u);
}

TEST(WriteTest, AnUpdateSendsOnlyWhatChanges) {
  World world([](const Fake::Seen& seen) {
    return seen.request.method == "GET"
               ? Ok(R"({"id":"1001","bid_strategy":"LOWEST_COST_WITH_BID_CAP"})")
               : Ok(R"({"success":true})");
  });
  const auto form = [&](Level level, Fields after) {
    EXPECT_TRUE(world.writer().Apply(Update(level, std::move(after)), After(1h)));
    const auto call = world.calls().back();
    EXPECT_EQ(call.what(), "POST /v26.0/1001");
    return http::EncodeForm(call.form);
  };
  EXPECT_EQ(form(Level::kCampaign, {{"daily_budget", Eur(123)}}), "daily_budget=123");
  EXPECT_EQ(form(Level::kCampaign, {{"status", Str("active")}}), "status=ACTIVE");
  EXPECT_EQ(form(Level::kAdGroup, {{"status", Str("paused")}}), "status=PAUSED");
  EXPECT_EQ(form(Level::kAd, {{"status", Str("removed")}}), "status=DELETED");
  EXPECT_EQ(form(Level::kAd, {{"name", Str("New name")}}), "name=New%20name");
  EXPECT_EQ(form(Level::kAdGroup, {{"bid", Eur(99)}}), "bid_amount=99");
}

TEST(WriteTest, TargetingThatIsNotOursStays) {
  World world([](const Fake::Seen& seen) {
    if (seen.request.method == "GET") {
      EXPECT_EQ(seen.what(), "GET /v26.0/1001");
      return Ok(R"({"id":"1001","targeting":{"geo_locations":{"countries":["DE"],
        "location_types":["home"]},"interests":[{"id":"6003"}],"age_min":20,"ratio":0.10}})");
    }
    return Ok(R"({"success":true})");
  });
  ASSERT_TRUE(
      world.writer().Apply(Update(Level::kAdGroup, {{"countries", Texts{"DE", "AT"}}}), After(1h)));
  EXPECT_EQ(world.calls().back().Param("targeting"),
            R"({"age_min":20,"geo_locations":{"countries":["DE","AT"],"location_types":["home"]},)"
            R"("interests":[{"id":"6003"}],"ratio":0.10})");
}

TEST(WriteTest, WhatMetaCannotExpressIsRefusedBeforeAnythingIsSent) {
  World world([](const Fake::Seen&) { return Ok(R"({"id":"1"})"); });
  const auto with = [](Fields fields, const char* name, FieldValue value) {
    fields[name] = std::move(value);
    return fields;
  };
  const auto without = [](Fields fields, const char* name) {
    fields.erase(name);
    return fields;
  };
  const Money usd = Money::Micros(5'000'000, kUsd);
  const std::vector<Change> bad{
      Create(Level::kCampaign, with(CampaignFields(), "status", Str("active"))),
      Create(Level::kCampaign, with(CampaignFields(), "objective", Str("fame"))),
      Create(Level::kCampaign, without(CampaignFields(), "objective")),
      Create(Level::kCampaign, without(CampaignFields(), "name")),
      Create(Level::kCampaign, with(CampaignFields(), "daily_budget", usd)),
      Create(Level::kCampaign,
             with(CampaignFields(), "daily_budget", Money::Micros(1'001'000, kEur))),
      Create(Level::kCampaign, with(CampaignFields(), "daily_budget", Money::Zero(kEur))),
      Create(Level::kCampaign, with(CampaignFields(), "daily_budget", Str("50"))),
      Create(Level::kCampaign, with(CampaignFields(), "channel_type", Str("search"))),
      Create(Level::kCampaign, with(CampaignFields(), "eu_political", true)),
      Create(Level::kCampaign, with(CampaignFields(), "countries", Texts{"DE"})),
      Create(Level::kCampaign, with(CampaignFields(), "bid_strategy", Str("manual_cpc"))),
      Create(Level::kCampaign, with(CampaignFields(), "special_categories", Texts{"cars"})),
      Create(Level::kCampaign, with(CampaignFields(), "start_at", Str("soon"))),
      Create(Level::kCampaign, with(CampaignFields(), "effective_status", Str("active"))),
      Create(Level::kCampaign, with(CampaignFields(), "spend_cap", Eur(1))),
      Create(Level::kAdGroup, GroupFields()),  // no parent
      Create(Level::kAdGroup, without(GroupFields(), "countries"), "1"),
      Create(Level::kAdGroup, without(GroupFields(), "pixel_id"), "1"),
      Create(Level::kAdGroup, without(GroupFields(), "optimization_goal"), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "languages", Texts{"tlh"}), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "keywords", Texts{"exact:shoes"}), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "genders", Texts{"all"}), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "age_min", std::int64_t{12}), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "placements", Texts{"The Moon"}), "1"),
      Create(Level::kAdGroup, with(GroupFields(), "audiences", Texts{"buyers"}), "1"),
      Create(Level::kAd, AdFields()),  // no parent
      Create(Level::kAd, without(AdFields(), "page_id"), "11"),
      Create(Level::kAd, without(AdFields(), "image"), "11"),
      Create(Level::kAd, with(AdFields(), "landing_url", Str("http://shop.example/")), "11"),
      Create(Level::kAd, with(AdFields(), "status", Str("active")), "11"),
      Update(Level::kCampaign, {{"objective", Str("leads")}}),
      Update(Level::kCampaign, {{"status", Str("sleeping")}}),
      Update(Level::kCampaign, {{"eu_political", true}}),
      Update(Level::kCampaign, {}),
      Update(Level::kAd, {{"headlines", Texts{"new"}}}),
      Update(Level::kAsset, {{"name", Str("x")}}),
  };
  for (const Change& change : bad) {
    const auto applied = world.writer().Apply(change, After(1h));
    ASSERT_FALSE(applied) << LevelName(change.level) << " " << change.after.size();
    EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
  }
  Change no_id = Update(Level::kCampaign, {{"status", Str("paused")}});
  for (const char* id : {"", "act_42", "1/../2", "1?x=1"}) {
    no_id.id = id;
    EXPECT_EQ(world.writer().Apply(no_id, After(1h)).error().code, Errc::kInvalidArgument);
  }
  Change no_key = Create(Level::kCampaign, CampaignFields());
  no_key.key.clear();
  EXPECT_EQ(world.writer().Apply(no_key, After(1h)).error().code, Errc::kInvalidArgument);
  EXPECT_TRUE(world.calls().empty());
}

TEST(WriteTest, EveryOutcomeIsSentOnceAndNamed) {
  struct Case {
    Result<Response> answer;
    Errc want;
  };
  using enum Errc;
  for (const Case& c : {
           Case{GraphError(100, 1885272), kInvalidArgument},
           Case{GraphError(17, 2446079), kRateLimited},
           Case{GraphError(190, 463), kUnauthenticated},
           Case{GraphError(200, 0, 403), kForbidden},
           Case{GraphError(100, 33), kNotFound},
           Case{GraphError(1, 0, 500), kUnknownOutcome},
           Case{GraphError(2, 0, 400), kUnknownOutcome},
           Case{Status(502, "<html>"), kUnknownOutcome},
           Case{Ok("<html>"), kUnknownOutcome},
           Case{Ok(""), kUnknownOutcome},
           Case{Ok(R"({"id":"10)"), kUnknownOutcome},
           Case{Ok("{}"), kUnknownOutcome},
           Case{Ok(R"({"id":"not digits"})"), kUnknownOutcome},
           Case{Ok(R"({"success":false})"), kUnknownOutcome},
           Case{Fail(kUnknownOutcome, "lost"), kUnknownOutcome},
           Case{Fail(kUnavailable, "refused"), kUnavailable},
       }) {
    for (const Change& change : {Create(Level::kCampaign, CampaignFields()),
                                 Update(Level::kCampaign, {{"status", Str("paused")}})}) {
      World world([&](const Fake::Seen&) { return c.answer; });
      const auto applied = world.writer().Apply(change, After(1h));
      ASSERT_FALSE(applied);
      EXPECT_EQ(ErrcName(applied.error().code), ErrcName(c.want)) << applied.error().what;
      EXPECT_EQ(world.calls().size(), 1u);
    }
  }
}

TEST(ValidateTest, AsksMetaToCheckWithoutWriting) {
  World world([](const Fake::Seen& seen) {
    EXPECT_EQ(seen.Param("execution_options"), R"(["validate_only"])");
    return Ok(R"({"success":true})");
  });
  EXPECT_TRUE(world.writer().Validate(Create(Level::kCampaign, CampaignFields()), After(1h)));
  EXPECT_TRUE(world.writer().Validate(Create(Level::kAdGroup, GroupFields(), "1"), After(1h)));
  EXPECT_TRUE(world.writer().Validate(Create(Level::kAd, AdFields(), "11"), After(1h)));
  EXPECT_TRUE(
      world.writer().Validate(Update(Level::kCampaign, {{"daily_budget", Eur(9)}}), After(1h)));
  EXPECT_EQ(world.calls().size(), 4u);
  EXPECT_EQ(json::parse(world.calls()[2].Param("creative")).at("object_story_spec").at("page_id"),
            "99");
}

TEST(ValidateTest, WhatHangsOnSomethingNotYetMadeIsCheckedByUs) {
  World world([](const Fake::Seen&) { return Ok(R"({"success":true})"); });
  EXPECT_TRUE(world.writer().Validate(Create(Level::kAdGroup, GroupFields()), After(1h)));
  Fields fields = AdFields();
  fields.erase("image");
  Change ad = Create(Level::kAd, fields, "11");
  ad.links = {{"image", "spring/hero"}};
  EXPECT_TRUE(world.writer().Validate(ad, After(1h)));
  EXPECT_TRUE(world.calls().empty());
  ad.after["landing_url"] = Str("ftp://x");
  EXPECT_EQ(world.writer().Validate(ad, After(1h)).error().code, Errc::kInvalidArgument);
  fields = GroupFields();
  fields.erase("countries");
  EXPECT_EQ(world.writer().Validate(Create(Level::kAdGroup, fields), After(1h)).error().code,
            Errc::kInvalidArgument);
}

TEST(ValidateTest, Refusals) {
  World world([](const Fake::Seen&) { return GraphError(100, 1885272); });
  const auto valid = world.writer().Validate(Create(Level::kCampaign, CampaignFields()), After(1h));
  EXPECT_EQ(valid.error().code, Errc::kInvalidArgument);
  EXPECT_EQ(valid.error().platform_code, "100/1885272");
}

TEST(CapabilitiesTest, AreData) {
  World world([](const Fake::Seen&) { return Ok(kNoData); });
  const Capabilities& can = world.reader().capabilities();
  EXPECT_EQ(can.platform, Platform::kMeta);
  EXPECT_EQ(can.restatement_days, 28);
  EXPECT_EQ(can.daily_overdelivery_bp, 12'500);
  EXPECT_EQ(can.budget_level, Level::kCampaign);
  EXPECT_FALSE(can.native_idempotency);
}

}  // namespace
}  // namespace maxopt
