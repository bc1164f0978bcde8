#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <regex>
#include <set>
#include <tuple>

#include "sim/google_ads/geo.h"
#include "sim/google_ads/history.h"
#include "sim/google_ads/query.h"
#include "sim/google_ads/terms.h"
#include "sim/google_ads/wire.h"
#include "sim/market/random.h"

namespace maxopt::sim::google_ads {
namespace {

using nlohmann::json;
using std::chrono::days;

// --- values and conditions ----------------------------------------------------------------------

const json* AtPath(const json& row, const Column& column) {
  const json* at = &row;
  if (column.source == Source::kResource) {
    const auto resource = row.find(column.resource->json);
    if (resource == row.end()) return nullptr;
    at = &*resource;
  } else {
    const auto part = row.find(column.source == Source::kMetrics ? "metrics" : "segments");
    if (part == row.end()) return nullptr;
    at = &*part;
  }
  for (const FieldDef* field : column.path) {
    const auto child = at->find(field->json);
    if (child == at->end()) return nullptr;
    at = &*child;
  }
  return at;
}

/// Below zero, zero, above zero, by the field's kind.
int Compare(const FieldDef& field, const json& a, const json& b) {
  const auto three_way = [](const auto& x, const auto& y) { return x < y ? -1 : (y < x ? 1 : 0); };
  switch (field.kind) {
    case Kind::kInt64: {
      const auto x = a.is_string() ? ParseInt64(a.get_ref<const std::string&>()) : 0;
      const auto y = b.is_string() ? ParseInt64(b.get_ref<const std::string&>()) : 0;
      return three_way(x.value_or(0), y.value_or(0));
    }
    case Kind::kInt32:
    case Kind::kDouble:
      return three_way(a.get<double>(), b.get<double>());
    case Kind::kBool:
      return three_way(a.get<bool>(), b.get<bool>());
    case Kind::kEnum: {
      // Constants are ordered as they are numbered.
      const auto rank = [&](const json& value) {
        const auto& all = field.enumeration->values;
        return std::find(all.begin(), all.end(), value.get_ref<const std::string&>()) - all.begin();
      };
      return three_way(rank(a), rank(b));
    }
    case Kind::kString:
    case Kind::kBytes:
    case Kind::kFieldMask:
      return three_way(a.get_ref<const std::string&>(), b.get_ref<const std::string&>());
    case Kind::kMessage:
      return 0;
  }
  Bug();
}

/// A literal of the query as the field's JSON.
json Literal(const FieldDef& field, const std::string& text) {
  switch (field.kind) {
    case Kind::kInt32:
    case Kind::kDouble:
      return std::strtod(text.c_str(), nullptr);
    case Kind::kBool:
      return text == "true";
    case Kind::kString:
    case Kind::kInt64:
    case Kind::kBytes:
    case Kind::kFieldMask:
    case Kind::kEnum:
    case Kind::kMessage:
      return text;
  }
  Bug();
}

bool Holds(const BoundCondition& condition, const json* value) {
  const FieldDef& field = condition.column.leaf();
  const auto equals = [&](const std::string& text) {
    return Compare(field, *value, Literal(field, text)) == 0;
  };
  const auto has = [&](const std::string& text) {
    return std::any_of(value->begin(), value->end(), [&](const json& one) {
      return one.is_string() && one.get_ref<const std::string&>() == text;
    });
  };
  const auto& values = condition.values;
  const bool absent = value == nullptr || (value->is_array() && value->empty());
  switch (condition.op) {
    case Operator::kIsNull:
      return absent;
    case Operator::kIsNotNull:
      return !absent;
    case Operator::kEquals:
      return !absent && equals(values[0]);
    case Operator::kNotEquals:
      return absent || !equals(values[0]);
    case Operator::kIn:
      return !absent && std::any_of(values.begin(), values.end(), equals);
    case Operator::kNotIn:
      return absent || std::none_of(values.begin(), values.end(), equals);
    case Operator::kGreater:
      return !absent && Compare(field, *value, Literal(field, values[0])) > 0;
    case Operator::kGreaterEquals:
      return !absent && Compare(field, *value, Literal(field, values[0])) >= 0;
    case Operator::kLess:
      return !absent && Compare(field, *value, Literal(field, values[0])) < 0;
    case Operator::kLessEquals:
      return !absent && Compare(field, *value, Literal(field, values[0])) <= 0;
    case Operator::kBetween:
      return !absent && Compare(field, *value, Literal(field, values[0])) >= 0 &&
             Compare(field, *value, Literal(field, values[1])) <= 0;
    case Operator::kLike:
      return !absent && LikeMatches(value->get_ref<const std::string&>(), values[0]);
    case Operator::kNotLike:
      return absent || !LikeMatches(value->get_ref<const std::string&>(), values[0]);
    case Operator::kRegexpMatch:
    case Operator::kNotRegexpMatch: {
      // Texts are cut so that a match stays within the stack, whatever the expression.
      const std::string text =
          absent ? std::string() : value->get_ref<const std::string&>().substr(0, 2000);
      bool matches = false;
      try {
        matches = !absent && std::regex_match(text, std::regex(values[0], std::regex::ECMAScript));
      } catch (const std::regex_error&) {
        // Too much work for the matcher; nothing matches.
      }
      return matches == (condition.op == Operator::kRegexpMatch);
    }
    case Operator::kContainsAny:
      return !absent && std::any_of(values.begin(), values.end(), has);
    case Operator::kContainsAll:
      return !absent && std::all_of(values.begin(), values.end(), has);
    case Operator::kContainsNone:
      return absent || std::none_of(values.begin(), values.end(), has);
    case Operator::kDuring:
      break;  // bound to BETWEEN
  }
  Bug();
}

// --- reports ------------------------------------------------------------------------------------

struct Sums {
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  /// Of search campaigns only, as impression share is told of nothing else.
  std::int64_t search_impressions = 0;
  std::int64_t search_eligible = 0;
  std::int64_t clicks = 0;
  std::int64_t conversions_click = 0;
  std::int64_t conversions_view = 0;
  std::int64_t revenue_click_micros = 0;
  std::int64_t revenue_view_micros = 0;

