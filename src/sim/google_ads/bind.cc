#include <fmt/format.h>

#include <algorithm>
#include <regex>

#include "sim/google_ads/query.h"
#include "sim/google_ads/wire.h"

namespace maxopt::sim::google_ads {
namespace {

using std::chrono::days;

enum class Clause { kSelect, kWhere, kOrderBy };

std::string_view Prohibited(Clause clause, bool resource) {
  switch (clause) {
    case Clause::kSelect:
      return resource ? "PROHIBITED_RESOURCE_TYPE_IN_SELECT_CLAUSE"
                      : "PROHIBITED_FIELD_IN_SELECT_CLAUSE";
    case Clause::kWhere:
      return resource ? "PROHIBITED_RESOURCE_TYPE_IN_WHERE_CLAUSE"
                      : "PROHIBITED_FIELD_IN_WHERE_CLAUSE";
    case Clause::kOrderBy:
      return "PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE";
  }
  Bug();
}

std::vector<std::string_view> SplitDots(std::string_view text) {
  std::vector<std::string_view> parts;
  while (true) {
    const std::size_t dot = text.find('.');
    parts.push_back(text.substr(0, dot));
    if (dot == std::string_view::npos) return parts;
    text.remove_prefix(dot + 1);
  }
}

bool IsCoreDate(std::string_view gaql) {
  return gaql == "segments.date" || gaql == "segments.week" || gaql == "segments.month" ||
         gaql == "segments.quarter" || gaql == "segments.year";
}

struct DayRange {
  Day first;
  Day last;
};

/// Views have metrics even when none is selected.
bool IsView(std::string_view resource) { return resource.ends_with("_view"); }

unsigned IsoWeekday(Day day) { return std::chrono::weekday(day).iso_encoding(); }  // Monday 1

std::optional<DayRange> During(std::string_view name, Day today) {
  const std::chrono::year_month_day ymd{today};
  const Day month_begins{std::chrono::local_days(ymd.year() / ymd.month() / 1)};
  const Day monday = today - days(IsoWeekday(today) - 1);
  const Day sunday = today - days(IsoWeekday(today) % 7);
  if (name == "TODAY") return DayRange{today, today};
  if (name == "YESTERDAY") return DayRange{today - days(1), today - days(1)};
  if (name == "LAST_7_DAYS") return DayRange{today - days(7), today - days(1)};
  if (name == "LAST_14_DAYS") return DayRange{today - days(14), today - days(1)};
  if (name == "LAST_30_DAYS") return DayRange{today - days(30), today - days(1)};
  if (name == "LAST_BUSINESS_WEEK") return DayRange{monday - days(7), monday - days(3)};
  if (name == "THIS_MONTH") return DayRange{month_begins, today};
  if (name == "LAST_MONTH") {
    const std::chrono::year_month_day before{month_begins - days(1)};
    return DayRange{Day{std::chrono::local_days(before.year() / before.month() / 1)},
                    month_begins - days(1)};
  }
  if (name == "THIS_WEEK_SUN_TODAY") return DayRange{sunday, today};
  if (name == "THIS_WEEK_MON_TODAY") return DayRange{monday, today};
  if (name == "LAST_WEEK_SUN_SAT") return DayRange{sunday - days(7), sunday - days(1)};
  if (name == "LAST_WEEK_MON_SUN") return DayRange{monday - days(7), monday - days(1)};
  return std::nullopt;
}

class Binder {
 public:
  Binder(const Query& query, const Viewpoint& viewpoint)
      : query_(query),
        viewpoint_(viewpoint),
        today_(viewpoint.account->served().setup.zone.DayOf(viewpoint.now)) {}

  std::expected<BoundQuery, AdsError> Run() {
    bound_.from = FindResource(query_.from.text);
    if (bound_.from == nullptr) {
      return Wrong("BAD_RESOURCE_TYPE_IN_FROM_CLAUSE",
                   fmt::format("'{}' is not a valid resource name.", query_.from.text),
                   query_.from.position);
    }
    if (auto error = BindSelect()) return std::unexpected(*std::move(error));
    if (auto error = BindWhere()) return std::unexpected(*std::move(error));
    if (auto error = BindOrder()) return std::unexpected(*std::move(error));
    if (auto error = BindParameters()) return std::unexpected(*std::move(error));
    bound_.limit = query_.limit;
    if (auto error = CheckMetrics()) return std::unexpected(*std::move(error));
    if (auto error = BoundDays()) return std::unexpected(*std::move(error));
    if (auto error = CheckHistory()) return std::unexpected(*std::move(error));
    NoteUse();
    return std::move(bound_);
  }

