#include <fmt/format.h>

#include <algorithm>

#include "sim/tiktok/state.h"

namespace maxopt::sim::tiktok {
namespace {

constexpr std::string_view kMetrics =
    "spend impressions clicks ctr cpc cpm conversion cost_per_conversion conversion_rate "
    "conversion_rate_v2 real_time_conversion real_time_cost_per_conversion "
    "real_time_conversion_rate result cost_per_result result_rate complete_payment "
    "cost_per_complete_payment complete_payment_rate total_complete_payment_rate "
    "value_per_complete_payment complete_payment_roas total_purchase total_purchase_value";
/// Attributes of the object that are asked for like metrics, from the level on.
constexpr std::string_view kAccountAttributes = "advertiser_id advertiser_name currency";
constexpr std::string_view kCampaignAttributes = "campaign_id campaign_name objective_type";
constexpr std::string_view kAdGroupAttributes = "adgroup_id adgroup_name";
constexpr std::string_view kAdAttributes = "ad_id ad_name ad_text";
constexpr std::int64_t kDaysByDay = 30;
constexpr std::int64_t kDaysByHour = 1;
constexpr std::int64_t kDaysWhole = 365;
constexpr std::size_t kAdvertisersMax = 5;

enum class Time { kNone, kDay, kHour };

struct Sums {
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  std::int64_t conversions = 0;
  std::int64_t revenue_micros = 0;
  void Add(const Sums& other) {
    spend_micros += other.spend_micros;
    impressions += other.impressions;
    clicks += other.clicks;
    conversions += other.conversions;
    revenue_micros += other.revenue_micros;
  }
};

/// A validated question.
struct Query {
  std::vector<std::string> advertisers;
  Level level = Level::kCampaign;
  std::string id_dimension;
  Time time = Time::kNone;
  std::vector<std::string> audience;  ///< age, gender, country_code, platform, placement
  Breakdown breakdown = Breakdown::kNone;
  std::vector<std::string> metrics;
  bool lifetime = false;
  Day from;
  Day to;
  std::map<std::string, std::vector<std::string>> ids;  ///< "campaign_ids" -> ids
  std::string status = "STATUS_NOT_DELETE";
  std::string order_field;
  bool descending = true;
};

std::string Cents(std::int64_t micros) {
  const std::int64_t cents = (std::abs(micros) + 5'000) / 10'000;
  return fmt::format("{}{}.{:02}", micros < 0 && cents > 0 ? "-" : "", cents / 100, cents % 100);
}

/// a / b with two decimals; "-" when there is nothing to divide by.
std::string Ratio(double a, double b) {
  if (b == 0) return "-";
  return fmt::format("{:.2f}", a / b);
}

std::string Metric(std::string_view name, const Sums& sums) {
  const auto spend = static_cast<double>(sums.spend_micros) / 1e6;
  const auto revenue = static_cast<double>(sums.revenue_micros) / 1e6;
  const auto impressions = static_cast<double>(sums.impressions);
  const auto clicks = static_cast<double>(sums.clicks);
  const auto conversions = static_cast<double>(sums.conversions);
  if (name == "spend") return Cents(sums.spend_micros);
  if (name == "impressions") return std::to_string(sums.impressions);
  if (name == "clicks") return std::to_string(sums.clicks);
  if (name == "ctr") return Ratio(clicks * 100, impressions);
  if (name == "cpc") return Ratio(spend, clicks);
  if (name == "cpm") return Ratio(spend * 1000, impressions);
  if (IsOneOf("conversion real_time_conversion result complete_payment total_purchase", name)) {
    return std::to_string(sums.conversions);
  }
  if (IsOneOf("cost_per_conversion real_time_cost_per_conversion cost_per_result "
              "cost_per_complete_payment",
              name)) {
    return Ratio(spend, conversions);
  }
  if (IsOneOf("conversion_rate real_time_conversion_rate complete_payment_rate", name)) {
    return Ratio(conversions * 100, clicks);
  }
  if (IsOneOf("conversion_rate_v2 result_rate", name)) return Ratio(conversions * 100, impressions);
  // The platform's own name for the total value of completed payments.
  if (IsOneOf("total_complete_payment_rate total_purchase_value", name)) {
    return Cents(sums.revenue_micros);
  }
  if (name == "value_per_complete_payment") return Ratio(revenue, conversions);
  if (name == "complete_payment_roas") return Ratio(revenue, spend);
  Bug();
}

Api<Level> DataLevel(const std::string& word) {
  if (word == "AUCTION_ADVERTISER") return Level::kAccount;
  if (word == "AUCTION_CAMPAIGN") return Level::kCampaign;
  if (word == "AUCTION_ADGROUP") return Level::kAdGroup;
  if (word == "AUCTION_AD") return Level::kAd;
  return Refuse(kBadParameter, fmt::format("data_level: {} is not served.", word));
}

std::string IdDimension(Level level) {
  return level == Level::kAccount ? "advertiser_id" : IdField(level);
}

bool HasAttribute(Level level, std::string_view name) {
  if (IsOneOf(kAccountAttributes, name)) return true;
  if (level == Level::kAccount) return false;
  if (IsOneOf(kCampaignAttributes, name)) return true;
  if (level == Level::kCampaign) return false;
  if (IsOneOf(kAdGroupAttributes, name)) return true;
  return level == Level::kAd && IsOneOf(kAdAttributes, name);
}

std::string StatusFilter(Level level) {
  return level == Level::kCampaign  ? "campaign_status"
         : level == Level::kAdGroup ? "adgroup_status"
                                    : "ad_status";
}

Api<> ReadDimensions(const std::vector<std::string>& dimensions, bool audience_report,
                     Query& query) {
  for (const std::string& name : dimensions) {
    if (name == "stat_time_day" || name == "stat_time_hour") {
      if (query.time != Time::kNone) {
        return Refuse(kBadParameter, "dimensions: At most one time dimension.");
      }
      query.time = name == "stat_time_day" ? Time::kDay : Time::kHour;
    } else if (name == IdDimension(query.level)) {
      query.id_dimension = name;
    } else if (IsOneOf("advertiser_id campaign_id adgroup_id ad_id", name)) {
      return Refuse(kBadParameter,
                    fmt::format("dimensions: {} does not go with the data_level.", name));
    } else if (audience_report && IsOneOf("age gender country_code platform placement", name)) {
      query.audience.push_back(name);
    } else {
      return Refuse(kBadParameter, fmt::format("dimensions: {} is not a dimension here.", name));
    }
  }
  if (!audience_report) {
    if (dimensions.empty()) {
      return Refuse(kBadParameter, "dimensions: Missing data for required field.");
    }
    return {};
  }
  std::string kinds;
  for (const std::string& name : query.audience) {
    query.breakdown = name == "country_code" ? Breakdown::kCountry
                      : name == "platform"   ? Breakdown::kDevice
                      : name == "placement"  ? Breakdown::kPlacement
                                             : Breakdown::kAgeGender;
    kinds += name + " ";
  }
  const bool pair = kinds == "age gender " || kinds == "gender age ";
  if (query.audience.empty() || (query.audience.size() > 1 && !pair)) {
    return Refuse(kBadParameter, "dimensions: One audience dimension, or age and gender together.");
  }
  if (query.time == Time::kHour) {
    return Refuse(kBadParameter, "dimensions: stat_time_hour is not in audience reports.");
  }
  return {};
}

Api<> ReadFilters(const Json& filtering, Query& query) {
  if (!filtering.is_array()) return Refuse(kBadParameter, "filtering: Not a valid list.");
  for (const Json& filter : filtering) {
    MAXOPT_TRY(const std::string name, NeedText(filter, "field_name"));
    MAXOPT_TRY(const std::string type, NeedText(filter, "filter_type"));
    if (type != "IN") {
      return Refuse(kBadParameter, fmt::format("filtering: {} is not served.", type));
    }
    Json value = filter.value("filter_value", Json());
    if (value.is_string()) {
      auto list = ParseExactJson(value.get_ref<const std::string&>());
      if (!list) return Refuse(kBadParameter, "filtering.filter_value: Not a valid JSON array.");
      value = std::move(*list);
    }
    MAXOPT_TRY(auto values, TextList(value, "filtering.filter_value", 100));
    if (IsOneOf("campaign_ids adgroup_ids ad_ids", name)) {
      query.ids[name] = std::move(values);
    } else if (query.level != Level::kAccount && name == StatusFilter(query.level)) {
      if (values.size() != 1 || !IsOneOf("STATUS_ALL STATUS_NOT_DELETE STATUS_DELETE", values[0])) {
        return Refuse(kBadParameter, "filtering: Not a valid status.");
      }
      query.status = values[0];
    } else {
      return Refuse(kBadParameter, fmt::format("filtering: {} is not a filter here.", name));
    }
  }
  return {};
}

Api<> ReadDays(const Json& raw, Query& query) {
  query.lifetime = raw.value("query_lifetime", false);
  if (query.lifetime) {
    if (query.time != Time::kNone) {
      return Refuse(kBadParameter, "query_lifetime: Not with a time dimension.");
    }
    return {};
  }
  MAXOPT_TRY(const std::string start, NeedText(raw, "start_date"));
  MAXOPT_TRY(const std::string end, NeedText(raw, "end_date"));
  const auto from = ParseDay(start);
  const auto to = ParseDay(end);
  if (!from || !to) {
    return Refuse(kBadParameter, "start_date, end_date: Not valid dates; use yyyy-MM-dd.");
  }
  if (*to < *from) {
    return Refuse(kBadParameter, "end_date: It must not be before the start_date.");
  }
  query.from = *from;
  query.to = *to;
  const std::int64_t most = query.time == Time::kDay    ? kDaysByDay
                            : query.time == Time::kHour ? kDaysByHour
                                                        : kDaysWhole;
  if ((*to - *from).count() + 1 > most) {
    return Refuse(kBadParameter, fmt::format("start_date, end_date: At most {} days with {}.", most,
                                             query.time == Time::kDay    ? "stat_time_day"
                                             : query.time == Time::kHour ? "stat_time_hour"
                                                                         : "no time dimension"));
  }
  return {};
}

Api<Query> ReadQuery(const Json& raw) {
  Query query;
  if (raw.contains("advertiser_ids") && !raw.at("advertiser_ids").empty()) {
    MAXOPT_TRY(query.advertisers,
               TextList(raw.at("advertiser_ids"), "advertiser_ids", kAdvertisersMax));
  } else {
    MAXOPT_TRY(const std::string one, NeedText(raw, "advertiser_id"));
    query.advertisers = {one};
  }
  MAXOPT_TRY(const std::string type, NeedText(raw, "report_type"));
  if (type != "BASIC" && type != "AUDIENCE") {
    return Refuse(kBadParameter, fmt::format("report_type: {} is not served.", type));
  }
  if (TextOr(raw, "service_type", "AUCTION") != "AUCTION") {
    return Refuse(kBadParameter, "service_type: Only AUCTION is served.");
  }
  MAXOPT_TRY(const std::string level, NeedText(raw, "data_level"));
  MAXOPT_TRY(query.level, DataLevel(level));
  MAXOPT_TRY(const auto dimensions,
             TextList(raw.value("dimensions", Json::array()), "dimensions", 4));
  MAXOPT_CHECK(ReadDimensions(dimensions, type == "AUDIENCE", query));
  MAXOPT_TRY(query.metrics,
             TextList(raw.value("metrics", Json::array({"spend", "impressions"})), "metrics", 100));
  for (const std::string& metric : query.metrics) {
    const bool attribute = !query.id_dimension.empty() && HasAttribute(query.level, metric);
    if (!IsOneOf(kMetrics, metric) && !attribute) {
      return Refuse(kBadParameter, fmt::format("metrics: {} is not a metric here.", metric));
    }
  }
  MAXOPT_CHECK(ReadFilters(raw.value("filtering", Json::array()), query));
  MAXOPT_CHECK(ReadDays(raw, query));
  query.order_field = TextOr(raw, "order_field", "");
  query.descending = TextOr(raw, "order_type", "DESC") != "ASC";
  if (!query.order_field.empty() && std::find(query.metrics.begin(), query.metrics.end(),
                                              query.order_field) == query.metrics.end()) {
    return Refuse(kBadParameter, "order_field: It must be one of the metrics.");
  }
  return query;
}

/// "25-34/female" -> the platform's word for the dimension. The market knows no phone systems, so
/// every phone is an Android.
std::string AudienceWord(std::string_view dimension, const std::string& segment) {
  const std::size_t slash = segment.find('/');
  const std::string age = segment.substr(0, slash);
  const std::string gender = slash == std::string::npos ? "" : segment.substr(slash + 1);
  if (dimension == "gender") {
    return gender == "female" ? "FEMALE" : gender == "male" ? "MALE" : "NONE";
  }
  if (dimension == "age") {
    if (age == "55-64" || age == "65+") return "AGE_55_100";
    std::string word = "AGE_" + age;
    std::replace(word.begin(), word.end(), '-', '_');
    return IsOneOf(EnumWords("age_groups"), word) ? word : "NONE";
  }
  if (dimension == "platform") {
    return segment == "mobile" ? "ANDROID" : segment == "tablet" ? "IPAD" : "PC";
  }
  if (dimension == "placement") {
    std::string word = "PLACEMENT_" + segment;
    for (char& c : word) {
      if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    }
    return word;
  }
  return segment;
}

std::string IdOf(const Query& query, const std::string& advertiser, const ReportRow& row) {
  switch (query.level) {
    case Level::kAccount:
      return advertiser;
    case Level::kCampaign:
      return row.campaign_id;
    case Level::kAdGroup:
      return row.ad_group_id;
    case Level::kAd:
      return row.ad_id;
    case Level::kConversion:
    case Level::kAsset:
      break;
  }
  Bug();
}

bool PassesIds(const Query& query, const ReportRow& row) {
  const auto in = [&](const std::string& name, const std::string& id) {
    const auto at = query.ids.find(name);
    return at == query.ids.end() ||
           std::find(at->second.begin(), at->second.end(), id) != at->second.end();
  };
  return in("campaign_ids", row.campaign_id) && in("adgroup_ids", row.ad_group_id) &&
         in("ad_ids", row.ad_id);
}

std::string Attribute(std::string_view name, const Account& account, const Object* object) {
  if (name == "advertiser_id") return account.id();
  if (name == "advertiser_name") return account.served.name;
  if (name == "currency") return std::string(account.served.setup.currency.name());
  if (object == nullptr) return "-";
  if (name == "campaign_id") {
    return object->level == Level::kCampaign ? object->id : object->campaign_id;
  }
  if (name == "adgroup_id") {
    return object->level == Level::kAdGroup ? object->id : object->parent_id;
  }
  if (name == "ad_id") return object->id;
  const Object* owner = object;
  if (IsOneOf(kCampaignAttributes, name) && object->level != Level::kCampaign) {
    owner = account.Find(Level::kCampaign, object->campaign_id);
  }
  if (IsOneOf(kAdGroupAttributes, name) && object->level == Level::kAd) {
    owner = account.Find(Level::kAdGroup, object->parent_id);
  }
  return TextOr(owner->fields, name, "-");
}

}  // namespace

struct TikTokServer::ReportAnswer {
  std::vector<Json> rows;
  Json total = Json::object();
  std::vector<std::string> dimensions;
  std::vector<std::string> metrics;
};

Api<TikTokServer::ReportAnswer> TikTokServer::RunReport(const Json& raw) {
  MAXOPT_TRY(const Query query, ReadQuery(raw));
  const Instant now = clock_.Now();
  struct Part {
    Account* account;
    std::vector<sim::ReportRow> rows;
  };
  std::vector<Part> parts;
  for (const std::string& id : query.advertisers) {
    const auto at = accounts_.find(id);
    if (at == accounts_.end()) {
      return Refuse(kNoPermission, fmt::format("No permission to operate advertiser {}.", id));
    }
    const AccountSetup& setup = at->second->served.setup;
    if (setup.currency != accounts_.at(query.advertisers[0])->served.setup.currency) {
      return Refuse(kBadParameter, "advertiser_ids: The accounts have different currencies.");
    }
    const Day first = setup.zone.DayOf(market_.options().start);
    parts.push_back(
        {at->second.get(), market_.Report({.account = setup.account,
                                           .from = query.lifetime ? first : query.from,
                                           .to = query.lifetime ? setup.zone.DayOf(now) : query.to,
                                           .breakdown = query.breakdown,
                                           .as_of = now})});
  }
  const std::scoped_lock lock(mutex_);
  using Key = std::vector<std::string>;  // dimension values, then the index of the account
  std::map<Key, Sums> groups;
  Sums total;
  for (std::size_t p = 0; p < parts.size(); ++p) {
    const Account& account = *parts[p].account;
    std::map<std::string, bool> shown;  // by id: passes the status filter
    for (const ReportRow& row : parts[p].rows) {
      if (!PassesIds(query, row)) continue;
      const std::string id = IdOf(query, account.id(), row);
      if (query.level != Level::kAccount && query.status != "STATUS_ALL") {
        const auto [at, added] = shown.try_emplace(id, true);
        if (added) {
          const Object* object = account.Find(query.level, id);
          const bool gone = object == nullptr || PrimaryStatus(SecondaryStatus(
                                                     account, *object, now)) == "STATUS_DELETE";
          at->second = gone == (query.status == "STATUS_DELETE");
        }
        if (!at->second) continue;
      }
      Key key;
      if (query.time != Time::kNone) {
        key.push_back(fmt::format("{} {:02}:00:00", PrintDay(row.day),
                                  query.time == Time::kHour ? row.hour : 0));
      }
      if (!query.id_dimension.empty()) key.push_back(id);
      for (const std::string& name : query.audience) {
        key.push_back(AudienceWord(name, row.segment));
      }
      key.push_back(std::to_string(p));
      Sums sums{
          .spend_micros = row.spend_micros, .impressions = row.impressions, .clicks = row.clicks};
      const Object* group = account.Find(Level::kAdGroup, row.ad_group_id);
      const auto counts = [&](std::string_view window) {
        return group == nullptr || TextOr(group->fields, window, "") != "OFF";
      };
      if (counts("click_attribution_window")) {
        sums.conversions += row.conversions_click;
        sums.revenue_micros += row.revenue_click_micros;
      }
      if (counts("view_attribution_window")) {
        sums.conversions += row.conversions_view;
        sums.revenue_micros += row.revenue_view_micros;
      }
      groups[key].Add(sums);
      total.Add(sums);
    }
  }
  ReportAnswer answer;
  answer.metrics = query.metrics;
  if (query.time != Time::kNone) {
    answer.dimensions.push_back(query.time == Time::kDay ? "stat_time_day" : "stat_time_hour");
  }
  if (!query.id_dimension.empty()) answer.dimensions.push_back(query.id_dimension);
  for (const std::string& name : query.audience) answer.dimensions.push_back(name);
  for (const auto& [key, sums] : groups) {
    const Account& account = *parts[std::stoul(key.back())].account;
    Json dimensions = Json::object();
    const Object* object = nullptr;
    for (std::size_t i = 0; i < answer.dimensions.size(); ++i) {
      dimensions[answer.dimensions[i]] = key[i];
      if (answer.dimensions[i] == query.id_dimension && query.level != Level::kAccount) {
        object = account.Find(query.level, key[i]);
      }
    }
    Json metrics = Json::object();
    for (const std::string& name : query.metrics) {
      metrics[name] =
          IsOneOf(kMetrics, name) ? Metric(name, sums) : Attribute(name, account, object);
    }
    answer.rows.push_back({{"dimensions", std::move(dimensions)}, {"metrics", std::move(metrics)}});
  }
  if (!query.order_field.empty()) {
    const auto number = [&](const Json& row) {
      return JsonReal(row.at("metrics").at(query.order_field)).value_or(-1);
    };
    std::stable_sort(answer.rows.begin(), answer.rows.end(), [&](const Json& a, const Json& b) {
      return query.descending ? number(a) > number(b) : number(a) < number(b);
    });
  }
  for (const std::string& name : query.metrics) {
    if (IsOneOf(kMetrics, name)) answer.total[name] = Metric(name, total);
  }
  return answer;
}

Api<Json> TikTokServer::Report(const Call& call) {
  Json raw = Json::object();
  for (const auto& [name, value] : call.query) {
    if (value.empty()) continue;
    if (IsOneOf("advertiser_ids dimensions metrics filtering", name)) {
      MAXOPT_TRY(raw[name], JsonParam(call, name, Json()));
    } else if (IsOneOf("query_lifetime enable_total_metrics", name)) {
      if (value != "true" && value != "false") {
        return Refuse(kBadParameter, fmt::format("{}: Not a valid boolean.", name));
      }
      raw[name] = value == "true";
    } else if (IsOneOf("advertiser_id report_type service_type data_level start_date end_date "
                       "order_field order_type page page_size query_mode",
                       name)) {
      raw[name] = value;
    } else {
      return Refuse(kBadParameter, fmt::format("{}: Unknown field.", name));
    }
  }
  MAXOPT_TRY(const Page page, PageOf(call, 10));
  MAXOPT_TRY(ReportAnswer answer, RunReport(raw));
  Json list = Json::array();
  const auto first = static_cast<std::size_t>((page.page - 1) * page.page_size);
  for (std::size_t i = first;
       i < answer.rows.size() && i < first + static_cast<std::size_t>(page.page_size); ++i) {
    list.push_back(std::move(answer.rows[i]));
  }
  Json data{{"list", list}, {"page_info", PageInfo(page, answer.rows.size())}};
  if (raw.value("enable_total_metrics", false)) data["total_metrics"] = answer.total;
  return data;
}

Api<Json> TikTokServer::ReportTaskCreate(const Call& call) {
  MAXOPT_TRY(const ReportAnswer answer, RunReport(call.body));
  std::string csv;
  for (const std::string& name : answer.dimensions) csv += name + ",";
  for (std::size_t i = 0; i < answer.metrics.size(); ++i) {
    csv += (i == 0 ? "" : ",") + answer.metrics[i];
  }
  csv += "\n";
  const auto cell = [](std::string text) {
    if (text.find_first_of(",\"\n") == std::string::npos) return text;
    for (std::size_t at = 0; (at = text.find('"', at)) != std::string::npos; at += 2) {
      text.insert(at, 1, '"');
    }
    return "\"" + text + "\"";
  };
  for (const Json& row : answer.rows) {
    for (const std::string& name : answer.dimensions) {
      csv += cell(TextOr(row.at("dimensions"), name, "")) + ",";
    }
    for (std::size_t i = 0; i < answer.metrics.size(); ++i) {
      csv += (i == 0 ? "" : ",") + cell(TextOr(row.at("metrics"), answer.metrics[i], ""));
    }
    csv += "\n";
  }
  const std::scoped_lock lock(mutex_);
  const std::string id = NextId();
  tasks_[id] = {.kind = "report",
                .account_id = TextOr(call.body, "advertiser_id", ""),
                .content = std::move(csv)};
  return Json{{"task_id", id}};
}

Api<Json> TikTokServer::ReportTaskCancel(const Call& call) {
  const std::scoped_lock lock(mutex_);
  MAXOPT_TRY(Task* const task, TaskOf(call, "report"));
  task->cancelled = true;
  return Json::object();
}

std::optional<http::Response> TikTokServer::ReportDownload(const Call& call) {
  const std::scoped_lock lock(mutex_);
  const auto task = TaskOf(call, "report");
  if (!task || (*task)->asked < 2 || (*task)->cancelled) return std::nullopt;
  return http::Response{.status = 200,
                        .headers = {{"Content-Type", "text/csv; charset=utf-8"}},
                        .body = (*task)->content};
}

}  // namespace maxopt::sim::tiktok
