// The engine: runs the registry over a campaign, turns answers into results, counts the score.
#include "stages/setup/checks/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>

#include "stages/setup/checks/view.h"

namespace maxopt {
namespace {

using checks::CampaignView;
using checks::Check;
using checks::Out;
using checks::PackageView;
using checks::Registry;

/// Problems of one check in one package that are told one by one; the rest as a number.
constexpr std::size_t kProblemsMax = 10;

Registry MakeRegistry(std::span<const PlatformSpec> specs) {
  Registry registry;
  checks::AddSetupChecks(registry);
  checks::AddExperimentChecks(registry);
  checks::AddTrackingChecks(registry);
  checks::AddCreativeChecks(registry);
  checks::AddTargetingChecks(registry);
  checks::AddBudgetChecks(registry);
  checks::AddPolicyChecks(registry);
  checks::AddNamingChecks(registry);
  checks::AddLiveChecks(registry);
  for (const PlatformSpec& spec : specs) {
    if (spec.writable) checks::AddGeneratedChecks(registry, spec);
  }
  return registry;
}

const Registry& BuiltInRegistry() {
  static const Registry registry = MakeRegistry(PlatformSpecs::BuiltIn().all());
  return registry;
}

CheckStatus StatusOf(Severity severity) {
  return severity == Severity::kFail ? CheckStatus::kFail : CheckStatus::kWarn;
}

void AddResults(Checklist& list, const Check& check, const std::string& package, const Out& out) {
  const CheckInfo& info = check.info;
  CheckResult result{info.id, info.family, info.severity,  out.rest(),
                     package, {},          out.evidence(), ""};
  if (out.problems().empty()) {
    list.results.push_back(std::move(result));
    return;
  }
  std::size_t told = 0;
  for (const Out::Problem& problem : out.problems()) {
    result.severity =
        problem.soft && info.severity == Severity::kFail ? Severity::kWarn : info.severity;
    result.status = StatusOf(result.severity);
    result.places = problem.places;
    // A person cannot go to a place that no document has.
    std::erase_if(result.places, [](const Place& place) { return place.file.empty(); });
    result.evidence = problem.evidence;
    result.fix = problem.fix.empty() ? info.fix : problem.fix;
    if (++told == kProblemsMax && out.problems().size() > kProblemsMax) {
      result.evidence +=
          fmt::format("; and {} more of this kind", out.problems().size() - kProblemsMax);
    }
    list.results.push_back(result);
    if (told == kProblemsMax) break;
  }
  // What was cut off must not hide that something of it blocks.
  const bool told_fail = std::any_of(out.problems().begin(),
                                     out.problems().begin() + static_cast<std::ptrdiff_t>(told),
                                     [](const Out::Problem& p) { return !p.soft; });
  const auto hidden =
      std::find_if(out.problems().begin() + static_cast<std::ptrdiff_t>(told), out.problems().end(),
                   [](const Out::Problem& p) { return !p.soft; });
  if (!told_fail && hidden != out.problems().end()) {
    result.severity = info.severity;
    result.status = StatusOf(info.severity);
    result.places = hidden->places;
    result.evidence = hidden->evidence;
    list.results.push_back(std::move(result));
  }
}

/// Judged once per check and package, however many problems it told.
void CountScore(Checklist& list) {
  struct Judged {
    int weight = 0;
    bool passed = true;
  };
  std::map<std::pair<std::string, std::string>, Judged> judged;
  for (const CheckResult& result : list.results) {
    switch (result.status) {
      case CheckStatus::kPass:
        ++list.passed;
        break;
      case CheckStatus::kWarn:
        ++list.warned;
        break;
      case CheckStatus::kFail:
        ++list.failed;
        break;
      case CheckStatus::kNotApplicable:
        ++list.not_applicable;
        continue;
      case CheckStatus::kNotChecked:
        ++list.not_checked;
        continue;
    }
    Judged& j = judged[{result.check, result.package}];
    const int weight = result.severity == Severity::kFail   ? 3
                       : result.severity == Severity::kWarn ? 1
                                                            : 0;
    j.weight = std::max(j.weight, weight);
    j.passed = j.passed && result.status == CheckStatus::kPass;
  }
  int all = 0, passed = 0;
  for (const auto& [key, j] : judged) {
    all += j.weight;
    if (j.passed) passed += j.weight;
  }
  if (all > 0) list.score = passed * 100 / all;
}

}  // namespace

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kFail:
      return "fail";
    case Severity::kWarn:
      return "warn";
    case Severity::kNote:
      return "note";
  }
  Bug();
}

std::string_view CheckStatusName(CheckStatus status) {
  switch (status) {
    case CheckStatus::kPass:
      return "pass";
    case CheckStatus::kWarn:
      return "warn";
    case CheckStatus::kFail:
      return "fail";
    case CheckStatus::kNotApplicable:
      return "not_applicable";
    case CheckStatus::kNotChecked:
      return "not_checked";
  }
  Bug();
}

std::string_view CheckPhaseName(CheckPhase phase) {
  switch (phase) {
    case CheckPhase::kBeforeLaunch:
      return "before_launch";
    case CheckPhase::kHour1:
      return "hour_1";
    case CheckPhase::kHour24:
      return "hour_24";
    case CheckPhase::kOnDemand:
      return "on_demand";
  }
  Bug();
}

std::span<const CheckInfo> CheckRegistry() {
  static const std::vector<CheckInfo> infos = [] {
    std::vector<CheckInfo> list;
    for (const Check& check : BuiltInRegistry().checks()) list.push_back(check.info);
    return list;
  }();
  return infos;
}

Checklist RunChecks(const CheckContext& context) {
  Checklist list;
  list.phase = context.phase;
  list.day = context.today;
  std::optional<Registry> own;
  if (context.specs != nullptr && context.specs != &PlatformSpecs::BuiltIn()) {
    own = MakeRegistry(context.specs->all());
  }
  const Registry& registry = own ? *own : BuiltInRegistry();
  std::optional<CampaignView> view;
  if (context.documents != nullptr) view = checks::MakeView(context);
  for (const Check& check : registry.checks()) {
    const auto answer = [&](CheckStatus status, std::string why) {
      list.results.push_back({check.info.id,
                              check.info.family,
                              check.info.severity,
                              status,
                              "",
                              {},
                              std::move(why),
                              ""});
    };
    if (!view) {
      answer(CheckStatus::kNotChecked, "there are no documents to look at");
      continue;
    }
    if (check.campaign) {
      Out out;
      check.campaign(*view, out);
      AddResults(list, check, "", out);
      continue;
    }
    if (check.info.platform && context.specs == nullptr) {
      answer(CheckStatus::kNotChecked, "the platform requirements are not at hand");
      continue;
    }
    bool any = false;
    for (const PackageView& package : view->packages) {
      if (check.info.platform && *check.info.platform != package.platform) continue;
      any = true;
      Out out;
      check.package(*view, package, out);
      AddResults(list, check, package.name(), out);
    }
    if (!any) {
      answer(CheckStatus::kNotApplicable,
             check.info.platform
                 ? fmt::format("no package runs on {}", PlatformName(*check.info.platform))
                 : "the media plan has no package");
    }
  }
  CountScore(list);
  return list;
}

bool Blocks(const Checklist& checklist) {
  return std::ranges::any_of(checklist.results, [](const CheckResult& result) {
    return result.status == CheckStatus::kFail;
  });
}

}  // namespace maxopt
