#include "connect/meta/insights.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <nlohmann/json.hpp>
#include <tuple>

#include "connect/meta/words.h"
#include "json/json.h"

namespace maxopt::meta {
namespace {

using nlohmann::json;

constexpr std::string_view kHourly = "hourly_stats_aggregated_by_advertiser_time_zone";
constexpr std::string_view kPurchases[] = {"omni_purchase", "purchase",
                                           "offsite_conversion.fb_pixel_purchase"};
constexpr std::string_view kWindows[] = {"7d_click", "1d_view"};

struct LevelWord {
  Level level;
  std::string_view word;
  std::string_view ids;  ///< fields that name the object
};
constexpr LevelWord kLevels[] = {
    {Level::kAccount, "account", "account_id"},
    {Level::kCampaign, "campaign", "campaign_id"},
    {Level::kAdGroup, "adset", "campaign_id,adset_id"},
    {Level::kAd, "ad", "campaign_id,adset_id,ad_id"},
};

std::vector<std::string> BreakdownColumns(const MetricQuery& query) {
  if (query.grain == Grain::kHour) return {std::string(kHourly)};
  switch (query.breakdown) {
    case Breakdown::kDevice:
      return {"device_platform"};
    case Breakdown::kCountry:
      return {"country"};
    case Breakdown::kPlacement:
      return {"publisher_platform", "platform_position"};
    case Breakdown::kAgeGender:
      return {"age", "gender"};
    case Breakdown::kNone:
    case Breakdown::kKeyword:
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
    case Breakdown::kCreative:
      return {};
  }
  Bug();
}

std::optional<std::int64_t> Count(const json& row, std::string_view name) {
  const std::string text = Text(row, name);
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (text.empty() || error != std::errc() || end != text.data() + text.size() || value < 0) {
    return std::nullopt;
  }
  return value;
}

/// "14:00:00 - 14:59:59" -> 14
std::optional<int> HourOf(std::string_view text) {
  if (text.size() < 5 || text[2] != ':') return std::nullopt;
  int hour = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + 2, hour);
  if (error != std::errc() || end != text.data() + 2 || hour < 0 || hour > 23) return std::nullopt;
  return hour;
}

/// The entry of one action in "actions" or "action_values"; nullptr when it is not there.
const json* FindAction(const json& row, std::string_view list_name, std::string_view action) {
  const json* list = Member(row, list_name);
  if (list == nullptr || !list->is_array()) return nullptr;
  for (const json& entry : *list) {
    if (Text(entry, "action_type") == action) return &entry;
  }
  return nullptr;
}

/// Texts of the values that make up our window: both of its parts, or the value that Meta gives
/// when it gives no parts.
std::vector<std::string> WindowTexts(const json& entry) {
  std::vector<std::string> texts;
  for (const std::string_view window : kWindows) {
    if (const json* part = Member(entry, window)) texts.push_back(NumberText(*part).value_or("?"));
  }
  if (texts.empty()) {
    const json* whole = Member(entry, "value");
    texts.push_back(whole == nullptr ? "?" : NumberText(*whole).value_or("?"));
  }
  return texts;
}

std::string ChooseAction(const std::vector<json>& rows) {
  for (const std::string_view action : kPurchases) {
    for (const json& row : rows) {
      if (FindAction(row, "actions", action) != nullptr ||
          FindAction(row, "action_values", action) != nullptr) {
        return std::string(action);
      }
    }
  }
  return {};
}

Result<double> Conversions(const json& entry) {
  double sum = 0;
  for (const std::string& text : WindowTexts(entry)) {
    double value = 0;
    const auto [end, error] =
        std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
    if (error != std::errc() || end != text.data() + text.size() || !(value >= 0)) {
      return Fail(Errc::kBadAnswer, fmt::format("its conversions are \"{}\"", text));
    }
    sum += value;
  }
  return sum;
}

/// Values come through Meta's floating point ("59.970000000000006"), so they may be rounded.
Result<Money> Revenue(const json& entry, Currency currency) {
  Money sum = Money::Zero(currency);
  for (const std::string& text : WindowTexts(entry)) {
    MAXOPT_TRY(const RoundedMoney value, ParseMoneyRounding(text, currency));
    sum += value.money;
  }
  return sum;
}

Result<MetricRow> RowFrom(const MetricQuery& query, const json& row, const Ground& ground,
                          std::string_view action, bool withheld) {
  const Currency currency = ground.info.currency;
  const auto bad = [](std::string what) { return Fail(Errc::kBadAnswer, std::move(what)); };
  const auto day = ParseDay(Text(row, "date_start"));
  if (!day) return bad("it has no day");
  if (Text(row, "date_stop") != Text(row, "date_start")) return bad("it is about several days");
  if (*day < query.from || *day > query.to) return bad("its day was not asked for");
  const std::string row_currency = Text(row, "account_currency");
  if (!row_currency.empty() && row_currency != currency.name()) {
    return bad(
        fmt::format("its currency is {}, the account's is {}", row_currency, currency.name()));
  }
  const auto spend = ParseMoney(Text(row, "spend"), currency);
  if (!spend) return bad("its spend: " + spend.error().what);
  if (spend->negative()) return bad("its spend is below zero");

  MetricRow out{.day = *day,
                .hour = std::nullopt,
                .campaign_id = Text(row, "campaign_id"),
                .ad_group_id = Text(row, "adset_id"),
                .ad_id = Text(row, "ad_id"),
                .segment = {},
                .spend = *spend,
                .impressions = std::nullopt,
                .clicks = std::nullopt,
                .conversions_claimed = std::nullopt,
                .revenue_claimed = std::nullopt,
                .impression_share = std::nullopt};
  for (const auto& [name, to] :
       {std::pair{"impressions", &out.impressions}, std::pair{"clicks", &out.clicks}}) {
    if (Member(row, name) == nullptr) continue;
    *to = Count(row, name);
    if (!*to) return bad(fmt::format("its {} are no count", name));
  }
  if (query.grain == Grain::kHour) {
    out.hour = HourOf(Text(row, kHourly));
    if (!out.hour) return bad(fmt::format("its hour is \"{}\"", Text(row, kHourly)));
  } else {
    for (const std::string& column : BreakdownColumns(query)) {
      const std::string value = Text(row, column);
      if (value.empty()) return bad(fmt::format("it has no {}", column));
      out.segment += (out.segment.empty() ? "" : "/") + value;
    }
  }
  if (withheld) return out;
  out.conversions_claimed = 0;
  out.revenue_claimed = Money::Zero(currency);
  if (const json* entry = FindAction(row, "actions", action)) {
    MAXOPT_TRY(out.conversions_claimed, Conversions(*entry));
  }
  if (const json* entry = FindAction(row, "action_values", action)) {
    auto revenue = Revenue(*entry, currency);
    if (!revenue) return bad("its action_values: " + revenue.error().what);
    out.revenue_claimed = *revenue;
  }
  return out;
}

}  // namespace

