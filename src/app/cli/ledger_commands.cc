// ledger, scores: what was decided in which order, and how good the predictions were.
#include <fmt/ranges.h>

#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "decide/autonomy/autonomy.h"
#include "memory/campaigns/ledger.h"
#include "stages/optimize/score/score.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;

/// One line for people; the whole is in --json.
std::string Sentence(const LedgerEntry& entry) {
  const ordered_json body = ordered_json::parse(entry.body, nullptr, false);
  const auto text = [&body](const char* name) {
    return body.is_object() && body.contains(name) && body[name].is_string()
               ? body[name].get<std::string>()
               : std::string();
  };
  if (entry.event == "proposed") {
    return fmt::format("{} by {} ({}, {} changes)", text("title"), text("by"), text("status"),
                       body.contains("changes") ? body["changes"].size() : 0);
  }
  if (entry.event == "approved") return "by " + text("by") + " until " + text("expires_at");
  if (entry.event == "applying" || entry.event == "rejected") return "by " + text("by");
  if (entry.event == "done") {
    return fmt::format("{} {}: {}", text("change"), text("state"), text("how"));
  }
  if (entry.event == "measured") {
    return fmt::format("{} a day: promised {:.2f}, measured {:.2f} +- {:.2f} ({})", text("kpi"),
                       body["predicted"].value("mean", 0.0), body["measured"].value("mean", 0.0),
                       body["measured"].value("sd", 0.0), text("method"));
  }
  return entry.body;
}

/// Of a question, that nothing answers to it; not that nothing was ever decided.
std::string NothingText(const LedgerArguments& arguments) {
  std::vector<std::string> asked;
  const auto add = [&](std::string_view what, const std::string& value) {
    if (!value.empty()) asked.push_back(fmt::format("{} \"{}\"", what, value));
  };
  add("client", arguments.client), add("event", arguments.event), add("plan", arguments.plan);
  if (asked.empty()) return "nothing was decided yet";
  return fmt::format("no line is of {}; without these, maxopt ledger shows the newest of all",
                     fmt::join(asked, ", "));
}

/// JSON has no infinity; an end that does not exist is null.
ordered_json Number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}
ordered_json ShareJson(const Share& share) {
  return {{"share", share.at}, {"low90", share.low}, {"high90", share.high}};
}

}  // namespace

