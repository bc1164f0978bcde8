// Every route × every role × no login × another's client, made from the table of routes; and the
// OWASP API Security Top 10 (2023), one test each.
#include "app/api/api.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <set>
#include <thread>

#include "app/api/route.h"
#include "connect/notify/post.h"
#include "json/schema_for_test.h"
#include "memory/campaigns/ledger.h"

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;

constexpr const char* kPolicy =
    "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 100.00\n"
    "platform_caps: {}\nstep_max_percent: 20\ncooldown_hours: 20\ndata_age_max_hours: 36\n"
    "approval_hours: 24\ntwo_people: true\nexposure_drift_percent: 10\ntripwire_percent: 300\n"
    "mode: act\nearned_autonomy: true\n";

/// What one asks with.
struct Login {
  std::string cookie, csrf, key;
};

class ApiTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = fs::temp_directory_path() / fmt::format("maxopt_api_{}", ::getpid());
    fs::remove_all(folder_);
    fs::create_directories(folder_);
    const Currency eur = FindCurrency("EUR").value();
    {
      auto home = Home::Open(folder_, clock_);
      ASSERT_TRUE(home) << home.error().what;
      for (const char* client : {"Alpenglow", "Brenner"}) {
        ASSERT_TRUE((*home)->store().SaveClient({client, eur, "Europe/Berlin"}));
      }
      for (const char* client : {"Alpenglow", "Brenner"}) {
        Plan plan;
        plan.client = client;
        plan.title = "a plan of " + std::string(client);
        plan.status = PlanStatus::kGuarded;
        plan.created_at = clock_->Now();
        plan.created_by = "optimizer";
        Change change;
        change.account = {Platform::kMeta, "12"};
        change.address = "spring/social";
        change.id = "77";
        change.before = {{"daily_budget", Money::Micros(10'000'000, eur)}};
        change.after = {{"daily_budget", Money::Micros(11'000'000, eur)}};
        change.why = "<script>alert(1)</script> \xF0\x9F\x8F\x94";
        plan.changes.push_back(change);
        const auto saved = (*home)->store().SavePlan(plan);
        ASSERT_TRUE(saved) << saved.error().what;
        plans_[client] = saved->id;
      }
    }
    auto users = UserStore::Open(UserStore::PathIn(folder_));
    ASSERT_TRUE(users) << users.error().what;
    users_ = std::move(*users);
    home_ = std::make_unique<SharedHome>(SharedHome::Options{.folder = folder_, .clock = clock_});
    live_cache_ = MakeLiveCache();
    live_ = MakeLiveApi(*live_cache_);
    live_->SetStatus(R"({"now":"2026-11-23T10:00:00Z","jobs":[{"job":"x","client":"Brenner",)"
                     R"("account":""}],"calls":[]})");
    config_.user_rate = config_.peer_rate = {1e6, 1e6};
    Make();
  }
  void TearDown() override {
    api_.reset();
    live_.reset();
    home_.reset();
    users_.reset();
    fs::remove_all(folder_);
  }
  void Make() {
    api_.reset();
    auto api = MakeApi({.home = home_.get(),
                        .users = users_.get(),
                        .live = live_.get(),
                        .clock = clock_,
                        .wall = wall_.get(),
                        .folder = folder_,
                        .version = "test"},
                       config_);
    ASSERT_TRUE(api) << api.error().what;
    api_ = std::move(*api);
  }
  void Add(const std::string& name, Role role, ClientScope clients = std::nullopt) {
    User user;
    user.name = name;
    user.role = role;
    user.clients = std::move(clients);
    user.created_at = wall_->Now();
    const auto added = users_->AddUser(user);
    ASSERT_TRUE(added) << added.error().what;
  }
  Login SessionOf(const std::string& name) {
    const std::string secret = users_->BeginSession(name, wall_->Now()).value();
    return {.cookie = "maxopt_session=" + secret, .csrf = CsrfToken(secret), .key = ""};
  }
  Login KeyOf(const std::string& name) {
    ApiKey key;
    key.user = name;
    key.what = "test";
    key.role = users_->GetUser(name)->role;
    return {.cookie = "", .csrf = "", .key = users_->AddKey(key, wall_->Now())->secret};
  }
  http::Response Send(http::Request request) {
    if (!http::FindHeader(request.headers, "Host")) {
      request.headers.emplace_back("Host", "127.0.0.1:8787");
    }
    return http::Settle(api_->Handle(request));
  }
  http::Response Ask(const Login& login, const std::string& method, const std::string& url,
                     const std::string& body = "", http::Headers more = {}) {
    http::Request request{.method = method, .url = url, .headers = std::move(more), .body = body};
    if (!login.cookie.empty()) request.headers.emplace_back("Cookie", login.cookie);
    if (!login.csrf.empty()) request.headers.emplace_back("X-CSRF-Token", login.csrf);
    if (!login.key.empty()) request.headers.emplace_back("Authorization", "Bearer " + login.key);
    if (!http::FindHeader(request.headers, "Content-Type") && !body.empty()) {
      request.headers.emplace_back("Content-Type", "application/json");
    }
    if (method != "GET" && !http::FindHeader(request.headers, "Idempotency-Key")) {
      request.headers.emplace_back("Idempotency-Key", fmt::format("test-{}", ++keys_));
    }
    return Send(std::move(request));
  }
  /// Where everything is right, so that only the rights decide.
  http::Response AskRoute(const Login& login, const api::Route& route, const std::string& client) {
    std::string url(route.pattern);
    const auto put = [&url](const std::string& name, const std::string& value) {
      const std::size_t at = url.find(name);
      if (at != std::string::npos) url.replace(at, name.size(), value);
    };
    put("{client}", client);
    put("{plan}", "p-20200101-0001");
    put("{alert}", "a-20200101-0001");
    put("{view}", "accounts");
    put("{name*}", "nothing/here");
    put("{report}", "r-20200101-0001");
    put("{form}", "html");
    put("{user}", "nobody");
    put("{member}", "nobody");
    put("{key}", "nothing");
    static const std::map<std::string_view, std::string> kBodies = {
        {"begin_session", R"({"name":"nobody","password":"x"})"},
        {"add_user", R"({"name":"new","role":"viewer","clients":[]})"},
        {"add_key", R"({"what":"test","role":"viewer"})"},
        {"approve_plan", R"({"content_hash":")" + std::string(64, '0') + R"("})"},
        {"silence_alert", R"({"hours":1})"},
        {"feedback_alert", R"({"useful":true})"},
        {"ask", R"({"question":"How is pacing?"})"},
        {"ask_scenarios", R"({"maxopt":"scenarios/1","scenarios":[{"name":"x","total":"-20%"}]})"},
        {"propose_scenario", R"({"budgets":{"meta/x":"10"}})"},
        {"make_report", R"({"kind":"nothing of the kind"})"},
        {"halt", R"({"halted":false})"},
    };
    if (route.body == api::Body::kText) {
      return Ask(login, std::string(route.method), url, "nonsense: [",
                 {{"Content-Type", "text/yaml"}});
    }
    const auto body = kBodies.find(route.id);
    return Ask(login, std::string(route.method), url,
               route.body == api::Body::kNone ? ""
               : body == kBodies.end()        ? "{}"
                                              : body->second);
  }
  std::string PlanPath(const std::string& client, const std::string& plan,
                       const std::string& what = "") {
    return "/api/v1/clients/" + client + "/plans/" + plan + what;
  }
  std::string HashOf(const Login& login, const std::string& client) {
    return json::parse(Ask(login, "GET", PlanPath(client, plans_[client])).body)["content_hash"];
  }

  fs::path folder_;
  std::shared_ptr<VirtualClock> clock_ =
      std::make_shared<VirtualClock>(ParseInstant("2026-11-23T10:00:00Z").value());
  std::shared_ptr<VirtualClock> wall_ =
      std::make_shared<VirtualClock>(ParseInstant("2026-11-23T10:00:00Z").value());
  std::map<std::string, std::string> plans_;
  std::unique_ptr<UserStore> users_;
  std::unique_ptr<SharedHome> home_;
  std::unique_ptr<LiveCache> live_cache_;
  std::unique_ptr<LiveApi> live_;
  ApiConfig config_;
  std::unique_ptr<Api> api_;
  int keys_ = 0;
};

