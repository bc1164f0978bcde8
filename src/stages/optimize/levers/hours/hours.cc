#include "stages/optimize/levers/hours/hours.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "domain/dayparts.h"
#include "stages/optimize/levers/partwise.h"

namespace maxopt {
namespace {

using namespace levers;

/// A week with the new hours and one more: before that nothing can be said of them.
constexpr std::chrono::hours kRest{14 * 24};
/// Google takes no more spans of one day.
constexpr std::size_t kSpansMax = 6;

/// The hours an object runs in now; nullopt where they are not whole hours.
std::optional<WeekHours> HoursNow(const Entity& object) {
  const auto& list = ListField(object.fields, "dayparts");
  if (list.empty()) return WeekHours().set();
  const auto hours = ParseDayparts(list);
  return hours ? std::optional(*hours) : std::nullopt;
}

/// "mon-fri 00:00-05:00, sat 01:00-03:00": days that are alike are told together.
std::string ForPeople(const WeekHours& hours) {
  constexpr std::string_view kDays[] = {"mon", "tue", "wed", "thu", "fri", "sat", "sun"};
  std::vector<std::pair<std::string, std::vector<std::size_t>>> groups;  // spans and their days
  for (std::size_t day = 0; day < 7; ++day) {
    WeekHours one;
    for (std::size_t h = 0; h < 24; ++h) one.set(24 * day + h, hours.test(24 * day + h));
    std::vector<std::string> spans;
    for (const std::string& span : PrintDayparts(one)) spans.push_back(span.substr(4));
    if (spans.empty()) continue;
    const std::string text = fmt::format("{}", fmt::join(spans, " and "));
    const auto same = std::find_if(groups.begin(), groups.end(),
                                   [&](const auto& group) { return group.first == text; });
    if (same == groups.end()) {
      groups.push_back({text, {day}});
    } else {
      same->second.push_back(day);
    }
  }
  std::vector<std::string> out;
  for (const auto& [spans, in] : groups) {
    const bool run = in.size() > 2 && in.back() - in.front() + 1 == in.size();
    std::vector<std::string_view> names;
    for (const std::size_t day : in) names.push_back(kDays[day]);
    out.push_back(fmt::format("{} {}",
                              in.size() == 7 ? "all days"
                              : run          ? fmt::format("{}-{}", names.front(), names.back())
                                             : fmt::format("{}", fmt::join(names, "+")),
                              spans));
  }
  return fmt::format("{}", fmt::join(out, ", "));
}

class Hours {
 public:
  Hours(const LeverWorld& world, const LeverState& state) : world_(world), state_(state) {
    report_.lever = "hours";
  }

  Result<LeverReport> Run() {
    for (const LeverAccount& account : state_.accounts) MAXOPT_CHECK(Gather(account));
    std::vector<PartsOf> parts;
    for (const PartCampaign& campaign : campaigns_) parts.push_back(campaign.parts);
    MAXOPT_TRY(const std::vector<PartsReport> judged, JudgeParts(parts, PartsOptionsOf(state_)));
    for (std::size_t i = 0; i < judged.size(); ++i) {
      MAXOPT_CHECK(Propose(campaigns_[i], judged[i]));
    }
    return std::move(report_);
  }

 private:
  void Note(std::string what) { report_.notes.push_back(std::move(what)); }

  Result<> Gather(const LeverAccount& account) {
    const AccountInfo& info = account.tree.info;
    const std::string who = PrintAccount(info.account);
    if (!account.hold.empty()) {
      Note(fmt::format("{}: {}", who, account.hold));
      return {};
    }
    MAXOPT_TRY(const std::set<Day> days,
               JudgedDaysOf(world_, state_, account, Grain::kHour, Breakdown::kNone));
    const int least = PartsOptions{}.least_days;
    if (static_cast<int>(days.size()) < least) {
      Note(fmt::format("{}: {} days of hours whose conversions are nearly all known; {} are needed",
                       who, days.size(), least));
      return {};
    }
    MAXOPT_TRY(const auto sums, SumsOf(world_, account, days));
    // Rows of the campaigns that are judged, by id.
    std::map<std::string, std::size_t> at;
    for (const Entity* campaign_entity : CampaignsOf(account)) {
      const Entity& entity = *campaign_entity;
      const auto known = sums.find(entity.id);
      auto campaign =
          CampaignToJudge(state_, account, entity, known == sums.end() ? nullptr : &known->second,
                          days, report_.notes);
      if (!campaign) continue;
      campaign->parts.parts = kHoursOfWeek;
      campaign->parts.hours = true;
      at[entity.id] = campaigns_.size();
      campaigns_.push_back(*std::move(campaign));
    }
    return Read(account, days, at);
  }