Result<int> LedgerCommand(const CommandContext& context, const LedgerArguments& arguments) {
  if (arguments.limit < 1) return Fail(Errc::kInvalidArgument, "--limit is at least 1");
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  if (arguments.check || !arguments.known_head.empty()) {
    MAXOPT_TRY(const LedgerCheck check, CheckLedger(home->store(), arguments.known_head));
    if (context.json) {
      fmt::print(
          "{}\n",
          ordered_json{{"entries", check.entries}, {"head", check.head}, {"broken", check.broken}}
              .dump(2));
    } else if (check.broken.empty()) {
      fmt::print("the chain of {} lines holds; its head is {}\n", check.entries,
                 check.head.empty() ? "none yet" : check.head);
    } else {
      fmt::print("the ledger is not what was written: {}\n", check.broken);
    }
    return check.broken.empty() ? kExitOk : kExitError;
  }
  if (!arguments.client.empty()) MAXOPT_CHECK(home->store().GetClient(arguments.client));
  MAXOPT_TRY(
      const std::vector<LedgerEntry> entries,
      Ledger(home->store(), {arguments.client, arguments.event, arguments.plan, arguments.limit}));
  if (context.json) {
    ordered_json out = ordered_json::array();
    for (const LedgerEntry& entry : entries) {
      out.push_back({{"seq", entry.seq},
                     {"at", PrintInstant(entry.at)},
                     {"client", entry.client},
                     {"event", entry.event},
                     {"subject", entry.subject},
                     {"body", ordered_json::parse(entry.body, nullptr, false)},
                     {"previous", entry.previous},
                     {"hash", entry.hash}});
    }
    fmt::print("{}\n", out.dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return kExitOk;
  }
  if (entries.empty()) fmt::print("{}\n", NothingText(arguments));
  for (const LedgerEntry& entry : entries) {
    fmt::print("{:>5}  {}  {:<9} {}  {}\n", entry.seq, PrintInstant(entry.at), entry.event,
               entry.subject, Clean(Sentence(entry)));
  }
  return kExitOk;
}

Result<int> ScoresCommand(const CommandContext& context, const std::string& client) {
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
  if (!client.empty()) MAXOPT_CHECK(home->store().GetClient(client));
  ordered_json out = ordered_json::array();
  for (const Client& one : clients) {
    if (!client.empty() && one.name != client) continue;
    MAXOPT_TRY(const std::vector<ScoredOutcome> outcomes, Outcomes(home->store(), one.name));
    std::map<std::string, std::vector<ScoredPrediction>> kinds;
    for (const ScoredOutcome& o : outcomes) {
      kinds[o.kind].push_back({o.predicted, o.low90, o.high90, o.measured, o.measured_sd});
    }
    if (kinds.empty() && !context.json) {
      fmt::print("{}: no prediction was measured yet\n", one.name);
    }
    for (const auto& [kind, record] : kinds) {
      MAXOPT_TRY(const Calibration c, Calibrate(record));
      const Autonomy earned = EarnedAutonomy(c);
      if (context.json) {
        ordered_json diagram = ordered_json::array();
        for (const auto& level : c.reliability) {
          diagram.push_back({{"level", level.level}, {"below", ShareJson(level.below)}});
        }
        out.push_back({{"client", one.name},
                       {"kind", kind},
                       {"count", c.count},
                       {"cover50", ShareJson(c.cover50)},
                       {"cover90", ShareJson(c.cover90)},
                       {"crps", c.crps},
                       {"crps_of_nothing", c.crps_of_nothing},
                       {"realised", Number(c.realised)},
                       {"realised_low90", Number(c.realised_low)},
                       {"realised_high90", Number(c.realised_high)},
                       {"resolution", c.resolution},
                       {"harmful", c.harmful},
                       {"reliability", diagram},
                       {"may_act", earned.may_act},
                       {"envelope_share", earned.scale},
                       {"why", earned.why}});
        continue;
      }
      fmt::print("{}  {}: {} measured, {} of them harmful\n", one.name, kind, c.count, c.harmful);
      fmt::print(
          "  50 % intervals held {:.0f} % (90 %: {:.0f} to {:.0f}), 90 % ones {:.0f} % "
          "({:.0f} to {:.0f})\n",
          100 * c.cover50.at, 100 * c.cover50.low, 100 * c.cover50.high, 100 * c.cover90.at,
          100 * c.cover90.low, 100 * c.cover90.high);
      if (std::isfinite(c.realised)) {
        fmt::print("  {:.0f} % of what was promised came (90 %: {:.0f} to {:.0f})\n",
                   100 * c.realised, 100 * c.realised_low, 100 * c.realised_high);
      }
      fmt::print(
          "  CRPS {:.4g}, of \"nothing happens\" {:.4g}; the measurements are worth {:.0f} % "
          "of sharp ones\n",
          c.crps, c.crps_of_nothing, 100 * c.resolution);
      fmt::print("  below its predicted quantile: ");
      for (const auto& level : c.reliability) {
        fmt::print(" {:.0f}:{:.0f}", 100 * level.level, 100 * level.below.at);
      }
      fmt::print(" %\n  {}: {}\n", earned.may_act ? "may act" : "may not act alone", earned.why);
    }
  }
  if (context.json) fmt::print("{}\n", out.dump(2));
  return kExitOk;
}

Result<int> ScoreCommand(const CommandContext& context, const std::string& client) {
  {
    MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
    MAXOPT_TRY(const std::vector<Client> clients, home->store().Clients());
    if (!client.empty()) MAXOPT_CHECK(home->store().GetClient(client));
    for (const Client& one : clients) {
      if (!client.empty() && one.name != client) continue;
      MAXOPT_TRY(const ScoreReport report,
                 ScorePlans({&home->store(), &home->facts(), &home->clock()}, one.name));
      if (context.json) continue;
      for (const ScoredOutcome& o : report.scored) {
        fmt::print(
            "{}: {} a day: promised {:.2f} (90 %: {:.2f} to {:.2f}), measured {:.2f} +- "
            "{:.2f} ({})\n",
            o.plan, KpiUnit(o.kpi, one.currency), o.predicted, o.low90, o.high90, o.measured,
            o.measured_sd, o.method);
      }
      for (const std::string& why : report.not_yet) fmt::print("not scored: {}\n", why);
    }
  }
  return ScoresCommand(context, client);
}

}  // namespace maxopt
