#include "sim/faults/read_lag.h"

#include <nlohmann/json.hpp>
#include <string_view>

namespace maxopt::sim {
namespace {

using nlohmann::json;

constexpr std::size_t kMarkerDigits = 10;

/// Google reads by POST; signing in is neither read nor write.
bool IsRead(const http::Request& request) {
  if (request.method == "GET") return true;
  return request.url.find(":search") != std::string::npos;
}
bool IsSignIn(const http::Request& request) {
  return request.url.find("/token") != std::string::npos;
}

bool IsMarkerDigit(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'); }

/// "~" and ten digits of base 36, wherever they stand: '~' needs no escape in forms nor in JSON.
std::vector<std::string> MarkersIn(std::string_view body) {
  std::vector<std::string> out;
  for (std::size_t at = body.find('~'); at != std::string_view::npos; at = body.find('~', at + 1)) {
    std::size_t digits = 0;
    while (digits < kMarkerDigits && at + 1 + digits < body.size() &&
           IsMarkerDigit(body[at + 1 + digits])) {
      ++digits;
    }
    if (digits == kMarkerDigits) out.emplace_back(body.substr(at, 1 + kMarkerDigits));
  }
  return out;
}

/// Takes every element of a list that tells of a marker out, innermost lists first.
void Remove(json& value, const std::vector<std::string>& markers) {
  if (value.is_object()) {
    for (auto& member : value) Remove(member, markers);
  }
  if (!value.is_array()) return;
  for (auto& item : value) Remove(item, markers);
  std::erase_if(value.get_ref<json::array_t&>(), [&](const json& item) {
    if (!item.is_object()) return false;
    const std::string text = item.dump(-1, ' ', false, json::error_handler_t::replace);
    for (const std::string& marker : markers) {
      if (text.find(marker) != std::string::npos) return true;
    }
    return false;
  });
}

}  // namespace

double ReadLag::Draw() {
  // splitmix64 over a counter: the n-th draw depends on seed and n alone.
  std::uint64_t x = seed_ + 0x9E3779B97F4A7C15ULL * ++draws_;
  x = (x ^ (x >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  x = (x ^ (x >> 27U)) * 0x94D049BB133111EBULL;
  x ^= x >> 31U;
  return static_cast<double>(x >> 11U) * 0x1p-53;
}

void ReadLag::Stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

void ReadLag::SeeWrite(const http::Request& request, Instant now) {
  last_write_ = now;
  for (const std::string& marker : MarkersIn(request.body)) {
    if (ghosts_.contains(marker)) continue;
    const bool ghost = Draw() < options_.ghost_chance;
    ghosts_[marker] = ghost ? now + options_.lag : now;
  }
}

void ReadLag::HideGhosts(http::Response& response, Instant now) const {
  std::vector<std::string> hidden;
  for (const auto& [marker, until] : ghosts_) {
    if (now < until) hidden.push_back(marker);
  }
  if (hidden.empty()) return;
  json body = json::parse(response.body, nullptr, false);
  if (body.is_discarded()) return;
  Remove(body, hidden);
  response.body = body.dump(-1, ' ', false, json::error_handler_t::replace);
}

http::Response ReadLag::Handle(const http::Request& request, const http::Handler& handler) {
  if (IsSignIn(request)) return handler(request);
  if (!IsRead(request)) {
    {
      const std::lock_guard lock(mutex_);
      if (!stopped_) SeeWrite(request, clock_.Now());
    }
    return handler(request);
  }
  const std::string key = request.method + " " + request.url + "\n" + request.body;
  {
    const std::lock_guard lock(mutex_);
    const Instant now = clock_.Now();
    const auto before = answers_.find(key);
    if (!stopped_ && before != answers_.end() && before->second.at <= last_write_ &&
        now < last_write_ + options_.lag && Draw() < options_.stale_chance) {
      return before->second.response;
    }
  }
  http::Response response = handler(request);
  const std::lock_guard lock(mutex_);
  if (stopped_ || response.status != 200) return response;
  HideGhosts(response, clock_.Now());
  answers_[key] = {clock_.Now(), response};
  return response;
}

http::Handler WithReadLag(http::Handler handler, ReadLag& lag) {
  return [handler = std::move(handler), &lag](const http::Request& request) {
    return lag.Handle(request, handler);
  };
}

}  // namespace maxopt::sim
