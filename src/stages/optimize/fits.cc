#include "stages/optimize/fits.h"

#include <algorithm>
#include <bit>

namespace maxopt {
namespace {

/// Bytes that two questions share only when they are the same question.
class Key {
 public:
  Key& Add(std::uint64_t word) {
    for (int shift = 0; shift < 64; shift += 8) bytes_ += static_cast<char>(word >> shift);
    return *this;
  }
  Key& Add(double number) { return Add(std::bit_cast<std::uint64_t>(number)); }
  Key& Add(const std::string& text) {
    Add(std::uint64_t{text.size()});
    bytes_ += text;
    return *this;
  }
  Key& Add(const std::vector<double>& numbers) {
    Add(std::uint64_t{numbers.size()});
    for (const double number : numbers) Add(number);
    return *this;
  }
  template <class T, class Each>
  Key& Add(const T& optional, Each each) {
    Add(std::uint64_t{optional.has_value()});
    if (optional) each(*optional);
    return *this;
  }
  std::string Take() { return std::move(bytes_); }

 private:
  std::string bytes_;
};

std::uint64_t Word(std::int64_t number) { return static_cast<std::uint64_t>(number); }

// Bindings name every member: one that is added does not compile before it is part of the key.
std::string KeyOf(const ResponseData& data, const ResponseOptions& options) {
  Key key;
  const auto& [channels, revenue, controls, lifts, first_day, period_days, steered_from] = data;
  key.Add(std::uint64_t{channels.size()});
  for (const auto& [id, spend, claimed, harvesting] : channels) {
    key.Add(id).Add(spend).Add(claimed).Add(std::uint64_t{harvesting});
  }
  key.Add(revenue).Add(std::uint64_t{controls.size()});
  for (const auto& [name, values] : controls) key.Add(name).Add(values);
  key.Add(std::uint64_t{lifts.size()});
  for (const auto& [channel, first, last, gained, se, of] : lifts) {
    key.Add(channel).Add(std::uint64_t{first}).Add(std::uint64_t{last}).Add(gained).Add(se);
    key.Add(of, [&](double spend) { key.Add(spend); });
  }
  key.Add(first_day,
          [&](std::chrono::sys_days day) { key.Add(Word(day.time_since_epoch().count())); });
  key.Add(Word(period_days));
  key.Add(steered_from, [&](std::size_t from) { key.Add(std::uint64_t{from}); });
  const auto& [seed, warm_up, sweeps, draws, immature_days, holdout, window] = options;
  key.Add(seed).Add(Word(warm_up)).Add(Word(sweeps)).Add(Word(draws)).Add(Word(immature_days));
  key.Add(std::uint64_t{holdout});
  key.Add(window, [&](const auto& part) {
    key.Add(std::uint64_t{part.first}).Add(std::uint64_t{part.second});
  });
  return key.Take();
}

}  // namespace

struct RememberedFits::Entry {
  std::string key;
  std::once_flag once{};
  std::optional<Result<ResponseFit>> fit{};  ///< written once, by who came first
};

Result<ResponseFit> RememberedFits::operator()(const ResponseData& data,
                                               const ResponseOptions& options) {
  std::string key = KeyOf(data, options);
  std::shared_ptr<Entry> entry;
  {
    const std::lock_guard guard(mutex_);
    const auto known =
        std::ranges::find_if(entries_, [&](const auto& each) { return each->key == key; });
    if (known != entries_.end()) {
      entries_.splice(entries_.begin(), entries_, known);
    } else {
      entries_.push_front(std::make_shared<Entry>());
      entries_.front()->key = std::move(key);
      if (entries_.size() > most_) entries_.pop_back();
    }
    entry = entries_.front();
  }
  std::call_once(entry->once, [&] { entry->fit = fit_(data, options); });
  return *entry->fit;
}

}  // namespace maxopt
