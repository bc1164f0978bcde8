// model.yaml.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <yaml-cpp/yaml.h>

#include <charconv>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include "agent/model/model.h"

namespace maxopt::model {
namespace {

constexpr std::size_t kConfigBytesMax = 1u << 20;

class ConfigReader {
 public:
  ConfigReader(YAML::Node node, const std::string& file) : node_(std::move(node)), file_(file) {}
  std::unexpected<Error> Bad(const YAML::Node& at, const std::string& what) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}:{}: {}", file_, at.IsDefined() ? at.Mark().line + 1 : 1, what));
  }
  Result<> OnlyKeys(const std::set<std::string>& known) const {
    if (!node_.IsMap()) return Bad(node_, "a mapping of names and values is expected here");
    std::set<std::string> seen;
    for (const auto& pair : node_) {
      const std::string key = pair.first.IsScalar() ? pair.first.Scalar() : "";
      if (!known.contains(key)) {
        return Bad(pair.first, fmt::format("\"{}\" is not known; known are {}", key.substr(0, 80),
                                           fmt::join(known, ", ")));
      }
      if (!seen.insert(key).second) return Bad(pair.first, fmt::format("{} stands twice", key));
    }
    return {};
  }
  Result<> Text(const char* key, std::string& to, bool needed) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) {
      return needed ? Result<>(Bad(node_, fmt::format("{} is missing", key))) : Result<>();
    }
    if (!value.IsScalar() || value.Scalar().empty()) {
      return Bad(value, fmt::format("{} must be a text", key));
    }
    to = value.Scalar();
    return {};
  }
  template <class T, class Set>
  Result<> Count(const char* key, T low, T high, Set set) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return {};
    T count = 0;
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (code != std::errc() || end != text.data() + text.size() || count < low || count > high) {
      return Bad(value, fmt::format("{} must be a whole number from {} to {}", key, low, high));
    }
    set(count);
    return {};
  }
  /// "0.40 USD"
  Result<> Amount(const char* key, std::optional<Money>& to) const {
    const YAML::Node value = node_[key];
    if (!value.IsDefined()) return {};
    const std::string text = value.IsScalar() ? value.Scalar() : "";
    const std::size_t space = text.find(' ');
    const auto bad = [&] {
      return Bad(value, fmt::format("{} must be an amount and its currency: \"0.40 USD\"", key));
    };
    if (space == std::string::npos) return bad();
    const auto currency = FindCurrency(std::string_view(text).substr(space + 1));
    if (!currency) return bad();
    const auto money = ParseMoney(std::string_view(text).substr(0, space), *currency);
    if (!money || money->negative()) return bad();
    to = *money;
    return {};
  }
  const YAML::Node& node() const { return node_; }

 private:
  YAML::Node node_;
  const std::string& file_;
};

/// The key behind what is written. It is in no error; nor is what stands in its place by mistake.
Result<std::string> KeyOf(const ConfigReader& reader, const std::string& written,
                          const std::string& file) {
  const YAML::Node at = reader.node()["key"];
  if (written.starts_with("env:")) {
    const std::string name = written.substr(4);
    const char* value = std::getenv(name.c_str());
    if (value == nullptr || *value == '\0') {
      return reader.Bad(at, fmt::format("key: the environment has no {}", name));
    }
    return std::string(value);
  }
  if (written.starts_with("file:")) {
    const std::filesystem::path path =
        std::filesystem::path(file).parent_path() / written.substr(5);
    std::ifstream in(path, std::ios::binary);
    if (!in) return reader.Bad(at, fmt::format("key: {} cannot be read", path.string()));
    std::ostringstream out;
    out << in.rdbuf();
    std::string text = std::move(out).str();
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r')) text.pop_back();
    return text;
  }
  return reader.Bad(at, "key must be env:NAME or file:PATH, so that no secret stands in here");
}

