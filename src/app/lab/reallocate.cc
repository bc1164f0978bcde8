// lab reallocate: one step of the closed loop, from raw history to budgets.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>
#include <set>

#include "app/lab/files.h"
#include "app/lab/history.h"
#include "app/lab/lab.h"
#include "decide/reallocation/reallocation.h"
#include "measure/response/response.h"

namespace maxopt::lab {
namespace {

using nlohmann::json;
using nlohmann::ordered_json;

/// What still fits, in minor units, into 64 bits with room for sums.
constexpr double kAmountMax = 1e13;

struct Context {
  std::vector<std::string> campaigns;
  std::map<std::string, double> current;
  std::optional<TimeValue> next_day, horizon_day;
  int horizon_days = 0, decision_days = 7;
  double total = 0, total_max = 0;
  bool may_underspend = false;
  double gross_margin = 1;
  std::string kpi = "revenue";
};

Result<Context> ReadContext(const std::string& path) {
  MAXOPT_TRY(const std::string bytes, ReadWhole(path));
  const json document = json::parse(bytes, nullptr, false);
  const auto wrong = [&](std::string_view field, std::string_view why) {
    return Fail(Errc::kInvalidArgument, fmt::format("{}, {}: {}", path, field, why));
  };
  if (!document.is_object()) return Fail(Errc::kInvalidArgument, path + " is no JSON object");
  Context out;
  const auto given = [&](const char* field) {
    return document.contains(field) && !document[field].is_null();
  };
  const auto amount = [&](const char* field, double& into) -> Result<> {
    if (!given(field)) return {};
    if (!document[field].is_number() || !std::isfinite(document[field].get<double>()) ||
        document[field].get<double>() < 0) {
      return wrong(field, "is not an amount of 0 or more");
    }
    if (document[field].get<double>() > kAmountMax) return wrong(field, "is above 10^13");
    into = document[field].get<double>();
    return {};
  };
  const auto days = [&](const char* field, int& into) -> Result<> {
    double value = into;
    MAXOPT_CHECK(amount(field, value));
    if (value != std::floor(value) || value > 1e6) return wrong(field, "is not a number of days");
    into = static_cast<int>(value);
    return {};
  };
  const auto time = [&](const char* field, std::optional<TimeValue>& into) -> Result<> {
    if (!given(field)) return {};
    const json& value = document[field];
    if (!value.is_number_integer() && !value.is_string()) return wrong(field, "is no day");
    auto parsed = ParseTime(value.is_string() ? value.get<std::string>()
                                              : std::to_string(value.get<std::int64_t>()));
    if (!parsed) return wrong(field, parsed.error().what);
    into = *parsed;
    return {};
  };
  if (given("current_budget")) {
    if (!document["current_budget"].is_object()) {
      return wrong("current_budget", "is not an object of campaign and amount");
    }
    for (const auto& [id, value] : document["current_budget"].items()) {
      if (!value.is_number() || !std::isfinite(value.get<double>()) || value.get<double>() < 0) {
        return wrong("current_budget." + id, "is not an amount of 0 or more");
      }
      if (value.get<double>() > kAmountMax) return wrong("current_budget." + id, "is above 10^13");
      out.current[id] = value.get<double>();
    }
  }
  if (given("campaigns")) {
    if (!document["campaigns"].is_array()) return wrong("campaigns", "is not a list of names");
    for (const json& id : document["campaigns"]) {
      if (!id.is_string()) return wrong("campaigns", "holds something that is no name");
      out.campaigns.push_back(id.get<std::string>());
    }
    if (std::set<std::string>(out.campaigns.begin(), out.campaigns.end()).size() !=
        out.campaigns.size()) {
      return wrong("campaigns", "names one campaign twice");
    }
  }
  for (const auto& [id, value] : out.current) {
    if (!out.campaigns.empty() &&
        std::find(out.campaigns.begin(), out.campaigns.end(), id) == out.campaigns.end()) {
      return wrong("current_budget." + id, "is not among the campaigns");
    }
  }
  MAXOPT_CHECK(time("next_day", out.next_day));
  MAXOPT_CHECK(time("horizon_day", out.horizon_day));
  MAXOPT_CHECK(days("horizon_days", out.horizon_days));
  MAXOPT_CHECK(days("decision_days", out.decision_days));
  if (out.decision_days < 1) return wrong("decision_days", "is below 1");
  for (const auto& [id, value] : out.current) out.total += value;
  MAXOPT_CHECK(amount("daily_total_budget", out.total));
  out.total_max = out.total;
  MAXOPT_CHECK(amount("max_daily_total", out.total_max));
  MAXOPT_CHECK(amount("gross_margin", out.gross_margin));
  if (!(out.gross_margin > 0 && out.gross_margin <= 1)) {
    return wrong("gross_margin", "is not in (0, 1]");
  }
  if (given("may_underspend")) {
    if (!document["may_underspend"].is_boolean()) {
      return wrong("may_underspend", "is neither true nor false");
    }
    out.may_underspend = document["may_underspend"].get<bool>();
  }
  if (given("kpi")) {
    if (!document["kpi"].is_string()) return wrong("kpi", "is no name of a column");
    out.kpi = document["kpi"].get<std::string>();
  }
  if (out.total_max < 0.01 && given("max_daily_total")) {
    return wrong("max_daily_total", "is below 0.01, so that nothing may be spent");
  }
  // The lower of the two holds.
  out.total = std::min(out.total, out.total_max);
  if (!(out.total >= 0.01)) return wrong("daily_total_budget", "is missing, or below 0.01");
  return out;
}

/// Where the horizon began and what is left of it. horizon_day may be the last day of the horizon,
/// its first, or the number of days of it that have passed; which, its size tells.
struct Horizon {
  std::int64_t start;
  int left;
};
Horizon HorizonOf(const Context& context, std::int64_t next, std::int64_t first) {
  const int all = context.horizon_days > 0 ? context.horizon_days : 8 * context.decision_days;
  if (!context.horizon_day) return {next, all};
  const std::int64_t day = context.horizon_day->number;
  const auto bounded = [&](std::int64_t left) {
    return static_cast<int>(std::clamp<std::int64_t>(left, context.decision_days, all));
  };
  // A passed-days count leaves a history of some weeks before the start.
  constexpr std::int64_t kBefore = 28;
  if (!context.horizon_day->date && day >= 0 && day < all && day != next &&
      next - day - first >= kBefore) {
    return {next - day, bounded(all - day)};
  }
  if (day > next) {
    const std::int64_t start = std::min(next, day - all);
    return {start - first >= kBefore ? start : next, bounded(day - next)};
  }
  return {day - first >= kBefore ? day : next, bounded(day + all - next)};
}

std::string Cents(std::int64_t minor) { return fmt::format("{}.{:02}", minor / 100, minor % 100); }

/// A name as it came, quoted where CSV asks for it: programs read this, so nothing guards it
/// against spreadsheets.
std::string Quoted(const std::string& name) {
  if (name.find_first_of(",\"\r\n") == std::string::npos) return name;
  std::string out = "\"";
  for (const char c : name) out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + "\"";
}

/// A fit that knows nothing, by which every budget stays where it is.
ResponseFit NothingLearnt(const ResponseData& data) {
  ResponseFit fit{};
  for (const auto& channel : data.channels) {
    ChannelResponse response{};
    response.id = channel.id;
    response.draws = {ResponseDraw{{ResponseShape::Family::kPower, 1, 1}, 0, 1, 0, 0}};
    fit.channels.push_back(std::move(response));
  }
  return fit;
}

}  // namespace

Result<int> ReallocateFile(const ReallocateArguments& arguments) {
  MAXOPT_TRY(Context context, ReadContext(arguments.context));
  MAXOPT_TRY(History history, ReadHistory({arguments.campaigns, arguments.kpi, "", context.kpi}));
  ResponseData& data = history.data;
  if (context.campaigns.empty()) {
    for (const auto& channel : data.channels) context.campaigns.push_back(channel.id);
  }
  const bool any_current = !context.current.empty();
  for (const std::string& id : context.campaigns) {
    const bool known = std::any_of(data.channels.begin(), data.channels.end(),
                                   [&](const auto& c) { return c.id == id; });
    if (known) continue;
    data.channels.push_back({id, std::vector<double>(history.rows(), 0.0)});
    history.notes.push_back(fmt::format("{} has no history: it keeps its budget", id));
  }
  const std::int64_t end = history.first + static_cast<std::int64_t>(history.rows()) * history.step;
  if (context.next_day && context.next_day->date != history.dates) {
    return Fail(Errc::kInvalidArgument,
                fmt::format("{}, next_day: is a time of another kind than those of {}",
                            arguments.context, arguments.kpi));
  }
  const std::int64_t next = context.next_day ? context.next_day->number : end;
  const Horizon horizon = HorizonOf(context, next, history.first);
  const auto rows = static_cast<std::int64_t>(history.rows());
  const std::int64_t start_row = std::clamp<std::int64_t>(history.RowOf(horizon.start), 1, rows);
  if (start_row < rows) data.steered_from = static_cast<std::size_t>(start_row);

  const std::size_t recent = history.rows() - std::min<std::size_t>(history.rows(), 84);
  const bool learnt = history.rows() >= LeastPeriods(data.period_days);
  const auto fit = learnt ? FitResponse(data, {.seed = arguments.seed,
                                               .window = std::pair{recent, history.rows() - 1}})
                          : Result<ResponseFit>(NothingLearnt(data));
  if (!fit) return FailWithin(arguments.campaigns + ", " + arguments.kpi, fit.error());

  // Only the campaigns of the context get money; others in the history are media all the same.
  ResponseFit chosen = *fit;
  ResponseData subset;
  chosen.channels.clear();
  subset.revenue = data.revenue;
  subset.period_days = data.period_days;
  LoopPosition position;
  for (const std::string& id : context.campaigns) {
    for (std::size_t c = 0; c < data.channels.size(); ++c) {
      if (data.channels[c].id != id) continue;
      chosen.channels.push_back(fit->channels[c]);
      subset.channels.push_back(data.channels[c]);
      double budget = 0;
      if (const auto at = context.current.find(id); at != context.current.end()) {
        budget = at->second;
      } else if (!any_current) {
        // Without current budgets, what was spent in the last step stands for them.
        const std::size_t span = std::min<std::size_t>(
            history.rows(),
            static_cast<std::size_t>(std::max(1, context.decision_days / data.period_days)));
        for (std::size_t t = history.rows() - span; t < history.rows(); ++t) {
          budget += data.channels[c].spend[t] / static_cast<double>(span) / data.period_days;
        }
      }
      position.current_budget.push_back(budget);
    }
  }
  position.horizon_start = static_cast<std::size_t>(start_row);
  position.days_left = horizon.left;
  position.step_days = context.decision_days;
  position.total = context.total;
  position.total_max = context.total_max;
  position.may_underspend = context.may_underspend;
  position.gross_margin = context.gross_margin;
  auto problem = ProblemOf(subset, chosen, position);
  if (!problem) return FailWithin(arguments.context, problem.error());
  if (!learnt && any_current) problem->present = position.current_budget;
  const auto move = Reallocate(*problem, chosen);
  if (!move) return FailWithin(arguments.context, move.error());

  std::string csv = "campaign,budget\n";
  for (const auto& share : move->shares) csv += Quoted(share.id) + "," + Cents(share.minor) + "\n";
  MAXOPT_CHECK(WriteWhole(arguments.out, csv));

  std::vector<std::string> ups, downs, explored, unknown;
  ordered_json campaigns = ordered_json::object();
  for (std::size_t c = 0; c < move->shares.size(); ++c) {
    const auto& share = move->shares[c];
    const double before = problem->home[c];
    if (share.aim > 1.02 * before) ups.push_back(share.id);
    if (share.aim < 0.98 * before) downs.push_back(share.id);
    if (std::abs(share.explore) > 0.01) explored.push_back(share.id);
    if (!share.identified) unknown.push_back(share.id);
    campaigns[share.id] = {{"budget", Digits12(static_cast<double>(share.minor) / 100)},
                           {"aim", Digits12(share.aim)},
                           {"home", Digits12(before)},
                           {"explore", Digits12(share.explore)},
                           {"marginal_roas", IntervalJson(share.marginal)},
                           {"identified", share.identified},
                           {"binding", share.binding}};
  }
  const auto list = [](const std::vector<std::string>& names) {
    return names.empty() ? std::string("none") : fmt::format("{}", fmt::join(names, ", "));
  };
  ordered_json why = ordered_json::array();
  if (!learnt) {
    why.push_back(
        fmt::format("{} rows are too few to learn from, {} are needed: the budgets stay "
                    "in the proportion that they have",
                    history.rows(), LeastPeriods(data.period_days)));
  } else {
    why.push_back(
        fmt::format("learnt from {} rows: above the split before steering go {}; below it {}",
                    history.rows(), list(ups), list(downs)));
    why.push_back(fmt::format("the data tell little about {}", list(unknown)));
    why.push_back(
        explored.empty()
            ? "nothing is varied on purpose: it would cost more than it teaches in the time "
              "left"
            : fmt::format("varied on purpose, in opposite pairs of steps: {}; expected to {} "
                          "{:.2f} of profit a day",
                          list(explored), move->explore_cost < 0 ? "bring" : "cost",
                          std::abs(move->explore_cost)));
    why.push_back(fmt::format(
        "expected gain over the split before steering: {:.2f} of revenue a day "
        "(90 %: {:.2f} to {:.2f}), positive in {:.0f} % of the plausible worlds",
        move->gain.mean, move->gain.low90, move->gain.high90, 100 * move->gain_confidence));
    // Revenue alone would call a cut that pays a loss.
    if (std::abs(move->spend_change) >= 0.005) {
      why.push_back(fmt::format(
          "that spends {:.2f} a day {} than it: {:.2f} of profit a day (90 %: {:.2f} to {:.2f})",
          std::abs(move->spend_change), move->spend_change < 0 ? "less" : "more",
          move->profit_gain.mean, move->profit_gain.low90, move->profit_gain.high90));
    }
  }
  const ordered_json about{
      {"why", why},
      {"total", Digits12(static_cast<double>(move->total_minor) / 100)},
      {"gain", learnt ? ordered_json(IntervalJson(move->gain)) : ordered_json(nullptr)},
      {"spend_change", Digits12(move->spend_change)},
      {"profit_gain",
       learnt ? ordered_json(IntervalJson(move->profit_gain)) : ordered_json(nullptr)},
      {"gain_confidence",
       learnt ? ordered_json(Digits12(move->gain_confidence)) : ordered_json(nullptr)},
      {"step_gain", learnt ? ordered_json(IntervalJson(move->step_gain)) : ordered_json(nullptr)},
      {"explore_cost", Digits12(move->explore_cost)},
      {"stake", Digits12(move->stake)},
      {"days_left", horizon.left},
      {"steered_from", data.steered_from ? ordered_json(history.Print(horizon.start)) : nullptr},
      {"demand_following", fit->demand_following},
      {"ignored_controls", fit->ignored_controls},
      {"notes", history.notes},
      {"campaigns", campaigns}};
  fmt::print("{}\n", about.dump(2, ' ', false, json::error_handler_t::replace));
  return 0;
}

}  // namespace maxopt::lab
