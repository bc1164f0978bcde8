#include "stages/monitor/outputs/outputs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "domain/change.h"
#include "domain/message_text.h"

namespace maxopt {
namespace {

using nlohmann::ordered_json;
using std::chrono::days;

template <class T>
void AddTo(std::optional<T>& sum, const std::optional<T>& more) {
  if (!more) return;
  sum = sum ? *sum + *more : *more;
}
void AddTo(Totals& sum, const Totals& more) {
  AddTo(sum.spend, more.spend);
  AddTo(sum.impressions, more.impressions);
  AddTo(sum.clicks, more.clicks);
  AddTo(sum.conversions, more.conversions);
  AddTo(sum.revenue, more.revenue);
}

double Units(const Money& money) { return static_cast<double>(money.micros()) / 1e6; }
std::optional<double> Real(const std::optional<Money>& money) {
  if (!money) return std::nullopt;
  return Units(*money);
}
std::optional<double> Real(const std::optional<std::int64_t>& count) {
  if (!count) return std::nullopt;
  return static_cast<double>(*count);
}
/// Sums divided; absent where there is nothing to divide by.
std::optional<double> Over(std::optional<double> a, std::optional<double> b) {
  if (!a || !b || *b == 0) return std::nullopt;
  return *a / *b;
}

struct Ratio {
  const char* name;
  std::optional<double> (*of)(const Totals&);
  bool money;
};
constexpr Ratio kRatios[] = {
    {"ctr", [](const Totals& t) { return Over(Real(t.clicks), Real(t.impressions)); }, false},
    {"cpc", [](const Totals& t) { return Over(Real(t.spend), Real(t.clicks)); }, true},
    {"cpa", [](const Totals& t) { return Over(Real(t.spend), t.conversions); }, true},
    {"roas", [](const Totals& t) { return Over(Real(t.revenue), Real(t.spend)); }, false},
};

ordered_json Amount(const std::optional<Money>& money) {
  return money ? ordered_json(PrintDecimal(*money)) : ordered_json();
}
template <class T>
ordered_json Plain(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json();
}
ordered_json Json(const Totals& t) {
  ordered_json json{
      {"currency", t.spend ? ordered_json(t.spend->currency().name()) : ordered_json()},
      {"spend", Amount(t.spend)},
      {"impressions", Plain(t.impressions)},
      {"clicks", Plain(t.clicks)},
      {"conversions_claimed", Plain(t.conversions)},
      {"revenue_claimed", Amount(t.revenue)}};
  for (const Ratio& ratio : kRatios) json[ratio.name] = Plain(ratio.of(t));
  return json;
}

std::string Text(const std::optional<Money>& money) {
  return money ? PrintMoney(*money) : "unknown";
}
std::string Text(const std::optional<double>& number, const char* format) {
  return number ? fmt::format(fmt::runtime(format), *number) : "unknown";
}
/// "+12 %" of now against before.
std::string Change(std::optional<double> now, std::optional<double> before) {
  const auto ratio = Over(now, before);
  return ratio ? fmt::format("{:+.0f} %", 100 * (*ratio - 1)) : "-";
}

ordered_json AlertJson(const Alert& alert) {
  const Condition& c = alert.condition;
  return {{"id", alert.id},         {"tier", AlertTierName(alert.tier)},
          {"detector", c.detector}, {"subject", SubjectOf(c)},
          {"title", c.title},       {"since", PrintInstant(c.since)},
          {"proposal", c.proposal}};
}

class Writer {
 public:
  explicit Writer(const MonitorState& state)
      : state_(state), daily_{state.client, state.day, state.now} {}

