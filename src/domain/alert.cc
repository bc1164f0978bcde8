#include "domain/alert.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

namespace maxopt {
namespace {

using Json = nlohmann::json;
using Verdict = Diagnosis::Verdict;

template <class E>
struct Word {
  E value;
  std::string_view name;
};
constexpr Word<AlertTier> kTiers[] = {{AlertTier::kInfo, "info"},
                                      {AlertTier::kWarning, "warning"},
                                      {AlertTier::kCritical, "critical"}};
constexpr Word<Verdict> kVerdicts[] = {{Verdict::kLikely, "likely"},
                                       {Verdict::kPossible, "possible"},
                                       {Verdict::kRuledOut, "ruled_out"},
                                       {Verdict::kNotChecked, "not_checked"}};
constexpr Word<SignalState> kSignals[] = {{SignalState::kOk, "ok"},
                                          {SignalState::kDegraded, "degraded"},
                                          {SignalState::kBroken, "broken"},
                                          {SignalState::kUnknown, "unknown"}};

template <class E, std::size_t n>
std::string_view NameOf(const Word<E> (&words)[n], E value) {
  for (const Word<E>& word : words) {
    if (word.value == value) return word.name;
  }
  Bug();
}
template <class E, std::size_t n>
Result<E> Find(const Word<E> (&words)[n], std::string_view name, std::string_view what) {
  std::string known;
  for (const Word<E>& word : words) {
    if (word.name == name) return word.value;
    known += (known.empty() ? "" : ", ") + std::string(word.name);
  }
  return Fail(Errc::kInvalidArgument,
              fmt::format("\"{}\" is no {}; known are {}", name, what, known));
}

std::string Dump(const Json& json) {
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Json Number(std::optional<double> number) { return number ? Json(*number) : Json(); }

std::optional<double> NumberFrom(const Json& json) {
  if (json.is_null()) return std::nullopt;
  return json.get<double>();
}

/// Runs a reader over parsed JSON; what nlohmann throws becomes an error that says whose it is.
template <class Read>
auto Parsed(std::string_view text, std::string_view what, Read read)
    -> decltype(read(std::declval<const Json&>())) {
  try {
    return read(Json::parse(text.begin(), text.end()));
  } catch (const Json::exception& error) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}: {}", what, error.what()));
  }
}

}  // namespace

std::string_view AlertTierName(AlertTier tier) { return NameOf(kTiers, tier); }
Result<AlertTier> FindAlertTier(std::string_view name) { return Find(kTiers, name, "alert tier"); }
std::string_view VerdictName(Verdict verdict) { return NameOf(kVerdicts, verdict); }
std::string_view SignalStateName(SignalState state) { return NameOf(kSignals, state); }
Result<SignalState> FindSignalState(std::string_view name) {
  return Find(kSignals, name, "signal state");
}

std::string SubjectOf(const Condition& c) {
  if (!c.account) return c.client;
  std::string subject = PrintAccount(*c.account);
  if (!c.object_id.empty()) {
    subject += fmt::format("/{}/{}", LevelName(c.level), c.object_id);
  }
  return subject;
}

std::string Fingerprint(const Condition& c) {
  return fmt::format("{}|{}|{}|{}|{}", c.client, c.detector, SubjectOf(c), c.kpi, c.direction);
}

std::string ToJson(const Condition& c) {
  Json json{{"client", c.client},
            {"detector", c.detector},
            {"level", LevelName(c.level)},
            {"object_id", c.object_id},
            {"name", c.name},
            {"kpi", c.kpi},
            {"direction", c.direction},
            {"tier", AlertTierName(c.tier)},
            {"title", c.title},
            {"actual", c.actual},
            {"expected", c.expected},
            {"deviation", Number(c.deviation)},
            {"since", PrintInstant(c.since)},
            {"evidence", c.evidence},
            {"proposal", c.proposal}};
  if (c.account) {
    json["platform"] = PlatformName(c.account->platform);
    json["account"] = c.account->id;
  }
  if (c.at_stake) {
    json["at_stake"] = {{"money", PrintDecimal(*c.at_stake)},
                        {"currency", c.at_stake->currency().name()}};
  }
  return Dump(json);
}