 private:
  using MaybeError = std::optional<AdsError>;
  static std::unexpected<AdsError> Wrong(std::string_view code, std::string_view message,
                                         std::size_t position) {
    return std::unexpected(QueryError(code, message, position));
  }

  std::expected<Column, AdsError> Find(const Name& name, Clause clause) const {
    const auto unknown = [&] {
      return Wrong("UNRECOGNIZED_FIELD",
                   fmt::format("Unrecognized field in the query: '{}'.", name.text), name.position);
    };
    const auto parts = SplitDots(name.text);
    if (parts.size() < 2) return unknown();
    Column column;
    column.gaql = name.text;
    const MessageDef* message = nullptr;
    if (parts[0] == "metrics") {
      column.source = Source::kMetrics;
      message = FindMessage("Metrics");
    } else if (parts[0] == "segments") {
      column.source = Source::kSegments;
      message = FindMessage("Segments");
    } else {
      column.resource = FindResource(parts[0]);
      if (column.resource == nullptr) return unknown();
      message = column.resource->message;
    }
    for (std::size_t i = 1; i < parts.size(); ++i) {
      // A text asset is one value, like those in lists.
      if (message == nullptr || message->name == "AdTextAsset") return unknown();
      const FieldDef* field = message->Find(parts[i]);
      if (field == nullptr || field->name != parts[i]) return unknown();
      column.path.push_back(field);
      message = field->kind == Kind::kMessage && !field->repeated ? field->message : nullptr;
    }
    // A message is selected through its fields; a change's old and new state is one value.
    if (message != nullptr && message->name != "ChangedResource" &&
        message->name != "AdTextAsset") {
      return unknown();
    }
    if (column.source == Source::kResource && column.resource != bound_.from &&
        std::find(bound_.from->attributed.begin(), bound_.from->attributed.end(),
                  column.resource->name) == bound_.from->attributed.end()) {
      return Wrong(
          Prohibited(clause, true),
          fmt::format("Fields of '{}' cannot be used with FROM {}.", parts[0], bound_.from->name),
          name.position);
    }
    return column;
  }

  MaybeError BindSelect() {
    for (const Name& name : query_.select) {
      auto column = Find(name, Clause::kSelect);
      if (!column) return std::move(column).error();
      if (column->source != Source::kResource && !bound_.from->metrics) {
        return QueryError(
            column->source == Source::kMetrics ? "PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE"
                                               : "PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
            fmt::format("'{}' cannot be used with FROM {}.", name.text, bound_.from->name),
            name.position);
      }
      if (std::find(bound_.select.begin(), bound_.select.end(), *column) == bound_.select.end()) {
        bound_.select.push_back(*std::move(column));
      }
    }
    return std::nullopt;
  }

  static bool Selected(const BoundQuery& bound, const Column& column) {
    return std::find(bound.select.begin(), bound.select.end(), column) != bound.select.end();
  }

  MaybeError BindWhere() {
    for (const Condition& condition : query_.where) {
      auto column = Find(condition.field, Clause::kWhere);
      if (!column) return std::move(column).error();
      const std::size_t position = condition.field.position;
      if (column->source == Source::kMetrics && !bound_.from->metrics) {
        return QueryError("PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                          fmt::format("'{}' cannot be used with FROM {}.", condition.field.text,
                                      bound_.from->name),
                          position);
      }
      if (column->source == Source::kSegments) {
        if (!bound_.from->metrics) {
          return QueryError("PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
                            fmt::format("'{}' cannot be used with FROM {}.", condition.field.text,
                                        bound_.from->name),
                            position);
        }
        if (!IsCoreDate(column->gaql) && !Selected(bound_, *column)) {
          return QueryError(
              "EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
              fmt::format("'{}' must be selected to be filtered by.", condition.field.text),
              position);
        }
      }
      BoundCondition bound{*std::move(column), condition.op, {}};
      if (auto error = BindValues(condition, bound)) return error;
      bound_.where.push_back(std::move(bound));
    }
    return std::nullopt;
  }

  bool IsDateLike(const Column& column) const {
    return column.gaql == "segments.date" || column.gaql == "change_event.change_date_time" ||
           column.gaql == "change_status.last_change_date_time" || IsCoreDate(column.gaql);
  }

