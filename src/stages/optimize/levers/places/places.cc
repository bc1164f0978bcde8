#include "stages/optimize/levers/places/places.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>
#include <nlohmann/json.hpp>

#include "stages/optimize/levers/modifiers.h"

namespace maxopt {
namespace {

using namespace levers;

/// As with hours: two weeks have to show what the last change did.
constexpr std::chrono::hours kRest{14 * 24};

constexpr ModifierQuestion kByCountry{"country", Reason::kPlace, "countries"};

class Places {
 public:
  Places(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    report_.lever = "places";
  }

  Result<LeverReport> Run() {
    MAXOPT_TRY(const std::string experiment, GeoExperiment());
    if (!experiment.empty()) {
      Note(fmt::format("places are left alone: the geo experiment \"{}\" compares them",
                       experiment));
      return std::move(report_);
    }
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Gather(account));
    std::vector<PartsOf> parts;
    for (const CutCampaign& judged : campaigns_) parts.push_back(judged.campaign.parts);
    MAXOPT_TRY(const std::vector<PartsReport> reports, JudgeParts(parts, PartsOptionsOf(state_)));
    MAXOPT_TRY(const std::vector<WeighedCampaign> weighed, WeighCampaigns(campaigns_, kByCountry));
    for (std::size_t i = 0; i < reports.size(); ++i) {
      MAXOPT_CHECK(Propose(campaigns_[i], reports[i], weighed[i]));
    }
    return std::move(report_);
  }

 private:
  void Note(std::string what) { report_.notes.push_back(std::move(what)); }

  /// A holdout's places are no objects, so no lock names them.
  Result<std::string> GeoExperiment() const {
    MAXOPT_TRY(const Zone zone, Zone::Find(state_.client.zone));
    const Day today = zone.DayOf(state_.now);
    MAXOPT_TRY(const std::vector<Experiment> all, world_.store->Experiments(state_.client.name));
    for (const Experiment& one : all) {
      const bool runs = one.status == "running" || (one.status == "planned" && one.start <= today);
      const bool geo = std::any_of(one.arms.begin(), one.arms.end(),
                                   [](const ExperimentArm& arm) { return !arm.places.empty(); });
      if (runs && geo && one.end >= today) return one.name;
    }
    return std::string();
  }

  Result<> Gather(const LeverAccount& account) {
    const std::string who = PrintAccount(account.tree.info.account);
    if (!account.hold.empty()) {
      Note(fmt::format("{}: {}", who, account.hold));
      return {};
    }
    const CutQuestion countries{Breakdown::kCountry, "country",
                                [](const std::string& country) { return std::optional(country); },
                                nullptr};
    MAXOPT_TRY(std::vector<CutCampaign> found,
               CampaignsByPart(world_, state_, account, countries, report_.notes));
    std::move(found.begin(), found.end(), std::back_inserter(campaigns_));
    return {};
  }

  /// Why these countries cannot be taken out of the object; empty: they can.
  std::string Refusal(const PartCampaign& of, const Entity& object,
                      const std::vector<std::string>& left) const {
    const AccountId& account = of.account->tree.info.account;
    if (&object != of.campaign) {
      if (std::string why = state_.Still(*of.account, object); !why.empty()) return why;
    }
    if (left.empty()) return "it would be left without a country, which is a pause";
    if (const Instant* changed = state_.LastChange(account, object.id, "countries")) {
      if (state_.now - *changed < kRest) {
        return fmt::format("its countries were changed at {}; two weeks have to show what that did",
                           PrintInstant(*changed));
      }
    }
    return {};
  }