Result<Condition> ConditionFromJson(std::string_view text) {
  return Parsed(text, "alert condition", [](const Json& json) -> Result<Condition> {
    Condition c;
    c.client = json.at("client").get<std::string>();
    c.detector = json.at("detector").get<std::string>();
    MAXOPT_TRY(c.level, FindLevel(json.at("level").get<std::string>()));
    c.object_id = json.at("object_id").get<std::string>();
    c.name = json.at("name").get<std::string>();
    c.kpi = json.at("kpi").get<std::string>();
    c.direction = json.at("direction").get<std::string>();
    MAXOPT_TRY(c.tier, FindAlertTier(json.at("tier").get<std::string>()));
    c.title = json.at("title").get<std::string>();
    c.actual = json.at("actual").get<std::string>();
    c.expected = json.at("expected").get<std::string>();
    c.deviation = NumberFrom(json.at("deviation"));
    MAXOPT_TRY(c.since, ParseInstant(json.at("since").get<std::string>()));
    c.evidence = json.at("evidence").get<std::vector<std::string>>();
    c.proposal = json.at("proposal").get<std::string>();
    if (json.contains("account")) {
      MAXOPT_TRY(const Platform platform, FindPlatform(json.at("platform").get<std::string>()));
      c.account = AccountId{platform, json.at("account").get<std::string>()};
    }
    if (json.contains("at_stake")) {
      const Json& stake = json.at("at_stake");
      MAXOPT_TRY(const Currency currency, FindCurrency(stake.at("currency").get<std::string>()));
      MAXOPT_TRY(c.at_stake, ParseMoney(stake.at("money").get<std::string>(), currency));
    }
    return c;
  });
}

std::string ToJson(const Diagnosis& d) {
  Json json{{"factors", Json::array()},
            {"segments", Json::array()},
            {"causes", Json::array()},
            {"proposal", d.proposal}};
  for (const Diagnosis::Factor& f : d.factors) {
    json["factors"].push_back({{"name", f.name},
                               {"before", Number(f.before)},
                               {"after", Number(f.after)},
                               {"share", f.share}});
  }
  for (const Diagnosis::Segment& s : d.segments) {
    json["segments"].push_back({{"dimension", s.dimension},
                                {"element", s.element},
                                {"share", s.share},
                                {"surprise", s.surprise}});
  }
  for (const Diagnosis::Cause& c : d.causes) {
    json["causes"].push_back(
        {{"what", c.what}, {"verdict", VerdictName(c.verdict)}, {"evidence", c.evidence}});
  }
  return Dump(json);
}

Result<Diagnosis> DiagnosisFromJson(std::string_view text) {
  return Parsed(text, "diagnosis", [](const Json& json) -> Result<Diagnosis> {
    Diagnosis d;
    for (const Json& f : json.at("factors")) {
      d.factors.push_back({f.at("name").get<std::string>(), NumberFrom(f.at("before")),
                           NumberFrom(f.at("after")), f.at("share").get<double>()});
    }
    for (const Json& s : json.at("segments")) {
      d.segments.push_back({s.at("dimension").get<std::string>(),
                            s.at("element").get<std::string>(), s.at("share").get<double>(),
                            s.at("surprise").get<double>()});
    }
    for (const Json& c : json.at("causes")) {
      MAXOPT_TRY(const Verdict verdict,
                 Find(kVerdicts, c.at("verdict").get<std::string>(), "verdict"));
      d.causes.push_back(
          {c.at("what").get<std::string>(), verdict, c.at("evidence").get<std::string>()});
    }
    d.proposal = json.at("proposal").get<std::string>();
    return d;
  });
}

}  // namespace maxopt
