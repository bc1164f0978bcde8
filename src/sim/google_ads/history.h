#pragma once
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "sim/google_ads/store.h"

/// change_event: what was changed, when and by whom.
namespace maxopt::sim::google_ads {

struct Edit {
  Type type;
  std::string key;
  std::string operation;    ///< CREATE | UPDATE | REMOVE
  nlohmann::json old_body;  ///< only the fields that changed
  nlohmann::json new_body;
  std::vector<std::string> changed;  ///< "networkSettings.targetGoogleSearch"
};

/// Paths of everything that is set, messages opened, lists whole.
std::vector<std::string> LeafPaths(const nlohmann::json& body);
/// The UPDATE between two states of an object.
Edit Difference(Type type, const std::string& key, const nlohmann::json& old_body,
                const nlohmann::json& new_body);
/// Adds a row to the account's history; nothing for types that change_event does not know.
void Record(Account& account, const Edit& edit, Instant now, const Author& author);

/// "2026-09-01 12:00:00.000001" on the account's clock.
std::string PrintMicros(const Zone& zone, Instant at);

}  // namespace maxopt::sim::google_ads
