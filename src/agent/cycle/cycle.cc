#include "agent/cycle/cycle.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>
#include <set>

#include "domain/digest.h"

namespace maxopt {
namespace {

using nlohmann::json;

constexpr std::string_view kFormat = "cycle/1";
constexpr std::array<std::string_view, kCycleSteps> kStepNames = {
    "goal", "planning", "evaluation", "selection", "execution", "learning"};
constexpr std::array<std::string_view, 4> kStateNames = {"running", "stopped", "done", "abandoned"};
/// Of a kept cycle, deeper than anything a stage puts there.
constexpr int kDepthMax = 64;
/// Of a value that a difference shows.
constexpr std::size_t kShownMax = 400;

std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

/// Pointer of the first number that JSON cannot write; nullopt: all can be written.
std::optional<std::string> NotFinite(const json& value, const std::string& at) {
  if (value.is_number_float() && !std::isfinite(value.get<double>())) return at;
  if (!value.is_structured()) return std::nullopt;
  for (const auto& [key, member] : value.items()) {
    if (auto found = NotFinite(member, at + "/" + key)) return found;
  }
  return std::nullopt;
}

/// As it is kept: what is decided from is what can be read back later, byte for byte.
Result<std::string> Canonical(const json& value, std::string_view what) {
  if (!value.is_object()) {
    return Fail(Errc::kBadAnswer, fmt::format("{} is no object but {}", what, value.type_name()));
  }
  if (const auto at = NotFinite(value, "")) {
    return Fail(Errc::kBadAnswer, fmt::format("{}: the number at {} is not finite", what, *at));
  }
  return Dump(value);
}

/// Refuses what the parser lets pass: repeated members and any depth.
Result<json> ParseStrict(std::string_view text) {
  std::vector<std::set<std::string>> open;
  std::string repeated;
  bool deep = false;
  const json::parser_callback_t watch = [&](int depth, json::parse_event_t event, json& parsed) {
    switch (event) {
      case json::parse_event_t::object_start:
        open.emplace_back();
        deep = deep || depth >= kDepthMax;
        break;
      case json::parse_event_t::array_start:
        deep = deep || depth >= kDepthMax;
        break;
      case json::parse_event_t::object_end:
        open.pop_back();
        break;
      case json::parse_event_t::key:
        if (!open.back().insert(parsed.get<std::string>()).second && repeated.empty()) {
          repeated = parsed.get<std::string>();
        }
        break;
      case json::parse_event_t::array_end:
      case json::parse_event_t::value:
        break;
    }
    return true;
  };
  json out;
  try {
    out = json::parse(text.begin(), text.end(), watch);
  } catch (const json::parse_error& e) {
    return Fail(Errc::kInvalidArgument, fmt::format("cycle is not JSON: error at byte {}", e.byte));
  } catch (const json::exception&) {  // a number beyond double
    return Fail(Errc::kInvalidArgument, "cycle is not JSON that can be held");
  }
  if (deep) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("cycle is nested more than {} levels deep", kDepthMax));
  }
  if (!repeated.empty()) {
    return Fail(Errc::kInvalidArgument, fmt::format("cycle has the member \"{}\" twice", repeated));
  }
  return out;
}

/// The digest of what was asked: what the chain hangs on.
std::string Anchor(const Cycle& cycle) {
  return Sha256Hex(Dump(json::array({kFormat, cycle.id, cycle.stage, cycle.version, cycle.client,
                                     PrintInstant(cycle.at), cycle.asked})));
}

std::string Link(const std::string& before, std::size_t step, const StepRecord& record) {
  const auto digest = [](const std::string& bytes) {
    return bytes.empty() ? std::string() : Sha256Hex(bytes);
  };
  return Sha256Hex(
      Dump(json::array({before, kStepNames[step], digest(record.input), digest(record.output)})));
}

bool Finished(const StepRecord& record) { return !record.output.empty(); }

