#include "domain/tactic.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

namespace maxopt {
namespace {

using nlohmann::json;

struct GradeWord {
  TacticGrade grade;
  std::string_view name;
};
constexpr GradeWord kGrades[] = {{TacticGrade::kPrior, "prior"},
                                 {TacticGrade::kObserving, "observing"},
                                 {TacticGrade::kCandidate, "candidate"},
                                 {TacticGrade::kValidated, "validated"},
                                 {TacticGrade::kContradicted, "contradicted"}};

constexpr std::string_view kPlatforms[] = {"google_ads", "meta",   "tiktok",    "microsoft",
                                           "linkedin",   "amazon", "pinterest", "snapchat",
                                           "reddit",     "x"};
constexpr std::string_view kChannels[] = {"search",     "shopping", "performance_max", "video",
                                          "demand_gen", "display",  "social"};
constexpr std::string_view kObjectives[] = {"awareness", "traffic", "engagement",
                                            "leads",     "app",     "sales"};
constexpr std::string_view kFunnel[] = {"prospecting", "consideration", "conversion", "retention"};
constexpr std::string_view kAudiences[] = {"broad",         "lookalike", "interest", "remarketing",
                                           "customer_list", "brand",     "generic"};
constexpr std::string_view kSeasons[] = {"black_friday", "christmas", "january",
                                         "spring",       "summer",    "autumn"};
constexpr std::string_view kSpend[] = {"under_100", "100_1000", "1000_10000", "over_10000"};
constexpr std::string_view kProblems[] = {"attribution_inflated",
                                          "audience_narrow",
                                          "audience_overlap",
                                          "brand_cannibalised",
                                          "cart_abandoned",
                                          "competitor_pressure",
                                          "consent_loss",
                                          "conversion_delay",
                                          "cpa_high",
                                          "cpc_high",
                                          "cpm_high",
                                          "creative_fatigue",
                                          "creative_weak",
                                          "ctr_low",
                                          "cvr_low",
                                          "device_gap",
                                          "disapproved",
                                          "feed_poor",
                                          "frequency_high",
                                          "geo_waste",
                                          "hours_waste",
                                          "landing_poor",
                                          "lead_quality_low",
                                          "learning_limited",
                                          "limited_by_budget",
                                          "low_volume",
                                          "margin_ignored",
                                          "new_account",
                                          "new_customers_few",
                                          "no_measurement",
                                          "overspend",
                                          "placement_waste",
                                          "quality_score_low",
                                          "rank_lost",
                                          "roas_low",
                                          "scaling_stalls",
                                          "search_waste",
                                          "season_peak",
                                          "season_trough",
                                          "stock_out",
                                          "structure_split",
                                          "target_too_tight",
                                          "tracking_broken",
                                          "underdelivery",
                                          "volatile"};
constexpr std::string_view kLevers[] = {"reallocate", "pace",       "pause",    "bid",
                                        "daypart",    "place",      "audience", "keyword",
                                        "rotate",     "experiment", "rule",     "setup"};

// The problem and the lever say most about what to do; the calendar and the amount say least.
constexpr ContextFacet kFacets[] = {
    {"platform", kPlatforms, 2, "ad platform"},
    {"channel", kChannels, 2, "kind of inventory"},
    {"objective", kObjectives, 1, "what the campaign is for"},
    {"industry", {}, 1, "line of business: \"retail\", \"b2b_software\""},
    {"funnel", kFunnel, 1, "how far the people are"},
    {"audience", kAudiences, 1, "who is addressed"},
    {"season", kSeasons, 0.5, "time of the year"},
    {"spend", kSpend, 0.5, "daily spend in units of the account's currency"},
    {"problem", kProblems, 3, "what is seen"},
    {"lever", kLevers, 3, "reason of the changes that do it"},
};

const ContextFacet* FindFacet(std::string_view name) {
  const auto at = std::find_if(std::begin(kFacets), std::end(kFacets),
                               [&](const ContextFacet& facet) { return facet.name == name; });
  return at == std::end(kFacets) ? nullptr : at;
}

bool IsWord(std::string_view word) {
  return !word.empty() && word.size() <= 40 && std::all_of(word.begin(), word.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
  });
}

json ContextJson(const TacticContext& context) {
  json out = json::object();
  for (const auto& [facet, words] : context.facets) {
    if (!words.empty()) out[facet] = words;
  }
  if (context.gap) out["gap"] = {{"kpi", context.gap->kpi}, {"relative", context.gap->relative}};
  return out;
}

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Reads an object of known members; the first thing that is wrong is kept.
class Reader {
 public:
  Reader(const json& value, std::string where) : json_(value), where_(std::move(where)) {
    if (!json_.is_object()) Wrong("is not a JSON object");
  }
  std::string Text(const char* name) {
    const json* at = Take(name);
    if (at == nullptr) return "";
    if (at->is_string()) return at->get<std::string>();
    Wrong(fmt::format("\"{}\" is not a text", name));
    return "";
  }
  double Number(const char* name) {
    const json* at = Take(name);
    if (at == nullptr) return 0;
    if (at->is_number()) return at->get<double>();
    Wrong(fmt::format("\"{}\" is not a number", name));
    return 0;
  }
  std::vector<std::string> Texts(const char* name) {
    std::vector<std::string> out;
    const json* at = Take(name);
    if (at == nullptr) return out;
    if (!at->is_array()) Wrong(fmt::format("\"{}\" is not a list", name));
    for (const json& each : *at) {
      if (each.is_string()) {
        out.push_back(each.get<std::string>());
      } else {
        Wrong(fmt::format("\"{}\" is not a list of texts", name));
      }
    }
    return out;
  }
  std::optional<Instant> Time(const char* name) {
    const std::string text = Text(name);
    if (text.empty()) return std::nullopt;
    const auto at = ParseInstant(text);
    if (at) return *at;
    Wrong(fmt::format("\"{}\": {}", name, at.error().what));
    return std::nullopt;
  }
  const json* Take(const char* name) {
    taken_.insert(name);
    if (!json_.is_object()) return nullptr;
    const auto at = json_.find(name);
    return at == json_.end() ? nullptr : &*at;
  }
  void Wrong(std::string what) {
    if (wrong_.empty()) wrong_ = where_ + ": " + std::move(what);
  }
  Result<> End() {
    if (json_.is_object()) {
      for (const auto& [name, value] : json_.items()) {
        if (!taken_.contains(name)) Wrong(fmt::format("\"{}\" is not known", name));
      }
    }
    if (wrong_.empty()) return {};
    return Fail(Errc::kInvalidArgument, wrong_);
  }

