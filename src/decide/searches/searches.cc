#include "decide/searches/searches.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/math/special_functions/beta.hpp>
#include <boost/math/special_functions/gamma.hpp>
#include <cmath>
#include <map>
#include <set>
#include <tuple>
#include <utility>

#include "decide/searches/words.h"
#include "measure/significance/significance.h"

namespace maxopt {
namespace {

using Words = std::vector<std::string>;

std::string Joined(const Words& words) {
  std::string out;
  for (const std::string& word : words) out += (out.empty() ? "" : " ") + word;
  return out;
}

struct Term {
  std::string text;  ///< words in lower case, one space between them
  Words words;
  double spend = 0, clicks = 0, conversions = 0;
  bool blocked = false;  ///< by negatives that are there already
};

/// What one candidate rests on: one term, or several that share words.
struct Candidate {
  SearchKeyword keyword;
  std::vector<std::size_t> terms;
  double spend = 0, clicks = 0, conversions = 0, expected = 0, reference = 0;
  double p_low = 1, p_high = 1, p_adjusted = 1;
};

struct Posterior {
  double mean, low, high;
};
/// Of a rate with `conversions` for `expected`, in parts of its like's; `spread` is the relative
/// variance of rates around it.
Posterior Shrink(const Candidate& c, double spread) {
  if (!(spread > 0)) return {c.reference, c.reference, c.reference};
  const double shape = 1 / spread + c.conversions;
  const double scale = c.reference / (1 / spread + c.expected);
  return {shape * scale, scale * boost::math::gamma_p_inv(shape, 0.05),
          scale * boost::math::gamma_p_inv(shape, 0.95)};
}

/// The spread that makes the counts likeliest: each is a negative binomial with mean `expected` and
/// variance expected + spread * expected^2. On a grid from 0.001 to 10, finer than any decision
/// here; 0 where no spread is likelier than none.
double Spread(const std::vector<Candidate>& terms) {
  double best = 0, best_log = 0;  // beside Poisson
  for (int step = 0; step <= 40; ++step) {
    const double spread = std::pow(10.0, -3 + step * 0.1);
    const double a = 1 / spread;
    const double none = boost::math::lgamma(a);  // the standard library's writes a global
    double sum = 0;
    for (const Candidate& c : terms) {
      const double m = c.expected, x = c.conversions;
      if (!(m > 0)) continue;
      const double log =
          boost::math::lgamma(a + x) - none - (a + x) * std::log1p(m / a) + m - x * std::log(a);
      sum += log;
    }
    if (sum > best_log) {
      best_log = sum;
      best = spread;
    }
  }
  return best;
}

class Judge {
 public:
  Judge(const SearchCampaign& campaign, const SearchOptions& options)
      : campaign_(campaign), options_(options) {}

  Result<SearchAdvice> Run() {
    MAXOPT_CHECK(Check());
    MAXOPT_CHECK(ReadKeywords());
    MAXOPT_CHECK(ReadTerms());
    double told = 0;
    for (const Term& term : terms_) told += term.spend;
    spend_ = told + campaign_.other_spend;
    for (const Term& term : terms_) conversions_ += term.conversions;
    conversions_ += campaign_.other_conversions;
    out_.told = spend_ > 0 ? told / spend_ : 0;
    if (!(conversions_ > 0) || !(spend_ > 0)) {
      out_.notes.emplace_back("the campaign has no conversions, so no search can be compared");
      return std::move(out_);
    }
    std::vector<Candidate> singles;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      Candidate c{.keyword = {SearchMatch::kExact, terms_[i].text}, .terms = {i}};
      if (Sum(c)) singles.push_back(std::move(c));
    }
    spread_ = Spread(singles);
    Lose(singles);
    Gain();
    return std::move(out_);
  }

