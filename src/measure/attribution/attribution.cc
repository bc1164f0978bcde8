#include "measure/attribution/attribution.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <cstring>
#include <limits>
#include <optional>
#include <utility>

#include "measure/attribution/markov.h"

namespace maxopt {
namespace {

using Kind = AttributionModel::Kind;

struct ModelSpec {
  std::string_view name;
  Kind kind;
};
constexpr ModelSpec kModels[] = {
    {"last", Kind::kLast},         {"first", Kind::kFirst},
    {"linear", Kind::kLinear},     {"time_decay", Kind::kTimeDecay},
    {"position", Kind::kPosition}, {"markov", Kind::kMarkov},
    {"shapley", Kind::kShapley},
};
constexpr double kLargest = std::numeric_limits<double>::max();
constexpr double kPositionEnds = 0.4;
constexpr double kPositionMiddle = 0.2;

/// A sum that does not lose small addends to large ones (Neumaier 1974).
class ExactSum {
 public:
  void Add(double x) {
    const double next = sum_ + x;
    rest_ += std::abs(sum_) >= std::abs(x) ? (sum_ - next) + x : (x - next) + sum_;
    sum_ = next;
  }
  double total() const { return sum_ + rest_; }

 private:
  double sum_ = 0, rest_ = 0;
};

/// Names to numbers: open addressing. A name's first and last eight bytes and its length stand in
/// the table, so that only long names are compared elsewhere.
class Names {
 public:
  Names() : table_(256) {}
  int Find(std::string_view name) {
    const Slot wanted = Describe(name);
    for (std::size_t at = Hash(wanted) & (table_.size() - 1);;
         at = (at + 1) & (table_.size() - 1)) {
      Slot& slot = table_[at];
      if (slot.size == wanted.size && slot.first == wanted.first && slot.last == wanted.last &&
          slot.number >= 0 &&
          (name.size() <= 16 || names_[static_cast<std::size_t>(slot.number)] == name)) {
        return slot.number;
      }
      if (slot.number >= 0) continue;
      if (2 * (names_.size() + 1) > table_.size()) {
        Grow();
        return Find(name);
      }
      slot = wanted;
      slot.number = static_cast<int>(names_.size());
      names_.emplace_back(name);
      return slot.number;
    }
  }
  std::size_t size() const { return names_.size(); }
  const std::string& operator[](std::size_t i) const { return names_[i]; }

 private:
  struct Slot {
    std::uint64_t first = 0, last = 0;
    std::uint32_t size = 0;
    int number = -1;
  };
  static Slot Describe(std::string_view name) {
    Slot slot;
    slot.size = static_cast<std::uint32_t>(name.size());
    if (name.size() >= 8) {
      std::memcpy(&slot.first, name.data(), 8);
      std::memcpy(&slot.last, name.data() + name.size() - 8, 8);
    } else if (!name.empty()) {
      std::memcpy(&slot.first, name.data(), name.size());
    }
    return slot;
  }
  static std::size_t Hash(const Slot& slot) {
    std::uint64_t hash = (slot.first ^ slot.size) * 0x9E3779B97F4A7C15ULL;
    hash = (hash ^ (hash >> 29) ^ slot.last) * 0xD6E8FEB86659FD93ULL;
    return static_cast<std::size_t>(hash ^ (hash >> 32));
  }
  void Grow() {
    std::vector<Slot> larger(table_.size() * 2);
    for (const Slot& slot : table_) {
      if (slot.number < 0) continue;
      std::size_t at = Hash(slot) & (larger.size() - 1);
      while (larger[at].number >= 0) at = (at + 1) & (larger.size() - 1);
      larger[at] = slot;
    }
    table_ = std::move(larger);
  }
  std::vector<std::string> names_;
  std::vector<Slot> table_;
};

}  // namespace

Result<AttributionModel> FindAttributionModel(std::string_view name) {
  const auto unknown = [&] {
    return Fail(Errc::kInvalidArgument,
                fmt::format("model \"{}\" is not known; known are last, first, linear, time_decay, "
                            "position, markov, markov:K (K from 1 to {}), shapley",
                            name, kMarkovOrderMax));
  };
  AttributionModel model;
  std::string_view word = name;
  const std::size_t colon = name.find(':');
  if (colon != std::string_view::npos) {
    word = name.substr(0, colon);
    const std::string_view order = name.substr(colon + 1);
    const auto [end, error] =
        std::from_chars(order.data(), order.data() + order.size(), model.order);
    if (word != "markov" || error != std::errc() || end != order.data() + order.size() ||
        model.order < 1 || model.order > kMarkovOrderMax) {
      return unknown();
    }
  }
  for (const ModelSpec& spec : kModels) {
    if (spec.name != word) continue;
    model.kind = spec.kind;
    return model;
  }
  return unknown();
}

std::string AttributionModelName(const AttributionModel& model) {
  for (const ModelSpec& spec : kModels) {
    if (spec.kind != model.kind) continue;
    return model.kind == Kind::kMarkov && model.order > 1
               ? fmt::format("{}:{}", spec.name, model.order)
               : std::string(spec.name);
  }
  Bug();
}

struct Attribution::Impl {
  AttributionModel model;
  Names names;
  struct Sums {
    double conversions = 0, value = 0;
  };
  std::vector<Sums> credit;  // by channel, of the models without equations
  ExactSum conversions, value, null_conversions;
  std::int64_t paths = 0;
  std::optional<attribution::MarkovGraph> graph;
  std::vector<std::int64_t> seen_in;  // by channel: the path it was last seen in (shapley)
  std::vector<double> weights;        // time_decay, of one path

