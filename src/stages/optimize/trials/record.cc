#include "stages/optimize/trials/record.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

#include "domain/json.h"
#include "memory/campaigns/ledger.h"
#include "memory/campaigns/trials.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

template <class E>
struct Word {
  E value;
  std::string_view name;
};
constexpr Word<TrialKind> kKinds[] = {{TrialKind::kSwitchback, "switchback"},
                                      {TrialKind::kGeoHoldout, "geo_holdout"},
                                      {TrialKind::kRotatingHoldout, "rotating_holdout"},
                                      {TrialKind::kComparison, "comparison"}};
constexpr Word<TrialState> kStates[] = {
    {TrialState::kProposed, "proposed"}, {TrialState::kStarting, "starting"},
    {TrialState::kRunning, "running"},   {TrialState::kEnding, "ending"},
    {TrialState::kSettling, "settling"}, {TrialState::kMeasured, "measured"},
    {TrialState::kStopped, "stopped"}};
constexpr Word<EvidenceGrade> kGrades[] = {{EvidenceGrade::kNone, "none"},
                                           {EvidenceGrade::kWeak, "weak"},
                                           {EvidenceGrade::kModerate, "moderate"},
                                           {EvidenceGrade::kStrong, "strong"}};

template <class E, std::size_t n>
std::string_view NameIn(const Word<E> (&words)[n], E value) {
  for (const Word<E>& word : words) {
    if (word.value == value) return word.name;
  }
  Bug();
}
template <class E, std::size_t n>
Result<E> FindIn(const Word<E> (&words)[n], std::string_view name) {
  for (const Word<E>& word : words) {
    if (word.name == name) return word.value;
  }
  return Fail(Errc::kLocal, fmt::format("\"{}\" is no word of a kept experiment", name));
}

/// A number, or null where it has no bound.
ordered_json Number(double value) {
  return std::isfinite(value) ? ordered_json(value) : ordered_json(nullptr);
}
ordered_json EstimateJson(const std::optional<Estimate>& e) {
  if (!e) return nullptr;
  return {{"value", Number(e->value)}, {"low", Number(e->low)}, {"high", Number(e->high)}};
}
std::optional<Estimate> EstimateFrom(const ordered_json& node) {
  if (!node.is_object()) return std::nullopt;
  const auto end = [&](const char* name, double without) {
    return node.at(name).is_number() ? node.at(name).get<double>() : without;
  };
  return Estimate{end("value", 0), end("low", -INFINITY), end("high", INFINITY)};
}
template <class T>
ordered_json Maybe(const std::optional<T>& value) {
  return value ? ordered_json(*value) : ordered_json(nullptr);
}
std::optional<double> MaybeNumber(const ordered_json& node) {
  return node.is_number() ? std::optional(node.get<double>()) : std::nullopt;
}

ordered_json Readable(const TrialReading& r) {
  ordered_json out{{"at", PrintInstant(r.at)},
                   {"first", PrintDay(r.first)},
                   {"last", PrintDay(r.last)},
                   {"method", r.method},
                   {"variant", r.variant},
                   {"kpi", r.kpi},
                   {"daily", EstimateJson(r.daily)},
                   {"total", EstimateJson(r.total)},
                   {"lift", EstimateJson(r.lift)},
                   {"p_value", Maybe(r.p_value)},
                   {"spend", Maybe(r.spend)},
                   {"predicted", nullptr},
                   {"pre_fit", {{"days", r.pre_days}, {"r_squared", Maybe(r.pre_r_squared)}}},
                   {"evidence", EvidenceGradeName(r.grade)},
                   {"conclusion", r.conclusion},
                   {"notes", r.notes},
                   {"winner", r.winner},
                   {"plan", r.plan},
                   {"places", r.places}};
  if (r.has_prediction) {
    out["predicted"] = {
        {"mean", r.predicted}, {"low90", r.predicted_low90}, {"high90", r.predicted_high90}};
  }
  return out;
}

