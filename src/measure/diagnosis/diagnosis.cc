#include "measure/diagnosis/diagnosis.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>

namespace maxopt {
namespace {

using Verdict = Diagnosis::Verdict;
using Sums = DiagnosisSums;

std::optional<double> Over(double a, double b) {
  if (b <= 0) return std::nullopt;
  return a / b;
}

struct FactorSpec {
  const char* name;
  std::optional<double> (*of)(const Sums&);
};
const FactorSpec kImpressions{"impressions",
                              [](const Sums& s) -> std::optional<double> { return s.impressions; }};
const FactorSpec kCpm{"cpm", [](const Sums& s) { return Over(1000 * s.spend, s.impressions); }};
const FactorSpec kCtr{"ctr", [](const Sums& s) { return Over(s.clicks, s.impressions); }};
const FactorSpec kCvr{"cvr", [](const Sums& s) { return Over(s.conversions, s.clicks); }};
const FactorSpec kAov{"aov", [](const Sums& s) { return Over(s.revenue, s.conversions); }};

/// A KPI as numerator over denominator, and as a product of factors (power -1: divides).
struct KpiSpec {
  const char* name;
  double (*numerator)(const Sums&);
  double (*denominator)(const Sums&);  ///< nullptr: an amount
  double scale;
  std::vector<std::pair<FactorSpec, int>> factors;
};
double Spend(const Sums& s) { return s.spend; }
double Impressions(const Sums& s) { return s.impressions; }
double Clicks(const Sums& s) { return s.clicks; }
double Conversions(const Sums& s) { return s.conversions; }
double Revenue(const Sums& s) { return s.revenue; }

const std::vector<KpiSpec>& Kpis() {
  static const std::vector<KpiSpec> kpis = {
      {"spend", Spend, nullptr, 1, {{kImpressions, 1}, {kCpm, 1}}},
      {"impressions", Impressions, nullptr, 1, {{kImpressions, 1}}},
      {"clicks", Clicks, nullptr, 1, {{kImpressions, 1}, {kCtr, 1}}},
      {"conversions", Conversions, nullptr, 1, {{kImpressions, 1}, {kCtr, 1}, {kCvr, 1}}},
      {"revenue", Revenue, nullptr, 1, {{kImpressions, 1}, {kCtr, 1}, {kCvr, 1}, {kAov, 1}}},
      {"cpm", Spend, Impressions, 1000, {{kCpm, 1}}},
      {"ctr", Clicks, Impressions, 1, {{kCtr, 1}}},
      {"cpc", Spend, Clicks, 1, {{kCpm, 1}, {kCtr, -1}}},
      {"cvr", Conversions, Clicks, 1, {{kCvr, 1}}},
      {"cpa", Spend, Conversions, 1, {{kCpm, 1}, {kCtr, -1}, {kCvr, -1}}},
      {"roas", Revenue, Spend, 1, {{kCvr, 1}, {kCtr, 1}, {kAov, 1}, {kCpm, -1}}},
  };
  return kpis;
}

Result<const KpiSpec*> FindKpi(std::string_view name) {
  std::string known;
  for (const KpiSpec& kpi : Kpis()) {
    if (name == kpi.name) return &kpi;
    known += (known.empty() ? "" : ", ") + std::string(kpi.name);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" cannot be diagnosed; known are {}", name, known));
}

Result<> CheckSums(const Sums& sums, std::string_view what) {
  const std::pair<const char*, double> parts[] = {{"spend", sums.spend},
                                                  {"impressions", sums.impressions},
                                                  {"clicks", sums.clicks},
                                                  {"conversions", sums.conversions},
                                                  {"revenue", sums.revenue}};
  for (const auto& [name, value] : parts) {
    if (std::isfinite(value) && value >= 0) continue;
    return Fail(Errc::kInvalidArgument,
                fmt::format("{} of {} is {}; it must be 0 or more", name, what, value));
  }
  return {};
}

std::optional<double> Value(const KpiSpec& kpi, const Sums& sums) {
  if (!kpi.denominator) return kpi.numerator(sums);
  const auto ratio = Over(kpi.numerator(sums), kpi.denominator(sums));
  if (!ratio) return std::nullopt;
  return kpi.scale * *ratio;
}

/// Half of the Jensen-Shannon divergence's summand of one element (Adtributor, equation 6).
double Surprise(double before, double before_total, double after, double after_total) {
  if (before_total <= 0 || after_total <= 0) return 0;
  const double p = before / before_total;
  const double q = after / after_total;
  const auto part = [](double x, double y) { return x > 0 ? x * std::log(2 * x / (x + y)) : 0.0; };
  return 0.5 * (part(p, q) + part(q, p));
}

Sums& operator+=(Sums& a, const Sums& b) {
  a.spend += b.spend;
  a.impressions += b.impressions;
  a.clicks += b.clicks;
  a.conversions += b.conversions;
  a.revenue += b.revenue;
  return a;
}

bool AboutResults(std::string_view kpi) {
  return kpi == "conversions" || kpi == "revenue" || kpi == "cvr" || kpi == "cpa" || kpi == "roas";
}

std::string Percent(double share) { return fmt::format("{:+.0f} %", 100 * share); }

std::string Join(const std::vector<std::string>& texts, std::size_t at_most = 3) {
  std::string out;
  for (std::size_t i = 0; i < std::min(texts.size(), at_most); ++i) {
    out += (out.empty() ? "" : "; ") + texts[i];
  }
  if (texts.size() > at_most) out += fmt::format("; and {} more", texts.size() - at_most);
  return out;
}

std::optional<double> ChangeOf(const std::optional<double>& before,
                               const std::optional<double>& after) {
  if (!before || !after || *before <= 0) return std::nullopt;
  return *after / *before - 1;
}

}  // namespace

