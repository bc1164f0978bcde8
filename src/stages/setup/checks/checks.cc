// The engine: runs the registry over a campaign, turns answers into results, counts the score.
#include "stages/setup/checks/checks.h"

#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <set>

#include "stages/setup/checks/texts.h"
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

Registry MakeRegistry(std::span<const PlatformSpec> specs, bool every_platform = false) {
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
    if (spec.writable || every_platform) checks::AddGeneratedChecks(registry, spec);
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

Checklist Run(const CheckContext& context, const Registry& registry) {
  Checklist list;
  list.phase = context.phase;
  list.day = context.today;
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
  std::optional<Registry> own;
  if (context.specs != nullptr &&
      (context.specs != &PlatformSpecs::BuiltIn() || context.every_platform)) {
    own = MakeRegistry(context.specs->all(), context.every_platform);
  }
  return Run(context, own ? *own : BuiltInRegistry());
}

LintReport LintAds(const LintInput& input) {
  LintReport report;
  const CampaignDocuments& all = *input.documents;
  CampaignDocuments documents;
  documents.brief = all.brief;
  documents.creatives = all.creatives;
  report.ads = static_cast<int>(all.creatives.ads.size());
  std::set<std::string> planned;
  const auto wanted = [&](Platform platform) {
    return input.platforms.empty() ||
           std::ranges::find(input.platforms, platform) != input.platforms.end();
  };
  for (const Package& package : all.media_plan.packages) {
    const Platform platform = package.account.value.platform;
    if (!wanted(platform)) continue;
    documents.media_plan.packages.push_back(package);
    planned.insert(package.name.value);
    if (std::ranges::find(report.platforms, platform) == report.platforms.end()) {
      report.platforms.push_back(platform);
    }
  }
  for (const Buy& buy : all.buys.buys) {
    if (planned.contains(buy.package.value)) documents.buys.buys.push_back(buy);
  }
  std::vector<Platform> without_plan = input.platforms;
  if (without_plan.empty() && planned.empty()) {
    for (const PlatformSpec& spec : input.specs->all()) {
      if (spec.writable) without_plan.push_back(spec.platform);
    }
  }
  for (const Platform platform : without_plan) {
    if (std::ranges::find(report.platforms, platform) != report.platforms.end()) continue;
    report.platforms.push_back(platform);
    const PlatformSpec* spec = input.specs->Find(platform);
    const bool searches = spec != nullptr && std::ranges::any_of(spec->texts, [](const auto& text) {
                            return text.ad_type == "search" && text.max_count > 0;
                          });
    for (const bool search : {true, false}) {
      if (search && !searches) continue;
      Package package;
      package.name.value = std::string(PlatformName(platform)) + (search ? ", search" : "");
      package.account.value = {platform, ""};
      Buy buy;
      buy.package.value = package.name.value;
      buy.fields.values["channel_type"] = std::string(search     ? "search"
                                                      : searches ? "display"
                                                                 : "social");
      BuyAdGroup group;
      group.name.value = package.name.value;
      for (const AdDocument& ad : all.creatives.ads) {
        const bool shows = ad.image || ad.video || !ad.images.empty() ||
                           ad.fields.values.contains("image") || ad.fields.values.contains("video");
        if (!searches || search != shows) group.ads.push_back(ad.name);
      }
      if (group.ads.empty()) continue;
      buy.ad_groups.push_back(std::move(group));
      documents.media_plan.packages.push_back(std::move(package));
      documents.buys.buys.push_back(std::move(buy));
    }
  }
  const Registry registry = MakeRegistry(input.specs->all(), true).OnlyAboutAds();
  const Checklist list = Run({.documents = &documents,
                              .specs = input.specs,
                              .desired = nullptr,
                              .accounts = nullptr,
                              .policy = nullptr,
                              .live = nullptr,
                              .landing = nullptr,
                              .learned = nullptr,
                              .every_platform = true},
                             registry);
  std::map<std::string, const CheckInfo*> infos;
  for (const Check& check : registry.checks()) infos[check.info.id] = &check.info;
  for (const CheckResult& result : list.results) {
    const CheckInfo& info = *infos[result.check];
    if (info.platform &&
        std::ranges::find(report.platforms, *info.platform) == report.platforms.end()) {
      continue;
    }
    if (result.status == CheckStatus::kNotChecked &&
        info.id.find(".review.") != std::string::npos) {
      report.by_person.push_back(fmt::format("{}: {}", PlatformName(*info.platform),
                                             result.evidence.substr(checks::kForAPerson.size())));
    }
    if (result.status == CheckStatus::kFail || result.status == CheckStatus::kWarn) {
      report.findings.push_back({result.check, result.severity, result.package, result.places,
                                 result.evidence, result.fix, info.source});
    } else if (result.status == CheckStatus::kPass) {
      ++report.rules;
    }
  }
  report.rules += static_cast<int>(report.findings.size());
  std::ranges::stable_sort(report.findings, {}, &LintFinding::severity);
  return report;
}

bool Blocks(const Checklist& checklist) {
  return std::ranges::any_of(checklist.results, [](const CheckResult& result) {
    return result.status == CheckStatus::kFail;
  });
}

}  // namespace maxopt