Result<TrialReading> ReadingFrom(const ordered_json& node) {
  TrialReading r;
  MAXOPT_TRY(r.at, ParseInstant(node.at("at").get<std::string>()));
  MAXOPT_TRY(r.first, ParseDay(node.at("first").get<std::string>()));
  MAXOPT_TRY(r.last, ParseDay(node.at("last").get<std::string>()));
  r.method = node.at("method").get<std::string>();
  r.variant = node.at("variant").get<std::string>();
  r.kpi = node.at("kpi").get<std::string>();
  r.daily = EstimateFrom(node.at("daily"));
  r.total = EstimateFrom(node.at("total"));
  r.lift = EstimateFrom(node.at("lift"));
  r.p_value = MaybeNumber(node.at("p_value"));
  r.spend = MaybeNumber(node.at("spend"));
  if (const ordered_json& predicted = node.at("predicted"); predicted.is_object()) {
    r.has_prediction = true;
    r.predicted = predicted.at("mean").get<double>();
    r.predicted_low90 = predicted.at("low90").get<double>();
    r.predicted_high90 = predicted.at("high90").get<double>();
  }
  r.pre_days = node.at("pre_fit").at("days").get<int>();
  r.pre_r_squared = MaybeNumber(node.at("pre_fit").at("r_squared"));
  MAXOPT_TRY(r.grade, FindIn(kGrades, node.at("evidence").get<std::string>()));
  r.conclusion = node.at("conclusion").get<std::string>();
  r.notes = node.at("notes").get<std::vector<std::string>>();
  r.winner = node.at("winner").get<std::string>();
  r.plan = node.at("plan").get<std::string>();
  r.places = node.at("places").get<std::vector<std::string>>();
  return r;
}

ordered_json MoveJson(const TrialMove& m) {
  return {{"account", {{"platform", PlatformName(m.account.platform)}, {"id", m.account.id}}},
          {"level", LevelName(m.level)},
          {"id", m.id},
          {"campaign_id", m.campaign_id},
          {"address", m.address},
          {"name", m.name},
          {"field", m.field},
          {"base", ordered_json::parse(ToJson(m.base))},
          {"on", ordered_json::parse(ToJson(m.on))},
          {"off", ordered_json::parse(ToJson(m.off))}};
}
Result<TrialMove> MoveFrom(const ordered_json& node) {
  TrialMove m;
  MAXOPT_TRY(m.account.platform,
             FindPlatform(node.at("account").at("platform").get<std::string>()));
  m.account.id = node.at("account").at("id").get<std::string>();
  MAXOPT_TRY(m.level, FindLevel(node.at("level").get<std::string>()));
  m.id = node.at("id").get<std::string>();
  m.campaign_id = node.at("campaign_id").get<std::string>();
  m.address = node.at("address").get<std::string>();
  m.name = node.at("name").get<std::string>();
  m.field = node.at("field").get<std::string>();
  MAXOPT_TRY(m.base, FieldValueFromJson(node.at("base").dump()));
  MAXOPT_TRY(m.on, FieldValueFromJson(node.at("on").dump()));
  MAXOPT_TRY(m.off, FieldValueFromJson(node.at("off").dump()));
  return m;
}

