#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "memory/tactics/tactics.h"
#include "memory/tactics/words.h"

namespace maxopt {
namespace {

// Lengths of the blocks: a few times the number of features that the library has in each.
constexpr std::size_t kBlocks = 4;
constexpr std::size_t kLengths[kBlocks] = {256, 512, 4096, 4096};

/// FNV-1a, 64 bits, with a final mix, as neighbouring features differ in the last letters only.
std::uint64_t HashOf(std::string_view text) {
  std::uint64_t h = 14695981039346656037ull;
  for (const char c : text) h = (h ^ static_cast<unsigned char>(c)) * 1099511628211ull;
  h ^= h >> 33;
  h *= 0xff51afd7ed558ccdull;
  return h ^ (h >> 33);
}

using Counts = std::map<std::string, double>;
struct Features {
  Counts block[kBlocks];
};

Features FeaturesOf(const TacticText& text) {
  Features out;
  for (const ContextFacet& facet : ContextFacets()) {
    const auto at = text.context.facets.find(facet.name);
    if (at == text.context.facets.end()) continue;
    for (const std::string& word : at->second) {
      const std::string feature = fmt::format("{}:{}", facet.name, word);
      out.block[0][feature] += facet.weight;
      out.block[1][feature] += 1;
    }
  }
  std::set<std::string> spoken;
  for (const auto& [words_of, weight] : text.texts) {
    const std::vector<std::string> words = WordsOf(words_of);
    for (std::string& meaning : ConceptsOf(words)) {
      double& count = out.block[1][meaning];
      count = std::max(count, weight);
    }
    for (const std::string& word : words) {
      if (IsStopWord(word)) continue;
      out.block[2][StemOf(word)] += weight;
      if (word.size() < 4) continue;
      const std::string marked = "_" + word + "_";
      for (std::size_t i = 0; i + 4 <= marked.size(); ++i) {
        out.block[3][marked.substr(i, 4)] += weight;
      }
    }
  }
  return out;
}

class HashEmbedder final : public Embedder {
 public:
  explicit HashEmbedder(const HashWeights& weights)
      : weights_{weights.context, weights.concepts, weights.words, weights.letters} {
    const std::vector<Tactic>& library = TacticLibrary();
    Counts in[kBlocks];
    for (const Tactic& tactic : library) {
      const Features features = FeaturesOf(TextOf(tactic));
      for (std::size_t b = 0; b < kBlocks; ++b) {
        for (const auto& [feature, count] : features.block[b]) in[b][feature] += 1;
      }
    }
    const double n = static_cast<double>(library.size());
    for (std::size_t b = 0; b < kBlocks; ++b) {
      for (const auto& [feature, documents] : in[b]) {
        idf_[b][feature] = std::log(1 + n / documents);
      }
    }
    idf_unknown_ = std::log(1 + n);
  }

  std::string name() const override { return "local"; }

  Result<std::vector<std::vector<float>>> Embed(std::span<const TacticText> texts,
                                                EmbedRole role) const override {
    std::vector<std::vector<float>> out;
    out.reserve(texts.size());
    for (const TacticText& text : texts) out.push_back(One(text, role));
    return out;
  }

 private:
  std::vector<float> One(const TacticText& text, EmbedRole role) const {
    const Features features = FeaturesOf(text);
    std::vector<float> out;
    double present = 0;
    std::vector<std::vector<double>> blocks;
    for (std::size_t b = 0; b < kBlocks; ++b) {
      std::vector<double> block(kLengths[b], 0.0);
      double square = 0;
      for (const auto& [feature, count] : features.block[b]) {
        const auto idf = idf_[b].find(feature);
        const double rare = idf == idf_[b].end() ? idf_unknown_ : idf->second;
        // A facet's weight is the weight; a count counts by its logarithm.
        const double weight = (b == 0 ? count : count < 1 ? count : 1 + std::log(count)) * rare;
        const std::uint64_t h = HashOf(feature);
        block[h % kLengths[b]] += (h >> 63) != 0 ? -weight : weight;
      }
      for (const double x : block) square += x * x;
      if (square > 0) {
        present += weights_[b];
        for (double& x : block) x *= std::sqrt(weights_[b] / square);
      }
      blocks.push_back(std::move(block));
    }
    // Their inner product is the mean cosine of the blocks that the question has, by weight.
    const double total = weights_[0] + weights_[1] + weights_[2] + weights_[3];
    const double scale = role == EmbedRole::kTactic ? 1 / std::sqrt(total)
                         : present > 0              ? std::sqrt(total) / present
                                                    : 0;
    for (const auto& block : blocks) {
      for (const double x : block) out.push_back(static_cast<float>(x * scale));
    }
    return out;
  }

  double weights_[kBlocks];
  Counts idf_[kBlocks];
  double idf_unknown_ = 0;
};

class HttpEmbedder final : public Embedder {
 public:
  HttpEmbedder(EmbeddingsEndpoint endpoint, std::shared_ptr<http::Transport> transport)
      : endpoint_(std::move(endpoint)), transport_(std::move(transport)) {}

  std::string name() const override { return endpoint_.model; }

