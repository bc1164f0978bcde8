// A scripted James (over MCP) and a scripted Zara (over A2A) work with the real program: they hand
// over a plan and buys, get confirmations, ask for a scenario, receive suggestions, and approve
// what the client's policy lets pass. Behind the program stands a simulated world with a past.
#include <fcntl.h>
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "app/demo/demo.h"
#include "app/home/home.h"
#include "http/http.h"
#include "memory/campaigns/users.h"
#include "program.h"
#include "sim/world/world.h"

extern char** environ;

namespace maxopt {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::seconds;

constexpr const char* kClient = "Alpenglow";
constexpr int kPast = 90;

/// `maxopt serve`, until it goes out of scope.
class Serving {
 public:
  Serving(const fs::path& home, const std::string& clock) {
    int out[2];
    if (::pipe2(out, O_CLOEXEC) != 0) return;
    std::vector<std::string> words{MAXOPT_BINARY, "--home", home, "--json", "serve", "--port", "0"};
    std::vector<std::string> variables{"MAXOPT_CLOCK=" + clock};
    for (char** entry = environ; *entry; ++entry) variables.emplace_back(*entry);
    const auto pointers = [](std::vector<std::string>& texts) {
      std::vector<char*> list;
      for (std::string& text : texts) list.push_back(text.data());
      list.push_back(nullptr);
      return list;
    };
    posix_spawn_file_actions_t files;
    ::posix_spawn_file_actions_init(&files);
    ::posix_spawn_file_actions_adddup2(&files, out[1], 1);
    const std::string log = home / "serve.err";
    ::posix_spawn_file_actions_addopen(&files, 2, log.c_str(), O_CREAT | O_APPEND | O_WRONLY, 0600);
    if (::posix_spawn(&pid_, MAXOPT_BINARY, &files, nullptr, pointers(words).data(),
                      pointers(variables).data()) != 0) {
      pid_ = -1;
    }
    ::posix_spawn_file_actions_destroy(&files);
    ::close(out[1]);
    std::string line;
    for (char c = 0; ::read(out[0], &c, 1) == 1 && c != '\n';) line += c;
    ::close(out[0]);
    const json said = json::parse(line, nullptr, false);
    if (said.is_object()) origin_ = said.value("origin", "");
  }
  ~Serving() {
    if (pid_ <= 0) return;
    ::kill(pid_, SIGTERM);
    ::waitpid(pid_, nullptr, 0);
  }
  Serving(const Serving&) = delete;
  Serving& operator=(const Serving&) = delete;
  const std::string& origin() const { return origin_; }

 private:
  pid_t pid_ = -1;
  std::string origin_;
};

json Post(const std::string& url, const std::string& key, const json& body,
          http::Headers headers = {}) {
  http::Request request{.method = "POST", .url = url};
  request.headers = {{"Content-Type", "application/json"},
                     {"Accept", "application/json, text/event-stream"},
                     {"Authorization", "Bearer " + key}};
  for (auto& header : headers) request.headers.push_back(std::move(header));
  request.body = body.dump();
  const auto answer = http::MakeCurlTransport()->Send(request, http::After(seconds(300)));
  EXPECT_TRUE(answer) << answer.error().what;
  if (!answer) return json();
  std::string text = answer->body;
  // A stream of events ends with the answer.
  if (const std::size_t at = text.rfind("data: "); text[0] != '{' && at != std::string::npos) {
    text = text.substr(at + 6, text.find("\n", at) - at - 6);
  }
  json parsed = json::parse(text, nullptr, false);
  EXPECT_FALSE(parsed.is_discarded()) << answer->status << " " << answer->body;
  return parsed;
}

/// James: revision 2026-07-28 of MCP, one request a call.
class OverMcp {
 public:
  OverMcp(std::string origin, std::string key) : origin_(std::move(origin)), key_(std::move(key)) {}
  /// The result with isError, structuredContent, content.
  json Call(const std::string& tool, const json& arguments) const {
    const json answer = Post(
        origin_ + "/mcp", key_,
        {{"jsonrpc", "2.0"},
         {"id", 1},
         {"method", "tools/call"},
         {"params",
          {{"name", tool},
           {"arguments", arguments},
           {"_meta",
            {{"io.modelcontextprotocol/protocolVersion", "2026-07-28"},
             {"io.modelcontextprotocol/clientCapabilities", json::object()}}}}}},
        {{"MCP-Protocol-Version", "2026-07-28"}, {"Mcp-Method", "tools/call"}, {"Mcp-Name", tool}});
    EXPECT_TRUE(answer.contains("result")) << answer;
    return answer.value("result", json::object());
  }
  json Do(const std::string& tool, const json& arguments) const {
    const json result = Call(tool, arguments);
    EXPECT_FALSE(result.value("isError", false)) << tool << ": " << result;
    return result.value("structuredContent", json());
  }