/// Scheme and host of an address; nullopt for one that is not of HTTP or carries a user.
struct Address {
  bool tls = false;
  std::string host;
};
std::optional<Address> AddressOf(const std::string& url) {
  Address out;
  std::string_view rest = url;
  if (rest.starts_with("https://")) {
    out.tls = true;
    rest.remove_prefix(8);
  } else if (rest.starts_with("http://")) {
    rest.remove_prefix(7);
  } else {
    return std::nullopt;
  }
  for (const char c : url) {
    if (c <= ' ' || c == 0x7f || c == '"' || c == '\\') return std::nullopt;
  }
  if (rest.find_first_of("@?#") != std::string_view::npos) return std::nullopt;
  std::string_view host = rest.substr(0, rest.find('/'));
  const std::size_t colon = host.rfind(':');
  if (colon != std::string_view::npos && host.find(']', colon) == std::string_view::npos) {
    host = host.substr(0, colon);
  }
  if (host.empty()) return std::nullopt;
  out.host = host;
  return out;
}
/// Addresses, not names: a name is what a resolver makes of it, except the one that is reserved
/// (RFC 6761, 6.3).
bool IsThisMachine(const std::string& host) {
  if (host == "localhost" || host == "[::1]") return true;
  if (!host.starts_with("127.")) return false;
  int dots = 0;
  for (const char c : host) {
    if (c == '.') {
      ++dots;
    } else if (c < '0' || c > '9') {
      return false;
    }
  }
  return dots == 3;
}

}  // namespace

