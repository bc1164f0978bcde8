#include "app/home/home.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apply/fault_point.h"
#include "connect/registry/registry.h"
#include "connect/writer.h"
#include "memory/campaigns/jobs.h"
#include "memory/facts/books.h"
#include "stages/setup/policy/policy.h"

namespace maxopt {
namespace {

constexpr const char* kConnectionsTemplate =
    R"(# How to reach each ad account. Secrets are best kept elsewhere and named here:
#   env:NAME   an environment variable        file:PATH   the content of a file (mode 0600)
maxopt: connections/1
accounts: []
# accounts:
#   - client: Alpenglow
#     platform: google_ads          # google_ads | meta | tiktok
#     id: "1234567890"              # digits only
#     secrets:
#       client_id: env:GOOGLE_CLIENT_ID
#       client_secret: env:GOOGLE_CLIENT_SECRET
#       refresh_token: file:google-refresh-token
#   - client: Alpenglow
#     platform: meta
#     id: "998877665544"            # without act_
#     settings: {page_id: "1122334455"}
#     secrets: {access_token: env:META_TOKEN}
#   - client: Alpenglow
#     platform: tiktok
#     id: "7000000000001"
#     secrets: {access_token: env:TIKTOK_TOKEN}
#     calls_per_day: 20000          # what scheduled jobs plan with; default: docs/monitoring.md
)";

constexpr const char* kPolicyTemplate =
    R"(# What may be done with a client's money. Without this file nothing is written to any platform.
# One file per client: policy.yaml, policy-<anything>.yaml.
maxopt: policy/1
client: Alpenglow
currency: EUR
worst_day_cap: 100.00        # all accounts together on their worst day, over-delivery included
platform_caps: {}            # e.g. {google_ads: 60.00, meta: 40.00}
step_max_percent: 20         # of one budget in one change
cooldown_hours: 20           # rest of an object between two budget changes
data_age_max_hours: 36       # automatic changes need facts at most this old
rate_age_max_days: 7         # of accounts in other currencies; older rates need a person
known_least_percent: 95      # of a day's final conversions, before the day is decided on
approval_hours: 24           # how long an approval may wait for its apply
two_people: false            # true: who approves is neither who planned nor who applies
exposure_drift_percent: 10   # an approval is asked again when the worst day moved by more
tripwire_percent: 300        # what spends this much of its plan is paused first, then told; 0: only told
mode: act                    # observe: automatic plans are refused; recommend: a person approves each
# auto_approve: [pause]      # reasons that need no person: reallocate, pace, pause, rule, bid, keyword, ...
# envelope:                  # what such plans may move of daily budgets, on the platforms' worst day
#   per_change: 20.00
#   per_day: 60.00           # within 24 hours, all accounts
#   per_account: 40.00
#   changes_per_day: 20
# blocked_operations: []     # create, activate, pause, remove, raise_budget, cut_budget, bid,
#                            # targeting, creative, other: refused whoever asks
earned_autonomy: true        # the envelope grows and shrinks with the measured record (maxopt scores)
use_tactics: true            # what is known of tactics moves what changes are predicted to bring
share_results: anonymous     # none: nothing that is measured here reaches other clients
)";

/// Kills the process before or after a call of a test's choice: the wire's own fault points.
class FaultyTransport final : public http::Transport {
 public:
  explicit FaultyTransport(std::shared_ptr<http::Transport> inner) : inner_(std::move(inner)) {}
  Result<http::Response> Send(const http::Request& request, http::Deadline deadline) override {
    FaultPoint("call");
    auto response = inner_->Send(request, deadline);
    FaultPoint("call_answered");
    return response;
  }

 private:
  std::shared_ptr<http::Transport> inner_;
};

}  // namespace

/// What the transports of a home share with it; they may outlive it.
struct Home::Calls {
  std::atomic<bool> stopped{false};
  std::mutex mutex;
  std::map<std::string, std::int64_t> made;  // by account, not yet written; guarded by mutex
};

