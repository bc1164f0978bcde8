#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <tuple>

#include "connect/tiktok/client.h"

namespace maxopt::tiktok {
namespace {

using std::chrono::days;

/// Days that one report with stat_time_day, or stat_time_hour, may span.
constexpr int kDaysByDay = 30;
constexpr int kDaysByHour = 1;
constexpr std::string_view kValueMetric = "total_complete_payment_rate";

/// TikTok writes "-" for what it does not report.
bool Untold(const std::string& text) { return text.empty() || text == "-"; }

std::string Number(const Json& metrics, std::string_view name) {
  const auto at = metrics.find(name);
  return at == metrics.end() ? std::string() : NumberText(*at).value_or(Text(metrics, name));
}

std::unexpected<Error> Strange(std::string_view name, std::string_view text) {
  return Fail(Errc::kBadAnswer,
              fmt::format("TikTok reports {} as \"{}\", which is no such number", name, text));
}

Result<std::optional<std::int64_t>> Count(const Json& metrics, std::string_view name) {
  const std::string text = Number(metrics, name);
  if (Untold(text)) return std::nullopt;
  std::int64_t count = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), count);
  if (error != std::errc() || end != text.data() + text.size() || count < 0) {
    return Strange(name, text);
  }
  return count;
}

Result<std::optional<Money>> Amount(const Json& metrics, std::string_view name, Currency currency) {
  const std::string text = Number(metrics, name);
  if (Untold(text)) return std::nullopt;
  // Reports are printed through floating point, so a seventh decimal is noise.
  const auto money = ParseMoneyRounding(text, currency);
  if (!money) return Strange(name, text);
  return money->money;
}

std::string Lower(std::string text) {
  for (char& c : text) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return text;
}

bool Nothing(const std::string& word) {
  return word.empty() || word == "-" || Lower(word) == "none" || Lower(word) == "unknown";
}

std::string Segment(Breakdown breakdown, const Json& dimensions) {
  switch (breakdown) {
    case Breakdown::kCountry: {
      const std::string code = Text(dimensions, "country_code");
      return Nothing(code) ? "unknown" : code;
    }
    case Breakdown::kDevice: {
      const std::string word = Lower(Text(dimensions, "platform"));
      if (word == "android" || word == "iphone" || word == "ios" || word == "phone") {
        return "mobile";
      }
      if (word == "ipad" || word == "tablet") return "tablet";
      if (word == "pc" || word == "windows" || word == "mac" || word == "desktop") return "desktop";
      return Nothing(word) ? "unknown" : word;
    }
    case Breakdown::kPlacement: {
      std::string word = Lower(Text(dimensions, "placement"));
      if (word.starts_with("placement_")) word = word.substr(10);
      return Nothing(word) ? "unknown" : word;
    }
    case Breakdown::kAgeGender: {
      std::string age = Text(dimensions, "age");
      if (age.starts_with("AGE_")) age = age.substr(4);
      std::replace(age.begin(), age.end(), '_', '-');
      if (age == "55-100") age = "55+";
      const std::string gender = Lower(Text(dimensions, "gender"));
      return (Nothing(age) ? "unknown" : age) + "/" + (Nothing(gender) ? "unknown" : gender);
    }
    case Breakdown::kNone:
    case Breakdown::kKeyword:
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
    case Breakdown::kCreative:
      break;
  }
  return {};
}

Result<std::vector<std::string>> AudienceDimensions(Breakdown breakdown) {
  switch (breakdown) {
    case Breakdown::kNone:
      return std::vector<std::string>{};
    case Breakdown::kCountry:
      return std::vector<std::string>{"country_code"};
    case Breakdown::kDevice:
      return std::vector<std::string>{"platform"};
    case Breakdown::kPlacement:
      return std::vector<std::string>{"placement"};
    case Breakdown::kAgeGender:
      return std::vector<std::string>{"age", "gender"};
    case Breakdown::kKeyword:
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
    case Breakdown::kCreative:
      break;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("TikTok has no reports by {}; it has country, age_gender, device and "
                          "placement",
                          BreakdownName(breakdown)));
}