Result<std::optional<double>> KpiOf(std::string_view name, const DiagnosisSums& sums) {
  MAXOPT_TRY(const KpiSpec* kpi, FindKpi(name));
  MAXOPT_CHECK(CheckSums(sums, "the period"));
  return Value(*kpi, sums);
}

Result<std::vector<Diagnosis::Factor>> DecomposeKpi(std::string_view name,
                                                    const DiagnosisSums& before,
                                                    const DiagnosisSums& after) {
  MAXOPT_TRY(const KpiSpec* kpi, FindKpi(name));
  MAXOPT_CHECK(CheckSums(before, "the earlier period"));
  MAXOPT_CHECK(CheckSums(after, "the newer period"));
  std::vector<Diagnosis::Factor> factors;
  for (const auto& [factor, power] : kpi->factors) {
    factors.push_back({factor.name, factor.of(before), factor.of(after), 0});
  }
  const auto was = Value(*kpi, before);
  const auto is = Value(*kpi, after);
  if (was == is) return factors;
  if (was && is && *was > 0 && *is > 0) {
    const double total = std::log(*is / *was);
    bool all = true;
    for (std::size_t i = 0; i < factors.size(); ++i) {
      const auto& f = factors[i];
      if (!f.before || !f.after || *f.before <= 0 || *f.after <= 0) {
        all = false;
        break;
      }
      factors[i].share = kpi->factors[i].second * std::log(*f.after / *f.before) / total;
    }
    if (all) return factors;
    for (auto& factor : factors) factor.share = 0;
  }
  // From or to nothing: the first factor that came or went carries it.
  const auto none = [](const std::optional<double>& value) { return !value || *value <= 0; };
  for (auto& factor : factors) {
    if (none(factor.before) == none(factor.after)) continue;
    factor.share = 1;
    return factors;
  }
  return factors;
}

