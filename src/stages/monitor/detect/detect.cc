#include "stages/monitor/detect/detect.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "stages/monitor/detect/contain.h"
#include "stages/monitor/detect/delivery.h"
#include "stages/monitor/detect/drift.h"
#include "stages/monitor/detect/freshness.h"
#include "stages/monitor/detect/kpis.h"

namespace maxopt {
namespace {

using std::chrono::days;

/// Four weeks of comparable days and today.
constexpr int kViewDays = 29;
/// Platforms tell hours late; Google states up to three hours for clicks and impressions.
constexpr int kLagHours = 3;
/// KPIs are judged over a week, so that weekdays weigh the same, that ended some days ago: what
/// converts later than that is little.
constexpr int kKpiDays = 7;
constexpr int kKpiAge = 2;

constexpr const char* kOfViews[] = {"zero_spend", "delivery", "runaway",
                                    "drift",      "kpi",      "unknown_kind"};
constexpr const char* kOfAnomalies[] = {"anomaly", "trend", "fatigue"};

void Append(std::vector<Condition>& to, std::vector<Condition> more) {
  std::move(more.begin(), more.end(), std::back_inserter(to));
}

/// Sums of the week that the KPIs are judged by, by campaign id.
Result<std::map<std::string, KpiSums>> ReadSums(FactStore& facts, const AccountView& account,
                                                Day from, Day to) {
  FactQuery query;
  query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
  query.dimensions = {"campaign"};
  query.level = Level::kCampaign;
  query.from = from;
  query.to = to;
  query.filters.push_back({"account", {PrintAccount(account.info.account)}});
  MAXOPT_TRY(const FactTable table, facts.Query(query));
  const std::size_t id = table.Column("campaign_id"), spend = table.Column("spend"),
                    impressions = table.Column("impressions"), clicks = table.Column("clicks"),
                    conversions = table.Column("conversions"), revenue = table.Column("revenue");
  std::map<std::string, KpiSums> out;
  for (const auto& row : table.rows) {
    KpiSums& sums = out[row[id].text];
    sums.from = from;
    sums.to = to;
    sums.spend_micros += row[spend].integer;
    sums.impressions += row[impressions].integer;
    sums.clicks += row[clicks].integer;
    sums.conversions += row[conversions].Number();
    sums.revenue_micros += row[revenue].integer;
  }
  return out;
}

Result<> LookAtKpis(const DetectWorld& world, const AccountView& account, Instant now,
                    std::vector<Condition>& out) {
  MAXOPT_TRY(const std::vector<Watch> watches, world.view.store->Watches(account.client));
  const bool any = std::any_of(watches.begin(), watches.end(), [&](const Watch& watch) {
    return std::any_of(account.campaigns.begin(), account.campaigns.end(),
                       [&](const CampaignView& c) { return c.address == watch.address; });
  });
  if (!any) return {};
  const Day last = account.zone->DayOf(now) - days(kKpiAge);
  MAXOPT_TRY(const auto sums,
             ReadSums(*world.view.facts, account, last - days(kKpiDays - 1), last));
  for (const CampaignView& campaign : account.campaigns) {
    const auto of_campaign = sums.find(campaign.id);
    if (!campaign.delivers || campaign.address.empty() || of_campaign == sums.end()) continue;
    for (const Watch& watch : watches) {
      if (watch.address != campaign.address) continue;
      if (auto condition = JudgeKpi(watch, account, campaign, of_campaign->second)) {
        out.push_back(std::move(*condition));
      }
    }
  }
  return {};
}

/// Which campaign an ad or ad group is in, and which campaigns rest rightly.
void Describe(const AccountView& account, AlertScopes& scopes) {
  const std::string prefix = PrintAccount(account.info.account);
  for (const Entity& entity : account.tree.entities) {
    if (entity.campaign_id.empty()) continue;
    scopes.campaign_of[fmt::format("{}/{}/{}", prefix, LevelName(entity.level), entity.id)] =
        fmt::format("{}/campaign/{}", prefix, entity.campaign_id);
  }
  for (const CampaignView& campaign : account.campaigns) {
    const bool rests = campaign.why_not == kPaused || campaign.why_not == "ended" ||
                       campaign.why_not == "not started" || campaign.why_not == kRemoved;
    if (rests) scopes.idle[fmt::format("{}/campaign/{}", prefix, campaign.id)] = campaign.why_not;
  }
  for (const Sighting& removed : account.removed) {
    scopes.idle[fmt::format("{}/campaign/{}", prefix, removed.campaign_id)] = "removed";
  }
}

}  // namespace

Result<Detection> Detect(const DetectWorld& world, const std::string& client,
                         const Feedback& feedback) {
  Detection out;
  MAXOPT_TRY(out.accounts, ReadViews(world.view, client, kViewDays, kLagHours));
  const Instant now = world.view.clock->Now();
  std::set<std::string> clients;
  for (const AccountView& account : out.accounts) clients.insert(account.client);

  std::map<std::string, std::optional<Policy>> policies;
  for (const std::string& name : clients) {
    auto policy = world.policy(name);
    // A policy that cannot be read allows nothing; looking goes on.
    if (!policy) out.problems.push_back("policy of " + name + ": " + policy.error().what);
    policies[name] = policy ? std::move(*policy) : std::nullopt;
  }

  std::map<std::string, std::vector<Condition>> runaways;  // by client
  std::map<std::string, std::map<std::string, std::string>> addresses;
  for (const AccountView& account : out.accounts) {
    const auto looked = [&](const char* detector) {
      out.looks.push_back({account.client, detector, account.info.account});
    };
    Append(out.conditions, JudgeFreshness(account, now));
    looked("data_quality");
    // Only an answer that lets us in shows that the credentials are good.
    if (account.problem.empty() || account.problem_code == Errc::kUnauthenticated ||
        account.problem_code == Errc::kForbidden) {
      looked("credential");
    }
    if (!account.problem.empty()) {
      out.problems.push_back(PrintAccount(account.info.account) + ": " + account.problem);
      continue;
    }
    DeliveryOptions delivery;
    const std::optional<Policy>& policy = policies[account.client];
    if (policy) delivery.tripwire_bp = policy->tripwire_bp;
    for (Condition& condition : JudgeDelivery(account, delivery)) {
      (condition.detector == "runaway" ? runaways[account.client] : out.conditions)
          .push_back(std::move(condition));
    }
    Append(out.conditions, JudgeDrift(account, now));
    Append(out.conditions, JudgeUnknown(account, now));
    MAXOPT_CHECK(LookAtKpis(world, account, now, out.conditions));
    for (const char* detector : kOfViews) looked(detector);
    Describe(account, out.scopes);
    for (const CampaignView& campaign : account.campaigns) {
      if (!campaign.address.empty()) addresses[account.client][campaign.id] = campaign.address;
    }
  }
  for (auto& [name, conditions] : runaways) {
    if (world.door) {
      const std::optional<Policy>& policy = policies[name];
      Contain(*world.door, policy ? &*policy : nullptr, addresses[name], conditions);
    }
    Append(out.conditions, std::move(conditions));
  }

  if (world.anomalies) {
    MAXOPT_TRY(std::vector<Condition> odd,
               world.anomalies->Look(out.accounts, *world.view.facts, now, feedback));
    Append(out.conditions, std::move(odd));
    for (const AccountView& account : out.accounts) {
      if (!account.problem.empty()) continue;
      for (const char* detector : kOfAnomalies) {
        out.looks.push_back({account.client, detector, account.info.account});
      }
    }
  }
  for (const DetectorSource& source : world.others) {
    for (const std::string& name : clients) {
      auto conditions = source.look(name);
      if (!conditions) {
        if (conditions.error().code == Errc::kLocal) return Fail(conditions.error());
        out.problems.push_back(
            fmt::format("{} of {}: {}", source.detectors.front(), name, conditions.error().what));
        continue;
      }
      Append(out.conditions, std::move(*conditions));
      for (const std::string& detector : source.detectors) {
        out.looks.push_back({name, detector, std::nullopt});
      }
    }
  }
  return out;
}

}  // namespace maxopt