 private:
  Result<> Check() const {
    const auto wrong = [](double x) { return !(x >= 0) || !std::isfinite(x); };
    for (const SearchSums& t : campaign_.terms) {
      if (wrong(t.spend) || wrong(t.clicks) || wrong(t.conversions)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("search \"{}\": spend, clicks and conversions must be finite and "
                                "not below 0",
                                t.term));
      }
    }
    if (wrong(campaign_.other_spend) || wrong(campaign_.other_conversions)) {
      return Fail(Errc::kInvalidArgument,
                  "other_spend and other_conversions must be finite and not below 0");
    }
    if (campaign_.cost_max && (wrong(*campaign_.cost_max) || *campaign_.cost_max == 0)) {
      return Fail(Errc::kInvalidArgument, "cost_max must be above 0");
    }
    const SearchOptions& o = options_;
    if (!(o.false_discoveries > 0 && o.false_discoveries < 1) || !(o.cost_times >= 1) ||
        !std::isfinite(o.cost_times) || !(o.lose_expected_min > 0) || !(o.gain_expected_min > 0) ||
        o.common_terms < 2) {
      return Fail(Errc::kInvalidArgument,
                  "false_discoveries is in (0, 1), cost_times at least 1, the least expected above "
                  "0, common_terms at least 2");
    }
    return {};
  }

  Result<> ReadKeywords() {
    const auto read = [](const std::vector<std::string>& from,
                         std::vector<SearchKeyword>& to) -> Result<> {
      for (const std::string& text : from) {
        MAXOPT_TRY(SearchKeyword keyword, ParseSearchKeyword(text));
        to.push_back(std::move(keyword));
      }
      return {};
    };
    MAXOPT_CHECK(read(campaign_.negatives, negatives_));
    std::vector<SearchKeyword> taken, resting;
    MAXOPT_CHECK(read(campaign_.taken, taken));
    MAXOPT_CHECK(read(campaign_.resting, resting));
    for (const SearchKeyword& k : resting) AddKeyword(SearchWords(k.text));
    for (const SearchKeyword& k : taken) {
      if (k.match == SearchMatch::kExact) exact_elsewhere_.insert(Joined(SearchWords(k.text)));
    }
    for (const SearchCampaign::Group& group : campaign_.groups) {
      GroupWords words{group.id, {}, {}};
      MAXOPT_CHECK(read(group.keywords, words.keywords));
      MAXOPT_CHECK(read(group.negatives, words.negatives));
      for (const SearchKeyword& k : words.keywords) {
        Words cut = SearchWords(k.text);
        const std::string text = Joined(cut);
        AddKeyword(std::move(cut));
        if (k.match == SearchMatch::kExact) exact_.insert(text);
      }
      groups_.push_back(std::move(words));
    }
    std::sort(groups_.begin(), groups_.end(),
              [](const GroupWords& a, const GroupWords& b) { return a.id < b.id; });
    return {};
  }

  void AddKeyword(Words words) {
    std::string text = Joined(words);
    keywords_.try_emplace(std::move(text), std::move(words));
  }

  Result<> ReadTerms() {
    std::vector<const SearchSums*> sorted;
    for (const SearchSums& t : campaign_.terms) sorted.push_back(&t);
    const auto key = [](const SearchSums* t) {
      return std::tie(t->term, t->spend, t->clicks, t->conversions);
    };
    // Sums must not depend on the order of what is summed.
    std::sort(sorted.begin(), sorted.end(), [&](auto* a, auto* b) { return key(a) < key(b); });
    std::map<std::string, Term> by_text;
    for (const SearchSums* t : sorted) {
      Words words = SearchWords(t->term);
      std::string text = Joined(words);
      Term& term = by_text[text];
      if (term.words.empty()) {
        term.text = std::move(text);
        term.words = std::move(words);
      }
      term.spend += t->spend;
      term.clicks += t->clicks;
      term.conversions += t->conversions;
    }
    const auto cut = [](const std::vector<SearchKeyword>& keywords) {
      std::vector<std::pair<SearchMatch, Words>> out;
      for (const SearchKeyword& k : keywords) out.emplace_back(k.match, SearchWords(k.text));
      return out;
    };
    const auto everywhere = cut(negatives_);
    std::vector<std::vector<std::pair<SearchMatch, Words>>> by_group;
    for (const GroupWords& group : groups_) by_group.push_back(cut(group.negatives));
    for (auto& [text, term] : by_text) {
      const auto blocked_by = [&](const std::vector<std::pair<SearchMatch, Words>>& negatives) {
        return std::any_of(negatives.begin(), negatives.end(), [&](const auto& negative) {
          return searches::Blocks(negative.first, negative.second, term.words);
        });
      };
      term.blocked =
          blocked_by(everywhere) ||
          (!by_group.empty() && std::all_of(by_group.begin(), by_group.end(), blocked_by));
      terms_.push_back(std::move(term));
    }
    return {};
  }