ordered_json TrialObject(const Trial& t) {
  ordered_json moves = ordered_json::array(), switches = moves, readings = moves;
  for (const TrialMove& move : t.moves) moves.push_back(MoveJson(move));
  for (const TrialSwitch& s : t.switches) {
    switches.push_back({{"at", PrintInstant(s.at)}, {"on", s.on}, {"plan", s.plan}});
  }
  for (const TrialReading& reading : t.readings) readings.push_back(Readable(reading));
  const TrialDesign& d = t.design;
  return {
      {"id", t.id},
      {"client", t.client},
      {"kind", TrialKindName(t.kind)},
      {"state", TrialStateName(t.state)},
      {"channel", t.channel},
      {"title", t.title},
      {"why", t.why},
      {"source", t.source},
      {"variable", t.variable},
      {"start", PrintDay(t.start)},
      {"end", PrintDay(t.end)},
      {"block_days", t.block_days},
      {"burn_in_days", t.burn_in_days},
      {"schedule", t.schedule},
      {"places", t.places},
      {"place_ids", t.place_ids},
      {"place_sizes", t.place_sizes},
      {"turn_through", t.turn_through},
      {"design",
       {{"days", d.days},
        {"effect", {{"mean", d.effect}, {"low90", d.effect_low90}, {"high90", d.effect_high90}}},
        {"se", Number(d.se)},
        {"mde", Number(d.mde)},
        {"power", d.power},
        {"cost", d.cost},
        {"forgone", d.forgone},
        {"saved", d.saved},
        {"worth", d.worth},
        {"net", d.net()},
        {"horizon_days", d.horizon_days},
        {"place_share", d.place_share}}},
      {"moves", moves},
      {"proposed_at", PrintInstant(t.proposed_at)},
      {"started_by", t.started_by},
      {"plan", t.plan},
      {"step", t.step},
      {"stopping", t.stopping},
      {"switches", switches},
      {"readings", readings},
      {"notes", t.notes}};
}

Result<Trial> TrialFrom(const StoredTrial& row) {
  Trial t;
  t.id = row.id;
  t.client = row.client;
  try {
    const ordered_json node = ordered_json::parse(row.body);
    MAXOPT_TRY(t.kind, FindIn(kKinds, node.at("kind").get<std::string>()));
    MAXOPT_TRY(t.state, FindIn(kStates, row.state));
    t.channel = node.at("channel").get<std::string>();
    t.title = node.at("title").get<std::string>();
    t.why = node.at("why").get<std::string>();
    t.source = node.at("source").get<std::string>();
    t.variable = node.at("variable").get<std::string>();
    MAXOPT_TRY(t.start, ParseDay(node.at("start").get<std::string>()));
    MAXOPT_TRY(t.end, ParseDay(node.at("end").get<std::string>()));
    t.block_days = node.at("block_days").get<int>();
    t.burn_in_days = node.at("burn_in_days").get<int>();
    t.schedule = node.at("schedule").get<std::vector<bool>>();
    t.places = node.at("places").get<std::vector<std::string>>();
    t.place_ids =
        node.at("place_ids").get<std::map<std::string, std::map<std::string, std::string>>>();
    t.place_sizes = node.at("place_sizes").get<std::map<std::string, double>>();
    t.turn_through = node.at("turn_through").get<bool>();
    const ordered_json& d = node.at("design");
    const auto number = [](const ordered_json& at) {
      return at.is_number() ? at.get<double>() : INFINITY;
    };
    t.design.days = d.at("days").get<int>();
    t.design.effect = d.at("effect").at("mean").get<double>();
    t.design.effect_low90 = d.at("effect").at("low90").get<double>();
    t.design.effect_high90 = d.at("effect").at("high90").get<double>();
    t.design.se = number(d.at("se"));
    t.design.mde = number(d.at("mde"));
    t.design.power = d.at("power").get<double>();
    t.design.cost = d.at("cost").get<double>();
    t.design.forgone = d.at("forgone").get<double>();
    t.design.saved = d.at("saved").get<double>();
    t.design.worth = d.at("worth").get<double>();
    t.design.horizon_days = d.at("horizon_days").get<int>();
    t.design.place_share = d.at("place_share").get<double>();
    for (const ordered_json& move : node.at("moves")) {
      MAXOPT_TRY(TrialMove read, MoveFrom(move));
      t.moves.push_back(std::move(read));
    }
    MAXOPT_TRY(t.proposed_at, ParseInstant(node.at("proposed_at").get<std::string>()));
    t.started_by = node.at("started_by").get<std::string>();
    t.plan = node.at("plan").get<std::string>();
    t.step = node.at("step").get<std::string>();
    t.stopping = node.at("stopping").get<bool>();
    for (const ordered_json& s : node.at("switches")) {
      TrialSwitch read;
      MAXOPT_TRY(read.at, ParseInstant(s.at("at").get<std::string>()));
      read.on = s.at("on").get<bool>();
      read.plan = s.at("plan").get<std::string>();
      t.switches.push_back(std::move(read));
    }
    for (const ordered_json& reading : node.at("readings")) {
      MAXOPT_TRY(TrialReading read, ReadingFrom(reading));
      t.readings.push_back(std::move(read));
    }
    t.notes = node.at("notes").get<std::vector<std::string>>();
  } catch (const nlohmann::json::exception& e) {
    return Fail(Errc::kLocal,
                fmt::format("experiment \"{}\" cannot be read: {}", row.id, e.what()));
  }
  return t;
}

