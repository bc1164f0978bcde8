#include "stages/optimize/segments/segments.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>

namespace maxopt {
namespace {

using std::chrono::days;

struct Cut {
  const char* name;
  /// Of the question, from the top: what is judged is the last, within those before it.
  std::vector<std::string> dimensions;
  bool by_hour = false;     ///< hours of the day are judged, below the dimensions
  bool all_levels = false;  ///< what is above the last is told too
};

/// A breakdown is looked at within each campaign: a keyword of a brand campaign is not the like of
/// one that nobody asked for by name.
Cut Broken(const char* name) { return {name, {"platform", "campaign", name}}; }

std::vector<Cut> AllCuts() {
  return {{.name = "campaign",
           .dimensions = {"platform", "campaign", "ad_group", "ad"},
           .all_levels = true},
          Broken("device"),
          Broken("country"),
          Broken("placement"),
          Broken("age_gender"),
          Broken("keyword"),
          Broken("search_term"),
          Broken("audience"),
          Broken("creative"),
          {.name = "hour", .dimensions = {"platform", "campaign"}, .by_hour = true}};
}

struct Kpi {
  SegmentKpi kpi;
  const char* name;
  const char* numerator;
  const char* denominator;
};
constexpr Kpi kKpis[] = {
    {SegmentKpi::kConversions, "cpa", "conversions", "spend"},
    {SegmentKpi::kRevenue, "roas", "revenue", "spend"},
    {SegmentKpi::kClicks, "ctr", "clicks", "impressions"},
};
const Kpi& Of(SegmentKpi kpi) {
  for (const Kpi& known : kKpis) {
    if (known.kpi == kpi) return known;
  }
  Bug();
}

/// Sums that a currency's segments are judged with.
struct Sums {
  std::vector<SegmentRow> rows;
  double numerator = 0, denominator = 0, spend = 0, conversions = 0;
};

/// The newest day of which enough conversions are known, over all accounts: a younger one would
/// look bad wherever its share of young days is larger.
Result<std::optional<Day>> NewestKnown(CampaignStore& store, FactStore& facts,
                                       const std::string& client, Instant now, double least,
                                       std::vector<std::string>& notes) {
  MAXOPT_TRY(const std::vector<ClientAccount> accounts, store.Accounts());
  std::optional<Day> newest;
  for (const ClientAccount& account : accounts) {
    if (account.client != client) continue;
    MAXOPT_TRY(const Zone zone, Zone::Find(account.info.zone));
    const Day yesterday = zone.DayOf(now) - days(1);
    Day known = yesterday;
    MAXOPT_TRY(const std::vector<DayQuality> quality,
               facts.Quality(account.info.account, yesterday - days(34), yesterday));
    for (const DayQuality& day : quality) {
      if (day.share_known && *day.share_known < least) known = std::min(known, day.day - days(1));
    }
    if (known < yesterday) {
      notes.push_back(fmt::format("{}: less than {:.0f} % of the conversions after {} are known",
                                  PrintAccount(account.info.account), 100 * least,
                                  PrintDay(known)));
    }
    newest = newest ? std::min(*newest, known) : known;
  }
  return newest;
}

class Search {
 public:
  Search(FactStore& facts, const std::vector<std::string>& accounts, const SegmentSearch& search,
         SegmentReport& out)
      : facts_(facts), accounts_(accounts), search_(search), out_(out), kpi_(Of(search.kpi)) {}