std::size_t FinishedSteps(const Cycle& cycle) {
  std::size_t n = 0;
  while (n < cycle.steps.size() && Finished(cycle.steps[n])) ++n;
  return n;
}

/// What must hold of any cycle, kept or in hand.
Result<> CheckShape(const Cycle& cycle) {
  const auto bad = [](std::string what) { return Fail(Errc::kInvalidArgument, std::move(what)); };
  if (cycle.stage.empty()) return bad("cycle.stage is empty");
  if (cycle.steps.size() > kCycleSteps) return bad("cycle.steps has more than six steps");
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    const StepRecord& record = cycle.steps[i];
    const std::string at = fmt::format("cycle.steps[{}]", i);
    if (record.attempts < 1) return bad(at + ".attempts is below 1");
    if (Finished(record) && record.input.empty())
      return bad(at + " came to something from nothing");
    if (Finished(record) != record.ended_at.has_value()) {
      return bad(at + ".ended_at goes with its output");
    }
    if (!Finished(record) && i + 1 < cycle.steps.size()) {
      return bad(at + " is unfinished, and another was begun after it");
    }
  }
  if (cycle.state == CycleState::kDone && FinishedSteps(cycle) != kCycleSteps) {
    return bad("cycle.state is done, but not all six steps are");
  }
  return {};
}

/// Views of what is finished; the parsed values live here.
struct Parsed {
  json asked;
  std::array<json, kCycleSteps> inputs, outputs;

  static Result<Parsed> Of(const Cycle& cycle) {
    Parsed out;
    const auto read = [&](const std::string& bytes, std::string_view what) -> Result<json> {
      json value = json::parse(bytes, nullptr, false);
      if (!value.is_object() || Dump(value) != bytes) {
        return Fail(Errc::kRefused,
                    fmt::format("cycle {}: {} is not as it was kept", cycle.id, what));
      }
      return value;
    };
    MAXOPT_TRY(out.asked, read(cycle.asked, "what was asked"));
    for (std::size_t i = 0; i < FinishedSteps(cycle); ++i) {
      MAXOPT_TRY(out.outputs[i], read(cycle.steps[i].output, kStepNames[i]));
    }
    for (std::size_t i = 0; i < cycle.steps.size() && !cycle.steps[i].input.empty(); ++i) {
      MAXOPT_TRY(out.inputs[i],
                 read(cycle.steps[i].input, fmt::format("what {} saw", kStepNames[i])));
    }
    return out;
  }
};

std::string Shown(const json& value) {
  std::string text = Dump(value);
  if (text.size() > kShownMax) {
    text.resize(kShownMax);
    text += "...";
  }
  return text;
}

struct Difference {
  std::string place, kept, now;
};
/// The first place, in order of members, where two values are not the same.
std::optional<Difference> FirstDifference(const json& kept, const json& now,
                                          const std::string& at) {
  const auto escaped = [](std::string key) {
    std::string out;
    for (const char c : key) out += c == '~' ? "~0" : c == '/' ? "~1" : std::string(1, c);
    return out;
  };
  if (kept.is_object() && now.is_object()) {
    std::set<std::string> keys;
    for (const auto& [key, value] : kept.items()) keys.insert(key);
    for (const auto& [key, value] : now.items()) keys.insert(key);
    for (const std::string& key : keys) {
      const std::string place = at + "/" + escaped(key);
      if (!kept.contains(key)) return Difference{place, "(nothing)", Shown(now[key])};
      if (!now.contains(key)) return Difference{place, Shown(kept[key]), "(nothing)"};
      if (auto found = FirstDifference(kept[key], now[key], place)) return found;
    }
    return std::nullopt;
  }
  if (kept.is_array() && now.is_array()) {
    for (std::size_t i = 0; i < std::max(kept.size(), now.size()); ++i) {
      const std::string place = fmt::format("{}/{}", at, i);
      if (i >= kept.size()) return Difference{place, "(nothing)", Shown(now[i])};
      if (i >= now.size()) return Difference{place, Shown(kept[i]), "(nothing)"};
      if (auto found = FirstDifference(kept[i], now[i], place)) return found;
    }
    return std::nullopt;
  }
  // 1 and 1.0 are equal numbers and other bytes.
  if (Dump(kept) == Dump(now)) return std::nullopt;
  return Difference{at, Shown(kept), Shown(now)};
}

