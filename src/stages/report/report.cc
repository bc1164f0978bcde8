#include "stages/report/report.h"

#include <fmt/format.h>
#include <md4c-html.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <set>

namespace maxopt {
namespace {

using std::chrono::days;
constexpr const char* kAbsent = "–";

/// Thousands grouped by narrow spaces: "12 345".
std::string Grouped(std::string digits) {
  const std::size_t start = digits.starts_with('-') ? 1 : 0;
  std::size_t end = digits.find('.');
  if (end == std::string::npos) end = digits.size();
  for (std::size_t at = end; at > start + 3; at -= 3) digits.insert(at - 3, "\u202f");
  return digits;
}

std::string Text(const FactCell& cell) {
  switch (cell.kind) {
    case FactCell::Kind::kAbsent:
      return kAbsent;
    case FactCell::Kind::kInteger:
      return Grouped(std::to_string(cell.integer));
    case FactCell::Kind::kReal:
      return Grouped(fmt::format("{:.1f}", cell.real));
    case FactCell::Kind::kMoney: {
      // Reports show cents; the exact value stays in the facts.
      const std::int64_t cents = (cell.integer + (cell.integer >= 0 ? 5'000 : -5'000)) / 10'000;
      return Grouped(fmt::format("{}{}.{:02}", cents < 0 ? "-" : "", std::abs(cents) / 100,
                                 std::abs(cents) % 100));
    }
    case FactCell::Kind::kText:
      return cell.text;
  }
  Bug();
}

/// Text of others in Markdown: nothing in it may act as markup.
std::string Escape(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '\n' || c == '\r') {
      out += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]()#+-!|<>&~").find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string EscapeHtml(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&':
        out += "&amp;";
        break;
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += c;
    }
  }
  return out;
}

std::string Percent(const FactCell& cell) {
  return cell.kind == FactCell::Kind::kReal ? fmt::format("{:.2f} %", 100 * cell.real) : kAbsent;
}
std::string Ratio(const FactCell& cell) {
  return cell.kind == FactCell::Kind::kReal ? fmt::format("{:.2f}", cell.real) : kAbsent;
}

class Table {
 public:
  explicit Table(const FactTable& table) : table_(table) {}
  const FactCell& At(const std::vector<FactCell>& row, std::string_view column) const {
    for (std::size_t i = 0; i < table_.columns.size(); ++i) {
      if (table_.columns[i] == column) return row[i];
    }
    Bug();
  }

 private:
  const FactTable& table_;
};

struct Line {
  std::string name;
  std::map<Day, double> values;
};

