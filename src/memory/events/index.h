#pragma once
// Inside of the event store: which events are known, and where they stand.
#include <sodium.h>

#include <array>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "memory/events/events.h"

namespace maxopt::events {

/// SipHash-2-4-128 of stream, site, name and id under a key drawn at every start: whoever forges
/// ids cannot make two of them meet.
struct Key {
  std::uint64_t high = 0, low = 0;
  bool operator==(const Key&) const = default;
};

class Hasher {
 public:
  Hasher() { randombytes_buf(key_.data(), key_.size()); }
  Key Of(EventKind kind, std::string_view site, std::string_view name, std::string_view id) const {
    thread_local std::string text;
    text.clear();
    text += static_cast<char>('0' + static_cast<int>(kind));
    for (const std::string_view part : {site, name}) {
      text += part;
      text += '\0';  // in neither of them
    }
    text += id;
    std::array<unsigned char, crypto_shorthash_siphashx24_BYTES> out{};
    crypto_shorthash_siphashx24(out.data(), reinterpret_cast<const unsigned char*>(text.data()),
                                text.size(), key_.data());
    Key key;
    std::memcpy(&key.high, out.data(), 8);
    std::memcpy(&key.low, out.data() + 8, 8);
    return key;
  }

 private:
  std::array<unsigned char, crypto_shorthash_siphashx24_KEYBYTES> key_{};
};

/// Where a record stands, and who told it. 0 is nowhere.
struct Place {
  std::uint32_t segment = 0;
  std::uint32_t offset = 0;  ///< of the record's size
  bool by_browser = false;
};

/// Open addressing in shards, so that growing one stops nobody for long. Not thread-safe.
class Index {
 public:
  std::optional<Place> Find(const Key& key) const {
    const Shard& shard = shards_[key.high % kShards];
    if (shard.slots.empty()) return std::nullopt;
    const Slot& slot = shard.slots[At(shard, key)];
    if (slot.place == 0) return std::nullopt;
    return Unpack(slot.place);
  }
  /// The key must be new.
  void Insert(const Key& key, const Place& place) {
    Shard& shard = shards_[key.high % kShards];
    if ((shard.used + 1) * 10 > shard.slots.size() * 7) Grow(shard);
    Slot& slot = shard.slots[At(shard, key)];
    slot = {key, Pack(place)};
    ++shard.used;
  }

 private:
  static constexpr std::size_t kShards = 256;
  struct Slot {
    Key key;
    std::uint64_t place = 0;
  };
  struct Shard {
    std::vector<Slot> slots;  ///< size is a power of two
    std::size_t used = 0;
  };

  static std::uint64_t Pack(const Place& place) {
    return (std::uint64_t{place.segment} << 32) | (std::uint64_t{place.offset} << 1) |
           (place.by_browser ? 1u : 0u);
  }
  static Place Unpack(std::uint64_t packed) {
    return {static_cast<std::uint32_t>(packed >> 32),
            static_cast<std::uint32_t>((packed & 0xffffffffu) >> 1), (packed & 1) != 0};
  }
  /// The slot of the key, or the empty one where it would be.
  static std::size_t At(const Shard& shard, const Key& key) {
    const std::size_t mask = shard.slots.size() - 1;
    std::size_t at = key.low & mask;
    while (shard.slots[at].place != 0 && shard.slots[at].key != key) at = (at + 1) & mask;
    return at;
  }
  static void Grow(Shard& shard) {
    Shard larger;
    larger.slots.resize(shard.slots.empty() ? 16 : shard.slots.size() * 2);
    larger.used = shard.used;
    for (const Slot& slot : shard.slots) {
      if (slot.place != 0) larger.slots[At(larger, slot.key)] = slot;
    }
    shard = std::move(larger);
  }
  std::array<Shard, kShards> shards_;
};

}  // namespace maxopt::events