std::string Dump(const ordered_json& node, int indent) {
  return node.dump(indent, ' ', false, ordered_json::error_handler_t::replace);
}

}  // namespace

std::string_view TrialKindName(TrialKind kind) { return NameIn(kKinds, kind); }
std::string_view TrialStateName(TrialState state) { return NameIn(kStates, state); }
std::string_view EvidenceGradeName(EvidenceGrade grade) { return NameIn(kGrades, grade); }

std::string TrialJson(const Trial& trial) { return Dump(TrialObject(trial), 2); }

Result<std::vector<Trial>> TrialsOf(CampaignStore& store, const std::string& client) {
  MAXOPT_TRY(const std::vector<StoredTrial> rows, StoredTrials(store, client));
  std::vector<Trial> out;
  for (const StoredTrial& row : rows) {
    MAXOPT_TRY(Trial trial, TrialFrom(row));
    out.push_back(std::move(trial));
  }
  return out;
}

namespace trials {

Result<> Keep(CampaignStore& store, const Trial& trial, Instant now) {
  return SaveTrial(store, {trial.id, trial.client, std::string(TrialStateName(trial.state)),
                           Dump(TrialObject(trial), -1), now});
}

Result<Trial> Find(CampaignStore& store, const std::string& client, const std::string& id) {
  MAXOPT_TRY(std::vector<Trial> all, TrialsOf(store, client));
  std::vector<std::string> ids;
  for (Trial& trial : all) {
    if (trial.id == id) return std::move(trial);
    ids.push_back(trial.id);
  }
  return Fail(Errc::kNotFound,
              ids.empty()
                  ? fmt::format("client \"{}\" has no experiment; maxopt experiments propose "
                                "looks for some",
                                client)
                  : fmt::format("client \"{}\" has no experiment \"{}\"; there are {}", client, id,
                                fmt::join(ids, ", ")));
}

std::string ReadingJson(const TrialReading& reading) { return Dump(Readable(reading), -1); }

Result<> Tell(CampaignStore& store, const Trial& trial, const std::string& event,
              const std::string& once, const std::string& members, Instant now) {
  MAXOPT_TRY(const std::vector<LedgerEntry> told,
             Ledger(store, {trial.client, event, trial.id, 10'000}));
  for (const LedgerEntry& entry : told) {
    const auto body = ordered_json::parse(entry.body, nullptr, false);
    if (body.is_object() && body.value("once", "") == once) return {};
  }
  ordered_json body{{"once", once},
                    {"kind", TrialKindName(trial.kind)},
                    {"channel", trial.channel},
                    {"title", trial.title}};
  if (!members.empty()) body.update(ordered_json::parse(members));
  LedgerEntry entry;
  entry.at = now;
  entry.client = trial.client;
  entry.event = event;
  entry.subject = trial.id;
  entry.body = Dump(body, -1);
  MAXOPT_CHECK(AppendLedger(store, std::move(entry)));
  return {};
}

}  // namespace trials

}  // namespace maxopt
