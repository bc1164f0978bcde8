// What can only be seen on the platforms: run at +1 h, +24 h and on demand. Before launch these are
// not applicable; without a look at the platforms they are not checked.
#include <fmt/format.h>

#include <algorithm>

#include "stages/setup/checks/view.h"

namespace maxopt::checks {
namespace {

/// A wanted object and what became of it.
struct Seen {
  const DesiredObject* wanted;
  const OwnedObject* owned = nullptr;
  const Entity* live = nullptr;
};

bool IsTree(Level level) {
  return level == Level::kCampaign || level == Level::kAdGroup || level == Level::kAd;
}

/// The package's wanted objects beside the live ones; nullopt (and answered) when they cannot be
/// compared.
std::optional<std::vector<Seen>> Compare(const CampaignView& v, const PackageView& p, Out& out) {
  const CheckContext& c = *v.context;
  if (c.phase == CheckPhase::kBeforeLaunch) {
    out.NotApplicable("looks at what is live: run it after the launch");
    return std::nullopt;
  }
  if (c.live == nullptr || c.desired == nullptr) {
    out.NotChecked("the platforms were not read");
    return std::nullopt;
  }
  const auto tree = c.live->trees.find(p.package->account.value);
  if (tree == c.live->trees.end()) {
    out.NotChecked(fmt::format("{} was not read", PrintAccount(p.package->account.value)));
    return std::nullopt;
  }
  const auto owned = c.live->owned.find(p.package->account.value);
  std::map<std::string, const OwnedObject*, std::less<>> ours;
  if (owned != c.live->owned.end()) {
    for (const OwnedObject& object : owned->second) ours.emplace(object.address, &object);
  }
  std::map<std::pair<Level, std::string>, const Entity*> entities;
  for (const Entity& entity : tree->second.entities) {
    entities.emplace(std::pair(entity.level, entity.id), &entity);
  }
  std::vector<Seen> seen;
  for (const DesiredObject& object : c.desired->objects) {
    const bool shared = object.package.empty() && object.account == p.package->account.value;
    if (object.package != p.name() && !shared) continue;
    Seen s{&object};
    if (const auto at = ours.find(object.address); at != ours.end()) {
      s.owned = at->second;
      if (const auto found = entities.find(std::pair(object.level, at->second->id));
          found != entities.end()) {
        s.live = found->second;
      }
    }
    seen.push_back(s);
  }
  return seen;
}

using LiveFault = std::function<void(const Seen&, Out&)>;

void LiveCheck(Registry& r, const std::string& id, Severity severity, const std::string& question,
               const std::string& fix, const LiveFault& fault) {
  r.Package(id, severity, question, fix,
            [fault](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              for (const Seen& s : *seen) fault(s, out);
              if (out.problems().empty()) out.Pass(fmt::format("{} objects", seen->size()));
            });
}

/// A check that wanted fields are as they are live.
void SameFields(Registry& r, const std::string& id, const std::string& question,
                const std::vector<std::string>& fields) {
  LiveCheck(r, id, kFail, question,
            "Look at the plan: apply it, or put what somebody changed into the documents.",
            [fields](const Seen& s, Out& out) {
              if (s.live == nullptr || !IsTree(s.wanted->level)) return;
              for (const std::string& field : fields) {
                const auto want = s.wanted->fields.find(field);
                if (want == s.wanted->fields.end()) continue;
                const auto have = s.live->fields.find(field);
                const bool nothing = want->second == FieldValue(std::vector<std::string>{});
                if (nothing && have == s.live->fields.end()) continue;
                if (have == s.live->fields.end()) {
                  out.Fail(fmt::format("{}: {} is not set, wanted is {}", s.wanted->address, field,
                                       ShowValue(want->second)),
                           {s.wanted->place});
                } else if (!SameField(field, want->second, have->second)) {
                  out.Fail(fmt::format("{}: {} is {}, wanted is {}", s.wanted->address, field,
                                       ShowValue(have->second), ShowValue(want->second)),
                           {s.wanted->place});
                }
              }
            });
}

/// Whether people switched the package's campaign on.
bool SwitchedOn(const std::vector<Seen>& seen) {
  return std::ranges::any_of(seen, [](const Seen& s) {
    return s.live != nullptr && s.wanted->level == Level::kCampaign &&
           TextField(s.live->fields, "status") == kActive;
  });
}

}  // namespace

void AddLiveChecks(Registry& r) {
  LiveCheck(
      r, "setup.live_exists", kFail, "Does every wanted object exist on the platform?",
      "Apply the plan again: it goes on where it stopped.", [](const Seen& s, Out& out) {
        // An asset or a conversion is not in every platform's tree: that we own it is enough.
        const bool there = IsTree(s.wanted->level) ? s.live != nullptr : s.owned != nullptr;
        if (!there) {
          out.Fail(fmt::format("{} {} is not there", LevelName(s.wanted->level), s.wanted->address),
                   {s.wanted->place});
        }
      });
  LiveCheck(r, "setup.live_not_removed", kFail, "Is nothing of it removed?",
            "Ask who removed it (maxopt plan shows who), then plan anew.",
            [](const Seen& s, Out& out) {
              if (s.live != nullptr && TextField(s.live->fields, "status") == kRemoved) {
                out.Fail(s.wanted->address + " is removed", {s.wanted->place});
              }
            });
  r.Package("setup.live_status", kFail, "Is every level active where the campaign is?",
            "Activate the rest, or pause it in the documents: an active campaign with paused "
            "children does not deliver.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              const bool on = SwitchedOn(*seen);
              for (const Seen& s : *seen) {
                if (s.live == nullptr || !IsTree(s.wanted->level)) continue;
                const std::string status = TextField(s.live->fields, "status");
                if (on && status == kPaused) {
                  out.Fail(fmt::format("{} {} is paused under an active campaign",
                                       LevelName(s.wanted->level), s.wanted->address),
                           {s.wanted->place});
                }
              }
            });
  r.Package("setup.live_activated", kWarn, "Is the campaign switched on when its flight began?",
            "Activate it (maxopt activate), or move the flight.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              if (p.start > v.context->today || p.end < v.context->today) {
                return out.NotApplicable("today is not in the flight");
              }
              if (!SwitchedOn(*seen)) {
                out.Fail(fmt::format("the flight began on {}, the campaign is not active",
                                     PrintDay(p.start)),
                         {p.place()});
              }
            });
  r.Package("setup.live_early", kFail, "Does nothing run before its flight?",
            "Pause it: money is spent before the day that was agreed.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              // Some platforms keep the flight on ad groups.
              bool groups = false;
              bool groups_start = true;
              for (const Seen& s : *seen) {
                if (s.live == nullptr || s.wanted->level != Level::kAdGroup) continue;
                groups = true;
                groups_start = groups_start && !TextField(s.live->fields, "start_at").empty();
              }
              for (const Seen& s : *seen) {
                if (s.live == nullptr || s.wanted->level != Level::kCampaign) continue;
                const bool starts = !TextField(s.live->fields, "start_at").empty();
                if (p.start > v.context->today && !starts && !(groups && groups_start) &&
                    TextField(s.live->fields, "status") == kActive) {
                  out.Fail(fmt::format("{} is active without a start date, its flight begins on {}",
                                       s.wanted->address, PrintDay(p.start)),
                           {s.wanted->place});
                }
              }
            });
  r.Package("setup.live_delivers", kWarn, "Is every active ad able to deliver?",
            "Look at the platform's reason; reviews take up to a day.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              if (!SwitchedOn(*seen)) return out.NotApplicable("the campaign is not active");
              if (p.start > v.context->today) return out.NotApplicable("the flight begins later");
              const bool late = v.context->phase == CheckPhase::kHour24;
              for (const Seen& s : *seen) {
                if (s.live == nullptr || !IsTree(s.wanted->level)) continue;
                const std::string status = TextField(s.live->fields, "effective_status");
                if (status.empty() || status == "active") continue;
                if (status == "in_review" && !late) continue;
                out.Fail(fmt::format("{} {}: {}{}", LevelName(s.wanted->level), s.wanted->address,
                                     status, late && status == "in_review" ? " after a day" : ""),
                         {s.wanted->place});
              }
            });
  LiveCheck(r, "setup.live_learning", kWarn, "Does learning get on?",
            "Put more budget on fewer ad groups, or optimise for a more frequent event.",
            [](const Seen& s, Out& out) {
              if (s.live != nullptr && TextField(s.live->fields, "learning_status") == "limited") {
                out.Fail(s.wanted->address + ": learning limited", {s.wanted->place});
              }
            });
  LiveCheck(
      r, "creative.live_review", kFail, "Did every ad pass the platform's review?",
      "Change what the platform names, or appeal in its own screens.", [](const Seen& s, Out& out) {
        if (s.live == nullptr || s.wanted->level != Level::kAd) return;
        const std::string review = TextField(s.live->fields, "review_status");
        const List& reasons = ListField(s.live->fields, "review_reasons");
        const std::string why = reasons.empty() ? "" : ": " + Join(reasons, 3);
        if (review == "rejected") {
          out.Fail(fmt::format("{} was rejected{}", s.wanted->address, why), {s.wanted->place});
        } else if (review == "limited") {
          out.Warn(fmt::format("{} is limited{}", s.wanted->address, why), {s.wanted->place});
        }
      });
  SameFields(r, "budget.live_equal", "Are budgets and bids as they were approved?",
             {"daily_budget", "lifetime_budget", "bid", "target_cpa", "target_roas_bp",
              "bid_strategy", "bid_modifiers"});
  SameFields(r, "targeting.live_equal", "Is the targeting as it was approved?",
             {"countries", "languages", "age_min", "age_max", "genders", "keywords",
              "negative_keywords", "audiences", "excluded_audiences", "locations",
              "excluded_locations", "placements", "dayparts"});
  SameFields(r, "setup.live_equal", "Are flight, objective and goal as they were approved?",
             {"objective", "start_at", "end_at", "optimization_goal", "conversion_event",
              "special_categories", "eu_political"});
  SameFields(r, "creative.live_equal", "Are the texts as they were approved?",
             {"headlines", "descriptions", "landing_url", "call_to_action"});
  SameFields(r, "tracking.live_equal", "Are the tracking parameters as they were approved?",
             {"url_tags"});
  r.Package("naming.live_unknown", kWarn, "Is everything with our marker known to us?",
            "Run the orphan report: something we made is not in our records.",
            [](const CampaignView& v, const PackageView& p, Out& out) {
              const auto seen = Compare(v, p, out);
              if (!seen) return;
              const AccountId& account = p.package->account.value;
              const auto owned = v.context->live->owned.find(account);
              for (const Entity& entity : v.context->live->trees.at(account).entities) {
                const std::string name = TextField(entity.fields, "name");
                if (WithoutMarker(name) == name || TextField(entity.fields, "status") == kRemoved) {
                  continue;
                }
                const bool known = owned != v.context->live->owned.end() &&
                                   std::ranges::any_of(owned->second, [&](const OwnedObject& o) {
                                     return o.id == entity.id && o.level == entity.level;
                                   });
                if (!known) {
                  out.Fail(fmt::format("{} {} \"{}\"", LevelName(entity.level), entity.id, name),
                           {p.package->account.place});
                }
              }
            });
}

}  // namespace maxopt::checks
