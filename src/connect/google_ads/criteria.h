#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "domain/entity.h"
#include "result/result.h"

/// Targeting. Google keeps every place, language, keyword, hour and audience as an object of its
/// own, a criterion; we keep lists on the campaign and the ad group. Pure.
namespace maxopt::google_ads {

struct Criterion {
  std::string resource;  ///< "customers/1/campaignCriteria/2~3"
  std::string field;     ///< of the catalogue ("age_min" for ages); empty: it has none there
  /// As in the field's list; ages and genders are Google's words of what is left out.
  std::string value;
  bool paused = false;  ///< a keyword that somebody paused: reaches nobody, is not told
};

/// GAQL: what is selected, from the resource, of a level (campaign or ad group).
std::string_view CriteriaSelect(Level level);
/// A row of that query. Negative criteria leave out.
Result<Criterion> CriterionOf(const nlohmann::json& row, Level level, const std::string& customer);

/// Sets the list fields, and age_min and age_max of an ad group (18 and 65 when no age is left out;
/// none when what is left out is no range).
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
/// The fields whose criteria are replaced by such a change: "age_min" stands for both ages.
std::vector<std::string> CriteriaFields(Level level, const Fields& fields);

}  // namespace maxopt::google_ads