// --- the matrix ---------------------------------------------------------------------------------

/// What a route answers to somebody who may, in this home without facts, plans of that name, or
/// reachable platforms. A new route needs a line.
const std::map<std::string_view, int> kAllowed = {
    {"get_session", 200},
    {"begin_session", 401},
    {"end_session", 200},
    {"list_clients", 200},
    {"live", 200},
    {"live_stream", 200},
    {"status", 200},
    {"list_views", 200},
    {"view", 200},
    {"client_view", 200},
    {"get_plan", 404},
    {"approve_plan", 404},
    {"reject_plan", 404},
    {"apply_plan", 404},
    {"undo_plan", 404},
    {"acknowledge_alert", 404},
    {"silence_alert", 404},
    {"feedback_alert", 404},
    {"ask", 200},
    {"usual_scenarios", 422},
    {"ask_scenarios", 422},
    {"propose_scenario", 422},
    {"optimize", 200},
    {"get_rules", 404},
    {"put_rules", 400},
    {"post_inbox", 403},  // none of these users is a teammate
    {"get_policy", 404},
    {"put_policy", 400},
    {"get_document", 404},
    {"get_media", 404},
    {"run_job", 404},
    {"halt", 200},
    {"list_users", 200},
    {"add_user", 201},
    {"change_user", 404},
    {"remove_user", 404},
    {"list_keys", 200},
    {"add_key", 201},
    {"revoke_key", 404},
    {"list_audit", 200},
    {"metrics", 200},
    {"health", 200},
    {"openapi", 200},
    {"list_reports", 200},
    {"post_team_webhook", 403},  // nothing is signed
    {"make_report", 400},
    {"get_report", 404},
};

TEST_F(ApiTest, EveryRouteForEveryRoleAndClient) {
  const Role roles[] = {Role::kViewer, Role::kOperator, Role::kApprover, Role::kAdmin};
  for (const Role role : roles) {
    Add(std::string(RoleName(role)) + ".all", role);
    Add(std::string(RoleName(role)) + ".some", role, {{"Alpenglow"}});
  }
  int cases = 0;
  for (const api::Route& route : api::Routes()) {
    const auto allowed = kAllowed.find(route.id);
    ASSERT_NE(allowed, kAllowed.end()) << route.id << " needs a line in kAllowed";
    const auto check = [&](const Login& login, const std::string& client, int want,
                           const std::string& who) {
      ++cases;
      const http::Response got = AskRoute(login, route, client);
      EXPECT_EQ(got.status, want) << route.id << " as " << who << " of " << client << ": "
                                  << got.body.substr(0, 300);
      if (got.status >= 400) {
        const json body = json::parse(got.body, nullptr, false);
        for (const char* field : {"code", "what", "where", "fix"}) {
          EXPECT_TRUE(body["error"].contains(field)) << route.id;
        }
      }
    };
    check({}, "Alpenglow", route.role ? 401 : allowed->second, "nobody");
    if (!route.role) continue;
    for (const Role role : roles) {
      for (const bool all : {true, false}) {
        const std::string name = std::string(RoleName(role)) + (all ? ".all" : ".some");
        for (const char* client : {"Alpenglow", "Brenner", "Nowhere"}) {
          const bool hidden = route.of_client() && (client == std::string("Nowhere") ||
                                                    (!all && client != std::string("Alpenglow")));
          const bool may = role >= *route.role && (all || !route.all_clients);
          int want = hidden ? 404 : may ? allowed->second : 403;
          if (route.id == "add_user" && may && client != std::string("Alpenglow")) want = 409;
          for (const bool key : {false, true}) {
            if (key && route.id == "add_user" && may) want = 409;
            check(key ? KeyOf(name) : SessionOf(name), client, want, name);
          }
          if (!route.of_client() && client == std::string("Brenner")) break;
        }
      }
    }
  }
  EXPECT_GT(cases, 500);
}

