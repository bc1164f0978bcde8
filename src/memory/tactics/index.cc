#include <faiss/IndexFlat.h>
#include <faiss/impl/IDSelector.h>
#include <fmt/format.h>

#include <algorithm>

#include "memory/tactics/tactics.h"

namespace maxopt {
namespace {

bool Fits(const TacticContext& context, std::string_view facet, const std::string& word) {
  if (word.empty()) return true;
  const auto at = context.facets.find(facet);
  return at == context.facets.end() || at->second.empty() || context.Has(facet, word);
}

bool Passes(const Tactic& tactic, const TacticFilter& filter) {
  if (!Fits(tactic.context, "platform", filter.platform) ||
      !Fits(tactic.context, "objective", filter.objective) ||
      !Fits(tactic.context, "lever", filter.lever)) {
    return false;
  }
  if (!filter.grades.empty() &&
      std::find(filter.grades.begin(), filter.grades.end(), tactic.grade) == filter.grades.end()) {
    return false;
  }
  if (!filter.now) return true;
  return !(tactic.retired_at && *tactic.retired_at <= *filter.now) &&
         !(tactic.expires_at && *tactic.expires_at <= *filter.now);
}

}  // namespace

struct TacticIndex::Inside {
  std::vector<Tactic> tactics;
  std::shared_ptr<const Embedder> embedder;
  std::unique_ptr<faiss::IndexFlatIP> index;  // null: there are no tactics
};

TacticIndex::TacticIndex(std::unique_ptr<Inside> inside) : inside_(std::move(inside)) {}
TacticIndex::~TacticIndex() = default;
const std::vector<Tactic>& TacticIndex::tactics() const { return inside_->tactics; }

Result<std::unique_ptr<TacticIndex>> TacticIndex::Build(std::vector<Tactic> tactics,
                                                        std::shared_ptr<const Embedder> embedder) {
  auto inside = std::make_unique<Inside>();
  inside->tactics = std::move(tactics);
  inside->embedder = std::move(embedder);
  std::vector<TacticText> texts;
  for (const Tactic& tactic : inside->tactics) texts.push_back(TextOf(tactic));
  if (!texts.empty()) {
    MAXOPT_TRY(const auto vectors, inside->embedder->Embed(texts, EmbedRole::kTactic));
    if (vectors.size() != texts.size()) Bug();
    std::vector<float> flat;
    for (const auto& vector : vectors) {
      if (vector.size() != vectors.front().size()) Bug();
      flat.insert(flat.end(), vector.begin(), vector.end());
    }
    inside->index = std::make_unique<faiss::IndexFlatIP>(
        static_cast<faiss::Index::idx_t>(vectors.front().size()));
    inside->index->add(static_cast<faiss::Index::idx_t>(vectors.size()), flat.data());
  }
  return std::unique_ptr<TacticIndex>(new TacticIndex(std::move(inside)));
}

Result<std::vector<TacticHit>> TacticIndex::Search(const TacticText& question,
                                                   const TacticFilter& filter, int k) const {
  if (k < 1) return Fail(Errc::kInvalidArgument, "a search asks for at least one tactic");
  const bool empty = question.context.facets.empty() &&
                     std::all_of(question.texts.begin(), question.texts.end(),
                                 [](const auto& text) { return text.first.empty(); });
  if (empty) {
    return Fail(Errc::kInvalidArgument, "a search needs words or a context: what is seen, where");
  }
  std::vector<faiss::Index::idx_t> allowed;
  for (std::size_t i = 0; i < inside_->tactics.size(); ++i) {
    if (Passes(inside_->tactics[i], filter)) {
      allowed.push_back(static_cast<faiss::Index::idx_t>(i));
    }
  }
  std::vector<TacticHit> out;
  if (allowed.empty()) return out;
  MAXOPT_TRY(const auto vectors,
             inside_->embedder->Embed(std::span(&question, 1), EmbedRole::kQuestion));
  if (vectors.size() != 1 || static_cast<int>(vectors[0].size()) != inside_->index->d) {
    return Fail(Errc::kBadAnswer, fmt::format("the embedder {} gives a question another length "
                                              "than the tactics; build the index again",
                                              inside_->embedder->name()));
  }
  // All that pass are asked for, so that equals at the end are chosen by id and not by place.
  const auto n = static_cast<faiss::Index::idx_t>(allowed.size());
  std::vector<float> near(allowed.size());
  std::vector<faiss::Index::idx_t> at(allowed.size());
  faiss::IDSelectorBatch selector(allowed.size(), allowed.data());
  faiss::SearchParameters parameters;
  parameters.sel = &selector;
  inside_->index->search(1, vectors[0].data(), n, near.data(), at.data(), &parameters);
  for (std::size_t i = 0; i < at.size(); ++i) {
    if (at[i] < 0 || !(near[i] > 0)) continue;
    out.push_back({static_cast<std::size_t>(at[i]), std::min(1.0, static_cast<double>(near[i]))});
  }
  std::sort(out.begin(), out.end(), [&](const TacticHit& a, const TacticHit& b) {
    if (a.similarity != b.similarity) return a.similarity > b.similarity;
    return inside_->tactics[a.at].id < inside_->tactics[b.at].id;
  });
  if (out.size() > static_cast<std::size_t>(k)) out.resize(static_cast<std::size_t>(k));
  return out;
}

}  // namespace maxopt
