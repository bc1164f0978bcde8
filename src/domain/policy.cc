#include "domain/policy.h"

#include <algorithm>

namespace maxopt {
namespace {

constexpr std::pair<PolicyMode, std::string_view> kModes[] = {
    {PolicyMode::kObserve, "observe"},
    {PolicyMode::kRecommend, "recommend"},
    {PolicyMode::kAct, "act"},
};

constexpr std::pair<Operation, std::string_view> kOperations[] = {
    {Operation::kCreate, "create"},
    {Operation::kActivate, "activate"},
    {Operation::kPause, "pause"},
    {Operation::kRemove, "remove"},
    {Operation::kRaiseBudget, "raise_budget"},
    {Operation::kCutBudget, "cut_budget"},
    {Operation::kBid, "bid"},
    {Operation::kTargeting, "targeting"},
    {Operation::kCreative, "creative"},
    {Operation::kOther, "other"},
};

constexpr std::string_view kBidFields[] = {
    "bid", "bid_strategy", "target_cpa", "target_roas_bp", "optimization_goal", "bid_modifiers"};
constexpr std::string_view kTargetingFields[] = {
    "locations",     "excluded_locations", "negative_keywords", "keywords",
    "countries",     "languages",          "age_min",           "age_max",
    "genders",       "audiences",          "placements",        "dayparts",
    "frequency_cap", "frequency_days",     "excluded_audiences"};

Operation OperationOf(const Change& change, const std::string& field) {
  if (field == "status") {
    const std::string status = TextField(change.after, "status");
    if (status == kActive) return Operation::kActivate;
    return status == kRemoved ? Operation::kRemove : Operation::kPause;
  }
  if (field == "daily_budget" || field == "lifetime_budget") {
    const Money* to = MoneyField(change.after, field);
    const Money* from = MoneyField(change.before, field);
    const bool cut = to && from && to->currency() == from->currency() && *to < *from;
    return cut ? Operation::kCutBudget : Operation::kRaiseBudget;
  }
  const auto in = [&](const auto& fields) {
    return std::find(std::begin(fields), std::end(fields), field) != std::end(fields);
  };
  if (in(kBidFields)) return Operation::kBid;
  if (in(kTargetingFields)) return Operation::kTargeting;
  return change.level == Level::kAd || change.level == Level::kAsset ? Operation::kCreative
                                                                     : Operation::kOther;
}

}  // namespace

std::string_view PolicyModeName(PolicyMode mode) {
  for (const auto& [known, name] : kModes) {
    if (known == mode) return name;
  }
  Bug();
}

std::string_view OperationName(Operation operation) {
  for (const auto& [known, name] : kOperations) {
    if (known == operation) return name;
  }
  Bug();
}

Result<Operation> FindOperation(std::string_view name) {
  for (const auto& [known, its_name] : kOperations) {
    if (its_name == name) return known;
  }
  std::string names;
  for (const auto& [known, its_name] : kOperations) {
    names.append(names.empty() ? "" : ", ").append(its_name);
  }
  return Fail(Errc::kInvalidArgument,
              "\"" + std::string(name) + "\" is no operation; there are " + names);
}

std::vector<Operation> OperationsOf(const Change& change) {
  std::vector<Operation> out;
  const auto add = [&out](Operation operation) {
    if (std::find(out.begin(), out.end(), operation) == out.end()) out.push_back(operation);
  };
  if (change.action == ChangeAction::kCreate) return {Operation::kCreate};
  for (const auto& [field, value] : change.after) add(OperationOf(change, field));
  if (out.empty()) out.push_back(Operation::kOther);
  return out;
}

}  // namespace maxopt