TEST_F(ApiTest, AMessageOfATeammateIsTakenOrKeptWithTheReason) {
  const std::string secret = "0123456789abcdef";
  std::ofstream(folder_ / "team.yaml")
      << "maxopt: team/1\nmembers:\n  - {name: zara, secret: " << secret << "}\n";
  for (const char* name : {"james", "zara"}) Add(name, Role::kOperator, {{"Alpenglow"}});
  const std::string path = "/api/v1/clients/Alpenglow/inbox";
  const auto question = [](const std::string& from, const std::string& id,
                           const std::string& client = "Alpenglow") {
    json message{{"maxopt", "message/1"},
                 {"id", id},
                 {"from", from},
                 {"client", client},
                 {"kind", "question"}};
    message["body"] = {{"maxopt", "question/1"}, {"text", "Why?"}};
    return message.dump();
  };
  const Login james = KeyOf("james");
  const http::Response taken = Ask(james, "POST", path, question("james", "q-1"));
  ASSERT_EQ(taken.status, 201) << taken.body;
  EXPECT_EQ(json::parse(taken.body)["state"], "open");
  EXPECT_EQ(json::parse(taken.body)["receipt"]["state"], "accepted");
  // The same message under another key of HTTP is still the same message.
  const http::Response again = Ask(james, "POST", path, question("james", "q-1"));
  EXPECT_EQ(again.status, 200) << again.body;
  EXPECT_EQ(json::parse(again.body)["receipt_id"], json::parse(taken.body)["receipt_id"]);
  EXPECT_EQ(Ask(james, "POST", path, question("james", "q-1") + " ").status, 409);
  EXPECT_EQ(Ask(james, "POST", path, question("zara", "q-2")).status, 403);
  EXPECT_EQ(Ask(james, "POST", path, question("james", "q-3", "Brenner")).status, 422);
  EXPECT_EQ(Ask(james, "POST", path, "{").status, 422);
  EXPECT_EQ(Ask(james, "POST", "/api/v1/clients/Brenner/inbox", question("james", "q-4")).status,
            404);
  EXPECT_EQ(Ask(james, "POST", path, "x", {{"Content-Type", "text/plain"}}).status, 415);

  // Zara's messages are signed, over the bytes and the time.
  const Login zara = KeyOf("zara");
  const std::string body = question("zara", "q-5");
  const auto now = [&](int more) {
    return std::to_string(
        std::chrono::duration_cast<std::chrono::seconds>(wall_->Now().time_since_epoch()).count() +
        more);
  };
  const auto with = [&](const std::string& at, const std::string& key, const std::string& of) {
    return http::Headers{{"X-Maxopt-Timestamp", at},
                         {"X-Maxopt-Signature", SignatureOf(key, at, of)}};
  };
  EXPECT_EQ(Ask(zara, "POST", path, body).status, 403);
  EXPECT_EQ(Ask(zara, "POST", path, body, with(now(0), "another secret..", body)).status, 403);
  EXPECT_EQ(Ask(zara, "POST", path, body, with(now(0), secret, body + " ")).status, 403);
  const http::Response old = Ask(zara, "POST", path, body, with(now(-3600), secret, body));
  EXPECT_EQ(old.status, 403);
  EXPECT_NE(old.body.find("kept as number"), std::string::npos) << old.body;
  EXPECT_EQ(old.body.find(secret), std::string::npos);
  EXPECT_EQ(Ask(zara, "POST", path, body, with(now(0), secret, body)).status, 201);

  // Without an API key only where team.yaml says so, and only by a signature that holds; nothing of
  // who fails is kept, and who is a member is not told.
  const std::string hook = "/api/v1/team/zara/inbox";
  const std::string keyless = question("zara", "q-6");
  const auto signed_now = with(now(0), secret, keyless);
  const http::Response closed = Ask({}, "POST", hook, keyless, signed_now);
  EXPECT_EQ(closed.status, 403);
  std::ofstream(folder_ / "team.yaml") << "maxopt: team/1\nmembers:\n  - {name: zara, webhook_in: "
                                          "true, secret: "
                                       << secret << "}\n";
  EXPECT_EQ(Ask({}, "POST", hook, keyless).body, closed.body);
  EXPECT_EQ(Ask({}, "POST", hook, keyless, with(now(-3600), secret, keyless)).body, closed.body);
  EXPECT_EQ(Ask({}, "POST", "/api/v1/team/james/inbox", keyless, signed_now).body, closed.body);
  EXPECT_EQ(Ask({}, "POST", "/api/v1/team/nobody/inbox", keyless, signed_now).body, closed.body);
  const http::Response let_in = Ask({}, "POST", hook, keyless, signed_now);
  EXPECT_EQ(let_in.status, 201) << let_in.body;
  EXPECT_EQ(let_in.body.find(folder_.string()), std::string::npos) << let_in.body;
  // What somebody recorded and sends again is the same message.
  EXPECT_EQ(Ask({}, "POST", hook, keyless, signed_now).status, 200);
  int limited = 0;
  for (int i = 0; i < 30; ++i) {
    limited += Ask({}, "POST", hook, keyless, signed_now).status == 429;
  }
  EXPECT_GT(limited, 0);

  // All that was refused is in the view, with why.
  const json view =
      json::parse(Ask(SessionOf("james"), "GET", "/api/v1/clients/Alpenglow/views/team").body);
  int refused = 0;
  for (const json& row : view["rows"]) refused += row["cells"][6] == "refused";
  EXPECT_EQ(refused, 8) << view["rows"];
}

// --- OWASP API Security Top 10, 2023 ------------------------------------------------------------

