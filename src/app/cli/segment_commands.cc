// segments: what does better or worse than what it belongs to.
#include <fmt/core.h>

#include <nlohmann/json.hpp>

#include "app/cli/open.h"
#include "app/cli/render.h"
#include "app/insights/insights.h"
#include "stages/optimize/segments/segments.h"

namespace maxopt {

using nlohmann::ordered_json;

Result<int> SegmentsCommand(const CommandContext& context, const SegmentArguments& arguments) {
  SegmentSearch search;
  MAXOPT_TRY(search.kpi, FindSegmentKpi(arguments.kpi));
  search.days = arguments.days;
  search.cuts = arguments.cuts;
  MAXOPT_TRY(const std::unique_ptr<Home> home, OpenHome(context));
  MAXOPT_TRY(const std::optional<Policy> policy, home->PolicyOf(arguments.client));
  if (policy) search.known_least = policy->known_least_bp / 1e4;
  MAXOPT_TRY(const SegmentReport report,
             SearchSegments(home->store(), home->facts(), home->clock(), arguments.client, search));
  std::vector<Message> messages;
  if (arguments.tell) {
    MAXOPT_TRY(messages, TellInsights(*home, arguments.client));
  }
  if (context.json) {
    ordered_json findings = ordered_json::array();
    for (const SegmentFinding& finding : report.findings) {
      const Segment& s = finding.segment;
      ordered_json path = ordered_json::array();
      for (const auto& [dimension, name] : finding.path) {
        path.push_back({{"dimension", dimension}, {"name", name}});
      }
      findings.push_back(
          {{"cut", finding.cut},
           {"path", path},
           {"currency", finding.currency},
           {"verdict", s.verdict == SegmentVerdict::kAbove ? "above" : "below"},
           {"rate",
            {{"raw", s.rate_raw}, {"shrunk", s.rate}, {"low90", s.low}, {"high90", s.high}}},
           {"reference", s.reference},
           {"stake", {{"mean", s.stake}, {"low90", s.stake_low}, {"high90", s.stake_high}}},
           {"p_adjusted", s.p_adjusted},
           {"what", finding.what}});
    }
    fmt::print("{}\n", ordered_json{{"kpi", arguments.kpi},
                                    {"from", PrintDay(report.from)},
                                    {"to", PrintDay(report.to)},
                                    {"judged", report.judged},
                                    {"findings", findings},
                                    {"notes", report.notes}}
                           .dump(2, ' ', false, ordered_json::error_handler_t::replace));
    return kExitOk;
  }
  fmt::print("{} to {}: {} segments had enough evidence, {} differ from their like beyond luck\n",
             PrintDay(report.from), PrintDay(report.to), report.judged, report.findings.size());
  if (!report.findings.empty()) {
    fmt::print(
        "  By what the platforms claim: campaigns that harvest look best here; money between\n"
        "  campaigns moves by marginal return (maxopt recommend).\n");
  }
  for (const SegmentFinding& finding : report.findings) {
    fmt::print("  {} {:<11} {}\n", finding.segment.verdict == SegmentVerdict::kAbove ? "+" : "-",
               finding.cut, Clean(finding.what));
  }
  for (const Message& message : messages) {
    fmt::print("  outbox {}: {} for {}\n", message.id, message.kind, message.to);
  }
  for (const std::string& note : report.notes) fmt::print("  note: {}\n", Clean(note));
  return kExitOk;
}

}  // namespace maxopt
