#pragma once
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "clock/clock.h"
#include "http/http.h"
#include "money/money.h"
#include "result/result.h"

/// A language model behind the OpenAI-compatible chat completions protocol: one question and one
/// answer at a time, within a budget, each call written down. What it answers is untrusted text and
/// untrusted wishes to call tools; whoever asks decides what of it is shown or done.
///
/// Source: platform.openai.com/docs/api-reference/chat (create, tools), which vLLM, Ollama,
/// llama.cpp's server and others speak as well.
namespace maxopt::model {

/// model.yaml of a home: docs/ask.md.
struct Config {
  std::string base_url;  ///< "https://api.openai.com/v1": /chat/completions follows it
  std::string model;     ///< "gpt-4.1-mini"
  std::string key{};     ///< sent as Authorization: Bearer; empty: nothing is sent
  /// Plain HTTP to another machine; to this one it always may be.
  bool allow_http = false;
  /// Name of the member that limits an answer: max_tokens, or max_completion_tokens where a
  /// provider wants that.
  std::string limit_member = "max_tokens";
  /// An answer of some sentences is a few hundred tokens; a reasoning model needs room to think.
  int answer_tokens_max = 1500;
  std::size_t answer_bytes_max = 1u << 20;
  std::chrono::milliseconds call_timeout{20'000};
  /// Of a whole question. Somebody waits for it; the answer by rules is there in a second.
  std::chrono::milliseconds question_timeout{60'000};
  int attempts = 3;                           ///< of one call, the first included
  std::chrono::milliseconds first_wait{500};  ///< doubles from attempt to attempt
  int steps_max = 6;                          ///< calls of the model for one question
  std::int64_t question_tokens_max = 60'000;  ///< in and out, of one question
  std::int64_t day_tokens_max = 1'000'000;    ///< of everybody, by the UTC day
  int day_calls_max = 2000;
  /// Of a million tokens; both or none, in one currency. Needed for day_money_max.
  std::optional<Money> price_in{}, price_out{};
  std::optional<Money> day_money_max{};
  /// Whether the optimiser's cycle asks what the model would change (docs/cycle.md).
  bool propose = false;
  /// Whether reports are put into other words (docs/reports.md), and in which tone.
  bool narrative = false;
  std::string tone{};  ///< "plain, warm, British spelling"; at most 200 characters
};
/// "maxopt: model/1". kInvalidArgument with file and line: unknown keys, a member that is missing
/// or out of its range, plain HTTP to another machine without allow_http, a key beside a URL with a
/// user in it. `key` is env:NAME or file:PATH (seen from the file's folder); it is in no error.
Result<Config> ParseConfig(const std::string& yaml, const std::string& file);
std::string ConfigTemplate();

// --- messages -----------------------------------------------------------------------------------

/// A tool that the model may wish for.
struct ToolSpec {
  std::string name, description;
  std::string parameters;  ///< JSON Schema, as JSON
};
/// A wish: nothing of it was checked but that it has a name and a text of arguments.
struct ToolWish {
  std::string id, name, arguments;
};
struct Message {
  enum class Role { kSystem, kUser, kAssistant, kTool };
  Role role = Role::kUser;
  std::string content{};
  std::vector<ToolWish> wishes{};  ///< of the assistant
  std::string wish_id{};           ///< of a tool's answer: whose it is
};
struct Usage {
  std::int64_t in = 0, out = 0;  ///< tokens
  bool told = false;             ///< false: estimated from the bytes
};
struct Reply {
  std::string content{};           ///< valid UTF-8; may be empty when there are wishes
  std::vector<ToolWish> wishes{};  ///< at most kWishesMax
  Usage usage{};
};
inline constexpr std::size_t kWishesMax = 8;

/// The body of the request. The same input gives the same bytes.
std::string RequestBody(const Config& config, const std::vector<Message>& messages,
                        const std::vector<ToolSpec>& tools);
/// kBadAnswer: not JSON, not an answer of this protocol, cut short (finish_reason "length"), wishes
/// without name or arguments, empty. Nothing of the text is in the error.
Result<Reply> ReadReply(std::string_view body);

// --- calls --------------------------------------------------------------------------------------

/// One call, for the records: what was sent and answered is there by digest only.
struct CallRecord {
  Instant at{};
  std::string model, host;
  int attempt = 1;
  int status = 0;  ///< of HTTP; 0: there was none
  std::string request_sha256, answer_sha256;
  std::size_t request_bytes = 0, answer_bytes = 0;
  Usage usage{};
  std::optional<Money> cost{};  ///< where prices are set
  std::int64_t took_ms = 0;
  std::string outcome;               ///< "answered", "wishes", or an Errc's name
  std::vector<std::string> tools{};  ///< names that were wished for
};

/// What may still be used. A call is begun only when its worst case fits.
struct Budget {
  std::int64_t question_tokens = 0;
  std::int64_t day_tokens = 0;
  int day_calls = 0;
  std::optional<Money> day_money{};  ///< absent: no limit in money
};

/// What tokens cost, rounded up to the micro; absent without prices.
std::optional<Money> CostOf(const Config& config, const Usage& usage);
/// Tokens that a text may be, at most: one for every two bytes. Languages and JSON lie between two
/// and five bytes a token.
std::int64_t TokensAtMost(std::size_t bytes);

/// Thread-safe as the transport, the clock and `audit` are.
class Client {
 public:
  /// `wall` is the real world's time. `audit` is told of each attempt, also of those that failed.
  Client(Config config, std::shared_ptr<http::Transport> transport, std::shared_ptr<Clock> wall,
         std::function<void(const CallRecord&)> audit);
  const Config& config() const { return config_; }
  /// Asks once, and again after 429, 500, 502, 503, 504 and where nothing was sent, waiting as
  /// Retry-After says (or ever longer), while the deadline and the budget allow it. What was used
  /// is taken from the budget, of a call that broke its worst case.
  /// Errors  kRefused: a budget is used up; kUnauthenticated, kForbidden: the key is not taken;
  ///         kInvalidArgument: the endpoint refuses the request; kRateLimited, kUnavailable,
  ///         kUnknownOutcome: it does not answer; kBadAnswer: see ReadReply, and too large
  Result<Reply> Complete(const std::vector<Message>& messages, const std::vector<ToolSpec>& tools,
                         Budget& budget, http::Deadline deadline) const;

 private:
  Config config_;
  std::shared_ptr<http::Transport> transport_;
  std::shared_ptr<Clock> wall_;
  std::function<void(const CallRecord&)> audit_;
};

}  // namespace maxopt::model