TEST_F(ApiTest, Api1BrokenObjectLevelAuthorization) {
  Add("anna", Role::kApprover, {{"Alpenglow"}});
  const Login anna = SessionOf("anna");
  EXPECT_EQ(Ask(anna, "GET", PlanPath("Alpenglow", plans_["Alpenglow"])).status, 200);
  // Another client's plan below one's own client, and below its own.
  const http::Response below = Ask(anna, "GET", PlanPath("Alpenglow", plans_["Brenner"]));
  EXPECT_EQ(below.status, 404);
  const http::Response foreign = Ask(anna, "GET", PlanPath("Brenner", plans_["Brenner"]));
  const http::Response absent = Ask(anna, "GET", PlanPath("Nowhere", plans_["Brenner"]));
  EXPECT_EQ(foreign.status, 404);
  // Not even the words tell one from the other.
  std::string words = absent.body;
  words.replace(words.find("Nowhere"), 7, "Brenner");
  EXPECT_EQ(foreign.body, words);
  for (const char* what : {"/approve", "/reject", "/apply", "/undo"}) {
    const std::string body = std::string(what) == "/approve"
                                 ? R"({"content_hash":")" + std::string(64, 'a') + R"("})"
                                 : "{}";
    EXPECT_EQ(Ask(anna, "POST", PlanPath("Alpenglow", plans_["Brenner"], what), body).status, 404);
  }
  // Lists and live numbers hold one's own only.
  const json clients = json::parse(Ask(anna, "GET", "/api/v1/clients").body)["clients"];
  ASSERT_EQ(clients.size(), 1u);
  EXPECT_EQ(clients[0]["name"], "Alpenglow");
  ASSERT_TRUE(live_cache_->Replace("m/", {{"m/b", R"({"client":"Brenner"})"}}));
  EXPECT_TRUE(json::parse(Ask(anna, "GET", "/api/v1/live").body)["entries"].empty());
  EXPECT_TRUE(json::parse(Ask(anna, "GET", "/api/v1/status").body)["jobs"].empty());
}

TEST_F(ApiTest, Api2BrokenAuthentication) {
  Add("anna", Role::kAdmin);
  ASSERT_TRUE(users_->SetPassword("anna", "four plain words here"));
  const auto login = [&](const std::string& body) {
    return Ask({}, "POST", "/api/v1/session", body);
  };
  const http::Response good = login(R"({"name":"anna","password":"four plain words here"})");
  ASSERT_EQ(good.status, 200) << good.body;
  const std::string cookie(*http::FindHeader(good.headers, "Set-Cookie"));
  EXPECT_NE(cookie.find("HttpOnly"), std::string::npos);
  EXPECT_NE(cookie.find("SameSite=Strict"), std::string::npos);
  EXPECT_EQ(http::FindHeader(good.headers, "Cache-Control"), "no-store");
  // Wrong names and wrong passwords look alike, and then must wait.
  const http::Response wrong = login(R"({"name":"anna","password":"wrong wrong wrong"})");
  EXPECT_EQ(wrong.status, 401);
  EXPECT_EQ(wrong.body, login(R"({"name":"zoe","password":"wrong wrong wrong"})").body);
  for (int i = 0; i < 4; ++i) login(R"({"name":"anna","password":"wrong wrong wrong"})");
  const http::Response held = login(R"({"name":"anna","password":"four plain words here"})");
  EXPECT_EQ(held.status, 429);
  EXPECT_TRUE(http::FindHeader(held.headers, "Retry-After"));
  // What is no login of ours.
  for (const char* cookie_text : {"maxopt_session=", "maxopt_session=x", "session=abc"}) {
    EXPECT_EQ(Ask({.cookie = cookie_text, .csrf = "", .key = ""}, "GET", "/api/v1/session").status,
              401);
  }
  EXPECT_EQ(
      Ask({.cookie = "", .csrf = "", .key = "mk_12345678_x"}, "GET", "/api/v1/clients").status,
      401);
  http::Request basic{.method = "GET", .url = "/api/v1/clients"};
  basic.headers = {{"Authorization", "Basic YW5uYTp4"}};
  EXPECT_EQ(Send(basic).status, 401);
  // A session that is logged out, idle, or of a removed user is over.
  const Login session = SessionOf("anna");
  EXPECT_EQ(Ask(session, "DELETE", "/api/v1/session").status, 200);
  EXPECT_EQ(Ask(session, "GET", "/api/v1/session").status, 401);
  const Login idle = SessionOf("anna");
  wall_->AdvanceTo(wall_->Now() + std::chrono::hours(9));
  EXPECT_EQ(Ask(idle, "GET", "/api/v1/session").status, 401);
  // A login link works once.
  const std::string link =
      users_->MakeLink("anna", wall_->Now(), wall_->Now() + std::chrono::minutes(15)).value();
  EXPECT_EQ(login(json{{"link", link}}.dump()).status, 200);
  EXPECT_EQ(login(json{{"link", link}}.dump()).status, 401);
  EXPECT_EQ(login(R"({"link":"x","name":"anna"})").status, 400);
}

TEST_F(ApiTest, Api3BrokenObjectPropertyLevelAuthorization) {
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  // Nothing may be set that is not asked for, and digests are never shown.
  const http::Response more =
      Ask(anna, "POST", "/api/v1/users", R"({"name":"ben","role":"viewer","created_at":"2020"})");
  EXPECT_EQ(more.status, 400);
  EXPECT_EQ(json::parse(more.body)["error"]["where"], "/created_at");
  EXPECT_EQ(Ask(anna, "POST", PlanPath("Alpenglow", plans_["Alpenglow"], "/approve"),
                R"({"content_hash":")" + std::string(64, 'a') + R"(","by":"ben"})")
                .status,
            400);
  ASSERT_TRUE(users_->SetPassword("anna", "four plain words here"));
  const Login again = SessionOf("anna");
  const std::string users = Ask(again, "GET", "/api/v1/users").body;
  EXPECT_EQ(users.find("argon2"), std::string::npos);
  EXPECT_EQ(users.find("\"password\""), std::string::npos);
  const http::Response made = Ask(again, "POST", "/api/v1/keys", R"({"what":"x","role":"viewer"})",
                                  {{"Idempotency-Key", "k"}});
  ASSERT_EQ(made.status, 201) << made.body;
  const std::string secret = json::parse(made.body)["secret"];
  const http::Response replay = Ask(again, "POST", "/api/v1/keys",
                                    R"({"what":"x","role":"viewer"})", {{"Idempotency-Key", "k"}});
  EXPECT_EQ(replay.status, 201);
  EXPECT_TRUE(json::parse(replay.body)["secret"].is_null());
  EXPECT_EQ(Ask(again, "GET", "/api/v1/keys").body.find(secret), std::string::npos);
}