Result<Config> ParseConfig(const std::string& yaml, const std::string& file) {
  if (yaml.size() > kConfigBytesMax) {
    return Fail(Errc::kInvalidArgument, fmt::format("{} is larger than 1 MB", file));
  }
  try {
    const ConfigReader reader(YAML::Load(yaml), file);
    MAXOPT_CHECK(reader.OnlyKeys(
        {"maxopt", "base_url", "model", "key", "allow_http", "limit_member", "answer_tokens_max",
         "answer_bytes_max", "call_timeout_ms", "question_timeout_ms", "attempts", "first_wait_ms",
         "steps_max", "question_tokens_max", "day_tokens_max", "day_calls_max",
         "price_in_per_million", "price_out_per_million", "day_money_max"}));
    std::string version, key, allow;
    MAXOPT_CHECK(reader.Text("maxopt", version, true));
    if (version != "model/1") {
      return reader.Bad(reader.node(), "the file begins with maxopt: model/1");
    }
    Config config;
    MAXOPT_CHECK(reader.Text("base_url", config.base_url, true));
    MAXOPT_CHECK(reader.Text("model", config.model, true));
    MAXOPT_CHECK(reader.Text("key", key, false));
    if (!key.empty()) {
      MAXOPT_TRY(config.key, KeyOf(reader, key, file));
      for (const char c : config.key) {
        if (c <= ' ' || c >= 0x7f) {
          return reader.Bad(reader.node()["key"], "the key holds characters that no header takes");
        }
      }
    }
    MAXOPT_CHECK(reader.Text("allow_http", allow, false));
    if (!allow.empty() && allow != "true" && allow != "false") {
      return reader.Bad(reader.node()["allow_http"], "allow_http must be true or false");
    }
    config.allow_http = allow == "true";
    while (config.base_url.ends_with('/')) config.base_url.pop_back();
    const auto address = AddressOf(config.base_url);
    if (!address) {
      return reader.Bad(reader.node()["base_url"],
                        "base_url must be http:// or https:// with a host and a path, without user "
                        "and query");
    }
    if (!address->tls && !config.allow_http && !IsThisMachine(address->host)) {
      return reader.Bad(reader.node()["base_url"],
                        "plain http to another machine shows the questions, the data and the key "
                        "to the network; use https, or say allow_http: true");
    }
    MAXOPT_CHECK(reader.Text("limit_member", config.limit_member, false));
    if (config.limit_member != "max_tokens" && config.limit_member != "max_completion_tokens") {
      return reader.Bad(reader.node()["limit_member"],
                        "limit_member must be max_tokens or max_completion_tokens");
    }
    using std::chrono::milliseconds;
    MAXOPT_CHECK(reader.Count("answer_tokens_max", 16, 100'000,
                              [&](int n) { config.answer_tokens_max = n; }));
    MAXOPT_CHECK(reader.Count("answer_bytes_max", 1024, 64 << 20, [&](int n) {
      config.answer_bytes_max = static_cast<std::size_t>(n);
    }));
    MAXOPT_CHECK(reader.Count("call_timeout_ms", 10, 600'000,
                              [&](int n) { config.call_timeout = milliseconds(n); }));
    MAXOPT_CHECK(reader.Count("question_timeout_ms", 10, 600'000,
                              [&](int n) { config.question_timeout = milliseconds(n); }));
    MAXOPT_CHECK(reader.Count("attempts", 1, 10, [&](int n) { config.attempts = n; }));
    MAXOPT_CHECK(reader.Count("first_wait_ms", 1, 60'000,
                              [&](int n) { config.first_wait = milliseconds(n); }));
    MAXOPT_CHECK(reader.Count("steps_max", 1, 20, [&](int n) { config.steps_max = n; }));
    constexpr std::int64_t kMost = 1'000'000'000'000;
    MAXOPT_CHECK(reader.Count("question_tokens_max", std::int64_t{1}, kMost,
                              [&](std::int64_t n) { config.question_tokens_max = n; }));
    MAXOPT_CHECK(reader.Count("day_tokens_max", std::int64_t{1}, kMost,
                              [&](std::int64_t n) { config.day_tokens_max = n; }));
    MAXOPT_CHECK(
        reader.Count("day_calls_max", 1, 1'000'000, [&](int n) { config.day_calls_max = n; }));
    MAXOPT_CHECK(reader.Amount("price_in_per_million", config.price_in));
    MAXOPT_CHECK(reader.Amount("price_out_per_million", config.price_out));
    MAXOPT_CHECK(reader.Amount("day_money_max", config.day_money_max));
    if (config.price_in.has_value() != config.price_out.has_value()) {
      return reader.Bad(reader.node(),
                        "price_in_per_million and price_out_per_million belong together");
    }
    if (config.day_money_max && !config.price_in) {
      return reader.Bad(reader.node()["day_money_max"],
                        "day_money_max needs price_in_per_million and price_out_per_million");
    }
    for (const auto& money : {config.price_out, config.day_money_max}) {
      if (money && money->currency() != config.price_in->currency()) {
        return reader.Bad(reader.node(), "prices and day_money_max must be of one currency");
      }
    }
    return config;
  } catch (const YAML::Exception& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}:{}: {}", file, e.mark.line + 1, e.msg));
  }
}

std::string ConfigTemplate() {
  return R"(# The language model that puts answers into words (docs/ask.md). Without this file Max answers by
# its own rules. What is asked and what the tools answer is sent to base_url.
maxopt: model/1
base_url: https://api.openai.com/v1   # or http://127.0.0.1:11434/v1: any OpenAI-compatible server
model: gpt-4.1-mini
key: env:OPENAI_API_KEY               # or file:PATH; leave it out where none is needed
# What may be left out, with what is so then:
# allow_http: false                   # plain http to another machine
# limit_member: max_tokens            # or max_completion_tokens
# answer_tokens_max: 1500
# answer_bytes_max: 1048576
# call_timeout_ms: 20000
# question_timeout_ms: 60000
# attempts: 3
# first_wait_ms: 500
# steps_max: 6                        # calls of the model for one question
# question_tokens_max: 60000
# day_tokens_max: 1000000             # of everybody, by the UTC day
# day_calls_max: 2000
# price_in_per_million: 0.40 USD      # your provider's, for the records and for:
# price_out_per_million: 1.60 USD
# day_money_max: 5.00 USD
)";
}

}  // namespace maxopt::model
