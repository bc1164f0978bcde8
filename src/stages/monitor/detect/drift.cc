#include "stages/monitor/detect/drift.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "stages/monitor/unknown.h"

namespace maxopt {
namespace {

Condition Base(const AccountView& account, const std::string& id, const std::string& name) {
  Condition c;
  c.client = account.client;
  c.detector = "drift";
  c.account = account.info.account;
  c.level = Level::kCampaign;
  c.object_id = id;
  c.name = name;
  return c;
}

/// What we last said of the campaign's status; "" when nothing.
std::string OurStatus(const AccountView& account, const std::string& id) {
  const auto owned = account.owned.find("campaign/" + id);
  return owned == account.owned.end() ? "" : TextField(owned->second.last_applied, "status");
}

/// States in which a campaign does not run because of somebody, not because of its flight.
bool IsSwitch(const std::string& state) {
  return state != "delivers" && state != "ended" && state != "not started";
}

}  // namespace

std::vector<Condition> JudgeDrift(const AccountView& account, Instant now,
                                  std::chrono::hours told_for) {
  std::vector<Condition> out;
  if (!account.problem.empty()) return out;
  const auto recent = [&](const std::optional<Instant>& at) { return at && now - *at < told_for; };
  for (const CampaignView& campaign : account.campaigns) {
    const std::string state = campaign.delivers ? "delivers" : campaign.why_not;
    const std::string ours = OurStatus(account, campaign.id);
    const bool paused_by_us = state == kPaused && ours == kPaused;
    const bool resumed_by_us = campaign.was == kPaused && state != kPaused && ours == kActive;
    if (recent(campaign.since) && (IsSwitch(state) || campaign.was == kPaused) && !paused_by_us &&
        !resumed_by_us) {
      Condition c = Base(account, campaign.id, campaign.name);
      c.kpi = "status";
      c.tier = AlertTier::kWarning;
      c.since = *campaign.since;
      c.actual = state;
      c.expected = campaign.was;
      c.title = fmt::format("{}: \"{}\" before, now \"{}\", not by Max", campaign.name,
                            campaign.was, state);
      if (campaign.planned_daily) c.at_stake = campaign.planned_daily;
      c.evidence.push_back(ours.empty() ? "the campaign is not Max's"
                                        : fmt::format("Max last set its status to {}", ours));
      c.proposal = "adopt the change, or plan the campaign again to take it back";
      out.push_back(std::move(c));
    }
    const bool budget_is_ours = campaign.planned_daily == campaign.daily_budget;
    if (recent(campaign.budget_since) && campaign.budget_was && campaign.daily_budget &&
        !budget_is_ours && campaign.delivers) {
      Condition c = Base(account, campaign.id, campaign.name);
      const double ratio =
          static_cast<double>(campaign.daily_budget->micros()) /
          static_cast<double>(std::max<std::int64_t>(campaign.budget_was->micros(), 1));
      c.kpi = "daily_budget";
      c.direction = ratio > 1 ? "above" : "below";
      c.tier = AlertTier::kWarning;
      c.since = *campaign.budget_since;
      c.actual = PrintMoney(*campaign.daily_budget);
      c.expected = PrintMoney(*campaign.budget_was);
      c.deviation = ratio - 1;
      c.at_stake = campaign.daily_budget;
      c.title = fmt::format("{}: daily budget changed from {} to {}, not by Max", campaign.name,
                            c.expected, c.actual);
      if (campaign.planned_daily) {
        c.evidence.push_back("Max last applied " + PrintMoney(*campaign.planned_daily));
      }
      c.proposal = "adopt the change, or plan the campaign again to take it back";
      out.push_back(std::move(c));
    }
  }
  for (const Sighting& removed : account.removed) {
    if (removed.was.empty() || now - removed.since >= told_for) continue;
    if (OurStatus(account, removed.campaign_id) == kRemoved) continue;
    Condition c = Base(account, removed.campaign_id, removed.name);
    c.kpi = "status";
    c.tier = AlertTier::kWarning;
    c.since = removed.since;
    c.actual = "removed";
    c.expected = removed.was;
    c.at_stake = removed.daily_budget;
    c.title = fmt::format("{} was removed, not by Max", removed.name);
    c.proposal = "plan the campaign again if that was a mistake: a platform does not bring it back";
    out.push_back(std::move(c));
  }
  return out;
}

std::vector<Condition> JudgeUnknown(const AccountView& account, Instant now) {
  std::map<std::string, std::vector<const Entity*>> by_word;
  for (const Entity& entity : account.tree.entities) {
    if (entity.level != Level::kCampaign || TextField(entity.fields, "status") == kRemoved)
      continue;
    for (const std::string& word : UnknownWords(entity)) by_word[word].push_back(&entity);
  }
  std::vector<Condition> out;
  for (const auto& [word, campaigns] : by_word) {
    Condition c;
    c.client = account.client;
    c.detector = "unknown_kind";
    c.account = account.info.account;
    c.name = account.info.name;
    c.kpi = word;
    c.tier = AlertTier::kInfo;
    c.title = fmt::format("{} campaign{} of {} {} a {} that has no name here", campaigns.size(),
                          campaigns.size() == 1 ? "" : "s", account.info.name,
                          campaigns.size() == 1 ? "has" : "have", word);
    c.since = now;
    c.proposal =
        "Nothing need be done: it is kept as the platform says it, its spend is in every "
        "total, and Max changes nothing in it.";
    for (const Entity* campaign : campaigns) {
      c.evidence.push_back(
          fmt::format("{} ({})", TextField(campaign->fields, "name"), campaign->id));
    }
    out.push_back(std::move(c));
  }
  return out;
}

}  // namespace maxopt