  void Add(const ReportRow& row, bool search) {
    spend_micros += row.spend_micros;
    impressions += row.impressions;
    if (search) {
      search_impressions += row.impressions;
      search_eligible += row.eligible_impressions;
    }
    clicks += row.clicks;
    conversions_click += row.conversions_click;
    conversions_view += row.conversions_view;
    revenue_click_micros += row.revenue_click_micros;
    revenue_view_micros += row.revenue_view_micros;
  }
  void Add(const Amounts& part) {
    spend_micros += part.spend_micros;
    impressions += part.impressions;
    clicks += part.clicks;
    conversions_click += part.conversions_click;
    conversions_view += part.conversions_view;
    revenue_click_micros += part.revenue_click_micros;
    revenue_view_micros += part.revenue_view_micros;
  }
  void Add(const Sums& other) {
    spend_micros += other.spend_micros;
    impressions += other.impressions;
    search_impressions += other.search_impressions;
    search_eligible += other.search_eligible;
    clicks += other.clicks;
    conversions_click += other.conversions_click;
    conversions_view += other.conversions_view;
    revenue_click_micros += other.revenue_click_micros;
    revenue_view_micros += other.revenue_view_micros;
  }
};

/// All metrics of v25 that we know. What has no denominator is absent.
json MetricsJson(const Sums& sums) {
  const double cost = static_cast<double>(sums.spend_micros);
  const double impressions = static_cast<double>(sums.impressions);
  const double clicks = static_cast<double>(sums.clicks);
  const double conversions = static_cast<double>(sums.conversions_click);
  const double value = static_cast<double>(sums.revenue_click_micros) / 1e6;
  const double all = static_cast<double>(sums.conversions_click + sums.conversions_view);
  const double all_value =
      static_cast<double>(sums.revenue_click_micros + sums.revenue_view_micros) / 1e6;
  json metrics = {
      {"impressions", std::to_string(sums.impressions)},
      {"clicks", std::to_string(sums.clicks)},
      {"interactions", std::to_string(sums.clicks)},
      {"costMicros", std::to_string(sums.spend_micros)},
      {"conversions", DoubleJson(conversions)},
      {"conversionsValue", DoubleJson(value)},
      {"allConversions", DoubleJson(all)},
      {"allConversionsValue", DoubleJson(all_value)},
      {"viewThroughConversions", std::to_string(sums.conversions_view)},
  };
  if (sums.impressions > 0) {
    metrics["ctr"] = DoubleJson(clicks / impressions);
    metrics["interactionRate"] = DoubleJson(clicks / impressions);
    metrics["averageCpm"] = DoubleJson(cost * 1000 / impressions);
  }
  if (sums.clicks > 0) {
    metrics["averageCpc"] = DoubleJson(cost / clicks);
    metrics["averageCost"] = DoubleJson(cost / clicks);
    metrics["conversionsFromInteractionsRate"] = DoubleJson(conversions / clicks);
  }
  if (sums.conversions_click > 0) {
    metrics["costPerConversion"] = DoubleJson(cost / conversions);
    metrics["valuePerConversion"] = DoubleJson(value / conversions);
  }
  if (all > 0) metrics["costPerAllConversions"] = DoubleJson(cost / all);
  if (sums.spend_micros > 0) metrics["conversionsValuePerCost"] = DoubleJson(value / (cost / 1e6));
  if (sums.search_eligible > 0) {
    const double share = std::min(1.0, static_cast<double>(sums.search_impressions) /
                                           static_cast<double>(sums.search_eligible));
    metrics["searchImpressionShare"] = DoubleJson(share < 0.1 ? 0.0999 : share);
    // The market's units reach less of the people the less they may spend, so what is lost is lost
    // to the budget; a fifth of it goes to rivals who rank above, as in any auction.
    const double to_rank = (1 - share) / 5;
    const double to_budget = (1 - share) - to_rank;
    const auto bounded = [](double lost) { return DoubleJson(lost > 0.9 ? 0.9001 : lost); };
    metrics["searchBudgetLostImpressionShare"] = bounded(to_budget);
    metrics["searchRankLostImpressionShare"] = bounded(to_rank);
  }
  return metrics;
}

std::string FirstOf(const std::chrono::year_month_day& ymd, unsigned month) {
  return PrintDay(Day{std::chrono::local_days(ymd.year() / std::chrono::month(month) / 1)});
}

std::string DeviceName(std::string_view segment) {
  if (segment == "mobile") return "MOBILE";
  if (segment == "tablet") return "TABLET";
  if (segment == "desktop") return "DESKTOP";
  if (segment == "connected_tv") return "CONNECTED_TV";
  return "OTHER";
}

std::string NetworkName(std::string_view segment) {
  if (segment == "search") return "SEARCH";
  if (segment == "search_partners") return "SEARCH_PARTNERS";
  if (segment == "display") return "CONTENT";
  if (segment == "youtube") return "YOUTUBE";
  if (segment == "gmail") return "GMAIL";
  if (segment == "discover") return "DISCOVER";
  return "MIXED";
}

int CountryId(std::string_view code) {
  const Country* country = CountryByCode(code);
  return country == nullptr ? 0 : country->id;
}

std::uint64_t Mix(std::uint64_t x) {
  x ^= x >> 30U;
  x *= 0xbf58476d1ce4e5b9ULL;
  x ^= x >> 27U;
  x *= 0x94d049bb133111ebULL;
  return x ^ (x >> 31U);
}

/// As resource names carry a search: base64 of the URL alphabet, without padding.
std::string UrlBase64(std::string_view bytes) {
  static constexpr std::string_view kAlphabet =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8U) | static_cast<unsigned char>(c);
    bits += 8;
    while (bits >= 6) {
      bits -= 6;
      out += kAlphabet[(buffer >> static_cast<unsigned>(bits)) & 63U];
    }
  }
  if (bits > 0) out += kAlphabet[(buffer << static_cast<unsigned>(6 - bits)) & 63U];
  return out;
}

/// Writes a value below nested names, which AtPath reads.
void PutAt(json& row, const Column& column, const json& value) {
  json* at = &row;
  for (const FieldDef* field : column.path) at = &(*at)[field->json];
  *at = value;
}

/// The same for the same ad and hour, on every machine.
std::uint64_t LuckOf(const ReportRow& row) {
  std::uint64_t hash = 1469598103934665603ULL;
  for (const char c : row.ad_id) {
    hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  }
  hash ^= static_cast<std::uint64_t>(row.day.time_since_epoch().count()) << 8U;
  return Mix(hash ^ static_cast<std::uint64_t>(row.hour));
}

