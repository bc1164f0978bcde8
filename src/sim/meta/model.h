#pragma once
#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "sim/meta/graph.h"
#include "sim/meta/request.h"
#include "sim/server/server.h"

namespace maxopt::sim::meta {

enum class Kind { kCampaign, kAdSet, kAd, kCreative, kImage, kVideo, kPixel };
inline constexpr std::size_t kKinds = 7;

/// One stored object. `fields` holds what was written, canonical: money as integers in minor
/// units, times as unix seconds, enums as their word. What Meta derives (effective_status, ...) is
/// computed when read.
struct Object {
  Kind kind;
  std::string id;
  std::string campaign{};  ///< of an ad set or ad
  std::string adset{};     ///< of an ad
  std::string creative{};  ///< of an ad
  Json fields = Json::object();
  Instant created_at{};
  Instant updated_at{};
  Instant submitted_at{};                 ///< ad: when its present creative went to review
  Instant significant_edit_at{};          ///< ad set: learning starts again
  std::vector<Instant> budget_changes{};  ///< campaign, ad set: oldest first
  // Derived once when written, because the market asks for them every hour.
  std::string review_text{};             ///< creative: everything people read
  std::string creative_key{};            ///< creative: digest of what people see
  std::vector<std::string> countries{};  ///< ad set
  bool retargeting = false;              ///< ad set

  std::string text(std::string_view field) const;
  std::optional<std::int64_t> integer(std::string_view field) const;
  std::optional<Instant> time(std::string_view field) const;
  std::string status() const { return text("status"); }
  bool gone() const { return status() == "DELETED" || status() == "ARCHIVED"; }
};

/// One line of the audit trail.
struct Activity {
  Instant at;
  std::string event_type;
  std::string object_id;
  std::string object_name;
  std::string object_type;  ///< CAMPAIGN | AD_SET | AD | ACCOUNT
  std::string category;     ///< for ?category=
  std::string actor;        ///< a person's name; empty: our application through the API
  std::string extra_data;   ///< JSON text
};

/// An asynchronous insights report.
struct ReportRun {
  std::string id;
  std::string node;  ///< path of the object reported on: "act_1" or an id
  Params params;
  Instant asked_at;
  int polls = 0;
  std::optional<Instant> completed_at;
};

/// Calls of one account in the present clock hour.
struct Usage {
  std::int64_t hour = -1;
  std::int64_t management = 0;
  std::int64_t insights = 0;
};

/// Spend by ad set over the closed days, so that a balance does not read the whole history again.
struct SpendBook {
  std::optional<Day> next;  ///< first day not in the book
  std::map<std::string, std::int64_t> micros_by_adset;
};

struct Account {
  ServedAccount served;
  int decimals = 2;  ///< of the minor unit in Meta's table
  /// Who benefits from ads and who pays for them, filled in where an ad set does not say.
  std::string dsa_beneficiary{};
  std::string dsa_payor{};
  std::array<std::map<std::string, Object>, kKinds> objects{};  ///< images by hash, others by id
  std::vector<Activity> activities{};
  std::map<std::string, ReportRun> runs{};
  Usage usage{};
  SpendBook book{};

  std::map<std::string, Object>& of(Kind kind) { return objects[static_cast<std::size_t>(kind)]; }
  const std::map<std::string, Object>& of(Kind kind) const {
    return objects[static_cast<std::size_t>(kind)];
  }
  const Object* Find(Kind kind, const std::string& id) const;
  /// Any kind but images.
  const Object* FindAny(const std::string& id) const;
  const std::string& id() const { return served.setup.account.id; }
  const Zone& zone() const { return served.setup.zone; }
  Currency currency() const { return served.setup.currency; }
  Money FromMinor(std::int64_t minor) const;
};

std::string_view KindName(Kind kind);
/// Level of a campaign, ad set or ad.
Level LevelOf(Kind kind);

}  // namespace maxopt::sim::meta
