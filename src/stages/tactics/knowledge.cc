#include "stages/tactics/knowledge.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "memory/campaigns/tactics.h"

namespace maxopt {
namespace {

/// The agency's measured tactic as `client` may see it: the numbers of others, pooled; nullopt
/// where they are too few to hide in.
std::optional<Tactic> OfOthers(Tactic tactic, std::span<const TacticMeasurement> measurements,
                               const std::string& client, std::span<const std::string> also_known,
                               Day today) {
  std::vector<TacticMeasurement> others;
  std::set<std::string> names;
  for (const TacticMeasurement& m : measurements) {
    if (m.client == client || std::ranges::find(also_known, m.client) != also_known.end()) continue;
    others.push_back(m);
    names.insert(m.client);
  }
  if (names.size() < static_cast<std::size_t>(kClientsLeast)) return std::nullopt;
  const TacticVerdict verdict = JudgeTactic(others, today);
  // Of the windows that still count as well: an old one does not hide a new one.
  if (!verdict.effect || verdict.clients < kClientsLeast) return std::nullopt;
  tactic.grade = verdict.grade;
  tactic.effect = verdict.effect;
  tactic.basis = fmt::format("{} windows of {} other clients", verdict.windows, verdict.clients);
  tactic.windows = verdict.windows;
  tactic.experiments = verdict.experiments;
  tactic.context.gap.reset();
  return tactic;
}

}  // namespace

Result<std::vector<RetrievedTactic>> VisibleTactics(CampaignStore& store, const std::string& client,
                                                    Instant now,
                                                    std::span<const std::string> also_known) {
  const Day today = Zone::Utc().DayOf(now);
  std::map<std::string, RetrievedTactic> out;
  for (const Tactic& tactic : TacticLibrary()) out[tactic.id] = {tactic, {}, 0};
  MAXOPT_TRY(std::vector<Tactic> kept, StoredTactics(store, std::nullopt));
  for (Tactic& tactic : kept) {
    const bool own = client.empty() || tactic.client == client;
    if (!tactic.client.empty() && !own) continue;
    MAXOPT_TRY(std::vector<TacticMeasurement> measurements, MeasurementsOf(store, tactic.id));
    if (tactic.client.empty() && !client.empty() && tactic.source == "ledger") {
      auto others = OfOthers(std::move(tactic), measurements, client, also_known, today);
      if (others) out[others->id] = {*others, {}, 0};
      continue;
    }
    const std::string id = tactic.id;
    out[id] = {std::move(tactic), std::move(measurements), 0};
  }
  std::vector<RetrievedTactic> list;
  for (auto& [id, known] : out) list.push_back(std::move(known));
  return list;
}

Result<TacticKnowledge> TacticKnowledge::Open(const TacticsWorld& world,
                                              const std::string& client) {
  TacticKnowledge out;
  out.now_ = world.clock->Now();
  MAXOPT_TRY(out.known_, VisibleTactics(*world.store, client, out.now_));
  std::vector<Tactic> tactics;
  for (const RetrievedTactic& known : out.known_) tactics.push_back(known.tactic);
  if (world.embedder) {
    auto index = TacticIndex::Build(tactics, world.embedder);
    if (index) {
      out.index_ = std::move(*index);
      out.local_ = false;
      return out;
    }
    out.notes_.push_back(fmt::format("{}; the local embedder is used instead", index.error().what));
  }
  static const std::shared_ptr<const Embedder> local = MakeHashEmbedder();
  MAXOPT_TRY(out.index_, TacticIndex::Build(std::move(tactics), local));
  return out;
}

Result<std::vector<RetrievedTactic>> TacticKnowledge::Find(const TacticText& question,
                                                           TacticFilter filter, int k) const {
  if (!filter.now) filter.now = now_;
  MAXOPT_TRY(const std::vector<TacticHit> hits, index_->Search(question, filter, k));
  std::vector<RetrievedTactic> out;
  for (const TacticHit& hit : hits) {
    out.push_back(known_[hit.at]);
    out.back().similarity = hit.similarity;
  }
  return out;
}

bool TacticKnowledge::IsAlike(std::span<const RetrievedTactic> found) const {
  return !found.empty() && (!local_ || found.front().similarity >= kLikenessLeast);
}

}  // namespace maxopt
