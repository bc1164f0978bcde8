#pragma once
#include <chrono>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "domain/tactic.h"
#include "http/http.h"
#include "result/result.h"

/// The tactics memory as something to search: the library that travels in the program, texts as
/// vectors, and an index over them. The index is derived: it is built of the tactics that are given
/// and forgotten. Rows and measurements are kept by memory/campaigns.
namespace maxopt {

// --- Library ------------------------------------------------------------------------------------

/// The tactics of a file "maxopt: tactics/1" (schemas/tactics.schema.json), each a prior of source
/// "library". kInvalidArgument names file, line and what is wrong.
Result<std::vector<Tactic>> ParseTactics(std::string_view yaml, const std::string& file);
/// All that travel in the program, by id.
const std::vector<Tactic>& TacticLibrary();

// --- Texts as vectors ---------------------------------------------------------------------------

/// What is embedded: a context, and texts with weights (0, ...).
struct TacticText {
  TacticContext context{};
  std::vector<std::pair<std::string, double>> texts{};
};
TacticText TextOf(const Tactic& tactic);

enum class EmbedRole { kTactic, kQuestion };

/// Texts as vectors, whose inner product of a tactic's with a question's is their likeness, at most
/// 1. Thread-safe.
class Embedder {
 public:
  virtual ~Embedder() = default;
  virtual std::string name() const = 0;  ///< "local", or the endpoint's model
  /// As many as texts, all of one length. Errors: of an endpoint only.
  virtual Result<std::vector<std::vector<float>>> Embed(std::span<const TacticText> texts,
                                                        EmbedRole role) const = 0;
};

/// Shares of the four blocks in a likeness; they need not sum to 1. Set by judgement, not fitted.
struct HashWeights {
  double context = 0.25;   ///< stated words of a context, each facet by its weight
  double concepts = 0.35;  ///< concepts of the glossary that a text speaks of, and stated words
  double words = 0.25;     ///< word stems
  double letters = 0.15;   ///< runs of four letters, for compounds and misspellings
};
/// Local and deterministic: the same text gives the same bytes on every machine.
///   v = (sqrt(a_1) u_1, ..., sqrt(a_4) u_4),  u_b = sum_f w_f s(f) e_{h(f) mod D_b} / |...|
/// with a hash h and a sign s of each feature f (Weinberger et al. 2009, Feature Hashing for Large
/// Scale Multitask Learning), w_f = (1 + ln tf) idf of the library (an unknown feature has the
/// highest idf), and of contexts the facet's weight. A question lacks blocks mostly: its vector is
/// divided by the sum of a_b of the blocks that it has, so that a tactic with the same in these has
/// a likeness of 1.
std::shared_ptr<const Embedder> MakeHashEmbedder(const HashWeights& weights = {});
/// The context that a text speaks of, by the glossary: "Facebook" is platform meta.
TacticContext ContextOfText(std::string_view text);

/// POST {url}/embeddings as OpenAI's API has it; also llama.cpp, vLLM, Ollama.
struct EmbeddingsEndpoint {
  std::string url;     ///< "http://127.0.0.1:8080/v1"
  std::string model;   ///< "nomic-embed-text"
  std::string key;     ///< bearer token; empty: none
  int dimensions = 0;  ///< that an answer must have; 0: those of the first answer
  std::chrono::milliseconds timeout{20'000};
  int batch = 64;  ///< texts a call
};
/// Vectors are normalised. Errors: kUnavailable where it does not answer in time or answers a
/// status other than 200, kBadAnswer for what is no list of as many vectors of the right length.
std::shared_ptr<const Embedder> MakeHttpEmbedder(EmbeddingsEndpoint endpoint,
                                                 std::shared_ptr<http::Transport> transport);

// --- Index --------------------------------------------------------------------------------------

/// What a search is narrowed to. A tactic without platforms or objectives fits all.
struct TacticFilter {
  std::string platform{}, objective{}, lever{};  ///< empty: any
  std::vector<TacticGrade> grades{};             ///< empty: any
  std::optional<Instant> now{};                  ///< leaves out what is retired or expired by then
};
struct TacticHit {
  std::size_t at = 0;  ///< in tactics()
  double similarity = 0;
};

/// FAISS, exact inner product over all vectors: a memory of thousands is searched in well under a
/// millisecond, and nothing is approximated. Thread-safe once built.
class TacticIndex {
 public:
  static Result<std::unique_ptr<TacticIndex>> Build(std::vector<Tactic> tactics,
                                                    std::shared_ptr<const Embedder> embedder);
  ~TacticIndex();
  /// Most alike first, equals by id; only those with a likeness above 0. kInvalidArgument for k
  /// below 1 or a question of nothing.
  Result<std::vector<TacticHit>> Search(const TacticText& question, const TacticFilter& filter,
                                        int k) const;
  const std::vector<Tactic>& tactics() const;

 private:
  struct Inside;
  explicit TacticIndex(std::unique_ptr<Inside> inside);
  std::unique_ptr<Inside> inside_;
};

}  // namespace maxopt