 private:
  std::string origin_, key_;
};

/// Zara: A2A 1.0, one task a call.
class OverA2a {
 public:
  OverA2a(std::string origin, std::string key) : origin_(std::move(origin)), key_(std::move(key)) {}
  json Task(const std::string& id, const std::string& skill, const json& arguments) const {
    json part;
    part["data"] = {{"skill", skill}, {"arguments", arguments}};
    part["mediaType"] = "application/json";
    json message{{"messageId", id}, {"role", "ROLE_USER"}};
    message["parts"] = json::array({part});
    json call{{"jsonrpc", "2.0"}, {"id", 1}, {"method", "SendMessage"}};
    call["params"]["message"] = message;
    const json answer = Post(origin_ + "/a2a", key_, call, {{"A2A-Version", "1.0"}});
    EXPECT_TRUE(answer.contains("result")) << answer;
    return answer.value("result", json::object()).value("task", json::object());
  }
  json Do(const std::string& id, const std::string& skill, const json& arguments) const {
    const json task = Task(id, skill, arguments);
    EXPECT_EQ(task["status"]["state"], "TASK_STATE_COMPLETED") << skill << ": " << task;
    if (!task.contains("artifacts")) return json();
    return task["artifacts"][0]["parts"][0]["data"];
  }

 private:
  std::string origin_, key_;
};

class TwoAgents : public testing::Test {
 protected:
  void SetUp() override {
    std::string folder = (fs::temp_directory_path() / "maxopt-two-XXXXXX").string();
    home_ = ::mkdtemp(folder.data());
    sim::WorldOptions options;
    options.seed = 5;
    options.first_day = *ParseDay("2026-02-20") - days(kPast);
    auto made = sim::World::Make(options);
    ASSERT_TRUE(made) << made.error().what;
    world_ = std::move(*made);
    sim::HistoryOptions past;
    past.client = kClient;
    past.days = kPast;
    const auto history = sim::LiveThroughHistory(*world_, past);
    ASSERT_TRUE(history) << history.error().what;
    ASSERT_TRUE(world_->Listen({}));
    world_->AdvanceTo(world_->clock().Now() + hours(9));
    std::ofstream(home_ / "connections.yaml") << ConnectionsYaml(*world_).value();
    std::ofstream(home_ / "policy.yaml")
        << "maxopt: policy/1\nclient: Alpenglow\ncurrency: EUR\nworst_day_cap: 20000.00\n"
           "step_max_percent: 15\ncooldown_hours: 20\ndata_age_max_hours: 36\nmode: act\n"
           "auto_approve: [reallocate]\n";
    std::ofstream(home_ / "serve.yaml") << "maxopt: serve/1\nmcp: {writes: true}\n";
    // The jobs of a worker have tests of their own; here only agents act.
    std::ofstream monitoring(home_ / "monitoring.yaml");
    monitoring << "maxopt: monitoring/1\njobs:\n";
    for (const char* kind : {"collect_hour", "collect_day", "look", "rules", "optimize", "outputs",
                             "score", "experiments", "insights", "canary", "conversions"}) {
      monitoring << "  - {kind: " << kind << ", off: true}\n";
    }
    monitoring.close();
    Fill();
    ASSERT_FALSE(HasFatalFailure());
    auto users = UserStore::Open(UserStore::PathIn(home_));
    ASSERT_TRUE(users) << users.error().what;
    const Instant now = RealClock().Now();
    for (const char* name : {"james", "zara"}) {
      User user;
      user.name = name;
      user.role = Role::kOperator;
      user.clients = std::vector<std::string>{kClient};
      ASSERT_TRUE((*users)->AddUser(user));
      ApiKey key;
      key.user = name;
      key.what = "its agent";
      key.role = user.role;
      key.clients = user.clients;
      key.expires_at = now + days(1);
      const auto kept = (*users)->AddKey(key, now);
      ASSERT_TRUE(kept) << kept.error().what;
      key_[name] = kept->secret;
    }
  }
  void TearDown() override {
    world_.reset();
    fs::remove_all(home_);
  }

