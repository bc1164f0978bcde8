#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "result/result.h"

/// The chain of markov:K. Inside of this folder only.
namespace maxopt::attribution {

class MarkovGraph {
 public:
  explicit MarkovGraph(int order);
  /// weight above 0.
  void Add(std::span<const int> touches, double conversions, double value, double weight);

  struct Effects {
    std::vector<double> conversions, value;  ///< by channel
  };
  /// For channels 0..channels-1. All 0 where there is nothing to remove from.
  Result<Effects> RemovalEffects(int channels) const;

 private:
  /// A step (state, channel) and where it leads. Order-K states are suffixes of what was seen, so
  /// the pair decides the next state.
  struct Step {
    std::uint64_t key;
    std::uint32_t to;
    double weight;
  };
  static constexpr std::uint64_t kEmpty = ~std::uint64_t{0};
  struct State {
    std::vector<int> touches;  ///< the last K
    double conversions = 0, value = 0;
  };
  Step& Find(std::uint32_t state, int channel);
  void Grow();
  std::uint32_t Intern(std::vector<int> touches);

  struct Chain;
  Chain Build() const;
  static Effects OneStepBack(const Chain& chain, int channels);
  static Result<Effects> OneByOne(const Chain& chain, int channels);

  std::size_t order_;
  std::vector<Step> table_;  ///< open addressing, a power of two
  std::size_t used_ = 0;
  std::vector<State> states_;                                              ///< 0 is the start
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> known_;  ///< by hash of touches
};

}  // namespace maxopt::attribution