 private:
  const json& json_;
  std::string where_;
  std::string wrong_;
  std::set<std::string, std::less<>> taken_;
};

Result<TacticContext> ContextFrom(const json& value) {
  TacticContext context;
  Reader reader(value, "context");
  for (const ContextFacet& facet : kFacets) {
    const std::string name(facet.name);
    auto words = reader.Texts(name.c_str());
    if (!words.empty()) context.facets[name] = std::move(words);
  }
  if (const json* gap = reader.Take("gap")) {
    Reader inner(*gap, "context.gap");
    context.gap = KpiGap{inner.Text("kpi"), inner.Number("relative")};
    MAXOPT_CHECK(inner.End());
  }
  MAXOPT_CHECK(reader.End());
  return context;
}

}  // namespace

std::string_view TacticGradeName(TacticGrade grade) {
  for (const GradeWord& word : kGrades) {
    if (word.grade == grade) return word.name;
  }
  Bug();
}

Result<TacticGrade> FindTacticGrade(std::string_view name) {
  std::vector<std::string_view> known;
  for (const GradeWord& word : kGrades) {
    if (word.name == name) return word.grade;
    known.push_back(word.name);
  }
  return Fail(Errc::kInvalidArgument, fmt::format("\"{}\" is no grade of evidence; known are {}",
                                                  name, fmt::join(known, ", ")));
}

std::span<const ContextFacet> ContextFacets() { return kFacets; }

bool TacticContext::Has(std::string_view facet, std::string_view word) const {
  const auto at = facets.find(facet);
  return at != facets.end() &&
         std::find(at->second.begin(), at->second.end(), word) != at->second.end();
}

void TacticContext::Add(std::string_view facet, std::string_view word) {
  if (FindFacet(facet) == nullptr || !IsWord(word)) Bug();
  if (!Has(facet, word)) facets[std::string(facet)].emplace_back(word);
}

Result<> CheckTacticContext(const TacticContext& context) {
  for (const auto& [name, words] : context.facets) {
    const ContextFacet* facet = FindFacet(name);
    if (facet == nullptr) {
      std::vector<std::string_view> known;
      for (const ContextFacet& each : kFacets) known.push_back(each.name);
      return Fail(Errc::kInvalidArgument, fmt::format("a context has no \"{}\"; known are {}", name,
                                                      fmt::join(known, ", ")));
    }
    for (const std::string& word : words) {
      if (facet->words.empty()) {
        if (IsWord(word)) continue;
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} \"{}\": a word of a-z, 0-9 and _ is needed, at most 40 long",
                                name, word));
      }
      if (std::find(facet->words.begin(), facet->words.end(), word) != facet->words.end()) continue;
      return Fail(Errc::kInvalidArgument, fmt::format("{} \"{}\" is not known; known are {}", name,
                                                      word, fmt::join(facet->words, ", ")));
    }
  }
  if (context.gap && (!IsWord(context.gap->kpi) || !std::isfinite(context.gap->relative))) {
    return Fail(Errc::kInvalidArgument,
                "a KPI gap needs the KPI's word and a finite share: {kpi: cpa, relative: 0.3}");
  }
  return {};
}

