// model.yaml.
#include <fmt/format.h>

#include "agent/model/model.h"
#include "yaml/yaml.h"

namespace maxopt::model {
namespace {

constexpr std::size_t kToneMax = 200;

/// "0.40 USD"
Result<> Amount(const YamlMap& of, const char* key, std::optional<Money>& to) {
  std::string text;
  MAXOPT_CHECK(of.Text(key, text));
  if (text.empty()) return {};
  const auto bad = [&] {
    return of.Bad(key, fmt::format("{} must be an amount and its currency: \"0.40 USD\"", key));
  };
  const std::size_t space = text.find(' ');
  if (space == std::string::npos) return bad();
  const auto currency = FindCurrency(std::string_view(text).substr(space + 1));
  if (!currency) return bad();
  const auto money = ParseMoney(std::string_view(text).substr(0, space), *currency);
  if (!money || money->negative()) return bad();
  to = *money;
  return {};
}

/// The key is in no error; nor is what stands in its place by mistake.
Result<> Key(const YamlMap& of, std::string& to) {
  std::string written;
  MAXOPT_CHECK(of.Text("key", written));
  if (written.empty()) return {};
  if (!written.starts_with("env:") && !written.starts_with("file:")) {
    return of.Bad("key", "key must be env:NAME or file:PATH, so that no secret stands in here");
  }
  MAXOPT_TRY(to, of.Secret("key"));
  for (const char c : to) {
    if (c <= ' ' || c >= 0x7f) {
      return of.Bad("key", "the key holds characters that no header takes");
    }
  }
  return {};
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

Result<Config> ReadModel(const YamlMap& reader) {
  MAXOPT_CHECK(reader.OnlyKeys({"maxopt",
                                "base_url",
                                "model",
                                "key",
                                "allow_http",
                                "limit_member",
                                "answer_tokens_max",
                                "answer_bytes_max",
                                "call_timeout_ms",
                                "question_timeout_ms",
                                "attempts",
                                "first_wait_ms",
                                "steps_max",
                                "question_tokens_max",
                                "day_tokens_max",
                                "day_calls_max",
                                "price_in_per_million",
                                "price_out_per_million",
                                "day_money_max",
                                "propose",
                                "narrative",
                                "tone"}));
  MAXOPT_CHECK(reader.Kind("model/1"));
  Config config;
  MAXOPT_TRY(config.base_url, reader.Text("base_url"));
  MAXOPT_TRY(config.model, reader.Text("model"));
  MAXOPT_CHECK(Key(reader, config.key));
  MAXOPT_CHECK(reader.Flag("allow_http", config.allow_http));
  while (config.base_url.ends_with('/')) config.base_url.pop_back();
  const auto address = AddressOf(config.base_url);
  if (!address) {
    return reader.Bad("base_url",
                      "base_url must be http:// or https:// with a host and a path, without user "
                      "and query");
  }
  if (!address->tls && !config.allow_http && !IsThisMachine(address->host)) {
    return reader.Bad("base_url",
                      "plain http to another machine shows the questions, the data and the key "
                      "to the network; use https, or say allow_http: true");
  }
  MAXOPT_CHECK(reader.Text("limit_member", config.limit_member));
  if (config.limit_member != "max_tokens" && config.limit_member != "max_completion_tokens") {
    return reader.Bad("limit_member", "limit_member must be max_tokens or max_completion_tokens");
  }
  MAXOPT_CHECK(reader.Count("answer_tokens_max", 16, 100'000, config.answer_tokens_max));
  MAXOPT_CHECK(reader.Count("answer_bytes_max", 1024, 64 << 20, config.answer_bytes_max));
  MAXOPT_CHECK(reader.Count("call_timeout_ms", 10, 600'000, config.call_timeout));
  MAXOPT_CHECK(reader.Count("question_timeout_ms", 10, 600'000, config.question_timeout));
  MAXOPT_CHECK(reader.Count("attempts", 1, 10, config.attempts));
  MAXOPT_CHECK(reader.Count("first_wait_ms", 1, 60'000, config.first_wait));
  MAXOPT_CHECK(reader.Count("steps_max", 1, 20, config.steps_max));
  constexpr std::int64_t kMost = 1'000'000'000'000;
  MAXOPT_CHECK(reader.Count("question_tokens_max", 1, kMost, config.question_tokens_max));
  MAXOPT_CHECK(reader.Count("day_tokens_max", 1, kMost, config.day_tokens_max));
  MAXOPT_CHECK(reader.Count("day_calls_max", 1, 1'000'000, config.day_calls_max));
  MAXOPT_CHECK(Amount(reader, "price_in_per_million", config.price_in));
  MAXOPT_CHECK(Amount(reader, "price_out_per_million", config.price_out));
  MAXOPT_CHECK(Amount(reader, "day_money_max", config.day_money_max));
  if (config.price_in.has_value() != config.price_out.has_value()) {
    return reader.Bad("price_in_per_million and price_out_per_million belong together");
  }
  if (config.day_money_max && !config.price_in) {
    return reader.Bad("day_money_max",
                      "day_money_max needs price_in_per_million and price_out_per_million");
  }
  for (const auto& money : {config.price_out, config.day_money_max}) {
    if (money && money->currency() != config.price_in->currency()) {
      return reader.Bad("prices and day_money_max must be of one currency");
    }
  }
  MAXOPT_CHECK(reader.Flag("propose", config.propose));
  MAXOPT_CHECK(reader.Flag("narrative", config.narrative));
  MAXOPT_CHECK(reader.Text("tone", config.tone));
  if (config.tone.size() > kToneMax) {
    return reader.Bad("tone", fmt::format("tone must be of at most {} characters", kToneMax));
  }
  if (!config.tone.empty() && !config.narrative) {
    return reader.Bad("tone", "tone is of the reports' words; say narrative: true as well");
  }
  return config;
}

}  // namespace

Result<Config> ParseConfig(const std::string& yaml, const std::string& file) {
  return ReadYaml(yaml, file, ReadModel);
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
# What else it may do; each is off unless it says true here:
# propose: false                      # it is shown the optimiser's numbers and may propose changes
#                                     # (budget, bid or target, pause); each waits for a person
# narrative: false                    # it rephrases the sentences of new reports, without their
#                                     # numbers and names, which it is not shown
# tone: plain, warm, British spelling # with narrative: how they are worded
)";
}

}  // namespace maxopt::model
