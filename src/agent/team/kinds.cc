// The workflow's inputs and outputs as a table: one row for each line that names a teammate.
#include <fmt/format.h>

#include <algorithm>

#include "agent/team/team.h"

namespace maxopt::team {
namespace {

constexpr Teammate kTeammates[] = {
    {"carlos", "Carlos Planner, brief and strategy"},
    {"james", "James Planner, media plan"},
    {"zara", "Zara Buyer, buying details"},
    {"lucas", "Lucas Director, creative"},
    {"maya", "Maya Analyzer, tracking and insights"},
    {"ben", "Ben Engineer, data quality"},
    {"olivia", "Olivia Researcher, audiences"},
    {"simon", "Simon Strategist, strategy"},
    {"front_office", "Front Office, client dashboards"},
};

using Names = std::vector<std::string_view>;

Kind Document(std::string_view name, std::string_view what, Names from, int line) {
  return {.name = name,
          .what = what,
          .direction = Direction::kIn,
          .members = std::move(from),
          .document = true,
          .stage = "setup",
          .line = line};
}
Kind Output(std::string_view name, std::string_view what, Names to, std::string_view stage,
            int line) {
  return {.name = name,
          .what = what,
          .direction = Direction::kOut,
          .members = std::move(to),
          .stage = stage,
          .line = line};
}
Kind Talk(std::string_view name, std::string_view what, bool wants_answer) {
  return {.name = name, .what = what, .direction = Direction::kBoth, .wants_answer = wants_answer};
}

std::vector<Kind> MakeKinds() {
  std::vector<Kind> kinds{
      Document("brief", "Campaign brief and strategy.", {"carlos"}, 15),
      Document("creatives", "Creative assets and guidelines.", {"lucas"}, 16),
      Document("media_plan", "Channels, budget and timeline.", {"james"}, 17),
      Document("buys", "Media buying details and placements.", {"zara"}, 18),
      // Whoever may send what it holds.
      {.name = "workbook",
       .what = "Several of these documents in one spreadsheet.",
       .direction = Direction::kIn,
       .document = true},
      Output("implementation_status", "Campaign implementation status report.", {"carlos"}, "setup",
             43),
      Output("creative_deployment", "Creative asset deployment confirmation.", {"lucas"}, "setup",
             44),
      Output("media_activation", "Media activation confirmation.", {"james"}, "setup", 45),
      Output("implementation_details", "Platform-specific implementation details, for tracking.",
             {"maya"}, "setup", 46),
      Output("performance_dashboard", "Real-time performance, as a dashboard.", {"carlos", "maya"},
             "monitor", 78),
      Output("data_quality", "Data quality and tracking status.", {"ben"}, "monitor", 79),
      Output("early_indicators", "Early performance indicators.", {"james", "zara"}, "monitor", 80),
      Output("creative_metrics", "Creative performance metrics.", {"lucas"}, "monitor", 81),
      {.name = "competitive_intelligence",
       .what = "What competitors do, as far as it can be seen.",
       .direction = Direction::kIn,
       .members = {"maya"},
       .stage = "optimize",
       .line = 89},
      Output("optimization_report", "Optimization recommendations and actions taken.", {"carlos"},
             "optimize", 115),
      Output("budget_reallocation", "Budget reallocation suggestions.", {"james", "zara"},
             "optimize", 116),
      Output("creative_insights", "Creative performance insights and recommendations.", {"lucas"},
             "optimize", 117),
      Output("audience_refinements", "Audience targeting refinements.", {"olivia"}, "optimize",
             118),
      Output("campaign_performance", "Comprehensive campaign performance report.", {"carlos"},
             "report", 151),
      Output("channel_performance", "Channel-specific performance analysis.", {"james"}, "report",
             152),
      Output("creative_performance", "Creative performance evaluation.", {"lucas"}, "report", 153),
      Output("media_efficiency", "Media efficiency analysis.", {"zara"}, "report", 154),
      Output("strategic_insights", "Strategic insights and recommendations for future campaigns.",
             {"maya", "simon"}, "report", 155),
      Output("client_dashboard", "Performance data for client dashboards.", {"front_office"},
             "report", 156),
      // Beside the lines of the workflow.
      Output("creative_request", "New variations that tired creatives need.", {"lucas"}, "optimize",
             0),
      Output("experiment_result", "How a test ended.", {}, "optimize", 0),
      Talk("question", "Something that needs an answer in words.", true),
      Talk("request", "Something that is to be done or handed over.", true),
      Talk("answer", "To a question or request.", false),
      Talk("receipt", "What became of a message.", false),
  };
  for (Kind& kind : kinds) {
    if (kind.name == "creative_request") kind.wants_answer = true;
  }
  return kinds;
}

bool Flows(const Kind& kind, Direction direction) {
  return kind.direction == direction || kind.direction == Direction::kBoth;
}

}  // namespace

std::span<const Teammate> Teammates() { return kTeammates; }

std::span<const Kind> Kinds() {
  static const std::vector<Kind> kinds = MakeKinds();
  return kinds;
}

Result<const Kind*> FindKind(std::string_view name, Direction direction) {
  std::string known;
  for (const Kind& kind : Kinds()) {
    if (!Flows(kind, direction)) continue;
    if (kind.name == name) return &kind;
    known += (known.empty() ? "" : ", ") + std::string(kind.name);
  }
  return Fail(Errc::kNotFound,
              fmt::format("\"{}\" is no kind of message {}; known are {}", name.substr(0, 60),
                          direction == Direction::kOut ? "from Max" : "to Max", known));
}

std::vector<std::string> SentBy(std::string_view member) {
  std::vector<std::string> out;
  for (const Kind& kind : Kinds()) {
    if (!Flows(kind, Direction::kIn)) continue;
    if (kind.members.empty() || std::ranges::find(kind.members, member) != kind.members.end()) {
      out.emplace_back(kind.name);
    }
  }
  return out;
}

}  // namespace maxopt::team