  Message Dashboard(const char* to) const {
    ordered_json json = daily_.Head("performance_dashboard");
    std::string text = Title("Performance");
    // One line for each platform and currency, then the campaigns.
    std::map<std::pair<std::string, std::string>, CampaignLine> platforms;
    ordered_json campaigns = ordered_json::array();
    std::string table = Table();
    for (const CampaignLine& line : state_.campaigns) {
      const std::string currency =
          line.week.spend ? std::string(line.week.spend->currency().name()) : "";
      CampaignLine& sum = platforms[{std::string(PlatformName(line.account.platform)), currency}];
      AddTo(sum.today, line.today);
      AddTo(sum.yesterday, line.yesterday);
      AddTo(sum.week, line.week);
      AddTo(sum.week_before, line.week_before);
      campaigns.push_back({{"account", PrintAccount(line.account)},
                           {"campaign_id", line.campaign_id},
                           {"campaign", line.name},
                           {"today", Json(line.today)},
                           {"yesterday", Json(line.yesterday)},
                           {"week", Json(line.week)},
                           {"week_before", Json(line.week_before)}});
      table += Row(MarkdownText(line.name), line);
    }
    ordered_json totals = ordered_json::array();
    text += "## Platforms\n\n" + Table();
    for (const auto& [key, sum] : platforms) {
      totals.push_back({{"platform", key.first},
                        {"today", Json(sum.today)},
                        {"yesterday", Json(sum.yesterday)},
                        {"week", Json(sum.week)},
                        {"week_before", Json(sum.week_before)}});
      text += Row(key.first, sum);
    }
    json["platforms"] = totals;
    json["campaigns"] = campaigns;
    json["alerts"] = Alerts({});
    json["data"] = Quality();
    text += "\n## Campaigns\n\n" + table;
    text += AlertsText({});
    text +=
        "\nConversions and revenue are what each platform claims; they are not added across "
        "platforms, and the newest days still grow.\n";
    return daily_.Make(to, "performance_dashboard", "Performance", json, text);
  }

  Message DataQuality() const {
    ordered_json json = daily_.Head("data_quality");
    json["accounts"] = Quality();
    ordered_json signals = ordered_json::array();
    std::string text = Title("Data quality and tracking");
    text += "| Account | State | Newest day | Read at | Why |\n|---|---|---|---|---|\n";
    for (const QualityLine& line : state_.quality) {
      text += fmt::format("| {} | {} | {} | {} | {} |\n", PrintAccount(line.account), line.state,
                          line.newest_day ? PrintDay(*line.newest_day) : "none",
                          line.learnt_at ? PrintInstant(*line.learnt_at) : "never",
                          MarkdownText(Join(line.reasons)));
    }
    text += "\n## Tracking signals\n\n";
    if (state_.signals.empty()) text += "None is watched yet.\n";
    for (const SignalHealth& signal : state_.signals) {
      signals.push_back({{"signal", signal.name},
                         {"state", SignalStateName(signal.state)},
                         {"since", PrintInstant(signal.since)},
                         {"why", signal.why},
                         {"evidence", signal.evidence}});
      text += fmt::format("- **{}** {} since {}: {}\n", SignalStateName(signal.state),
                          MarkdownText(signal.name), PrintInstant(signal.since),
                          MarkdownText(signal.why));
    }
    json["signals"] = signals;
    const std::vector<std::string> mine{"data_quality", "tracking", "credential",
                                        "quota",        "sunset",   "job"};
    json["alerts"] = Alerts(mine);
    text += AlertsText(mine);
    return daily_.Make("ben", "data_quality", "Data quality and tracking", json, text);
  }

  Message Indicators(const char* to) const {
    ordered_json json = daily_.Head("early_indicators");
    ordered_json pacing = ordered_json::array();
    std::string text = Title("Early performance indicators");
    text += "## Pacing\n\n| Campaign | Account | Verdict | Why |\n|---|---|---|---|\n";
    for (const PaceLine& line : state_.pacing) {
      pacing.push_back({{"account", PrintAccount(line.account)},
                        {"campaign", line.campaign},
                        {"state", line.state},
                        {"why", line.why}});
      text += fmt::format("| {} | {} | {} | {} |\n", MarkdownText(line.campaign),
                          PrintAccount(line.account), line.state, MarkdownText(line.why));
    }
    ordered_json movers = ordered_json::array();
    text += "\n## Week on week\n\n| Campaign | Spend | CTR | CPA | ROAS |\n|---|---|---|---|---|\n";
    for (const CampaignLine& line : state_.campaigns) {
      ordered_json row{{"account", PrintAccount(line.account)}, {"campaign", line.name}};
      const auto spend = Over(Real(line.week.spend), Real(line.week_before.spend));
      row["spend_change"] = spend ? ordered_json(*spend - 1) : ordered_json();
      std::string cells;
      for (const Ratio& ratio : kRatios) {
        const auto change = Over(ratio.of(line.week), ratio.of(line.week_before));
        row[std::string(ratio.name) + "_change"] =
            change ? ordered_json(*change - 1) : ordered_json();
        if (std::string_view(ratio.name) != "cpc") {
          cells += fmt::format(" {} |", Change(ratio.of(line.week), ratio.of(line.week_before)));
        }
      }
      movers.push_back(row);
      text += fmt::format("| {} | {} |{}\n", MarkdownText(line.name),
                          Change(Real(line.week.spend), Real(line.week_before.spend)), cells);
    }
    json["pacing"] = pacing;
    json["week_on_week"] = movers;
    const std::vector<std::string> mine{"kpi",      "anomaly", "trend",  "zero_spend",
                                        "delivery", "runaway", "pacing", "drift"};
    json["alerts"] = Alerts(mine);
    text += AlertsText(mine);
    return daily_.Make(to, "early_indicators", "Early performance indicators", json, text);
  }