  void Give(int channel, const PathCounts& counts, double share) {
    Sums& sums = credit[static_cast<std::size_t>(channel)];
    sums.conversions += counts.conversions * share;
    sums.value += counts.value * share;
  }
};

Attribution::Attribution(const AttributionModel& model) : impl_(std::make_unique<Impl>()) {
  if (model.order < 1 || model.order > kMarkovOrderMax || !(model.half_life > 0) ||
      !std::isfinite(model.half_life)) {
    Bug();
  }
  impl_->model = model;
  if (model.kind == Kind::kMarkov) impl_->graph.emplace(model.order);
}
Attribution::~Attribution() = default;
Attribution::Attribution(Attribution&&) noexcept = default;
Attribution& Attribution::operator=(Attribution&&) noexcept = default;

int Attribution::Channel(std::string_view name) {
  const int channel = impl_->names.Find(name);
  if (impl_->credit.size() < impl_->names.size()) impl_->credit.resize(impl_->names.size());
  return channel;
}

Result<> Attribution::Add(std::span<const int> touches, const PathCounts& counts,
                          std::span<const double> ages) {
  Impl& impl = *impl_;
  if (touches.empty()) {
    return Fail(Errc::kInvalidArgument, "a path without touches has nobody to give credit to");
  }
  // NaN fails the first comparison of each.
  const auto wrong = [](double count) { return !(count >= 0 && count <= kLargest); };
  if (wrong(counts.conversions) || wrong(counts.value) || wrong(counts.null_conversions)) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("conversions {}, value {} and null_conversions {} must be numbers of 0 "
                            "or more",
                            counts.conversions, counts.value, counts.null_conversions));
  }
  if (counts.value > 0 && counts.conversions == 0) {
    return Fail(
        Errc::kInvalidArgument,
        fmt::format("a value of {} without a conversion cannot be attributed", counts.value));
  }
  const auto channels = static_cast<int>(impl.names.size());
  for (const int touch : touches) {
    if (touch < 0 || touch >= channels) Bug();
  }
  if (!ages.empty() && (ages.size() != touches.size() || !std::ranges::all_of(ages, [](double age) {
                          return age >= 0 && std::isfinite(age);
                        }))) {
    return Fail(Errc::kInvalidArgument,
                "there must be one age of 0 or more for each touch of a path, or none at all");
  }

  ++impl.paths;
  impl.conversions.Add(counts.conversions);
  impl.value.Add(counts.value);
  impl.null_conversions.Add(counts.null_conversions);
  const std::size_t n = touches.size();
  switch (impl.model.kind) {
    case Kind::kLast:
      impl.Give(touches.back(), counts, 1);
      break;
    case Kind::kFirst:
      impl.Give(touches.front(), counts, 1);
      break;
    case Kind::kLinear:
      for (const int touch : touches) impl.Give(touch, counts, 1 / static_cast<double>(n));
      break;
    case Kind::kTimeDecay: {
      // Relative to the newest touch, so that old paths do not underflow to nothing.
      const double newest = ages.empty() ? 0 : *std::ranges::min_element(ages);
      impl.weights.resize(n);
      double sum = 0;
      for (std::size_t i = 0; i < n; ++i) {
        const double age = ages.empty() ? static_cast<double>(n - 1 - i) : ages[i] - newest;
        sum += impl.weights[i] = std::exp2(-age / impl.model.half_life);
      }
      for (std::size_t i = 0; i < n; ++i) impl.Give(touches[i], counts, impl.weights[i] / sum);
      break;
    }
    case Kind::kPosition:
      if (n == 1) {
        impl.Give(touches[0], counts, 1);
      } else if (n == 2) {
        impl.Give(touches[0], counts, 0.5);
        impl.Give(touches[1], counts, 0.5);
      } else {
        impl.Give(touches.front(), counts, kPositionEnds);
        impl.Give(touches.back(), counts, kPositionEnds);
        for (const int touch : touches.subspan(1, n - 2)) {
          impl.Give(touch, counts, kPositionMiddle / static_cast<double>(n - 2));
        }
      }
      break;
    case Kind::kMarkov: {
      const double weight = counts.conversions + counts.null_conversions;
      if (weight > 0) impl.graph->Add(touches, counts.conversions, counts.value, weight);
      break;
    }
    case Kind::kShapley: {
      impl.seen_in.resize(impl.names.size(), 0);
      int distinct = 0;
      for (const int touch : touches) {
        std::int64_t& seen = impl.seen_in[static_cast<std::size_t>(touch)];
        distinct += seen != impl.paths;
        seen = impl.paths;
      }
      for (const int touch : touches) {
        std::int64_t& seen = impl.seen_in[static_cast<std::size_t>(touch)];
        if (seen == impl.paths) impl.Give(touch, counts, 1. / distinct);
        seen = 0;
      }
      break;
    }
  }
  return {};
}

