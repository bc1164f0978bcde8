#include "sim/meta/insights.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <map>

#include "sim/meta/fields.h"
#include "sim/meta/state.h"

namespace maxopt::sim::meta {
namespace {

/// Counts by attribution window; money in micros likewise.
struct ByWindow {
  std::int64_t click_1d = 0;
  std::int64_t click_7d = 0;
  std::int64_t click_28d = 0;
  std::int64_t view_1d = 0;
  /// What Meta shows as "value": 7-day click plus 1-day view.
  std::int64_t standard() const { return click_7d + view_1d; }
  ByWindow& operator+=(const ByWindow& more) {
    click_1d += more.click_1d;
    click_7d += more.click_7d;
    click_28d += more.click_28d;
    view_1d += more.view_1d;
    return *this;
  }
};

struct Sums {
  std::int64_t spend_micros = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  std::int64_t link_clicks = 0;
  std::int64_t page_views = 0;
  ByWindow carts;
  ByWindow purchases;
  ByWindow revenue_micros;
  Sums& operator+=(const Sums& more) {
    spend_micros += more.spend_micros;
    impressions += more.impressions;
    clicks += more.clicks;
    link_clicks += more.link_clicks;
    page_views += more.page_views;
    carts += more.carts;
    purchases += more.purchases;
    revenue_micros += more.revenue_micros;
    return *this;
  }
};

/// n * part / whole, rounded up or down by a digest of the row, so that many small rows sum to the
/// share without bias and every roll-up of the same rows agrees.
std::int64_t Share(std::int64_t n, std::int64_t part, std::int64_t whole, std::uint64_t digest) {
  return std::min(
      n,
      (n * part + static_cast<std::int64_t>(digest % static_cast<std::uint64_t>(whole))) / whole);
}

std::uint64_t Digest(const ReportRow& row) {
  std::uint64_t h = 1469598103934665603ull;  // FNV-1a
  const auto mix = [&h](std::string_view text) {
    for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  };
  mix(row.ad_id);
  mix(row.segment);
  h = (h ^ static_cast<std::uint64_t>(row.day.time_since_epoch().count())) * 1099511628211ull;
  h = (h ^ static_cast<std::uint64_t>(row.hour)) * 1099511628211ull;
  return h ^ (h >> 29);
}

/// The market counts clicks and purchases; the rest of Meta's funnel follows from them by shares
/// that are typical of a shop.
Sums SumsOf(const ReportRow& row) {
  const std::uint64_t h = Digest(row);
  Sums sums;
  sums.spend_micros = row.spend_micros;
  sums.impressions = row.impressions;
  sums.clicks = row.clicks;
  sums.link_clicks = Share(row.clicks, 5, 6, h);
  sums.page_views = Share(sums.link_clicks, 4, 5, h >> 8);
  const auto windows = [&](std::int64_t click, std::int64_t view) {
    return ByWindow{Share(click, 62, 100, h >> 16), click, click + Share(click, 12, 100, h >> 24),
                    view};
  };
  sums.purchases = windows(row.conversions_click, row.conversions_view);
  sums.carts = windows(row.conversions_click * 3 + Share(sums.link_clicks, 1, 12, h >> 32),
                       row.conversions_view);
  // Money follows the conversions of its window, so that an average order stays one.
  const auto part = [](std::int64_t money, std::int64_t of, std::int64_t all) {
    __extension__ using Wide = __int128;
    return all == 0 ? 0 : static_cast<std::int64_t>(static_cast<Wide>(money) * of / all);
  };
  const std::int64_t click = row.conversions_click;
  sums.revenue_micros = {
      part(row.revenue_click_micros, sums.purchases.click_1d, click), row.revenue_click_micros,
      part(row.revenue_click_micros, sums.purchases.click_28d, click), row.revenue_view_micros};
  return sums;
}

/// People reached: not additive over rows, as on a real platform. Of a quarter of a million people,
/// the more is shown the more see it again.
std::int64_t Reach(std::int64_t impressions) {
  constexpr std::int64_t kPeople = 250'000;
  __extension__ using Wide = __int128;
  return static_cast<std::int64_t>(static_cast<Wide>(impressions) * kPeople /
                                   (kPeople + impressions));
}

struct ActionRow {
  std::string_view type;
  ByWindow count;
};

/// Meta reports the same purchase under several action types. Whoever sums them all counts it
/// more than once.
std::vector<ActionRow> ActionsOf(const Sums& sums) {
  const auto clicks = [](std::int64_t n) { return ByWindow{n, n, n, 0}; };
  return {{"link_click", clicks(sums.link_clicks)},
          {"post_engagement", clicks(sums.clicks)},
          {"page_engagement", clicks(sums.clicks)},
          {"landing_page_view", clicks(sums.page_views)},
          {"omni_landing_page_view", clicks(sums.page_views)},
          {"add_to_cart", sums.carts},
          {"omni_add_to_cart", sums.carts},
          {"offsite_conversion.fb_pixel_add_to_cart", sums.carts},
          {"purchase", sums.purchases},
          {"omni_purchase", sums.purchases},
          {"offsite_conversion.fb_pixel_purchase", sums.purchases}};
}
std::vector<ActionRow> ValuesOf(const Sums& sums) {
  return {{"purchase", sums.revenue_micros},
          {"omni_purchase", sums.revenue_micros},
          {"offsite_conversion.fb_pixel_purchase", sums.revenue_micros}};
}

/// What a metric may need beside the sums.
struct RowContext {
  const InsightsQuery& query;
  const Account& account;
  const Object* campaign;  ///< null above that level
  const Object* adset;
  const Object* ad;
  int decimals;  ///< of money in the account's currency

