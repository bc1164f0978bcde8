#include "app/views/metrics.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <array>
#include <cmath>

#include "memory/facts/quality.h"

namespace maxopt::views {
namespace {

using std::chrono::days;

constexpr Metric kMetrics[] = {
    {"spend", "Spend", CellKind::kMoney, Truth::kClaimed, 0,
     "What the platform charges, in the account's currency."},
    {"impressions", "Impressions", CellKind::kCount, Truth::kClaimed, 0, "Times an ad was shown."},
    {"clicks", "Clicks", CellKind::kCount, Truth::kClaimed, 1,
     "Clicks as the platform counts them."},
    {"conversions", "Conversions", CellKind::kReal, Truth::kClaimed, 1,
     "Claimed by the platform under its own attribution window."},
    {"revenue", "Revenue", CellKind::kMoney, Truth::kClaimed, 1,
     "Value of the conversions that the platform claims."},
    {"ctr", "CTR", CellKind::kRatio, Truth::kClaimed, 1, "Clicks by impressions."},
    {"cpc", "CPC", CellKind::kMoney, Truth::kClaimed, -1, "Spend by clicks."},
    {"cpm", "CPM", CellKind::kMoney, Truth::kClaimed, -1, "Spend by 1000 impressions."},
    {"cvr", "CVR", CellKind::kRatio, Truth::kClaimed, 1, "Claimed conversions by clicks."},
    {"cpa", "CPA", CellKind::kMoney, Truth::kClaimed, -1, "Spend by claimed conversions."},
    {"roas", "ROAS", CellKind::kReal, Truth::kClaimed, 1, "Claimed revenue by spend."},
    {"impression_share", "Impression share", CellKind::kRatio, Truth::kClaimed, 1,
     "Shown impressions by those that were to be had, where the platform tells."},
    {"lost_to_budget", "Lost to budget", CellKind::kRatio, Truth::kClaimed, -1,
     "Share of the impressions that were to be had, lost for want of budget."},
    {"lost_to_rank", "Lost to rank", CellKind::kRatio, Truth::kClaimed, -1,
     "Share of the impressions that were to be had, lost for want of ad rank."},
    {"orders", "Orders (books)", CellKind::kCount, Truth::kObserved, 1,
     "Orders of the client's own books, whoever brought them."},
    {"books_revenue", "Revenue (books)", CellKind::kMoney, Truth::kObserved, 1,
     "Revenue of the client's own books, whoever brought it."},
    {"books_roas", "Revenue (books) by spend", CellKind::kReal, Truth::kObserved, 1,
     "All revenue of the books by all spend of the days that they know: more than what the spend "
     "brought."},
};
bool OfBooks(const Metric& metric) { return metric.truth == Truth::kObserved; }

template <class T>
void AddTo(std::optional<T>& sum, const std::optional<T>& part) {
  if (!part) return;
  if (!sum) {
    sum = part;
    return;
  }
  if constexpr (std::is_integral_v<T>) {
    T out = 0;
    if (__builtin_add_overflow(*sum, *part, &out)) {
      out = *part > 0 ? std::numeric_limits<T>::max() : std::numeric_limits<T>::min();
    }
    sum = out;
  } else {
    *sum += *part;
  }
}

std::optional<double> Divide(const std::optional<double>& a, const std::optional<double>& b) {
  if (!a || !b || *b == 0) return std::nullopt;
  const double ratio = *a / *b;
  return std::isfinite(ratio) ? std::optional(ratio) : std::nullopt;
}
template <class T>
std::optional<double> Real(const std::optional<T>& value) {
  return value ? std::optional(static_cast<double>(*value)) : std::nullopt;
}

std::optional<std::int64_t> Integer(const FactCell& cell) {
  if (cell.kind != FactCell::Kind::kInteger && cell.kind != FactCell::Kind::kMoney) {
    return std::nullopt;
  }
  return cell.integer;
}
std::optional<double> RealOf(const FactCell& cell) {
  if (cell.kind == FactCell::Kind::kAbsent || cell.kind == FactCell::Kind::kText) {
    return std::nullopt;
  }
  return cell.Number();
}

}  // namespace

std::span<const Metric> Metrics() { return kMetrics; }

Result<std::vector<const Metric*>> ChooseMetrics(const Frame& frame,
                                                 std::vector<std::string_view> defaults,
                                                 bool with_books) {
  std::vector<const Metric*> out;
  const auto add = [&](std::string_view name) -> Result<> {
    const auto found = std::ranges::find(kMetrics, name, &Metric::name);
    if (found == std::end(kMetrics) || (OfBooks(*found) && !with_books)) {
      std::vector<std::string_view> known;
      for (const Metric& metric : kMetrics) {
        if (with_books || !OfBooks(metric)) known.push_back(metric.name);
      }
      return Fail(Errc::kInvalidArgument,
                  fmt::format("metric \"{}\" is not known{}; known are {}", name,
                              found == std::end(kMetrics)
                                  ? ""
                                  : " here (the books are the client's, not an object's)",
                              fmt::join(known, ", ")));
    }
    if (std::ranges::find(out, &*found) == out.end()) out.push_back(&*found);
    return {};
  };
  if (frame.query.metrics.empty()) {
    for (const std::string_view name : defaults) MAXOPT_CHECK(add(name));
  }
  for (const std::string& name : frame.query.metrics) MAXOPT_CHECK(add(name));
  return out;
}

void Sums::Add(const Sums& other) {
  if (other.currency && currency && *currency != *other.currency) mixed = true;
  mixed = mixed || other.mixed;
  if (!currency) currency = other.currency;
  AddTo(spend, other.spend);
  AddTo(impressions, other.impressions);
  AddTo(clicks, other.clicks);
  AddTo(revenue, other.revenue);
  AddTo(conversions, other.conversions);
  AddTo(orders, other.orders);
  AddTo(books_revenue, other.books_revenue);
  AddTo(books_spend, other.books_spend);
  if (parts == 0) {
    impression_share = other.impression_share;
    lost_to_budget = other.lost_to_budget;
    lost_to_rank = other.lost_to_rank;
  } else {
    impression_share.reset();
    lost_to_budget.reset();
    lost_to_rank.reset();
  }
  parts += std::max(1, other.parts);
}

ViewCell Sums::Cell(const Metric& metric) const {
  const auto money = [&](const std::optional<std::int64_t>& micros) -> ViewCell {
    if (!micros || mixed || !currency) return {};
    return Money::Micros(*micros, *currency);
  };
  /// A price: the quotient rounded to the micro.
  const auto price = [&](double factor, const std::optional<double>& count) -> ViewCell {
    const auto quotient = Divide(Real(spend), count);
    if (!quotient || mixed || !currency) return {};
    const double micros = std::round(*quotient * factor);
    if (std::abs(micros) >= 9.2e18) return {};
    return Money::Micros(static_cast<std::int64_t>(micros), *currency);
  };
  const auto claimed =
      conversions ? std::optional(std::round(*conversions * 1e6) / 1e6) : std::nullopt;
  const std::string_view name = metric.name;
  if (name == "spend") return money(spend);
  if (name == "revenue") return money(revenue);
  if (name == "books_revenue") return money(books_revenue);
  if (name == "impressions") return Maybe(impressions);
  if (name == "clicks") return Maybe(clicks);
  if (name == "orders") return Maybe(orders);
  if (name == "conversions") return Maybe(claimed);
  if (name == "ctr") return Maybe(Divide(Real(clicks), Real(impressions)));
  if (name == "cvr") return Maybe(Divide(claimed, Real(clicks)));
  if (name == "cpc") return price(1, Real(clicks));
  if (name == "cpm") return price(1000, Real(impressions));
  if (name == "cpa") return price(1, claimed);
  if (name == "roas" || name == "books_roas") {
    if (mixed || !currency) return {};
    return Maybe(name == "roas" ? Divide(Real(revenue), Real(spend))
                                : Divide(Real(books_revenue), Real(books_spend)));
  }
  if (name == "impression_share") return Maybe(impression_share);
  if (name == "lost_to_budget") return Maybe(lost_to_budget);
  if (name == "lost_to_rank") return Maybe(lost_to_rank);
  Bug();
}

bool IsCut(std::string_view dimension) {
  const auto breakdown = FindBreakdown(dimension);
  return breakdown && *breakdown != Breakdown::kNone;
}

Result<std::vector<Found>> AskFacts(Frame& frame, const Ask& ask) {
  std::vector<std::string> measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
  if (ask.shares) {
    measures.insert(measures.end(), {"impression_share", "lost_to_budget", "lost_to_rank"});
  }
  std::vector<std::string> dimensions = {"platform", "account"};
  dimensions.insert(dimensions.end(), ask.dimensions.begin(), ask.dimensions.end());
  if (!ask.cut.empty()) dimensions.push_back(ask.cut);
  FactQuery query = frame.Facts(std::move(measures), std::move(dimensions));
  if (ask.from) query.from = ask.from;
  if (ask.to) query.to = ask.to;
  query.grain = ask.grain;
  if (const std::string currency = frame.Extra("currency"); !currency.empty()) {
    MAXOPT_TRY(query.convert_to, FindCurrency(currency));
  }
  MAXOPT_TRY(const FactTable table, frame.home.facts().Query(query));
  for (const std::string& note : table.notes) frame.Note(note);

  std::vector<Found> out;
  out.reserve(table.rows.size());
  const auto place = [&](std::string_view name) -> std::optional<std::size_t> {
    const auto at = std::ranges::find(table.columns, name);
    if (at == table.columns.end()) return std::nullopt;
    return static_cast<std::size_t>(at - table.columns.begin());
  };
  const auto platform = place("platform"), account = place("account_id"),
             currency = place("currency"), period = place("period"),
             campaign_id = place("campaign_id"), campaign = place("campaign"),
             ad_group_id = place("ad_group_id"), ad_group = place("ad_group"),
             ad_id = place("ad_id"), ad = place("ad");
  const auto segment = ask.cut.empty() ? std::nullopt : place(ask.cut);
  const auto spend = place("spend"), impressions = place("impressions"), clicks = place("clicks"),
             conversions = place("conversions"), revenue = place("revenue"),
             share = place("impression_share"), budget = place("lost_to_budget"),
             rank = place("lost_to_rank");
  if (table.rows.empty()) return out;
  if (!platform || !account || !spend) Bug();
  std::map<std::pair<std::string, std::string>, const ClientAccount*> accounts;
  for (const ClientAccount& known : frame.accounts) {
    accounts[{std::string(PlatformName(known.info.account.platform)), known.info.account.id}] =
        &known;
  }
  for (const std::vector<FactCell>& row : table.rows) {
    const auto of = accounts.find({row[*platform].text, row[*account].text});
    if (of == accounts.end()) continue;
    Found found;
    found.account = of->second;
    const auto text = [&](const std::optional<std::size_t>& at) {
      return at ? row[*at].text : std::string();
    };
    found.period = text(period);
    found.campaign_id = text(campaign_id);
    found.campaign = WithoutMarker(text(campaign));
    found.ad_group_id = text(ad_group_id);
    found.ad_group = WithoutMarker(text(ad_group));
    found.ad_id = text(ad_id);
    found.ad = WithoutMarker(text(ad));
    found.segment = text(segment);
    Sums& sums = found.sums;
    sums.parts = 1;
    const auto code = FindCurrency(text(currency));
    sums.currency = code ? *code : kNoCurrency;
    sums.spend = Integer(row[*spend]);
    sums.impressions = Integer(row[*impressions]);
    sums.clicks = Integer(row[*clicks]);
    sums.conversions = RealOf(row[*conversions]);
    sums.revenue = Integer(row[*revenue]);
    if (share) {
      sums.impression_share = RealOf(row[*share]);
      sums.lost_to_budget = RealOf(row[*budget]);
      sums.lost_to_rank = RealOf(row[*rank]);
    }
    out.push_back(std::move(found));
  }
  return out;
}

std::optional<Beside> BesideOf(const Frame& frame) {
  const std::string& compare = frame.query.compare;
  if (compare.empty() || !frame.view.from || !frame.view.to) return std::nullopt;
  Beside out;
  out.name = compare;
  if (compare == "plan") {
    out.title = "Plan";
    return out;
  }
  const auto length = (*frame.view.to - *frame.view.from).count() + 1;
  if (compare == "previous") {
    out.title = "Previous period";
    out.shift = days((length + 6) / 7 * 7);
  } else {
    out.title = "Year before";
    out.shift = days(364);
  }
  out.from = *frame.view.from - out.shift;
  out.to = *frame.view.to - out.shift;
  return out;
}

void AddMetricColumns(View& view, const std::vector<const Metric*>& metrics,
                      const std::optional<Beside>& beside) {
  for (const Metric* metric : metrics) {
    view.columns.push_back(
        Of(metric->kind, metric->name, metric->title, metric->help, metric->truth, metric->better));
  }
  if (!beside) return;
  for (const Metric* metric : metrics) {
    const bool plan = beside->name == "plan";
    ViewColumn then = Of(metric->kind, fmt::format("{}_{}", metric->name, beside->name),
                         fmt::format("{}, {}", metric->title, beside->title), metric->help,
                         plan ? Truth::kPlanned : metric->truth, 0);
    if (!plan) {
      then.help += fmt::format(" {} to {}.", PrintDay(beside->from), PrintDay(beside->to));
    }
    then.group = beside->name;
    view.columns.push_back(std::move(then));
    ViewColumn change =
        Of(CellKind::kRatio, fmt::format("{}_{}_change", metric->name, beside->name),
           fmt::format("{}, change", metric->title),
           plan ? "Actual by plan, less 1." : "By the other period's, less 1.", Truth::kNone,
           metric->better);
    change.group = beside->name;
    view.columns.push_back(std::move(change));
  }
}

std::vector<ViewCell> CellsOf(const std::vector<const Metric*>& metrics, const Sums& sums) {
  std::vector<ViewCell> out;
  for (const Metric* metric : metrics) out.push_back(sums.Cell(*metric));
  return out;
}

namespace {

std::optional<double> NumberOf(const ViewCell& cell) {
  if (const auto* money = std::get_if<Money>(&cell)) return static_cast<double>(money->micros());
  if (const auto* count = std::get_if<std::int64_t>(&cell)) return static_cast<double>(*count);
  if (const auto* real = std::get_if<double>(&cell)) return *real;
  return std::nullopt;
}

ViewCell ChangeOf(const ViewCell& now, const ViewCell& then) {
  const auto* a = std::get_if<Money>(&now);
  const auto* b = std::get_if<Money>(&then);
  if (a != nullptr && b != nullptr && a->currency() != b->currency()) return {};
  const auto ratio = Divide(NumberOf(now), NumberOf(then));
  return ratio ? ViewCell(*ratio - 1) : ViewCell();
}

}  // namespace

void AddMetricCells(std::vector<ViewCell>& cells, const std::vector<const Metric*>& metrics,
                    const Sums& sums, const std::optional<Beside>& beside,
                    const std::vector<ViewCell>* other) {
  const std::vector<ViewCell> now = CellsOf(metrics, sums);
  cells.insert(cells.end(), now.begin(), now.end());
  if (!beside) return;
  for (std::size_t i = 0; i < metrics.size(); ++i) {
    const ViewCell then = other != nullptr ? (*other)[i] : ViewCell();
    cells.push_back(then);
    cells.push_back(ChangeOf(now[i], then));
  }
}

Result<KnownShares> KnownShares::Read(Frame& frame) {
  KnownShares out;
  if (!frame.view.from || frame.accounts.empty()) return out;
  const Day from = *frame.view.from, to = *frame.view.to;
  Ask ask;
  ask.grain = "day";
  Frame whole = frame;  // what the facts note here they note of the rows as well
  MAXOPT_TRY(const std::vector<Found> found, AskFacts(whole, ask));
  std::map<AccountId, std::map<std::string, double>> conversions;
  for (const Found& row : found) {
    conversions[row.account->info.account][row.period] = row.sums.conversions.value_or(0);
  }
  for (const ClientAccount& account : frame.accounts) {
    std::vector<DayQuality> judged;
    if (frame.query.as_of) {
      const auto zone = Zone::Find(account.info.zone);
      if (!zone) continue;
      MAXOPT_TRY(
          const std::vector<SliceInfo> slices,
          frame.home.facts().Slices(account.info.account, from, to, false, frame.query.as_of));
      MAXOPT_TRY(std::vector<GrowthState> growth,
                 frame.home.facts().Growth(account.info.account, from - days(60), to));
      std::erase_if(growth, [&](const GrowthState& state) { return state.learnt_at > frame.now; });
      judged = JudgeDays(account.info, *zone, from, to, slices, growth, frame.now);
    } else {
      MAXOPT_TRY(judged, frame.home.facts().Quality(account.info.account, from, to));
    }
    const auto by_day = conversions.find(account.info.account);
    if (by_day == conversions.end()) continue;
    Share share;
    bool missing = false;
    for (const DayQuality& day : judged) {
      const auto at = by_day->second.find(PrintDay(day.day));
      if (at == by_day->second.end()) continue;
      if (!day.share_known || !(*day.share_known > 0)) {
        missing = true;
        continue;
      }
      const double known = std::min(1.0, *day.share_known);
      share.judged = true;
      share.now += at->second;
      share.final += at->second / known;
      share.least = std::min(share.least, known);
    }
    if (share.judged && !missing) out.shares_[account.info.account] = share;
  }
  return out;
}

std::optional<double> KnownShares::Of(const ClientAccount& account) const {
  return Of(std::vector<const ClientAccount*>{&account});
}

std::optional<double> KnownShares::Of(const std::vector<const ClientAccount*>& accounts) const {
  double now = 0, final = 0, least = 1;
  for (const ClientAccount* account : accounts) {
    const auto at = shares_.find(account->info.account);
    if (at == shares_.end()) return std::nullopt;
    now += at->second.now;
    final += at->second.final;
    least = std::min(least, at->second.least);
  }
  if (accounts.empty()) return std::nullopt;
  return now > 0 && final > 0 ? std::min(1.0, now / final) : least;
}

Result<> NoteWindows(Frame& frame) {
  if (!frame.view.from || !frame.view.to) return {};
  MAXOPT_TRY(const std::vector<ClaimWindow> windows,
             frame.home.facts().ClaimWindows(*frame.view.from, *frame.view.to));
  std::map<std::string, std::vector<std::string>> of;  // platform -> windows
  for (const ClaimWindow& window : windows) {
    if (frame.Account(window.account) == nullptr || window.window.empty()) continue;
    auto& list = of[std::string(PlatformName(window.account.platform))];
    if (std::ranges::find(list, window.window) == list.end()) list.push_back(window.window);
  }
  std::vector<std::string> parts;
  for (auto& [platform, list] : of) {
    std::ranges::sort(list);
    parts.push_back(fmt::format("{} under {}", platform, fmt::join(list, " and ")));
  }
  if (!parts.empty()) {
    frame.Note(fmt::format("Conversions and revenue are what the platforms claim: {}.",
                           fmt::join(parts, ", ")));
  }
  return {};
}

}  // namespace maxopt::views