  /// What a monitor of ninety days would have read: campaigns by day, and the shop's own books.
  void Fill() {
    const std::shared_ptr<Clock> clock(std::shared_ptr<void>(), &world_->clock());
    auto opened = Home::Open(home_, clock);
    ASSERT_TRUE(opened) << opened.error().what;
    Home& home = **opened;
    const auto connected = home.Connect();
    ASSERT_TRUE(connected) << connected.error().what;
    const Zone zone = *Zone::Find(world_->options().shop_zone);
    const Day today = zone.DayOf(world_->clock().Now());
    for (const Platform platform : {Platform::kGoogleAds, Platform::kMeta, Platform::kTikTok}) {
      const auto reader = home.monitor_world().reader(world_->account(platform));
      ASSERT_TRUE(reader) << reader.error().what;
      const auto tree =
          (*reader)->ReadAccount(world_->account(platform), http::After(seconds(120)));
      ASSERT_TRUE(tree) << tree.error().what;
      ASSERT_TRUE(home.facts().LoadEntities(tree->info, tree->entities, home.clock().Now()));
      for (Day from = today - days(kPast); from < today; from += days(30)) {
        const auto report = (*reader)->ReadMetrics(
            {world_->account(platform), Level::kCampaign, Grain::kDay, Breakdown::kNone, from,
             std::min(from + days(29), today - days(1))},
            http::After(seconds(120)));
        ASSERT_TRUE(report) << report.error().what;
        const auto loaded = home.facts().Load(*report, home.clock().Now(), "test");
        ASSERT_TRUE(loaded) << loaded.error().what;
      }
    }
    std::vector<KpiRow> rows;
    for (const sim::ShopDay& day : world_->market().Shop(today - days(kPast), today - days(1))) {
      rows.push_back({kClient, day.day, kEur, day.orders, Money::Micros(day.revenue_micros, kEur)});
    }
    ASSERT_TRUE(home.facts().LoadKpi(rows, home.clock().Now(), "the shop"));
    MonitorOptions fresh;
    fresh.depth = MonitorDepth::kHour;
    const auto report = Monitor(home.monitor_world(), kClient, fresh);
    ASSERT_TRUE(report) << report.error().what;
  }

  std::string clock() { return world_->control_origin() + "/clock"; }
  Ended Run(const std::vector<std::string>& arguments) {
    return RunMaxopt(home_, arguments, {{"MAXOPT_CLOCK", clock()}});
  }
  static std::string Example(const std::string& file) {
    std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/" + file);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
  }
  static json HandOver(const std::string& kind) {
    return {{"client", kClient},
            {"id", kind + "-1"},
            {"kind", kind},
            {"about", "spring-trails"},
            {"correlation_id", "spring-2026"},
            {"file", {{"name", kind + ".yaml"}, {"text", Example(kind + ".yaml")}}}};
  }

