#include "stages/optimize/levers/partwise.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <nlohmann/json.hpp>

#include "domain/harvest.h"

namespace maxopt::levers {
namespace {

/// What brings more than a tenth of the campaign's value is not stopped on the platform's word
/// alone.
constexpr double kMuchOfIt = 0.1;

}  // namespace

std::optional<PartCampaign> CampaignToJudge(const LeverState& state, const LeverAccount& account,
                                            const Entity& campaign, const CampaignSums* sums,
                                            const std::set<Day>& days,
                                            std::vector<std::string>& notes) {
  if (TextField(campaign.fields, "status") != kActive) return std::nullopt;
  if (sums == nullptr || !(sums->spend > 0)) return std::nullopt;
  const std::string name = WithoutMarker(TextField(campaign.fields, "name"));
  if (const std::string why = state.Still(account, campaign); !why.empty()) {
    notes.push_back(fmt::format("campaign \"{}\" is left alone: {}", name, why));
    return std::nullopt;
  }
  if (Harvests(name)) {
    notes.push_back(HarvestNote(campaign));
    return std::nullopt;
  }
  PartCampaign out;
  out.account = &account;
  out.campaign = &campaign;
  out.kpi = KpiOf(state, account, campaign);
  out.sums = *sums;
  out.days = days;
  if (!(out.sums.conversions > 0) || (out.kpi.revenue && !(out.sums.revenue > 0))) {
    notes.push_back(fmt::format("campaign \"{}\": no {} are known of {} to {}", name,
                                out.kpi.Numerator(), PrintDay(*days.begin()),
                                PrintDay(*days.rbegin())));
    return std::nullopt;
  }
  out.parts.refills = Refills(account, campaign, out.sums);
  out.parts.worth = out.kpi.Worth();
  if (!out.parts.refills && !out.parts.worth) {
    notes.push_back(fmt::format(
        "campaign \"{}\" does not spend its budget, so what a part of it does not spend is saved; "
        "without a target in the documents (cpa or roas) nothing says what that is worth",
        name));
    return std::nullopt;
  }
  // Orders are taken to be spread like an exponential distribution, whose mean square is twice its
  // squared mean: single order values are not in the facts.
  if (out.kpi.revenue) out.parts.unit = 2 * out.sums.revenue / out.sums.conversions;
  if (out.kpi.revenue) {
    out.unit_value = out.parts.refills ? 1 : 1 / *out.parts.worth;
  } else if (out.kpi.target) {
    out.unit_value = *out.kpi.target;
  } else {
    out.unit_value = out.sums.has_revenue ? out.sums.revenue / out.sums.conversions
                                          : out.sums.spend / out.sums.conversions;
  }
  return out;
}

Result<std::vector<CutCampaign>> CampaignsByPart(const LeverWorld& world, const LeverState& state,
                                                 const LeverAccount& account,
                                                 const CutQuestion& question,
                                                 std::vector<std::string>& notes) {
  std::vector<CutCampaign> out;
  const std::string who = PrintAccount(account.tree.info.account);
  MAXOPT_TRY(const std::set<Day> days,
             JudgedDaysOf(world, state, account, Grain::kDay, question.breakdown));
  const int least = PartsOptions{}.least_days;
  if (static_cast<int>(days.size()) < least) {
    notes.push_back(
        fmt::format("{}: {} days by {} whose conversions are nearly all known; {} are needed", who,
                    days.size(), question.dimension, least));
    return out;
  }
  MAXOPT_TRY(const auto sums, SumsOf(world, account, days));
  FactQuery query;
  query.measures = {"spend", "conversions", "revenue", "impressions", "clicks"};
  query.dimensions = {"campaign", std::string(question.dimension)};
  query.filters = {{"account", {who}, false}};
  query.from = *days.begin();
  query.to = *days.rbegin();
  query.grain = "day";
  MAXOPT_TRY(const FactTable table, world.facts->Query(query));
  if (table.rows.empty()) return out;
  std::map<std::string, std::map<std::string, std::vector<const std::vector<FactCell>*>>> by;
  const std::size_t id = table.Column("campaign_id"), segment = table.Column(question.dimension),
                    period = table.Column("period"), spend = table.Column("spend"),
                    impressions = table.Column("impressions"), clicks = table.Column("clicks");
  for (const auto& row : table.rows) {
    if (const auto part = question.part_of(row[segment].text)) {
      by[row[id].text][*part].push_back(&row);
    }
  }
  for (const Entity* entity : CampaignsOf(account)) {
    const auto own = by.find(entity->id);
    if (own == by.end() || own->second.size() < 2) continue;  // one has no like
    if (std::string why = question.refusal ? question.refusal(*entity) : std::string();
        !why.empty()) {
      notes.push_back(std::move(why));
      continue;
    }
    const auto known = sums.find(entity->id);
    auto campaign = CampaignToJudge(state, account, *entity,
                                    known == sums.end() ? nullptr : &known->second, days, notes);
    if (!campaign) continue;
    CutCampaign cut{*std::move(campaign), {}, {}, {}, {}};
    PartsOf& parts = cut.campaign.parts;
    parts.parts = own->second.size();
    cut.by_click = parts;
    const std::size_t value = table.Column(cut.campaign.kpi.Numerator());
    for (const auto& [name, rows] : own->second) {
      const std::size_t part = cut.names.size();
      cut.names.push_back(name);
      cut.impressions.push_back(0);
      cut.clicks.push_back(0);
      for (const auto* row : rows) {
        MAXOPT_TRY(const Day day, ParseDay((*row)[period].text));
        if (!days.contains(day)) continue;
        const auto amount = [&](std::size_t at) { return std::max(0.0, (*row)[at].Amount()); };
        parts.rows.push_back(
            {part, static_cast<int>(day.time_since_epoch().count()), amount(spend), amount(value)});
        cut.by_click.rows.push_back({part, parts.rows.back().day, amount(clicks), amount(value)});
        cut.impressions[part] += amount(impressions);
        cut.clicks[part] += amount(clicks);
      }
    }
    out.push_back(std::move(cut));
  }
  return out;
}

PartsOptions PartsOptionsOf(const LeverState& state) {
  PartsOptions options;
  options.cost_share_max = std::clamp(static_cast<double>(state.step_max_bp()) / 1e4, 0.01, 1.0);
  return options;
}

void SetEffect(const LeverState& state, const PartCampaign& of, const PartsReport& report,
               double share, Opportunity& opportunity) {
  const double money = of.unit_value * share;
  opportunity.value = report.gain.mean * money;
  opportunity.value_low90 = report.gain.low90 * money;
  opportunity.value_high90 = report.gain.high90 * money;
  opportunity.needs_second_signal = report.claimed_share > kMuchOfIt;
  Prediction prediction{of.kpi.Numerator(), 0, 0, 0, kHorizonDays};
  if (of.parts.refills) {
    prediction.mean = report.gain.mean * share;
    prediction.low90 = report.gain.low90 * share;
    prediction.high90 = report.gain.high90 * share;
  } else {
    // What is foretold of the KPI is its loss; what is won is the money.
    const double spread = report.gain.mean - report.gain.low90;
    prediction.mean = -report.value_lost * share;
    prediction.low90 = -(report.value_lost + spread) * share;
    prediction.high90 = std::min(0.0, -(report.value_lost - spread) * share);
  }
  opportunity.change.prediction =
      of.kpi.revenue ? state.InClients(*of.account, prediction) : std::optional(prediction);
}

nlohmann::json EvidenceOf(const PartCampaign& of, const PartsReport& report) {
  nlohmann::json out{
      {"basis", "claimed by the platform, compared within one campaign"},
      {"from", PrintDay(*of.days.begin())},
      {"to", PrintDay(*of.days.rbegin())},
      {"days", report.days},
      {"measured_by", of.kpi.Numerator()},
      {"currency", std::string(of.account->tree.info.currency.name())},
      {"money", of.parts.refills ? "spent in the rest of the campaign" : "saved"},
      {"bound", report.bound},
      {"rate_of_the_rest", report.rest_rate},
      {"spend_freed_a_day", report.cost_freed},
      {"lost_a_day", report.value_lost},
      {"share_of_its_claims", report.claimed_share},
      {"dispersion", report.dispersion},
      {"gain_a_day",
       {{"mean", report.gain.mean}, {"low90", report.gain.low90}, {"high90", report.gain.high90}}}};
  if (of.kpi.target) out["target"] = *of.kpi.target;
  double worst = 0;
  for (const PartView& part : report.parts) {
    if (part.verdict == PartVerdict::kStop) worst = std::max(worst, part.p_adjusted);
  }
  out["p_adjusted_at_most"] = worst;
  return out;
}

std::string CostSentence(const PartCampaign& of, const PartsReport& report) {
  const std::string_view currency = of.account->tree.info.currency.name();
  const double rate = report.value_lost / report.cost_freed;
  if (of.kpi.revenue) {
    return fmt::format("{:.2f} {} a day earn {:.2f} each, the rest {:.2f}", report.cost_freed,
                       currency, rate, report.rest_rate);
  }
  return fmt::format(
      "{:.2f} {} a day bring {:.2f} conversions, {:.2f} {} each; the rest pays {:.2f}",
      report.cost_freed, currency, report.value_lost, 1 / rate, currency, 1 / report.rest_rate);
}

std::string GainSentence(const PartCampaign& of, const PartsReport& report) {
  const std::string_view currency = of.account->tree.info.currency.name();
  if (of.parts.refills) {
    return fmt::format("spent in the rest they bring {:+.2f} {} a day (90 %: {:+.2f} to {:+.2f})",
                       report.gain.mean,
                       KpiUnit(of.kpi.Numerator(), of.account->tree.info.currency),
                       report.gain.low90, report.gain.high90);
  }
  return fmt::format(
      "saved they are worth {:+.2f} {} a day more than what is lost (90 %: {:+.2f} to {:+.2f})",
      report.gain.mean * of.unit_value, currency, report.gain.low90 * of.unit_value,
      report.gain.high90 * of.unit_value);
}

}  // namespace maxopt::levers
