#pragma once
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <utility>

#include "connect/exports/sheet.h"

namespace maxopt::exports {

struct KnownObject {
  std::string name;
  std::string campaign_id;
  std::string ad_group_id;
  std::string account_id;
  std::string updated_at;
};
struct KnownAccount {
  std::string name;
  std::optional<Currency> currency;
  std::string zone;
  std::string updated_at;
};
using ObjectKey = std::tuple<Platform, Level, std::string>;

/// What the tables given together tell about each other's objects.
struct Knowledge {
  std::map<AccountId, KnownAccount> accounts;
  std::map<ObjectKey, KnownObject> objects;
  std::map<std::pair<std::string, std::string>, std::string> keywords;  ///< ad group, criterion
  std::map<std::pair<std::string, Day>, double> actions;                ///< by ad and day
  std::map<std::pair<std::string, Day>, std::string> action_values;     ///< plain decimals
  bool has_actions = false;
  bool has_action_values = false;

  const KnownObject* Find(Platform platform, Level level, const std::string& id) const {
    const auto found = objects.find({platform, level, id});
    return found == objects.end() ? nullptr : &found->second;
  }
  /// The account of the platform when there is exactly one; "" otherwise.
  std::string OnlyAccount(Platform platform) const {
    std::string only;
    for (const auto& [account, known] : accounts) {
      if (account.platform != platform) continue;
      if (!only.empty()) return {};
      only = account.id;
    }
    return only;
  }
};

/// Names, parents, currency and zone; of several rows of an object the newest counts.
Result<> LearnHistory(const Sheet& sheet, Knowledge& known);
/// Conversions, or their values, by ad and day.
Result<> LearnActions(Sheet& sheet, const ExportOptions& options, Knowledge& known);

}  // namespace maxopt::exports
