#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "stages/optimize/levers/creatives/creatives.h"

namespace maxopt {

using nlohmann::json;
using std::chrono::days;

std::vector<RotationDecision> RotationDecisions(std::span<const LedgerEntry> lines) {
  std::vector<RotationDecision> out;
  const auto text = [](const json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_string() ? at->get<std::string>() : std::string();
  };
  const auto number = [](const json& object, const char* name) {
    const auto at = object.find(name);
    return at != object.end() && at->is_number() ? at->get<double>() : 0.0;
  };
  for (const LedgerEntry& line : lines) {
    if (line.event != "proposed") continue;
    const json body = json::parse(line.body, nullptr, false);
    if (!body.is_object() || !body.contains("changes") || !body["changes"].is_array()) continue;
    std::set<std::pair<std::string, std::string>> seen;
    for (const json& change : body["changes"]) {
      if (!change.is_object() || !change.contains("evidence")) continue;
      const json& evidence = change["evidence"];
      if (!evidence.is_object() || !evidence.contains("rotation")) continue;
      const json& rotation = evidence["rotation"];
      if (!rotation.is_object() || !rotation.contains("ads") || !rotation["ads"].is_array()) {
        continue;
      }
      const std::string account = text(change, "account");
      const std::size_t slash = account.find('/');
      const auto platform = FindPlatform(account.substr(0, slash));
      if (slash == std::string::npos || !platform) continue;
      // Moves between ad groups are of the campaign.
      std::string group = text(rotation, "ad_group");
      if (group.empty()) group = text(rotation, "campaign");
      if (group.empty() || !seen.emplace(account, group).second) continue;
      RotationDecision decision;
      decision.at = line.at;
      decision.plan = line.subject;
      decision.account = {*platform, account.substr(slash + 1)};
      decision.ad_group = std::move(group);
      for (const json& ad : rotation["ads"]) {
        if (!ad.is_object() || text(ad, "ad").empty()) continue;
        const auto rate = ad.find("rate");
        decision.arms.push_back(
            {text(ad, "ad"), number(ad, "share"),
             rate != ad.end() && rate->is_object() ? number(*rate, "mean") : 0.0});
      }
      out.push_back(std::move(decision));
    }
  }
  return out;
}

Result<std::vector<LoggedChoice>> RotationLog(FactStore& facts, const LeverAccount& account,
                                              std::span<const RotationDecision> decisions) {
  std::vector<LoggedChoice> out;
  MAXOPT_TRY(const Zone zone, Zone::Find(account.tree.info.zone));
  for (std::size_t i = 0; i < decisions.size(); ++i) {
    const RotationDecision& decision = decisions[i];
    if (decision.account != account.tree.info.account) continue;
    const Day first = std::max(account.first, zone.DayOf(decision.at) + days(1));
    Day last = account.last;
    for (std::size_t k = i + 1; k < decisions.size(); ++k) {
      if (decisions[k].account != decision.account || decisions[k].ad_group != decision.ad_group) {
        continue;
      }
      last = std::min(last, zone.DayOf(decisions[k].at));
      break;
    }
    if (last < first) continue;
    FactQuery query;
    query.measures = {"impressions", "conversions"};
    query.dimensions = {"ad"};
    query.filters = {{"account", {PrintAccount(decision.account)}}};
    query.from = first;
    query.to = last;
    query.grain = "day";
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    if (table.rows.empty()) continue;
    std::map<std::string, std::pair<double, double>> brought;
    double shown = 0, wanted = 0;
    for (const auto& row : table.rows) {
      MAXOPT_TRY(const Day day, ParseDay(row[table.Column("period")].text));
      if (!account.Judged(day)) continue;
      auto& sum = brought[row[table.Column("ad_id")].text];
      sum.first += std::max(0.0, row[table.Column("impressions")].Number());
      sum.second += std::max(0.0, row[table.Column("conversions")].Number());
    }
    for (const RotationDecision::Arm& arm : decision.arms) {
      shown += brought[arm.ad].first;
      wanted += arm.target * arm.predicted;
    }
    for (const RotationDecision::Arm& arm : decision.arms) {
      const auto& [impressions, conversions] = brought[arm.ad];
      if (!(impressions > 0)) continue;
      out.push_back({.count = impressions,
                     .reward = conversions / impressions,
                     .propensity = impressions / shown,
                     .target = arm.target,
                     .predicted = arm.predicted,
                     .predicted_target = wanted});
    }
  }
  return out;
}

}  // namespace maxopt