Result<std::vector<Diagnosis::Segment>> ExplainBySegments(
    std::string_view name, const std::vector<DiagnosisSegment>& segments,
    const ExplainOptions& options) {
  MAXOPT_TRY(const KpiSpec* kpi, FindKpi(name));
  struct Dimension {
    Sums before, after;
    std::vector<const DiagnosisSegment*> elements;
  };
  std::map<std::string, Dimension> dimensions;
  for (const DiagnosisSegment& segment : segments) {
    const std::string where = segment.dimension + " " + segment.element;
    MAXOPT_CHECK(CheckSums(segment.before, where));
    MAXOPT_CHECK(CheckSums(segment.after, where));
    Dimension& dimension = dimensions[segment.dimension];
    dimension.before += segment.before;
    dimension.after += segment.after;
    dimension.elements.push_back(&segment);
  }
  struct Candidate {
    double surprise = 0;
    std::vector<Diagnosis::Segment> named;
  };
  std::vector<Candidate> candidates;
  for (const auto& [word, dimension] : dimensions) {
    if (dimension.elements.size() < 2) continue;  // one element explains everything and nothing
    const double f1 = kpi->numerator(dimension.before);
    const double a1 = kpi->numerator(dimension.after);
    const double f2 = kpi->denominator ? kpi->denominator(dimension.before) : 0;
    const double a2 = kpi->denominator ? kpi->denominator(dimension.after) : 0;
    if (kpi->denominator && (f2 <= 0 || a2 <= 0)) continue;
    std::vector<Diagnosis::Segment> all;
    double total_power = 0;
    for (const DiagnosisSegment* element : dimension.elements) {
      const double e1 = kpi->numerator(element->before);
      const double d1 = kpi->numerator(element->after) - e1;
      Diagnosis::Segment segment{word, element->element, 0,
                                 Surprise(e1, f1, kpi->numerator(element->after), a1)};
      if (kpi->denominator) {
        const double e2 = kpi->denominator(element->before);
        const double d2 = kpi->denominator(element->after) - e2;
        // What the ratio of the whole would have moved had only this element changed.
        segment.share = f2 + d2 > 0 ? (d1 * f2 - d2 * f1) / (f2 * (f2 + d2)) : 0;
        segment.surprise += Surprise(e2, f2, kpi->denominator(element->after), a2);
      } else {
        segment.share = d1;
      }
      total_power += segment.share;
      all.push_back(std::move(segment));
    }
    // For a ratio the paper normalises the powers to sum to one; for an amount they do by nature.
    if (std::abs(total_power) < 1e-12) continue;
    for (auto& segment : all) segment.share /= total_power;
    std::stable_sort(all.begin(), all.end(),
                     [](const auto& a, const auto& b) { return a.surprise > b.surprise; });
    Candidate candidate;
    double explained = 0;
    for (auto& segment : all) {
      if (segment.share < options.element_min) continue;
      explained += segment.share;
      candidate.surprise += segment.surprise;
      candidate.named.push_back(std::move(segment));
      if (explained >= options.explained_min) break;
    }
    // Elements that explain it only all together say nothing of a place.
    const bool succinct = candidate.named.size() < dimension.elements.size();
    if (explained >= options.explained_min && succinct) candidates.push_back(std::move(candidate));
  }
  std::stable_sort(candidates.begin(), candidates.end(),
                   [](const auto& a, const auto& b) { return a.surprise > b.surprise; });
  std::vector<Diagnosis::Segment> out;
  for (std::size_t i = 0; i < candidates.size(); ++i) {
    if (static_cast<int>(i) >= options.dimensions_max) break;
    for (auto& segment : candidates[i].named) out.push_back(std::move(segment));
  }
  return out;
}

namespace {

/// A rival's move against what was measured here. A report alone makes nothing likely: likely is
/// only a sure one where both the price and our share of impressions went its way by a tenth.
struct Weighed {
  Verdict verdict = Verdict::kNotChecked;
  std::string measured;
};
Weighed WeighRival(const DiagnosisEvidence::Rival& rival, std::optional<double> cpm,
                   std::optional<double> share, std::optional<double> conversion_rate) {
  using Shows = DiagnosisEvidence::Rival::Shows;
  constexpr double kMoved = 0.10;
  const double way = rival.against_us ? 1 : -1;
  if (rival.shows == Shows::kClicks) {
    if (!conversion_rate) return {Verdict::kNotChecked, "no conversion rate in both periods"};
    return {-way * *conversion_rate > 0 ? Verdict::kPossible : Verdict::kRuledOut,
            "cvr " + Percent(*conversion_rate)};
  }
  if (rival.shows == Shows::kNowhere) return {Verdict::kNotChecked, "nothing measured shows it"};
  if (!cpm && !share) return {Verdict::kNotChecked, "no price and no share of impressions"};
  std::string measured = cpm ? "cpm " + Percent(*cpm) : "no price of impressions";
  measured += share ? ", impression share " + Percent(*share) : ", no impression share";
  const bool dearer = cpm && way * *cpm > kMoved;
  const bool lost = share && -way * *share > kMoved;
  if (dearer && lost && rival.sure) return {Verdict::kLikely, measured};
  const bool other_way = (!cpm || way * *cpm <= 0) && (!share || -way * *share <= 0);
  return {other_way ? Verdict::kRuledOut : Verdict::kPossible, measured};
}

}  // namespace

