#include "measure/attribution/markov.h"

#include <Eigen/Dense>
#include <Eigen/Sparse>
#include <Eigen/SparseLU>
#include <algorithm>
#include <cmath>
#include <utility>

namespace maxopt::attribution {
namespace {

/// Below it one dense factorisation is the quickest way to all removal effects at once.
constexpr int kDenseStatesMax = 3000;
/// Cells of the matrix of steps, 3 MB and so in the cache; beyond it a hash table takes its place.
constexpr std::size_t kMatrixMax = std::size_t{1} << 18;
/// Sweeps of the iteration before the direct solver takes over.
constexpr int kSweepsMax = 2000;
/// How far the iteration may stop from the solution, relative to the largest probability.
constexpr double kTolerance = 1e-14;

std::size_t Mix(std::uint64_t key) {
  key *= 0x9E3779B97F4A7C15ULL;
  return static_cast<std::size_t>(key ^ (key >> 32));
}

}  // namespace

/// The chain with rows as arrays: state i leads to to[begin[i]..begin[i+1]).
struct MarkovGraph::Chain {
  int states = 0;
  std::vector<std::size_t> begin;
  std::vector<int> to;
  std::vector<double> share;              ///< probability of the step
  std::vector<double> conversion, value;  ///< on leaving the state
  std::vector<int> last;                  ///< channel of the state's newest touch; -1: start
};

MarkovGraph::MarkovGraph(int order) : order_(static_cast<std::size_t>(order)) {
  states_.emplace_back();
  to_.resize(std::size_t{1} << shift_, 0);
  weight_.resize(std::size_t{1} << shift_, 0);
}

std::uint32_t MarkovGraph::Intern(std::vector<int> touches) {
  if (known_.empty()) known_.resize(4096);
  std::uint64_t hash = touches.size();
  for (const int touch : touches) hash = Mix(hash + static_cast<std::uint64_t>(touch) + 1);
  if (states_.size() > 2 * known_.size()) {
    std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> larger(known_.size() * 8);
    for (const auto& bucket : known_) {
      for (const auto& entry : bucket) larger[entry.first & (larger.size() - 1)].push_back(entry);
    }
    known_ = std::move(larger);
  }
  auto& bucket = known_[hash & (known_.size() - 1)];
  for (const auto& [at, state] : bucket) {
    if (at == hash && states_[state].touches == touches) return state;
  }
  const auto state = static_cast<std::uint32_t>(states_.size());
  bucket.emplace_back(hash, state);
  states_.push_back({std::move(touches), 0, 0});
  return state;
}

void MarkovGraph::Grow() {
  std::vector<Step> larger(table_.size() * 2, Step{kEmpty, 0, 0});
  for (const Step& step : table_) {
    if (step.key == kEmpty) continue;
    std::size_t at = Mix(step.key) & (larger.size() - 1);
    while (larger[at].key != kEmpty) at = (at + 1) & (larger.size() - 1);
    larger[at] = step;
  }
  table_ = std::move(larger);
}

std::uint32_t MarkovGraph::Next(std::uint32_t state, int channel) {
  std::vector<int> touches = states_[state].touches;
  if (touches.size() == order_) touches.erase(touches.begin());
  touches.push_back(channel);
  return Intern(std::move(touches));
}

MarkovGraph::Step& MarkovGraph::Find(std::uint32_t state, int channel) {
  const std::uint64_t key =
      (static_cast<std::uint64_t>(state) << 32) | static_cast<std::uint32_t>(channel);
  std::size_t at = Mix(key) & (table_.size() - 1);
  while (table_[at].key != key) {
    if (table_[at].key != kEmpty) {
      at = (at + 1) & (table_.size() - 1);
      continue;
    }
    if (2 * (used_ + 1) > table_.size()) {
      Grow();
      return Find(state, channel);
    }
    table_[at] = {key, 0, 0};
    ++used_;
  }
  return table_[at];
}

std::uint32_t MarkovGraph::Take(std::uint32_t state, int channel, double weight) {
  if (dense_ && channel >> shift_ == 0) {
    const std::size_t at =
        (static_cast<std::size_t>(state) << shift_) + static_cast<unsigned>(channel);
    if (to_[at] != 0) {
      weight_[at] += weight;
      return to_[at];
    }
  }
  return TakeNew(state, channel, weight);
}

std::uint32_t MarkovGraph::TakeNew(std::uint32_t state, int channel, double weight) {
  if (dense_) {
    int shift = shift_;
    while (channel >> shift != 0) ++shift;
    if ((states_.size() + 1) << shift <= kMatrixMax) {
      if (shift != shift_) Widen(shift);
      const std::uint32_t next = Next(state, channel);
      to_.resize(states_.size() << shift_, 0);
      weight_.resize(states_.size() << shift_, 0);
      const std::size_t at =
          (static_cast<std::size_t>(state) << shift_) + static_cast<unsigned>(channel);
      to_[at] = next;
      weight_[at] += weight;
      return next;
    }
    const std::vector<Step> steps = Steps();
    dense_ = false;
    to_ = {};
    weight_ = {};
    table_.assign(1024, Step{kEmpty, 0, 0});
    for (const Step& step : steps) {
      Find(static_cast<std::uint32_t>(step.key >> 32), static_cast<int>(step.key & 0xFFFFFFFF)) =
          step;
    }
  }
  Step& step = Find(state, channel);
  if (step.to == 0) step.to = Next(state, channel);
  step.weight += weight;
  return step.to;
}

/// Rows of the matrix for 2^shift channels.
void MarkovGraph::Widen(int shift) {
  std::vector<std::uint32_t> to(states_.size() << shift, 0);
  std::vector<double> weight(states_.size() << shift, 0);
  for (std::size_t at = 0; at < to_.size(); ++at) {
    const std::size_t moved = ((at >> shift_) << shift) + (at & ((std::size_t{1} << shift_) - 1));
    to[moved] = to_[at];
    weight[moved] = weight_[at];
  }
  to_ = std::move(to);
  weight_ = std::move(weight);
  shift_ = shift;
}

std::vector<MarkovGraph::Step> MarkovGraph::Steps() const {
  std::vector<Step> steps;
  for (std::size_t at = 0; at < to_.size(); ++at) {
    if (to_[at] == 0) continue;
    const std::size_t channel = at & ((std::size_t{1} << shift_) - 1);
    steps.push_back(
        {static_cast<std::uint64_t>(at >> shift_) << 32 | channel, to_[at], weight_[at]});
  }
  for (const Step& step : table_) {
    if (step.key != kEmpty) steps.push_back(step);
  }
  std::ranges::sort(steps, {}, &Step::key);
  return steps;
}

void MarkovGraph::Add(std::span<const int> touches, double conversions, double value,
                      double weight) {
  std::uint32_t state = 0;
  for (const int channel : touches) state = Take(state, channel, weight);
  states_[state].conversions += conversions;
  states_[state].value += value;
  // What ends without a conversion is the rest of the state's weight, known from what comes in.
}

MarkovGraph::Chain MarkovGraph::Build() const {
  Chain chain;
  chain.states = static_cast<int>(states_.size());
  const std::vector<Step> steps = Steps();
  // All that comes into a state leaves it: on to other states, to conversion or to null. The start
  // has what goes out of it.
  std::vector<double> through(states_.size(), 0);
  for (const Step& step : steps) {
    through[step.to] += step.weight;
    if (step.key >> 32 == 0) through[0] += step.weight;
  }
  chain.begin.assign(states_.size() + 1, 0);
  for (const Step& step : steps) {
    const auto from = static_cast<std::size_t>(step.key >> 32);
    ++chain.begin[from + 1];
    chain.to.push_back(static_cast<int>(step.to));
    chain.share.push_back(through[from] > 0 ? step.weight / through[from] : 0);
  }
  for (std::size_t i = 0; i < states_.size(); ++i) {
    chain.begin[i + 1] += chain.begin[i];
    chain.conversion.push_back(through[i] > 0 ? states_[i].conversions / through[i] : 0);
    chain.value.push_back(through[i] > 0 ? states_[i].value / through[i] : 0);
    chain.last.push_back(states_[i].touches.empty() ? -1 : states_[i].touches.back());
  }
  return chain;
}

/// Order 1: a channel is one state. With N the expected visits (I - Q)^-1, the start comes to a
/// channel with probability N(start, c) / N(c, c), and from there converts with the channel's own
/// probability: the conversions that are lost are their product. One inverse serves all channels,
/// and nothing is subtracted, so no digits are lost.
MarkovGraph::Effects MarkovGraph::OneStepBack(const Chain& chain, int channels) {
  Effects effects{std::vector<double>(static_cast<std::size_t>(channels), 0),
                  std::vector<double>(static_cast<std::size_t>(channels), 0)};
  Eigen::MatrixXd system = Eigen::MatrixXd::Identity(chain.states, chain.states);
  for (int i = 0; i < chain.states; ++i) {
    const auto row = static_cast<std::size_t>(i);
    for (std::size_t k = chain.begin[row]; k < chain.begin[row + 1]; ++k) {
      system(i, chain.to[k]) -= chain.share[k];
    }
  }
  const Eigen::MatrixXd visits = system.partialPivLu().inverse();
  const Eigen::VectorXd conversion =
      visits * Eigen::Map<const Eigen::VectorXd>(chain.conversion.data(), chain.states);
  const Eigen::VectorXd value =
      visits * Eigen::Map<const Eigen::VectorXd>(chain.value.data(), chain.states);
  for (int i = 1; i < chain.states; ++i) {
    const auto channel = static_cast<std::size_t>(chain.last[static_cast<std::size_t>(i)]);
    const double reached = visits(0, i) / visits(i, i);
    if (conversion(0) > 0) {
      effects.conversions[channel] = std::clamp(reached * conversion(i) / conversion(0), 0., 1.);
    }
    if (value(0) > 0) effects.value[channel] = std::clamp(reached * value(i) / value(0), 0., 1.);
  }
  return effects;
}

/// Any order: for each channel the equations y = Q y + b without the states that end in it, by
/// Gauss-Seidel. Q has no negative entries and every state leads out, so the sweeps rise to the
/// solution; they stop when the geometric rest is below kTolerance. Long chains of few states rise
/// slowly: there a sparse factorisation takes over.
Result<MarkovGraph::Effects> MarkovGraph::OneByOne(const Chain& chain, int channels) {
  const auto states = static_cast<std::size_t>(chain.states);
  std::vector<double> y(states), v(states), stay(states, 1);
  for (std::size_t i = 0; i < states; ++i) {
    for (std::size_t k = chain.begin[i]; k < chain.begin[i + 1]; ++k) {
      if (static_cast<std::size_t>(chain.to[k]) == i) stay[i] -= chain.share[k];
    }
  }
  const auto solve = [&](int removed) -> Result<> {
    std::ranges::fill(y, 0);
    std::ranges::fill(v, 0);
    double before = 0;
    for (int sweep = 0; sweep < kSweepsMax; ++sweep) {
      double change = 0;
      double size_y = 0;
      double size_v = 0;
      double change_y = 0;
      double change_v = 0;
      for (std::size_t i = states; i-- > 0;) {
        if (chain.last[i] == removed) continue;
        double sum_y = chain.conversion[i];
        double sum_v = chain.value[i];
        for (std::size_t k = chain.begin[i]; k < chain.begin[i + 1]; ++k) {
          const auto to = static_cast<std::size_t>(chain.to[k]);
          if (to == i) continue;
          sum_y += chain.share[k] * y[to];
          sum_v += chain.share[k] * v[to];
        }
        sum_y /= stay[i];
        sum_v /= stay[i];
        change_y = std::max(change_y, std::abs(sum_y - y[i]));
        change_v = std::max(change_v, std::abs(sum_v - v[i]));
        size_y = std::max(size_y, sum_y);
        size_v = std::max(size_v, sum_v);
        y[i] = sum_y;
        v[i] = sum_v;
      }
      change = std::max(size_y > 0 ? change_y / size_y : 0, size_v > 0 ? change_v / size_v : 0);
      const double rate = before > 0 ? std::min(change / before, 0.999999) : 0.5;
      if (sweep > 0 && change * rate / (1 - rate) < kTolerance) return {};
      if (change == 0) return {};
      before = change;
    }
    Eigen::SparseMatrix<double> system(chain.states, chain.states);
    std::vector<Eigen::Triplet<double>> entries;
    Eigen::MatrixXd right = Eigen::MatrixXd::Zero(chain.states, 2);
    for (std::size_t i = 0; i < states; ++i) {
      const int row = static_cast<int>(i);
      entries.emplace_back(row, row, 1.0);
      if (chain.last[i] == removed) continue;
      right(row, 0) = chain.conversion[i];
      right(row, 1) = chain.value[i];
      for (std::size_t k = chain.begin[i]; k < chain.begin[i + 1]; ++k) {
        entries.emplace_back(row, chain.to[k], -chain.share[k]);
      }
    }
    system.setFromTriplets(entries.begin(), entries.end());
    Eigen::SparseLU<Eigen::SparseMatrix<double>> solver(system);
    if (solver.info() != Eigen::Success) {
      return Fail(Errc::kInvalidArgument,
                  "the equations of the Markov chain cannot be solved; ask for a lower order");
    }
    const Eigen::MatrixXd solution = solver.solve(right);
    for (std::size_t i = 0; i < states; ++i) {
      y[i] = solution(static_cast<int>(i), 0);
      v[i] = solution(static_cast<int>(i), 1);
    }
    return {};
  };

  Effects effects;
  MAXOPT_CHECK(solve(-2));  // no channel has this number: the whole
  const double all_y = y[0];
  const double all_v = v[0];
  for (int channel = 0; channel < channels; ++channel) {
    MAXOPT_CHECK(solve(channel));
    effects.conversions.push_back(all_y > 0 ? std::clamp(1 - y[0] / all_y, 0., 1.) : 0);
    effects.value.push_back(all_v > 0 ? std::clamp(1 - v[0] / all_v, 0., 1.) : 0);
  }
  return effects;
}

Result<MarkovGraph::Effects> MarkovGraph::RemovalEffects(int channels) const {
  const Chain chain = Build();
  if (order_ == 1 && chain.states <= kDenseStatesMax) return OneStepBack(chain, channels);
  return OneByOne(chain, channels);
}

}  // namespace maxopt::attribution