  MaybeError BindValues(const Condition& condition, BoundCondition& bound) const {
    const Column& column = bound.column;
    const FieldDef& leaf = column.leaf();
    const std::size_t position =
        condition.values.empty() ? condition.field.position : condition.values[0].position;
    const auto mismatch = [&] {
      return QueryError("OPERATOR_FIELD_MISMATCH",
                        fmt::format("the operator does not fit '{}'.", column.gaql),
                        condition.field.position);
    };
    if (condition.op == Operator::kIsNull || condition.op == Operator::kIsNotNull) {
      return std::nullopt;
    }
    const bool contains = condition.op == Operator::kContainsAny ||
                          condition.op == Operator::kContainsAll ||
                          condition.op == Operator::kContainsNone;
    if (leaf.kind == Kind::kMessage || leaf.kind == Kind::kFieldMask || leaf.kind == Kind::kBytes) {
      return QueryError("PROHIBITED_FIELD_IN_WHERE_CLAUSE",
                        fmt::format("'{}' cannot be filtered by.", column.gaql),
                        condition.field.position);
    }
    if (leaf.repeated != contains) return mismatch();
    if (condition.values.size() > 20'000) {
      return QueryError("FILTER_HAS_TOO_MANY_VALUES", "the list has more than 20000 values.",
                        position);
    }
    if (condition.op == Operator::kDuring) {
      if (!IsDateLike(column)) return mismatch();
      const auto range = During(condition.values[0].text, today_);
      if (!range) {
        return QueryError("INVALID_VALUE_WITH_DURING_OPERATOR",
                          fmt::format("'{}' is no date range.", condition.values[0].text),
                          position);
      }
      const bool time = column.source == Source::kResource;
      bound.op = Operator::kBetween;
      bound.values = {PrintDay(range->first) + (time ? " 00:00:00" : ""),
                      PrintDay(range->last) + (time ? " 23:59:59.999999" : "")};
      return std::nullopt;
    }
    const bool pattern = condition.op == Operator::kLike || condition.op == Operator::kNotLike ||
                         condition.op == Operator::kRegexpMatch ||
                         condition.op == Operator::kNotRegexpMatch;
    if (pattern && leaf.kind != Kind::kString) return mismatch();
    const bool ordered = condition.op == Operator::kGreater || condition.op == Operator::kLess ||
                         condition.op == Operator::kGreaterEquals ||
                         condition.op == Operator::kLessEquals ||
                         condition.op == Operator::kBetween;
    if (ordered && (leaf.kind == Kind::kEnum || leaf.kind == Kind::kBool)) return mismatch();
    for (const Value& value : condition.values) {
      if (auto error = CheckValue(column, value)) return error;
      bound.values.push_back(leaf.kind == Kind::kBool ? LowerAscii(value.text) : value.text);
    }
    if (condition.op == Operator::kRegexpMatch || condition.op == Operator::kNotRegexpMatch) {
      // The expression comes from outside: its length bounds what it can cost.
      bool fine = condition.values[0].text.size() <= 500;
      if (fine) {
        try {
          const std::regex compiled(condition.values[0].text, std::regex::ECMAScript);
        } catch (const std::regex_error&) {
          fine = false;
        }
      }
      if (!fine) {
        return QueryError("INVALID_STRING_VALUE", "the regular expression cannot be read.",
                          position);
      }
    }
    return std::nullopt;
  }

