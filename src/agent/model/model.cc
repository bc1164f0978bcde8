#include "agent/model/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <nlohmann/json.hpp>

#include "domain/digest.h"
#include "json/json.h"

namespace maxopt::model {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

std::string_view RoleName(Message::Role role) {
  switch (role) {
    case Message::Role::kSystem:
      return "system";
    case Message::Role::kUser:
      return "user";
    case Message::Role::kAssistant:
      return "assistant";
    case Message::Role::kTool:
      return "tool";
  }
  Bug();
}

const json* At(const json& object, const char* key) {
  if (!object.is_object()) return nullptr;
  const auto found = object.find(key);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}
const std::string* TextOf(const json* value) {
  return value != nullptr && value->is_string() ? value->get_ptr<const std::string*>() : nullptr;
}
std::optional<std::int64_t> CountOf(const json* value) {
  if (value == nullptr || !value->is_number_integer()) return std::nullopt;
  const auto count = value->get<std::int64_t>();
  // More tokens than this is no answer's: the number cannot be believed.
  return count >= 0 && count <= 100'000'000 ? std::optional(count) : std::nullopt;
}

std::unexpected<Error> BadReply(const std::string& what) {
  return Fail(Errc::kBadAnswer, "the language model's endpoint answered " + what);
}

/// Names of tools and ids of wishes, as the protocol has them; anything else is not looked at.
bool IsName(std::string_view text) {
  return !text.empty() && text.size() <= 128 && std::ranges::all_of(text, [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '-' || c == '.' || c == ':';
  });
}

constexpr std::size_t kArgumentBytesMax = 64u << 10;

/// Whole seconds; a date is not read, as the other's clock may be wrong.
std::optional<std::chrono::seconds> RetryAfter(const http::Response& response) {
  const auto text = http::FindHeader(response.headers, "Retry-After");
  if (!text) return std::nullopt;
  int seconds = 0;
  const auto [end, code] = std::from_chars(text->data(), text->data() + text->size(), seconds);
  if (code != std::errc() || end != text->data() + text->size() || seconds < 0) {
    return std::nullopt;
  }
  return std::chrono::seconds(seconds);
}

/// The provider's own word for what went wrong; nothing but a word.
std::string CodeIn(std::string_view body) {
  if (body.size() > (64u << 10)) return "";
  const auto parsed = ParseExactJson(body);
  if (!parsed) return "";
  const json* error = At(*parsed, "error");
  if (error == nullptr) return "";
  for (const char* member : {"code", "type"}) {
    const std::string* code = TextOf(At(*error, member));
    if (code != nullptr && code->size() <= 64 && IsName(*code)) return ", " + *code;
  }
  return "";
}

Error ErrorOf(const http::Response& response) {
  const int status = response.status;
  const std::string said = fmt::format("status {}{}", status, CodeIn(response.body));
  const auto made = [&](Errc code, const std::string& what) {
    Error error{code, fmt::format("the language model's endpoint {} ({})", what, said)};
    error.platform_code = std::to_string(status);
    if (const auto wait = RetryAfter(response)) {
      error.retry_after_s = static_cast<int>(wait->count());
    }
    return error;
  };
  if (status == 401) return made(Errc::kUnauthenticated, "does not take the key in model.yaml");
  if (status == 403) return made(Errc::kForbidden, "does not allow this to the key in model.yaml");
  if (status == 429) return made(Errc::kRateLimited, "asks to wait");
  if (status >= 500 || status == 408) return made(Errc::kUnavailable, "cannot answer now");
  if (status >= 300 && status < 400) return made(Errc::kBadAnswer, "sends us elsewhere");
  return made(Errc::kInvalidArgument, "refuses the request; look at model.yaml");
}

bool MaySendAgain(Errc code) { return code == Errc::kRateLimited || code == Errc::kUnavailable; }

std::string HostOf(const std::string& url) {
  const std::size_t begin = url.find("://");
  const std::size_t from = begin == std::string::npos ? 0 : begin + 3;
  return url.substr(from, url.find('/', from) - from);
}

}  // namespace

