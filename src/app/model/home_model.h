#pragma once
#include <functional>
#include <memory>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "agent/model/model.h"
#include "app/home/home.h"
#include "clock/clock.h"
#include "http/http.h"
#include "result/result.h"

/// The language model of a home (model.yaml): who asks it asks within the day's budgets of
/// everybody on the home, and every call is a line of the decision ledger.
namespace maxopt {

struct ModelWorld {
  UseHome use;
  /// Makes the wire to the model's endpoint; `max_body_bytes` is the most that is read of an
  /// answer. Empty: libcurl.
  std::function<std::shared_ptr<http::Transport>(std::size_t max_body_bytes)> wire{};
  /// The real world's time, for budgets and waits. Empty: it is.
  std::shared_ptr<Clock> wall{};
};

/// model.yaml of a home; nullopt: there is none. kInvalidArgument with file and line.
Result<std::optional<model::Config>> ModelConfigOf(const std::string& folder);

/// One conversation: the budget of a question is the whole of what it may use. The home is not held
/// while the model is waited for, unless who called holds it.
class HomeModel {
 public:
  /// What is asked for, as the ledger's lines say it.
  struct Purpose {
    std::string client;
    std::string subject;  ///< "q-...", "c-...", "r-..."
    std::string by;
  };
  /// Reads what the day has left. Errors: the home's memory.
  static Result<HomeModel> Open(ModelWorld world, model::Config config, Purpose purpose);

  const model::Config& config() const { return state_->config; }
  /// Ends question_timeout after Open.
  http::Deadline deadline() const { return state_->deadline; }
  /// As model::Client::Complete, and kRefused where the call could not be written down or the
  /// answer holds the key: then nothing of it may be used.
  Result<model::Reply> Complete(const std::vector<model::Message>& messages,
                                const std::vector<model::ToolSpec>& tools);
  /// One question without tools: the words of its answer. kBadAnswer: it wished for a tool all the
  /// same.
  Result<std::string> Say(const std::string& system, const std::string& question);
  /// A further line of the ledger about the same subject; digests and outcomes, no words.
  Result<> Write(const std::string& event, const nlohmann::ordered_json& body);

 private:
  struct State {
    ModelWorld world;
    model::Config config;
    Purpose purpose;
    model::Budget budget{};
    http::Deadline deadline{};
    std::unique_ptr<model::Client> client{};
    std::string broken{};  ///< why a call could not be written down: it was the last one
  };
  static Result<> Append(const State& of, const std::string& event,
                         const nlohmann::ordered_json& body);
  explicit HomeModel(std::unique_ptr<State> state) : state_(std::move(state)) {}
  std::unique_ptr<State> state_;
};

/// Data as a model gets them: texts without what hides or reorders and no longer than a name, under
/// a note that says that they are data and no instructions.
std::string AsData(nlohmann::ordered_json data);
/// One such text.
std::string TameText(std::string_view text);
/// The JSON of an answer, also where it stands in a block of Markdown, as models like to write it.
/// kBadAnswer: it is none. Numbers are as ParseExactJson leaves them.
Result<nlohmann::json> JsonOfAnswer(std::string_view answer);

}  // namespace maxopt
