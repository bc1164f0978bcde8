#include "memory/events/record.h"

#include <bit>
#include <cstring>

namespace maxopt::events {
namespace {

static_assert(std::endian::native == std::endian::little);

constexpr char kVersion = 1;
enum Flag : unsigned char { kConsent = 1, kProbe = 2, kHasAt = 4, kHasValue = 8, kBrowser = 16 };

template <class T>
void PutRaw(T value, std::string& into) {
  char bytes[sizeof(T)];
  std::memcpy(bytes, &value, sizeof(T));
  into.append(bytes, sizeof(T));
}
/// Seven bits a byte, the lowest first.
void PutSize(std::size_t size, std::string& into) {
  for (; size >= 0x80; size >>= 7) into += static_cast<char>((size & 0x7f) | 0x80);
  into += static_cast<char>(size);
}
void PutText(std::string_view text, std::string& into) {
  PutSize(text.size(), into);
  into.append(text);
}
void PutMap(const std::map<std::string, std::string>& map, std::string& into) {
  PutSize(map.size(), into);
  for (const auto& [name, value] : map) {
    PutText(name, into);
    PutText(value, into);
  }
}

/// Reads from the front; everything is absent once something did not fit.
class Reader {
 public:
  explicit Reader(std::string_view bytes) : left_(bytes) {}
  bool well() const { return well_; }
  bool empty() const { return left_.empty(); }

  template <class T>
  T Raw() {
    T value{};
    const std::string_view bytes = Bytes(sizeof(T));
    if (well_) std::memcpy(&value, bytes.data(), sizeof(T));
    return value;
  }
  std::string_view Text() {
    const std::size_t size = Size();
    return Bytes(size);
  }
  std::map<std::string, std::string> Map() {
    std::map<std::string, std::string> map;
    for (std::size_t count = Size(); count > 0 && well_; --count) {
      std::string name(Text());
      map.insert_or_assign(std::move(name), std::string(Text()));
    }
    return map;
  }

 private:
  std::size_t Size() {
    std::size_t size = 0;
    for (int shift = 0; shift < 35; shift += 7) {
      const auto byte = Raw<unsigned char>();
      size |= static_cast<std::size_t>(byte & 0x7f) << shift;
      if ((byte & 0x80) == 0) return size;
    }
    well_ = false;
    return 0;
  }
  std::string_view Bytes(std::size_t size) {
    if (!well_ || left_.size() < size) {
      well_ = false;
      return {};
    }
    const std::string_view bytes = left_.substr(0, size);
    left_.remove_prefix(size);
    return bytes;
  }
  std::string_view left_;
  bool well_ = true;
};

std::unexpected<Error> Strange() {
  return Fail(Errc::kBadAnswer, "a record of the event log cannot be read");
}

}  // namespace

void Encode(const TrackedEvent& event, EventKind kind, std::string& into) {
  const std::size_t start = into.size();
  into.append(4, '\0');
  into += kVersion;
  into += static_cast<char>(kind);
  unsigned flags = 0;
  if (event.consent) flags |= kConsent;
  if (event.probe) flags |= kProbe;
  if (event.at) flags |= kHasAt;
  if (event.value) flags |= kHasValue;
  if (ToldByBrowser(event)) flags |= kBrowser;
  into += static_cast<char>(flags);
  for (const std::string* text :
       {&event.site, &event.name, &event.id, &event.client, &event.via, &event.url, &event.referrer,
        &event.visitor, &event.user_agent, &event.bot}) {
    PutText(*text, into);
  }
  PutRaw<std::int64_t>(event.received_at.time_since_epoch().count(), into);
  if (event.at) PutRaw<std::int64_t>(event.at->time_since_epoch().count(), into);
  if (event.value) {
    PutRaw<std::int64_t>(event.value->micros(), into);
    PutText(event.value->currency().name(), into);
  }
  for (const auto* map : {&event.utm, &event.click_ids, &event.browser_ids, &event.hashed}) {
    PutMap(*map, into);
  }
  const auto size = static_cast<std::uint32_t>(into.size() - start - 4);
  std::memcpy(into.data() + start, &size, 4);
}

Result<RecordKey> DecodeKey(std::string_view record) {
  Reader reader(record);
  if (reader.Raw<char>() != kVersion) return Strange();
  const auto kind = reader.Raw<unsigned char>();
  const auto flags = reader.Raw<unsigned char>();
  RecordKey key;
  key.kind = static_cast<EventKind>(kind);
  key.by_browser = (flags & kBrowser) != 0;
  key.site = reader.Text();
  key.name = reader.Text();
  key.id = reader.Text();
  if (!reader.well() || kind > static_cast<unsigned char>(EventKind::kBot)) return Strange();
  return key;
}

Result<TrackedEvent> Decode(std::string_view record, EventKind* kind) {
  Reader reader(record);
  if (reader.Raw<char>() != kVersion) return Strange();
  const auto kind_byte = reader.Raw<unsigned char>();
  if (kind_byte > static_cast<unsigned char>(EventKind::kBot)) return Strange();
  *kind = static_cast<EventKind>(kind_byte);
  const auto flags = reader.Raw<unsigned char>();
  TrackedEvent event;
  event.consent = (flags & kConsent) != 0;
  event.probe = (flags & kProbe) != 0;
  for (std::string* text :
       {&event.site, &event.name, &event.id, &event.client, &event.via, &event.url, &event.referrer,
        &event.visitor, &event.user_agent, &event.bot}) {
    *text = reader.Text();
  }
  event.received_at = Instant(std::chrono::microseconds(reader.Raw<std::int64_t>()));
  if (flags & kHasAt) event.at = Instant(std::chrono::microseconds(reader.Raw<std::int64_t>()));
  if (flags & kHasValue) {
    const auto micros = reader.Raw<std::int64_t>();
    MAXOPT_TRY(const Currency currency, FindCurrency(reader.Text()));
    event.value = Money::Micros(micros, currency);
  }
  event.utm = reader.Map();
  event.click_ids = reader.Map();
  event.browser_ids = reader.Map();
  event.hashed = reader.Map();
  if (!reader.well() || !reader.empty()) return Strange();
  return event;
}

}  // namespace maxopt::events
