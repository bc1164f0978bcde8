#include "app/views/remembered.h"

#include <fmt/format.h>

#include <map>

#include "app/views/sources.h"
#include "memory/campaigns/sightings.h"

namespace maxopt::views {
namespace {

class Remembered final : public PlatformReader {
 public:
  Remembered(AccountTree tree, Capabilities capabilities)
      : tree_(std::move(tree)), capabilities_(std::move(capabilities)) {}
  const Capabilities& capabilities() const override { return capabilities_; }
  Result<std::vector<AccountInfo>> ListAccounts(http::Deadline) override {
    return std::vector<AccountInfo>{tree_.info};
  }
  Result<AccountTree> ReadAccount(const AccountId&, http::Deadline) override { return tree_; }
  Result<MetricReport> ReadMetrics(const MetricQuery&, http::Deadline) override { return No(); }
  Result<std::vector<Entity>> Find(const FindQuery&, http::Deadline) override { return No(); }
  Result<std::vector<HistoryEvent>> ReadHistory(const HistoryQuery&, http::Deadline) override {
    return No();
  }

 private:
  static std::unexpected<Error> No() {
    return Fail(Errc::kRefused, "a page asks nothing of a platform");
  }
  AccountTree tree_;
  Capabilities capabilities_;
};

/// The rules of a platform that has no connection here (an import): nothing that it would need.
Capabilities Unconnected(Platform platform) {
  return {.platform = platform,
          .metric_levels = {},
          .breakdowns = {},
          .hour_levels = {},
          .restatement_days = 30,
          .attribution_window = "",
          .budget_level = Level::kCampaign,
          .minor_units = MinorUnits::kIso4217,
          .daily_overdelivery_bp = 10'000,
          .native_idempotency = false};
}

Result<AccountTree> TreeOf(Home& home, const ClientAccount& account,
                           const std::map<std::string, Day>& starts) {
  AccountTree tree;
  tree.info = account.info;
  MAXOPT_TRY(const std::vector<OwnedObject> owned, home.store().Objects(account.info.account));
  MAXOPT_TRY(const std::vector<Sighting> seen, Sightings(home.store(), account.info));
  std::map<std::string, std::string> id_of;  // by address
  for (const OwnedObject& object : owned) id_of[object.address] = object.id;
  const auto add = [&](Level level) {
    for (const OwnedObject& object : owned) {
      if (object.level != level || object.id.empty()) continue;
      Entity entity;
      entity.level = level;
      entity.id = object.id;
      entity.fields = object.last_applied;
      if (level != Level::kCampaign) {
        const auto parent = id_of.find(object.parent_address);
        entity.parent_id = parent == id_of.end() ? "" : parent->second;
        // "slug/package/group": the campaign's address is the first two parts.
        const std::size_t first = object.address.find('/');
        const std::size_t second =
            first == std::string::npos ? first : object.address.find('/', first + 1);
        const auto campaign = id_of.find(object.address.substr(0, second));
        entity.campaign_id = campaign == id_of.end() ? "" : campaign->second;
      }
      if (level == Level::kCampaign) {
        // A platform is told of an end; the first day of a flight is the media plan's.
        const auto start = starts.find(object.address);
        if (start != starts.end()) {
          entity.fields.try_emplace("start_at", PrintDay(start->second) + " 00:00:00");
        }
      }
      tree.entities.push_back(std::move(entity));
    }
  };
  add(Level::kCampaign);
  for (const Sighting& s : seen) {
    Entity* entity = nullptr;
    for (Entity& one : tree.entities) {
      if (one.level == Level::kCampaign && one.id == s.campaign_id) entity = &one;
    }
    if (entity == nullptr) {
      entity = &tree.entities.emplace_back();
      entity->level = Level::kCampaign;
      entity->id = s.campaign_id;
      entity->fields["name"] = s.name;
    }
    entity->fields["status"] = std::string(s.state == "delivers"  ? kActive
                                           : s.state == "removed" ? kRemoved
                                           : s.state == "paused"  ? kPaused
                                                                  : kActive);
    if (s.state != "delivers") entity->fields["effective_status"] = std::string(kPaused);
    if (s.daily_budget) entity->fields["daily_budget"] = *s.daily_budget;
  }
  add(Level::kAdGroup);
  add(Level::kAd);
  return tree;
}

}  // namespace

Result<Readers> RememberedReaders(Frame& frame) {
  std::map<std::string, std::map<std::string, Day>> starts;  // client -> campaign's address -> day
  for (const Client& client : frame.clients) {
    MAXOPT_TRY(const std::vector<PlannedSetup> setups, PlannedSetups(frame, client.name));
    for (const PlannedSetup& setup : setups) {
      for (const PlannedCampaign& campaign : setup.campaigns) {
        starts[client.name].emplace(campaign.address, campaign.first);
      }
    }
  }
  return Readers([&home = frame.home, accounts = frame.accounts, starts = std::move(starts)](
                     const AccountId& id) -> Result<std::shared_ptr<PlatformReader>> {
    for (const ClientAccount& account : accounts) {
      if (account.info.account != id) continue;
      const auto of = starts.find(account.client);
      MAXOPT_TRY(
          AccountTree tree,
          TreeOf(home, account, of == starts.end() ? std::map<std::string, Day>() : of->second));
      const auto connected = home.monitor_world().reader(id);
      return std::make_shared<Remembered>(
          std::move(tree), connected ? (*connected)->capabilities() : Unconnected(id.platform));
    }
    return Fail(Errc::kNotFound, fmt::format("account {} is not asked about", PrintAccount(id)));
  });
}

}  // namespace maxopt::views