/// A small line chart as inline SVG, with a title for screen readers; its numbers are in a table
/// beside it.
std::string LineChart(const std::string& title, const std::vector<Line>& lines, Day from, Day to) {
  static constexpr const char* kColours[] = {"#2f6fb3", "#c8553d", "#3c8d5a", "#8a5aa8",
                                             "#b58a1b", "#4c9aa0", "#7a7a7a", "#d0709a"};
  constexpr double kWidth = 860, kHeight = 240, kLeft = 64, kBottom = 26, kTop = 10;
  double top = 1;
  for (const Line& line : lines) {
    for (const auto& [day, value] : line.values) top = std::max(top, value);
  }
  const double step = std::pow(10, std::floor(std::log10(top)));
  top = std::ceil(top / step * 2) / 2 * step;
  const auto span = static_cast<double>(std::max<std::int64_t>(1, (to - from).count()));
  const auto x = [&](Day day) {
    return kLeft + (kWidth - kLeft - 10) * static_cast<double>((day - from).count()) / span;
  };
  const auto y = [&](double value) {
    return kTop + (kHeight - kTop - kBottom) * (1 - value / top);
  };
  std::string svg = fmt::format(
      "<figure><figcaption>{0}</figcaption><svg viewBox=\"0 0 {1} {2}\" role=\"img\" "
      "aria-label=\"{0}\">",
      EscapeHtml(title), kWidth, kHeight);
  for (int i = 0; i <= 4; ++i) {
    const double value = top * i / 4;
    svg += fmt::format(
        "<line x1=\"{0}\" x2=\"{1}\" y1=\"{2:.1f}\" y2=\"{2:.1f}\" class=\"grid\"/><text x=\"{3}\" "
        "y=\"{4:.1f}\" text-anchor=\"end\">{5}</text>",
        kLeft, kWidth - 10, y(value), kLeft - 6, y(value) + 4,
        Grouped(fmt::format("{:.0f}", value)));
  }
  for (int i = 0; i <= 4; ++i) {
    const Day day = from + days(static_cast<int>(span) * i / 4);
    svg +=
        fmt::format("<text x=\"{:.1f}\" y=\"{}\" text-anchor=\"{}\">{}</text>", x(day), kHeight - 6,
                    i == 0   ? "start"
                    : i == 4 ? "end"
                             : "middle",
                    PrintDay(day));
  }
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string points;
    for (const auto& [day, value] : lines[i].values) {
      points += fmt::format("{:.1f},{:.1f} ", x(day), y(value));
    }
    svg += fmt::format("<polyline fill=\"none\" stroke=\"{}\" stroke-width=\"2\" points=\"{}\"/>",
                       kColours[i % std::size(kColours)], points);
  }
  svg += "</svg><p class=\"legend\">";
  for (std::size_t i = 0; i < lines.size(); ++i) {
    svg += fmt::format("<span><i style=\"background:{}\"></i>{}</span>",
                       kColours[i % std::size(kColours)], EscapeHtml(lines[i].name));
  }
  return svg + "</p></figure>";
}

class Writer {
 public:
  Writer(CampaignStore& store, FactStore& facts, const ReportOptions& options)
      : store_(store), facts_(facts), options_(options) {}

  Result<Report> Run() {
    MAXOPT_TRY(client_, store_.GetClient(options_.client));
    MAXOPT_TRY(const std::vector<ClientAccount> accounts, store_.Accounts());
    for (const ClientAccount& account : accounts) {
      if (account.client == client_.name) accounts_.push_back(account.info.account.id);
    }
    if (accounts_.empty()) {
      return Fail(Errc::kNotFound,
                  fmt::format("client \"{}\" has no account connected", client_.name));
    }
    md_ = fmt::format("# {}: {} to {}\n\nWritten {} from what was known then. Amounts in {}.\n",
                      Escape(client_.name), PrintDay(options_.from), PrintDay(options_.to),
                      PrintInstant(options_.now), client_.currency.name());
    MAXOPT_CHECK(Summary());
    for (const std::string& paragraph : options_.extra) md_ += "\n" + paragraph + "\n";
    MAXOPT_CHECK(ByCampaign());
    MAXOPT_CHECK(Weeks());
    MAXOPT_CHECK(Plans());
    MAXOPT_CHECK(DataNotes());
    MAXOPT_CHECK(Charts());
    return Report{md_, Html()};
  }

 private:
  FactQuery Query(std::vector<std::string> measures, std::vector<std::string> dimensions,
                  std::string grain = "none") const {
    FactQuery query;
    query.measures = std::move(measures);
    query.dimensions = std::move(dimensions);
    query.filters = {{"account", accounts_, false}};
    query.from = options_.from;
    query.to = options_.to;
    query.grain = std::move(grain);
    query.as_of = options_.now;
    return query;
  }