Result<std::string> RowKey(const Json& entry) {
  const auto at = entry.find("dimensions");
  if (!entry.is_object() || at == entry.end() || !at->is_object()) {
    return Fail(Errc::kBadAnswer, "TikTok reported a row without dimensions; read again");
  }
  return PrintExactJson(*at);
}

void Add(std::optional<std::int64_t>& sum, const std::optional<std::int64_t>& more) {
  if (more) sum = sum.value_or(0) + *more;
}

Result<MetricRow> ToRow(const Context& context, const MetricQuery& query,
                        const std::string& value_metric, const Json& entry) {
  const Json& dimensions = entry.at("dimensions");
  const auto at = entry.find("metrics");
  if (at == entry.end() || !at->is_object()) {
    return Fail(Errc::kBadAnswer, "TikTok reported a row without metrics; read again");
  }
  const Json& metrics = *at;
  const bool hourly = query.grain == Grain::kHour;
  const char* time_name = hourly ? "stat_time_hour" : "stat_time_day";
  const auto time = ParseLocal(Text(dimensions, time_name));
  if (!time) return Strange(time_name, Text(dimensions, time_name));
  const Day day = std::chrono::floor<days>(*time);
  if (day < query.from || day > query.to) {
    return Fail(Errc::kBadAnswer,
                fmt::format("TikTok reported {}, outside the days {} to {} that were asked for",
                            PrintDay(day), PrintDay(query.from), PrintDay(query.to)));
  }
  MetricRow row{.day = day,
                .hour = std::nullopt,
                .campaign_id = {},
                .ad_group_id = {},
                .ad_id = {},
                .segment = Segment(query.breakdown, dimensions),
                .spend = Money::Zero(context.info.currency),
                .impressions = std::nullopt,
                .clicks = std::nullopt,
                .conversions_claimed = std::nullopt,
                .revenue_claimed = std::nullopt,
                .impression_share = std::nullopt};
  if (hourly) {
    row.hour =
        static_cast<int>(std::chrono::duration_cast<std::chrono::hours>(*time - day).count());
  }
  switch (query.level) {
    case Level::kAd: {
      MAXOPT_TRY(row.ad_id, Id(dimensions, "ad_id"));
      MAXOPT_TRY(row.ad_group_id, Id(metrics, "adgroup_id"));
      MAXOPT_TRY(row.campaign_id, Id(metrics, "campaign_id"));
      break;
    }
    case Level::kAdGroup: {
      MAXOPT_TRY(row.ad_group_id, Id(dimensions, "adgroup_id"));
      MAXOPT_TRY(row.campaign_id, Id(metrics, "campaign_id"));
      break;
    }
    case Level::kCampaign: {
      MAXOPT_TRY(row.campaign_id, Id(dimensions, "campaign_id"));
      break;
    }
    case Level::kAccount:
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  MAXOPT_TRY(const auto spend, Amount(metrics, "spend", context.info.currency));
  if (!spend) return Strange("spend", Number(metrics, "spend"));
  row.spend = *spend;
  MAXOPT_TRY(row.impressions, Count(metrics, "impressions"));
  MAXOPT_TRY(row.clicks, Count(metrics, "clicks"));
  MAXOPT_TRY(const auto conversions, Count(metrics, "conversion"));
  if (conversions) row.conversions_claimed = static_cast<double>(*conversions);
  MAXOPT_TRY(row.revenue_claimed, Amount(metrics, value_metric, context.info.currency));
  return row;
}

/// Adds rows that our words make one: phones of two systems are both "mobile".
void Merge(MetricRow& into, const MetricRow& row) {
  into.spend += row.spend;
  Add(into.impressions, row.impressions);
  Add(into.clicks, row.clicks);
  if (row.conversions_claimed) {
    into.conversions_claimed = into.conversions_claimed.value_or(0) + *row.conversions_claimed;
  }
  if (row.revenue_claimed) {
    if (into.revenue_claimed) {
      *into.revenue_claimed += *row.revenue_claimed;
    } else {
      into.revenue_claimed = row.revenue_claimed;
    }
  }
}

}  // namespace