  Result<> Read(const LeverAccount& account, const std::set<Day>& days,
                const std::map<std::string, std::size_t>& at) {
    if (at.empty()) return {};
    FactQuery query;
    query.measures = {"spend", "conversions", "revenue"};
    query.dimensions = {"campaign"};
    query.filters = {{"account", {PrintAccount(account.tree.info.account)}, false}};
    query.from = *days.begin();
    query.to = *days.rbegin();
    query.grain = "hour";
    MAXOPT_TRY(const FactTable table, world_.facts->Query(query));
    if (table.rows.empty()) return {};
    const std::size_t period = table.Column("period"), id = table.Column("campaign_id"),
                      spend = table.Column("spend"), conversions = table.Column("conversions"),
                      revenue = table.Column("revenue");
    for (const auto& row : table.rows) {
      const auto found = at.find(row[id].text);
      if (found == at.end()) continue;
      PartCampaign& campaign = campaigns_[found->second];
      MAXOPT_TRY(const Day day, ParseDay(row[period].text.substr(0, 10)));
      if (!days.contains(day)) continue;
      const unsigned weekday = std::chrono::weekday(day).iso_encoding() - 1;
      const auto hour = static_cast<std::size_t>(10 * (row[period].text.at(11) - '0') +
                                                 (row[period].text.at(12) - '0'));
      const FactCell& value = row[campaign.kpi.revenue ? revenue : conversions];
      PartRow part;
      part.part = 24 * static_cast<std::size_t>(weekday) + hour;
      part.day = static_cast<int>(day.time_since_epoch().count());
      part.cost = std::max(0.0, row[spend].Amount());
      part.value = std::max(0.0, value.Amount());
      campaign.parts.rows.push_back(part);
    }
    // Hours in which none of its objects runs any more cost nothing now.
    for (const auto& [campaign_id, index] : at) {
      PartCampaign& campaign = campaigns_[index];
      const WeekHours running = RunningNow(campaign);
      std::erase_if(campaign.parts.rows,
                    [&](const PartRow& row) { return !running.test(row.part); });
    }
    return {};
  }

  static std::vector<const Entity*> ObjectsOf(const PartCampaign& campaign) {
    if (campaign.account->tree.info.account.platform == Platform::kGoogleAds) {
      return {campaign.campaign};
    }
    return ActiveGroups(*campaign.account, *campaign.campaign);
  }

  static WeekHours RunningNow(const PartCampaign& campaign) {
    WeekHours out;
    for (const Entity* object : ObjectsOf(campaign)) {
      out |= HoursNow(*object).value_or(WeekHours().set());
    }
    return out.none() ? out.set() : out;
  }

  /// Why this object cannot be told the hours; empty: it can.
  std::string Refusal(const PartCampaign& of, const Entity& object, const WeekHours& after) const {
    const LeverAccount& account = *of.account;
    const Platform platform = account.tree.info.account.platform;
    if (&object != of.campaign) {
      if (std::string why = state_.Still(account, object); !why.empty()) return why;
    }
    if (!HoursNow(object)) return "it runs in parts of hours, which are a person's to change";
    if (const Instant* changed =
            state_.LastChange(account.tree.info.account, object.id, "dayparts")) {
      if (state_.now - *changed < kRest) {
        return fmt::format("its hours were changed at {}; two weeks have to show what that did",
                           PrintInstant(*changed));
      }
    }
    if (platform == Platform::kMeta) {
      const bool lifetime = object.fields.contains("lifetime_budget") ||
                            of.campaign->fields.contains("lifetime_budget");
      if (!lifetime) {
        return "Meta keeps hours only for a lifetime_budget, on the ad set or its campaign, and "
               "it has a daily one";
      }
      if (TextField(object.fields, "pacing") == "asap") {
        return "on Meta hours do not go with pacing asap";
      }
    }
    if (after.none()) return "no hour would be left";
    if (platform == Platform::kGoogleAds) {
      std::map<std::string, std::size_t> spans;
      for (const std::string& span : PrintDayparts(after)) ++spans[span.substr(0, 3)];
      for (const auto& [day, count] : spans) {
        if (count > kSpansMax) {
          return fmt::format("{} would have {} spans; Google takes {} a day", day, count,
                             kSpansMax);
        }
      }
    }
    return {};
  }

