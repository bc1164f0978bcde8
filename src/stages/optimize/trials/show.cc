#include <fmt/format.h>
#include <fmt/ranges.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "domain/message_text.h"
#include "stages/optimize/trials/record.h"

namespace maxopt {

using nlohmann::ordered_json;

namespace {

std::string Bound(double value) {
  return std::isfinite(value) ? fmt::format("{:.2f}", value) : std::string("no bound");
}

std::string ReadingText(const TrialReading& r) {
  std::string out =
      fmt::format("  {} to {}: {}\n", PrintDay(r.first), PrintDay(r.last), r.conclusion);
  if (!r.method.empty()) {
    out +=
        fmt::format("    {}: {}; evidence {}\n", r.method, r.variant, EvidenceGradeName(r.grade));
  }
  if (r.pre_r_squared) {
    out += fmt::format("    the {} days before were foretold with r2 {:.2f}\n", r.pre_days,
                       *r.pre_r_squared);
  }
  if (!r.plan.empty()) out += fmt::format("    plan {} keeps it\n", r.plan);
  for (const std::string& note : r.notes) out += fmt::format("    note: {}\n", note);
  return out;
}

std::string DesignText(const Trial& t) {
  const TrialDesign& d = t.design;
  if (d.days == 0) return "";
  return fmt::format(
      "  {} days{}; effect {:.0f} a day (90 %: {:.0f} to {:.0f}), standard error {:.0f}, found "
      "with "
      "{:.0f} %; smallest found with 80 %: {:.0f}\n"
      "  worth {:.0f} over {} days, costs {:.0f} (forgone {:.0f}, saved {:.0f}); net {:.0f}\n",
      d.days,
      t.kind == TrialKind::kSwitchback
          ? fmt::format(" in {} blocks of {}", t.schedule.size(), t.block_days)
          : fmt::format(", without {}", fmt::join(t.places, ", ")),
      d.effect, d.effect_low90, d.effect_high90, d.se, 100 * d.power, d.mde, d.worth,
      d.horizon_days, d.cost, d.forgone, d.saved, d.net());
}

}  // namespace

std::string TrialText(const Trial& trial) {
  std::string out =
      fmt::format("{:<8} {}\n  {}\n", TrialStateName(trial.state), trial.id, trial.title);
  if (!trial.why.empty()) out += fmt::format("  {}\n", trial.why);
  out += DesignText(trial);
  if (!trial.source.empty()) {
    out += fmt::format(
        "  {} to {}, read on {}\n", PrintDay(trial.start), PrintDay(trial.end),
        trial.source == "books" ? "the client's own books" : "what the platforms claim");
  }
  if (trial.open() && !trial.plan.empty()) {
    out += fmt::format("  newest plan {}: {}\n", trial.plan, trial.step);
  }
  for (const TrialReading& reading : trial.readings) out += ReadingText(reading);
  for (const std::string& note : trial.notes) out += fmt::format("  note: {}\n", note);
  return out;
}

std::string ProposalsText(const TrialProposals& proposals, Currency currency) {
  std::string out;
  for (const Trial& trial : proposals.trials) out += TrialText(trial) + "\n";
  if (proposals.trials.empty()) {
    out += "No experiment is worth what it costs.\n";
  } else {
    out += fmt::format(
        "Amounts in {}; a unit of money brings {:.2f} elsewhere. Next: maxopt "
        "experiments start CLIENT ID --by YOUR-NAME\n",
        currency.name(), proposals.money_elsewhere);
  }
  for (const std::string& one : proposals.not_worth) out += fmt::format("not proposed: {}\n", one);
  for (const std::string& one : proposals.notes) out += fmt::format("note: {}\n", one);
  return out;
}

std::string ProposalsJson(const TrialProposals& proposals) {
  ordered_json trials = ordered_json::array();
  for (const Trial& trial : proposals.trials) {
    trials.push_back(ordered_json::parse(TrialJson(trial)));
  }
  return ordered_json{{"experiments", trials},
                      {"not_worth", proposals.not_worth},
                      {"notes", proposals.notes},
                      {"money_elsewhere", proposals.money_elsewhere}}
      .dump(2, ' ', false, ordered_json::error_handler_t::replace);
}

std::vector<Message> ResultMessages(const Trial& trial, const TrialReading& reading, Instant now) {
  constexpr std::string_view kKind = "experiment_result";
  const DailyMessages day{trial.client, reading.last, now};
  ordered_json body = day.Head(kKind);
  body["experiment"] = {{"id", trial.id},
                        {"kind", TrialKindName(trial.kind)},
                        {"title", trial.title},
                        {"channel", trial.channel},
                        {"why", trial.why}};
  body["result"] = ordered_json::parse(trials::ReadingJson(reading));
  std::string text = fmt::format("# Experiment read: {}\n\n{}\n\n", MarkdownText(trial.title),
                                 MarkdownText(reading.conclusion));
  text += fmt::format("- {} to {}, evidence {}\n", PrintDay(reading.first), PrintDay(reading.last),
                      EvidenceGradeName(reading.grade));
  if (!reading.method.empty()) {
    text += fmt::format("- {}: {}\n", MarkdownText(reading.method), MarkdownText(reading.variant));
  }
  if (reading.daily) {
    text += fmt::format("- a day: {} (95 %: {} to {})\n", Bound(reading.daily->value),
                        Bound(reading.daily->low), Bound(reading.daily->high));
  }
  if (!reading.plan.empty()) text += fmt::format("- plan {}\n", MarkdownText(reading.plan));
  for (const std::string& note : reading.notes) text += fmt::format("- {}\n", MarkdownText(note));
  std::vector<std::string> to{"carlos"};
  if (trial.kind == TrialKind::kComparison && trial.variable == "creative") to.push_back("lucas");
  if (trial.kind == TrialKind::kComparison && trial.variable == "audience") to.push_back("olivia");
  std::vector<Message> out;
  for (const std::string& who : to) {
    out.push_back(day.Make(who, std::string(kKind), "Experiment read", body, text));
    out.back().about = trial.id;
  }
  return out;
}

}  // namespace maxopt
