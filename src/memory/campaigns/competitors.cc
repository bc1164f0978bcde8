#include "memory/campaigns/competitors.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "memory/campaigns/team.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr std::chrono::days kHolds{28};
constexpr int kMessagesMax = 50;
constexpr std::size_t kSourceShown = 120;

std::string Said(const json& finding, const char* key) {
  const auto found = finding.find(key);
  return found != finding.end() && found->is_string() ? found->get<std::string>() : std::string();
}

}  // namespace

Result<CompetitorMoves> ReadCompetitorMoves(CampaignStore& store, const std::string& client,
                                            Instant known_at, Day from, Day to) {
  MAXOPT_TRY(
      const std::vector<InboxRow> rows,
      Inbox(store, {.client = client, .kind = "competitive_intelligence", .limit = kMessagesMax}));
  CompetitorMoves out;
  for (const InboxRow& row : rows) {
    if (row.state == "refused" || row.received_at > known_at) continue;
    const json message = json::parse(row.content, nullptr, false);
    const json body = message.is_object() ? message.value("body", json::object()) : json();
    if (!body.is_object() || !body.contains("findings") || !body["findings"].is_array()) continue;
    const auto observed = ParseDay(Said(body, "observed_on"));
    if (!observed) continue;
    const auto until = ParseDay(Said(body, "valid_until"));
    const Day holds_until = until ? *until : *observed + kHolds;
    if (*observed > to || holds_until < from) {
      out.any = true;
      continue;
    }
    for (const json& finding : body["findings"]) {
      if (!finding.is_object()) continue;
      CompetitorMove move;
      move.competitor = Said(finding, "competitor");
      move.what = Said(finding, "what");
      move.direction = Said(finding, "direction");
      move.confidence = Said(finding, "confidence");
      move.source = Said(finding, "source");
      move.text = Said(finding, "text");
      move.platform = Said(finding, "platform");
      move.channel = Said(finding, "channel");
      move.country = Said(finding, "country");
      move.metric = Said(finding, "metric");
      move.value = Said(finding, "value");
      move.unit = Said(finding, "unit");
      move.observed_on = *observed;
      move.holds_until = holds_until;
      move.from = row.sender;
      move.message = row.id;
      move.json = finding.dump();
      out.moves.push_back(std::move(move));
    }
  }
  return out;
}

bool IsMoveOn(const CompetitorMove& move, Platform platform, std::string_view country) {
  return (move.platform.empty() || move.platform == PlatformName(platform)) &&
         (move.country.empty() || country.empty() || move.country == country);
}

std::string PrintMove(const CompetitorMove& move) {
  std::string out =
      fmt::format("{}: {}, {}", PrintDay(move.observed_on), move.competitor, move.what);
  if (!move.direction.empty()) out += " " + move.direction;
  if (!move.platform.empty()) out += " on " + move.platform;
  if (!move.country.empty()) out += " in " + move.country;
  if (!move.value.empty()) {
    out += fmt::format(", {}{}{}{}", move.metric, move.metric.empty() ? "" : " ", move.value,
                       move.unit.empty() ? "" : " " + move.unit);
  }
  return out + fmt::format(" ({}, {}; {} from {})", move.confidence,
                           move.source.substr(0, kSourceShown), move.message, move.from);
}

}  // namespace maxopt
