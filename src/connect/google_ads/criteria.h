#pragma once
#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "domain/bid_modifiers.h"
#include "domain/entity.h"
#include "result/result.h"

/// Targeting. Google keeps every place, language, keyword, hour and audience as an object of its
/// own, a criterion; we keep lists on the campaign and the ad group. Pure.
namespace maxopt::google_ads {

struct Criterion {
  std::string resource;  ///< "customers/1/campaignCriteria/2~3"
  /// Of the catalogue ("age_min" for ages, "bid_modifiers" for devices); empty: it has none there.
  std::string field;
  /// As in the field's list; ages and genders are Google's words of what is left out; devices ours.
  std::string value;
  bool paused = false;  ///< a keyword that somebody paused: reaches nobody, is not told
  std::int64_t modifier_bp = kNoModifierBp;  ///< of bids there; of places and devices
};
/// The part of the campaign that bids can be multiplied for; nullopt: it is no place and no device.
std::optional<BidPart> BidPartOf(std::string_view field, const std::string& value);

/// GAQL: what is selected, from the resource, of a level (campaign or ad group).
std::string_view CriteriaSelect(Level level);
/// A row of that query. Negative criteria leave out.
Result<Criterion> CriterionOf(const nlohmann::json& row, Level level, const std::string& customer);

/// Sets the list fields, "bid_modifiers" among them, and age_min and age_max of an ad group (18 and
/// 65 when no age is left out; none when what is left out is no range).
void AddCriteria(const std::vector<Criterion>& criteria, Level level, Fields& fields);

/// A criterion that is wanted, without its parent.
struct NewCriterion {
  std::string field;
  std::string value;  ///< as Criterion::value
  nlohmann::json body;
};
/// True when `fields` of the level are kept as criteria.
bool HasCriteria(Level level, const Fields& fields);
/// The criteria that the fields stand for. `live`: of the object now, for an age limit that is not
/// given. kInvalidArgument names field and member.
Result<std::vector<NewCriterion>> CriteriaFor(Level level, const Fields& fields, const Fields& live,
                                              const std::string& customer);
/// The modifiers that the field stands for. kInvalidArgument names what Google does not take: below
/// 0.1 (0 for devices: not shown there), above 10, every device at 0.
Result<BidModifiers> ModifiersFor(const Fields& fields);
/// The criterion of a device, and the modifier as Google has it.
nlohmann::json DeviceBody(const std::string& device);
double ModifierNumber(std::int64_t bp);
/// The fields whose criteria are replaced by such a change: "age_min" stands for both ages.
std::vector<std::string> CriteriaFields(Level level, const Fields& fields);

}  // namespace maxopt::google_ads