Result<MetricReport> ReadMetrics(const Context& context, const MetricQuery& query,
                                 http::Deadline deadline) {
  if (query.to < query.from) {
    return Fail(Errc::kInvalidArgument, "a report ends on or after the day it begins on");
  }
  if (query.level == Level::kAsset) {
    return Fail(Errc::kInvalidArgument, "TikTok has no reports by asset here; ask by ad");
  }
  const bool hourly = query.grain == Grain::kHour;
  MAXOPT_TRY(const auto audience, AudienceDimensions(query.breakdown));
  if (hourly && !audience.empty()) {
    return Fail(Errc::kInvalidArgument, "TikTok has breakdowns by day only");
  }
  if (!audience.empty() && query.level == Level::kAccount) {
    return Fail(Errc::kInvalidArgument, "breakdowns are read by campaign, ad group or ad");
  }
  const auto set = context.settings.find("value_metric");
  const std::string value_metric =
      set == context.settings.end() ? std::string(kValueMetric) : set->second;

  Json metrics = {"spend", "impressions", "clicks", "conversion", value_metric};
  std::string data_level = "AUCTION_ADVERTISER";
  std::string id_dimension = "advertiser_id";
  if (query.level != Level::kAccount) {
    data_level = query.level == Level::kCampaign  ? "AUCTION_CAMPAIGN"
                 : query.level == Level::kAdGroup ? "AUCTION_ADGROUP"
                                                  : "AUCTION_AD";
    id_dimension = IdField(query.level);
    if (query.level != Level::kCampaign) metrics.push_back("campaign_id");
    if (query.level == Level::kAd) metrics.push_back("adgroup_id");
  }
  Json dimensions = {id_dimension, hourly ? "stat_time_hour" : "stat_time_day"};
  for (const std::string& name : audience) dimensions.push_back(name);
  Query base{{"advertiser_id", context.info.account.id},
             {"service_type", "AUCTION"},
             {"report_type", audience.empty() ? "BASIC" : "AUDIENCE"},
             {"data_level", data_level},
             {"dimensions", dimensions.dump()},
             {"metrics", metrics.dump()}};
  if (query.level != Level::kAccount) {
    // Without it, what deleted objects spent is missing.
    const Json filter = Json::array({{{"field_name", fmt::format("{}_status", Noun(query.level))},
                                      {"filter_type", "IN"},
                                      {"filter_value", R"(["STATUS_ALL"])"}}});
    base.emplace_back("filtering", filter.dump());
  }

  MetricReport report{.query = query,
                      .attribution_window = std::string(kAttributionWindow),
                      .rows = {},
                      .complete = true,
                      .incomplete_why = {}};
  const int step = hourly ? kDaysByHour : kDaysByDay;
  for (Day from = query.from; from <= query.to; from += days(step)) {
    const Day to = std::min(query.to, from + days(step - 1));
    Query asked = base;
    asked.emplace_back("start_date", PrintDay(from));
    asked.emplace_back("end_date", PrintDay(to));
    MAXOPT_TRY(const Client::Listed listed,
               context.client.List("report/integrated/get/", asked, RowKey, deadline));
    if (!listed.complete) {
      report.complete = false;
      report.incomplete_why = fmt::format("{} to {}: {}", PrintDay(from), PrintDay(to), listed.why);
      return report;
    }
    MetricQuery window = query;
    window.from = from;
    window.to = to;
    for (const Json& entry : listed.entries) {
      MAXOPT_TRY(MetricRow row, ToRow(context, window, value_metric, entry));
      report.rows.push_back(std::move(row));
    }
  }
  const auto key = [](const MetricRow& row) {
    return std::tie(row.day, row.hour, row.campaign_id, row.ad_group_id, row.ad_id, row.segment);
  };
  std::stable_sort(report.rows.begin(), report.rows.end(),
                   [&](const MetricRow& a, const MetricRow& b) { return key(a) < key(b); });
  std::vector<MetricRow> merged;
  for (MetricRow& row : report.rows) {
    if (!merged.empty() && key(merged.back()) == key(row)) {
      Merge(merged.back(), row);
    } else {
      merged.push_back(std::move(row));
    }
  }
  report.rows = std::move(merged);
  return report;
}

}  // namespace maxopt::tiktok