namespace {

/// Counts what is sent for an account, retries too: the platform counts them.
class CountingTransport final : public http::Transport {
 public:
  CountingTransport(std::shared_ptr<http::Transport> inner, std::function<bool()> may_send)
      : inner_(std::move(inner)), may_send_(std::move(may_send)) {}
  Result<http::Response> Send(const http::Request& request, http::Deadline deadline) override {
    if (!may_send_()) {
      return Fail(Errc::kRefused, "maxopt is stopping; this call was not begun");
    }
    return inner_->Send(request, deadline);
  }

 private:
  std::shared_ptr<http::Transport> inner_;
  std::function<bool()> may_send_;
};

class RemoteClock final : public Clock {
 public:
  RemoteClock(std::string url, std::shared_ptr<http::Transport> transport)
      : url_(std::move(url)), transport_(std::move(transport)) {}

  Result<Instant> Ask() const {
    http::Request request;
    request.url = url_;
    request.idempotent = true;
    MAXOPT_TRY(const http::Response response,
               transport_->Send(request, http::After(std::chrono::seconds(10))));
    const auto json = nlohmann::json::parse(response.body, nullptr, false);
    if (response.status != 200 || !json.is_object() || !json.contains("now") ||
        !json["now"].is_string()) {
      return Fail(Errc::kBadAnswer, fmt::format("{} does not tell a time", url_));
    }
    return ParseInstant(json["now"].get<std::string>());
  }
  Instant Now() const override {
    const std::lock_guard guard(mutex_);
    const auto now = Ask();
    if (now) last_ = *now;
    return last_;
  }
  /// Waiting for a platform is waiting in real time: the simulated one moves by itself or not.
  void SleepUntil(Instant until) override {
    const auto wait = std::min<Instant::duration>(until - Now(), std::chrono::milliseconds(200));
    if (wait.count() > 0) ::usleep(static_cast<useconds_t>(wait.count()));
  }

 private:
  std::string url_;
  std::shared_ptr<http::Transport> transport_;
  mutable std::mutex mutex_;
  mutable Instant last_{};
};

}  // namespace

UseHome HeldHome(Home& home) {
  return [&home]() -> Result<std::shared_ptr<Home>> {
    return std::shared_ptr<Home>(&home, [](Home*) {});
  };
}

Result<std::string> ReadWholeFile(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return Fail(Errc::kLocal, fmt::format("{} cannot be read: is the path right?", path));
  std::ostringstream out;
  out << in.rdbuf();
  if (!in.good() && !in.eof()) return Fail(Errc::kLocal, fmt::format("{} cannot be read", path));
  return std::move(out).str();
}

Result<> WriteWholeFile(const std::string& path, const std::string& content) {
  const std::string beside = path + ".new";
  {
    std::ofstream out(beside, std::ios::binary | std::ios::trunc);
    out << content;
    out.flush();
    if (!out) return Fail(Errc::kLocal, fmt::format("{} cannot be written", beside));
  }
  std::error_code error;
  std::filesystem::rename(beside, path, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", path, error.message()));
  return {};
}

Home::Home() : calls_(std::make_shared<Calls>()) {}
Home::~Home() {
  // A disk that is full now loses the count of the last calls, nothing else.
  if (store_) (void)SaveCalls();
}

Result<> Home::SaveCalls() {
  std::map<std::string, std::int64_t> made;
  {
    const std::lock_guard lock(calls_->mutex);
    made.swap(calls_->made);
  }
  if (made.empty()) return {};
  const Instant now = clock_->Now();
  for (const auto& [account, calls] : made) {
    MAXOPT_CHECK(CountCalls(*store_, account, now, calls));
  }
  return {};
}

void Home::StopCalls() { calls_->stopped = true; }

Result<std::shared_ptr<Clock>> MakeRemoteClock(const std::string& url) {
  auto clock = std::make_shared<RemoteClock>(url, http::MakeCurlTransport());
  MAXOPT_TRY(const Instant now, clock->Ask());
  (void)now;
  return clock;
}

Result<std::vector<std::string>> Home::Init(
    const std::string& folder, const std::vector<std::pair<std::string, std::string>>& more) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
  ::chmod(folder.c_str(), 0700);  // tokens live here
  std::vector<std::string> written;
  std::vector<std::pair<std::string, std::string>> files{{"connections.yaml", kConnectionsTemplate},
                                                         {"policy.yaml", kPolicyTemplate},
                                                         {"alerts.yaml", AlertConfigTemplate()}};
  files.insert(files.end(), more.begin(), more.end());
  for (const auto& [name, content] : files) {
    const std::string path = folder + "/" + name;
    if (std::filesystem::exists(path)) continue;
    MAXOPT_CHECK(WriteWholeFile(path, content));
    ::chmod(path.c_str(), 0600);
    written.push_back(path);
  }
  return written;
}