  fs::path home_;
  std::unique_ptr<sim::World> world_;
  std::map<std::string, std::string> key_;
};

TEST_F(TwoAgents, HandOverAskReceiveAndApproveWithinPolicy) {
  const Serving serve(home_, clock());
  ASSERT_FALSE(serve.origin().empty());
  const OverMcp james(serve.origin(), key_["james"]);
  const OverA2a zara(serve.origin(), key_["zara"]);

  // Both hand over, and have it confirmed with what is still missing.
  json confirmed = james.Do("send_message", HandOver("media_plan"));
  EXPECT_EQ(confirmed["state"], "done");
  EXPECT_EQ(confirmed["receipt"]["state"], "accepted");
  EXPECT_EQ(confirmed["receipt"]["waits_for"], json::array({"brief", "creatives", "buys"}));
  confirmed = zara.Do("t-1", "send_message", HandOver("buys"));
  EXPECT_EQ(confirmed["receipt"]["waits_for"], json::array({"brief", "creatives"}));
  // A network that loses answers: the same again is the same, by message and by task.
  EXPECT_TRUE(james.Do("send_message", HandOver("media_plan"))["repeat"].get<bool>());
  EXPECT_EQ(zara.Do("t-1", "send_message", HandOver("buys"))["receipt_id"],
            confirmed["receipt_id"]);
  EXPECT_TRUE(zara.Do("t-2", "send_message", HandOver("buys"))["repeat"].get<bool>());
  // Neither speaks for the other.
  json forged = HandOver("media_plan");
  forged["id"] = "forged";
  const json refused = zara.Task("t-3", "send_message", forged);
  EXPECT_NE(refused["status"]["state"], "TASK_STATE_COMPLETED") << refused;
  EXPECT_NE(refused.dump().find("a media_plan comes from james"), std::string::npos) << refused;

  // Carlos and Lucas hand in by a person; then the documents are one campaign, and no plan of it is
  // there before somebody makes one.
  const auto hand_in = [&](const std::string& kind, const std::string& from) {
    return Run({"team", "hand-in",
                std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/" + kind + ".yaml", "--from",
                from, "--about", "spring-trails"});
  };
  Ended ended = hand_in("brief", "carlos");
  EXPECT_EQ(ended.code, 0) << ended.all();
  fs::path campaign;
  for (const auto& entry : fs::recursive_directory_iterator(home_ / "handed_over")) {
    if (entry.path().filename() == "brief.yaml") campaign = entry.path().parent_path();
  }
  ASSERT_FALSE(campaign.empty());
  fs::copy(std::string(MAXOPT_SOURCE_DIR) + "/examples/alpenglow/creatives", campaign / "creatives",
           fs::copy_options::recursive);
  ended = hand_in("creatives", "lucas");
  EXPECT_EQ(ended.code, 0) << ended.all();
  EXPECT_NE(ended.out.find("maxopt plan"), std::string::npos) << ended.all();
  EXPECT_TRUE(james.Do("list_plans", {{"client", kClient}})["rows"].empty());
  ended = Run({"--json", "plan", campaign, "--by", "anna"});
  EXPECT_EQ(ended.code, 2) << ended.all();
  const std::string set_up = json::parse(ended.out)["id"].get<std::string>();
  // A set-up is for a person to approve, whatever agents say.
  json plan = james.Do("get_plan", {{"client", kClient}, {"plan", set_up}});
  const json by_agent =
      james.Call("approve_within_policy",
                 {{"client", kClient}, {"plan", set_up}, {"content_hash", plan["content_hash"]}});
  EXPECT_TRUE(by_agent.value("isError", false)) << by_agent;
  EXPECT_EQ(Run({"reject", set_up, "--by", "anna"}).code, 0);

  // James asks for a scenario.
  const json scenario =
      james.Do("ask_scenario", {{"client", kClient}, {"budgets", json::array({"-20%", "+10%"})}});
  // The present, and each total as the split is and at its best.
  ASSERT_EQ(scenario["scenarios"].size(), 5u) << scenario;
  EXPECT_EQ(scenario.dump().find("no history to learn from"), std::string::npos) << scenario;

  // Zara has the optimiser look; what it suggests are plans, and the team is told.
  const json round = zara.Do("t-4", "optimize_propose",
                             {{"client", kClient}, {"levers", json::array({"budgets"})}});
  ASSERT_FALSE(round["plans"].empty()) << round;
  ended = Run({"segments", kClient, "--tell"});
  const json messages = zara.Do("t-5", "list_messages", {{"client", kClient}});
  EXPECT_EQ(messages["member"], "zara");
  std::string suggestion;
  for (const json& message : messages["messages"]) {
    EXPECT_EQ(message["member"], "zara");
    if (message["kind"] == "budget_reallocation") suggestion = message["id"];
  }
  ASSERT_FALSE(suggestion.empty()) << messages << ended.all();
  const json told =
      zara.Do("t-6", "get_message", {{"client", kClient}, {"message", suggestion}})["message"];
  EXPECT_EQ(told["to"], "zara");
  EXPECT_EQ(told["body"]["maxopt"], "budget_reallocation/1");
  EXPECT_EQ(zara.Do("t-7", "acknowledge_message",
                    {{"client", kClient}, {"message", suggestion}})["state"],
            "read");

  // What the policy lets pass is approved in its name; the content that was read is what is meant.
  const json plans = zara.Do("t-8", "list_plans", {{"client", kClient}});
  std::string approved;
  for (const json& row : plans["rows"]) {
    const std::string id = row["key"];
    plan = zara.Do("t-9-" + id, "get_plan", {{"client", kClient}, {"plan", id}});
    if (plan["status"] != "guarded") continue;
    const json wrong =
        zara.Task("t-10-" + id, "approve_within_policy",
                  {{"client", kClient}, {"plan", id}, {"content_hash", std::string(64, '0')}});
    EXPECT_NE(wrong["status"]["state"], "TASK_STATE_COMPLETED");
    const json right =
        zara.Do("t-11-" + id, "approve_within_policy",
                {{"client", kClient}, {"plan", id}, {"content_hash", plan["content_hash"]}});
    EXPECT_EQ(right["status"], "approved") << right;
    approved = id;
  }
  ASSERT_FALSE(approved.empty()) << plans;

  // A person sees all of it in one place, also what was refused.
  ended = Run({"--json", "team", "--client", kClient});
  const json team = json::parse(ended.out, nullptr, false);
  ASSERT_TRUE(team.is_object()) << ended.all();
  int refusals = 0, done = 0, receipts = 0;
  for (const json& line : team["messages"]) {
    refusals += line["state"] == "refused";
    done += line["state"] == "done";
    receipts += line["kind"] == "receipt";
  }
  EXPECT_EQ(refusals, 1);
  EXPECT_EQ(done, 4);
  EXPECT_EQ(receipts, 4);
}

}  // namespace
}  // namespace maxopt
