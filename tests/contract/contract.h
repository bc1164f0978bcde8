#pragma once
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "clock/clock.h"
#include "connect/connection.h"
#include "connect/writer.h"
#include "domain/change.h"
#include "http/http.h"
#include "sim/faults/faults.h"
#include "sim/market/market.h"
#include "sim/server/server.h"

/// What every connector promises, proven against its platform's simulated server. A platform joins
/// with one file that fills in PlatformUnderTest and instantiates ConnectorContract; the cases are
/// in contract.cc and know no platform.
namespace maxopt::contract {

/// One platform, its connector and its server. Functions, not objects: each case makes a world of
/// its own.
struct PlatformUnderTest {
  std::string name;  ///< "google_ads", of the test's parameter
  AccountId account;

  std::function<std::unique_ptr<sim::PlatformServer>(sim::Market&, Clock&, sim::ServedAccount)>
      server;
  /// How the connector reaches the server at `origin`.
  std::function<Connection(const AccountId&, const std::string& origin)> connection;
  std::function<Result<Connector>(const Connection&, std::shared_ptr<http::Transport>,
                                  std::shared_ptr<Clock>)>
      connect;

  /// All fields of a create that the platform can express, status paused, without the budget. They
  /// must deliver once activated.
  std::function<Fields(Currency)> campaign;
  std::function<Fields(Currency)> ad_group;
  Fields asset;
  /// `asset_id`: of the asset above, for a platform whose ads show it.
  std::function<Fields(const std::string& asset_id)> ad;
  /// Field of the ad that holds a text shown to people, to be rejected by review when it says so.
  std::string text_field = "descriptions";
  /// Fields that were sent and that the platform does not tell back, with the reason in a comment
  /// where the platform's file sets them.
  std::set<std::string> not_told_back{"content", "sha256"};

  /// A conversion (conversion action, pixel) that the platform makes; empty: it makes none.
  Fields conversion{};
  /// What may be changed on it; empty: nothing but its status.
  Fields conversion_update{};
  /// The platform can take a conversion away again.
  bool conversion_removable = true;

  /// What is set over the basic fields of campaign, ad group and ad. A text or list member "@asset"
  /// stands for the id of `asset`, "@conversion" for that of `conversion`, and "@x" for that of
  /// more_assets["x"].
  struct Overlay {
    Fields campaign{};
    Fields ad_group{};
    Fields ad{};
    std::set<std::string> without{};  ///< basic fields that are not sent, at any level
  };
  std::map<std::string, Fields> more_assets{};
  /// One promise about fields beyond the basic ones: all objects down to `level` are made with the
  /// overlay and tell it back, and each update of the object of `level` is told back as well.
  struct Carried {
    std::string name;  ///< for people
    Level level = Level::kCampaign;
    Overlay with{};
    std::vector<Fields> updates{};
  };
  std::vector<Carried> carried{};
  /// What the platform cannot express: refused with the field's name before anything is made at
  /// `level`.
  struct Refused {
    std::string field;
    Level level = Level::kCampaign;
    Overlay with{};
  };
  std::vector<Refused> refused{};
  /// What people (and by the actor "platform" the platform's own automation) edit in the platform's
  /// screens: told back, and named in the history with its author. Each over objects made with the
  /// overlay.
  struct HumanEdit {
    Level level = Level::kCampaign;
    Fields fields;
    std::string actor = "ann@client.example";
    Overlay with{};
  };
  std::vector<HumanEdit> human_edits{};

  Level budget_level = Level::kCampaign;
  /// Budgets to be kept exactly: odd cents, a currency without cents, a large one.
  std::vector<Money> budgets;

  std::string origin;  ///< "http://google.sim"
  /// Part of the URL of the calls that write, for faults: "googleAds:mutate". Where it differs by
  /// level, write_path_of has it.
  std::string write_path;
  std::map<Level, std::string> write_path_of;
  std::string WritePath(Level level) const {
    const auto at = write_path_of.find(level);
    return at == write_path_of.end() ? write_path : at->second;
  }
  std::string write_method = "POST";
  /// Part of the URL of a call that reads objects (not of a token endpoint).
  std::string read_path;
  bool refreshes_tokens = false;  ///< signs in by itself when a token has run out
  /// Turns an answer to a read into a page that always has a next one.
  std::function<void(http::Response&)> make_endless;
  /// Word of `HistoryEvent::actor` for our own changes is the platform's; people keep their e-mail.
  bool history_names_people = true;
};

/// Counts what goes through.
class CountingTransport final : public http::Transport {
 public:
  explicit CountingTransport(std::shared_ptr<http::Transport> inner) : inner_(std::move(inner)) {}
  Result<http::Response> Send(const http::Request& request, http::Deadline deadline) override {
    ++sent;
    return inner_->Send(request, deadline);
  }
  std::atomic<int> sent = 0;

 private:
  std::shared_ptr<http::Transport> inner_;
};

/// One account on one server over one market, from 1 September 2026, noon UTC; no noise.
class ContractWorld {
 public:
  explicit ContractWorld(const PlatformUnderTest& platform, Currency currency = kEur);

  const PlatformUnderTest& platform;
  const Currency currency;
  const AccountId account;
  std::shared_ptr<VirtualClock> clock;
  std::unique_ptr<sim::Market> market;
  std::unique_ptr<sim::PlatformServer> server;
  sim::FaultPlan faults;
  std::atomic<bool> endless = false;  ///< reads are turned into endless pages
  std::shared_ptr<CountingTransport> wire;
  Connector connector;

  static http::Deadline Soon() { return http::After(std::chrono::minutes(30)); }
  void Advance(std::chrono::hours by) { clock->AdvanceTo(clock->Now() + by); }

  Change Create(Level level, Fields after, const std::string& parent_id, const std::string& key);
  Change Update(Level level, const std::string& id, const std::string& parent_id, Fields after);
  Fields CampaignFields() const;
  Fields AdGroupFields() const;

  struct Ids {
    std::string campaign;
    std::string ad_group;
    std::string asset;
    std::string ad;
  };
  /// Creates the objects down to `deepest` with an overlay, and what the overlay names; a test
  /// failure and empty ids when one fails. `sent`: the changes by level.
  Ids LaunchWith(const PlatformUnderTest::Overlay& with, Level deepest, const std::string& key,
                 std::map<Level, Change>* sent = nullptr);
  /// The create of one level with an overlay, its "@" words filled in; those assets and conversions
  /// are made by `refs` once.
  Change CreateWith(const PlatformUnderTest::Overlay& with, Level level,
                    const std::string& parent_id, const std::string& key,
                    std::map<std::string, std::string>& refs);
  /// Creates campaign, ad group, asset and ad; a test failure and empty ids when one fails.
  Ids Launch(const std::string& key = "launch");
  /// Switches the three on.
  void Activate(const Ids& ids);
  /// The one object with this id, or a test failure.
  std::optional<Entity> FindOne(Level level, const std::string& id);
  std::vector<Entity> FindMarker(Level level, const std::string& key);
  /// Objects that the server really has, removed ones included.
  int CountObjects(Level level) const;
};

class ConnectorContract : public testing::TestWithParam<PlatformUnderTest> {};

std::string NameOf(const testing::TestParamInfo<PlatformUnderTest>& info);
/// So that a failing case prints the platform's name and not its bytes.
void PrintTo(const PlatformUnderTest& platform, std::ostream* out);

}  // namespace maxopt::contract
