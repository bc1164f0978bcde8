#pragma once
#include <map>
#include <string>
#include <vector>

#include "domain/tactic.h"
#include "memory/tactics/tactics.h"
#include "result/result.h"

/// The labelled situations of tests/tactics/situations.yaml, and how well a search finds what they
/// ask for. Shared by the test here and by bench/tactics_bench.
namespace maxopt {

struct Situation {
  TacticText question;
  std::map<std::string, int> want;  ///< tactic -> 2 the answer, 1 worth a look
};
/// kInvalidArgument: an unknown tactic, facet or grade.
Result<std::vector<Situation>> ReadSituations(const std::string& file);

/// Ids of tactics, best first.
using Ranking = std::vector<std::string>;

struct RetrievalScore {
  double recall5 = 0;  ///< share of what is wanted among the first five, mean over situations
  double ndcg5 = 0;    ///< gain 2^grade - 1, discounted by log2(rank + 1), over the best possible
  double first = 0;    ///< share whose first place is an answer (grade 2)
};
RetrievalScore Score(const std::vector<Situation>& situations,
                     const std::vector<Ranking>& rankings);

/// Plain keyword search: BM25 (k1 = 1.2, b = 0.75; Robertson, Zaragoza 2009, The Probabilistic
/// Relevance Framework) over the same texts, with the words of contexts as words. With `stems` both
/// sides are stemmed.
std::vector<Ranking> SearchByKeywords(const std::vector<Tactic>& tactics,
                                      const std::vector<Situation>& situations, bool stems);
/// By the index, over the same tactics.
Result<std::vector<Ranking>> SearchByIndex(const TacticIndex& index,
                                           const std::vector<Situation>& situations);

}  // namespace maxopt