/// Members of an object, each of which must be taken.
class Members {
 public:
  static Result<Members> Of(const json& value, std::string where) {
    if (!value.is_object()) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} must be an object, not {}", where, value.type_name()));
    }
    return Members(value, std::move(where));
  }
  Result<const json*> Need(const std::string& name) {
    taken_.insert(name);
    const auto found = json_->find(name);
    if (found == json_->end()) {
      return Fail(Errc::kInvalidArgument, fmt::format("{}.{} is missing", where_, name));
    }
    return &*found;
  }
  const json* Find(const std::string& name) {
    taken_.insert(name);
    const auto found = json_->find(name);
    return found == json_->end() ? nullptr : &*found;
  }
  Result<std::string> Text(const std::string& name) {
    MAXOPT_TRY(const json* found, Need(name));
    if (!found->is_string()) return Wrong(name, "text", *found);
    return found->get<std::string>();
  }
  Result<int> Count(const std::string& name) {
    MAXOPT_TRY(const json* found, Need(name));
    if (!found->is_number_integer() || *found < 0 || *found > 1'000'000) {
      return Wrong(name, "a whole number from 0 to 1000000", *found);
    }
    return found->get<int>();
  }
  Result<Instant> At(const std::string& name) {
    MAXOPT_TRY(const std::string text, Text(name));
    const auto at = ParseInstant(text);
    if (!at) return FailWithin(fmt::format("{}.{}", where_, name), at.error());
    return *at;
  }
  /// The object's canonical bytes.
  Result<std::string> Object(const std::string& name) {
    MAXOPT_TRY(const json* found, Need(name));
    if (!found->is_object()) return Wrong(name, "an object", *found);
    return Dump(*found);
  }
  Result<> NothingElse() const {
    for (const auto& [name, value] : json_->items()) {
      if (!taken_.contains(name)) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{}.{} is not a known member", where_, name));
      }
    }
    return {};
  }
  std::unexpected<Error> Wrong(const std::string& name, std::string_view expected,
                               const json& found) const {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}.{} must be {}, not {}", where_, name, expected, found.type_name()));
  }

 private:
  Members(const json& value, std::string where) : json_(&value), where_(std::move(where)) {}
  const json* json_;
  std::string where_;
  std::set<std::string> taken_;
};

/// What was kept is another program's or another hand's where a member is not there: never a crash.
template <class Work>
Result<json> Guarded(const Work& work) {
  try {
    return work();
  } catch (const std::exception& e) {
    return Fail(Errc::kBadAnswer,
                fmt::format("what was kept is not what this step reads: {}", e.what()));
  }
}

Result<> CheckStage(const Cycle& cycle, const CycleStage& stage) {
  if (cycle.stage != stage.name) {
    return Fail(Errc::kConflict,
                fmt::format("cycle {} is of stage {}, not {}", cycle.id, cycle.stage, stage.name));
  }
  return {};
}

}  // namespace

std::string_view CycleStepName(CycleStep step) {
  return kStepNames[static_cast<std::size_t>(step)];
}
std::string_view CycleStateName(CycleState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}
Result<CycleState> FindCycleState(std::string_view name) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == name) return static_cast<CycleState>(i);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("there is no state \"{}\" of a cycle; known are running, stopped, done, "
                          "abandoned",
                          name));
}