Result<Params> InsightsParams(const MetricQuery& query) {
  const auto refuse = [](std::string what) {
    return Fail(Errc::kInvalidArgument, "Meta's insights: " + std::move(what));
  };
  const auto* level = std::ranges::find(kLevels, query.level, &LevelWord::level);
  if (level == std::end(kLevels)) {
    return refuse(fmt::format("there is no report by {}", LevelName(query.level)));
  }
  if (query.from > query.to) return refuse("the first day is after the last one");
  const bool cut = query.breakdown != Breakdown::kNone;
  const std::vector<std::string> columns = BreakdownColumns(query);
  if (query.grain == Grain::kHour && cut) {
    return refuse(fmt::format("there is no report by hour and {}", BreakdownName(query.breakdown)));
  }
  if (cut && columns.empty()) {
    return refuse(fmt::format("there is no report by {}", BreakdownName(query.breakdown)));
  }
  Params params{
      {"level", std::string(level->word)},
      {"fields", fmt::format("{},account_currency,spend,impressions,clicks,actions,action_values",
                             level->ids)},
      {"time_range", json({{"since", PrintDay(query.from)}, {"until", PrintDay(query.to)}}).dump()},
      {"time_increment", "1"},
      {"action_attribution_windows", json(kWindows).dump()},
      {"limit", "500"},
  };
  if (query.level != Level::kAccount) {
    // Without this filter Meta leaves out what deleted and archived objects have spent.
    json statuses = json::array();
    for (const std::string_view status : EffectiveStatusesOf(query.level)) {
      statuses.push_back(status);
    }
    params.emplace_back("filtering",
                        json::array({{{"field", fmt::format("{}.effective_status", level->word)},
                                      {"operator", "IN"},
                                      {"value", std::move(statuses)}}})
                            .dump());
  }
  if (!columns.empty()) {
    std::string list;
    for (const std::string& column : columns) list += (list.empty() ? "" : ",") + column;
    params.emplace_back("breakdowns", std::move(list));
  }
  return params;
}

std::string InsightsKey(const MetricQuery& query, const json& row) {
  const auto* level = std::ranges::find(kLevels, query.level, &LevelWord::level);
  const std::string day = Text(row, "date_start");
  std::string id = Text(row, level->ids.substr(level->ids.rfind(',') + 1));
  // A report of the whole account may leave out the id that everyone knows.
  if (id.empty() && query.level == Level::kAccount) id = query.account.id;
  if (day.empty() || id.empty()) return {};
  std::string key = day + "|" + id;
  for (const std::string& column : BreakdownColumns(query)) key += "|" + Text(row, column);
  return key;
}

Result<std::vector<MetricRow>> RowsFrom(const MetricQuery& query, const std::vector<json>& rows,
                                        const Ground& ground, std::string_view action) {
  const std::string chosen = action.empty() ? ChooseAction(rows) : std::string(action);
  const bool anywhere = std::ranges::any_of(
      rows, [&](const json& row) { return FindAction(row, "actions", chosen) != nullptr; });
  const bool cut = query.grain == Grain::kHour || query.breakdown != Breakdown::kNone;
  std::vector<MetricRow> out;
  out.reserve(rows.size());
  for (const json& row : rows) {
    auto read = RowFrom(query, row, ground, chosen, cut && !anywhere);
    if (!read) {
      return FailWithin(fmt::format("Meta's insights row of {}", InsightsKey(query, row)),
                        std::move(read).error());
    }
    out.push_back(*std::move(read));
  }
  std::ranges::sort(out, [](const MetricRow& a, const MetricRow& b) {
    return std::tie(a.day, a.campaign_id, a.ad_group_id, a.ad_id, a.hour, a.segment) <
           std::tie(b.day, b.campaign_id, b.ad_group_id, b.ad_id, b.hour, b.segment);
  });
  return out;
}

}  // namespace maxopt::meta