std::string_view SpendBand(double a_day) {
  if (a_day < 100) return "under_100";
  if (a_day < 1'000) return "100_1000";
  return a_day < 10'000 ? "1000_10000" : "over_10000";
}

std::string_view SeasonOf(Day day) {
  const std::chrono::year_month_day date(day);
  const unsigned month = static_cast<unsigned>(date.month());
  const unsigned of_month = static_cast<unsigned>(date.day());
  if (month == 11 && of_month >= 15) return "black_friday";
  if (month == 12) return of_month <= 25 ? "christmas" : "january";
  if (month <= 2) return "january";
  if (month <= 5) return "spring";
  return month <= 8 ? "summer" : "autumn";
}

Result<> CheckTactic(const Tactic& tactic) {
  const auto bad = [&](std::string what) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("tactic \"{}\": {}", tactic.id, std::move(what)));
  };
  if (tactic.id.empty() || tactic.id.size() > 120 ||
      !std::all_of(tactic.id.begin(), tactic.id.end(), [](char c) {
        return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '/';
      })) {
    return bad("an id is 1 to 120 of a-z, 0-9, - _ and /");
  }
  const std::pair<const char*, const std::string*> texts[] = {{"title", &tactic.title},
                                                              {"problem", &tactic.problem},
                                                              {"action", &tactic.action},
                                                              {"source", &tactic.source}};
  for (const auto& [name, text] : texts) {
    if (text->empty()) return bad(fmt::format("{} is missing", name));
  }
  if (const auto checked = CheckTacticContext(tactic.context); !checked)
    return bad(checked.error().what);
  if (tactic.effect) {
    const TacticEffect& e = *tactic.effect;
    if (!std::isfinite(e.mean) || !std::isfinite(e.low90) || !std::isfinite(e.high90) ||
        !(e.low90 < e.high90) || e.mean < e.low90 || e.mean > e.high90) {
      return bad("an effect is a mean within its 90 % interval, which is not empty");
    }
    if (e.low90 < -1) return bad("an effect of less than -1 would lose more than there is");
    if (tactic.basis.empty()) {
      return bad("an effect needs its basis: a publication, or \"practice\"");
    }
  }
  return {};
}

std::string ToJson(const TacticContext& context) { return Dump(ContextJson(context)); }

std::string ToJson(const Tactic& tactic) {
  json out{{"id", tactic.id},
           {"title", tactic.title},
           {"grade", TacticGradeName(tactic.grade)},
           {"source", tactic.source},
           {"context", ContextJson(tactic.context)},
           {"windows", tactic.windows},
           {"experiments", tactic.experiments},
           {"created_at", PrintInstant(tactic.created_at)},
           {"updated_at", PrintInstant(tactic.updated_at)}};
  const auto text = [&out](const char* name, const std::string& value) {
    if (!value.empty()) out[name] = value;
  };
  text("client", tactic.client);
  text("problem", tactic.problem);
  text("action", tactic.action);
  text("why", tactic.why);
  text("avoid", tactic.avoid);
  text("measure", tactic.measure);
  text("basis", tactic.basis);
  text("retired_why", tactic.retired_why);
  if (!tactic.said.empty()) out["said"] = tactic.said;
  if (tactic.effect) {
    out["effect"] = {{"mean", tactic.effect->mean},
                     {"low90", tactic.effect->low90},
                     {"high90", tactic.effect->high90}};
  }
  if (tactic.expires_at) out["expires_at"] = PrintInstant(*tactic.expires_at);
  if (tactic.retired_at) out["retired_at"] = PrintInstant(*tactic.retired_at);
  return Dump(out);
}

Result<Tactic> TacticFromJson(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (value.is_discarded()) return Fail(Errc::kInvalidArgument, "a tactic is not valid JSON");
  Reader reader(value, "tactic");
  Tactic out;
  out.id = reader.Text("id");
  out.title = reader.Text("title");
  out.client = reader.Text("client");
  MAXOPT_TRY(out.grade, FindTacticGrade(reader.Text("grade")));
  out.source = reader.Text("source");
  if (const json* context = reader.Take("context")) {
    MAXOPT_TRY(out.context, ContextFrom(*context));
  }
  out.problem = reader.Text("problem");
  out.action = reader.Text("action");
  out.why = reader.Text("why");
  out.avoid = reader.Text("avoid");
  out.measure = reader.Text("measure");
  out.said = reader.Texts("said");
  if (const json* effect = reader.Take("effect")) {
    Reader inner(*effect, "tactic.effect");
    out.effect = TacticEffect{inner.Number("mean"), inner.Number("low90"), inner.Number("high90")};
    MAXOPT_CHECK(inner.End());
  }
  out.basis = reader.Text("basis");
  out.windows = static_cast<int>(reader.Number("windows"));
  out.experiments = static_cast<int>(reader.Number("experiments"));
  out.created_at = reader.Time("created_at").value_or(Instant{});
  out.updated_at = reader.Time("updated_at").value_or(Instant{});
  out.expires_at = reader.Time("expires_at");
  out.retired_at = reader.Time("retired_at");
  out.retired_why = reader.Text("retired_why");
  MAXOPT_CHECK(reader.End());
  MAXOPT_CHECK(CheckTactic(out));
  return out;
}

}  // namespace maxopt