Result<std::unique_ptr<Home>> Home::Open(const std::string& folder, std::shared_ptr<Clock> clock) {
  std::error_code error;
  if (!std::filesystem::exists(folder)) {
    std::filesystem::create_directories(folder, error);
    if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", folder, error.message()));
    ::chmod(folder.c_str(), 0700);
  }
  std::unique_ptr<Home> home(new Home);
  home->folder_ = folder;
  home->clock_ = std::move(clock);
  MAXOPT_TRY(home->store_, CampaignStore::Open(home->PathOf("maxopt.db")));
  MAXOPT_TRY(home->facts_, FactStore::Open(home->PathOf("facts.duckdb")));
  Home* self = home.get();
  Door::World world;
  world.store = self->store_.get();
  world.clock = self->clock_.get();
  world.wait_clock = self->clock_.get();
  world.connector = [self](const AccountId& account) { return self->ConnectorOf(account); };
  world.facts_learnt_at = [self](const AccountId& account) -> std::optional<Instant> {
    const auto fresh = self->facts_->Freshest();
    if (!fresh) return std::nullopt;
    for (const auto& entry : *fresh) {
      if (entry.account == account) return entry.learnt_at;
    }
    return std::nullopt;
  };
  world.rates = [self](Day day) { return RatesOn(*self->facts_, day); };
  world.halted = [self] { return self->halted(); };
  home->door_ = std::make_unique<Door>(std::move(world));
  return home;
}

MonitorWorld Home::monitor_world() {
  return {store_.get(), facts_.get(), clock_.get(),
          [this](const AccountId& account) -> Result<std::shared_ptr<PlatformReader>> {
            MAXOPT_TRY(const std::shared_ptr<const Connector> connector, ConnectorOf(account));
            return connector->reader;
          }};
}

SetupWorld Home::setup_world() {
  return {store_.get(), clock_.get(), &PlatformSpecs::BuiltIn(), monitor_world().reader};
}

OptimizeWorld Home::optimize_world() {
  // Of the process: a server opens and closes its home as it is used.
  static RememberedFits fits;
  return {store_.get(),
          facts_.get(),
          clock_.get(),
          monitor_world().reader,
          [](std::string_view name) {
            const auto parts = ParseCampaignName(name);
            return parts ? parts->package : std::string();
          },
          std::ref(fits)};
}

Result<AlertConfig> Home::Alerting() const {
  const std::string path = PathOf("alerts.yaml");
  if (!std::filesystem::exists(path)) return AlertConfig{};
  MAXOPT_TRY(const std::string text, ReadWholeFile(path));
  return ParseAlertConfig(text, path);
}

AlertingWorld Home::alerting_world(const AlertConfig& config, const NotifyWires& wires) {
  return {store_.get(), facts_.get(), monitor_world().reader, &config, &wires};
}

Result<std::vector<Connection>> Home::Connections() const {
  const std::string path = PathOf("connections.yaml");
  auto text = ReadWholeFile(path);
  if (!text) {
    return Fail(Errc::kLocal, fmt::format("{} is missing; maxopt init writes one to edit", path));
  }
  return ParseConnections(*text, path);
}