const json& CycleView::Of(CycleStep step) const {
  const json* output = outputs_[static_cast<std::size_t>(step)];
  if (output == nullptr) Bug();
  return *output;
}
const json& CycleView::Saw(CycleStep step) const {
  const json* input = inputs_[static_cast<std::size_t>(step)];
  if (input == nullptr) Bug();
  return *input;
}
void CycleView::Put(CycleStep step, const json* input, const json* output) {
  inputs_[static_cast<std::size_t>(step)] = input;
  outputs_[static_cast<std::size_t>(step)] = output;
}

std::string HeadOf(const Cycle& cycle) {
  std::string head;
  for (std::size_t i = 0; i < cycle.steps.size() && !cycle.steps[i].input.empty(); ++i) {
    head = Link(i == 0 ? Anchor(cycle) : head, i, cycle.steps[i]);
  }
  return head;
}

Result<> RunCycle(Cycle& cycle, const CycleStage& stage, const CycleWorld& world) {
  MAXOPT_CHECK(CheckStage(cycle, stage));
  MAXOPT_CHECK(CheckShape(cycle));
  if (cycle.state == CycleState::kDone) return {};
  if (cycle.state == CycleState::kAbandoned) {
    return Fail(Errc::kConflict, fmt::format("cycle {} was abandoned: {}; begin a new one",
                                             cycle.id, cycle.problem));
  }
  if (cycle.version != stage.version) {
    return Fail(Errc::kConflict,
                fmt::format("cycle {} was begun by version {} of its stage's steps, this program "
                            "has {}; begin a new one",
                            cycle.id, cycle.version, stage.version));
  }
  MAXOPT_TRY(Parsed parsed, Parsed::Of(cycle));
  CycleView view(cycle, parsed.asked);
  for (std::size_t i = 0; i < FinishedSteps(cycle); ++i) {
    view.Put(static_cast<CycleStep>(i), &parsed.inputs[i], &parsed.outputs[i]);
  }
  cycle.state = CycleState::kRunning;
  cycle.problem.clear();
  for (std::size_t i = FinishedSteps(cycle); i < kCycleSteps; ++i) {
    const CycleWork& work = stage.steps[i];
    const auto stop = [&](Error error) -> Result<> {
      cycle.state = CycleState::kStopped;
      error.what = fmt::format("{}: {}", kStepNames[i], error.what);
      cycle.problem = error.what;
      MAXOPT_CHECK(world.keep(cycle));
      return Fail(std::move(error));
    };
    if (cycle.steps.size() == i) cycle.steps.emplace_back().began_at = world.clock->Now();
    StepRecord& record = cycle.steps[i];
    if (record.input.empty()) {
      const bool again = record.attempts > 0;
      ++record.attempts;
      MAXOPT_CHECK(world.keep(cycle));
      const Result<json> seen = Guarded([&] { return work.see(view, again); });
      if (!seen) return stop(seen.error());
      auto bytes = Canonical(*seen, "what it saw");
      if (!bytes) return stop(std::move(bytes).error());
      record.input = *std::move(bytes);
      // From the bytes that are kept, so that a replay is given the same.
      parsed.inputs[i] = json::parse(record.input);
      MAXOPT_CHECK(world.keep(cycle));
    }
    const Result<json> came = Guarded([&] { return work.decide(view, parsed.inputs[i]); });
    if (!came) return stop(came.error());
    auto bytes = Canonical(*came, "what it came to");
    if (!bytes) return stop(std::move(bytes).error());
    record.output = *std::move(bytes);
    record.ended_at = world.clock->Now();
    parsed.outputs[i] = json::parse(record.output);
    view.Put(static_cast<CycleStep>(i), &parsed.inputs[i], &parsed.outputs[i]);
    if (i + 1 == kCycleSteps) cycle.state = CycleState::kDone;
    MAXOPT_CHECK(world.keep(cycle));
  }
  return {};
}