std::string RequestBody(const Config& config, const std::vector<Message>& messages,
                        const std::vector<ToolSpec>& tools) {
  ordered_json list = ordered_json::array();
  for (const Message& message : messages) {
    ordered_json one = {{"role", RoleName(message.role)}, {"content", message.content}};
    if (!message.wishes.empty()) {
      ordered_json wishes = ordered_json::array();
      for (const ToolWish& wish : message.wishes) {
        wishes.push_back({{"id", wish.id},
                          {"type", "function"},
                          {"function", {{"name", wish.name}, {"arguments", wish.arguments}}}});
      }
      one["tool_calls"] = std::move(wishes);
    }
    if (message.role == Message::Role::kTool) one["tool_call_id"] = message.wish_id;
    list.push_back(std::move(one));
  }
  ordered_json body = {{"model", config.model}, {"messages", std::move(list)}};
  if (!tools.empty()) {
    ordered_json specs = ordered_json::array();
    for (const ToolSpec& tool : tools) {
      ordered_json parameters = ordered_json::parse(tool.parameters, nullptr, false);
      if (!parameters.is_object()) Bug();
      specs.push_back({{"type", "function"},
                       {"function",
                        {{"name", tool.name},
                         {"description", tool.description},
                         {"parameters", std::move(parameters)}}}});
    }
    body["tools"] = std::move(specs);
  }
  body[config.limit_member] = config.answer_tokens_max;
  body["stream"] = false;
  return body.dump(-1, ' ', false, ordered_json::error_handler_t::replace);
}

Result<Reply> ReadReply(std::string_view text) {
  const auto parsed = ParseExactJson(text);
  if (!parsed) return BadReply("what is not whole JSON");
  const json* choices = At(*parsed, "choices");
  if (choices == nullptr || !choices->is_array() || choices->empty()) {
    return BadReply("without choices");
  }
  const json& choice = choices->front();
  const json* message = At(choice, "message");
  if (message == nullptr || !message->is_object()) return BadReply("without a message");
  if (const json* role = At(*message, "role")) {
    const std::string* name = TextOf(role);
    if (name == nullptr || *name != "assistant") return BadReply("a message of another role");
  }
  Reply reply;
  if (const json* content = At(*message, "content")) {
    const std::string* words = TextOf(content);
    if (words == nullptr) return BadReply("content that is no text");
    reply.content = *words;
  }
  if (const json* wishes = At(*message, "tool_calls")) {
    if (!wishes->is_array()) return BadReply("tool calls that are no list");
    if (wishes->size() > kWishesMax) return BadReply("more tool calls than are taken at once");
    for (const json& one : *wishes) {
      const json* function = At(one, "function");
      const std::string* id = TextOf(At(one, "id"));
      const std::string* name = function == nullptr ? nullptr : TextOf(At(*function, "name"));
      const std::string* arguments =
          function == nullptr ? nullptr : TextOf(At(*function, "arguments"));
      if (id == nullptr || name == nullptr || arguments == nullptr || !IsName(*id) ||
          !IsName(*name) || arguments->size() > kArgumentBytesMax) {
        return BadReply("a tool call without a proper id, name or arguments");
      }
      if (std::ranges::any_of(reply.wishes, [&](const ToolWish& w) { return w.id == *id; })) {
        return BadReply("tool calls with the same id");
      }
      reply.wishes.push_back({*id, *name, *arguments});
    }
  }
  const std::string* finish = TextOf(At(choice, "finish_reason"));
  if (finish != nullptr && *finish == "length") return BadReply("words that were cut short");
  if (finish != nullptr && *finish == "content_filter") return BadReply("words that were withheld");
  if (reply.content.empty() && reply.wishes.empty()) return BadReply("nothing");
  if (const json* usage = At(*parsed, "usage")) {
    const auto in = CountOf(At(*usage, "prompt_tokens"));
    const auto out = CountOf(At(*usage, "completion_tokens"));
    if (in && out) reply.usage = {*in, *out, true};
  }
  return reply;
}

