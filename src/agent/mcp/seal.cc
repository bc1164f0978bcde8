#include "agent/mcp/seal.h"

#include <sodium.h>

#include <cstring>
#include <vector>

#include "result/result.h"

namespace maxopt::mcp {
namespace {

void Ready() {
  if (sodium_init() < 0) Bug();
}

const unsigned char* Bytes(std::string_view text) {
  return reinterpret_cast<const unsigned char*>(text.data());
}

std::string Encode(std::string_view bytes, int variant) {
  std::string out(sodium_base64_encoded_len(bytes.size(), variant), '\0');
  sodium_bin2base64(out.data(), out.size(), Bytes(bytes), bytes.size(), variant);
  out.resize(std::strlen(out.c_str()));
  return out;
}

std::optional<std::string> Decode(std::string_view text, int variant) {
  std::string out(text.size() + 1, '\0');
  std::size_t size = 0;
  const char* end = nullptr;
  if (sodium_base642bin(reinterpret_cast<unsigned char*>(out.data()), out.size(), text.data(),
                        text.size(), nullptr, &size, &end, variant) != 0 ||
      end != text.data() + text.size()) {
    return std::nullopt;
  }
  out.resize(size);
  return out;
}

std::string Mac(std::string_view payload, std::string_view secret) {
  std::string out(crypto_auth_hmacsha256_BYTES, '\0');
  crypto_auth_hmacsha256_state state;
  crypto_auth_hmacsha256_init(&state, Bytes(secret), secret.size());
  crypto_auth_hmacsha256_update(&state, Bytes(payload), payload.size());
  crypto_auth_hmacsha256_final(&state, reinterpret_cast<unsigned char*>(out.data()));
  return out;
}

}  // namespace

std::string RandomSecret() {
  Ready();
  std::string out(32, '\0');
  randombytes_buf(out.data(), out.size());
  return out;
}

std::string RandomId() {
  Ready();
  unsigned char bytes[16];
  randombytes_buf(bytes, sizeof bytes);
  std::string out(2 * sizeof bytes + 1, '\0');
  sodium_bin2hex(out.data(), out.size(), bytes, sizeof bytes);
  out.pop_back();
  return out;
}

std::string Base64(std::string_view bytes) { return Encode(bytes, sodium_base64_VARIANT_ORIGINAL); }
std::optional<std::string> FromBase64(std::string_view text) {
  return Decode(text, sodium_base64_VARIANT_ORIGINAL);
}

std::string Seal(const Sealed& sealed, Instant expires, std::string_view secret) {
  const nlohmann::ordered_json payload = {
      {"p", sealed.principal},
      {"c", sealed.call},
      {"x", std::chrono::duration_cast<std::chrono::seconds>(expires.time_since_epoch()).count()},
      {"s", sealed.state},
  };
  const std::string text = Encode(payload.dump(), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  return text + "." + Encode(Mac(text, secret), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

std::optional<nlohmann::ordered_json> Open(std::string_view text, const std::string& principal,
                                           const std::string& call, Instant now,
                                           std::string_view secret) {
  const std::size_t dot = text.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view payload_text = text.substr(0, dot);
  const auto mac = Decode(text.substr(dot + 1), sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  const std::string expected = Mac(payload_text, secret);
  if (!mac || mac->size() != expected.size() ||
      sodium_memcmp(mac->data(), expected.data(), expected.size()) != 0) {
    return std::nullopt;
  }
  const auto plain = Decode(payload_text, sodium_base64_VARIANT_URLSAFE_NO_PADDING);
  if (!plain) return std::nullopt;
  // Proven to be what Seal wrote.
  const auto payload = nlohmann::ordered_json::parse(*plain);
  if (payload["p"] != principal || payload["c"] != call) return std::nullopt;
  const Instant expires{std::chrono::seconds(payload["x"].get<std::int64_t>())};
  if (now > expires) return std::nullopt;
  return payload["s"];
}

}  // namespace maxopt::mcp
