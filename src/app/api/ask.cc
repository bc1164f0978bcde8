// Questions in words.
#include "app/ask/ask.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <map>
#include <mutex>

#include "app/api/route.h"

namespace maxopt::api {
namespace {

/// A model may be asked for each: a person types one in some seconds, and twenty in a row is a
/// conversation; more is a program, which has the tools of MCP.
constexpr double kQuestionsPerSecond = 10.0 / 60;
constexpr double kQuestionsAtOnce = 20;
/// More users than this at once share what is left, as everywhere in the gate.
constexpr std::size_t kAskersMax = 10'000;

}  // namespace

struct Questions::State {
  struct Bucket {
    double level = kQuestionsAtOnce;
    std::chrono::steady_clock::time_point at = std::chrono::steady_clock::now();
  };
  std::mutex mutex;
  std::map<std::string, Bucket> buckets;
};

Questions::Questions() : state_(std::make_unique<State>()) {}
Questions::~Questions() = default;

std::optional<int> Questions::Take(const std::string& who) {
  const std::lock_guard lock(state_->mutex);
  const auto now = std::chrono::steady_clock::now();
  if (state_->buckets.size() > kAskersMax) state_->buckets.clear();
  State::Bucket& bucket = state_->buckets[who];
  const double passed = std::chrono::duration<double>(now - bucket.at).count();
  bucket.level = std::min(kQuestionsAtOnce, bucket.level + passed * kQuestionsPerSecond);
  bucket.at = now;
  if (bucket.level < 1) {
    return static_cast<int>(std::ceil((1 - bucket.level) / kQuestionsPerSecond));
  }
  bucket.level -= 1;
  return std::nullopt;
}

Answer AskQuestions(Call& call) {
  if (const auto wait = call.context.questions.Take(call.who.user)) {
    ApiError error(429, "rate_limited", "too many questions of yours", "",
                   "wait, then ask the same");
    error.retry_after_s = wait;
    return std::unexpected(std::move(error));
  }
  // A model may be waited for; the home is not held meanwhile.
  call.held.reset();
  AskWorld world;
  world.use = [&call]() -> Result<std::shared_ptr<Home>> {
    return call.context.world.home->Use(std::chrono::seconds(5));
  };
  AskQuestion question;
  question.client = call.client();
  question.text = call.body["question"].get<std::string>();
  question.by = call.by();
  question.model = call.body.value("model", true);
  MAXOPT_TRY(const AskAnswer answer, Ask(world, question));
  return JsonText(200, AskJson(question, answer));
}

}  // namespace maxopt::api
