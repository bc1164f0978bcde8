#include "domain/change.h"

#include <fmt/format.h>
#include <openssl/sha.h>

#include <array>
#include <cstdint>

namespace maxopt {
namespace {

constexpr std::string_view kMarkerPrefix = " ~";
constexpr std::size_t kMarkerDigits = 10;

std::array<unsigned char, SHA256_DIGEST_LENGTH> Digest(std::string_view text) {
  std::array<unsigned char, SHA256_DIGEST_LENGTH> digest{};
  SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), digest.data());
  return digest;
}

std::uint64_t FirstBits(std::string_view text) {
  std::uint64_t bits = 0;
  const auto digest = Digest(text);
  for (int i = 0; i < 8; ++i) bits = bits << 8 | digest[static_cast<std::size_t>(i)];
  return bits;
}

bool EndsWithMarker(std::string_view name) {
  const std::size_t size = kMarkerPrefix.size() + kMarkerDigits;
  if (name.size() < size) return false;
  const std::string_view tail = name.substr(name.size() - size);
  if (!tail.starts_with(kMarkerPrefix)) return false;
  for (const char c : tail.substr(kMarkerPrefix.size())) {
    if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z'))) return false;
  }
  return true;
}

}  // namespace

std::string_view ChangeActionName(ChangeAction action) {
  switch (action) {
    case ChangeAction::kCreate:
      return "create";
    case ChangeAction::kUpdate:
      return "update";
  }
  Bug();
}

std::string_view ReasonName(Reason reason) {
  switch (reason) {
    case Reason::kLaunch:
      return "launch";
    case Reason::kActivate:
      return "activate";
    case Reason::kReallocate:
      return "reallocate";
    case Reason::kPace:
      return "pace";
    case Reason::kPause:
      return "pause";
    case Reason::kRule:
      return "rule";
    case Reason::kBid:
      return "bid";
    case Reason::kDaypart:
      return "daypart";
    case Reason::kPlace:
      return "place";
    case Reason::kAudience:
      return "audience";
    case Reason::kKeyword:
      return "keyword";
    case Reason::kRotate:
      return "rotate";
    case Reason::kModel:
      return "model";
    case Reason::kExperiment:
      return "experiment";
    case Reason::kManual:
      return "manual";
    case Reason::kUndo:
      return "undo";
  }
  Bug();
}

std::span<const Reason> AllReasons() {
  static constexpr Reason kAll[] = {
      Reason::kLaunch, Reason::kActivate,   Reason::kReallocate, Reason::kPace,
      Reason::kPause,  Reason::kRule,       Reason::kBid,        Reason::kDaypart,
      Reason::kPlace,  Reason::kAudience,   Reason::kKeyword,    Reason::kRotate,
      Reason::kModel,  Reason::kExperiment, Reason::kManual,     Reason::kUndo};
  return kAll;
}

bool IsAutomatic(Reason reason) {
  switch (reason) {
    case Reason::kReallocate:
    case Reason::kPace:
    case Reason::kPause:
    case Reason::kRule:
    case Reason::kBid:
    case Reason::kDaypart:
    case Reason::kPlace:
    case Reason::kAudience:
    case Reason::kKeyword:
    case Reason::kRotate:
    case Reason::kModel:
    case Reason::kExperiment:
      return true;
    case Reason::kLaunch:
    case Reason::kActivate:
    case Reason::kManual:
    case Reason::kUndo:
      return false;
  }
  Bug();
}

bool MayPassAlone(Reason reason) {
  return (IsAutomatic(reason) && reason != Reason::kModel) || reason == Reason::kActivate;
}

std::string MarkerOf(std::string_view change_key) {
  constexpr std::string_view kDigits = "0123456789abcdefghijklmnopqrstuvwxyz";
  std::uint64_t bits = FirstBits(change_key);
  std::string marker(kMarkerPrefix);
  for (std::size_t i = 0; i < kMarkerDigits; ++i) {
    marker += kDigits[bits % kDigits.size()];
    bits /= kDigits.size();
  }
  return marker;
}

std::string WithMarker(std::string_view name, std::string_view change_key) {
  const std::string marker = MarkerOf(change_key);
  if (name.ends_with(marker)) return std::string(name);
  return std::string(name) + marker;
}

std::string WithoutMarker(std::string_view name) {
  if (!EndsWithMarker(name)) return std::string(name);
  return std::string(name.substr(0, name.size() - kMarkerPrefix.size() - kMarkerDigits));
}

std::string RequestIdOf(std::string_view change_key) {
  const std::uint64_t bits = FirstBits(change_key) >> 1;
  return std::to_string(bits == 0 ? 1 : bits);
}

std::string KpiText(const Prediction& prediction) {
  if (!prediction.currency) return prediction.kpi;
  return fmt::format("{} ({})", prediction.kpi, prediction.currency->name());
}

std::string KpiUnit(const std::string& kpi, std::optional<Currency> currency) {
  if (kpi != "revenue" || !currency) return kpi;
  return fmt::format("{} of {}", currency->name(), kpi);
}

std::string EffectText(const Prediction& prediction) {
  return fmt::format("{:+.2f} {} a day (90 %: {:+.2f} to {:+.2f})", prediction.mean,
                     KpiUnit(prediction.kpi, prediction.currency), prediction.low90,
                     prediction.high90);
}

}  // namespace maxopt