  /// False where nothing can be said of it: no money, or nothing to compare it with.
  bool Sum(Candidate& c) const {
    for (const std::size_t i : c.terms) {
      c.spend += terms_[i].spend;
      c.clicks += terms_[i].clicks;
      c.conversions += terms_[i].conversions;
    }
    const double rest_spend = spend_ - c.spend;
    const double rest = std::max(0.0, conversions_ - c.conversions);
    if (!(c.spend > 0) || !(rest_spend > 1e-9 * spend_) || !(rest > 0)) return false;
    c.reference = rest / rest_spend;
    c.expected = c.reference * c.spend;
    // Given the sum, conversions are binomial with the share of the money; fractions by the
    // continuous form of its tails.
    const double share = c.spend / spend_;
    c.p_low = boost::math::ibetac(c.conversions + 1, rest, share);
    c.p_high = c.conversions > 0 ? boost::math::ibeta(c.conversions, rest + 1, share) : 1;
    return true;
  }

  void Adjust(std::vector<Candidate>& candidates, double Candidate::*p) {
    std::vector<double> values;
    for (const Candidate& c : candidates) values.push_back(c.*p);
    const auto adjusted = AdjustPValues(values, Adjustment::kBenjaminiHochberg);
    for (std::size_t i = 0; adjusted && i < candidates.size(); ++i) {
      candidates[i].p_adjusted = (*adjusted)[i];
    }
  }

  SearchWord WordOf(const Candidate& c, double p, std::string why) const {
    const Posterior rate = Shrink(c, spread_);
    SearchWord word{.keyword = c.keyword};
    for (const std::size_t i : c.terms) word.terms.push_back(terms_[i].text);
    word.spend = c.spend;
    word.clicks = c.clicks;
    word.conversions = c.conversions;
    word.expected = c.expected;
    word.reference = c.reference;
    word.rate = rate.mean;
    word.rate_low = rate.low;
    word.rate_high = rate.high;
    word.p_value = p;
    word.p_adjusted = c.p_adjusted;
    word.why = std::move(why);
    return word;
  }

  bool Loses(const Candidate& c) const {
    const Posterior rate = Shrink(c, spread_);
    return c.p_adjusted <= options_.false_discoveries &&
           rate.mean * options_.cost_times < c.reference &&
           (!campaign_.cost_max || rate.high * *campaign_.cost_max < 1);
  }

  /// One of our keywords that the negative would keep from being shown; empty: none.
  std::string OwnKeyword(const SearchKeyword& negative) const {
    const Words wanted = SearchWords(negative.text);
    for (const auto& [keyword, words] : keywords_) {
      if (searches::MayBlock(negative.match, wanted, words)) return keyword;
    }
    return {};
  }
  /// A search that converts and would be lost; empty: none. `but`: is meant to be.
  std::string Converting(const SearchKeyword& negative, const std::string& but) const {
    const Words wanted = SearchWords(negative.text);
    for (const Term& term : terms_) {
      if (term.conversions > 0 && term.text != but &&
          searches::MayBlock(negative.match, wanted, term.words)) {
        return term.text;
      }
    }
    return {};
  }