  static MaybeError CheckValue(const Column& column, const Value& value) {
    const FieldDef& leaf = column.leaf();
    const auto bad = [&](std::string_view code, std::string_view what) {
      return QueryError(code, fmt::format("'{}' is {} for '{}'.", value.text, what, column.gaql),
                        value.position);
    };
    switch (leaf.kind) {
      case Kind::kInt32:
      case Kind::kInt64:
        if (!ParseInt64(value.text)) return bad("BAD_NUMBER", "no whole number");
        return std::nullopt;
      case Kind::kDouble: {
        char* end = nullptr;
        const double d = std::strtod(value.text.c_str(), &end);
        if (value.text.empty() || *end != '\0' || d != d) return bad("BAD_NUMBER", "no number");
        return std::nullopt;
      }
      case Kind::kBool: {
        const std::string lower = LowerAscii(value.text);
        if (lower != "true" && lower != "false") return bad("BAD_VALUE", "neither TRUE nor FALSE");
        return std::nullopt;
      }
      case Kind::kEnum:
        if (!leaf.enumeration->Has(value.text) && value.text != "UNSPECIFIED" &&
            value.text != "UNKNOWN") {
          return bad("BAD_ENUM_CONSTANT", "no known constant");
        }
        return std::nullopt;
      case Kind::kString:
        if (column.source == Source::kSegments && IsCoreDate(column.gaql)) {
          const auto day = ParseDay(value.text);
          if (!day) return bad("INVALID_DATE_FORMAT", "no date of the form YYYY-MM-DD");
          const std::chrono::year_month_day ymd{*day};
          const unsigned month = static_cast<unsigned>(ymd.month());
          const bool first = static_cast<unsigned>(ymd.day()) == 1;
          if ((column.gaql == "segments.week" && IsoWeekday(*day) != 1) ||
              (column.gaql == "segments.month" && !first) ||
              (column.gaql == "segments.quarter" && (!first || month % 3 != 1))) {
            return bad("MISALIGNED_DATE_FOR_FILTER", "not the first day of such a period");
          }
        } else if (!value.quoted && column.source == Source::kResource && value.text.empty()) {
          return bad("BAD_VALUE", "no text");
        }
        return std::nullopt;
      case Kind::kBytes:
      case Kind::kFieldMask:
      case Kind::kMessage:
        return std::nullopt;
    }
    Bug();
  }

  MaybeError BindOrder() {
    for (const Ordering& ordering : query_.order_by) {
      auto column = Find(ordering.field, Clause::kOrderBy);
      if (!column) return std::move(column).error();
      if (column->leaf().repeated || column->leaf().kind == Kind::kMessage) {
        return QueryError("PROHIBITED_FIELD_IN_ORDER_BY_CLAUSE",
                          fmt::format("'{}' has no order.", ordering.field.text),
                          ordering.field.position);
      }
      if ((column->source != Source::kResource || column->resource != bound_.from) &&
          !Selected(bound_, *column)) {
        return QueryError("EXPECTED_REFERENCED_FIELD_IN_SELECT_CLAUSE",
                          fmt::format("'{}' must be selected to order by it.", ordering.field.text),
                          ordering.field.position);
      }
      bound_.order_by.emplace_back(*std::move(column), ordering.descending);
    }
    return std::nullopt;
  }

  MaybeError BindParameters() {
    for (const auto& [name, value] : query_.parameters) {
      if (name.text != "include_drafts" && name.text != "omit_unselected_resource_names") {
        return QueryError("BAD_PARAMETER_NAME", fmt::format("'{}' is no parameter.", name.text),
                          name.position);
      }
      const std::string word = LowerAscii(value.text);
      if (word != "true" && word != "false") {
        return QueryError("BAD_PARAMETER_VALUE",
                          fmt::format("'{}' is neither true nor false.", value.text),
                          value.position);
      }
      if (name.text == "omit_unselected_resource_names") {
        bound_.omit_unselected_resource_names = word == "true";
      }
    }
    return std::nullopt;
  }

  template <class Visit>
  void ForEachColumn(Visit visit) const {
    for (const Column& column : bound_.select) visit(column);
    for (const BoundCondition& condition : bound_.where) visit(condition.column);
    for (const auto& [column, descending] : bound_.order_by) visit(column);
  }

  MaybeError CheckMetrics() {
    bool impression_share = false;
    bool hour = false;
    ForEachColumn([&](const Column& column) {
      bound_.with_metrics = bound_.with_metrics || column.source != Source::kResource;
      impression_share = impression_share || column.gaql.ends_with("impression_share");
      hour = hour || column.gaql == "segments.hour";
    });
    const std::string& from = bound_.from->name;
    if (IsView(from)) bound_.with_metrics = true;
    if (bound_.with_metrics && viewpoint_.manager && !IsView(from)) {
      return QueryError("REQUESTED_METRICS_FOR_MANAGER",
                        "Metrics cannot be requested for a manager account. To retrieve metrics, "
                        "issue separate requests against each client account under it.");
    }
    if (impression_share && (from == "ad_group_ad" || IsView(from))) {
      return QueryError("PROHIBITED_METRIC_IN_SELECT_OR_WHERE_CLAUSE",
                        fmt::format("impression share cannot be used with FROM {}.", from));
    }
    if (IsCutView(from)) AddBreakdown(Breakdown::kDevice);
    ForEachColumn([&](const Column& column) {
      if (column.gaql == "segments.device") AddBreakdown(Breakdown::kDevice);
      if (column.gaql == "segments.ad_network_type") AddBreakdown(Breakdown::kPlacement);
      if (column.gaql == "segments.geo_target_country") AddBreakdown(Breakdown::kCountry);
    });
    const bool terms = from == "search_term_view" || from == "campaign_search_term_view";
    for (const Column& column : bound_.select) {
      const bool of_terms = column.gaql.starts_with("segments.keyword.") ||
                            column.gaql == "segments.search_term_match_type";
      if ((column.gaql == "segments.geo_target_country" && from != "geographic_view") ||
          (of_terms && !terms) || (column.gaql == "segments.hour" && IsCutView(from))) {
        return QueryError("PROHIBITED_SEGMENT_IN_SELECT_OR_WHERE_CLAUSE",
                          fmt::format("'{}' cannot be used with FROM {}.", column.gaql, from));
      }
    }
    if (from == "geographic_view") AddBreakdown(Breakdown::kCountry);
    return std::nullopt;
  }

