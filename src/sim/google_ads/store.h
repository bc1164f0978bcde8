#pragma once
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "sim/google_ads/schema.h"
#include "sim/server/server.h"

/// The objects of one account, in canonical JSON, and the history of their changes.
namespace maxopt::sim::google_ads {

enum class Type {
  kCampaign,
  kCampaignBudget,
  kAdGroup,
  kAdGroupAd,
  kAdGroupCriterion,
  kCampaignCriterion,
  kAsset,
  kAdGroupAsset,
  kConversionAction,
};
inline constexpr Type kTypes[] = {
    Type::kCampaign,  Type::kCampaignBudget,   Type::kAdGroup,
    Type::kAdGroupAd, Type::kAdGroupCriterion, Type::kCampaignCriterion,
    Type::kAsset,     Type::kAdGroupAsset,     Type::kConversionAction};

struct TypeInfo {
  Type type;
  std::string_view name;        ///< "ad_group_ad", GAQL's
  std::string_view json;        ///< "adGroupAd", of rows and change events
  std::string_view message;     ///< "AdGroupAd"
  std::string_view collection;  ///< "adGroupAds", of resource names and URLs
  std::string_view history;     ///< "AD_GROUP_AD"; empty: not in change_event
  std::string_view error;       ///< family of its own errors
};
const TypeInfo& InfoOf(Type type);
const TypeInfo* InfoOfCollection(std::string_view collection);

struct Object {
  nlohmann::json body;  ///< what was set; what Google derives is added when read
  Instant created_at;
  Instant submitted_at;  ///< for review: of an ad's texts
  std::string digest{};  ///< of an asset's content, which itself is not kept
};

/// One row of change_event, as GAQL will show it.
struct HistoryEntry {
  Instant at;
  nlohmann::json event;
};

/// Where a change came from.
struct Author {
  std::string client_type;  ///< GOOGLE_ADS_API, GOOGLE_ADS_WEB_CLIENT
  std::string email;
};

/// Not thread-safe. Every write can be taken back to a mark, which is what partial failure,
/// atomicity and validateOnly rest on.
class Account {
 public:
  explicit Account(ServedAccount served) : served_(std::move(served)) {}

  const ServedAccount& served() const { return served_; }
  const std::string& id() const { return served_.setup.account.id; }
  std::string ResourceName(Type type, std::string_view key) const;
  std::string CustomerName() const { return "customers/" + id(); }

  using Objects = std::map<std::string, Object, std::less<>>;
  /// By key: the last part of the resource name, "42" or "42~7"; ordered by creation where ids are
  /// of one length.
  const Objects& All(Type type) const { return objects_[static_cast<std::size_t>(type)]; }
  const Object* Find(Type type, std::string_view key) const;
  /// The object that a full resource name of this account tells; nullptr when there is none.
  const Object* FindByName(Type type, std::string_view resource_name) const;

  void Put(Type type, const std::string& key, Object object);
  std::string NextId() { return std::to_string(next_id_++); }
  void AddHistory(HistoryEntry entry);
  const std::vector<HistoryEntry>& history() const { return history_; }

  struct Mark {
    std::size_t undo;
    std::size_t history;
    std::int64_t next_id;
  };
  Mark MarkNow() const { return {undo_.size(), history_.size(), next_id_}; }
  void TakeBackTo(const Mark& mark);
  /// Writes so far can no longer be taken back.
  void Settle() { undo_.clear(); }
  /// Grows with every settled or pending write.
  std::uint64_t revision() const { return revision_; }

 private:
  struct Undo {
    Type type;
    std::string key;
    std::optional<Object> before;
  };
  ServedAccount served_;
  Objects objects_[std::size(kTypes)];
  std::vector<HistoryEntry> history_;
  std::vector<Undo> undo_;
  std::int64_t next_id_ = 20'000'000'001;
  std::uint64_t revision_ = 0;
};

/// Last part of "customers/1/campaigns/2": "2"; empty when the name has another shape or customer.
std::string KeyOfName(std::string_view resource_name, std::string_view customer_id,
                      std::string_view collection);
/// First part of a key: "42" of "42~7".
std::string_view ParentKey(std::string_view key);

// --- what Google derives ------------------------------------------------------------------------

/// Everything that people read in an ad, joined by line breaks, for review and digest.
std::string AdTexts(const nlohmann::json& ad);
Review ReviewOfAd(const Object& ad_group_ad, Instant now);

/// The object as a query shows it at `now`: ids and types filled in, and with `states` also serving
/// states, policy and reference counts, which look at other objects.
nlohmann::json Shown(const Account& account, Type type, const std::string& key,
                     const Object& object, Instant now, bool states);

/// ENABLED, PAUSED or REMOVED of an object, "ENABLED" where it has no status.
std::string StatusOf(const Object& object);
/// [start, end] of a campaign as instants; absent ends are open.
struct Flight {
  std::optional<Instant> begins;
  std::optional<Instant> ends;
};
Flight FlightOf(const Account& account, const nlohmann::json& campaign);

}  // namespace maxopt::sim::google_ads