PathCounts Attribution::totals() const {
  return {impl_->conversions.total(), impl_->value.total(), impl_->null_conversions.total()};
}
std::int64_t Attribution::paths() const { return impl_->paths; }

Result<std::vector<ChannelCredit>> Attribution::Credits() const {
  const PathCounts total = totals();
  if (!std::isfinite(total.conversions + total.null_conversions) || !std::isfinite(total.value)) {
    return Fail(Errc::kInvalidArgument,
                "the sum of conversions or of value is too large to be counted");
  }
  const std::size_t n = impl_->names.size();
  std::vector<ChannelCredit> credits(n);
  for (std::size_t i = 0; i < n; ++i) credits[i].channel = impl_->names[i];
  if (impl_->graph) {
    MAXOPT_TRY(const attribution::MarkovGraph::Effects effects,
               impl_->graph->RemovalEffects(static_cast<int>(n)));
    for (std::size_t i = 0; i < n; ++i) {
      credits[i].removal_effect = effects.conversions[i];
      credits[i].conversions = effects.conversions[i];
      credits[i].value = effects.value[i];
    }
  } else {
    for (std::size_t i = 0; i < n; ++i) {
      credits[i].conversions = impl_->credit[i].conversions;
      credits[i].value = impl_->credit[i].value;
    }
  }
  std::ranges::sort(credits, {}, &ChannelCredit::channel);
  // The shares of the models add up to the total but for rounding, the removal effects do not: both
  // are scaled to it, and the last bits go to the largest.
  const auto scale = [&](double ChannelCredit::*part, double to) {
    ExactSum sum;
    for (const ChannelCredit& credit : credits) sum.Add(credit.*part);
    const double from = sum.total();
    if (!(from > 0)) {
      for (ChannelCredit& credit : credits) credit.*part = 0;
      return;
    }
    ExactSum rest;
    rest.Add(to);
    ChannelCredit* largest = &credits.front();
    for (ChannelCredit& credit : credits) {
      credit.*part = from == to ? credit.*part : credit.*part / from * to;
      rest.Add(-(credit.*part));
      if (credit.*part > largest->*part) largest = &credit;
    }
    largest->*part += rest.total();
  };
  scale(&ChannelCredit::conversions, total.conversions);
  scale(&ChannelCredit::value, total.value);
  return credits;
}

std::vector<std::int64_t> SplitExactly(std::int64_t total, std::span<const double> weights) {
  long double sum = 0;
  for (const double weight : weights) {
    if (!(weight >= 0) || !std::isfinite(weight)) Bug();
    sum += weight;
  }
  if (!(sum > 0)) Bug();
  const bool negative = total < 0;
  // The magnitude of the smallest number fits only in an unsigned one.
  const std::uint64_t whole =
      negative ? 0 - static_cast<std::uint64_t>(total) : static_cast<std::uint64_t>(total);
  std::vector<std::uint64_t> parts(weights.size());
  std::vector<std::pair<long double, std::size_t>> fractions;
  std::uint64_t given = 0;
  for (std::size_t i = 0; i < weights.size(); ++i) {
    const long double exact = static_cast<long double>(whole) * (weights[i] / sum);
    // Rounding above the true quotient must never give out more than there is.
    parts[i] = std::min(static_cast<std::uint64_t>(std::floor(exact)), whole - given);
    given += parts[i];
    if (weights[i] > 0) fractions.emplace_back(static_cast<long double>(parts[i]) - exact, i);
  }
  std::ranges::sort(fractions);
  for (std::size_t i = 0; given < whole; i = (i + 1) % fractions.size(), ++given) {
    ++parts[fractions[i].second];
  }
  std::vector<std::int64_t> signed_parts;
  for (const std::uint64_t part : parts) {
    signed_parts.push_back(static_cast<std::int64_t>(negative ? 0 - part : part));
  }
  return signed_parts;
}

}  // namespace maxopt