  void AddBreakdown(Breakdown breakdown) {
    if (std::find(bound_.breakdowns.begin(), bound_.breakdowns.end(), breakdown) ==
        bound_.breakdowns.end()) {
      bound_.breakdowns.push_back(breakdown);
    }
  }

  /// Days that the date conditions leave; a date segment needs them finite.
  MaybeError BoundDays() {
    const auto lower = [&](Day day) {
      bound_.first = bound_.first ? std::max(*bound_.first, day) : day;
    };
    const auto upper = [&](Day day) {
      bound_.last = bound_.last ? std::min(*bound_.last, day) : day;
    };
    for (const BoundCondition& condition : bound_.where) {
      const std::string& gaql = condition.column.gaql;
      if (!IsCoreDate(gaql)) continue;
      if (gaql == "segments.year") {
        for (const std::string& value : condition.values) {
          const auto year = ParseInt64(value);
          if (condition.op != Operator::kEquals || !year || *year < 1970 || *year > 9999) continue;
          const std::chrono::year y{static_cast<int>(*year)};
          lower(Day{std::chrono::local_days(y / 1 / 1)});
          upper(Day{std::chrono::local_days(y / 12 / 31)});
        }
        continue;
      }
      const auto last_of = [&](Day day) {
        if (gaql == "segments.date") return day;
        if (gaql == "segments.week") return day + days(6);
        const std::chrono::year_month_day ymd{day};
        const std::chrono::months span{gaql == "segments.month" ? 1 : 3};
        return Day{std::chrono::local_days(ymd + span)} - days(1);
      };
      std::vector<Day> values;
      for (const std::string& value : condition.values) values.push_back(*ParseDay(value));
      switch (condition.op) {
        case Operator::kEquals:
          lower(values[0]);
          upper(last_of(values[0]));
          break;
        case Operator::kIn:
          lower(*std::min_element(values.begin(), values.end()));
          upper(last_of(*std::max_element(values.begin(), values.end())));
          break;
        case Operator::kBetween:
          lower(values[0]);
          upper(last_of(values[1]));
          break;
        case Operator::kGreater:
        case Operator::kGreaterEquals:
          lower(values[0]);
          break;
        case Operator::kLess:
        case Operator::kLessEquals:
          upper(last_of(values[0]));
          break;
        case Operator::kNotEquals:
        case Operator::kNotIn:
        case Operator::kLike:
        case Operator::kNotLike:
        case Operator::kContainsAny:
        case Operator::kContainsAll:
        case Operator::kContainsNone:
        case Operator::kIsNull:
        case Operator::kIsNotNull:
        case Operator::kDuring:
        case Operator::kRegexpMatch:
        case Operator::kNotRegexpMatch:
          break;
      }
    }
    const bool date_selected =
        std::any_of(bound_.select.begin(), bound_.select.end(),
                    [](const Column& column) { return IsCoreDate(column.gaql); });
    if (date_selected && !(bound_.first && bound_.last)) {
      return QueryError("EXPECTED_FILTERS_ON_DATE_RANGE",
                        "a date segment is selected, so the query needs a finite date range.");
    }
    if (bound_.first && bound_.last && *bound_.first > *bound_.last) {
      // Contradicting filters leave no day; a reversed BETWEEN is a mistake.
      for (const BoundCondition& condition : bound_.where) {
        if (condition.column.gaql == "segments.date" && condition.op == Operator::kBetween &&
            condition.values[0] > condition.values[1]) {
          return QueryError("INVALID_VALUE_WITH_BETWEEN_OPERATOR",
                            "the range ends before it begins.");
        }
      }
    }
    return std::nullopt;
  }

