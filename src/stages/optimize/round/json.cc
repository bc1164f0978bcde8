// A round's input as JSON, so that it can be kept and decided again.
#include "domain/json.h"

#include <fmt/format.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "stages/optimize/round/round.h"

namespace maxopt {
namespace {

using nlohmann::json;

std::unexpected<Error> BadRound(std::string what) {
  return Fail(Errc::kInvalidArgument, std::move(what));
}

Result<const json*> RoundMember(const json& object, const char* name, json::value_t type) {
  const auto found = object.find(name);
  if (found == object.end() || found->type() != type) {
    return BadRound(fmt::format("round.{} is missing or of another kind", name));
  }
  return &*found;
}

Result<double> RoundNumber(const json& object, const char* name) {
  const auto found = object.find(name);
  if (found == object.end() || !found->is_number()) {
    return BadRound(fmt::format("round.{} is no number", name));
  }
  return found->get<double>();
}

Result<std::string> RoundText(const json& object, const char* name) {
  MAXOPT_TRY(const json* found, RoundMember(object, name, json::value_t::string));
  return found->get<std::string>();
}

/// An account's or a client's; "XXX" is that of rows without one.
Result<Currency> RoundCurrency(const std::string& code) {
  if (code == kNoCurrency.name()) return kNoCurrency;
  return FindCurrency(code);
}

json DraftOf(const Plan& plan) {
  json out{{"client", plan.client},
           {"title", plan.title},
           {"created_by", plan.created_by},
           {"changes", json::array()},
           {"notes", plan.notes}};
  for (const Change& change : plan.changes) out["changes"].push_back(json::parse(ToJson(change)));
  if (plan.prediction) out["prediction"] = json::parse(ToJson(*plan.prediction));
  return out;
}

Result<Plan> DraftFrom(const json& object) {
  if (!object.is_object()) return BadRound("a draft is no object");
  Plan plan;
  MAXOPT_TRY(plan.client, RoundText(object, "client"));
  MAXOPT_TRY(plan.title, RoundText(object, "title"));
  MAXOPT_TRY(plan.created_by, RoundText(object, "created_by"));
  MAXOPT_TRY(const json* changes, RoundMember(object, "changes", json::value_t::array));
  for (const json& each : *changes) {
    MAXOPT_TRY(Change change, ChangeFromJson(each.dump()));
    plan.changes.push_back(std::move(change));
  }
  MAXOPT_TRY(const json* notes, RoundMember(object, "notes", json::value_t::array));
  for (const json& note : *notes) {
    if (!note.is_string()) return BadRound("a draft's note is no text");
    plan.notes.push_back(note.get<std::string>());
  }
  if (const auto found = object.find("prediction"); found != object.end()) {
    MAXOPT_TRY(plan.prediction, PredictionFromJson(found->dump()));
  }
  return plan;
}

json CandidateOf(const RoundCandidate& candidate) {
  const Opportunity& o = candidate.opportunity;
  json out{{"lever", candidate.lever},
           {"campaign", candidate.campaign},
           {"change", json::parse(ToJson(o.change))},
           {"value", o.value},
           {"low90", o.value_low90},
           {"high90", o.value_high90}};
  if (o.learning_days > 0) {
    out["learning_days"] = o.learning_days;
    out["learning_cost"] = o.learning_cost;
  }
  if (o.needs_second_signal) out["needs_second_signal"] = true;
  if (!o.second_signal.empty()) out["second_signal"] = o.second_signal;
  return out;
}

Result<RoundCandidate> CandidateFrom(const json& object) {
  if (!object.is_object()) return BadRound("a candidate is no object");
  RoundCandidate out;
  MAXOPT_TRY(out.lever, RoundText(object, "lever"));
  MAXOPT_TRY(out.campaign, RoundText(object, "campaign"));
  MAXOPT_TRY(const json* change, RoundMember(object, "change", json::value_t::object));
  Opportunity& o = out.opportunity;
  MAXOPT_TRY(o.change, ChangeFromJson(change->dump()));
  MAXOPT_TRY(o.value, RoundNumber(object, "value"));
  MAXOPT_TRY(o.value_low90, RoundNumber(object, "low90"));
  MAXOPT_TRY(o.value_high90, RoundNumber(object, "high90"));
  if (object.contains("learning_days")) {
    MAXOPT_TRY(const double days, RoundNumber(object, "learning_days"));
    if (!(days >= 0 && days <= 10'000)) return BadRound("round.learning_days is out of range");
    o.learning_days = static_cast<int>(days);
    MAXOPT_TRY(o.learning_cost, RoundNumber(object, "learning_cost"));
  }
  if (object.contains("needs_second_signal")) {
    MAXOPT_TRY(const json* needs,
               RoundMember(object, "needs_second_signal", json::value_t::boolean));
    o.needs_second_signal = needs->get<bool>();
  }
  if (object.contains("second_signal")) {
    MAXOPT_TRY(o.second_signal, RoundText(object, "second_signal"));
  }
  return out;
}

/// Absent in rounds of before there were any: then none is known.
Result<FxRates> RatesFrom(const json& round) {
  if (!round.contains("rates")) return FxRates();
  MAXOPT_TRY(const json* rates, RoundMember(round, "rates", json::value_t::object));
  MAXOPT_TRY(const std::string day_text, RoundText(*rates, "day"));
  MAXOPT_TRY(const Day day, ParseDay(day_text));
  MAXOPT_TRY(const json* known, RoundMember(*rates, "known", json::value_t::array));
  std::vector<FxRate> out;
  for (const json& each : *known) {
    if (!each.is_object()) return BadRound("a rate is no object");
    MAXOPT_TRY(const std::string of, RoundText(each, "day"));
    MAXOPT_TRY(const std::string from, RoundText(each, "from"));
    MAXOPT_TRY(const std::string to, RoundText(each, "to"));
    FxRate rate{day, kNoCurrency, kNoCurrency, ""};
    MAXOPT_TRY(rate.day, ParseDay(of));
    MAXOPT_TRY(rate.from, FindCurrency(from));
    MAXOPT_TRY(rate.to, FindCurrency(to));
    MAXOPT_TRY(rate.rate, RoundText(each, "rate"));
    MAXOPT_TRY(rate.source, RoundText(each, "source"));
    out.push_back(std::move(rate));
  }
  return FxRates(std::move(out), day);
}

}  // namespace

std::string ToJson(const RoundInput& input) {
  json out{{"client", input.client},
           {"currency", input.currency.name()},
           {"overdelivery_bp", json::object()},
           {"currencies", json::object()},
           {"rates", {{"day", PrintDay(input.rates.day())}, {"known", json::array()}}},
           {"candidates", json::array()},
           {"before", json::array()}};
  for (const auto& [platform, bp] : input.overdelivery_bp) {
    out["overdelivery_bp"][std::string(PlatformName(platform))] = bp;
  }
  for (const auto& [account, currency] : input.currencies) {
    out["currencies"][PrintAccount(account)] = currency.name();
  }
  for (const FxRate& rate : input.rates.all()) {
    out["rates"]["known"].push_back({{"day", PrintDay(rate.day)},
                                     {"from", rate.from.name()},
                                     {"to", rate.to.name()},
                                     {"rate", rate.rate},
                                     {"source", rate.source}});
  }
  for (const RoundCandidate& candidate : input.candidates) {
    out["candidates"].push_back(CandidateOf(candidate));
  }
  for (const Plan& plan : input.before) out["before"].push_back(DraftOf(plan));
  return out.dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<RoundInput> RoundInputFromJson(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return BadRound("a round is no JSON object");
  RoundInput out;
  MAXOPT_TRY(out.client, RoundText(object, "client"));
  MAXOPT_TRY(const std::string code, RoundText(object, "currency"));
  MAXOPT_TRY(out.currency, RoundCurrency(code));
  MAXOPT_TRY(const json* over, RoundMember(object, "overdelivery_bp", json::value_t::object));
  for (const auto& [name, bp] : over->items()) {
    MAXOPT_TRY(const Platform platform, FindPlatform(name));
    if (!bp.is_number_integer() || bp < 0 || bp > 10'000'000) {
      return BadRound("round.overdelivery_bp is out of range");
    }
    out.overdelivery_bp[platform] = bp.get<int>();
  }
  MAXOPT_TRY(const json* currencies, RoundMember(object, "currencies", json::value_t::object));
  for (const auto& [name, value] : currencies->items()) {
    MAXOPT_TRY(const AccountId account, ParseAccount(name));
    if (!value.is_string()) return BadRound("round.currencies has what is no text");
    MAXOPT_TRY(const Currency currency, RoundCurrency(value.get<std::string>()));
    out.currencies.insert_or_assign(account, currency);
  }
  MAXOPT_TRY(out.rates, RatesFrom(object));
  MAXOPT_TRY(const json* candidates, RoundMember(object, "candidates", json::value_t::array));
  for (const json& each : *candidates) {
    MAXOPT_TRY(RoundCandidate candidate, CandidateFrom(each));
    out.candidates.push_back(std::move(candidate));
  }
  MAXOPT_TRY(const json* before, RoundMember(object, "before", json::value_t::array));
  for (const json& each : *before) {
    MAXOPT_TRY(Plan plan, DraftFrom(each));
    out.before.push_back(std::move(plan));
  }
  return out;
}

std::string DraftJson(const Plan& plan) {
  return DraftOf(plan).dump(-1, ' ', false, json::error_handler_t::replace);
}

Result<Plan> DraftFromJson(std::string_view text) {
  return DraftFrom(json::parse(text, nullptr, false));
}

}  // namespace maxopt