class Runner {
 public:
  Runner(const BoundQuery& query, const Viewpoint& viewpoint,
         const std::vector<const Account*>& clients, const Reports& reports)
      : query_(query),
        viewpoint_(viewpoint),
        account_(*viewpoint.account),
        clients_(clients),
        reports_(reports) {}

  QueryResult Run() {
    customer_ = CustomerJson(account_, viewpoint_.manager);
    if (query_.with_metrics) {
      RunReport();
    } else {
      for (json& row : Entities(query_.from->name)) Keep(std::move(row), std::nullopt);
    }
    Sort();
    const std::size_t total = rows_.size();
    if (query_.limit && rows_.size() > static_cast<std::size_t>(*query_.limit)) {
      rows_.resize(static_cast<std::size_t>(*query_.limit));
    }
    QueryResult result;
    result.total = total;
    result.rows.reserve(rows_.size());
    for (const json& row : rows_) result.rows.push_back(Project(row));
    if (query_.with_metrics) result.summary = SummaryRow();
    for (const Column& column : query_.select) {
      if (!result.field_mask.empty()) result.field_mask += ',';
      result.field_mask += CamelCase(column.gaql);
    }
    return result;
  }

 private:
  // --- rows of resources ---

  const json& ShownOnce(Type type, const std::string& key) {
    auto& slot = shown_[{type, key}];
    if (slot.is_null()) {
      const Object* object = account_.Find(type, key);
      slot = object == nullptr
                 ? json::object()
                 : Shown(account_, type, key, *object, viewpoint_.now, query_.with_states);
    }
    return slot;
  }
  std::string KeyIn(Type type, const std::string& name) const {
    return KeyOfName(name, account_.id(), InfoOf(type).collection);
  }
  void Join(json& row, Type type, const std::string& resource_name) {
    if (!query_.Uses(InfoOf(type).name) || resource_name.empty()) return;
    const std::string key = KeyIn(type, resource_name);
    if (account_.Find(type, key) == nullptr) return;
    row[std::string(InfoOf(type).json)] = ShownOnce(type, key);
  }
  /// Adds the campaign and, where asked for, its budget.
  void JoinCampaign(json& row, const std::string& name) {
    Join(row, Type::kCampaign, name);
    const Object* campaign = account_.FindByName(Type::kCampaign, name);
    if (campaign != nullptr) {
      Join(row, Type::kCampaignBudget, TextAt(campaign->body, "campaignBudget"));
    }
  }
  void JoinGroup(json& row, const std::string& name) {
    Join(row, Type::kAdGroup, name);
    const Object* group = account_.FindByName(Type::kAdGroup, name);
    if (group != nullptr) JoinCampaign(row, TextAt(group->body, "campaign"));
  }
  void JoinCustomer(json& row) {
    if (query_.Uses("customer")) row["customer"] = customer_;
  }

  /// The row of one stored object with everything that hangs above it.
  json RowOf(Type type, const std::string& key) {
    json row;
    const Object& object = *account_.Find(type, key);
    row[std::string(InfoOf(type).json)] =
        Shown(account_, type, key, object, viewpoint_.now, query_.with_states);
    switch (type) {
      case Type::kCampaign:
        Join(row, Type::kCampaignBudget, TextAt(object.body, "campaignBudget"));
        break;
      case Type::kAdGroup:
        JoinCampaign(row, TextAt(object.body, "campaign"));
        break;
      case Type::kAdGroupAd:
      case Type::kAdGroupCriterion:
        JoinGroup(row, TextAt(object.body, "adGroup"));
        break;
      case Type::kAdGroupAsset:
        JoinGroup(row, TextAt(object.body, "adGroup"));
        Join(row, Type::kAsset, TextAt(object.body, "asset"));
        break;
      case Type::kCampaignCriterion:
        JoinCampaign(row, TextAt(object.body, "campaign"));
        break;
      case Type::kCampaignBudget:
      case Type::kAsset:
      case Type::kConversionAction:
        break;
    }
    JoinCustomer(row);
    return row;
  }

  json KeywordRow(const std::string& key) {
    json row = RowOf(Type::kAdGroupCriterion, key);
    row["keywordView"] = {
        {"resourceName", fmt::format("{}/keywordViews/{}", account_.CustomerName(), key)}};
    return row;
  }

  static bool IsKeyword(const Object& criterion) {
    return criterion.body.contains("keyword") && !BoolAt(criterion.body, "negative");
  }

  std::vector<json> Entities(std::string_view resource) {
    std::vector<json> rows;
    for (const Type type : kTypes) {
      if (InfoOf(type).name != resource) continue;
      for (const auto& [key, object] : account_.All(type)) rows.push_back(RowOf(type, key));
      return rows;
    }
    if (resource == "customer") {
      rows.push_back({{"customer", customer_}});
    } else if (resource == "customer_client") {
      ListClients(rows);
    } else if (resource == "keyword_view") {
      for (const auto& [key, object] : account_.All(Type::kAdGroupCriterion)) {
        if (IsKeyword(object)) rows.push_back(KeywordRow(key));
      }
    } else if (resource == "change_event") {
      ListChanges(rows);
    } else if (resource == "change_status") {
      ListStatus(rows);
    } else if (resource == "geo_target_constant") {
      for (const Country& country : Countries()) {
        rows.push_back({{"geoTargetConstant",
                         {{"resourceName", fmt::format("geoTargetConstants/{}", country.id)},
                          {"id", std::to_string(country.id)},
                          {"name", country.name},
                          {"countryCode", country.code},
                          {"targetType", "Country"},
                          {"status", "ENABLED"},
                          {"canonicalName", country.name}}}});
      }
      for (const Place& place : Places()) {
        const Country* country = CountryByCode(place.country_code);
        rows.push_back({{"geoTargetConstant",
                         {{"resourceName", fmt::format("geoTargetConstants/{}", place.id)},
                          {"id", std::to_string(place.id)},
                          {"name", place.name},
                          {"countryCode", place.country_code},
                          {"targetType", place.type},
                          {"status", "ENABLED"},
                          {"canonicalName", fmt::format("{},{}", place.name, country->name)}}}});
      }
    } else if (resource == "language_constant") {
      for (const Language& language : Languages()) {
        rows.push_back({{"languageConstant",
                         {{"resourceName", fmt::format("languageConstants/{}", language.id)},
                          {"id", std::to_string(language.id)},
                          {"code", language.code},
                          {"name", language.name},
                          {"targetable", true}}}});
      }
    }
    return rows;
  }

