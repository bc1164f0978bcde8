// Experiments: family setup. A comparison that cannot answer its question is not worth its money.
#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

/// What "package/ad group/ad" names; the parts that were not found are null.
struct Target {
  const PackageView* package = nullptr;
  const BuyAdGroup* group = nullptr;
  const AdDocument* ad = nullptr;
  bool found = false;
  std::size_t depth = 0;
};
Target Find(const CampaignView& v, const std::string& path) {
  const List parts = Split(path, '/');
  Target target;
  target.depth = parts.size();
  target.package = v.FindPackage(parts[0]);
  if (target.package == nullptr || parts.size() > 3) return target;
  if (parts.size() > 1) {
    for (const BuyAdGroup* group : target.package->ad_groups) {
      if (group->name.value == parts[1]) target.group = group;
    }
    if (target.group == nullptr) return target;
  }
  if (parts.size() > 2) {
    for (const AdDocument* ad : target.package->AdsOf(*target.group)) {
      if (ad->name.value == parts[2]) target.ad = ad;
    }
    if (target.ad == nullptr) return target;
  }
  target.found = true;
  return target;
}

Day StartOf(const CampaignView& v, const ExperimentDocument& e) {
  return e.start ? *e.start : v.brief().start.value;
}
Day EndOf(const CampaignView& v, const ExperimentDocument& e) {
  return e.end ? *e.end : v.brief().end.value;
}

void ForEach(const CampaignView& v, Out& out,
             const std::function<void(const ExperimentDocument&)>& what) {
  if (v.brief().experiments.empty()) return out.NotApplicable("the brief has no experiment");
  for (const ExperimentDocument& e : v.brief().experiments) what(e);
}

/// A price per thousand impressions or per click that the documents let one reckon with.
std::optional<double> PriceOf(const CampaignView& v, const PackageView& p, std::string_view unit) {
  const auto committed = p.package->committed_metrics.find(std::string(unit));
  const auto total = v.TotalOf(p);
  if (committed != p.package->committed_metrics.end() && committed->second.value > 0 && total) {
    return static_cast<double>(total->micros()) / 1e6 /
           static_cast<double>(committed->second.value);
  }
  for (const KpiTarget& kpi : v.brief().kpis) {
    const auto target = ParseMoney(kpi.target, kNoCurrency);
    if (!target || target->micros() <= 0) continue;
    const double price = static_cast<double>(target->micros()) / 1e6;
    if (unit == "impressions" && kpi.metric == "cpm") return price / 1000;
    if (unit == "clicks" && kpi.metric == "cpc") return price;
  }
  return std::nullopt;
}

}  // namespace