  Result<> Run(const Cut& cut) {
    FactQuery query;
    query.measures = {kpi_.denominator, kpi_.numerator, "spend", "conversions"};
    std::sort(query.measures.begin(), query.measures.end());
    query.measures.erase(std::unique(query.measures.begin(), query.measures.end()),
                         query.measures.end());
    query.dimensions = cut.dimensions;
    query.filters = {{"account", accounts_}};
    query.from = out_.from;
    query.to = out_.to;
    if (cut.by_hour) query.grain = "hour";
    auto table = facts_.Query(query);
    if (!table) return std::unexpected(table.error());
    std::map<std::string, Sums> by_currency;
    if (!table->rows.empty()) {
      std::vector<std::size_t> keys;
      for (const std::string& dimension : cut.dimensions) keys.push_back(table->Column(dimension));
      const std::size_t currency = table->Column("currency"), above = table->Column(kpi_.numerator),
                        below = table->Column(kpi_.denominator), spend = table->Column("spend"),
                        conversions = table->Column("conversions");
      const std::size_t period = cut.by_hour ? table->Column("period") : 0;
      for (const auto& row : table->rows) {
        SegmentRow segment;
        for (const std::size_t key : keys) segment.keys.push_back(row[key].text);
        if (cut.by_hour) segment.keys.push_back(row[period].text.substr(11, 2));
        segment.numerator = std::max(0.0, row[above].Amount());
        segment.denominator = std::max(0.0, row[below].Amount());
        Sums& sums = by_currency[row[currency].text];
        sums.numerator += segment.numerator;
        sums.denominator += segment.denominator;
        sums.spend += std::max(0.0, row[spend].Amount());
        sums.conversions += std::max(0.0, row[conversions].Amount());
        sums.rows.push_back(std::move(segment));
      }
    }
    if (by_currency.empty()) {
      out_.notes.push_back(fmt::format("{}: no facts", cut.name));
      return {};
    }
    for (const auto& [currency, sums] : by_currency) MAXOPT_CHECK(Judge(cut, currency, sums));
    return {};
  }

 private:
  Result<> Judge(const Cut& cut, const std::string& currency, const Sums& sums) {
    if (!(sums.numerator > 0) || !(sums.denominator > 0)) {
      out_.notes.push_back(fmt::format("{}: no {} in {}", cut.name, kpi_.numerator, currency));
      return {};
    }
    SegmentOptions options;
    options.cuts = {std::vector<std::size_t>(cut.dimensions.size() + (cut.by_hour ? 1 : 0))};
    std::iota(options.cuts[0].begin(), options.cuts[0].end(), std::size_t{0});
    options.false_discoveries = search_.false_discoveries;
    if (search_.kpi == SegmentKpi::kRevenue) {
      // Orders are taken to be spread like an exponential distribution, whose mean square is twice
      // its squared mean: single order values are not in the facts.
      if (!(sums.conversions > 0)) {
        out_.notes.push_back(
            fmt::format("{}: revenue without conversions in {}", cut.name, currency));
        return {};
      }
      options.unit = 2 * sums.numerator / sums.conversions;
    } else {
      options.value = sums.spend / sums.numerator;  // at what one costs on average
    }
    MAXOPT_TRY(const std::vector<Segment> segments, FindSegments(sums.rows, options));
    for (const Segment& segment : segments) {
      if (segment.verdict == SegmentVerdict::kTooLittle ||
          segment.verdict == SegmentVerdict::kOnlyChild) {
        continue;
      }
      // Campaigns are told once, by their own cut.
      if (!cut.all_levels && segment.path.size() < options.cuts[0].size()) continue;
      ++out_.judged;
      if (segment.verdict == SegmentVerdict::kNotTold) continue;
      SegmentFinding finding{cut.name, currency, {}, segment, {}};
      for (std::size_t i = 0; i < segment.path.size(); ++i) {
        finding.path.emplace_back(i < cut.dimensions.size() ? cut.dimensions[i] : cut.name,
                                  segment.path[i]);
      }
      finding.what = Sentence(finding);
      out_.findings.push_back(std::move(finding));
    }
    return {};
  }

  /// As people say it: cost of a conversion, ROAS, CTR in percent.
  std::string Rate(double rate) const {
    switch (search_.kpi) {
      case SegmentKpi::kConversions:
        return rate > 0 ? fmt::format("{:.2f}", 1 / rate) : "no end";
      case SegmentKpi::kRevenue:
        return fmt::format("{:.2f}", rate);
      case SegmentKpi::kClicks:
        return fmt::format("{:.2f} %", 100 * rate);
    }
    Bug();
  }