  Result<> Propose(const CutCampaign& judged, const PartsReport& parts,
                   const WeighedCampaign& weighed) {
    const PartCampaign& of = judged.campaign;
    const std::string name = WithoutMarker(TextField(of.campaign->fields, "name"));
    if (!parts.any) {
      Note(fmt::format("campaign \"{}\": {}", name, parts.why_not));
      return ProposeModifiers(state_, judged, weighed, kByCountry, report_);
    }
    std::vector<std::string> stop;
    bool worth_a_bid = false;
    for (const PartView& part : parts.parts) {
      if (part.verdict == PartVerdict::kStop && part.cost > 0) {
        stop.push_back(judged.names[part.part]);
        worth_a_bid = worth_a_bid || !BelowFloor(judged, weighed, part.part);
      }
    }
    // A place that is worth a lower bid is bid less for; taken out is what is worth none.
    if (weighed.refusal.empty() && worth_a_bid) {
      return ProposeModifiers(state_, judged, weighed, kByCountry, report_);
    }
    const std::string what = fmt::format("{}: {}", fmt::join(stop, ", "), CostSentence(of, parts));
    const Platform platform = of.account->tree.info.account.platform;
    if (platform != Platform::kGoogleAds && platform != Platform::kMeta &&
        platform != Platform::kTikTok) {
      Note(fmt::format("campaign \"{}\" loses in {}. Max sets no places on {}", name, what,
                       PlatformName(platform)));
      return {};
    }
    std::vector<const Entity*> objects;
    if (platform == Platform::kGoogleAds) {
      objects.push_back(of.campaign);
    } else {
      objects = ActiveGroups(*of.account, *of.campaign);
    }
    // Only objects that name one of them can be told; the effect is theirs together.
    const auto names_one = [&](const Entity* object) {
      const auto& countries = ListField(object->fields, "countries");
      return std::any_of(stop.begin(), stop.end(), [&](const std::string& country) {
        return std::find(countries.begin(), countries.end(), country) != countries.end();
      });
    };
    std::erase_if(objects, [&](const Entity* object) { return !names_one(object); });
    if (objects.empty()) {
      Note(
          fmt::format("campaign \"{}\" loses in {}. It does not name its countries one by one, so "
                      "none can be taken out: leave them out where its places are set",
                      name, what));
      return {};
    }
    MAXOPT_TRY(const std::vector<double> shares,
               SharesOf(world_, *of.account, *of.campaign, objects));
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Entity& object = *objects[i];
      const auto& before = ListField(object.fields, "countries");
      std::vector<std::string> left, taken;
      for (const std::string& country : before) {
        const bool out = std::find(stop.begin(), stop.end(), country) != stop.end();
        (out ? taken : left).push_back(country);
      }
      if (const std::string why = Refusal(of, object, left); !why.empty()) {
        Note(fmt::format("{} \"{}\" loses in {}. It is left as it is: {}", LevelName(object.level),
                         WithoutMarker(TextField(object.fields, "name")), what, why));
        continue;
      }
      Opportunity found;
      SetEffect(state_, of, parts, shares[i], found);
      // "Any change to targeting" restarts Meta's learning, and TikTok's; Google names none.
      if (platform != Platform::kGoogleAds) {
        const double days = std::max(of.sums.days, 1);
        const double conversions = shares[i] * of.sums.conversions / days;
        const double units = of.kpi.revenue ? shares[i] * of.sums.revenue / days : conversions;
        const Learning learning =
            LearningOf(object, *of.campaign, conversions, units * of.unit_value, 1);
        found.learning_cost = learning.cost_a_day;
        found.learning_days = learning.days;
      }
      Change& change = found.change;
      change.account = of.account->tree.info.account;
      change.level = object.level;
      change.id = object.id;
      change.address = state_.AddressOf(*of.account, object);
      change.before["countries"] = before;
      change.after["countries"] = left;
      // Said too, so that an undo brings them back with their country.
      BidModifiers bids = weighed.before;
      for (const std::string& country : taken) bids.erase({"country", country});
      if (bids != weighed.before) {
        change.before["bid_modifiers"] = ListField(object.fields, "bid_modifiers");
        change.after["bid_modifiers"] = PrintBidModifiers(bids);
      }
      change.reason = Reason::kPlace;
      change.why = fmt::format("without {}: {}; {}", fmt::join(taken, ", "),
                               CostSentence(of, parts), GainSentence(of, parts));
      nlohmann::json evidence = EvidenceOf(of, parts);
      evidence["stopped"] = stop;
      evidence["share_of_campaign"] = shares[i];
      evidence["beware"] =
          "consent and the ways of claiming a conversion may differ between countries";
      nlohmann::json each = nlohmann::json::object();
      for (const PartView& part : parts.parts) {
        each[judged.names[part.part]] = {{"spend", part.cost},
                                         {"value", part.value},
                                         {"rate", part.rate},
                                         {"low90", part.low},
                                         {"high90", part.high}};
      }
      evidence["countries"] = std::move(each);
      change.evidence = evidence.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      report_.opportunities.push_back(std::move(found));
    }
    return {};
  }

  const LeverWorld& world_;
  const LeverState& state_;
  LeverReport report_;
  std::vector<CutCampaign> campaigns_;
};

}  // namespace

Result<LeverReport> PlaceLever(const LeverWorld& world, const LeverState& state) {
  return Places(world, state).Run();
}

}  // namespace maxopt