  Result<> Propose(const PartCampaign& of, const PartsReport& judged) {
    const std::string name = WithoutMarker(TextField(of.campaign->fields, "name"));
    if (!judged.any) {
      Note(fmt::format("campaign \"{}\": {}", name, judged.why_not));
      return {};
    }
    WeekHours stop;
    for (const PartView& part : judged.parts) {
      if (part.verdict == PartVerdict::kStop && part.cost > 0) stop.set(part.part);
    }
    const std::string what = fmt::format("{}: {}", ForPeople(stop), CostSentence(of, judged));
    const Platform platform = of.account->tree.info.account.platform;
    if (platform != Platform::kGoogleAds && platform != Platform::kMeta &&
        platform != Platform::kTikTok) {
      Note(fmt::format("campaign \"{}\" loses in {}. Max sets no hours on {}", name, what,
                       PlatformName(platform)));
      return {};
    }
    const std::vector<const Entity*> objects = ObjectsOf(of);
    MAXOPT_TRY(const std::vector<double> shares,
               SharesOf(world_, *of.account, *of.campaign, objects));
    for (std::size_t i = 0; i < objects.size(); ++i) {
      const Entity& object = *objects[i];
      const WeekHours before = HoursNow(object).value_or(WeekHours());
      const WeekHours after = before & ~stop;
      const std::string why_not = Refusal(of, object, after);
      if (!why_not.empty()) {
        Note(fmt::format("{} \"{}\" loses in {}. It is left as it is: {}", LevelName(object.level),
                         WithoutMarker(TextField(object.fields, "name")), what, why_not));
        continue;
      }
      if (after == before) continue;
      Opportunity found;
      SetEffect(state_, of, judged, shares[i], found);
      Change& change = found.change;
      change.account = of.account->tree.info.account;
      change.level = object.level;
      change.id = object.id;
      change.address = state_.AddressOf(*of.account, object);
      change.before["dayparts"] = ListField(object.fields, "dayparts");
      change.after["dayparts"] = PrintDayparts(after);
      change.reason = Reason::kDaypart;
      change.why = fmt::format("{} on the account's clock ({}): {}; {}", ForPeople(stop),
                               of.account->tree.info.zone, CostSentence(of, judged),
                               GainSentence(of, judged));
      nlohmann::json evidence = EvidenceOf(of, judged);
      evidence["stopped"] = PrintDayparts(stop);
      evidence["zone"] = of.account->tree.info.zone;
      evidence["share_of_campaign"] = shares[i];
      WeekHours later;
      for (const PartView& part : judged.parts) {
        if (part.verdict == PartVerdict::kLater) later.set(part.part);
      }
      if (later.any()) evidence["also_losing"] = PrintDayparts(later);
      change.evidence = evidence.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
      report_.opportunities.push_back(std::move(found));
    }
    if (objects.empty()) {
      Note(fmt::format("campaign \"{}\" loses in {}. It has no ad group that is on", name, what));
    }
    return {};
  }

  const LeverWorld& world_;
  const LeverState& state_;
  LeverReport report_;
  std::vector<PartCampaign> campaigns_;
};

}  // namespace

Result<LeverReport> HourLever(const LeverWorld& world, const LeverState& state) {
  return Hours(world, state).Run();
}

}  // namespace maxopt