  std::string Print(std::int64_t micros) const { return PrintRatio(micros, 1'000'000, decimals); }
};

/// Actions with the default value and the windows asked for. A window without any has no key; the
/// view windows beyond a day that Meta retired never have one.
Json ActionList(const std::vector<ActionRow>& actions, const RowContext& context, bool money) {
  const auto print = [&](std::int64_t n) { return money ? context.Print(n) : fmt::to_string(n); };
  Json list = Json::array();
  for (const ActionRow& action : actions) {
    Json entry = {{"action_type", action.type}, {"value", print(action.count.standard())}};
    bool any = action.count.standard() != 0;
    for (const std::string& window : context.query.windows) {
      const std::int64_t n = window == "1d_click"    ? action.count.click_1d
                             : window == "7d_click"  ? action.count.click_7d
                             : window == "28d_click" ? action.count.click_28d
                             : window == "1d_view"   ? action.count.view_1d
                                                     : 0;
      if (n == 0) continue;
      entry[window] = print(n);
      any = true;
    }
    if (any) list.push_back(std::move(entry));
  }
  return list.empty() ? Json() : list;
}

Json CostPerAction(const Sums& sums) {
  Json list = Json::array();
  for (const ActionRow& action : ActionsOf(sums)) {
    if (action.count.standard() == 0) continue;
    list.push_back(
        {{"action_type", action.type},
         {"value", PrintRatio(sums.spend_micros, action.count.standard() * 1'000'000, 6)}});
  }
  return list.empty() ? Json() : list;
}

Json Roas(const Sums& sums, std::string_view type) {
  if (sums.spend_micros == 0 || sums.revenue_micros.standard() == 0) return {};
  return Json::array(
      {{{"action_type", type},
        {"value", PrintRatio(sums.revenue_micros.standard(), sums.spend_micros, 6)}}});
}

/// numerator / denominator with six decimals; absent when there is nothing to divide by.
Json Ratio(std::int64_t numerator, std::int64_t denominator) {
  if (denominator == 0) return {};
  return PrintRatio(numerator, denominator, 6);
}

Json NameOf(const Object* object) {
  return object == nullptr ? Json() : Json(object->text("name"));
}
Json IdOf(const Object* object) { return object == nullptr ? Json() : Json(object->id); }

/// One metric or attribute; null means that the row does not have it.
struct Column {
  std::string_view name;
  Json (*print)(const Sums&, const RowContext&);
};
constexpr Column kColumns[] = {
    {"account_id", [](const Sums&, const RowContext& c) -> Json { return c.account.id(); }},
    {"account_name",
     [](const Sums&, const RowContext& c) -> Json { return c.account.served.name; }},
    {"account_currency",
     [](const Sums&, const RowContext& c) -> Json {
       return std::string(c.account.currency().name());
     }},
    {"campaign_id", [](const Sums&, const RowContext& c) { return IdOf(c.campaign); }},
    {"campaign_name", [](const Sums&, const RowContext& c) { return NameOf(c.campaign); }},
    {"adset_id", [](const Sums&, const RowContext& c) { return IdOf(c.adset); }},
    {"adset_name", [](const Sums&, const RowContext& c) { return NameOf(c.adset); }},
    {"ad_id", [](const Sums&, const RowContext& c) { return IdOf(c.ad); }},
    {"ad_name", [](const Sums&, const RowContext& c) { return NameOf(c.ad); }},
    {"objective",
     [](const Sums&, const RowContext& c) {
       return c.campaign == nullptr ? Json() : Json(c.campaign->text("objective"));
     }},
    {"buying_type",
     [](const Sums&, const RowContext& c) {
       return c.campaign == nullptr ? Json() : Json("AUCTION");
     }},
    {"optimization_goal",
     [](const Sums&, const RowContext& c) {
       return c.adset == nullptr ? Json() : Json(c.adset->text("optimization_goal"));
     }},
    {"attribution_setting",
     [](const Sums&, const RowContext&) -> Json { return "7d_click_1d_view"; }},
    {"impressions",
     [](const Sums& s, const RowContext&) -> Json { return fmt::to_string(s.impressions); }},
    {"clicks", [](const Sums& s, const RowContext&) -> Json { return fmt::to_string(s.clicks); }},
    {"inline_link_clicks",
     [](const Sums& s, const RowContext&) -> Json { return fmt::to_string(s.link_clicks); }},
    {"unique_clicks",
     [](const Sums& s, const RowContext&) -> Json {
       return fmt::to_string(std::min(s.clicks, Reach(s.impressions)));
     }},
    {"inline_post_engagement",
     [](const Sums& s, const RowContext&) -> Json { return fmt::to_string(s.clicks); }},
    {"reach",
     [](const Sums& s, const RowContext&) -> Json { return fmt::to_string(Reach(s.impressions)); }},
    {"frequency",
     [](const Sums& s, const RowContext&) { return Ratio(s.impressions, Reach(s.impressions)); }},
    {"spend", [](const Sums& s, const RowContext& c) -> Json { return c.Print(s.spend_micros); }},
    {"social_spend", [](const Sums&, const RowContext&) -> Json { return "0"; }},
    {"cpm",
     [](const Sums& s, const RowContext&) { return Ratio(s.spend_micros, s.impressions * 1'000); }},
    {"cpc",
     [](const Sums& s, const RowContext&) { return Ratio(s.spend_micros, s.clicks * 1'000'000); }},
    {"cpp", [](const Sums& s,
               const RowContext&) { return Ratio(s.spend_micros, Reach(s.impressions) * 1'000); }},
    {"ctr", [](const Sums& s, const RowContext&) { return Ratio(s.clicks * 100, s.impressions); }},
    {"inline_link_click_ctr",
     [](const Sums& s, const RowContext&) { return Ratio(s.link_clicks * 100, s.impressions); }},
    {"cost_per_inline_link_click",
     [](const Sums& s, const RowContext&) {
       return Ratio(s.spend_micros, s.link_clicks * 1'000'000);
     }},
    {"actions",
     [](const Sums& s, const RowContext& c) { return ActionList(ActionsOf(s), c, false); }},
    {"action_values",
     [](const Sums& s, const RowContext& c) { return ActionList(ValuesOf(s), c, true); }},
    {"outbound_clicks",
     [](const Sums& s, const RowContext& c) {
       const ByWindow n{s.link_clicks, s.link_clicks, s.link_clicks, 0};
       return ActionList({{"outbound_click", n}}, c, false);
     }},
    {"cost_per_action_type", [](const Sums& s, const RowContext&) { return CostPerAction(s); }},
    {"purchase_roas", [](const Sums& s, const RowContext&) { return Roas(s, "omni_purchase"); }},
    {"website_purchase_roas",
     [](const Sums& s, const RowContext&) {
       return Roas(s, "offsite_conversion.fb_pixel_purchase");
     }},
};

/// Exist on Meta, are never in an answer here.
constexpr std::string_view kAbsentColumns =
    "ad_click_actions ad_impression_actions adset_end adset_start auction_bid "
    "canvas_avg_view_percent canvas_avg_view_time conversion_rate_ranking conversion_values "
    "conversions cost_per_conversion cost_per_inline_post_engagement cost_per_outbound_click "
    "cost_per_result cost_per_thruplay cost_per_unique_action_type cost_per_unique_click "
    "created_time date_start date_stop engagement_rate_ranking estimated_ad_recallers "
    "full_view_impressions full_view_reach labels location mobile_app_purchase_roas "
    "objective_results outbound_clicks_ctr quality_ranking result_rate results unique_actions "
    "unique_conversions unique_ctr unique_inline_link_clicks unique_outbound_clicks updated_time "
    "video_30_sec_watched_actions video_avg_time_watched_actions video_p100_watched_actions "
    "video_p25_watched_actions video_p50_watched_actions video_p75_watched_actions "
    "video_p95_watched_actions video_play_actions video_thruplay_watched_actions website_ctr "
    "wish_bid cost_per_unique_inline_link_click cost_per_estimated_ad_recallers";

const Column* FindColumn(std::string_view name) {
  const auto* it = std::ranges::find(kColumns, name, &Column::name);
  return it == std::end(kColumns) ? nullptr : it;
}

std::string PlatformPosition(std::string_view publisher, std::string_view position) {
  if (publisher == "instagram" && position == "stories") return "instagram_stories";
  if (publisher == "instagram" && position == "reels") return "instagram_reels";
  if (publisher == "audience_network") return "an_classic";
  return std::string(position);
}

std::string DimensionValue(const std::string& breakdown, const ReportRow& row) {
  const std::size_t slash = std::min(row.segment.find('/'), row.segment.size());
  std::string first = row.segment.substr(0, slash);
  std::string second =
      slash < row.segment.size() ? row.segment.substr(slash + 1) : std::string("unknown");
  if (breakdown == "age" || breakdown == "publisher_platform") return first;
  if (breakdown == "gender") return second;
  if (breakdown == "platform_position") return PlatformPosition(first, second);
  if (breakdown == "country") return row.segment == "ZZ" ? "unknown" : row.segment;
  if (breakdown == "device_platform") {
    if (row.segment == "mobile") return "mobile_app";
    return row.segment == "tablet" ? "mobile_web" : row.segment;
  }
  if (breakdown == "impression_device") {
    if (row.segment == "mobile") return "android_smartphone";
    return row.segment == "tablet" ? "ipad" : row.segment;
  }
  return fmt::format("{:02}:00:00 - {:02}:59:59", row.hour, row.hour);
}

struct CellKey {
  std::size_t period;
  std::string object;  ///< id at the query's level
  std::vector<std::string> values;
  auto operator<=>(const CellKey&) const = default;
};

bool IsMetricFilter(const Filter& filter) { return filter.field.find('.') == std::string::npos; }

class Builder {
 public:
  Builder(const InsightsQuery& query, const Account& account, Instant now)
      : query_(query),
        account_(account),
        now_(now),
        decimals_(MinorUnitDecimals(account.currency(), MinorUnits::kIso4217).value_or(2)) {}

  Graph<InsightsAnswer> Run(const FetchRows& fetch) {
    for (const std::string& field : query_.fields) {
      if (FindColumn(field) == nullptr && !HasWord(kAbsentColumns, field)) {
        return RefuseParam(
            fmt::format("{} is not valid for fields param. please check the "
                        "ads-insights reference for all valid values",
                        field));
      }
    }
    Collect(fetch);
    return Print();
  }

 private:
  void Collect(const FetchRows& fetch) {
    // Periods that follow each other are read in one go; time_ranges may overlap and are not.
    std::size_t begin = 0;
    while (begin < query_.periods.size()) {
      std::size_t end = begin + 1;
      while (end < query_.periods.size() &&
             query_.periods[end].since == query_.periods[end - 1].until + std::chrono::days(1)) {
        ++end;
      }
      const DayRange whole{query_.periods[begin].since, query_.periods[end - 1].until};
      std::size_t period = begin;
      for (const ReportRow& row : fetch(whole, query_.market_breakdown)) {
        // Rows come by day.
        while (period + 1 < end && query_.periods[period].until < row.day) ++period;
        Add(period, row);
      }
      begin = end;
    }
  }

  void Add(std::size_t period, const ReportRow& row) {
    if (!query_.node_id.empty()) {
      const std::string& node = query_.node_level == Level::kCampaign  ? row.campaign_id
                                : query_.node_level == Level::kAdGroup ? row.ad_group_id
                                                                       : row.ad_id;
      if (node != query_.node_id) return;
    }
    if (!Shown(row)) return;
    CellKey key{period, ObjectOf(row), {}};
    for (const std::string& breakdown : query_.breakdowns) {
      key.values.push_back(DimensionValue(breakdown, row));
    }
    Cell& cell = cells_[std::move(key)];
    if (cell.sample.ad_id.empty()) cell.sample = row;
    cell.sums += SumsOf(row);
  }

  std::string ObjectOf(const ReportRow& row) const {
    switch (query_.level) {
      case Level::kCampaign:
        return row.campaign_id;
      case Level::kAdGroup:
        return row.ad_group_id;
      case Level::kAd:
        return row.ad_id;
      case Level::kAccount:
      case Level::kConversion:
      case Level::kAsset:
        return "";
    }
    Bug();
  }

  /// The filters about objects, and that deleted ones show only when asked for. Remembered by ad.
  bool Shown(const ReportRow& row) {
    const auto [it, fresh] = shown_.try_emplace(row.ad_id, true);
    if (!fresh) return it->second;
    const struct {
      std::string_view name;
      const Object* object;
      Level level;
    } objects[] = {
        {"campaign", account_.Find(Kind::kCampaign, row.campaign_id), Level::kCampaign},
        {"adset", account_.Find(Kind::kAdSet, row.ad_group_id), Level::kAdGroup},
        {"ad", account_.Find(Kind::kAd, row.ad_id), Level::kAd},
    };
    for (const auto& [name, object, level] : objects) {
      bool status_asked = false;
      for (const Filter& filter : query_.filters) {
        const std::string prefix = std::string(name) + ".";
        if (!filter.field.starts_with(prefix)) continue;
        const std::string field = filter.field.substr(prefix.size());
        std::string text;
        if (field == "id") text = object == nullptr ? "" : object->id;
        if (field == "name") text = object == nullptr ? "" : object->text("name");
        if (field == "effective_status") {
          status_asked = true;
          text = object == nullptr ? "" : EffectiveStatus(*object, account_, now_);
        }
        if (!Matches(filter, text)) return it->second = false;
      }
      if (level == query_.level && !status_asked && object != nullptr && object->gone()) {
        return it->second = false;
      }
    }
    return true;
  }

  RowContext ContextOf(const ReportRow& row) const {
    const bool campaign = query_.level >= Level::kCampaign;
    const bool adset = query_.level >= Level::kAdGroup;
    const bool ad = query_.level >= Level::kAd;
    return {query_,
            account_,
            campaign ? account_.Find(Kind::kCampaign, row.campaign_id) : nullptr,
            adset ? account_.Find(Kind::kAdSet, row.ad_group_id) : nullptr,
            ad ? account_.Find(Kind::kAd, row.ad_id) : nullptr,
            decimals_};
  }

  Graph<InsightsAnswer> Print() {
    InsightsAnswer answer;
    struct Printed {
      Json row;
      std::vector<double> keys;
    };
    std::vector<Printed> printed;
    std::vector<std::pair<const Column*, bool>> sort;  // column, descending
    for (const std::string& word : query_.sort) {
      const bool descending = word.ends_with("_descending");
      if (!descending && !word.ends_with("_ascending")) return BadSort(word);
      const Column* column = FindColumn(word.substr(0, word.rfind('_')));
      if (column == nullptr) return BadSort(word);
      sort.emplace_back(column, descending);
    }
    Sums total;
    for (const auto& [key, cell] : cells_) {
      const RowContext context = ContextOf(cell.sample);
      if (!KeepsMetrics(cell.sums, context)) continue;
      total += cell.sums;
      Printed entry{PrintRow(key, cell.sums, context), {}};
      for (const auto& [column, descending] : sort) {
        const Json value = column->print(cell.sums, context);
        double number = 0;
        if (value.is_string()) {
          const std::string& text = value.get_ref<const std::string&>();
          std::from_chars(text.data(), text.data() + text.size(), number);
        }
        entry.keys.push_back(descending ? -number : number);
      }
      printed.push_back(std::move(entry));
    }
    std::ranges::stable_sort(printed, {}, &Printed::keys);
    for (Printed& entry : printed) answer.rows.push_back(std::move(entry.row));

    if (!query_.summary.empty()) {
      const RowContext context{query_, account_, nullptr, nullptr, nullptr, decimals_};
      answer.summary = Json::object();
      for (const std::string& field : query_.summary) {
        if (const Column* column = FindColumn(field)) {
          const Json value = column->print(total, context);
          if (!value.is_null()) answer.summary[field] = value;
        }
      }
      if (!query_.periods.empty()) {
        answer.summary["date_start"] = PrintDay(query_.periods.front().since);
        answer.summary["date_stop"] = PrintDay(query_.periods.back().until);
      }
    }
    return answer;
  }

  static std::unexpected<GraphError> BadSort(const std::string& word) {
    return RefuseParam(
        fmt::format("sort: \"{}\" must be a field followed by _ascending or _descending", word));
  }

  bool KeepsMetrics(const Sums& sums, const RowContext& context) const {
    return std::ranges::all_of(query_.filters, [&](const Filter& filter) {
      if (!IsMetricFilter(filter)) return true;
      const Column* column = FindColumn(filter.field);
      return column != nullptr && Matches(filter, ScalarText(column->print(sums, context)));
    });
  }

  Json PrintRow(const CellKey& key, const Sums& sums, const RowContext& context) const {
    Json row = Json::object();
    for (const std::string& field : query_.fields) {
      const Column* column = FindColumn(field);
      if (column == nullptr) continue;
      Json value = column->print(sums, context);
      if (!value.is_null()) row[field] = std::move(value);
    }
    const DayRange& period = query_.periods[key.period];
    row["date_start"] = PrintDay(period.since);
    row["date_stop"] = PrintDay(period.until);
    for (std::size_t i = 0; i < query_.breakdowns.size(); ++i) {
      row[query_.breakdowns[i]] = key.values[i];
    }
    return row;
  }

  struct Cell {
    Sums sums;
    ReportRow sample;  ///< one of its rows, for the names
  };
  const InsightsQuery& query_;
  const Account& account_;
  Instant now_;
  int decimals_;
  std::map<CellKey, Cell> cells_;
  std::map<std::string, bool> shown_;  ///< by ad
};

}  // namespace

Graph<InsightsAnswer> BuildInsights(const InsightsQuery& query, const Account& account,
                                    const FetchRows& fetch, Instant now) {
  return Builder(query, account, now).Run(fetch);
}

std::string PrintRatio(std::int64_t numerator, std::int64_t denominator, int decimals) {
  if (denominator <= 0) Bug();
  __extension__ using Wide = __int128;
  Wide scale = 1;
  for (int i = 0; i < decimals; ++i) scale *= 10;
  const bool negative = numerator < 0;
  const Wide size = negative ? -static_cast<Wide>(numerator) : static_cast<Wide>(numerator);
  const Wide scaled = (2 * size * scale + denominator) / (2 * static_cast<Wide>(denominator));
  std::string text = fmt::format("{}.{:0{}}", static_cast<std::int64_t>(scaled / scale),
                                 static_cast<std::int64_t>(scaled % scale), decimals);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.back() == '.') text.pop_back();
  return negative && text != "0" ? "-" + text : text;
}

}  // namespace maxopt::sim::meta