  /// change_event and change_status: a finite range of the last days, and a LIMIT.
  MaybeError CheckHistory() const {
    const bool event = bound_.from->name == "change_event";
    if (!event && bound_.from->name != "change_status") return std::nullopt;
    const auto error = [&](std::string_view code, std::string_view message) {
      AdsError made = QueryError(code, message);
      made.family = event ? "changeEventError" : "changeStatusError";
      return made;
    };
    const std::string_view field =
        event ? "change_event.change_date_time" : "change_status.last_change_date_time";
    std::string low;
    std::string high;
    for (const BoundCondition& condition : bound_.where) {
      if (condition.column.gaql != field) continue;
      switch (condition.op) {
        case Operator::kEquals:
          low = std::max(low, condition.values[0]);
          high = high.empty() ? condition.values[0] : std::min(high, condition.values[0]);
          break;
        case Operator::kBetween:
          low = std::max(low, condition.values[0]);
          high = high.empty() ? condition.values[1] : std::min(high, condition.values[1]);
          break;
        case Operator::kGreater:
        case Operator::kGreaterEquals:
          low = std::max(low, condition.values[0]);
          break;
        case Operator::kLess:
        case Operator::kLessEquals:
          high = high.empty() ? condition.values[0] : std::min(high, condition.values[0]);
          break;
        case Operator::kNotEquals:
        case Operator::kIn:
        case Operator::kNotIn:
        case Operator::kLike:
        case Operator::kNotLike:
        case Operator::kContainsAny:
        case Operator::kContainsAll:
        case Operator::kContainsNone:
        case Operator::kIsNull:
        case Operator::kIsNotNull:
        case Operator::kDuring:
        case Operator::kRegexpMatch:
        case Operator::kNotRegexpMatch:
          break;
      }
    }
    if (low.empty() || high.empty()) {
      return error("CHANGE_DATE_RANGE_INFINITE",
                   fmt::format("the query needs a finite range of {}.", field));
    }
    for (const std::string& bound : {low, high}) {
      if (!ParseDay(std::string_view(bound).substr(0, 10))) {
        return QueryError("INVALID_DATE_FORMAT", fmt::format("'{}' is no time.", bound));
      }
    }
    if (low > high) {
      return error("CHANGE_DATE_RANGE_NEGATIVE", "the range ends before it begins.");
    }
    const int kept_days = event ? 30 : 90;
    if (low.substr(0, 10) < PrintDay(today_ - days(kept_days))) {
      return error("START_DATE_TOO_OLD", fmt::format("changes are kept for {} days.", kept_days));
    }
    if (!bound_.limit) return error("LIMIT_NOT_SPECIFIED", "the query needs a LIMIT.");
    if (*bound_.limit > 10'000) {
      return error("INVALID_LIMIT_CLAUSE", "LIMIT may be 10000 at most.");
    }
    return std::nullopt;
  }

  void NoteUse() {
    bound_.resources.push_back(bound_.from);
    ForEachColumn([&](const Column& column) {
      if (column.source == Source::kResource &&
          std::find(bound_.resources.begin(), bound_.resources.end(), column.resource) ==
              bound_.resources.end()) {
        bound_.resources.push_back(column.resource);
      }
      const std::string& name = column.path.front()->name;
      bound_.with_states = bound_.with_states || name.starts_with("primary_status") ||
                           name == "serving_status" || name == "policy_summary" ||
                           name == "reference_count" || name == "has_recommended_budget";
    });
  }

  const Query& query_;
  const Viewpoint& viewpoint_;
  const Day today_;
  BoundQuery bound_;
};

}  // namespace

bool BoundQuery::Uses(std::string_view resource) const {
  return std::any_of(resources.begin(), resources.end(),
                     [&](const ResourceDef* used) { return used->name == resource; });
}

bool IsCutView(std::string_view resource) {
  return resource == "search_term_view" || resource == "campaign_search_term_view" ||
         resource == "ad_group_audience_view" || resource == "campaign_audience_view";
}

std::expected<BoundQuery, AdsError> Bind(const Query& query, const Viewpoint& viewpoint) {
  return Binder(query, viewpoint).Run();
}

}  // namespace maxopt::sim::google_ads
