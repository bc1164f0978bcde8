#include "stages/report/narrative/words.h"

#include <algorithm>

namespace maxopt::report {
namespace {

struct MetricWords {
  std::string_view metric;
  std::string_view words;
};
/// Longer ones before those that they hold: what is found is taken out of the text.
constexpr MetricWords kMetricWords[] = {
    {"cpa", "cost per conversion"},
    {"cpa", "cost per conversions"},
    {"cpa", "cost per acquisition"},
    {"cpa", "cost per action"},
    {"cpa", "cost per order"},
    {"cpa", "cost per sale"},
    {"cpa", "cost per lead"},
    {"cpc", "cost per click"},
    {"cpm", "cost per mille"},
    {"cpm", "cost per thousand impressions"},
    {"roas", "return on ad spend"},
    {"roas", "return on adspend"},
    {"cvr", "conversion rate"},
    {"cvr", "conversion rates"},
    {"ctr", "click-through rate"},
    {"ctr", "click through rate"},
    {"ctr", "click rate"},
    {"cpa", "cpa"},
    {"cpa", "cpl"},
    {"cpa", "cpo"},
    {"cpc", "cpc"},
    {"cpc", "cpcs"},
    {"cpm", "cpm"},
    {"cpm", "cpms"},
    {"roas", "roas"},
    {"ctr", "ctr"},
    {"cvr", "cvr"},
    {"spend", "spend"},
    {"spend", "spent"},
    {"spend", "spending"},
    {"spend", "cost"},
    {"spend", "costs"},
    {"spend", "ad cost"},
    {"revenue", "revenue"},
    {"revenue", "turnover"},
    {"revenue", "conversion value"},
    {"conversions", "conversions"},
    {"conversions", "conversion"},
    {"conversions", "orders"},
    {"conversions", "sales"},
    {"conversions", "leads"},
    {"conversions", "purchases"},
    {"clicks", "clicks"},
    {"clicks", "click"},
    {"impressions", "impressions"},
    {"impressions", "impression"},
};

constexpr std::string_view kUpWords[] = {
    "rise",   "rose",      "risen", "rising",   "up",     "increase", "increased", "increasing",
    "higher", "high",      "grow",  "grew",     "grown",  "growing",  "climb",     "climbed",
    "jump",   "jumped",    "spike", "spiked",   "more",   "went up",  "gone up",   "expensive",
    "dearer", "increases", "rises", "exceeded", "gained", "gain",     "growth"};
constexpr std::string_view kDownWords[] = {
    "fall",  "fell",    "fallen",   "falling", "down",   "decrease", "decreased", "decreasing",
    "lower", "low",     "drop",     "dropped", "drops",  "dropping", "decline",   "declined",
    "sink",  "sank",    "shrink",   "shrank",  "less",   "fewer",    "went down", "cheaper",
    "crash", "crashed", "collapse", "lost",    "losing", "falls",    "declines",  "decreases"};

struct MeaningWords {
  std::string_view meaning;
  std::vector<std::string_view> words;
};
/// Ours. Whoever rephrases may choose among the words of a line, and take up or drop no line.
const MeaningWords kMeanings[] = {
    {"no",
     {"no",     "not",   "none",   "nothing", "never",  "without", "neither", "nor",   "nobody",
      "cannot", "cant",  "didnt",  "doesnt",  "dont",   "isnt",    "wasnt",   "arent", "werent",
      "wont",   "hasnt", "havent", "hardly",  "barely", "unknown", "unjudged"}},
    {"above", {"above", "over", "exceeds", "exceeding", "beyond", "outside"}},
    {"below", {"below", "under", "beneath", "within"}},
    {"claim", {"claim", "claims", "claimed", "claiming"}},
    {"open", {"so far", "to date", "until now", "up to now", "as yet", "yet"}},
    {"expected",
     {"expect", "expects", "expected", "predict", "predicts", "predicted", "promise", "promises",
      "promised", "forecast", "projected"}},
    {"may", {"may", "might", "could", "would", "can", "should"}},
    {"if", {"if", "unless", "provided", "assuming"}},
    {"about", {"about", "around", "roughly", "nearly", "almost", "approximately", "circa"}},
    {"only", {"only", "just", "merely"}},
    {"cause",
     {"because", "cause", "causes", "caused", "causing", "due to", "thanks to", "led to",
      "owing to", "drove", "driven", "drives", "therefore", "proof", "prove", "proves", "proved",
      "so that"}},
    {"before", {"before", "previous", "previously", "earlier", "prior", "preceding"}},
    {"plan", {"plan", "plans", "planned"}},
    {"target", {"target", "targets", "goal", "goals"}},
    {"books", {"book", "books"}},
    {"experiment", {"experiment", "experiments", "test", "tests", "tested", "trial"}},
    {"measured", {"measure", "measures", "measured", "measurement"}},
    {"good", {"good",        "well",         "better",     "strong",  "stronger", "success",
              "successful",  "successfully", "excellent",  "great",   "improve",  "improved",
              "improvement", "improves",     "impressive", "pleased", "pleasing", "happily",
              "encouraging", "healthy",      "solid",      "win",     "won"}},
    {"bad",
     {"bad", "badly", "worse", "poor", "poorly", "weak", "weaker", "disappointing", "failed",
      "fails", "failure", "concerning", "unfortunately", "sadly", "harm", "damage", "trouble"}},
    {"most", {"best", "most", "highest", "top", "largest", "biggest"}},
    {"least", {"worst", "least", "lowest", "smallest"}},
    {"waste", {"waste", "wasted", "wasting", "save", "saved", "saving", "savings"}},
    {"stop", {"pause", "paused", "stop", "stopped"}},
    {"wait", {"wait", "waits", "waiting", "awaits", "awaiting", "pending"}},
    {"decide", {"decide", "decision", "decisions", "approve", "approves", "approved", "approval"}},
    {"all", {"all", "every", "always", "together", "total", "entire", "whole"}},
    {"average", {"average", "averaged", "mean"}},
    {"certain",
     {"certain", "certainly", "surely", "definitely", "clearly", "obviously", "guaranteed",
      "guarantee"}},
    {"google", {"google", "adwords"}},
    {"meta", {"meta", "facebook", "instagram"}},
    {"tiktok", {"tiktok"}},
    {"microsoft", {"microsoft", "bing"}},
    {"linkedin", {"linkedin"}},
    {"pinterest", {"pinterest"}},
    {"snapchat", {"snapchat"}},
    {"amazon", {"amazon"}},
    {"reddit", {"reddit"}},
};

}  // namespace

std::string Normalised(std::string_view text) {
  std::string out = " ";
  for (std::size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    const bool letter =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || static_cast<unsigned char>(c) >= 0x80;
    const bool inside = (c == '-' || c == '\'') && i > 0 && i + 1 < text.size() &&
                        text[i - 1] != ' ' && text[i + 1] != ' ';
    if (letter || (inside && c == '-')) {
      out += c;
    } else if (inside) {
      continue;  // "what's" is "whats"
    } else if (out.back() != ' ') {
      out += ' ';
    }
  }
  if (out.back() != ' ') out += ' ';
  return out;
}
bool HasWord(const std::string& normalised, std::string_view words) {
  return normalised.find(" " + std::string(words) + " ") != std::string::npos;
}
void TakeOut(std::string& normalised, std::string_view words) {
  const std::string wanted = " " + std::string(words) + " ";
  for (std::size_t at = normalised.find(wanted); at != std::string::npos;
       at = normalised.find(wanted)) {
    normalised.replace(at, wanted.size(), " ");
  }
}

std::vector<std::string> MetricsIn(std::string_view text) {
  std::string normalised = Normalised(text);
  std::vector<std::string> out;
  for (const MetricWords& metric : kMetricWords) {
    if (!HasWord(normalised, metric.words)) continue;
    TakeOut(normalised, metric.words);
    out.emplace_back(metric.metric);
  }
  std::ranges::sort(out);
  out.erase(std::unique(out.begin(), out.end()), out.end());
  return out;
}

std::string FirstMetricIn(const std::string& normalised) {
  std::size_t first = std::string::npos;
  std::string rest = normalised, out;
  for (const MetricWords& metric : kMetricWords) {
    const std::size_t at = rest.find(" " + std::string(metric.words) + " ");
    if (at == std::string::npos) continue;
    // Letters are put in its place, so that places stay and no shorter name is found in it.
    std::fill_n(rest.begin() + static_cast<std::ptrdiff_t>(at) + 1, metric.words.size(), '_');
    if (at < first) {
      first = at;
      out = metric.metric;
    }
  }
  return out;
}

int DirectionIn(std::string_view text) {
  const std::string normalised = Normalised(text);
  const bool up = HasAny(normalised, kUpWords), down = HasAny(normalised, kDownWords);
  return up == down ? 0 : up ? 1 : -1;
}

std::set<std::string> MeaningIn(std::string_view text) {
  const std::string normalised = Normalised(text);
  std::set<std::string> out;
  if (HasAny(normalised, kUpWords)) out.insert("more");
  if (HasAny(normalised, kDownWords)) out.insert("less");
  for (const MeaningWords& each : kMeanings) {
    if (HasAny(normalised, each.words)) out.emplace(each.meaning);
  }
  for (std::string& metric : MetricsIn(text)) out.insert(std::move(metric));
  return out;
}

}  // namespace maxopt::report