Result<CycleReplay> ReplayCycle(const Cycle& cycle, const CycleStage& stage) {
  MAXOPT_CHECK(CheckStage(cycle, stage));
  MAXOPT_CHECK(CheckShape(cycle));
  MAXOPT_TRY(const Parsed parsed, Parsed::Of(cycle));
  CycleReplay out;
  CycleView view(cycle, parsed.asked);
  for (std::size_t i = 0; i < FinishedSteps(cycle); ++i) {
    const StepRecord& record = cycle.steps[i];
    ReplayedStep step;
    step.step = static_cast<CycleStep>(i);
    const Result<json> came =
        Guarded([&] { return stage.steps[i].decide(view, parsed.inputs[i]); });
    const auto bytes = came ? Canonical(*came, "what it came to")
                            : Result<std::string>(std::unexpected(came.error()));
    if (!bytes) {
      step = {static_cast<CycleStep>(i), false, "", Shown(parsed.outputs[i]),
              "error: " + bytes.error().what};
    } else if (*bytes != record.output) {
      const auto found = FirstDifference(parsed.outputs[i], json::parse(*bytes), "");
      if (!found) Bug();  // other bytes of equal values: both are canonical
      step = {static_cast<CycleStep>(i), false, found->place, found->kept, found->now};
    }
    if (!step.same && out.same) {
      out.same = false;
      out.why = fmt::format("{}{}: it was {}, it would be {} now", kStepNames[i], step.place,
                            step.kept, step.now);
      if (cycle.version != stage.version) {
        out.why += fmt::format("; it was decided by version {} of the steps, this program has {}",
                               cycle.version, stage.version);
      }
    }
    out.steps.push_back(std::move(step));
    view.Put(static_cast<CycleStep>(i), &parsed.inputs[i], &parsed.outputs[i]);
  }
  return out;
}

std::string ToJson(const Cycle& cycle) {
  json steps = json::array();
  std::string link = Anchor(cycle);
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    const StepRecord& record = cycle.steps[i];
    json step{{"step", kStepNames[i]},
              {"began_at", PrintInstant(record.began_at)},
              {"attempts", record.attempts}};
    if (record.ended_at) step["ended_at"] = PrintInstant(*record.ended_at);
    if (!record.input.empty()) {
      step["input"] = json::parse(record.input);
      step["input_hash"] = Sha256Hex(record.input);
      link = Link(link, i, record);
      step["link"] = link;
    }
    if (!record.output.empty()) {
      step["output"] = json::parse(record.output);
      step["output_hash"] = Sha256Hex(record.output);
    }
    steps.push_back(std::move(step));
  }
  json out{{"maxopt", kFormat},
           {"id", cycle.id},
           {"stage", cycle.stage},
           {"version", cycle.version},
           {"client", cycle.client},
           {"asked", json::parse(cycle.asked)},
           {"at", PrintInstant(cycle.at)},
           {"state", CycleStateName(cycle.state)},
           {"steps", std::move(steps)}};
  if (!cycle.problem.empty()) out["problem"] = cycle.problem;
  return Dump(out);
}

