#include "stages/setup/compile/configure.h"

#include <fmt/format.h>

#include <algorithm>

#include "measure/significance/significance.h"

namespace maxopt {
namespace {

/// "social-prospecting/Outdoor 25-54/Dawn" -> the address it has after compilation.
std::string AddressOf(const Desired& desired, const std::string& of) {
  std::string address = desired.slug;
  std::size_t from = 0;
  while (from <= of.size()) {
    const std::size_t slash = std::min(of.find('/', from), of.size());
    address += "/" + Slug(std::string_view(of).substr(from, slash - from));
    from = slash + 1;
  }
  return address;
}

Result<ExperimentArm> ResolveArm(const ExperimentDocument& document,
                                 const ExperimentDocument::Arm& arm, const Desired& desired) {
  ExperimentArm out{arm.name, {}, arm.places, arm.share_percent * 100};
  for (const std::string& of : arm.of) {
    const std::string address = AddressOf(desired, of);
    const bool there =
        std::any_of(desired.objects.begin(), desired.objects.end(),
                    [&](const DesiredObject& object) { return object.address == address; });
    if (!there) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: arm \"{}\" of experiment \"{}\" is made of \"{}\", which no "
                              "planned package, ad group or ad answers to; write package, "
                              "package/ad group or package/ad group/ad",
                              PrintPlace(arm.place), arm.name, document.name, of));
    }
    out.addresses.push_back(address);
  }
  return out;
}

/// How far a KPI may be off. The tiers are judgement, by how much a KPI moves from day to day by
/// itself: counts of impressions little, counts of people's decisions a lot.
struct Tier {
  std::string_view kpi;
  const char* direction;
  int warn_percent, critical_percent;
};
constexpr Tier kTiers[] = {
    // low variance
    {"spend", "both", 10, 25},
    {"impressions", "below", 20, 50},
    {"cpm", "above", 15, 40},
    // medium
    {"clicks", "below", 25, 50},
    {"ctr", "below", 20, 40},
    {"cpc", "above", 20, 50},
    // high
    {"conversions", "below", 30, 60},
    {"cvr", "below", 30, 60},
    {"cpa", "above", 30, 75},
    {"revenue", "below", 30, 60},
    {"roas", "below", 25, 50},
};

/// What is watched on every campaign whatever the brief says. Percentages of 0 are yes-or-no.
constexpr Tier kAlways[] = {
    {"spend", "both", 10, 25},
    {"delivery", "below", 50, 90},
    {"review", "both", 0, 0},
    {"tracking", "both", 0, 0},
};

/// The brief's targets are of the whole campaign. Ratios hold for each package as well; of amounts
/// only the spend is planned per package, and the others are judged by their own past.
std::string TargetFor(const KpiTarget& kpi, const CampaignDocuments& documents,
                      const std::string& package) {
  constexpr std::string_view kAmounts[] = {"impressions", "clicks", "conversions", "revenue"};
  if (std::find(std::begin(kAmounts), std::end(kAmounts), kpi.metric) != std::end(kAmounts)) {
    return "";
  }
  if (kpi.metric != "spend") return kpi.target;
  for (const Package& planned : documents.media_plan.packages) {
    if (planned.name.value == package && planned.budget) {
      return PrintDecimal(planned.budget->value);
    }
  }
  return "";
}

int IntervalMinutes(std::string_view importance) {
  if (importance == "secondary") return 24 * 60;
  return 60;  // what the campaign is for, and what guards the money
}

}  // namespace

Result<std::vector<Experiment>> PlanExperiments(const CampaignDocuments& documents,
                                                const Desired& desired) {
  std::vector<Experiment> out;
  for (const ExperimentDocument& document : documents.brief.experiments) {
    Experiment experiment;
    experiment.id = desired.slug + "/" + Slug(document.name);
    experiment.client = desired.client;
    experiment.name = document.name;
    experiment.hypothesis = document.hypothesis;
    experiment.variable = document.variable;
    experiment.kpi = document.kpi;
    experiment.baseline = document.baseline;
    experiment.mde_relative = document.mde_percent / 100;
    experiment.alpha = document.alpha;
    experiment.power = document.power;
    experiment.start = document.start.value_or(desired.start);
    for (const ExperimentDocument::Arm& arm : document.arms) {
      MAXOPT_TRY(ExperimentArm resolved, ResolveArm(document, arm, desired));
      experiment.arms.push_back(std::move(resolved));
    }
    const bool geo = document.variable == ExperimentVariable::kGeoHoldout;
    const ErrorRates rates{document.alpha, document.power};
    const auto sample = geo ? PlaceDaysPerArm(experiment.baseline, experiment.mde_relative, rates)
                            : SamplePerArm(experiment.baseline, experiment.mde_relative, rates);
    if (!sample) {
      return Fail(Errc::kInvalidArgument,
                  fmt::format("{}: experiment \"{}\": {}", PrintPlace(document.place),
                              document.name, sample.error().what));
    }
    experiment.sample_per_arm = *sample;
    experiment.end = document.end.value_or(desired.end);
    if (geo && !document.end && !experiment.arms.empty()) {
      std::size_t fewest = SIZE_MAX;
      for (const ExperimentArm& arm : experiment.arms) fewest = std::min(fewest, arm.places.size());
      const auto places = static_cast<std::int64_t>(std::max<std::size_t>(fewest, 1));
      const std::int64_t days = (*sample + places - 1) / places;
      if (days <= (desired.end - experiment.start).count() + 1) {
        experiment.end = experiment.start + std::chrono::days(days - 1);
      }
    }
    out.push_back(std::move(experiment));
  }
  return out;
}

std::vector<Watch> PlanWatches(const CampaignDocuments& documents, const Desired& desired) {
  std::vector<Watch> out;
  for (const DesiredObject& object : desired.objects) {
    if (object.level != Level::kCampaign) continue;
    const auto add = [&](std::string_view kpi, const std::string& importance,
                         const std::string& target, const Tier& tier,
                         const std::optional<int>& warn, const std::optional<int>& critical) {
      for (const Watch& there : out) {
        if (there.address == object.address && there.kpi == kpi) return;
      }
      out.push_back({desired.client, object.address, std::string(kpi), importance, target,
                     tier.direction, IntervalMinutes(importance), warn.value_or(tier.warn_percent),
                     critical.value_or(tier.critical_percent)});
    };
    for (const KpiTarget& kpi : documents.brief.kpis) {
      const auto tier = std::find_if(std::begin(kTiers), std::end(kTiers),
                                     [&](const Tier& t) { return t.kpi == kpi.metric; });
      if (tier == std::end(kTiers)) continue;  // a check names it
      add(kpi.metric, kpi.importance, TargetFor(kpi, documents, object.package), *tier,
          kpi.warn_percent, kpi.critical_percent);
    }
    for (const Tier& tier : kAlways) add(tier.kpi, "guard", "", tier, std::nullopt, std::nullopt);
    for (const Package& package : documents.media_plan.packages) {
      if (package.name.value != object.package) continue;
      for (const auto& [metric, value] : package.committed_metrics) {
        const auto tier = std::find_if(std::begin(kTiers), std::end(kTiers),
                                       [&, name = metric](const Tier& t) { return t.kpi == name; });
        if (tier == std::end(kTiers)) continue;
        add(metric, "secondary", std::to_string(value.value), *tier, std::nullopt, std::nullopt);
      }
    }
  }
  return out;
}

}  // namespace maxopt