  Result<> Summary() {
    MAXOPT_TRY(const FactTable total,
               facts_.Query(Query({"spend", "impressions", "clicks", "conversions", "revenue",
                                   "ctr", "cpc", "cpa", "roas"},
                                  {})));
    MAXOPT_TRY(const std::vector<KpiRow> kpi,
               facts_.Kpi(client_.name, options_.from, options_.to, options_.now));
    notes_.insert(notes_.end(), total.notes.begin(), total.notes.end());
    md_ += "\n## Summary\n\n| | |\n|---|---:|\n";
    const Table table(total);
    Money observed = Money::Zero(client_.currency);
    std::int64_t orders = 0;
    std::int64_t days_known = 0;
    const std::int64_t days_asked = (options_.to - options_.from).count() + 1;
    for (const KpiRow& row : kpi) {
      if (row.currency != client_.currency) continue;
      observed += row.revenue;
      orders += row.orders;
      ++days_known;
    }
    if (days_known > 0 && days_known < days_asked) {
      notes_.push_back(
          fmt::format("Orders are known of {} of the {} days only.", days_known, days_asked));
    }
    if (total.rows.empty()) md_ += "| No delivery was reported in this period | |\n";
    for (const auto& row : total.rows) {
      const FactCell& spend = table.At(row, "spend");
      md_ += fmt::format("| Spend | {} {} |\n", Text(spend), table.At(row, "currency").text);
      if (options_.planned.currency() == client_.currency && !options_.planned.zero()) {
        FactCell planned;
        planned.kind = FactCell::Kind::kMoney;
        planned.integer = options_.planned.micros();
        md_ += fmt::format("| Planned for the period | {} ({:.1f} % spent) |\n", Text(planned),
                           100.0 * static_cast<double>(spend.integer) /
                               static_cast<double>(options_.planned.micros()));
      }
      md_ += fmt::format("| Impressions | {} |\n| Clicks | {} |\n| CTR | {} |\n",
                         Text(table.At(row, "impressions")), Text(table.At(row, "clicks")),
                         Percent(table.At(row, "ctr")));
      md_ += fmt::format(
          "| Conversions the platforms claim | {} |\n| Revenue the platforms claim | {} |\n"
          "| ROAS the platforms claim | {} |\n",
          Text(table.At(row, "conversions")), Text(table.At(row, "revenue")),
          Ratio(table.At(row, "roas")));
      // Orders of four days over the spend of five would be no ratio at all.
      if (days_known == days_asked && spend.kind == FactCell::Kind::kMoney && spend.integer > 0) {
        md_ += fmt::format(
            "| Observed revenue over spend, all sources | {:.2f} |\n",
            static_cast<double>(observed.micros()) / static_cast<double>(spend.integer));
      }
    }
    if (!kpi.empty()) {
      FactCell cell;
      cell.kind = FactCell::Kind::kMoney;
      cell.integer = observed.micros();
      md_ += fmt::format(
          "| Orders in the client's own books, all sources | {} |\n"
          "| Revenue in the client's own books, all sources | {} |\n",
          Grouped(std::to_string(orders)), Text(cell));
    } else {
      notes_.push_back(
          "No orders of the client were imported for this period: only what the "
          "platforms claim is shown.");
    }
    return {};
  }