Result<Cycle> CycleFromJson(std::string_view text) {
  MAXOPT_TRY(const json root, ParseStrict(text));
  MAXOPT_TRY(Members members, Members::Of(root, "cycle"));
  MAXOPT_TRY(const std::string format, members.Text("maxopt"));
  if (format != kFormat) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("cycle.maxopt is \"{}\"; this program reads {}", format, kFormat));
  }
  Cycle cycle;
  MAXOPT_TRY(cycle.id, members.Text("id"));
  if (cycle.id.empty()) return Fail(Errc::kInvalidArgument, "cycle.id is empty");
  MAXOPT_TRY(cycle.stage, members.Text("stage"));
  MAXOPT_TRY(cycle.version, members.Count("version"));
  MAXOPT_TRY(cycle.client, members.Text("client"));
  MAXOPT_TRY(cycle.asked, members.Object("asked"));
  MAXOPT_TRY(cycle.at, members.At("at"));
  MAXOPT_TRY(const std::string state, members.Text("state"));
  MAXOPT_TRY(cycle.state, FindCycleState(state));
  if (members.Find("problem") != nullptr) {
    MAXOPT_TRY(cycle.problem, members.Text("problem"));
  }
  MAXOPT_TRY(const json* steps, members.Need("steps"));
  if (!steps->is_array() || steps->size() > kCycleSteps) {
    return members.Wrong("steps", "a list of at most six", *steps);
  }
  MAXOPT_CHECK(members.NothingElse());
  std::string link = Anchor(cycle);
  for (std::size_t i = 0; i < steps->size(); ++i) {
    const std::string where = fmt::format("cycle.steps[{}]", i);
    MAXOPT_TRY(Members step, Members::Of((*steps)[i], where));
    MAXOPT_TRY(const std::string name, step.Text("step"));
    if (name != kStepNames[i]) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{} is \"{}\", where {} is due", where, name, kStepNames[i]));
    }
    StepRecord record;
    MAXOPT_TRY(record.began_at, step.At("began_at"));
    MAXOPT_TRY(record.attempts, step.Count("attempts"));
    if (step.Find("ended_at") != nullptr) {
      MAXOPT_TRY(record.ended_at, step.At("ended_at"));
    }
    const auto kept = [&](const std::string& member, std::string& bytes) -> Result<> {
      MAXOPT_TRY(bytes, step.Object(member));
      MAXOPT_TRY(const std::string hash, step.Text(member + "_hash"));
      if (hash != Sha256Hex(bytes)) {
        return Fail(Errc::kRefused, fmt::format("cycle {}: the {} of {} is not as it was kept",
                                                cycle.id, member, name));
      }
      return {};
    };
    if (step.Find("input") != nullptr) MAXOPT_CHECK(kept("input", record.input));
    if (step.Find("output") != nullptr) MAXOPT_CHECK(kept("output", record.output));
    if (!record.input.empty()) {
      link = Link(link, i, record);
      MAXOPT_TRY(const std::string told, step.Text("link"));
      if (told != link) {
        return Fail(Errc::kRefused,
                    fmt::format("cycle {}: {} does not follow from what was kept before it",
                                cycle.id, name));
      }
    }
    MAXOPT_CHECK(step.NothingElse());
    cycle.steps.push_back(std::move(record));
  }
  MAXOPT_CHECK(CheckShape(cycle));
  return cycle;
}

std::string CycleText(const Cycle& cycle) {
  std::string out = fmt::format("{}  {} of {}, {}, {}\n", cycle.id, cycle.stage, cycle.client,
                                PrintInstant(cycle.at), CycleStateName(cycle.state));
  if (cycle.asked != "{}") out += fmt::format("  asked: {}\n", cycle.asked);
  constexpr std::size_t kDigits = 12;
  for (std::size_t i = 0; i < cycle.steps.size(); ++i) {
    const StepRecord& record = cycle.steps[i];
    out += fmt::format("\n{}. {}", i + 1, kStepNames[i]);
    if (!record.input.empty()) {
      out += fmt::format("  saw {}", Sha256Hex(record.input).substr(0, kDigits));
    }
    if (Finished(record)) {
      out += fmt::format(", decided {}", Sha256Hex(record.output).substr(0, kDigits));
    }
    if (record.attempts > 1) out += fmt::format(", tried {} times", record.attempts);
    out += Finished(record) ? "\n" : "  (not finished)\n";
    const json output = json::parse(record.output, nullptr, false);
    const auto says = output.is_object() ? output.find("says") : output.end();
    if (!output.is_object() || says == output.end() || !says->is_array()) continue;
    for (const json& line : *says) {
      if (line.is_string()) out += fmt::format("   {}\n", line.get<std::string>());
    }
  }
  if (!cycle.problem.empty()) out += fmt::format("\n{}\n", cycle.problem);
  if (const std::string head = HeadOf(cycle); !head.empty())
    out += fmt::format("\nhead {}\n", head);
  return out;
}

}  // namespace maxopt
