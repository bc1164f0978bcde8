// What is read: health, clients, live numbers, the state of the jobs.
#include <fmt/format.h>

#include <algorithm>

#include "app/api/route.h"
#include "memory/campaigns/alerts.h"
#include "memory/campaigns/jobs.h"

namespace maxopt::api {

Answer Health(Call&) { return Json(200, {{"status", "ok"}}); }

Answer OpenApi(Call& call) { return JsonText(200, OpenApiDocument(call.context.world.version)); }

Answer ListClients(Call& call) {
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  ordered_json list = ordered_json::array();
  for (const Client& client : clients) {
    if (!Sees(call.who.clients, client.name)) continue;
    ordered_json of = ordered_json::array();
    for (const ClientAccount& account : accounts) {
      if (account.client != client.name) continue;
      of.push_back({{"account", PrintAccount(account.info.account)},
                    {"platform", PlatformName(account.info.account.platform)},
                    {"name", account.info.name},
                    {"currency", account.info.currency.name()},
                    {"zone", account.info.zone},
                    {"status", account.info.status}});
    }
    list.push_back({{"name", client.name},
                    {"currency", client.currency.name()},
                    {"zone", client.zone},
                    {"accounts", of}});
  }
  return Json(200, {{"clients", list}, {"halted", home->halted()}});
}

Answer Live(Call& call) {
  std::function<bool(const std::string&)> sees;
  http::Request request = call.request;
  if (call.who.clients) {
    sees = [scope = call.who.clients](const std::string& client) {
      return !client.empty() && Sees(scope, client);
    };
    // The version is everybody's, what is shown is not: no answer may be taken for another's.
    std::erase_if(request.headers, [](const auto& header) {
      return http::FindHeader({header}, "If-None-Match").has_value();
    });
  }
  auto answer = call.context.world.live->Handle(request, std::move(sees));
  if (!answer) return Refuse(404, "not_found", "there is no such path", "path");
  return *std::move(answer);
}

Answer Status(Call& call) {
  auto answer = call.context.world.live->Handle(call.request, {});
  if (!answer) return Refuse(404, "not_found", "there is no such path", "path");
  if (answer->status == 503) {
    // The worker has not looked yet, or has nothing to work on: what the home says.
    MAXOPT_TRY(Home* const home, call.home());
    MAXOPT_TRY(std::string jobs, JobsJson(*home));
    answer = JsonText(200, std::move(jobs));
  }
  if (!call.who.clients || answer->status != 200) return *std::move(answer);
  ordered_json json = ordered_json::parse(answer->body, nullptr, false);
  if (!json.is_object()) return *std::move(answer);
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, home->store().Accounts());
  const auto mine = [&](const std::string& account) {
    return std::any_of(accounts.begin(), accounts.end(), [&](const ClientAccount& known) {
      return PrintAccount(known.info.account) == account && Sees(call.who.clients, known.client);
    });
  };
  ordered_json jobs = ordered_json::array(), calls = ordered_json::array();
  for (const auto& job : json["jobs"]) {
    if (Sees(call.who.clients, job.value("client", "")) || mine(job.value("account", ""))) {
      jobs.push_back(job);
    }
  }
  for (const auto& one : json["calls"]) {
    if (mine(one.value("account", ""))) calls.push_back(one);
  }
  json["jobs"] = std::move(jobs);
  json["calls"] = std::move(calls);
  return Json(200, json);
}

namespace {

/// A label's value: backslash, quote and line end are escaped.
std::string Label(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\\' || c == '"') out += '\\';
    out += c == '\n' ? ' ' : c;
  }
  return out;
}

}  // namespace

Answer Metrics(Call& call) {
  std::string out = call.context.counters.Text();
  MAXOPT_TRY(Home* const home, call.home());
  MAXOPT_TRY(const std::vector<Job> jobs, Jobs(home->store()));
  std::map<std::string, int> by_state;
  for (const JobView& view : ViewJobs(jobs, call.now)) ++by_state[view.state];
  out += "# HELP maxopt_jobs Jobs by state.\n# TYPE maxopt_jobs gauge\n";
  for (const auto& [state, count] : by_state) {
    out += fmt::format("maxopt_jobs{{state=\"{}\"}} {}\n", state, count);
  }
  MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, home->facts().Freshest());
  out +=
      "# HELP maxopt_account_age_seconds Since an account's facts were last learnt.\n"
      "# TYPE maxopt_account_age_seconds gauge\n";
  for (const auto& entry : fresh) {
    out += fmt::format(
        "maxopt_account_age_seconds{{account=\"{}\"}} {}\n", Label(PrintAccount(entry.account)),
        std::chrono::duration_cast<std::chrono::seconds>(call.now - entry.learnt_at).count());
  }
  MAXOPT_TRY(const auto alerts, Alerts(home->store(), {}));
  std::map<std::pair<std::string, std::string>, int> open;
  for (const AlertEntry& entry : alerts) {
    ++open[{entry.alert.condition.client, std::string(AlertTierName(entry.alert.tier))}];
  }
  out += "# HELP maxopt_alerts_open Open alerts.\n# TYPE maxopt_alerts_open gauge\n";
  for (const auto& [key, count] : open) {
    out += fmt::format("maxopt_alerts_open{{client=\"{}\",tier=\"{}\"}} {}\n", Label(key.first),
                       key.second, count);
  }
  out += fmt::format(
      "# HELP maxopt_halted 1 while nothing but cuts leaves.\n"
      "# TYPE maxopt_halted gauge\nmaxopt_halted {}\n",
      home->halted() ? 1 : 0);
  http::Response response;
  response.headers = {{"Content-Type", "text/plain; version=0.0.4"}};
  response.body = std::move(out);
  return response;
}

}  // namespace maxopt::api