  Message Creatives() const {
    ordered_json json = daily_.Head("creative_metrics");
    ordered_json ads = ordered_json::array();
    std::string text = Title("Creative performance");
    text +=
        "| Ad | Campaign | Account | Spend | Impressions | CTR | Conversions claimed | Review |\n"
        "|---|---|---|---|---|---|---|---|\n";
    for (const CreativeLine& line : state_.creatives) {
      ads.push_back({{"account", PrintAccount(line.account)},
                     {"campaign", line.campaign},
                     {"ad_id", line.ad_id},
                     {"ad", line.name},
                     {"week", Json(line.week)},
                     {"review", line.review},
                     {"review_reason", line.review_reason}});
      const auto ctr = kRatios[0].of(line.week);
      text += fmt::format(
          "| {} | {} | {} | {} | {} | {} | {} | {} |\n", MarkdownText(line.name),
          MarkdownText(line.campaign), PrintAccount(line.account), Text(line.week.spend),
          Text(Real(line.week.impressions), "{:.0f}"),
          ctr ? fmt::format("{:.2f} %", 100 * *ctr) : "unknown",
          Text(line.week.conversions, "{:.1f}"),
          MarkdownText(line.review_reason.empty() ? line.review
                                                  : line.review + ": " + line.review_reason));
    }
    json["ads"] = ads;
    const std::vector<std::string> mine{"fatigue", "review"};
    json["alerts"] = Alerts(mine);
    text += AlertsText(mine);
    return daily_.Make("lucas", "creative_metrics", "Creative performance", json, text);
  }

 private:
  std::string Title(const char* title) const {
    return fmt::format("# {}: {}\n\nAs of {}; days on each account's clock.\n\n", title,
                       MarkdownText(state_.client), PrintInstant(state_.now));
  }
  static std::string Join(const std::vector<std::string>& texts) {
    std::string out;
    for (const std::string& text : texts) out += (out.empty() ? "" : "; ") + text;
    return out;
  }
  static std::string Table() {
    return "| | Spend today | Yesterday | 7 days | to 7 before | CTR | CPA | ROAS |\n"
           "|---|---|---|---|---|---|---|---|\n";
  }
  static std::string Row(const std::string& name, const CampaignLine& line) {
    const auto ctr = kRatios[0].of(line.week);
    return fmt::format("| {} | {} | {} | {} | {} | {} | {} | {} |\n", name, Text(line.today.spend),
                       Text(line.yesterday.spend), Text(line.week.spend),
                       Change(Real(line.week.spend), Real(line.week_before.spend)),
                       ctr ? fmt::format("{:.2f} %", 100 * *ctr) : "unknown",
                       Text(kRatios[2].of(line.week), "{:.2f}"),
                       Text(kRatios[3].of(line.week), "{:.2f}"));
  }
  ordered_json Quality() const {
    ordered_json out = ordered_json::array();
    for (const QualityLine& line : state_.quality) {
      out.push_back({{"account", PrintAccount(line.account)},
                     {"state", line.state},
                     {"newest_day",
                      line.newest_day ? ordered_json(PrintDay(*line.newest_day)) : ordered_json()},
                     {"learnt_at", line.learnt_at ? ordered_json(PrintInstant(*line.learnt_at))
                                                  : ordered_json()},
                     {"reasons", line.reasons}});
    }
    return out;
  }
  /// Open alerts of these detectors; of all when empty.
  std::vector<const Alert*> Of(const std::vector<std::string>& detectors) const {
    std::vector<const Alert*> out;
    for (const Alert& alert : state_.alerts) {
      if (detectors.empty() || std::find(detectors.begin(), detectors.end(),
                                         alert.condition.detector) != detectors.end()) {
        out.push_back(&alert);
      }
    }
    return out;
  }
  ordered_json Alerts(const std::vector<std::string>& detectors) const {
    ordered_json out = ordered_json::array();
    for (const Alert* alert : Of(detectors)) out.push_back(AlertJson(*alert));
    return out;
  }
  std::string AlertsText(const std::vector<std::string>& detectors) const {
    std::string out = "\n## Open alerts\n\n";
    const auto alerts = Of(detectors);
    if (alerts.empty()) return out + "None.\n";
    for (const Alert* alert : alerts) {
      out += fmt::format("- **{}** {}{}\n", AlertTierName(alert->tier),
                         MarkdownText(alert->condition.title),
                         alert->condition.proposal.empty()
                             ? ""
                             : ". *Max proposes:* " + MarkdownText(alert->condition.proposal));
    }
    return out;
  }

