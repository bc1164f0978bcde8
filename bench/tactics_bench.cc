// How well tactics are found: recall@5 and nDCG@5 on the labelled situations, the local embedder
// against plain keyword search over the same texts; and how long a search takes.
//   tactics_bench [SITUATIONS.yaml]
#include <fmt/core.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <string>

#include "tactics/situations.h"

int main(int argc, char** argv) {
  using namespace maxopt;
  const std::string file = argc > 1 ? argv[1] : "tests/tactics/situations.yaml";
  const auto situations = ReadSituations(file);
  if (!situations) {
    fmt::print(stderr, "{}\n", situations.error().what);
    return EXIT_FAILURE;
  }
  struct Way {
    const char* name;
    std::optional<HashWeights> weights;
    bool stems;
  };
  const Way ways[] = {
      {"keywords (BM25)", std::nullopt, false},
      {"keywords, stemmed (BM25)", std::nullopt, true},
      {"local embedder", HashWeights{}, false},
      {"  without concepts", HashWeights{.concepts = 0}, false},
      {"  without words", HashWeights{.words = 0}, false},
      {"  without letters", HashWeights{.letters = 0}, false},
  };
  fmt::print("{} tactics, {} situations\n\n{:<26} {:>9} {:>9} {:>9}\n", TacticLibrary().size(),
             situations->size(), "", "recall@5", "nDCG@5", "first");
  for (const Way& way : ways) {
    std::vector<Ranking> found;
    if (way.weights) {
      const auto index = TacticIndex::Build(TacticLibrary(), MakeHashEmbedder(*way.weights));
      found = *SearchByIndex(**index, *situations);
    } else {
      found = SearchByKeywords(TacticLibrary(), *situations, way.stems);
    }
    const RetrievalScore score = Score(*situations, found);
    fmt::print("{:<26} {:>9.3f} {:>9.3f} {:>9.3f}\n", way.name, score.recall5, score.ndcg5,
               score.first);
  }
  using Clock = std::chrono::steady_clock;
  const auto begin = Clock::now();
  const auto index = TacticIndex::Build(TacticLibrary(), MakeHashEmbedder());
  const auto built = Clock::now();
  if (!SearchByIndex(**index, *situations)) return EXIT_FAILURE;
  const auto searched = Clock::now();
  const auto ms = [](auto time) { return std::chrono::duration<double, std::milli>(time).count(); };
  fmt::print("\nindex of {} built in {:.1f} ms; a search takes {:.2f} ms\n",
             index->get()->tactics().size(), ms(built - begin),
             ms(searched - built) / static_cast<double>(situations->size()));
  return EXIT_SUCCESS;
}