TEST_F(ApiTest, Api4UnrestrictedResourceConsumption) {
  Add("anna", Role::kAdmin);
  config_.user_rate = {1, 3};
  Make();
  const Login anna = SessionOf("anna");
  int refused = 0;
  for (int i = 0; i < 6; ++i) {
    const http::Response got = Ask(anna, "GET", "/api/v1/session");
    if (got.status != 429) continue;
    ++refused;
    EXPECT_TRUE(http::FindHeader(got.headers, "Retry-After"));
  }
  EXPECT_GE(refused, 2);
  config_.user_rate = {1e6, 1e6};
  config_.peer_rate = {1, 2};
  Make();
  std::set<int> seen;
  for (int i = 0; i < 5; ++i) seen.insert(Ask({}, "GET", "/healthz").status);
  EXPECT_EQ(seen, (std::set<int>{200, 429}));
  config_.peer_rate = {1e6, 1e6};
  Make();
  // Deep JSON, a long address, many parameters.
  std::string deep = R"({"levers":)";
  for (int i = 0; i < 50'000; ++i) deep += '[';
  const http::Response refused_deep = Ask(anna, "POST", "/api/v1/clients/Alpenglow/optimize", deep);
  EXPECT_EQ(refused_deep.status, 400);
  EXPECT_NE(refused_deep.body.find("levels"), std::string::npos);
  EXPECT_EQ(Ask(anna, "GET", "/api/v1/views/accounts?x=" + std::string(9000, 'a')).status, 414);
  std::string many = "/api/v1/views/accounts?a0=1";
  for (int i = 1; i < 100; ++i) many += fmt::format("&a{}=1", i);
  EXPECT_EQ(Ask(anna, "GET", many).status, 400);
}

TEST_F(ApiTest, Api5BrokenFunctionLevelAuthorization) {
  Add("vera", Role::kViewer);
  const Login vera = SessionOf("vera");
  EXPECT_EQ(Ask(vera, "POST", "/api/v1/users", R"({"name":"x","role":"admin"})").status, 403);
  EXPECT_EQ(
      Ask(vera, "PUT", "/api/v1/clients/Alpenglow/policy", kPolicy, {{"Content-Type", "text/yaml"}})
          .status,
      403);
  // Another method, or a header that asks for one, opens nothing.
  for (const char* method : {"PUT", "PATCH", "TRACE", "CONNECT", "OPTIONS", "get"}) {
    EXPECT_EQ(Ask(vera, method, "/api/v1/users").status, 405) << method;
  }
  EXPECT_EQ(Ask(vera, "GET", "/api/v1/users", "", {{"X-HTTP-Method-Override", "POST"}}).status,
            403);
  // An admin of some clients gives nobody more than he has.
  Add("anna", Role::kAdmin);
  Add("sam", Role::kAdmin, {{"Alpenglow"}});
  EXPECT_EQ(Ask(SessionOf("sam"), "POST", "/api/v1/users", R"({"name":"x","role":"admin"})").status,
            403);
}

TEST_F(ApiTest, Api6SensitiveBusinessFlows) {
  std::ofstream(folder_ / "policy.yaml") << kPolicy;
  Add("anna", Role::kApprover);
  const Login anna = SessionOf("anna");
  const std::string approve = PlanPath("Alpenglow", plans_["Alpenglow"], "/approve");
  // Approving needs the content that was shown.
  EXPECT_EQ(
      Ask(anna, "POST", approve, R"({"content_hash":")" + std::string(64, 'a') + R"("})").status,
      409);
  const std::string body = R"({"content_hash":")" + HashOf(anna, "Alpenglow") + R"("})";
  const http::Response first = Ask(anna, "POST", approve, body, {{"Idempotency-Key", "a1"}});
  ASSERT_EQ(first.status, 200) << first.body;
  EXPECT_EQ(json::parse(first.body)["by"], "anna (api)");
  // The same again is the same answer, and nothing more happens; a new request is a conflict.
  const http::Response again = Ask(anna, "POST", approve, body, {{"Idempotency-Key", "a1"}});
  EXPECT_EQ(again.status, 200);
  EXPECT_EQ(again.body, first.body);
  EXPECT_EQ(http::FindHeader(again.headers, "Idempotency-Replayed"), "true");
  EXPECT_EQ(Ask(anna, "POST", approve, body).status, 409);
  EXPECT_EQ(Ask(anna, "POST", PlanPath("Alpenglow", plans_["Alpenglow"], "/reject"), "{}",
                {{"Idempotency-Key", "a1"}})
                .status,
            422);
  EXPECT_EQ(Ask(anna, "POST", approve, body, {{"Idempotency-Key", ""}}).status, 400);
  // The policy asks for two people: the same one does not apply, by whatever door.
  const http::Response applied =
      Ask(anna, "POST", PlanPath("Alpenglow", plans_["Alpenglow"], "/apply"), "{}");
  EXPECT_EQ(applied.status, 422) << applied.body;
  EXPECT_NE(applied.body.find("two people"), std::string::npos) << applied.body;
  const auto home = home_->Use(std::chrono::seconds(30));
  ASSERT_TRUE(home);
  const auto lines = Ledger(
      (*home)->store(), {.client = "Alpenglow", .event = "approved", .subject = "", .limit = 10});
  ASSERT_TRUE(lines);
  ASSERT_EQ(lines->size(), 1u);
  EXPECT_NE(lines->front().body.find("anna (api)"), std::string::npos);
}

TEST_F(ApiTest, Api7ServerSideRequestForgery) {
  // No field of any request is an address that the server would call: texts are names, amounts,
  // times, hashes and settings. A file's name leads nowhere outside of a client's documents.
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  for (const char* name :
       {"..%2f..%2fetc%2fpasswd", "%2e%2e/%2e%2e/etc/passwd", "spring/../../policy.yaml",
        "http:%2f%2f169.254.169.254%2f", "spring/%2fetc%2fpasswd", "file:%2f%2f%2fetc%2fpasswd"}) {
    for (const char* where : {"media", "documents"}) {
      EXPECT_EQ(
          Ask(anna, "GET", fmt::format("/api/v1/clients/Alpenglow/{}/{}", where, name)).status, 404)
          << name;
    }
  }
}

TEST_F(ApiTest, Api8SecurityMisconfiguration) {
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  // Another name in Host is a page of another site (DNS rebinding).
  for (const char* host : {"evil.example", "127.0.0.1.evil.example", "10.0.0.5:8787", ""}) {
    http::Request request{.method = "GET", .url = "/healthz"};
    request.headers = {{"Host", host}};
    EXPECT_EQ(Send(request).status, 421) << host;
  }
  config_.hosts = {"max.agency.example"};
  Make();
  http::Request named{.method = "GET", .url = "/healthz"};
  named.headers = {{"Host", "MAX.agency.example:443"}};
  EXPECT_EQ(Send(named).status, 200);
  // Every answer is sealed, errors and pages too; no other origin is let in.
  for (const char* url : {"/", "/api/v1/session", "/api/v1/nothing", "/openapi.json"}) {
    const http::Response got = Ask({}, "GET", url, "", {{"Origin", "https://evil.example"}});
    EXPECT_EQ(http::FindHeader(got.headers, "X-Content-Type-Options"), "nosniff");
    EXPECT_EQ(http::FindHeader(got.headers, "Referrer-Policy"), "no-referrer");
    const std::string csp(http::FindHeader(got.headers, "Content-Security-Policy").value_or(""));
    EXPECT_NE(csp.find("default-src 'none'"), std::string::npos);
    EXPECT_NE(csp.find("frame-ancestors 'none'"), std::string::npos);
    EXPECT_FALSE(http::FindHeader(got.headers, "Access-Control-Allow-Origin"));
  }
  // CSRF: no token, another session's, another site's page.
  const std::string users = R"({"name":"x","role":"viewer"})";
  Login without = anna;
  without.csrf.clear();
  EXPECT_EQ(Ask(without, "POST", "/api/v1/users", users).status, 403);
  without.csrf = SessionOf("anna").csrf;
  EXPECT_EQ(Ask(without, "POST", "/api/v1/users", users).status, 403);
  EXPECT_EQ(Ask(anna, "POST", "/api/v1/users", users, {{"Origin", "https://evil.example"}}).status,
            403);
  EXPECT_EQ(Ask(anna, "POST", "/api/v1/users", users, {{"Sec-Fetch-Site", "cross-site"}}).status,
            403);
  EXPECT_EQ(Ask(anna, "POST", "/api/v1/users", users, {{"Origin", "http://127.0.0.1:8787"}}).status,
            201);
  EXPECT_EQ(
      Ask({}, "POST", "/api/v1/session", R"({"link":"x"})", {{"Origin", "https://evil.example"}})
          .status,
      403);
  // Beyond loopback nothing without TLS, names and somebody who can log in.
  ApiConfig open;
  open.address = "0.0.0.0";
  EXPECT_EQ(MayListen(open, *users_).error().code, Errc::kRefused);
  open.behind_proxy = true;
  EXPECT_EQ(MayListen(open, *users_).error().code, Errc::kRefused);
  open.hosts = {"max.agency.example"};
  EXPECT_EQ(MayListen(open, *users_).error().code, Errc::kRefused);
  ASSERT_TRUE(users_->SetPassword("anna", "four plain words here"));
  EXPECT_TRUE(MayListen(open, *users_));
}

TEST_F(ApiTest, Api9ImproperInventoryManagement) {
  const json document = json::parse(OpenApiDocument("test"));
  EXPECT_EQ(document["openapi"], "3.1.0");
  std::set<std::string> described, ids;
  for (const auto& [path, methods] : document["paths"].items()) {
    for (const auto& [method, operation] : methods.items()) {
      described.insert(method + " " + path);
      EXPECT_TRUE(ids.insert(operation["operationId"]).second) << operation["operationId"];
    }
  }
  std::set<std::string> routed;
  for (const api::Route& route : api::Routes()) {
    std::string path(route.pattern), method(route.method);
    std::ranges::transform(method, method.begin(), [](char c) { return char(std::tolower(c)); });
    if (path.ends_with("*}")) path.erase(path.size() - 2, 1);
    routed.insert(method + " " + path);
    if (route.body == api::Body::kJson) {
      EXPECT_EQ(json::parse(route.request)["additionalProperties"], false) << route.id;
    }
  }
  EXPECT_EQ(described, routed);
}

TEST_F(ApiTest, Api10UnsafeConsumption) {
  // What platforms and people wrote goes out as data: JSON, escaped where it must be, and never as
  // a page.
  Add("anna", Role::kViewer);
  const Login anna = SessionOf("anna");
  const http::Response plan = Ask(anna, "GET", PlanPath("Alpenglow", plans_["Alpenglow"]));
  ASSERT_EQ(plan.status, 200) << plan.body;
  EXPECT_EQ(http::FindHeader(plan.headers, "Content-Type"), "application/json");
  EXPECT_EQ(json::parse(plan.body)["changes"][0]["why"],
            "<script>alert(1)</script> \xF0\x9F\x8F\x94");
  // A platform's refusal is no refusal of ours.
  EXPECT_EQ(api::ApiError(Error{Errc::kUnauthenticated, "token expired"}).status, 502);
  EXPECT_EQ(api::ApiError(Error{Errc::kForbidden, "no permission"}).status, 502);
}

// --- the rest -----------------------------------------------------------------------------------

TEST_F(ApiTest, AnswersFitTheirSchemas) {
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  int checked = 0;
  for (const api::Route& route : api::Routes()) {
    if (route.writes() || route.answer.empty()) continue;
    const http::Response got = AskRoute(anna, route, "Alpenglow");
    if (got.status != 200) continue;
    ++checked;
    EXPECT_EQ(SchemaProblems(json::parse(route.answer), json::parse(got.body)), "") << route.id;
  }
  const json plan = json::parse(Ask(anna, "GET", PlanPath("Alpenglow", plans_["Alpenglow"])).body);
  for (const api::Route& route : api::Routes()) {
    if (route.id == "get_plan") {
      EXPECT_EQ(SchemaProblems(json::parse(route.answer), plan), "");
    }
  }
  EXPECT_GT(checked, 10);
}

TEST_F(ApiTest, ETagsSaveWhatIsKnown) {
  Add("anna", Role::kViewer);
  Add("ben", Role::kViewer);
  const Login anna = SessionOf("anna");
  const http::Response first = Ask(anna, "GET", "/api/v1/clients/Alpenglow/views/accounts");
  ASSERT_EQ(first.status, 200) << first.body;
  const std::string tag(*http::FindHeader(first.headers, "ETag"));
  clock_->AdvanceTo(clock_->Now() + std::chrono::seconds(5));
  const http::Response same =
      Ask(anna, "GET", "/api/v1/clients/Alpenglow/views/accounts", "", {{"If-None-Match", tag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_TRUE(same.body.empty());
  // Another user's tag is never one's own.
  EXPECT_EQ(Ask(SessionOf("ben"), "GET", "/api/v1/clients/Alpenglow/views/accounts", "",
                {{"If-None-Match", tag}})
                .status,
            200);
}

TEST_F(ApiTest, CursorsAreNotMadeUp) {
  Add("anna", Role::kViewer);
  const Login anna = SessionOf("anna");
  const std::string base = "/api/v1/views/plans?limit=1";
  const http::Response first = Ask(anna, "GET", base);
  ASSERT_EQ(first.status, 200) << first.body;
  const std::string next = json::parse(first.body).value("next", "");
  ASSERT_FALSE(next.empty()) << first.body;
  const auto with = [&](const std::string& cursor, const std::string& more = "") {
    return Ask(anna, "GET", base + "&cursor=" + http::PercentEncode(cursor) + more).status;
  };
  EXPECT_EQ(with(next), 200);
  std::string other = next;
  other.back() = other.back() == '0' ? '1' : '0';
  EXPECT_EQ(with(other), 400);
  EXPECT_EQ(with("x" + next), 400);
  EXPECT_EQ(with("1"), 400);
  EXPECT_EQ(with(next, "&sort=plan"), 400);  // of another question
}

TEST_F(ApiTest, PolicyIsCheckedKeptAndNoted) {
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  const std::string url = "/api/v1/clients/Alpenglow/policy";
  const http::Headers yaml{{"Content-Type", "text/yaml"}};
  const http::Response bad = Ask(anna, "PUT", url, "maxopt: policy/1\nclient: Alpenglow\n", yaml);
  EXPECT_EQ(bad.status, 400);
  EXPECT_FALSE(fs::exists(folder_ / "history"));
  const http::Response first = Ask(anna, "PUT", url, kPolicy, yaml);
  ASSERT_EQ(first.status, 200) << first.body;
  const http::Response read = Ask(anna, "GET", url);
  EXPECT_EQ(read.body, kPolicy);
  std::string changed = kPolicy;
  changed.replace(changed.find("100.00"), 6, "120.00");
  http::Headers stale = yaml;
  stale.emplace_back("If-Match", "\"0123\"");
  EXPECT_EQ(Ask(anna, "PUT", url, changed, stale).status, 412);
  const http::Response second = Ask(anna, "PUT", url, changed, yaml);
  ASSERT_EQ(second.status, 200);
  const std::string kept = json::parse(second.body)["kept"];
  std::ifstream in(folder_ / "history" / kept);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(in), {}), kPolicy);
  // Another client's policy is not written here.
  EXPECT_EQ(Ask(anna, "PUT", "/api/v1/clients/Brenner/policy", kPolicy, yaml).status, 400);
}

TEST_F(ApiTest, WritesAreAudited) {
  Add("anna", Role::kAdmin);
  const Login anna = SessionOf("anna");
  Ask(anna, "POST", "/api/v1/halt", R"({"halted":true})");
  EXPECT_TRUE(fs::exists(folder_ / "halt"));
  Ask({}, "POST", "/api/v1/halt", R"({"halted":false})");
  EXPECT_TRUE(fs::exists(folder_ / "halt"));
  const json lines = json::parse(Ask(anna, "GET", "/api/v1/audit").body)["lines"];
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0]["status"], 401);
  EXPECT_EQ(lines[0]["user"], "");
  EXPECT_EQ(lines[1]["user"], "anna");
  EXPECT_EQ(lines[1]["path"], "/api/v1/halt");
  EXPECT_EQ(lines[1]["status"], 200);
}

TEST_F(ApiTest, ABusyHomeIsSaid) {
  Add("anna", Role::kViewer);
  const Login anna = SessionOf("anna");
  // Another program holds it: as a command of a person would.
  home_.reset();
  auto other = Home::Open(folder_, clock_);
  ASSERT_TRUE(other);
  home_ = std::make_unique<SharedHome>(SharedHome::Options{.folder = folder_, .clock = clock_});
  Make();
  const http::Response busy = Ask(anna, "GET", "/api/v1/clients");
  EXPECT_EQ(busy.status, 503) << busy.body;
  EXPECT_TRUE(http::FindHeader(busy.headers, "Retry-After"));
  other->reset();
  EXPECT_EQ(Ask(anna, "GET", "/api/v1/clients").status, 200);
}

TEST(SharedHomeTest, IsOneForAllAndLetsOthersIn) {
  const fs::path folder = fs::temp_directory_path() / fmt::format("maxopt_shared_{}", ::getpid());
  fs::remove_all(folder);
  const auto clock = std::make_shared<VirtualClock>(ParseInstant("2026-11-23T10:00:00Z").value());
  {
    SharedHome shared({.folder = folder, .clock = clock});
    const auto first = shared.Use(std::chrono::seconds(30));
    const auto second = shared.Use(std::chrono::seconds(30));
    ASSERT_TRUE(first && second);
    EXPECT_EQ(first->get(), second->get());
    const std::uint64_t before = shared.changes();
    shared.Touch();
    EXPECT_EQ(shared.changes(), before + 1);
  }
  // Somebody uses it again and again; a command that waits is let in, and its write is noticed.
  {
    SharedHome shared({.folder = folder, .clock = clock});
    std::atomic<bool> stop{false};
    std::thread user([&] {
      while (!stop) {
        const auto home = shared.Use(std::chrono::seconds(30));
        ASSERT_TRUE(home) << home.error().what;
        std::this_thread::sleep_for(std::chrono::milliseconds(5));
      }
    });
    std::this_thread::sleep_for(std::chrono::milliseconds(300));
    const std::uint64_t before = shared.changes();
    {
      const auto command = Home::Open(folder, clock);
      ASSERT_TRUE(command) << command.error().what;
      ASSERT_TRUE((*command)->store().SaveClient(
          {"Alpenglow", FindCurrency("EUR").value(), "Europe/Berlin"}));
    }
    for (int i = 0; i < 600 && shared.changes() == before; ++i) {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
    }
    EXPECT_GT(shared.changes(), before);
    stop = true;
    user.join();
  }
  fs::remove_all(folder);
}

TEST(ApiConfigTest, TheTemplateSaysWhatIsSoWithoutIt) {
  const auto config = ParseApiConfig(ApiConfigTemplate(), "serve.yaml");
  ASSERT_TRUE(config) << config.error().what;
  const ApiConfig otherwise;
  EXPECT_EQ(config->port, otherwise.port);
  EXPECT_EQ(config->address, otherwise.address);
  EXPECT_EQ(config->sessions.idle, otherwise.sessions.idle);
  EXPECT_EQ(config->sessions.absolute, otherwise.sessions.absolute);
  EXPECT_EQ(config->user_rate.per_second, otherwise.user_rate.per_second);
  EXPECT_EQ(config->peer_rate.burst, otherwise.peer_rate.burst);
  struct Case {
    const char* yaml;
    const char* says;
  };
  for (const Case& c :
       {Case{"maxopt: serve/2\n", "serve/1"}, Case{"maxopt: serve/1\nprot: 1\n", ":2: \"prot\""},
        Case{"maxopt: serve/1\nport: 70000\n", "0 to 65535"},
        Case{"maxopt: serve/1\ncertificate: a.pem\n", "belong together"},
        Case{"maxopt: serve/1\nbehind_proxy: maybe\n", "true or false"},
        Case{"maxopt: serve/1\nport: 1\nport: 2\n", "twice"}, Case{"]", "serve.yaml:1"}}) {
    const auto wrong = ParseApiConfig(c.yaml, "serve.yaml");
    ASSERT_FALSE(wrong) << c.yaml;
    EXPECT_NE(wrong.error().what.find(c.says), std::string::npos) << wrong.error().what;
  }
}

TEST(ReadBodyTest, SaysWhatIsWrongWhere) {
  constexpr const char* kSchema =
      R"({"type":"object","additionalProperties":false,"required":["a"],"properties":{
      "a":{"type":"array","items":{"type":"integer","minimum":1}},"b":{"type":"string"}}})";
  struct Case {
    const char* body;
    const char* where;
  };
  for (const Case& c :
       {Case{"", "/a"}, Case{"{}", "/a"}, Case{"[]", "/"}, Case{"{\"a\":[1]} x", "/"},
        Case{"{\"a\":[1],\"c\":1}", "/c"}, Case{"{\"a\":[1,0]}", "/a/1"},
        Case{"{\"a\":[1],\"a\":[2]}", "/"}, Case{"{\"a\":[1],\"b\":2}", "/b"},
        Case{"{\"a\":[\"\xff\"]}", "/"}, Case{"{\"a\":[1],\"b\":null}", "/b"}}) {
    const auto read = api::ReadBody(c.body, kSchema);
    ASSERT_FALSE(read) << c.body;
    EXPECT_EQ(read.error().status, 400);
    EXPECT_EQ(read.error().where, c.where) << c.body << ": " << read.error().what;
  }
  EXPECT_TRUE(api::ReadBody(R"({"a":[1,2],"b":"]]]{{{"})", kSchema));
}