std::optional<Money> CostOf(const Config& config, const Usage& usage) {
  if (!config.price_in || !config.price_out) return std::nullopt;
  const auto part = [](Money price, std::int64_t tokens) {
    __extension__ using Wide = __int128;
    const Wide micros = (static_cast<Wide>(price.micros()) * tokens + 999'999) / 1'000'000;
    // A price that overflows is no price: the most there is, so that every budget refuses it.
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 4;
    return Money::Micros(micros > kMost ? kMost : static_cast<std::int64_t>(micros),
                         price.currency());
  };
  return part(*config.price_in, usage.in) + part(*config.price_out, usage.out);
}

std::int64_t TokensAtMost(std::size_t bytes) { return static_cast<std::int64_t>(bytes / 2 + 1); }

Client::Client(Config config, std::shared_ptr<http::Transport> transport,
               std::shared_ptr<Clock> wall, std::function<void(const CallRecord&)> audit)
    : config_(std::move(config)),
      transport_(std::move(transport)),
      wall_(std::move(wall)),
      audit_(std::move(audit)) {}

Result<Reply> Client::Complete(const std::vector<Message>& messages,
                               const std::vector<ToolSpec>& tools, Budget& budget,
                               http::Deadline deadline) const {
  using Steady = std::chrono::steady_clock;
  http::Request request;
  request.method = "POST";
  request.url = config_.base_url + "/chat/completions";
  request.headers = {{"Content-Type", "application/json"}, {"Accept", "application/json"}};
  if (!config_.key.empty()) request.headers.emplace_back("Authorization", "Bearer " + config_.key);
  request.body = RequestBody(config_, messages, tools);
  const std::string request_digest = Sha256Hex(request.body);
  const Usage worst = {TokensAtMost(request.body.size()), config_.answer_tokens_max, false};
  const std::optional<Money> worst_cost = CostOf(config_, worst);

  std::chrono::milliseconds wait = config_.first_wait;
  for (int attempt = 1;; ++attempt) {
    const auto refuse = [](const char* which) {
      return Fail(Errc::kRefused, fmt::format("the language model's budget {} is used up; "
                                              "model.yaml sets it",
                                              which));
    };
    const std::int64_t tokens = worst.in + worst.out;
    if (tokens > budget.question_tokens) return refuse("of one question (question_tokens_max)");
    if (tokens > budget.day_tokens) return refuse("of the day (day_tokens_max)");
    if (budget.day_calls < 1) return refuse("of the day (day_calls_max)");
    if (budget.day_money && worst_cost && *worst_cost > *budget.day_money) {
      return refuse("of the day (day_money_max)");
    }

    CallRecord record;
    record.at = wall_->Now();
    record.model = config_.model;
    record.host = HostOf(config_.base_url);
    record.attempt = attempt;
    record.request_sha256 = request_digest;
    record.request_bytes = request.body.size();
    const auto began = Steady::now();
    const auto answer = transport_->Send(request, std::min(deadline, began + config_.call_timeout));
    record.took_ms =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - began).count();

    Result<Reply> reply = Fail(Errc::kUnavailable, "");
    Usage used = worst;
    if (!answer) {
      reply = Fail(answer.error());
      // Nothing can have been counted against us where nothing arrived.
      if (answer.error().code == Errc::kUnavailable) used = {0, 0, false};
    } else {
      record.status = answer->status;
      record.answer_bytes = answer->body.size();
      record.answer_sha256 = Sha256Hex(answer->body);
      if (answer->status != 200) {
        reply = Fail(ErrorOf(*answer));
        used = {0, 0, false};
      } else if (answer->body.size() > config_.answer_bytes_max) {
        reply = BadReply("more than answer_bytes_max allows");
      } else {
        reply = ReadReply(answer->body);
        if (reply && reply->usage.told) {
          used = reply->usage;
        } else if (reply) {
          used.out = std::min<std::int64_t>(used.out, TokensAtMost(answer->body.size()));
          reply->usage = used;
        }
      }
    }
    record.usage = used;
    record.cost = CostOf(config_, used);
    record.outcome = !reply                  ? std::string(ErrcName(reply.error().code))
                     : reply->wishes.empty() ? "answered"
                                             : "wishes";
    if (reply) {
      for (const ToolWish& wish : reply->wishes) record.tools.push_back(wish.name);
    }
    budget.question_tokens -= used.in + used.out;
    budget.day_tokens -= used.in + used.out;
    budget.day_calls -= 1;
    if (budget.day_money && record.cost) *budget.day_money -= *record.cost;
    if (audit_) audit_(record);

    if (reply || !MaySendAgain(reply.error().code) || attempt >= config_.attempts) return reply;
    std::chrono::milliseconds pause = wait;
    if (reply.error().retry_after_s) {
      pause = std::max<std::chrono::milliseconds>(
          pause, std::chrono::seconds(*reply.error().retry_after_s));
    }
    // Waiting past the deadline brings nothing but the same error later.
    if (Steady::now() + pause >= deadline) return reply;
    wall_->SleepUntil(wall_->Now() + pause);
    wait *= 2;
  }
}

}  // namespace maxopt::model
