#include "connect/google_ads/metrics.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <tuple>

#include "connect/google_ads/constants.h"
#include "connect/google_ads/rows.h"

namespace maxopt::google_ads {
namespace {

using Json = nlohmann::json;

/// Days asked for at once: a year of ads in one answer would be hundreds of megabytes.
constexpr std::chrono::days kDaysAtOnce{31};

/// How one kind of report is asked for.
struct Shape {
  std::string resource;
  std::vector<std::string> dimensions;  ///< selected fields that tell rows apart, day apart
  std::string also{};                   ///< selected as well, ", " first
  std::string where{};                  ///< a further condition, " AND " first
  bool rows_add_up = false;             ///< several rows of one key are parts of it
  bool impression_share = false;        ///< Google gives it only for whole campaigns and ad groups
};

/// Everything that an audience criterion can name, of the resource that holds it.
std::string AudienceFields(std::string_view criterion, bool of_ad_group) {
  std::string fields;
  for (const std::string_view field :
       {"type", "display_name", "user_list.user_list", "user_interest.user_interest_category",
        "custom_audience.custom_audience", "combined_audience.combined_audience"}) {
    fields += fmt::format(", {}.{}", criterion, field);
  }
  if (of_ad_group) fields += fmt::format(", {}.audience.audience", criterion);
  return fields;
}

/// Reports that come from two places: an audience hangs at the ad group or at the campaign, and the
/// searches of Performance Max are not in the view of all the others. What both tell adds up.
std::vector<Shape> ShapesOf(Breakdown breakdown) {
  if (breakdown == Breakdown::kSearchTerm) {
    return {{.resource = "search_term_view",
             .dimensions = {"campaign.id", "ad_group.id", "search_term_view.search_term"},
             .rows_add_up = true},
            {.resource = "campaign_search_term_view",
             .dimensions = {"campaign.id", "campaign_search_term_view.search_term"},
             .where = " AND campaign.advertising_channel_type = 'PERFORMANCE_MAX'",
             .rows_add_up = true}};
  }
  return {{.resource = "ad_group_audience_view",
           .dimensions = {"campaign.id", "ad_group.id", "ad_group_criterion.criterion_id"},
           .also = AudienceFields("ad_group_criterion", true),
           .rows_add_up = true},
          {.resource = "campaign_audience_view",
           .dimensions = {"campaign.id", "campaign_criterion.criterion_id"},
           .also = AudienceFields("campaign_criterion", false),
           .rows_add_up = true}};
}

Result<std::vector<Shape>> ShapesOf(const MetricQuery& query) {
  Shape shape;
  switch (query.level) {
    case Level::kAccount:
      shape = {.resource = "customer", .dimensions = {"customer.id"}};
      break;
    case Level::kCampaign:
      shape = {.resource = "campaign", .dimensions = {"campaign.id"}, .impression_share = true};
      break;
    case Level::kAdGroup:
      shape = {.resource = "ad_group",
               .dimensions = {"campaign.id", "ad_group.id"},
               .impression_share = true};
      break;
    case Level::kAd:
      shape = {.resource = "ad_group_ad",
               .dimensions = {"campaign.id", "ad_group.id", "ad_group_ad.ad.id"}};
      break;
    case Level::kConversion:
    case Level::kAsset:
      return Fail(Errc::kInvalidArgument, "Google Ads reports no costs by asset");
  }
  const bool by_campaign = query.level == Level::kCampaign;
  if (query.grain == Grain::kHour) {
    if (!by_campaign || query.breakdown != Breakdown::kNone) {
      return Fail(Errc::kInvalidArgument,
                  "hours are read by campaign and without a breakdown from Google Ads");
    }
    shape.dimensions.emplace_back("segments.hour");
    shape.impression_share = false;
  }
  if (query.breakdown == Breakdown::kNone) return std::vector{std::move(shape)};
  shape.impression_share = false;
  if (!by_campaign) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("the breakdown {} is read by campaign from Google Ads, not by {}",
                            BreakdownName(query.breakdown), LevelName(query.level)));
  }
  switch (query.breakdown) {
    case Breakdown::kDevice:
      shape.dimensions.emplace_back("segments.device");
      return std::vector{std::move(shape)};
    case Breakdown::kPlacement:
      shape.dimensions.emplace_back("segments.ad_network_type");
      return std::vector{std::move(shape)};
    case Breakdown::kCountry:
      // Two rows for a country: people who are there and people interested in it. They add up.
      shape.resource = "geographic_view";
      shape.rows_add_up = true;
      shape.dimensions.emplace_back("geographic_view.country_criterion_id");
      shape.dimensions.emplace_back("geographic_view.location_type");
      return std::vector{std::move(shape)};
    case Breakdown::kKeyword:
      // One row for a keyword of an ad group; the same keyword in two of them adds up.
      shape.resource = "keyword_view";
      shape.rows_add_up = true;
      shape.dimensions = {"campaign.id", "ad_group.id", "ad_group_criterion.criterion_id",
                          "ad_group_criterion.keyword.text",
                          "ad_group_criterion.keyword.match_type"};
      return std::vector{std::move(shape)};
    case Breakdown::kSearchTerm:
    case Breakdown::kAudience:
      return ShapesOf(query.breakdown);
    case Breakdown::kNone:
    case Breakdown::kAgeGender:
    case Breakdown::kCreative:
      break;
  }
  return Fail(Errc::kInvalidArgument, fmt::format("the breakdown {} is not read from Google Ads",
                                                  BreakdownName(query.breakdown)));
}

