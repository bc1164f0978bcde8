#include "connect/exports/knowledge.h"

#include <fmt/format.h>

#include <algorithm>

namespace maxopt::exports {
namespace {

/// What Facebook's action types count as conversions, as dbt_ad_reporting takes them by default.
constexpr std::string_view kConversionActions[] = {
    "offsite_conversion.fb_pixel_custom", "offsite_conversion.fb_pixel_lead",
    "offsite_conversion.fb_pixel_purchase", "onsite_conversion.lead_grouped",
    "onsite_conversion.purchase"};

}  // namespace

Result<> LearnHistory(const Sheet& sheet, Knowledge& known) {
  for (const CsvRecord& row : sheet.rows) {
    std::string updated(sheet.Cell(row, Role::kUpdatedAt));
    std::ranges::replace(updated, 'T', ' ');
    MAXOPT_TRY(const std::string account, ReadId(sheet, row, Role::kAccountId));
    MAXOPT_TRY(const std::string campaign, ReadId(sheet, row, Role::kCampaignId));
    MAXOPT_TRY(const std::string ad_group, ReadId(sheet, row, Role::kAdGroupId));
    MAXOPT_TRY(const std::string ad, ReadId(sheet, row, Role::kAdId));
    if (!account.empty()) {
      KnownAccount& entry = known.accounts[{sheet.platform, account}];
      if (sheet.table->deepest == Level::kAccount && updated >= entry.updated_at) {
        entry.updated_at = updated;
        if (const auto name = sheet.Cell(row, Role::kAccountName); !name.empty()) entry.name = name;
        if (const auto code = sheet.Cell(row, Role::kCurrency); !code.empty()) {
          const auto currency = FindCurrency(code);
          if (!currency) return FailCell(sheet, row, Role::kCurrency, currency.error().what);
          entry.currency = *currency;
        }
        if (const auto zone = sheet.Cell(row, Role::kZone); !zone.empty()) {
          if (!Zone::Find(zone)) return FailCell(sheet, row, Role::kZone, "is no IANA time zone");
          entry.zone = zone;
        }
      }
    }
    if (sheet.Has(Role::kCriterion)) {
      MAXOPT_TRY(const std::string criterion, ReadId(sheet, row, Role::kCriterion));
      known.keywords[{ad_group, criterion}] = sheet.Cell(row, Role::kKeyword);
      continue;
    }
    const auto learn = [&](Level level, const std::string& id, Role name_role) {
      if (id.empty()) return;
      KnownObject& entry = known.objects[{sheet.platform, level, id}];
      if (updated < entry.updated_at) return;
      entry.updated_at = updated;
      if (const auto name = sheet.Cell(row, name_role); !name.empty()) entry.name = name;
      if (!account.empty()) entry.account_id = account;
      if (level != Level::kCampaign && !campaign.empty()) entry.campaign_id = campaign;
      if (level == Level::kAd && !ad_group.empty()) entry.ad_group_id = ad_group;
    };
    learn(Level::kCampaign, campaign, Role::kCampaignName);
    learn(Level::kAdGroup, ad_group, Role::kAdGroupName);
    learn(Level::kAd, ad, Role::kAdName);
  }
  return {};
}

Result<> LearnActions(Sheet& sheet, const ExportOptions& options, Knowledge& known) {
  const bool values = sheet.table->kind == TableKind::kActionValues;
  (values ? known.has_action_values : known.has_actions) = true;
  std::int64_t others = 0;
  for (const CsvRecord& row : sheet.rows) {
    MAXOPT_TRY(const std::string ad, ReadId(sheet, row, Role::kAdId));
    MAXOPT_TRY(const Day day, ReadRowDay(sheet, row, options));
    MAXOPT_TRY(const Maybe<std::string> plain, ReadNumber(sheet, row, Role::kActionValue));
    const auto type = sheet.Cell(row, Role::kActionType);
    if (std::ranges::find(kConversionActions, type) == std::end(kConversionActions)) {
      ++others;
      continue;
    }
    if (!plain) continue;
    if (!values) {
      const auto count = RealNumber(*plain);
      if (!count) return FailCell(sheet, row, Role::kActionValue, count.error());
      known.actions[{ad, day}] += *count;
      continue;
    }
    // Several action types of one ad and day add up; kNoCurrency does the adding.
    const auto more = Amount(*plain, kNoCurrency, false);
    if (!more) return FailCell(sheet, row, Role::kActionValue, more.error());
    std::string& sum = known.action_values[{ad, day}];
    std::int64_t micros = 0;
    if (!sum.empty()) micros = ParseMoney(sum, kNoCurrency).value().micros();
    if (__builtin_add_overflow(micros, more->money.micros(), &micros)) {
      return FailCell(sheet, row, Role::kActionValue, "makes the sum too large");
    }
    sum = PrintDecimal(Money::Micros(micros, kNoCurrency));
  }
  if (others > 0) {
    sheet.Note(fmt::format("{} rows of other action types are not counted as conversions", others));
  }
  return {};
}

}  // namespace maxopt::exports