  void ListClients(std::vector<json>& rows) {
    for (std::size_t i = 0; i < clients_.size(); ++i) {
      const json client = CustomerJson(*clients_[i], viewpoint_.manager && i == 0);
      json row = {{"customerClient",
                   {{"resourceName", fmt::format("{}/customerClients/{}", account_.CustomerName(),
                                                 clients_[i]->id())},
                    {"clientCustomer", clients_[i]->CustomerName()},
                    {"hidden", false},
                    {"level", i == 0 ? "0" : "1"},
                    {"timeZone", client["timeZone"]},
                    {"testAccount", client["testAccount"]},
                    {"manager", client["manager"]},
                    {"descriptiveName", client["descriptiveName"]},
                    {"currencyCode", client["currencyCode"]},
                    {"id", clients_[i]->id()},
                    {"status", "ENABLED"}}}};
      JoinCustomer(row);
      rows.push_back(std::move(row));
    }
  }

  void ListChanges(std::vector<json>& rows) {
    const auto& history = account_.history();
    for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
      json row = {{"changeEvent", entry->event}};
      Join(row, Type::kCampaign, TextAt(entry->event, "campaign"));
      Join(row, Type::kAdGroup, TextAt(entry->event, "adGroup"));
      Join(row, Type::kAsset, TextAt(entry->event, "asset"));
      JoinCustomer(row);
      rows.push_back(std::move(row));
    }
  }

  void ListStatus(std::vector<json>& rows) {
    std::set<std::string> seen;
    const auto& history = account_.history();
    for (auto entry = history.rbegin(); entry != history.rend(); ++entry) {
      const std::string name = TextAt(entry->event, "changeResourceName");
      if (!seen.insert(name).second) continue;
      const std::string operation = TextAt(entry->event, "resourceChangeOperation");
      const std::string type = TextAt(entry->event, "changeResourceType");
      json status = {
          {"resourceName", fmt::format("{}/changeStatus/{}~{}", account_.CustomerName(),
                                       entry->at.time_since_epoch().count(), rows.size())},
          {"lastChangeDateTime", entry->event["changeDateTime"]},
          {"resourceType", type},
          {"resourceStatus", operation == "CREATE"   ? "ADDED"
                             : operation == "REMOVE" ? "REMOVED"
                                                     : "CHANGED"},
      };
      json row;
      for (const Type one : kTypes) {
        if (InfoOf(one).history != type) continue;
        status[std::string(InfoOf(one).json)] = name;
        Join(row, one, name);
      }
      for (const std::string_view above : {"campaign", "adGroup"}) {
        if (entry->event.contains(above))
          status[std::string(above)] = entry->event[std::string(above)];
      }
      Join(row, Type::kCampaign, TextAt(status, "campaign"));
      Join(row, Type::kAdGroup, TextAt(status, "adGroup"));
      row["changeStatus"] = std::move(status);
      JoinCustomer(row);
      rows.push_back(std::move(row));
    }
  }

  // --- reports ---

  /// Segment value by the breakdown's number in the query; the first one is exact, further ones are
  /// drawn by weight, hour by hour, so that no row is counted twice.
  std::string SegmentOf(Breakdown breakdown, const ReportRow& row) {
    const auto at = std::find(query_.breakdowns.begin(), query_.breakdowns.end(), breakdown);
    const auto index = static_cast<std::size_t>(at - query_.breakdowns.begin());
    if (index == 0) return row.segment;
    auto& by_ad_hour = indexes_[index];
    if (by_ad_hour.empty()) {
      for (const ReportRow& other : reports_[index]) {
        by_ad_hour[{other.ad_id, other.day, other.hour}].push_back(&other);
      }
    }
    const auto candidates = by_ad_hour.find({row.ad_id, row.day, row.hour});
    if (candidates == by_ad_hour.end()) return "";
    std::int64_t total = 0;
    for (const ReportRow* other : candidates->second) total += other->impressions + 1;
    std::uint64_t mixed = LuckOf(row);
    for (const char c : row.segment) mixed = Mix(mixed ^ static_cast<unsigned char>(c));
    auto left = static_cast<std::int64_t>(mixed % static_cast<std::uint64_t>(total));
    for (const ReportRow* other : candidates->second) {
      left -= other->impressions + 1;
      if (left < 0) return other->segment;
    }
    return "";
  }

  /// Value of a segment column for a row, as JSON of the field's kind.
  json SegmentValue(const Column& column, const ReportRow& row) {
    const std::chrono::year_month_day ymd{row.day};
    const unsigned month = static_cast<unsigned>(ymd.month());
    const unsigned weekday = std::chrono::weekday(row.day).iso_encoding();
    const std::string& name = column.leaf().name;
    if (name == "date") return PrintDay(row.day);
    if (name == "hour") return row.hour;
    if (name == "day_of_week") return column.leaf().enumeration->values[weekday - 1];
    if (name == "week") return PrintDay(row.day - days(weekday - 1));
    if (name == "month") return FirstOf(ymd, month);
    if (name == "quarter") return FirstOf(ymd, (month - 1) / 3 * 3 + 1);
    if (name == "year") return static_cast<int>(ymd.year());
    if (name == "device") return DeviceName(SegmentOf(Breakdown::kDevice, row));
    if (name == "ad_network_type") return NetworkName(SegmentOf(Breakdown::kPlacement, row));
    if (name == "geo_target_country") {
      return fmt::format("geoTargetConstants/{}", CountryId(SegmentOf(Breakdown::kCountry, row)));
    }
    Bug();
  }

  /// Keywords of an ad group with the weights by which its hours are handed to them: the first
  /// gets most, as in life.
  struct Keywords {
    std::vector<std::pair<std::string, std::int64_t>> weights;
    std::int64_t total = 0;
  };
  const Keywords& KeywordsOf(const std::string& group_key) {
    auto [at, fresh] = keywords_.try_emplace(group_key);
    if (!fresh) return at->second;
    const std::string prefix = group_key + "~";
    std::vector<std::pair<Instant, std::string>> found;
    std::vector<std::pair<Instant, std::string>> removed;
    const auto& all = account_.All(Type::kAdGroupCriterion);
    for (auto c = all.lower_bound(prefix); c != all.end() && c->first.starts_with(prefix); ++c) {
      if (!IsKeyword(c->second)) continue;
      (StatusOf(c->second) == "REMOVED" ? removed : found)
          .emplace_back(c->second.created_at, c->first);
    }
    if (found.empty()) found = std::move(removed);
    std::sort(found.begin(), found.end());
    std::int64_t rank = 1;
    for (auto& [created_at, key] : found) {
      const std::int64_t weight = 2520 / rank++ + 1;
      at->second.weights.emplace_back(std::move(key), weight);
      at->second.total += weight;
    }
    return at->second;
  }
  std::string KeywordFor(const ReportRow& row) {
    const Keywords& keywords = KeywordsOf(row.ad_group_id);
    if (keywords.total == 0) return {};
    auto left = static_cast<std::int64_t>(LuckOf(row) % static_cast<std::uint64_t>(keywords.total));
    for (const auto& [key, weight] : keywords.weights) {
      left -= weight;
      if (left < 0) return key;
    }
    return {};
  }

  /// Key of the entity that a report row belongs to; nullopt: it belongs to none.
  std::optional<std::string> EntityOf(const ReportRow& row) {
    const std::string& from = query_.from->name;
    if (from == "customer") return "";
    if (from == "campaign") return row.campaign_id;
    if (from == "ad_group") return row.ad_group_id;
    if (from == "ad_group_ad") return fmt::format("{}~{}", row.ad_group_id, row.ad_id);
    if (from == "keyword_view") {
      std::string key = KeywordFor(row);
      if (key.empty()) return std::nullopt;
      return key;
    }
    if (from == "geographic_view") {
      return fmt::format("{}/{}/{}", CountryId(SegmentOf(Breakdown::kCountry, row)),
                         query_.Uses("campaign") || query_.Uses("ad_group") ? row.campaign_id : "",
                         query_.Uses("ad_group") ? row.ad_group_id : "");
    }
    Bug();
  }

  json EntityRow(const std::string& key) {
    const std::string& from = query_.from->name;
    if (from == "customer") return {{"customer", customer_}};
    if (from == "campaign") return RowOf(Type::kCampaign, key);
    if (from == "ad_group") return RowOf(Type::kAdGroup, key);
    if (from == "ad_group_ad") return RowOf(Type::kAdGroupAd, key);
    if (from == "keyword_view") return KeywordRow(key);
    if (from.ends_with("search_term_view")) return SearchTermRow(key);
    if (from.ends_with("_audience_view")) {
      const bool by_group = from == "ad_group_audience_view";
      json row = RowOf(by_group ? Type::kAdGroupCriterion : Type::kCampaignCriterion, key);
      row[query_.from->json] = {{"resourceName", fmt::format("{}/{}s/{}", account_.CustomerName(),
                                                             query_.from->json, key)}};
      return row;
    }
    const std::size_t first = key.find('/');
    const std::size_t second = key.find('/', first + 1);
    const std::string country = key.substr(0, first);
    json row = {{"geographicView",
                 {{"resourceName", fmt::format("{}/geographicViews/{}~LOCATION_OF_PRESENCE",
                                               account_.CustomerName(), country)},
                  {"locationType", "LOCATION_OF_PRESENCE"},
                  {"countryCriterionId", country}}}};
    const std::string campaign = key.substr(first + 1, second - first - 1);
    if (!campaign.empty()) JoinCampaign(row, account_.ResourceName(Type::kCampaign, campaign));
    const std::string group = key.substr(second + 1);
    if (!group.empty()) JoinGroup(row, account_.ResourceName(Type::kAdGroup, group));
    JoinCustomer(row);
    return row;
  }

  bool Exists(const std::string& key) const {
    const std::string& from = query_.from->name;
    if (from == "campaign") return account_.Find(Type::kCampaign, key) != nullptr;
    if (from == "ad_group") return account_.Find(Type::kAdGroup, key) != nullptr;
    if (from == "ad_group_ad") return account_.Find(Type::kAdGroupAd, key) != nullptr;
    return true;
  }

  bool IsSearchCampaign(const std::string& id) {
    auto [at, fresh] = search_.try_emplace(id, false);
    if (fresh) {
      const Object* campaign = account_.Find(Type::kCampaign, id);
      at->second =
          campaign != nullptr && TextAt(campaign->body, "advertisingChannelType") == "SEARCH";
    }
    return at->second;
  }

  using Groups = std::map<std::pair<std::string, std::vector<json>>, Sums>;

  void RunReport() {
    std::vector<const Column*> segments;
    for (const Column& column : query_.select) {
      if (column.source == Source::kSegments) segments.push_back(&column);
    }
    Groups groups = IsCutView(query_.from->name) ? CutGroups(segments) : WholeGroups(segments);
    // Without segments, what had no traffic is shown with zeros, where it is an object.
    const bool objects = query_.from->name != "geographic_view" && !IsCutView(query_.from->name);
    if (segments.empty() && objects) {
      for (const std::string& key : EntityKeys()) groups.try_emplace({key, {}});
    }
    for (const auto& [group, sums] : groups) {
      const bool empty = sums.impressions == 0 && sums.spend_micros == 0 &&
                         sums.conversions_click == 0 && sums.conversions_view == 0;
      if (empty && (!segments.empty() || !objects)) continue;
      json row = EntityRow(group.first);
      row["metrics"] = MetricsJson(sums);
      for (std::size_t i = 0; i < segments.size(); ++i) {
        PutAt(row["segments"], *segments[i], group.second[i]);
      }
      Keep(std::move(row), sums);
    }
  }

  // --- reports by parts of an ad's hours ---

  /// One part that hours are cut into: a search of a keyword, or an audience.
  struct Piece {
    std::string entity;   ///< key of EntityRow; empty: told nowhere
    std::string listing;  ///< of searches: what is told of a day only with impressions enough
    std::string keyword;  ///< key of the criterion; of searches
    std::string match;    ///< SearchTermMatchType; of searches
    friend auto operator<=>(const Piece&, const Piece&) = default;
  };
  struct Cut {
    std::vector<std::size_t> pieces;
    std::vector<Part> parts;
  };
  std::size_t PieceNumber(const Piece& piece) {
    const auto [at, fresh] = piece_numbers_.try_emplace(piece, pieces_.size());
    if (fresh) {
      pieces_.push_back(piece);
      listings_.push_back(
          listing_numbers_.try_emplace(piece.listing, listing_numbers_.size()).first->second);
    }
    return at->second;
  }

  /// Whether the conditions on campaigns hold for this one: the hours of others need no cutting.
  bool CampaignHolds(const std::string& id) {
    const auto [at, fresh] = campaign_holds_.try_emplace(id, true);
    if (!fresh || account_.Find(Type::kCampaign, id) == nullptr) return at->second;
    json row;
    JoinCampaign(row, account_.ResourceName(Type::kCampaign, id));
    at->second =
        std::all_of(query_.where.begin(), query_.where.end(), [&](const BoundCondition& condition) {
          return condition.column.source != Source::kResource ||
                 condition.column.resource->name != "campaign" ||
                 Holds(condition, AtPath(row, condition.column));
        });
    return at->second;
  }

  struct Negative {
    Instant from;
    std::string text;
    std::string match;
  };
  /// Negative keywords of an ad group and its campaign, oldest first. What was taken away again
  /// leaves no trace here: an object does not tell when.
  const std::vector<Negative>& NegativesOf(const ReportRow& row) {
    auto [at, fresh] = negatives_.try_emplace(row.ad_group_id);
    if (!fresh) return at->second;
    for (const auto& [type, parent] : {std::pair{Type::kAdGroupCriterion, row.ad_group_id},
                                       {Type::kCampaignCriterion, row.campaign_id}}) {
      const std::string prefix = parent + "~";
      const auto& all = account_.All(type);
      for (auto c = all.lower_bound(prefix); c != all.end() && c->first.starts_with(prefix); ++c) {
        const auto keyword = c->second.body.find("keyword");
        if (keyword == c->second.body.end() || !BoolAt(c->second.body, "negative") ||
            StatusOf(c->second) == "REMOVED") {
          continue;
        }
        at->second.push_back(
            {c->second.created_at, TextAt(*keyword, "text"), TextAt(*keyword, "matchType")});
      }
    }
    std::stable_sort(at->second.begin(), at->second.end(),
                     [](const Negative& a, const Negative& b) { return a.from < b.from; });
    return at->second;
  }

  Instant HourOf(const ReportRow& row) {
    auto [at, fresh] = hours_.try_emplace({row.day, row.hour});
    if (fresh) {
      at->second =
          account_.served().setup.zone.ToInstant(LocalTime{row.day} + std::chrono::hours(row.hour));
    }
    return at->second;
  }

  /// The searches that the hour's keyword met, but those that a negative keyword kept away by then.
  const Cut& SearchesOf(const ReportRow& row) {
    const std::string key = KeywordFor(row);
    const std::vector<Negative>& negatives = NegativesOf(row);
    const auto known = static_cast<std::size_t>(
        std::upper_bound(negatives.begin(), negatives.end(), HourOf(row),
                         [](Instant at, const Negative& one) { return at < one.from; }) -
        negatives.begin());
    auto [at, fresh] = cuts_.try_emplace({row.campaign_id, key, known});
    if (!fresh || key.empty()) return at->second;
    const bool by_group = query_.from->name == "search_term_view";
    const json& keyword = account_.Find(Type::kAdGroupCriterion, key)->body["keyword"];
    for (const SearchTerm& term : TermsOf(TextAt(keyword, "text"), TextAt(keyword, "matchType"))) {
      const bool excluded =
          std::any_of(negatives.begin(), negatives.begin() + static_cast<std::ptrdiff_t>(known),
                      [&](const Negative& n) { return Excludes(n.text, n.match, term.text); });
      if (excluded) continue;
      at->second.pieces.push_back(PieceNumber(
          {.entity = by_group ? fmt::format("{}~{}~{}", row.campaign_id, row.ad_group_id, term.text)
                              : fmt::format("{}~{}", row.campaign_id, term.text),
           .listing = fmt::format("{}~{}", row.ad_group_id, term.text),
           .keyword = key,
           .match = term.match}));
      at->second.parts.push_back(term.part);
    }
    return at->second;
  }

  static bool IsAudience(const Object& criterion) {
    if (BoolAt(criterion.body, "negative")) return false;
    for (const std::string_view kind :
         {"userList", "userInterest", "customAudience", "combinedAudience", "audience"}) {
      if (criterion.body.contains(kind)) return true;
    }
    return false;
  }
  /// Whether audiences are only observed, so that ads reach everybody else too.
  static bool Observes(const Object* object) {
    if (object == nullptr) return false;
    const auto setting = object->body.find("targetingSetting");
    if (setting == object->body.end() || !setting->contains("targetRestrictions")) return false;
    return std::any_of((*setting)["targetRestrictions"].begin(),
                       (*setting)["targetRestrictions"].end(), [](const json& one) {
                         return TextAt(one, "targetingDimension") == "AUDIENCE" &&
                                BoolAt(one, "bidOnly");
                       });
  }
  /// The audiences of an ad group (or of a campaign, by the view) that were there by the hour, or
  /// that were there once where none is left. A person counts for one of them. Where they are only
  /// observed most people are in none.
  const Cut& AudiencesOf(const ReportRow& row) {
    const bool by_group = query_.from->name == "ad_group_audience_view";
    const std::string& parent = by_group ? row.ad_group_id : row.campaign_id;
    auto [known, unknown] = audiences_.try_emplace(parent);
    if (unknown) {
      std::vector<std::pair<Instant, std::string>> removed;
      const std::string prefix = parent + "~";
      const auto& all = account_.All(by_group ? Type::kAdGroupCriterion : Type::kCampaignCriterion);
      for (auto c = all.lower_bound(prefix); c != all.end() && c->first.starts_with(prefix); ++c) {
        if (!IsAudience(c->second)) continue;
        (StatusOf(c->second) == "REMOVED" ? removed : known->second)
            .emplace_back(c->second.created_at, c->first);
      }
      if (known->second.empty()) known->second = std::move(removed);
      std::sort(known->second.begin(), known->second.end());
    }
    const Instant hour = HourOf(row);
    std::vector<std::string> there;
    for (const auto& [from, key] : known->second) {
      if (from <= hour) there.push_back(key);
    }
    auto [at, fresh] = cuts_.try_emplace({parent, "", there.size()});
    if (!fresh || there.empty()) return at->second;
    std::int64_t sum = 0;
    for (const std::string& key : there) {
      const std::uint64_t luck = HashText(key);
      const Part part{.weight = 100 + static_cast<std::int64_t>(luck % 400),
                      .click_percent = 80 + static_cast<int>((luck >> 16U) % 80),
                      .convert_percent = 60 + static_cast<int>((luck >> 32U) % 160)};
      at->second.pieces.push_back(PieceNumber({key, "", "", ""}));
      at->second.parts.push_back(part);
      sum += part.weight;
    }
    if (Observes(account_.Find(by_group ? Type::kAdGroup : Type::kCampaign, parent))) {
      at->second.pieces.push_back(PieceNumber({}));
      at->second.parts.push_back({.weight = 4 * sum});
    }
    return at->second;
  }

  Groups CutGroups(const std::vector<const Column*>& segments) {
    const auto of_piece = [](const Column& column) {
      return column.gaql.starts_with("segments.keyword.") ||
             column.gaql == "segments.search_term_match_type";
    };
    const bool terms =
        query_.from->name == "search_term_view" || query_.from->name == "campaign_search_term_view";
    // Segment values are told apart by number, and parts added up by piece, day and number, since
    // there are many parts and few of these.
    std::map<std::vector<json>, std::size_t> numbers;
    std::vector<const std::vector<json>*> values_of;
    std::map<std::tuple<std::size_t, Day, std::size_t>, Sums> cells;
    std::map<std::pair<std::size_t, Day>, std::int64_t> listed;
    for (const ReportRow& row : reports_.front()) {
      if (!CampaignHolds(row.campaign_id) || (terms && !IsSearchCampaign(row.campaign_id)))
        continue;
      const Cut& cut = terms ? SearchesOf(row) : AudiencesOf(row);
      if (cut.pieces.empty()) continue;
      const bool holds = std::all_of(
          query_.where.begin(), query_.where.end(), [&](const BoundCondition& condition) {
            if (condition.column.source != Source::kSegments || of_piece(condition.column)) {
              return true;
            }
            const json value = SegmentValue(condition.column, row);
            return Holds(condition, &value);
          });
      std::vector<json> values;
      for (const Column* column : segments) {
        values.push_back(of_piece(*column) ? json() : SegmentValue(*column, row));
      }
      const auto [number, fresh] = numbers.try_emplace(std::move(values), values_of.size());
      if (fresh) values_of.push_back(&number->first);
      std::uint64_t luck = LuckOf(row);
      for (const char c : row.segment) luck = Mix(luck ^ static_cast<unsigned char>(c));
      const std::vector<Amounts> parts = CutRow(row, cut.parts, luck);
      for (std::size_t i = 0; i < parts.size(); ++i) {
        if (terms) listed[{listings_[cut.pieces[i]], row.day}] += parts[i].impressions;
        if (holds) cells[{cut.pieces[i], row.day, number->second}].Add(parts[i]);
      }
    }
    Groups groups;
    for (const auto& [cell, sums] : cells) {
      const auto& [piece_number, day, number] = cell;
      const Piece& piece = pieces_[piece_number];
      if (piece.entity.empty()) continue;
      if (terms && listed[{listings_[piece_number], day}] < kListedImpressionsMin) continue;
      std::vector<json> values = *values_of[number];
      for (std::size_t i = 0; i < segments.size(); ++i) {
        if (of_piece(*segments[i])) values[i] = PieceValue(*segments[i], piece);
      }
      const bool holds = std::all_of(
          query_.where.begin(), query_.where.end(), [&](const BoundCondition& condition) {
            if (condition.column.source != Source::kSegments || !of_piece(condition.column)) {
              return true;
            }
            const json value = PieceValue(condition.column, piece);
            return Holds(condition, &value);
          });
      if (holds) groups[{piece.entity, std::move(values)}].Add(sums);
    }
    return groups;
  }

  json PieceValue(const Column& column, const Piece& piece) const {
    if (column.gaql == "segments.search_term_match_type") return piece.match;
    if (column.gaql == "segments.keyword.ad_group_criterion") {
      return account_.ResourceName(Type::kAdGroupCriterion, piece.keyword);
    }
    return account_.Find(Type::kAdGroupCriterion, piece.keyword)
        ->body["keyword"]
        .value(column.leaf().json, "");
  }

  /// ADDED: a keyword of the ad group says just this; EXCLUDED: a negative one does.
  std::string TargetingStatus(const ReportRow& of, const std::string& search) {
    auto [at, fresh] = keyword_texts_.try_emplace(of.ad_group_id);
    if (fresh) {
      const std::string prefix = of.ad_group_id + "~";
      const auto& all = account_.All(Type::kAdGroupCriterion);
      for (auto c = all.lower_bound(prefix); c != all.end() && c->first.starts_with(prefix); ++c) {
        if (!IsKeyword(c->second) || StatusOf(c->second) == "REMOVED") continue;
        at->second.insert(LowerAscii(TextAt(c->second.body["keyword"], "text")));
      }
    }
    const bool added = at->second.contains(search);
    const auto& negatives = NegativesOf(of);
    const bool excluded = std::any_of(negatives.begin(), negatives.end(), [&](const Negative& one) {
      return LowerAscii(one.text) == search;
    });
    return added ? (excluded ? "ADDED_EXCLUDED" : "ADDED") : (excluded ? "EXCLUDED" : "NONE");
  }

  json SearchTermRow(const std::string& key) {
    const std::size_t first = key.find('~');
    const std::string campaign = key.substr(0, first);
    json row;
    if (query_.from->name == "campaign_search_term_view") {
      const std::string search = key.substr(first + 1);
      row = {{"campaignSearchTermView",
              {{"resourceName", fmt::format("{}/campaignSearchTermViews/{}~{}",
                                            account_.CustomerName(), campaign, UrlBase64(search))},
               {"searchTerm", search},
               {"campaign", account_.ResourceName(Type::kCampaign, campaign)}}}};
      JoinCampaign(row, account_.ResourceName(Type::kCampaign, campaign));
    } else {
      const std::size_t second = key.find('~', first + 1);
      const std::string group = key.substr(first + 1, second - first - 1);
      const std::string search = key.substr(second + 1);
      ReportRow of{};
      of.campaign_id = campaign;
      of.ad_group_id = group;
      row = {{"searchTermView",
              {{"resourceName", fmt::format("{}/searchTermViews/{}~{}~{}", account_.CustomerName(),
                                            campaign, group, UrlBase64(search))},
               {"searchTerm", search},
               {"adGroup", account_.ResourceName(Type::kAdGroup, group)},
               {"status", TargetingStatus(of, search)}}}};
      JoinGroup(row, account_.ResourceName(Type::kAdGroup, group));
    }
    JoinCustomer(row);
    return row;
  }

  // --- reports by whole rows ---

  Groups WholeGroups(const std::vector<const Column*>& segments) {
    std::vector<const BoundCondition*> row_conditions;
    for (const BoundCondition& condition : query_.where) {
      if (condition.column.source == Source::kSegments) row_conditions.push_back(&condition);
    }
    Groups groups;  // by entity and segment values
    for (const ReportRow& row : reports_.front()) {
      const bool holds = std::all_of(row_conditions.begin(), row_conditions.end(),
                                     [&](const BoundCondition* condition) {
                                       const json value = SegmentValue(condition->column, row);
                                       return Holds(*condition, &value);
                                     });
      if (!holds) continue;
      auto entity = EntityOf(row);
      if (!entity || !Exists(*entity)) continue;
      std::vector<json> values;
      values.reserve(segments.size());
      for (const Column* column : segments) values.push_back(SegmentValue(*column, row));
      Sums& sums = groups[{*std::move(entity), std::move(values)}];
      sums.Add(row, IsSearchCampaign(row.campaign_id));
    }
    return groups;
  }

  std::vector<std::string> EntityKeys() const {
    const std::string& from = query_.from->name;
    std::vector<std::string> keys;
    if (from == "customer") return {""};
    const auto all = [&](Type type) {
      for (const auto& [key, object] : account_.All(type)) {
        if (from != "keyword_view" || IsKeyword(object)) keys.push_back(key);
      }
    };
    if (from == "campaign") all(Type::kCampaign);
    if (from == "ad_group") all(Type::kAdGroup);
    if (from == "ad_group_ad") all(Type::kAdGroupAd);
    if (from == "keyword_view") all(Type::kAdGroupCriterion);
    return keys;
  }

  // --- the rest of the query ---

  /// Takes the row when the conditions on resources and metrics hold.
  void Keep(json row, const std::optional<Sums>& sums) {
    for (const BoundCondition& condition : query_.where) {
      if (condition.column.source == Source::kSegments) continue;
      if (!Holds(condition, AtPath(row, condition.column))) return;
    }
    if (sums) total_.Add(*sums);
    rows_.push_back(std::move(row));
  }

  void Sort() {
    if (query_.order_by.empty()) return;
    std::stable_sort(rows_.begin(), rows_.end(), [&](const json& a, const json& b) {
      for (const auto& [column, descending] : query_.order_by) {
        const json* x = AtPath(a, column);
        const json* y = AtPath(b, column);
        int order = 0;
        if (x == nullptr || y == nullptr) {
          order = (x != nullptr ? 1 : 0) - (y != nullptr ? 1 : 0);
        } else {
          order = Compare(column.leaf(), *x, *y);
        }
        if (order != 0) return descending ? order > 0 : order < 0;
      }
      return false;
    });
  }

  /// Only what was selected, and the names of the resources that it belongs to.
  json Project(const json& row) const {
    json out = json::object();
    const auto name_of = [&](const ResourceDef& resource) {
      const auto at = row.find(resource.json);
      if (at == row.end() || !at->contains("resourceName")) return;
      out[resource.json]["resourceName"] = (*at)["resourceName"];
    };
    if (!query_.omit_unselected_resource_names) name_of(*query_.from);
    for (const Column& column : query_.select) {
      const json* value = AtPath(row, column);
      if (column.source == Source::kResource && !query_.omit_unselected_resource_names) {
        name_of(*column.resource);
      }
      if (value == nullptr || (value->is_string() && value->get_ref<const std::string&>().empty()))
        continue;
      json* at = &out[column.source == Source::kResource  ? column.resource->json
                      : column.source == Source::kMetrics ? "metrics"
                                                          : "segments"];
      const json* from = &row[column.source == Source::kResource  ? column.resource->json
                              : column.source == Source::kMetrics ? "metrics"
                                                                  : "segments"];
      for (const FieldDef* field : column.path) {
        at = &(*at)[field->json];
        from = &(*from)[field->json];
        // A message below a resource that has a name of its own shows it (ad_group_ad.ad).
        if (field != column.path.back() && from->contains("resourceName") &&
            !query_.omit_unselected_resource_names) {
          (*at)["resourceName"] = (*from)["resourceName"];
        }
      }
      *at = *value;
    }
    return out;
  }

  json SummaryRow() const {
    const json metrics = MetricsJson(total_);
    json row = json::object();
    for (const Column& column : query_.select) {
      if (column.source != Source::kMetrics || !metrics.contains(column.leaf().json)) continue;
      row["metrics"][column.leaf().json] = metrics[column.leaf().json];
    }
    return row;
  }

  const BoundQuery& query_;
  const Viewpoint& viewpoint_;
  const Account& account_;
  const std::vector<const Account*>& clients_;
  const Reports& reports_;
  json customer_;
  std::map<std::pair<Type, std::string>, json> shown_;
  std::map<std::string, Keywords> keywords_;
  std::map<std::string, bool> search_;
  std::vector<Piece> pieces_;
  std::vector<std::size_t> listings_;  ///< by piece: number of its listing
  std::map<std::string, std::size_t> listing_numbers_;
  std::map<std::string, bool> campaign_holds_;
  std::map<Piece, std::size_t> piece_numbers_;
  std::map<std::string, std::vector<std::pair<Instant, std::string>>> audiences_;
  std::map<std::string, std::set<std::string>> keyword_texts_;
  std::map<std::tuple<std::string, std::string, std::size_t>, Cut> cuts_;
  std::map<std::string, std::vector<Negative>> negatives_;
  std::map<std::pair<Day, int>, Instant> hours_;
  std::map<std::size_t, std::map<std::tuple<std::string, Day, int>, std::vector<const ReportRow*>>>
      indexes_;
  std::vector<json> rows_;
  Sums total_;
};

}  // namespace

json CustomerJson(const Account& account, bool manager) {
  const ServedAccount& served = account.served();
  return {{"resourceName", account.CustomerName()},
          {"id", account.id()},
          {"descriptiveName", served.name},
          {"currencyCode", served.setup.currency.name()},
          {"timeZone", served.setup.zone.name()},
          {"autoTaggingEnabled", true},
          {"manager", manager},
          {"testAccount", false},
          {"status", "ENABLED"}};
}

QueryResult Run(const BoundQuery& query, const Viewpoint& viewpoint,
                const std::vector<const Account*>& clients, const Reports& reports) {
  return Runner(query, viewpoint, clients, reports).Run();
}

}  // namespace maxopt::sim::google_ads