/// "user_list:4001 Buyers": the kind, the id, and the name where Google gives one.
Result<std::string> AudienceOf(const Json& row) {
  const Json* criterion = At(row, "adGroupCriterion");
  if (criterion == nullptr) criterion = At(row, "campaignCriterion");
  if (criterion == nullptr) {
    return Fail(Errc::kBadAnswer, "Google Ads answered a row of an audience without its criterion");
  }
  MAXOPT_TRY(const std::string type, Text(*criterion, "type"));
  MAXOPT_TRY(const std::string name, Text(*criterion, "displayName"));
  std::string id;
  for (const char* path :
       {"userList.userList", "userInterest.userInterestCategory", "customAudience.customAudience",
        "combinedAudience.combinedAudience", "audience.audience"}) {
    MAXOPT_TRY(const std::string resource, Text(*criterion, path));
    if (!resource.empty()) id = LastId(resource).empty() ? resource : LastId(resource);
  }
  // Kinds that name no resource (life events, detailed demographics) have their criterion's id.
  if (id.empty()) {
    MAXOPT_TRY(id, Id(*criterion, "criterionId"));
  }
  return fmt::format("{}:{}{}{}", type.empty() ? "audience" : Lower(type), id,
                     name.empty() ? "" : " ", name);
}

Result<std::string> SearchTermOf(const Json& row) {
  MAXOPT_TRY(std::string term, Text(row, "searchTermView.searchTerm"));
  if (term.empty()) {
    MAXOPT_TRY(term, Text(row, "campaignSearchTermView.searchTerm"));
  }
  if (term.empty()) {
    return Fail(Errc::kBadAnswer, "Google Ads answered a row of a search term without the term");
  }
  return term;
}

Result<std::string> SegmentOf(const Json& row, Breakdown breakdown) {
  switch (breakdown) {
    case Breakdown::kDevice: {
      MAXOPT_TRY(const std::string device, Text(row, "segments.device"));
      return Lower(device);
    }
    case Breakdown::kPlacement: {
      MAXOPT_TRY(const std::string network, Text(row, "segments.adNetworkType"));
      return Lower(network);
    }
    case Breakdown::kCountry: {
      MAXOPT_TRY(const std::string criterion, Text(row, "geographicView.countryCriterionId"));
      return CountryOf(criterion);
    }
    case Breakdown::kKeyword: {
      MAXOPT_TRY(const std::string text, Text(row, "adGroupCriterion.keyword.text"));
      MAXOPT_TRY(const std::string match, Text(row, "adGroupCriterion.keyword.matchType"));
      return fmt::format("{}:{}", Lower(match), text);
    }
    case Breakdown::kSearchTerm:
      return SearchTermOf(row);
    case Breakdown::kAudience:
      return AudienceOf(row);
    case Breakdown::kNone:
    case Breakdown::kAgeGender:
    case Breakdown::kCreative:
      return std::string();
  }
  Bug();
}