  Result<std::vector<std::vector<float>>> Embed(std::span<const TacticText> texts,
                                                EmbedRole) const override {
    std::vector<std::vector<float>> out;
    const std::size_t batch = static_cast<std::size_t>(std::max(1, endpoint_.batch));
    for (std::size_t at = 0; at < texts.size(); at += batch) {
      MAXOPT_TRY(std::vector<std::vector<float>> some,
                 Ask(texts.subspan(at, std::min(batch, texts.size() - at))));
      for (auto& vector : some) {
        if (!out.empty() && out.front().size() != vector.size()) {
          return Bad(
              fmt::format("vectors of {} and of {} numbers", out.front().size(), vector.size()));
        }
        out.push_back(std::move(vector));
      }
    }
    return out;
  }

 private:
  std::unexpected<Error> Bad(std::string_view what) const {
    return Fail(Errc::kBadAnswer, fmt::format("{}/embeddings (model {}) answered {}", endpoint_.url,
                                              endpoint_.model, what));
  }

  static std::string Plain(const TacticText& text) {
    std::string out;
    for (const auto& [facet, words] : text.context.facets) {
      for (const std::string& word : words) out += fmt::format("{}: {}. ", facet, word);
    }
    for (const auto& [words, weight] : text.texts) out += words + "\n";
    return out;
  }

  Result<std::vector<std::vector<float>>> Ask(std::span<const TacticText> texts) const {
    nlohmann::json input = nlohmann::json::array();
    for (const TacticText& text : texts) input.push_back(Plain(text));
    http::Request request;
    request.method = "POST";
    request.url = endpoint_.url + "/embeddings";
    request.idempotent = true;
    request.headers = {{"Content-Type", "application/json"}};
    if (!endpoint_.key.empty()) {
      request.headers.emplace_back("Authorization", "Bearer " + endpoint_.key);
    }
    request.body = nlohmann::json{{"model", endpoint_.model}, {"input", std::move(input)}}.dump(
        -1, ' ', false, nlohmann::json::error_handler_t::replace);
    const auto response = transport_->Send(request, http::After(endpoint_.timeout));
    if (!response) {
      return Fail(Errc::kUnavailable, fmt::format("{}/embeddings does not answer: {}",
                                                  endpoint_.url, response.error().what));
    }
    if (response->status != 200) {
      return Fail(Errc::kUnavailable,
                  fmt::format("{}/embeddings (model {}) answered status {}", endpoint_.url,
                              endpoint_.model, response->status));
    }
    const nlohmann::json answer = nlohmann::json::parse(response->body, nullptr, false);
    if (!answer.is_object() || !answer.contains("data") || !answer["data"].is_array()) {
      return Bad("what has no list \"data\"");
    }
    if (answer["data"].size() != texts.size()) {
      return Bad(fmt::format("{} vectors for {} texts", answer["data"].size(), texts.size()));
    }
    std::vector<std::vector<float>> out(texts.size());
    for (const nlohmann::json& item : answer["data"]) {
      const bool sound = item.is_object() && item.contains("index") &&
                         item["index"].is_number_unsigned() && item.contains("embedding") &&
                         item["embedding"].is_array();
      if (!sound) return Bad("an entry without \"index\" or \"embedding\"");
      const auto index = item["index"].get<std::size_t>();
      if (index >= out.size() || !out[index].empty()) return Bad("an index that does not fit");
      double square = 0;
      std::vector<double> numbers;
      for (const nlohmann::json& x : item["embedding"]) {
        if (!x.is_number()) return Bad("a vector with something else than numbers");
        numbers.push_back(x.get<double>());
        square += numbers.back() * numbers.back();
      }
      if (!std::isfinite(square) || square <= 0) return Bad("a vector without a direction");
      if (endpoint_.dimensions > 0 &&
          numbers.size() != static_cast<std::size_t>(endpoint_.dimensions)) {
        return Bad(
            fmt::format("{} numbers where {} are due", numbers.size(), endpoint_.dimensions));
      }
      for (const double x : numbers) {
        out[index].push_back(static_cast<float>(x / std::sqrt(square)));
      }
    }
    return out;
  }

  EmbeddingsEndpoint endpoint_;
  std::shared_ptr<http::Transport> transport_;
};

}  // namespace

TacticText TextOf(const Tactic& tactic) {
  TacticText out{tactic.context, {}};
  // What people would say of it weighs most; why it works speaks of much else.
  const std::pair<const std::string*, double> parts[] = {
      {&tactic.title, 2}, {&tactic.problem, 2}, {&tactic.action, 1}, {&tactic.why, 0.5}};
  for (const auto& [text, weight] : parts) {
    if (!text->empty()) out.texts.emplace_back(*text, weight);
  }
  for (const std::string& said : tactic.said) out.texts.emplace_back(said, 2);
  return out;
}

TacticContext ContextOfText(std::string_view text) {
  TacticContext out;
  for (const std::string& meaning : ConceptsOf(WordsOf(text))) {
    const std::size_t colon = meaning.find(':');
    const std::string facet = meaning.substr(0, colon);
    if (facet != "idea") out.Add(facet, meaning.substr(colon + 1));
  }
  return out;
}

std::shared_ptr<const Embedder> MakeHashEmbedder(const HashWeights& weights) {
  return std::make_shared<HashEmbedder>(weights);
}

std::shared_ptr<const Embedder> MakeHttpEmbedder(EmbeddingsEndpoint endpoint,
                                                 std::shared_ptr<http::Transport> transport) {
  return std::make_shared<HttpEmbedder>(std::move(endpoint), std::move(transport));
}

}  // namespace maxopt
