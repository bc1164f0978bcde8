#include <fmt/format.h>

#include <algorithm>

#include "sim/meta/fields.h"
#include "sim/meta/insights.h"
#include "sim/meta/state.h"

namespace maxopt::sim::meta {
namespace {

using std::chrono::days;
using std::chrono::months;

constexpr std::string_view kPresets =
    "data_maximum last_14d last_28d last_30d last_3d last_7d last_90d last_month last_quarter "
    "last_week_mon_sun last_week_sun_sat last_year maximum this_month this_quarter "
    "this_week_mon_today this_week_sun_today this_year today yesterday";
constexpr std::string_view kWindows =
    "1d_click 1d_ev 1d_view 28d_click 28d_view 28d_view_all_conversions "
    "28d_view_first_conversion 7d_click 7d_view 7d_view_all_conversions 7d_view_first_conversion "
    "dda default skan_click skan_click_second_postback skan_click_third_postback skan_view "
    "skan_view_second_postback skan_view_third_postback";
constexpr std::string_view kBreakdowns =
    "age country device_platform dma frequency_value gender "
    "hourly_stats_aggregated_by_advertiser_time_zone hourly_stats_aggregated_by_audience_time_zone "
    "image_asset impression_device place_page_id platform_position product_id publisher_platform "
    "region title_asset video_asset body_asset link_url_asset call_to_action_asset "
    "description_asset";
constexpr std::string_view kHourly = "hourly_stats_aggregated_by_advertiser_time_zone";
/// The furthest back that insights reach.
constexpr months kHistory{37};

/// Combinations that Meta allows and the market can answer, words sorted.
struct Combination {
  std::string_view words;
  Breakdown market;
};
constexpr Combination kCombinations[] = {
    {"", Breakdown::kNone},
    {"age", Breakdown::kAgeGender},
    {"gender", Breakdown::kAgeGender},
    {"age gender", Breakdown::kAgeGender},
    {"country", Breakdown::kCountry},
    {"publisher_platform", Breakdown::kPlacement},
    {"platform_position publisher_platform", Breakdown::kPlacement},
    {"device_platform", Breakdown::kDevice},
    {"impression_device", Breakdown::kDevice},
    {kHourly, Breakdown::kNone},
};

Day AddMonths(Day day, months count) {
  const std::chrono::year_month_day date(day);
  const auto moved = std::chrono::year_month(date.year(), date.month()) + count;
  const auto last =
      std::chrono::year_month_day_last(moved.year(), std::chrono::month_day_last(moved.month()));
  return Day(std::chrono::local_days(moved / std::min(date.day(), last.day())));
}

Day FirstOfMonth(Day day) {
  const std::chrono::year_month_day date(day);
  return Day(std::chrono::local_days(date.year() / date.month() / 1));
}

Day FirstOfQuarter(Day day) {
  const std::chrono::year_month_day date(day);
  const unsigned month = (static_cast<unsigned>(date.month()) - 1) / 3 * 3 + 1;
  return Day(std::chrono::local_days(date.year() / std::chrono::month(month) / 1));
}

DayRange PresetRange(std::string_view preset, Day today) {
  const Day yesterday = today - days(1);
  const auto last = [&](int count) { return DayRange{today - days(count), yesterday}; };
  const unsigned since_sunday = std::chrono::weekday(today).c_encoding();
  const Day monday = today - days(std::chrono::weekday(today).iso_encoding() - 1);
  const Day sunday = today - days(since_sunday);
  const Day year_begin =
      Day(std::chrono::local_days(std::chrono::year_month_day(today).year() / 1 / 1));
  if (preset == "today") return {today, today};
  if (preset == "yesterday") return {yesterday, yesterday};
  if (preset == "last_3d") return last(3);
  if (preset == "last_7d") return last(7);
  if (preset == "last_14d") return last(14);
  if (preset == "last_28d") return last(28);
  if (preset == "last_90d") return last(90);
  if (preset == "this_month") return {FirstOfMonth(today), today};
  if (preset == "last_month") {
    const Day end = FirstOfMonth(today) - days(1);
    return {FirstOfMonth(end), end};
  }
  if (preset == "this_quarter") return {FirstOfQuarter(today), today};
  if (preset == "last_quarter") {
    const Day end = FirstOfQuarter(today) - days(1);
    return {FirstOfQuarter(end), end};
  }
  if (preset == "this_year") return {year_begin, today};
  if (preset == "last_year") return {AddMonths(year_begin, -months(12)), year_begin - days(1)};
  if (preset == "this_week_mon_today") return {monday, today};
  if (preset == "this_week_sun_today") return {sunday, today};
  if (preset == "last_week_mon_sun") return {monday - days(7), monday - days(1)};
  if (preset == "last_week_sun_sat") return {sunday - days(7), sunday - days(1)};
  if (preset == "maximum" || preset == "data_maximum") return {AddMonths(today, -kHistory), today};
  return last(30);
}

Graph<DayRange> ReadRange(const Json& range, Day today) {
  if (!range.is_object()) return RefuseParam("time_range must be {\"since\":..,\"until\":..}");
  Day ends[2];
  const std::string_view names[2] = {"since", "until"};
  for (int i = 0; i < 2; ++i) {
    const auto it = range.find(names[i]);
    const auto day = it != range.end() && it->is_string()
                         ? ParseDay(it->get_ref<const std::string&>())
                         : ParseDay("");
    if (!day) {
      return RefuseParam(
          fmt::format("Must be a date representation in the format YYYY-MM-DD: "
                      "time_range[{}]",
                      names[i]));
    }
    ends[i] = *day;
  }
  if (ends[1] < ends[0]) {
    return RefuseParam("time_range[since] must not be after time_range[until]");
  }
  if (ends[0] < AddMonths(today, -kHistory)) {
    return Refuse({.code = 3018,
                   .message = "(#3018) The start date of the time range cannot be beyond 37 months "
                              "from the current date"});
  }
  return DayRange{ends[0], ends[1]};
}

Graph<std::vector<DayRange>> ReadPeriods(const Params& params, Day today) {
  std::vector<DayRange> ranges;
  if (params.Has("time_ranges")) {
    auto list = params.Structure("time_ranges");
    if (!list) return Refuse(list.error());
    if (!list->is_array() || list->empty()) return RefuseParam("time_ranges must be an array");
    for (const Json& item : *list) {
      const auto range = ReadRange(item, today);
      if (!range) return Refuse(range.error());
      ranges.push_back(*range);
    }
    return ranges;  // time_increment is ignored beside time_ranges
  }
  if (params.Has("time_range")) {
    const auto item = params.Structure("time_range");
    if (!item) return Refuse(item.error());
    const auto range = ReadRange(*item, today);
    if (!range) return Refuse(range.error());
    ranges.push_back(*range);
  } else {
    const std::string preset = params.Text("date_preset").value_or("last_30d");
    if (!HasWord(kPresets, preset)) {
      return RefuseParam(fmt::format("Param date_preset must be one of {{{}}} - got \"{}\".",
                                     ListWords(kPresets), preset));
    }
    ranges.push_back(PresetRange(preset, today));
  }

  const std::string increment = params.Text("time_increment").value_or("all_days");
  if (increment == "all_days") return ranges;
  const DayRange whole = ranges.front();
  std::vector<DayRange> periods;
  if (increment == "monthly") {
    for (Day day = whole.since; day <= whole.until;) {
      const Day next = AddMonths(FirstOfMonth(day), months(1));
      periods.push_back({day, std::min(next - days(1), whole.until)});
      day = next;
    }
    return periods;
  }
  const auto step = params.Integer("time_increment");
  if (!step || **step < 1 || **step > 90) {
    return RefuseParam(fmt::format(
        "Param time_increment must be 1 to 90, monthly or all_days - got \"{}\".", increment));
  }
  for (Day day = whole.since; day <= whole.until; day += days(**step)) {
    periods.push_back({day, std::min(day + days(**step - 1), whole.until)});
  }
  return periods;
}

Graph<> ReadBreakdowns(const Params& params, InsightsQuery* query) {
  auto asked = params.List("breakdowns");
  if (!asked) return Refuse(asked.error());
  std::ranges::sort(*asked);
  const auto [from, to] = std::ranges::unique(*asked);
  asked->erase(from, to);
  std::string words;
  for (const std::string& word : *asked) {
    if (!HasWord(kBreakdowns, word)) {
      return RefuseParam(fmt::format("breakdowns[0] must be one of the following values: {}",
                                     ListWords(kBreakdowns)));
    }
    words += (words.empty() ? "" : " ") + word;
  }
  const auto invalid = [&](std::string_view columns) {
    return Refuse({.code = 2,
                   .subcode = 1504041,
                   .message = fmt::format("(#2) Current combination of data breakdown columns "
                                          "(action_type, {}) is invalid",
                                          columns)});
  };
  const auto* allowed =
      std::ranges::find(kCombinations, std::string_view(words), &Combination::words);
  if (allowed == std::end(kCombinations)) return invalid(ListWords(words));
  if (words == kHourly) {
    for (const std::string& field : query->fields) {
      if (HasWord("reach frequency cpp unique_clicks", field)) {
        return invalid(fmt::format("{}, {}", field, kHourly));
      }
    }
  }
  query->breakdowns = *std::move(asked);
  query->market_breakdown = allowed->market;
  return {};
}

Graph<Level> ReadLevel(const Params& params, Level node_level) {
  constexpr std::pair<std::string_view, Level> kLevels[] = {{"account", Level::kAccount},
                                                            {"campaign", Level::kCampaign},
                                                            {"adset", Level::kAdGroup},
                                                            {"ad", Level::kAd}};
  const auto text = params.Text("level");
  if (!text) return node_level;
  for (const auto& [word, level] : kLevels) {
    if (word != *text) continue;
    if (level < node_level) {
      return RefuseParam(fmt::format("level {} is above the object asked about", word));
    }
    return level;
  }
  return RefuseParam(fmt::format(
      "Param level must be one of {{ad, adset, campaign, account}} - got \"{}\".", *text));
}

}  // namespace

Graph<InsightsQuery> ReadInsightsQuery(const Params& params, const Account& account,
                                       Level node_level, const std::string& node_id, Instant now) {
  InsightsQuery query;
  query.node_level = node_level;
  query.node_id = node_id;
  const auto level = ReadLevel(params, node_level);
  if (!level) return Refuse(level.error());
  query.level = *level;
  const auto fields = FieldsOf(params);
  if (!fields) return Refuse(fields.error());
  for (const FieldNode& field : *fields) query.fields.push_back(field.name);
  if (query.fields.empty()) query.fields = {"impressions", "spend"};

  auto periods = ReadPeriods(params, account.zone().DayOf(now));
  if (!periods) return Refuse(periods.error());
  query.periods = *std::move(periods);
  if (auto ok = ReadBreakdowns(params, &query); !ok) return Refuse(ok.error());

  auto windows = params.List("action_attribution_windows");
  if (!windows) return Refuse(windows.error());
  for (std::string& window : *windows) {
    if (!HasWord(kWindows, window)) {
      return RefuseParam(
          fmt::format("action_attribution_windows[0] must be one of the following values: {}",
                      ListWords(kWindows)));
    }
    query.windows.push_back(std::move(window));
  }
  const auto action_breakdowns = params.List("action_breakdowns");
  if (!action_breakdowns) return Refuse(action_breakdowns.error());
  for (const std::string& word : *action_breakdowns) {
    if (word != "action_type") {
      return RefuseParam(
          fmt::format("action_breakdowns: only action_type is reported here - got \"{}\"", word));
    }
  }
  if (const auto when = params.Text("action_report_time");
      when && !HasWord("conversion impression lifetime mixed", *when)) {
    return RefuseParam(fmt::format(
        "Param action_report_time must be one of {{conversion, impression, lifetime, mixed}} - got "
        "\"{}\".",
        *when));
  }
  auto filters = ReadFilters(params,
                             "campaign.id adset.id ad.id campaign.name adset.name ad.name "
                             "campaign.effective_status adset.effective_status ad.effective_status "
                             "spend impressions clicks reach");
  if (!filters) return Refuse(filters.error());
  query.filters = *std::move(filters);
  auto sort = params.List("sort");
  if (!sort) return Refuse(sort.error());
  query.sort = *std::move(sort);
  if (params.Has("summary")) {
    auto summary = params.List("summary");
    if (!summary) return Refuse(summary.error());
    query.summary = *std::move(summary);
  }
  return query;
}

}  // namespace maxopt::sim::meta