Result<MetricRow> RowOf(const Json& row, const MetricQuery& query, Currency currency, Day from,
                        Day to) {
  MetricRow metric{from, {}, {}, {}, {}, {}, Money::Zero(currency), {}, {}, {}, {}, {}};
  MAXOPT_TRY(const std::string day, Text(row, "segments.date"));
  const auto parsed = ParseDay(day);
  if (!parsed || *parsed < from || *parsed > to) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered a row of day \"{}\" when asked "
                                              "for {} to {}",
                                              day, PrintDay(from), PrintDay(to)));
  }
  metric.day = *parsed;
  if (query.grain == Grain::kHour) {
    MAXOPT_TRY(const auto hour, Integer(row, "segments.hour"));
    // Hour 0 is the default of its type, which some serialisers leave out.
    const std::int64_t value = hour.value_or(0);
    if (value < 0 || value > 23) {
      return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered hour {}", value));
    }
    metric.hour = static_cast<int>(value);
  }
  if (query.level != Level::kAccount) {
    MAXOPT_TRY(metric.campaign_id, Id(row, "campaign.id"));
  }
  if (query.level == Level::kAdGroup || query.level == Level::kAd) {
    MAXOPT_TRY(metric.ad_group_id, Id(row, "adGroup.id"));
  }
  if (query.level == Level::kAd) {
    MAXOPT_TRY(metric.ad_id, Id(row, "adGroupAd.ad.id"));
  }
  MAXOPT_TRY(metric.segment, SegmentOf(row, query.breakdown));
  MAXOPT_TRY(const auto cost, Integer(row, "metrics.costMicros"));
  if (!cost) {
    return Fail(Errc::kBadAnswer,
                fmt::format("Google Ads answered a row of {} without its costs", day));
  }
  metric.spend = Money::Micros(*cost, currency);
  MAXOPT_TRY(metric.impressions, Integer(row, "metrics.impressions"));
  MAXOPT_TRY(metric.clicks, Integer(row, "metrics.clicks"));
  if (*cost < 0 || metric.impressions.value_or(0) < 0 || metric.clicks.value_or(0) < 0) {
    return Fail(Errc::kBadAnswer, fmt::format("Google Ads answered costs or counts below zero on "
                                              "{}",
                                              day));
  }
  MAXOPT_TRY(metric.conversions_claimed, Real(row, "metrics.conversions"));
  MAXOPT_TRY(metric.revenue_claimed, Amount(row, "metrics.conversionsValue", currency));
  MAXOPT_TRY(metric.impression_share, Real(row, "metrics.searchImpressionShare"));
  MAXOPT_TRY(metric.lost_to_budget, Real(row, "metrics.searchBudgetLostImpressionShare"));
  MAXOPT_TRY(metric.lost_to_rank, Real(row, "metrics.searchRankLostImpressionShare"));
  for (const auto& share : {metric.impression_share, metric.lost_to_budget, metric.lost_to_rank}) {
    if (share && !(*share >= 0 && *share <= 1)) {
      return Fail(Errc::kBadAnswer,
                  fmt::format("Google Ads answered an impression share of {}", *share));
    }
  }
  return metric;
}

/// Adds `part` to `sum`, which is absent only where every part is. False when it leaves int64.
bool AddMicros(std::int64_t& sum, std::int64_t part) {
  return !__builtin_add_overflow(sum, part, &sum);
}
bool Add(std::optional<std::int64_t>& sum, std::optional<std::int64_t> part) {
  if (part && !sum) sum = 0;
  return !part || AddMicros(*sum, *part);
}
bool Add(std::optional<Money>& sum, std::optional<Money> part) {
  if (!part) return true;
  std::int64_t micros = sum ? sum->micros() : 0;
  if (!AddMicros(micros, part->micros())) return false;
  sum = Money::Micros(micros, part->currency());
  return true;
}

