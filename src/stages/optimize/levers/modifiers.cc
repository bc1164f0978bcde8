#include "stages/optimize/levers/modifiers.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

namespace maxopt::levers {
namespace {

/// As with hours and places: two weeks have to show what the last change did.
constexpr std::chrono::hours kRest{14 * 24};

std::string NameOf(const CutCampaign& campaign) {
  return WithoutMarker(TextField(campaign.campaign.campaign->fields, "name"));
}

/// Why the campaign's bids are not multiplied by this dimension; empty: they are.
std::string RefusalOf(const PartCampaign& of, const ModifierQuestion& question) {
  const BidModifierSupport& can = of.account->can.bid_modifiers;
  if (std::find(can.by.begin(), can.by.end(), question.dimension) == can.by.end()) {
    return can.why_not.empty()
               ? fmt::format("Max sets no bid modifiers by {} on {}", question.dimension,
                             PlatformName(of.account->tree.info.account.platform))
               : can.why_not;
  }
  const std::string strategy = TextField(of.campaign->fields, "bid_strategy");
  if (strategy == "manual_cpc") return {};
  if (strategy == "target_cpa" && question.dimension == "device") return {};
  if (strategy.empty()) return "its bid strategy is not known";
  return fmt::format("its bids are set by {}, which ignores modifiers by {}", strategy,
                     question.dimension);
}

/// "mobile brings 0.52 of the campaign's value per click (90 %: 0.45 to 0.60)"
std::string WorthSentence(const CutCampaign& campaign, const WeighedCampaign& weighed,
                          const PartWeight& weight) {
  return fmt::format("{} brings {:.2f} of the campaign's {} per {} (90 %: {:.2f} to {:.2f})",
                     campaign.names[weight.part], weight.ratio, campaign.campaign.kpi.Numerator(),
                     weighed.relative ? campaign.campaign.account->tree.info.currency.name()
                                      : std::string_view("click"),
                     weight.low, weight.high);
}

struct Proposal {
  ModifierMove sum;  ///< of all parts: gains and changes
  BidModifiers after;
  std::vector<std::string> moves;  ///< for people
  nlohmann::json evidence = nlohmann::json::object();
};

}  // namespace

Result<std::vector<WeighedCampaign>> WeighCampaigns(std::span<const CutCampaign> campaigns,
                                                    const ModifierQuestion& question) {
  std::vector<WeighedCampaign> out(campaigns.size());
  std::vector<PartsOf> parts;
  for (std::size_t i = 0; i < campaigns.size(); ++i) {
    const CutCampaign& campaign = campaigns[i];
    const Fields& fields = campaign.campaign.campaign->fields;
    out[i].refusal = RefusalOf(campaign.campaign, question);
    out[i].relative = TextField(fields, "bid_strategy") == "target_cpa";
    if (auto before = ParseBidModifiers(ListField(fields, "bid_modifiers"))) {
      out[i].before = *std::move(before);
    } else if (out[i].refusal.empty()) {
      out[i].refusal = before.error().what;
    }
    parts.push_back(out[i].relative ? campaign.campaign.parts : campaign.by_click);
  }
  MAXOPT_TRY(std::vector<WeightsReport> weights, WeighParts(parts));
  for (std::size_t i = 0; i < out.size(); ++i) out[i].weights = std::move(weights[i]);
  return out;
}

bool BelowFloor(const CutCampaign& campaign, const WeighedCampaign& weighed, std::size_t part) {
  const BidModifierSupport& can = campaign.campaign.account->can.bid_modifiers;
  const PartWeight& weight = weighed.weights.parts[part];
  return weight.differs &&
         weight.ratio * static_cast<double>(kNoModifierBp) < static_cast<double>(can.min_bp);
}

Result<> ProposeModifiers(const LeverState& state, const CutCampaign& campaign,
                          const WeighedCampaign& weighed, const ModifierQuestion& question,
                          LeverReport& report) {
  const PartCampaign& of = campaign.campaign;
  const LeverAccount& account = *of.account;
  const Entity& object = *of.campaign;
  const std::string name = NameOf(campaign);
  const WeightsReport& weights = weighed.weights;
  const auto note = [&](std::string_view what) {
    report.notes.push_back(
        fmt::format("campaign \"{}\" by {}: {}", name, question.dimension, what));
  };
  std::vector<const PartWeight*> differ;
  for (const PartWeight& weight : weights.parts) {
    if (weight.differs) differ.push_back(&weight);
  }
  if (differ.empty()) {
    if (weighed.refusal.empty()) note(weights.why_not);
    return {};
  }
  if (!weighed.refusal.empty()) {
    for (const PartWeight* weight : differ) {
      note(fmt::format("{}. Bids are not multiplied there: {}",
                       WorthSentence(campaign, weighed, *weight), weighed.refusal));
    }
    return {};
  }
  for (const std::string_view field : {std::string_view("bid_modifiers"), question.named_by}) {
    if (field.empty()) continue;
    const Instant* changed =
        state.LastChange(account.tree.info.account, object.id, std::string(field));
    if (changed != nullptr && state.now - *changed < kRest) {
      note(fmt::format("its {} were changed at {}; two weeks have to show what that did", field,
                       PrintInstant(*changed)));
      return {};
    }
  }
  // Cost and value of each part, a day.
  std::vector<double> spend(campaign.names.size()), value(campaign.names.size());
  double all_spend = 0, all_value = 0;
  const double days = weights.days;
  for (const PartRow& row : of.parts.rows) {
    spend[row.part] += row.cost / days;
    value[row.part] += row.value / days;
    all_spend += row.cost / days;
    all_value += row.value / days;
  }
  Proposal proposal;
  proposal.after = weighed.before;
  for (const PartWeight* weight : differ) {
    const BidPart part{std::string(question.dimension), campaign.names[weight->part]};
    const auto& named = ListField(object.fields, std::string(question.named_by));
    const bool known =
        question.named_by.empty()
            ? std::find(BidDevices().begin(), BidDevices().end(), part.value) != BidDevices().end()
            : std::find(named.begin(), named.end(), part.value) != named.end();
    if (!known) {
      note(fmt::format("{}, but the campaign does not name it, so its bids cannot be multiplied",
                       WorthSentence(campaign, weighed, *weight)));
      continue;
    }
    if (!(spend[weight->part] > 0) || !(spend[weight->part] < all_spend)) continue;
    ModifierCase one;
    one.present_bp = ModifierOf(weighed.before, part);
    one.weight = *weight;
    one.relative = weighed.relative;
    one.spend = spend[weight->part];
    one.value = weight->ratio * weights.rate * weight->exposure / days;
    one.rest_spend = all_spend - spend[weight->part];
    one.rest_value = std::max(0.0, all_value - value[weight->part]);
    one.rest_counts = one.rest_value * days / (of.parts.unit * weights.dispersion);
    one.refills = of.parts.refills;
    one.worth = of.parts.worth;
    one.min_bp = account.can.bid_modifiers.min_bp;
    one.max_bp = account.can.bid_modifiers.max_bp;
    one.step_max_bp = std::clamp(state.step_max_bp(), 1, 9'999);
    MAXOPT_TRY(const ModifierMove move, MoveModifier(one));
    if (!move.any()) {
      note(fmt::format("{}. Left as it is: {}", WorthSentence(campaign, weighed, *weight),
                       move.why_not));
      continue;
    }
    proposal.after[part] = move.to_bp;
    // All rest on one reply of the auction, so their errors add.
    proposal.sum.gain.mean += move.gain.mean;
    proposal.sum.gain.low90 += move.gain.low90;
    proposal.sum.gain.high90 += move.gain.high90;
    proposal.sum.spend_change += move.spend_change;
    proposal.sum.value_change += move.value_change;
    proposal.moves.push_back(fmt::format("{} {} -> {}: {}", part.value,
                                         PrintModifier(one.present_bp), PrintModifier(move.to_bp),
                                         WorthSentence(campaign, weighed, *weight)));
    proposal.evidence[part.value] = {
        {"from", PrintModifier(one.present_bp)},
        {"to", PrintModifier(move.to_bp)},
        {"wanted", static_cast<double>(move.wanted_bp) / static_cast<double>(kNoModifierBp)},
        {"ratio", weight->ratio},
        {"low90", weight->low},
        {"high90", weight->high},
        {"p_adjusted", weight->p_adjusted},
        {"spend_a_day", one.spend},
        {"spend_change_a_day", move.spend_change},
        {"value_change_a_day", move.value_change},
        {"gain_a_day",
         {{"mean", move.gain.mean}, {"low90", move.gain.low90}, {"high90", move.gain.high90}}}};
  }
  if (proposal.moves.empty()) return {};

  Opportunity found;
  const PartsGain& gain = proposal.sum.gain;
  found.value = gain.mean * of.unit_value;
  found.value_low90 = gain.low90 * of.unit_value;
  found.value_high90 = gain.high90 * of.unit_value;
  // Where money is saved or more is spent, what is foretold of the KPI is its own move.
  const double mean = of.parts.refills ? gain.mean : proposal.sum.value_change;
  const Prediction prediction{of.kpi.Numerator(), mean, mean - (gain.mean - gain.low90),
                              mean + (gain.high90 - gain.mean), kHorizonDays};
  found.change.prediction =
      of.kpi.revenue ? state.InClients(account, prediction) : std::optional(prediction);
  // Bids set by hand do not learn; a target that is moved restarts learning at even odds.
  const double a_day = std::max(of.sums.days, 1);
  const double conversions = of.sums.conversions / a_day;
  const double units = of.kpi.revenue ? of.sums.revenue / a_day : conversions;
  const Learning learning =
      LearningOf(object, object, conversions, units * of.unit_value, weighed.relative ? 0.5 : 0);
  found.learning_cost = learning.cost_a_day;
  found.learning_days = learning.cost_a_day > 0 ? learning.days : 0;

  Change& change = found.change;
  change.account = account.tree.info.account;
  change.level = object.level;
  change.id = object.id;
  change.address = state.AddressOf(account, object);
  change.before["bid_modifiers"] = ListField(object.fields, "bid_modifiers");
  change.after["bid_modifiers"] = PrintBidModifiers(proposal.after);
  change.reason = question.reason;
  change.why = fmt::format(
      "{}; together {:+.2f} {} a day (90 %: {:+.2f} to {:+.2f}){}", fmt::join(proposal.moves, "; "),
      of.parts.refills ? gain.mean : gain.mean * of.unit_value,
      of.parts.refills ? KpiUnit(of.kpi.Numerator(), account.tree.info.currency)
                       : std::string(account.tree.info.currency.name()),
      of.parts.refills ? gain.low90 : gain.low90 * of.unit_value,
      of.parts.refills ? gain.high90 : gain.high90 * of.unit_value,
      of.parts.refills ? ", the money of one part spent in the others" : "");
  const nlohmann::json evidence{
      {"basis", "claimed by the platform, compared within one campaign"},
      {"from", PrintDay(*of.days.begin())},
      {"to", PrintDay(*of.days.rbegin())},
      {"days", weights.days},
      {"measured_by", of.kpi.Numerator()},
      {"per", weighed.relative ? "money" : "click"},
      {"currency", std::string(account.tree.info.currency.name())},
      {"money", of.parts.refills ? "spent in the rest of the campaign" : "saved"},
      {"dispersion", weights.dispersion},
      {"whole", weights.rate},
      {"parts", proposal.evidence},
      {"spend_change_a_day", proposal.sum.spend_change},
      {"gain_a_day", {{"mean", gain.mean}, {"low90", gain.low90}, {"high90", gain.high90}}},
      {"beware",
       question.dimension == "device"
           ? "people look on one device and buy on another: what begins on phones may be "
             "claimed by desktops"
           : "consent and the ways of claiming a conversion may differ between countries"}};
  change.evidence = evidence.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  report.opportunities.push_back(std::move(found));
  return {};
}

}  // namespace maxopt::levers