  Result<> ByCampaign() {
    MAXOPT_TRY(const FactTable rows,
               facts_.Query(Query({"spend", "impressions", "clicks", "conversions", "revenue",
                                   "ctr", "cpc", "cpa", "roas"},
                                  {"platform", "campaign"})));
    const Table table(rows);
    md_ +=
        "\n## By platform and campaign\n\n"
        "| Platform | Campaign | Spend | Impressions | Clicks | CTR | CPC | Conversions claimed | "
        "CPA claimed | ROAS claimed |\n|---|---|---:|---:|---:|---:|---:|---:|---:|---:|\n";
    for (const auto& row : rows.rows) {
      const std::string name = WithoutMarker(table.At(row, "campaign").text);
      md_ += fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} | {} | {} |\n",
                         Escape(table.At(row, "platform").text),
                         Escape(name.empty() ? table.At(row, "campaign_id").text : name),
                         Text(table.At(row, "spend")), Text(table.At(row, "impressions")),
                         Text(table.At(row, "clicks")), Percent(table.At(row, "ctr")),
                         Text(table.At(row, "cpc")), Text(table.At(row, "conversions")),
                         Text(table.At(row, "cpa")), Ratio(table.At(row, "roas")));
    }
    md_ +=
        "\nClaimed conversions are each platform's own count with its own attribution window; "
        "they overlap, and their sum is not the number of orders.\n";
    return {};
  }

  Result<> Weeks() {
    MAXOPT_TRY(const FactTable rows,
               facts_.Query(Query({"spend", "conversions", "roas"}, {}, "week")));
    MAXOPT_TRY(const std::vector<KpiRow> kpi,
               facts_.Kpi(client_.name, options_.from, options_.to, options_.now));
    const Table table(rows);
    md_ +=
        "\n## Week by week\n\n| Week of | Spend | Conversions claimed | Orders observed | Revenue "
        "observed |\n|---|---:|---:|---:|---:|\n";
    for (const auto& row : rows.rows) {
      MAXOPT_TRY(const Day week, ParseDay(table.At(row, "period").text));
      std::int64_t orders = 0;
      Money revenue = Money::Zero(client_.currency);
      bool any = false;
      for (const KpiRow& day : kpi) {
        if (day.day < week || day.day >= week + days(7) || day.currency != client_.currency)
          continue;
        any = true;
        orders += day.orders;
        revenue += day.revenue;
      }
      FactCell cell;
      cell.kind = FactCell::Kind::kMoney;
      cell.integer = revenue.micros();
      md_ +=
          fmt::format("| {} | {} | {} | {} | {} |\n", table.At(row, "period").text,
                      Text(table.At(row, "spend")), Text(table.At(row, "conversions")),
                      any ? Grouped(std::to_string(orders)) : kAbsent, any ? Text(cell) : kAbsent);
    }
    return {};
  }

  Result<> Plans() {
    MAXOPT_TRY(std::vector<Plan> plans, store_.Plans(std::nullopt, 500));
    std::reverse(plans.begin(), plans.end());
    md_ += "\n## What was done, and why\n\n";
    bool any = false;
    for (const Plan& plan : plans) {
      if (plan.client != client_.name) continue;
      if (plan.status != PlanStatus::kVerified && plan.status != PlanStatus::kScored &&
          plan.status != PlanStatus::kFailed) {
        continue;
      }
      MAXOPT_TRY(const Zone zone, Zone::Find(client_.zone));
      const Day day = zone.DayOf(plan.created_at);
      if (day < options_.from - days(7) || day > options_.to) continue;
      any = true;
      md_ += fmt::format("- **{}** {} ({}, {} changes, {} by {}{})\n", PrintDay(day),
                         Escape(plan.title), plan.id, plan.changes.size(),
                         PlanStatusName(plan.status), Escape(plan.created_by),
                         plan.approval ? ", approved by " + Escape(plan.approval->by) : "");
      for (const Change& change : plan.changes) {
        const auto after = change.after.find("daily_budget");
        const auto before = change.before.find("daily_budget");
        if (change.action != ChangeAction::kUpdate || after == change.after.end() ||
            before == change.before.end()) {
          continue;
        }
        md_ += fmt::format("  - {}: {} → {}. {}\n", Escape(change.address),
                           PrintDecimal(std::get<Money>(before->second)),
                           PrintMoney(std::get<Money>(after->second)), Escape(change.why));
      }
    }
    if (!any) md_ += "No plan was applied in this period.\n";
    return {};
  }

  Result<> DataNotes() {
    md_ += "\n## About the data\n\n";
    MAXOPT_TRY(const std::vector<FactStore::Freshness> fresh, facts_.Freshest());
    for (const auto& account : fresh) {
      if (std::find(accounts_.begin(), accounts_.end(), account.account.id) == accounts_.end()) {
        continue;
      }
      md_ += fmt::format("- {}: newest day {}, learnt {}\n", PrintAccount(account.account),
                         PrintDay(account.last_day), PrintInstant(account.learnt_at));
    }
    md_ +=
        "- Conversions of the last 30 days are still restated by the platforms; a later report of "
        "the same days may differ.\n";
    for (const std::string& note : std::set<std::string>(notes_.begin(), notes_.end())) {
      md_ += "- " + Escape(note) + "\n";
    }
    return {};
  }

  Result<> Charts() {
    MAXOPT_TRY(const FactTable rows,
               facts_.Query(Query({"spend"}, {"platform", "campaign"}, "day")));
    const Table table(rows);
    std::map<std::string, Line> lines;
    for (const auto& row : rows.rows) {
      if (table.At(row, "spend").kind != FactCell::Kind::kMoney) continue;
      MAXOPT_TRY(const Day day, ParseDay(table.At(row, "period").text));
      const std::string id = table.At(row, "campaign_id").text;
      Line& line = lines[table.At(row, "platform").text + id];
      const std::string name = WithoutMarker(table.At(row, "campaign").text);
      line.name = name.empty() ? id : name;
      line.values[day] = static_cast<double>(table.At(row, "spend").integer) / 1e6;
    }
    std::vector<Line> spend;
    for (auto& [key, line] : lines) spend.push_back(std::move(line));
    charts_ = LineChart(fmt::format("Spend a day, {}", client_.currency.name()), spend,
                        options_.from, options_.to);
    MAXOPT_TRY(const std::vector<KpiRow> kpi,
               facts_.Kpi(client_.name, options_.from, options_.to, options_.now));
    if (kpi.empty()) return {};
    Line revenue{"Revenue in the client's books", {}};
    for (const KpiRow& row : kpi) {
      if (row.currency == client_.currency) {
        revenue.values[row.day] = static_cast<double>(row.revenue.micros()) / 1e6;
      }
    }
    charts_ +=
        LineChart(fmt::format("Observed revenue a day, all sources, {}", client_.currency.name()),
                  {revenue}, options_.from, options_.to);
    return {};
  }

  std::string Html() const {
    std::string body;
    md_html(
        md_.data(), static_cast<MD_SIZE>(md_.size()),
        [](const MD_CHAR* text, MD_SIZE size, void* out) {
          static_cast<std::string*>(out)->append(text, size);
        },
        &body, MD_FLAG_TABLES | MD_FLAG_NOHTML, 0);
    // Charts stand before the first table by campaign, after the summary.
    const std::size_t at = body.find("<h2>By platform");
    if (at != std::string::npos) body.insert(at, charts_);
    return fmt::format(
        R"(<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>{}</title>
<style>
:root {{ color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --rule: #d9dee5; --back: #fff; }}
@media (prefers-color-scheme: dark) {{
  :root {{ --ink: #e8ecf2; --soft: #a5b0bf; --rule: #37414f; --back: #141a22; }} }}
body {{ font: 15px/1.5 system-ui, sans-serif; color: var(--ink); background: var(--back);
  max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }}
h1 {{ font-size: 1.6rem; }} h2 {{ font-size: 1.15rem; margin-top: 2.2rem; }}
table {{ border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; font-size: .92em;
  display: block; overflow-x: auto; }}
th, td {{ padding: .35rem .6rem; border-bottom: 1px solid var(--rule); }}
thead th {{ color: var(--soft); font-weight: 600; text-align: left; }}
figure {{ margin: 1.5rem 0; }} figcaption {{ color: var(--soft); margin-bottom: .3rem; }}
svg {{ width: 100%; height: auto; }} svg text {{ fill: var(--soft); font-size: 11px; }}
svg .grid {{ stroke: var(--rule); }}
.legend span {{ margin-right: 1.2rem; font-size: .88em; color: var(--soft); }}
.legend i {{ display: inline-block; width: .8em; height: .8em; margin-right: .4em; border-radius: 2px; }}
@media print {{ body {{ margin: 0; max-width: none; }} }}
</style></head><body>
{}</body></html>
)",
        EscapeHtml(client_.name), body);
  }

  CampaignStore& store_;
  FactStore& facts_;
  const ReportOptions& options_;
  Client client_{};
  std::vector<std::string> accounts_;
  std::vector<std::string> notes_;
  std::string md_;
  std::string charts_;
};

}  // namespace

Result<Report> WriteReport(CampaignStore& store, FactStore& facts, const ReportOptions& options) {
  if (options.to < options.from) {
    return Fail(Errc::kInvalidArgument, fmt::format("the period {} to {} is empty",
                                                    PrintDay(options.from), PrintDay(options.to)));
  }
  return Writer(store, facts, options).Run();
}

}  // namespace maxopt
