#pragma once
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <string_view>

#include "clock/clock.h"
#include "domain/entity.h"
#include "domain/metric.h"

/// Meta's objects in our words. Pure. Inside of this folder only.
namespace maxopt::meta {

/// What is needed to read an account's numbers and clocks.
struct Ground {
  AccountInfo info;
  Zone zone;
  bool names_payor = false;  ///< the account fills in who benefits from an ad and who pays for it
};

inline constexpr std::string_view kAccountFields =
    "account_id,name,currency,timezone_name,account_status,default_dsa_beneficiary,"
    "default_dsa_payor";
inline constexpr std::string_view kImageFields = "hash,name,status,created_time,account_id";
inline constexpr std::string_view kVideoFields = "id,title,status,created_time";
/// `fields` of campaigns, ad sets and ads: what EntityFrom reads.
std::string_view FieldsOf(Level level);

Result<Ground> GroundFrom(const nlohmann::json& account);

/// A campaign, ad set, ad, pixel, image or video (which has an id and no hash). Lists that say
/// where and to whom an ad set is shown are told also when they are empty, so that a change that
/// fills one can be told from one that was made already. kBadAnswer names the object and what in it
/// cannot be read: money that is not a whole number of minor units, a status that is none, a
/// missing parent. Words that have no counterpart are kept: status words in platform_status, others
/// in lower case.
Result<Entity> EntityFrom(Level level, const nlohmann::json& object, const Ground& ground);

/// One entry of /activities. `our_app_id` may be empty: then every app's change is "ours".
Result<HistoryEvent> EventFrom(const nlohmann::json& activity, std::string_view our_app_id);

/// "2026-09-01T00:00:00+0200" (Meta leaves out the colon) or unix seconds.
Result<Instant> ParseMetaTime(std::string_view text);

}  // namespace maxopt::meta