  const MonitorState& state_;
  const DailyMessages daily_;
};

Totals TotalsOf(const FactTable& table, const std::vector<FactCell>& row, Currency currency) {
  Totals totals;
  const auto cell = [&](std::string_view name) -> const FactCell& {
    return row[table.Column(name)];
  };
  const auto money = [&](std::string_view name) -> std::optional<Money> {
    const FactCell& c = cell(name);
    if (c.kind == FactCell::Kind::kAbsent) return std::nullopt;
    return Money::Micros(c.integer, currency);
  };
  const auto count = [&](std::string_view name) -> std::optional<std::int64_t> {
    const FactCell& c = cell(name);
    if (c.kind == FactCell::Kind::kAbsent) return std::nullopt;
    return c.integer;
  };
  totals.spend = money("spend");
  totals.revenue = money("revenue");
  totals.impressions = count("impressions");
  totals.clicks = count("clicks");
  const FactCell& conversions = cell("conversions");
  if (conversions.kind != FactCell::Kind::kAbsent) totals.conversions = conversions.Number();
  return totals;
}

std::string TextAt(const FactTable& table, const std::vector<FactCell>& row,
                   std::string_view name) {
  return row[table.Column(name)].text;
}

}  // namespace

std::vector<Message> MonitorMessages(const MonitorState& state) {
  const Writer writer(state);
  std::vector<Message> out;
  out.push_back(writer.Dashboard("carlos"));
  out.push_back(writer.Dashboard("maya"));
  out.push_back(writer.DataQuality());
  out.push_back(writer.Indicators("james"));
  out.push_back(writer.Indicators("zara"));
  out.push_back(writer.Creatives());
  return out;
}

Result<> ReadLines(FactStore& facts, const std::vector<AccountInfo>& accounts,
                   MonitorState& state) {
  for (const AccountInfo& account : accounts) {
    MAXOPT_TRY(const Zone zone, Zone::Find(account.zone));
    const Day today = zone.DayOf(state.now);
    FactQuery query;
    query.measures = {"spend", "impressions", "clicks", "conversions", "revenue"};
    query.dimensions = {"campaign"};
    query.level = Level::kCampaign;
    query.filters.push_back({"account", {PrintAccount(account.account)}});
    struct Period {
      Day from, to;
      Totals CampaignLine::*at;
    };
    const Period periods[] = {{today, today, &CampaignLine::today},
                              {today - days(1), today - days(1), &CampaignLine::yesterday},
                              {today - days(7), today - days(1), &CampaignLine::week},
                              {today - days(14), today - days(8), &CampaignLine::week_before}};
    std::map<std::string, CampaignLine> lines;
    for (const Period& period : periods) {
      query.from = period.from;
      query.to = period.to;
      MAXOPT_TRY(const FactTable table, facts.Query(query));
      for (const auto& row : table.rows) {
        CampaignLine& line = lines[TextAt(table, row, "campaign_id")];
        line.name = WithoutMarker(TextAt(table, row, "campaign"));
        line.*period.at = TotalsOf(table, row, account.currency);
      }
    }
    for (auto& [id, line] : lines) {
      line.account = account.account;
      line.campaign_id = id;
      if (line.name.empty()) line.name = id;
      state.campaigns.push_back(std::move(line));
    }
    query.dimensions = {"campaign", "ad"};
    query.level = Level::kAd;
    query.from = today - days(7);
    query.to = today - days(1);
    MAXOPT_TRY(const FactTable table, facts.Query(query));
    for (const auto& row : table.rows) {
      CreativeLine line;
      line.account = account.account;
      line.campaign = WithoutMarker(TextAt(table, row, "campaign"));
      line.ad_id = TextAt(table, row, "ad_id");
      line.name = WithoutMarker(TextAt(table, row, "ad"));
      if (line.ad_id.empty()) continue;  // campaigns without ads are no creatives
      if (line.name.empty()) line.name = line.ad_id;
      line.week = TotalsOf(table, row, account.currency);
      state.creatives.push_back(std::move(line));
    }
  }
  return {};
}

}  // namespace maxopt