// Whatever the path: a match is of whole, plain segments, and nothing else matches.
TEST(RouterTest, HoldsForAnyPath) {
  std::mt19937_64 random(20261123);
  const std::vector<std::string> pieces = {
      "api",    "v1",       "clients",  "Alpenglow", "plans",   "p-1",     "approve",
      "views",  "overview", "media",    "..",        ".",       "",        "%2e%2e",
      "%2E",    "%2F",      "%00",      "%0a",       "%zz",     "%",       "a%20b",
      "%C3%BC", "%FF",      "session",  "users",     "healthz", "metrics", "openapi.json",
      ";a=b",   "*",        "{client}", "//"};
  int matched = 0;
  for (int i = 0; i < 50'000; ++i) {
    std::string path;
    const auto count = random() % 9;
    for (std::size_t n = 0; n < count; ++n) {
      path += (random() % 20 == 0 ? "" : "/") + pieces[random() % pieces.size()];
    }
    const api::Match match = api::FindRoute(random() % 2 ? "GET" : "POST", path);
    if (!match.route) continue;
    ++matched;
    for (const auto& [name, value] : match.path) {
      EXPECT_FALSE(value.empty());
      EXPECT_TRUE(value != ".." && value != "." && value.find("/../") == std::string::npos &&
                  !value.ends_with("/..") && !value.starts_with("../"))
          << path;
      for (const char c : value) EXPECT_GE(static_cast<unsigned char>(c), 0x20) << path;
      // What was decoded says the same when it is asked for again.
      EXPECT_EQ(path.find('%') == std::string::npos ? value.find('%') : std::string::npos,
                std::string::npos);
    }
  }
  EXPECT_GT(matched, 0);
  EXPECT_EQ(api::FindRoute("GET", "/api/v1/clients/a%2Fb/plans/p").path.at("client"), "a/b");
  EXPECT_EQ(api::FindRoute("GET", "/api/v1/clients/").route, nullptr);
  EXPECT_EQ(api::FindRoute("GET", "/api/v1/clients/../users").route, nullptr);
  EXPECT_EQ(api::FindRoute("GET", "/API/v1/session").route, nullptr);
  EXPECT_EQ(api::FindRoute("PUT", "/api/v1/session").allow, "GET, HEAD, POST, DELETE");
}

}  // namespace
}  // namespace maxopt