void AddExperimentChecks(Registry& r) {
  r.Campaign("setup.experiment_named", kFail, "Has each experiment a name of its own?",
             "Rename one of the two.", [](const CampaignView& v, Out& out) {
               std::map<std::string, const ExperimentDocument*> seen;
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 const auto [at, fresh] = seen.emplace(Slug(e.name), &e);
                 if (Trim(e.name).empty()) out.Fail("an experiment has no name", {e.place});
                 if (!fresh) {
                   out.Fail(fmt::format("two experiments are \"{}\"", e.name),
                            {at->second->place, e.place});
                 }
               });
             });
  r.Campaign("setup.experiment_hypothesis", kFail, "Does each experiment state what it believes?",
             "Write the hypothesis before the data: what changes, which way, and why.",
             [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 if (Trim(e.hypothesis).empty()) {
                   out.Fail(fmt::format("\"{}\" has no hypothesis", e.name), {e.place});
                 }
               });
             });
  r.Campaign("setup.experiment_arms", kFail, "Has each experiment two arms or more?",
             "Add an arm to compare with.", [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 if (e.arms.size() < 2) {
                   out.Fail(fmt::format("\"{}\" has {} arms", e.name, e.arms.size()), {e.place});
                 }
                 std::set<std::string> names;
                 for (const auto& arm : e.arms) {
                   if (!names.insert(arm.name).second) {
                     out.Fail(fmt::format("\"{}\" has two arms \"{}\"", e.name, arm.name),
                              {arm.place});
                   }
                 }
               });
             });
  r.Campaign("setup.experiment_shares", kFail, "Do the arms' shares add up to 100 %?",
             "Change share_percent of the arms.", [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 std::int64_t sum = 0;
                 std::string terms;
                 bool sane = true;
                 for (const auto& arm : e.arms) {
                   sum += arm.share_percent;
                   sane = sane && arm.share_percent > 0 && arm.share_percent < 100;
                   terms += fmt::format("{}{}", terms.empty() ? "" : " + ", arm.share_percent);
                 }
                 if (sum != 100 || !sane) {
                   out.Fail(fmt::format("\"{}\": {} = {} %", e.name, terms, sum), {e.place});
                 }
               });
             });
  r.Campaign("setup.experiment_arms_known", kFail, "Is everything that the arms name there?",
             "Write \"package/ad group/ad\" with the names of the documents.",
             [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 for (const auto& arm : e.arms) {
                   for (const std::string& path : arm.of) {
                     if (!Find(v, path).found) {
                       out.Fail(fmt::format("\"{}\", arm \"{}\": nothing is called \"{}\"", e.name,
                                            arm.name, path),
                                {arm.place});
                     }
                   }
                   if (e.variable != ExperimentVariable::kGeoHoldout && arm.of.empty()) {
                     out.Fail(
                         fmt::format("\"{}\", arm \"{}\" is made of nothing", e.name, arm.name),
                         {arm.place});
                   }
                 }
               });
             });
  r.Campaign("setup.experiment_geo", kFail, "Does a geo holdout name its places?",
             "List the places of each arm; no place in two arms.",
             [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 if (e.variable != ExperimentVariable::kGeoHoldout) return;
                 std::map<std::string, std::string> seen;
                 for (const auto& arm : e.arms) {
                   if (arm.places.empty()) {
                     out.Fail(fmt::format("\"{}\", arm \"{}\" has no places", e.name, arm.name),
                              {arm.place});
                   }
                   for (const std::string& place : arm.places) {
                     const auto [at, fresh] = seen.emplace(place, arm.name);
                     if (!fresh) {
                       out.Fail(fmt::format("\"{}\": {} is in arm \"{}\" and in arm \"{}\"", e.name,
                                            place, at->second, arm.name),
                                {arm.place});
                     }
                   }
                 }
               });
             });
  r.Campaign(
      "setup.experiment_one_variable", kFail, "Do the arms differ in one thing only?",
      "Make the arms equal in all but the variable: creative arms are ads of one ad group, "
      "audience "
      "and bid arms are ad groups with the same ads.",
      [](const CampaignView& v, Out& out) {
        ForEach(v, out, [&](const ExperimentDocument& e) {
          if (e.variable == ExperimentVariable::kGeoHoldout) return;
          std::set<std::string> used;
          const Target* first = nullptr;
          std::vector<Target> targets;
          for (const auto& arm : e.arms) {
            for (const std::string& path : arm.of) {
              if (!used.insert(path).second) {
                out.Fail(fmt::format("\"{}\": {} is in two arms", e.name, path), {arm.place});
              }
              targets.push_back(Find(v, path));
            }
          }
          for (const Target& target : targets) {
            if (!target.found) return;  // told by setup.experiment_arms_known
            if (first == nullptr) {
              first = &target;
              continue;
            }
            if (target.depth != first->depth) {
              out.Fail(fmt::format("\"{}\" compares objects of different levels", e.name),
                       {e.place});
              return;
            }
            if (target.package->platform != first->package->platform) {
              out.Fail(fmt::format("\"{}\" compares {} with {}", e.name, first->package->name(),
                                   target.package->name()),
                       {e.place});
              return;
            }
            if (e.variable == ExperimentVariable::kCreative && target.depth == 3 &&
                target.group != first->group) {
              out.Fail(fmt::format("\"{}\" varies the creative, yet its ads are in ad groups {} "
                                   "and {}",
                                   e.name, first->group->name.value, target.group->name.value),
                       {e.place});
            }
            if (e.variable != ExperimentVariable::kCreative && target.depth == 3) {
              out.Fail(fmt::format("\"{}\" varies the {}, yet its arms are ads", e.name,
                                   ExperimentVariableName(e.variable)),
                       {e.place});
            }
            if (e.variable != ExperimentVariable::kCreative && target.depth == 2) {
              const auto names = [](const Target& t) {
                std::set<std::string> ads;
                for (const AdDocument* ad : t.package->AdsOf(*t.group)) ads.insert(ad->name.value);
                return ads;
              };
              if (names(target) != names(*first)) {
                out.Fail(fmt::format("\"{}\" varies the {}, yet {} and {} have different ads",
                                     e.name, ExperimentVariableName(e.variable),
                                     first->group->name.value, target.group->name.value),
                         {first->group->place, target.group->place});
              }
            }
          }
        });
      });
  r.Campaign("setup.experiment_power", kFail, "Are baseline, effect, alpha and power sane?",
             "Baseline in (0, 1), mde_percent above 0, alpha in (0, 0.5), power in (0.5, 1).",
             [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 const bool sane = e.baseline > 0 && e.baseline < 1 && e.mde_percent > 0 &&
                                   e.mde_percent <= 500 && e.alpha > 0 && e.alpha < 0.5 &&
                                   e.power > 0.5 && e.power < 1 &&
                                   e.baseline * (1 + e.mde_percent / 100) < 1;
                 if (e.variable == ExperimentVariable::kGeoHoldout) return;
                 if (!sane) {
                   out.Fail(fmt::format("\"{}\": baseline {}, mde {} %, alpha {}, power {}", e.name,
                                        e.baseline, e.mde_percent, e.alpha, e.power),
                            {e.place});
                 }
               });
             });
  r.Campaign(
      "setup.experiment_flight", kFail, "Does each experiment end within the flight?",
      "Move start and end of the experiment into the flight.", [](const CampaignView& v, Out& out) {
        ForEach(v, out, [&](const ExperimentDocument& e) {
          const Day start = StartOf(v, e), end = EndOf(v, e);
          if (end < start) {
            out.Fail(fmt::format("\"{}\" ends on {}, before it starts on {}", e.name, PrintDay(end),
                                 PrintDay(start)),
                     {e.place});
          }
          if (start < v.brief().start.value || end > v.brief().end.value) {
            out.Fail(fmt::format("\"{}\" runs from {} to {}, the flight from {} to {}", e.name,
                                 PrintDay(start), PrintDay(end), PrintDay(v.brief().start.value),
                                 PrintDay(v.brief().end.value)),
                     {e.place, v.brief().end.place});
          }
        });
      });
  r.Campaign("setup.experiment_weeks", kWarn, "Does each experiment run for two weeks or more?",
             "Run it over whole weeks: weekdays differ more than most arms.",
             [](const CampaignView& v, Out& out) {
               ForEach(v, out, [&](const ExperimentDocument& e) {
                 const auto length = (EndOf(v, e) - StartOf(v, e)).count() + 1;
                 if (length >= 1 && length < 14) {
                   out.Fail(fmt::format("\"{}\" has {} days", e.name, length), {e.place});
                 }
               });
             });
  r.Campaign(
      "setup.experiment_sample", kFail, "Can the flight's budget pay for the sample?",
      "Look for a larger difference, put more budget on the arms, or run longer.",
      [](const CampaignView& v, Out& out) {
        if (v.brief().experiments.empty()) {
          return out.NotApplicable("the brief has no experiment");
        }
        if (v.context->desired == nullptr) return out.NotChecked("nothing is compiled yet");
        bool judged = false;
        for (const ExperimentDocument& e : v.brief().experiments) {
          std::int64_t sample = 0;
          for (const Experiment& made : v.context->desired->experiments) {
            if (made.name == e.name) sample = made.sample_per_arm;
          }
          const std::string unit = e.kpi == "ctr" ? "impressions" : e.kpi == "cvr" ? "clicks" : "";
          if (sample <= 0 || unit.empty()) continue;
          for (const auto& arm : e.arms) {
            if (arm.of.empty()) continue;
            const Target target = Find(v, arm.of.front());
            if (!target.found) continue;
            const auto daily = v.DailyOf(*target.package);
            const auto price = PriceOf(v, *target.package, unit);
            if (!daily || !price) continue;
            judged = true;
            const auto length = (EndOf(v, e) - StartOf(v, e)).count() + 1;
            const double bought = static_cast<double>(daily->micros()) / 1e6 *
                                  static_cast<double>(length) * arm.share_percent / 100 / *price;
            if (bought < static_cast<double>(sample)) {
              out.Fail(fmt::format("\"{}\", arm \"{}\": {} {} are needed, {} a day for {} days at "
                                   "{} % buys about {:.0f}",
                                   e.name, arm.name, sample, unit, PrintMoney(*daily), length,
                                   arm.share_percent, bought),
                       {arm.place, target.package->place()});
            }
          }
        }
        if (!judged) {
          out.NotChecked(
              "no price per impression or click is known (KPI cpm or cpc, or committed "
              "metrics)");
        }
      });
  r.Campaign(
      "setup.experiment_overlap", kFail, "Does nothing take part in two experiments at once?",
      "Run one after the other, or on different ad groups.", [](const CampaignView& v, Out& out) {
        std::map<std::string, const ExperimentDocument*> seen;
        ForEach(v, out, [&](const ExperimentDocument& e) {
          std::set<std::string> groups;
          for (const auto& arm : e.arms) {
            for (const std::string& path : arm.of) {
              const List parts = Split(path, '/');
              groups.insert(parts[0] + (parts.size() > 1 ? "/" + parts[1] : ""));
            }
          }
          for (const std::string& group : groups) {
            const auto [at, fresh] = seen.emplace(group, &e);
            if (!fresh && StartOf(v, *at->second) <= EndOf(v, e) &&
                StartOf(v, e) <= EndOf(v, *at->second)) {
              out.Fail(fmt::format("{} is in \"{}\" and in \"{}\" at the same time", group,
                                   at->second->name, e.name),
                       {at->second->place, e.place});
            }
          }
        });
      });
}

}  // namespace maxopt::checks