/// Puts two rows of one key together: parts of one country or keyword.
bool AddRow(MetricRow& sum, const MetricRow& part) {
  std::optional<Money> spend = sum.spend;
  const bool fits = Add(spend, part.spend) && Add(sum.impressions, part.impressions) &&
                    Add(sum.clicks, part.clicks) && Add(sum.revenue_claimed, part.revenue_claimed);
  sum.spend = *spend;
  if (part.conversions_claimed) {
    sum.conversions_claimed = sum.conversions_claimed.value_or(0) + *part.conversions_claimed;
  }
  return fits;
}

using Key = std::tuple<Day, int, std::string, std::string, std::string, std::string>;

/// One question over all of the query's days; adds to `rows` and may make the report incomplete.
Result<> Read(const Client& client, const AccountInfo& account, const Shape& shape,
              http::Deadline deadline, MetricReport& report, std::map<Key, MetricRow>& rows) {
  const MetricQuery& query = report.query;
  for (Day from = query.from; from <= query.to; from += kDaysAtOnce) {
    const Day to = std::min(query.to, from + kDaysAtOnce - std::chrono::days(1));
    std::string select = "SELECT segments.date";
    std::string order = "segments.date";
    for (const std::string& dimension : shape.dimensions) {
      select += ", " + dimension;
      order += ", " + dimension;
    }
    select += shape.also;
    select +=
        ", metrics.cost_micros, metrics.impressions, metrics.clicks, metrics.conversions, "
        "metrics.conversions_value";
    if (shape.impression_share) {
      select += ", metrics.search_impression_share, metrics.search_rank_lost_impression_share";
      // Budgets are of campaigns, so ad groups have no share that is lost to one.
      if (query.level == Level::kCampaign) {
        select += ", metrics.search_budget_lost_impression_share";
      }
    }
    MAXOPT_TRY(const auto answer,
               client.Search(account.account.id,
                             fmt::format("{} FROM {} WHERE segments.date BETWEEN '{}' AND '{}'{} "
                                         "ORDER BY {}",
                                         select, shape.resource, PrintDay(from), PrintDay(to),
                                         shape.where, order),
                             deadline));
    if (!answer.complete && report.complete) {
      report.complete = false;
      report.incomplete_why = fmt::format("{} to {}: {}", PrintDay(from), PrintDay(to), answer.why);
    }
    for (const Json& json : answer.rows) {
      MAXOPT_TRY(MetricRow row, RowOf(json, query, account.currency, from, to));
      const Key key{row.day,   row.hour.value_or(0), row.campaign_id, row.ad_group_id,
                    row.ad_id, row.segment};
      const auto [at, is_new] = rows.try_emplace(key, row);
      if (is_new) continue;
      if (!shape.rows_add_up) {
        return Fail(Errc::kBadAnswer,
                    fmt::format("Google Ads answered two different rows for campaign {} on {}; "
                                "which one is right cannot be told",
                                row.campaign_id, PrintDay(row.day)));
      }
      if (!AddRow(at->second, row)) {
        return Fail(Errc::kBadAnswer, "Google Ads answered amounts beyond what any account has");
      }
    }
  }
  return {};
}

}  // namespace

Result<MetricReport> ReadMetrics(const Client& client, const AccountInfo& account,
                                 const MetricQuery& query, http::Deadline deadline) {
  if (query.to < query.from) {
    return Fail(Errc::kInvalidArgument, fmt::format("a report from {} to {} ends before it starts",
                                                    PrintDay(query.from), PrintDay(query.to)));
  }
  MAXOPT_TRY(const std::vector<Shape> shapes, ShapesOf(query));
  MetricReport report{};
  report.query = query;
  report.attribution_window = std::string(kAttributionWindow);
  std::map<Key, MetricRow> rows;
  for (const Shape& shape : shapes) {
    MAXOPT_CHECK(Read(client, account, shape, deadline, report, rows));
  }
  for (auto& [key, row] : rows) report.rows.push_back(std::move(row));
  return report;
}

}  // namespace maxopt::google_ads