  /// Words in a row that several searches share; of those that the same searches share, the
  /// longest, because it keeps away the least else.
  std::vector<Candidate> Phrases() const {
    std::map<std::string, std::set<std::size_t>> holders;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      const Words& words = terms_[i].words;
      for (std::size_t from = 0; from < words.size(); ++from) {
        std::string text;
        for (std::size_t n = 0; n < kPhraseWords && from + n < words.size(); ++n) {
          text += (n == 0 ? "" : " ") + words[from + n];
          holders[text].insert(i);
        }
      }
    }
    std::map<std::set<std::size_t>, std::string> longest;
    for (const auto& [text, terms] : holders) {
      if (terms.size() < options_.common_terms) continue;
      // "a", "to", "in": words of one or two letters say nothing by themselves.
      if (SearchWords(text).size() == 1 && text.size() <= 2) continue;
      std::string& kept = longest[terms];
      const auto longer = [](const std::string& a, const std::string& b) {
        return std::pair(SearchWords(a).size(), b) > std::pair(SearchWords(b).size(), a);
      };
      if (kept.empty() || longer(text, kept)) kept = text;
    }
    std::vector<Candidate> out;
    for (const auto& [terms, text] : longest) {
      Candidate c{.keyword = {SearchMatch::kPhrase, text}, .terms = {}};
      for (const std::size_t i : terms) {
        if (!terms_[i].blocked) c.terms.push_back(i);
      }
      if (c.terms.size() >= options_.common_terms && Sum(c)) out.push_back(std::move(c));
    }
    return out;
  }

  void Lose(const std::vector<Candidate>& singles) {
    std::vector<Candidate> candidates;
    for (const Candidate& c : singles) {
      if (!terms_[c.terms[0]].blocked && c.expected >= options_.lose_expected_min) {
        candidates.push_back(c);
      }
    }
    for (Candidate& c : Phrases()) {
      if (c.expected >= options_.lose_expected_min) candidates.push_back(std::move(c));
    }
    out_.judged = candidates.size();
    Adjust(candidates, &Candidate::p_low);
    // Phrases first, those that save most before the others; then single searches that are left.
    std::sort(candidates.begin(), candidates.end(), [](const Candidate& a, const Candidate& b) {
      return std::tuple(a.keyword.match != SearchMatch::kPhrase, -a.spend, a.keyword.text) <
             std::tuple(b.keyword.match != SearchMatch::kPhrase, -b.spend, b.keyword.text);
    });
    std::set<std::size_t> covered;
    for (const Candidate& c : candidates) {
      if (!Loses(c)) continue;
      losing_.insert(c.terms.begin(), c.terms.end());
      const bool phrase = c.keyword.match == SearchMatch::kPhrase;
      const std::string own = OwnKeyword(c.keyword);
      if (phrase) {
        const std::size_t fresh = static_cast<std::size_t>(std::count_if(
            c.terms.begin(), c.terms.end(), [&](std::size_t i) { return !covered.contains(i); }));
        if (c.conversions > 0 || fresh < options_.common_terms || !own.empty() ||
            !KeywordProblem(c.keyword.text).empty() || !Converting(c.keyword, "").empty()) {
          continue;
        }
        covered.insert(c.terms.begin(), c.terms.end());
        out_.negatives.push_back(WordOf(
            c, c.p_low,
            fmt::format("phrase, because all {} searches with these words lose and none converted",
                        c.terms.size())));
        continue;
      }
      if (covered.contains(c.terms[0])) continue;
      const auto leave = [&](std::string why) {
        out_.notes.push_back(
            fmt::format("search \"{}\" loses ({:.2f} spent, {:.6g} conversions, "
                        "{:.1f} were to be expected) and is left: {}",
                        c.keyword.text, c.spend, c.conversions, c.expected, why));
      };
      if (!own.empty()) {
        leave(own == c.keyword.text
                  ? "it is one of our keywords; its bid or its end is to be decided on"
                  : fmt::format("the negative could keep our keyword \"{}\" away", own));
      } else if (const std::string problem = KeywordProblem(c.keyword.text); !problem.empty()) {
        leave(problem);
      } else if (const std::string lost = Converting(c.keyword, c.keyword.text); !lost.empty()) {
        leave(fmt::format("the negative could keep \"{}\" away, which converts", lost));
      } else {
        covered.insert(c.terms[0]);
        out_.negatives.push_back(
            WordOf(c, c.p_low, "exact, because only this search is known to lose"));
      }
    }
    Cap(out_.negatives, options_.negatives_max, "negative keywords",
        [](const SearchWord& w) { return w.spend; });
  }

  /// Beside what is left when the losers are gone: next to them everything looks good.
  void Gain() {
    for (const std::size_t i : losing_) {
      spend_ -= terms_[i].spend;
      conversions_ -= terms_[i].conversions;
    }
    std::vector<Candidate> candidates;
    for (std::size_t i = 0; i < terms_.size(); ++i) {
      Candidate c{.keyword = {SearchMatch::kExact, terms_[i].text}, .terms = {i}};
      if (!losing_.contains(i) && !terms_[i].blocked && !exact_.contains(terms_[i].text) &&
          Sum(c) && c.expected >= options_.gain_expected_min) {
        candidates.push_back(std::move(c));
      }
    }
    Adjust(candidates, &Candidate::p_high);
    for (const Candidate& c : candidates) {
      const Posterior rate = Shrink(c, spread_);
      if (c.p_adjusted > options_.false_discoveries || !(rate.mean > c.reference) ||
          (campaign_.cost_max && rate.low * *campaign_.cost_max < 1)) {
        continue;
      }
      const auto leave = [&](std::string why) {
        out_.notes.push_back(
            fmt::format("search \"{}\" gains ({:.2f} spent, {:.6g} conversions, "
                        "{:.1f} were to be expected) and is left: {}",
                        c.keyword.text, c.spend, c.conversions, c.expected, why));
      };
      if (exact_elsewhere_.contains(c.keyword.text)) {
        leave("another campaign of the account has it as an exact keyword");
        continue;
      }
      if (const std::string problem = KeywordProblem(c.keyword.text); !problem.empty()) {
        leave(problem);
        continue;
      }
      std::string why;
      const GroupWords* group = GroupOf(terms_[c.terms[0]], why);
      if (group == nullptr) {
        leave(std::move(why));
        continue;
      }
      out_.keywords.push_back(WordOf(c, c.p_high, std::move(why)));
      out_.keywords.back().group = group->id;
    }
    Cap(out_.keywords, options_.keywords_max, "keywords",
        [](const SearchWord& w) { return w.conversions - w.expected; });
  }

  struct GroupWords {
    std::string id;
    std::vector<SearchKeyword> keywords, negatives;
  };

  /// The ad group in whose keywords the search has most of its words; nullptr where several have as
  /// many, with why. Platforms tell searches by campaign in the facts.
  const GroupWords* GroupOf(const Term& term, std::string& why) const {
    const std::set<std::string> typed(term.words.begin(), term.words.end());
    const GroupWords* best = nullptr;
    std::pair<bool, std::size_t> most{false, 0};
    std::string keyword;
    bool tied = false;
    std::size_t open = 0;
    for (const GroupWords& group : groups_) {
      const bool blocked =
          std::any_of(group.negatives.begin(), group.negatives.end(),
                      [&](const SearchKeyword& k) { return NegativeBlocks(k, term.text); });
      if (group.keywords.empty() || blocked) continue;
      ++open;
      std::pair<bool, std::size_t> shares{false, 0};
      std::string by;
      for (const SearchKeyword& k : group.keywords) {
        const Words words = SearchWords(k.text);
        const auto shared = static_cast<std::size_t>(
            std::count_if(words.begin(), words.end(),
                          [&](const std::string& word) { return typed.contains(word); }));
        const std::pair found{shared == words.size(), shared};
        if (found > shares) {
          shares = found;
          by = PrintSearchKeyword(k);
        }
      }
      if (best == nullptr || shares > most) {
        best = &group;
        most = shares;
        keyword = by;
        tied = false;
      } else if (shares == most) {
        tied = true;
      }
    }
    if (open == 0) {
      why = "no ad group that is on buys keywords";
    } else if (open == 1) {
      why = "exact, in the one ad group that buys keywords";
      return best;
    } else if (tied) {
      why = "several ad groups could have shown it, and which one did is not told";
    } else {
      why = fmt::format("exact, in the ad group of {}, whose words it shares most", keyword);
      return best;
    }
    return nullptr;
  }

  template <class Size>
  void Cap(std::vector<SearchWord>& words, std::size_t most, const char* what, Size size) {
    std::stable_sort(words.begin(), words.end(), [&](const SearchWord& a, const SearchWord& b) {
      return std::tuple(-size(a), PrintSearchKeyword(a.keyword)) <
             std::tuple(-size(b), PrintSearchKeyword(b.keyword));
    });
    if (words.size() <= most) return;
    out_.notes.push_back(fmt::format("{} more {} would be worth adding; {} are added at a time",
                                     words.size() - most, what, most));
    words.resize(most);
  }

  static constexpr std::size_t kPhraseWords = 3;

  const SearchCampaign& campaign_;
  const SearchOptions& options_;
  std::vector<Term> terms_;
  std::set<std::size_t> losing_;
  std::vector<SearchKeyword> negatives_;
  std::vector<GroupWords> groups_;
  std::map<std::string, Words> keywords_;  ///< ours, by their text
  std::set<std::string> exact_, exact_elsewhere_;
  double spend_ = 0, conversions_ = 0, spread_ = 0;
  SearchAdvice out_;
};

}  // namespace

Result<SearchAdvice> JudgeSearches(const SearchCampaign& campaign, const SearchOptions& options) {
  return Judge(campaign, options).Run();
}

}  // namespace maxopt