Result<std::shared_ptr<const Connector>> Home::ConnectorOf(const AccountId& account) {
  const std::lock_guard guard(mutex_);
  if (const auto known = connectors_.find(account); known != connectors_.end()) {
    return known->second;
  }
  MAXOPT_TRY(const std::vector<Connection> connections, Connections());
  for (const Connection& connection : connections) {
    if (connection.account != account) continue;
    std::shared_ptr<http::Transport> wire = http::MakeCurlTransport();
    wire = std::make_shared<CountingTransport>(std::move(wire),
                                               [calls = calls_, name = PrintAccount(account)] {
                                                 const std::lock_guard counting(calls->mutex);
                                                 if (calls->stopped) return false;
                                                 ++calls->made[name];
                                                 return true;
                                               });
    if (std::getenv("MAXOPT_KILL_AT")) wire = std::make_shared<FaultyTransport>(std::move(wire));
    MAXOPT_TRY(Connector connector, MakeConnector(connection, std::move(wire), clock_));
    return connectors_[account] = std::make_shared<const Connector>(std::move(connector));
  }
  return Fail(Errc::kNotFound, fmt::format("account {} is not in {}", PrintAccount(account),
                                           PathOf("connections.yaml")));
}

Result<std::vector<Home::Connected>> Home::Connect() {
  MAXOPT_TRY(const std::vector<Connection> connections, Connections());
  std::vector<Connected> out;
  for (const Connection& connection : connections) {
    Connected line{connection.account, connection.client, "", false};
    const auto read = [&]() -> Result<AccountInfo> {
      MAXOPT_TRY(const std::shared_ptr<const Connector> connector, ConnectorOf(connection.account));
      MAXOPT_TRY(AccountTree tree, connector->reader->ReadAccount(
                                       connection.account, http::After(std::chrono::seconds(60))));
      return std::move(tree.info);
    };
    const auto info = read();
    if (!info) {
      line.what = info.error().what;
    } else {
      const auto clients = store_->Clients();
      if (!clients) return Fail(clients.error());
      const bool known = std::any_of(clients->begin(), clients->end(),
                                     [&](const Client& c) { return c.name == connection.client; });
      // The first account of a client gives it its currency and its reporting days.
      if (!known) MAXOPT_CHECK(store_->SaveClient({connection.client, info->currency, info->zone}));
      const Result<> saved = store_->SaveAccount({connection.client, *info});
      line.ok = saved.has_value();
      line.what = saved ? fmt::format("{}, {}, {}, {}", info->name, info->currency.name(),
                                      info->zone, info->status)
                        : saved.error().what;
    }
    out.push_back(std::move(line));
  }
  return out;
}

Result<std::optional<Policy>> Home::PolicyOf(const std::string& client) const {
  std::error_code error;
  std::optional<Policy> found;
  for (const auto& entry : std::filesystem::directory_iterator(folder_, error)) {
    const std::string name = entry.path().filename();
    if (!name.starts_with("policy") || !name.ends_with(".yaml")) continue;
    MAXOPT_TRY(const std::string text, ReadWholeFile(entry.path()));
    MAXOPT_TRY(Policy policy, ParsePolicy(text, entry.path()));
    if (policy.client != client) continue;
    if (found) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("client \"{}\" has two policy files in {}", client, folder_));
    }
    found = std::move(policy);
  }
  return found;
}

bool Home::halted() const { return std::filesystem::exists(PathOf("halt")); }

Result<> Home::SetHalt(bool halted) {
  if (halted) return WriteWholeFile(PathOf("halt"), PrintInstant(clock_->Now()) + "\n");
  std::error_code error;
  std::filesystem::remove(PathOf("halt"), error);
  if (error) return Fail(Errc::kLocal, fmt::format("{}: {}", PathOf("halt"), error.message()));
  return {};
}

Result<std::map<AccountId, AccountTree>> Home::ReadTrees(const std::vector<AccountId>& accounts) {
  std::map<AccountId, AccountTree> trees;
  for (const AccountId& account : accounts) {
    MAXOPT_TRY(const std::shared_ptr<const Connector> connector, ConnectorOf(account));
    auto tree = connector->reader->ReadAccount(account, http::After(std::chrono::seconds(120)));
    if (!tree) return FailWithin("account " + PrintAccount(account), tree.error());
    trees.emplace(account, std::move(*tree));
  }
  return trees;
}

}  // namespace maxopt
