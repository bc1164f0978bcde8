#pragma once
#include <cstdint>
#include <span>
#include <utility>
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
  /// A step is a pair (state, channel): order-K states are suffixes of what was seen, so the pair
  /// decides the next state. Few steps lie in a matrix, which is quickest; many in a hash table,
  /// which takes no more than the steps that occur.
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
  std::uint32_t Take(std::uint32_t state, int channel, double weight);
  std::uint32_t TakeNew(std::uint32_t state, int channel, double weight);
  void Widen(int shift);
  Step& Find(std::uint32_t state, int channel);
  void Grow();
  std::uint32_t Next(std::uint32_t state, int channel);
  std::uint32_t Intern(std::vector<int> touches);
  std::vector<Step> Steps() const;

  struct Chain;
  Chain Build() const;
  static Effects OneStepBack(const Chain& chain, int channels);
  static Result<Effects> OneByOne(const Chain& chain, int channels);

  std::size_t order_;
  bool dense_ = true;
  int shift_ = 4;  ///< a row of the matrix has 2^shift_ channels
  std::vector<std::uint32_t>
      to_;                      ///< [state][channel]; 0: not seen, for nothing leads to the start
  std::vector<double> weight_;  ///< [state][channel]
  std::vector<Step> table_;     ///< open addressing, a power of two
  std::size_t used_ = 0;
  std::vector<State> states_;                                              ///< 0 is the start
  std::vector<std::vector<std::pair<std::size_t, std::uint32_t>>> known_;  ///< by hash of touches
};

}  // namespace maxopt::attribution