std::vector<Diagnosis::Cause> WeighCauses(std::string_view kpi, const DiagnosisSums& before,
                                          const DiagnosisSums& after, const DiagnosisEvidence& e) {
  std::vector<Diagnosis::Cause> causes;
  const auto add = [&](const char* what, Verdict verdict, std::string evidence) {
    causes.push_back({what, verdict, std::move(evidence)});
  };
  const bool results = AboutResults(kpi);

  const char* edited = "somebody changed the campaign";
  if (!e.edits) {
    add(edited, Verdict::kNotChecked, "the change history could not be read");
  } else if (e.edits->empty()) {
    add(edited, Verdict::kRuledOut, "no change in the history of these days");
  } else {
    std::vector<std::string> lines;
    for (auto edit = e.edits->rbegin(); edit != e.edits->rend(); ++edit) {
      lines.push_back(fmt::format("{} by {} at {}", edit->what, edit->who, PrintInstant(edit->at)));
    }
    add(edited, Verdict::kLikely, Join(lines));
  }

  const char* rejected = "ads were rejected or limited";
  if (!e.rejections) {
    add(rejected, Verdict::kNotChecked, "review states were not read");
  } else if (e.rejections->empty()) {
    add(rejected, Verdict::kRuledOut, "all ads may run");
  } else {
    add(rejected, Verdict::kLikely, Join(*e.rejections));
  }

  if (results) {
    const char* tracking = "conversions are not counted (tracking)";
    if (!e.broken_signals) {
      add(tracking, Verdict::kNotChecked, "no tracking signal is watched");
    } else if (e.broken_signals->empty()) {
      add(tracking, Verdict::kRuledOut, "all tracking signals are well");
    } else {
      add(tracking, Verdict::kLikely, Join(*e.broken_signals));
    }
    const char* young = "the newest conversions are not all known yet";
    if (!e.maturity) {
      add(young, Verdict::kNotChecked, "how these days mature is not known");
    } else if (*e.maturity < 0.8) {
      add(young, Verdict::kLikely,
          fmt::format("only {:.0f} % of them are expected to be known", 100 * *e.maturity));
    } else {
      add(young, *e.maturity < 0.95 ? Verdict::kPossible : Verdict::kRuledOut,
          fmt::format("{:.0f} % of them are expected to be known", 100 * *e.maturity));
    }
  }

  const char* auction = "the auction became dearer";
  const auto cpm = ChangeOf(kCpm.of(before), kCpm.of(after));
  if (!cpm) {
    add(auction, Verdict::kNotChecked, "no price of impressions in one of the periods");
  } else {
    const auto share = ChangeOf(e.share_before, e.share_after);
    const std::string what = fmt::format("cpm {}{}", Percent(*cpm),
                                         share ? ", impression share " + Percent(*share) : "");
    // Dearer by a quarter is beyond a season's day; with a lost share others outbid us.
    const bool dear = *cpm > 0.25;
    add(auction,
        dear && (!share || *share < -0.1) ? Verdict::kLikely
        : *cpm > 0.10                     ? Verdict::kPossible
                                          : Verdict::kRuledOut,
        what);
  }

  const char* rivals = "a competitor moved";
  if (!e.rivals) {
    add(rivals, Verdict::kNotChecked, "nobody has sent competitive intelligence");
  } else if (e.rivals->empty()) {
    add(rivals, Verdict::kNotChecked, "what was sent names no move here in these days");
  } else {
    std::vector<std::pair<Verdict, std::string>> weighed;
    for (const DiagnosisEvidence::Rival& rival : *e.rivals) {
      const Weighed one = WeighRival(rival, cpm, ChangeOf(e.share_before, e.share_after),
                                     ChangeOf(kCvr.of(before), kCvr.of(after)));
      weighed.emplace_back(one.verdict, fmt::format("{}; here {}", rival.what, one.measured));
    }
    std::stable_sort(weighed.begin(), weighed.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<std::string> lines;
    for (const auto& [verdict, line] : weighed) lines.push_back(line);
    add(rivals, weighed.front().first, Join(lines));
  }

  if (kpi == "spend" || kpi == "impressions" || kpi == "clicks") {
    const char* used = "the day's budget is used up";
    if (!e.budget_used) {
      add(used, Verdict::kNotChecked, "no daily budget is known");
    } else {
      add(used,
          *e.budget_used >= 0.95  ? Verdict::kLikely
          : *e.budget_used >= 0.8 ? Verdict::kPossible
                                  : Verdict::kRuledOut,
          fmt::format("{:.0f} % of it is spent", 100 * *e.budget_used));
    }
  }

  const char* season = "season, weekday or holiday";
  const auto was = KpiOf(kpi, before);
  const auto is = KpiOf(kpi, after);
  const auto change = was && is ? ChangeOf(*was, *is) : std::nullopt;
  if (!e.holiday.empty()) {
    add(season, Verdict::kPossible, e.holiday);
  } else if (!e.season_factor || !change) {
    add(season, Verdict::kNotChecked, "no comparable days are known");
  } else {
    const double usual = *e.season_factor - 1;
    const bool same_way = usual * *change > 0 && std::abs(usual) > 0.5 * std::abs(*change);
    add(season, same_way ? Verdict::kLikely : Verdict::kRuledOut,
        fmt::format("these days are usually {} against the earlier ones; now {}", Percent(usual),
                    Percent(*change)));
  }

  const char* market = "demand or the website, on every platform";
  if (!e.others_change || !change) {
    add(market, Verdict::kNotChecked, "no other platform of the client to compare with");
  } else {
    const bool together =
        *e.others_change * *change > 0 && std::abs(*e.others_change) > 0.5 * std::abs(*change);
    add(market, together ? Verdict::kLikely : Verdict::kRuledOut,
        fmt::format("the client's other platforms: {}", Percent(*e.others_change)));
  }
  if (e.flight_ends_soon) {
    add("the flight is ending", Verdict::kPossible, "it ends within two days");
  }
  std::stable_sort(causes.begin(), causes.end(),
                   [](const auto& a, const auto& b) { return a.verdict < b.verdict; });
  return causes;
}

Result<Diagnosis> DiagnoseKpi(std::string_view kpi, const DiagnosisSums& before,
                              const DiagnosisSums& after,
                              const std::vector<DiagnosisSegment>& segments,
                              const DiagnosisEvidence& evidence) {
  Diagnosis diagnosis;
  MAXOPT_TRY(diagnosis.factors, DecomposeKpi(kpi, before, after));
  MAXOPT_TRY(diagnosis.segments, ExplainBySegments(kpi, segments));
  diagnosis.causes = WeighCauses(kpi, before, after, evidence);
  const Diagnosis::Cause* first =
      !diagnosis.causes.empty() && diagnosis.causes.front().verdict == Verdict::kLikely
          ? &diagnosis.causes.front()
          : nullptr;
  if (first) {
    diagnosis.proposal = fmt::format("look first at this: {} ({})", first->what, first->evidence);
  } else if (!diagnosis.segments.empty()) {
    diagnosis.proposal = fmt::format(
        "look at {} {}, which carries {:.0f} % of the change", diagnosis.segments.front().dimension,
        diagnosis.segments.front().element, 100 * diagnosis.segments.front().share);
  } else {
    diagnosis.proposal = "no cause stands out: watch it for another day before anything is changed";
  }
  return diagnosis;
}

}  // namespace maxopt
