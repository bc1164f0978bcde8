#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/entity.h"
#include "money/money.h"

namespace maxopt::exports {

/// What a column is for.
enum class Role {
  kDay,
  kMonth,
  kDayOfMonth,
  kRangeBegin,
  kRangeEnd,
  kPlatform,
  kAccountId,
  kAccountName,
  kCurrency,
  kZone,
  kCampaignId,
  kCampaignName,
  kAdGroupId,
  kAdGroupName,
  kAdId,
  kAdName,
  kSpend,
  kSpendMicros,
  kImpressions,
  kClicks,
  kConversions,
  kConversionsMore,  ///< added to kConversions
  kRevenue,
  kImpressionShare,
  kDevice,
  kCountry,
  kPlacement,
  kAge,
  kGender,
  kKeyword,
  kCriterion,
  kSearchTerm,
  kAttribution,
  kUpdatedAt,
  kActionType,
  kActionValue,
  kOrders,
  kClient,
};
/// "campaign id": what is shown to people.
std::string_view RoleName(Role role);

/// What a table is about.
enum class TableKind {
  kStats,         ///< facts
  kHistory,       ///< names, parents, currency
  kActions,       ///< counts of conversions by action type, for another table
  kActionValues,  ///< their values
  kKpi,           ///< orders and revenue of the client
  kUnused,        ///< known, and nothing in it can be loaded; `note` says why
};

/// A known set of columns. Header names are normalised (NormaliseHeader).
struct Table {
  std::string_view title;
  std::optional<Platform> platform;  ///< nullopt: the file or the person says it
  TableKind kind;
  std::vector<std::string_view> must{};      ///< all of these
  std::vector<std::string_view> must_not{};  ///< none of these
  std::string_view name_has{};  ///< part of the file's name, where columns do not decide
  /// Meanings that differ from the general ones.
  std::vector<std::pair<std::string_view, Role>> roles{};
  bool only_these_roles = false;  ///< general meanings do not apply
  bool plain = false;             ///< written by a program: numbers are 1234.56
  bool partial = false;           ///< rows are a breakdown that need not add up to the whole
  std::string_view note{};
  Level deepest = Level::kAd;  ///< of a history: whose names it holds
};
/// Most specific first.
std::span<const Table> KnownTables();

/// "  Amount spent (EUR) " -> "amount spent"; "metrics.cost_micros" -> "cost micros";
/// "AdGroupName" -> "ad group name"; "Impr." -> "impr".
std::string NormaliseHeader(std::string_view header);
/// EUR of "Amount spent (EUR)", "Cost (EUR)".
std::optional<Currency> CurrencyInHeader(std::string_view header);

/// A general meaning of a header. Of several columns with one role the lowest rank is taken.
struct Meaning {
  Role role;
  int rank;
};
std::optional<Meaning> MeaningOf(std::string_view normalised);

}  // namespace maxopt::exports