  std::string Sentence(const SegmentFinding& finding) const {
    std::vector<std::string> names;
    for (const auto& [dimension, name] : finding.path) {
      names.push_back(name.empty() ? fmt::format("(no {})", dimension) : name);
    }
    const Segment& s = finding.segment;
    const bool cost = search_.kpi == SegmentKpi::kConversions;
    return fmt::format(
        "{}: {} {} (90 %: {} to {}), its like {}; {:.2f} {} {} by it (90 %: {:.2f} to {:.2f})",
        fmt::join(names, " > "),
        cost                                  ? "CPA " + finding.currency
        : search_.kpi == SegmentKpi::kRevenue ? "ROAS"
                                              : "CTR",
        Rate(s.rate), Rate(cost ? s.high : s.low), Rate(cost ? s.low : s.high), Rate(s.reference),
        std::abs(s.stake), finding.currency, s.stake >= 0 ? "gained" : "lost",
        std::min(std::abs(s.stake_low), std::abs(s.stake_high)),
        std::max(std::abs(s.stake_low), std::abs(s.stake_high)));
  }

  FactStore& facts_;
  const std::vector<std::string>& accounts_;
  const SegmentSearch& search_;
  SegmentReport& out_;
  const Kpi& kpi_;
};

}  // namespace

std::string_view SegmentKpiName(SegmentKpi kpi) { return Of(kpi).name; }

Result<SegmentKpi> FindSegmentKpi(std::string_view name) {
  for (const Kpi& known : kKpis) {
    if (known.name == name) return known.kpi;
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no KPI of segments; there are cpa, roas and ctr", name));
}

Result<SegmentReport> SearchSegments(CampaignStore& store, FactStore& facts, Clock& clock,
                                     const std::string& client, const SegmentSearch& search) {
  if (search.days < 7 || search.days > 400) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} days; segments are judged on 7 to 400", search.days));
  }
  std::vector<Cut> cuts = AllCuts();
  for (const std::string& wanted : search.cuts) {
    if (std::none_of(cuts.begin(), cuts.end(), [&](const Cut& c) { return c.name == wanted; })) {
      std::vector<std::string> names;
      for (const Cut& cut : cuts) names.emplace_back(cut.name);
      return Fail(Errc::kInvalidArgument,
                  fmt::format("\"{}\" is no cut; there are {}", wanted, fmt::join(names, ", ")));
    }
  }
  SegmentReport out;
  MAXOPT_CHECK(store.GetClient(client));
  MAXOPT_TRY(const std::optional<Day> newest,
             NewestKnown(store, facts, client, clock.Now(), search.known_least, out.notes));
  if (!newest) {
    out.notes.push_back(fmt::format("client \"{}\" has no account", client));
    return out;
  }
  out.to = *newest;
  out.from = out.to - days(search.days - 1);
  MAXOPT_TRY(const std::vector<ClientAccount> all, store.Accounts());
  std::vector<std::string> accounts;
  for (const ClientAccount& account : all) {
    if (account.client == client) accounts.push_back(PrintAccount(account.info.account));
  }
  Search run(facts, accounts, search, out);
  for (const Cut& cut : cuts) {
    const bool wanted = search.cuts.empty() || std::find(search.cuts.begin(), search.cuts.end(),
                                                         cut.name) != search.cuts.end();
    if (wanted) MAXOPT_CHECK(run.Run(cut));
  }
  std::stable_sort(out.findings.begin(), out.findings.end(),
                   [](const SegmentFinding& a, const SegmentFinding& b) {
                     return std::abs(a.segment.stake) > std::abs(b.segment.stake);
                   });
  return out;
}

}  // namespace maxopt
