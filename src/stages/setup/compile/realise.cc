#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>

#include "domain/digest.h"
#include "stages/setup/compile/compile.h"
#include "stages/setup/compile/configure.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

std::string Base64(std::string_view bytes) {
  std::string out(4 * ((bytes.size() + 2) / 3), '\0');
  EVP_EncodeBlock(reinterpret_cast<unsigned char*>(out.data()),
                  reinterpret_cast<const unsigned char*>(bytes.data()),
                  static_cast<int>(bytes.size()));
  return out;
}

std::string BaseName(const std::string& path) {
  const std::size_t slash = path.rfind('/');
  return slash == std::string::npos ? path : path.substr(slash + 1);
}

/// Which levels a platform keeps a field on, as letters of the catalogue. The requirements decide;
/// what they do not tell is where the catalogue allows it.
struct Support {
  std::string levels;
  std::string note;
};
Support SupportOf(const PlatformSpec* spec, const std::string& field) {
  if (spec != nullptr) {
    if (const FieldSupport* support = spec->FindField(field)) {
      return {support->levels, support->note};
    }
  }
  for (const FieldSpec& known : FieldCatalogue()) {
    if (known.name == field) return {std::string(known.levels), ""};
  }
  return {"", "not a field of the catalogue"};
}

bool Has(const Support& support, char level) {
  return support.levels.find(level) != std::string::npos;
}

class Realiser {
 public:
  Realiser(const CampaignDocuments& documents, const CompileWorld& world)
      : docs_(documents), world_(world) {}

  Result<Desired> Run() {
    const Brief& brief = docs_.brief;
    out_.client = brief.client.value;
    out_.campaign = brief.campaign.value;
    out_.slug = Slug(brief.campaign.value);
    out_.currency = brief.currency.value;
    out_.start = brief.start.value;
    out_.end = brief.end.value;
    BriefRows();
    for (const Package& package : docs_.media_plan.packages) MAXOPT_CHECK(AddPackage(package));
    UnusedRows();
    MAXOPT_CHECK(CheckAddresses());
    MAXOPT_TRY(out_.experiments, PlanExperiments(docs_, out_));
    for (const Experiment& experiment : out_.experiments) {
      Row("brief", "experiments." + experiment.name, PlaceOfExperiment(experiment.name),
          experiment.hypothesis, "", Outcome::kRealised,
          fmt::format("{} per arm needed; its arms are locked until {}", experiment.sample_per_arm,
                      PrintDay(experiment.end)));
    }
    out_.watches = PlanWatches(docs_, out_);
    return std::move(out_);
  }

 private:
  // --- the matrix -------------------------------------------------------------------------------

  void Row(std::string document, std::string field, const Place& place, std::string value,
           std::string package, Outcome outcome, std::string how) {
    out_.matrix.push_back({std::move(document), std::move(field), PrintPlace(place),
                           std::move(value), std::move(package), outcome, std::move(how)});
  }
  Place PlaceOfExperiment(const std::string& name) const {
    for (const ExperimentDocument& experiment : docs_.brief.experiments) {
      if (experiment.name == name) return experiment.place;
    }
    return docs_.brief.place;
  }

  /// What the brief states for all packages and what Max itself keeps of it.
  void BriefRows() {
    const Brief& brief = docs_.brief;
    const auto kept = [&](const char* field, const Place& place, std::string value,
                          std::string how) {
      Row("brief", field, place, std::move(value), "", Outcome::kRealised, std::move(how));
    };
    kept("client", brief.client.place, brief.client.value, "first part of every campaign's name");
    kept("campaign", brief.campaign.place, brief.campaign.value,
         "last part of every campaign's name");
    if (brief.brand != brief.client.value) {
      kept("brand", brief.place, brief.brand, "kept by Max: name of the advertiser in ads");
    }
    kept("currency", brief.currency.place, std::string(brief.currency.value.name()),
         "every account is checked against it; no amount is converted");
    kept("budget.total", brief.total_budget.place, PrintMoney(brief.total_budget.value),
         "kept by Max: the packages are checked against it, pacing lands on it");
    if (brief.daily_budget_cap) {
      kept("budget.daily_cap", brief.daily_budget_cap->place,
           PrintMoney(brief.daily_budget_cap->value),
           fmt::format("kept by Max: checked on the worst day, a day as in {}",
                       brief.budget_cap_timezone ? brief.budget_cap_timezone->value
                                                 : std::string("each account's zone")));
    }
    for (const KpiTarget& kpi : brief.kpis) {
      kept(("kpis." + kpi.metric).c_str(), kpi.place, kpi.target,
           fmt::format("kept by Max: watched as {} on every campaign", kpi.importance));
    }
    if (brief.attribution) {
      kept("attribution", brief.attribution->place, brief.attribution->model,
           fmt::format("kept by Max: {} days after a click, {} after a view, for the observed view",
                       brief.attribution->click_days, brief.attribution->view_days));
    }
    if (!brief.po_number.empty()) {
      kept("po_number", brief.place, brief.po_number, "kept by Max: told in reports");
    }
    if (!brief.estimate_number.empty()) {
      kept("estimate_number", brief.place, brief.estimate_number, "kept by Max: told in reports");
    }
  }

  /// Ads that no ad group takes and buys of packages that are not planned.
  void UnusedRows() {
    for (const AdDocument& ad : docs_.creatives.ads) {
      if (used_ads_.contains(ad.name.value)) continue;
      Row("creatives", "ads." + ad.name.value, ad.name.place, ad.name.value, "", Outcome::kRefused,
          "no ad group of a planned package uses it");
    }
    for (const Buy& buy : docs_.buys.buys) {
      if (planned_.contains(buy.package.value)) continue;
      Row("buys", "buys." + buy.package.value, buy.package.place, buy.package.value,
          buy.package.value, Outcome::kRefused, "the media plan has no such package");
    }
    if (docs_.creatives.guidelines) {
      Row("creatives", "guidelines", docs_.creatives.guidelines->place, "", "", Outcome::kRealised,
          "kept by Max: every text is checked against them");
    }
  }

  Result<> CheckAddresses() const {
    std::map<std::pair<AccountId, std::string>, Place> seen;
    for (const DesiredObject& object : out_.objects) {
      const auto [at, fresh] = seen.try_emplace({object.account, object.address}, object.place);
      if (!fresh) {
        return Fail(Errc::kInvalidArgument,
                    fmt::format("{} and {}: both become \"{}\" in {}; names that differ only in "
                                "case or signs are one name, rename one",
                                PrintPlace(at->second), PrintPlace(object.place), object.address,
                                PrintAccount(object.account)));
      }
    }
    return {};
  }

  // --- packages ---------------------------------------------------------------------------------

  /// A field on its way to a platform: what, from which document and where.
  struct Wanted {
    FieldValue value;
    std::string document;
    std::string path;  ///< in the matrix
    Place place;
  };
  using WantedFields = std::map<std::string, Wanted>;

  struct PackageState {
    const Package* package;
    const Buy* buy;  ///< may be null
    const PlatformSpec* spec;
    std::string address;
    std::string name;
    Platform platform;
    WantedFields inherited;    ///< by ad groups
    std::string channel_type;  ///< after defaults
  };

  const Buy* BuyOf(const std::string& package) const {
    for (const Buy& buy : docs_.buys.buys) {
      if (buy.package.value == package) return &buy;
    }
    return nullptr;
  }

  void Put(WantedFields& fields, const std::string& name, FieldValue value, std::string document,
           std::string path, const Place& place) {
    fields.insert_or_assign(name,
                            Wanted{std::move(value), std::move(document), std::move(path), place});
  }

  /// All that any document says about the campaign as a whole; a later one wins over an earlier.
  WantedFields CampaignFields(const PackageState& state) {
    const Brief& brief = docs_.brief;
    const Package& package = *state.package;
    WantedFields fields;
    Put(fields, "objective", brief.objective.value, "brief", "objective", brief.objective.place);
    for (const auto& [name, value] : brief.audience.values) {
      Put(fields, name, value, "brief", "audience." + name,
          brief.audience.PlaceOf(name, brief.place));
    }
    if (brief.special_categories) {
      Put(fields, "special_categories", brief.special_categories->value, "brief",
          "special_categories", brief.special_categories->place);
    }
    if (brief.eu_political) {
      Put(fields, "eu_political", brief.eu_political->value, "brief", "eu_political",
          brief.eu_political->place);
    }
    const std::string path = "packages." + state.name + ".";
    for (const auto& [name, value] : package.fields.values) {
      Put(fields, name, value, "media_plan", path + name,
          package.fields.PlaceOf(name, package.place));
    }
    if (package.optimization_goals && !package.optimization_goals->value.empty()) {
      const auto& goals = package.optimization_goals->value;
      Put(fields, "optimization_goal", goals.front(), "media_plan", path + "optimization_goals",
          package.optimization_goals->place);
      if (goals.size() > 1) {
        Row("media_plan", path + "optimization_goals", package.optimization_goals->place,
            fmt::format("{}", fmt::join(goals, ", ")), state.name, Outcome::kTranslated,
            fmt::format("platforms optimise for one goal, {}; the others are watched",
                        goals.front()));
      }
    }
    if (state.buy != nullptr) {
      const std::string buy_path = "buys." + state.name + ".";
      for (const auto& [name, value] : state.buy->fields.values) {
        const Place& place = state.buy->fields.PlaceOf(name, state.buy->place);
        const auto earlier = fields.find(name);
        if (earlier != fields.end() && !SameField(name, earlier->second.value, value) &&
            earlier->second.document != "brief") {
          Row(earlier->second.document, earlier->second.path, earlier->second.place,
              ShowValue(earlier->second.value), state.name, Outcome::kTranslated,
              fmt::format("the buying details at {} say {}, which is used", PrintPlace(place),
                          ShowValue(value)));
        }
        Put(fields, name, value, "buys", buy_path + name, place);
      }
    }
    return fields;
  }

  Result<> AddPackage(const Package& package) {
    PackageState state{&package,
                       BuyOf(package.name.value),
                       world_.specs->Find(package.account.value.platform),
                       out_.slug + "/" + Slug(package.name.value),
                       package.name.value,
                       package.account.value.platform,
                       {},
                       {}};
    planned_.insert(package.name.value);
    Row("media_plan", "packages." + state.name + ".account", package.account.place,
        PrintAccount(package.account.value), state.name, Outcome::kRealised,
        "one campaign in this account");
    WantedFields wanted = CampaignFields(state);
    Defaults(state, wanted);
    if (const auto type = wanted.find("channel_type"); type != wanted.end()) {
      if (const auto* word = std::get_if<std::string>(&type->second.value)) {
        state.channel_type = *word;
      }
    }

    DesiredObject campaign{
        package.account.value, Level::kCampaign, state.address, "", state.name, {}, {},
        package.place};
    campaign.fields["name"] = package.campaign_name
                                  ? package.campaign_name->value
                                  : CampaignName({out_.client, state.name, out_.campaign});
    campaign.fields["status"] = std::string(kPaused);
    MAXOPT_TRY(const std::optional<Money> group_budget, Budget(state, campaign, wanted));
    Flight(state, wanted);
    Settle(state, wanted, campaign);
    PackageRows(state);
    Conversions(state, campaign.account);
    out_.objects.push_back(std::move(campaign));
    if (state.buy == nullptr) return {};
    for (const BuyAdGroup& group : state.buy->ad_groups) AddGroup(state, group, group_budget);
    return {};
  }

  /// What a platform needs and no document says: told as such.
  void Defaults(const PackageState& state, WantedFields& wanted) {
    const auto put = [&](const char* name, FieldValue value, const char* why) {
      if (wanted.contains(name)) return;
      Row("media_plan", "packages." + state.name + "." + name, state.package->place,
          ShowValue(value), state.name, Outcome::kTranslated, fmt::format("not stated; {}", why));
      settled_.insert({state.name, name});
      wanted.emplace(name, Wanted{std::move(value), "media_plan",
                                  "packages." + state.name + "." + name, state.package->place});
    };
    if (state.platform == Platform::kGoogleAds) {
      put("channel_type", std::string("search"), "search is the platform's usual kind");
      put("bid_strategy", std::string("manual_cpc"), "bids are set by hand until one is chosen");
    } else {
      put("channel_type", std::string("social"), "all of the platform's inventory");
    }
    if (state.platform == Platform::kMeta) {
      put("special_categories", std::vector<std::string>{}, "Meta wants it said; none is sent");
    }
  }

  /// Sets the budget where the media plan says it lives. Returns each ad group's share when it
  /// lives there and the buys do not state their own.
  Result<std::optional<Money>> Budget(const PackageState& state, DesiredObject& campaign,
                                      WantedFields& wanted) {
    const Package& package = *state.package;
    const std::string path = "packages." + state.name + ".";
    const auto take = [&](const char* field, const Money& money, const Place& place,
                          Outcome outcome, std::string how) {
      campaign.fields.insert_or_assign(field, money);
      Row("media_plan", path + field, place, PrintMoney(money), state.name, outcome,
          std::move(how));
    };
    const bool on_groups = package.budget_owner.value == "ad_group";
    Row("media_plan", path + "budget_owner", package.budget_owner.place, package.budget_owner.value,
        state.name, Outcome::kRealised,
        on_groups ? "budgets are set on ad groups" : "budget is set on the campaign");

    const auto lifetime = wanted.find("lifetime_budget");
    if (lifetime != wanted.end()) {
      const Wanted asked = lifetime->second;
      wanted.erase(lifetime);
      if (const auto* money = std::get_if<Money>(&asked.value)) {
        if (on_groups) return std::optional<Money>();
        campaign.fields.insert_or_assign("lifetime_budget", *money);
        Row(asked.document, asked.path, asked.place, PrintMoney(*money), state.name,
            Outcome::kRealised, "for the whole flight, on the campaign");
        return std::optional<Money>();
      }
    }
    std::optional<Money> daily;
    Place place = package.place;
    if (package.daily_budget) {
      daily = package.daily_budget->value;
      place = package.daily_budget->place;
      if (package.budget) {
        Row("media_plan", path + "budget", package.budget->place, PrintMoney(package.budget->value),
            state.name, Outcome::kRealised,
            "kept by Max: pacing lands the package on it; the platform has the daily budget");
      }
      if (!on_groups) {
        take("daily_budget", *daily, place, Outcome::kRealised, "average per day, on the campaign");
      }
    } else if (package.budget) {
      place = package.budget->place;
      const Day from = std::max(package.start ? package.start->value : out_.start, world_.today);
      const Day to = package.end ? package.end->value : out_.end;
      const std::int64_t days = std::max<std::int64_t>((to - from).count() + 1, 1);
      const MinorUnits units =
          state.platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217;
      MAXOPT_TRY(const Money even, FloorToMinor(package.budget->value.SplitEvenly(days), units));
      daily = even;
      const Money rest = package.budget->value - even.Times(days);
      if (!on_groups) campaign.fields.insert_or_assign("daily_budget", even);
      Row("media_plan", path + "budget", place, PrintMoney(package.budget->value), state.name,
          Outcome::kTranslated,
          fmt::format("{} a day over {} days{}", PrintMoney(even), days,
                      rest.zero()
                          ? std::string()
                          : fmt::format("; {} of rounding is left for pacing", PrintMoney(rest))));
    }
    if (!on_groups || !daily || state.buy == nullptr) return std::optional<Money>();

    // Shares of the ad groups that state no budget of their own.
    std::int64_t without = 0;
    Money stated = Money::Zero(daily->currency());
    for (const BuyAdGroup& group : state.buy->ad_groups) {
      if (const Money* own = MoneyField(group.fields.values, "daily_budget")) {
        if (own->currency() == stated.currency()) stated += *own;
      } else if (!MoneyField(group.fields.values, "lifetime_budget")) {
        ++without;
      }
    }
    if (without == 0 || stated >= *daily) return std::optional<Money>();
    const MinorUnits units =
        state.platform == Platform::kMeta ? MinorUnits::kMeta : MinorUnits::kIso4217;
    MAXOPT_TRY(const Money share, FloorToMinor((*daily - stated).SplitEvenly(without), units));
    Row("media_plan", path + "daily_budget", place, PrintMoney(*daily), state.name,
        Outcome::kTranslated,
        fmt::format("{} a day on each of {} ad groups without a budget of their own",
                    PrintMoney(share), without));
    return std::optional<Money>(share);
  }

  /// The flight on the account's clock: whole days of its zone.
  void Flight(const PackageState& state, WantedFields& wanted) {
    const Package& package = *state.package;
    const auto zone = [&]() -> std::string {
      for (const ClientAccount& account : world_.accounts) {
        if (account.info.account == package.account.value) return account.info.zone;
      }
      return "the account's zone";
    }();
    const auto said = [&](const MaybeSaid<Day>& own, const Said<Day>& whole,
                          const char* field) -> Wanted {
      if (own) {
        return {PrintDay(own->value), "media_plan",
                fmt::format("packages.{}.{}", state.name, field), own->place};
      }
      return {PrintDay(whole.value), "brief", fmt::format("flight.{}", field), whole.place};
    };
    const Wanted start = said(package.start, docs_.brief.start, "start");
    const Wanted end = said(package.end, docs_.brief.end, "end");
    const Day first = package.start ? package.start->value : docs_.brief.start.value;
    settled_.insert({state.name, wanted.contains("start_at") ? "" : "start_at"});
    settled_.insert({state.name, wanted.contains("end_at") ? "" : "end_at"});
    if (wanted.contains("start_at")) {
      // A time of day was stated, which is more than a day.
    } else if (first > world_.today) {
      Wanted at = start;
      at.value = std::get<std::string>(start.value) + " 00:00:00";
      wanted.insert_or_assign("start_at", at);
      Row(start.document, start.path, start.place, std::get<std::string>(start.value), state.name,
          Outcome::kRealised, fmt::format("00:00 in {}", zone));
    } else {
      Row(start.document, start.path, start.place, std::get<std::string>(start.value), state.name,
          Outcome::kTranslated, "not in the future: the campaign begins when it is activated");
    }
    if (wanted.contains("end_at")) return;
    if (package.always_on && package.always_on->value) {
      Row("media_plan", "packages." + state.name + ".always_on", package.always_on->place, "true",
          state.name, Outcome::kRealised, "no end date on the platform; Max watches the budget");
      return;
    }
    Wanted at = end;
    at.value = std::get<std::string>(end.value) + " 23:59:59";
    wanted.insert_or_assign("end_at", at);
    Row(end.document, end.path, end.place, std::get<std::string>(end.value), state.name,
        Outcome::kRealised, fmt::format("end of the day in {}", zone));
  }

  /// Sends each field to the level where the platform keeps it.
  void Settle(PackageState& state, const WantedFields& wanted, DesiredObject& campaign) {
    for (const auto& [field, want] : wanted) {
      const bool told = settled_.contains({state.name, field});
      const Support support = SupportOf(state.spec, field);
      const auto row = [&](Outcome outcome, std::string how) {
        if (told && outcome != Outcome::kRefused) return;
        Row(want.document, want.path, want.place, ShowValue(want.value), state.name, outcome,
            std::move(how));
      };
      const bool empty_list = std::holds_alternative<std::vector<std::string>>(want.value) &&
                              std::get<std::vector<std::string>>(want.value).empty();
      if (Has(support, 'c')) {
        campaign.fields.insert_or_assign(field, want.value);
        row(Outcome::kRealised, support.note.empty() ? "on the campaign" : support.note);
      } else if (Has(support, 'g')) {
        state.inherited.insert_or_assign(field, want);
        row(field == "optimization_goal" ? Outcome::kRealised : Outcome::kTranslated,
            fmt::format("{} keeps it on ad groups; set on each{}", PlatformName(state.platform),
                        support.note.empty() ? "" : ": " + support.note));
      } else if (field == "objective" || empty_list || want.value == FieldValue(false)) {
        // Nothing is lost: there is nothing to say there, or it is said by other fields.
        row(Outcome::kTranslated, support.note.empty()
                                      ? fmt::format("{} asks for no such field; nothing is sent",
                                                    PlatformName(state.platform))
                                      : support.note);
      } else {
        row(Outcome::kRefused,
            support.note.empty() ? fmt::format("{} has no such field", PlatformName(state.platform))
                                 : support.note);
      }
    }
  }

  /// What the media plan says of a package that Max keeps.
  void PackageRows(const PackageState& state) {
    const Package& package = *state.package;
    const std::string path = "packages." + state.name + ".";
    const auto kept = [&](const std::string& field, const Place& place, std::string value,
                          std::string how) {
      Row("media_plan", path + field, place, std::move(value), state.name, Outcome::kRealised,
          std::move(how));
    };
    kept("budget_allocation", package.budget_allocation.place, package.budget_allocation.value,
         package.budget_allocation.value == "fixed"
             ? "kept by Max: the optimiser leaves this budget alone"
             : "kept by Max: the optimiser may move it within the policy");
    if (package.min_spend_target) {
      kept("min_spend_target", package.min_spend_target->place,
           PrintMoney(package.min_spend_target->value), "kept by Max: watched, soft");
    }
    for (const auto& [metric, value] : package.committed_metrics) {
      kept("committed_metrics." + metric, value.place, std::to_string(value.value),
           "kept by Max: watched against delivery");
    }
    if (package.campaign_name) {
      kept("campaign_name", package.campaign_name->place, package.campaign_name->value,
           "the campaign's name as written, not by the grammar");
    }
  }

  // --- conversions ------------------------------------------------------------------------------

  /// Google counts by conversion actions of the account; Meta and TikTok by a pixel that ad groups
  /// name. An ad group that names its pixel is linked; where none is named, one is made.
  void Conversions(PackageState& state, const AccountId& account) {
    for (const ConversionGoal& goal : docs_.brief.conversions) {
      const std::string path = "conversions." + goal.name;
      if (state.platform == Platform::kGoogleAds) {
        const std::string address = "conversion/" + Slug(goal.name);
        AddShared({account,
                   Level::kConversion,
                   address,
                   "",
                   "",
                   {},
                   {{"name", goal.name},
                    {"status", std::string(kActive)},
                    {"kind", std::string("action")},
                    {"conversion_event", goal.event},
                    {"counting", goal.counting},
                    {"attribution_click_days", std::int64_t{goal.click_days}},
                    {"attribution_view_days", std::int64_t{goal.view_days}},
                    {"attribution_model", goal.model},
                    {"primary", true}},
                   goal.place});
        Row("brief", path, goal.place, goal.event, state.name, Outcome::kRealised,
            fmt::format("a conversion action in {}: {} counted, {} days after a click, {} after a "
                        "view, {}",
                        PrintAccount(account), goal.counting, goal.click_days, goal.view_days,
                        goal.model));
        continue;
      }
      if (!Has(SupportOf(state.spec, "pixel_id"), 'g')) {
        Row("brief", path, goal.place, goal.event, state.name, Outcome::kRefused,
            fmt::format("{} has no pixel here", PlatformName(state.platform)));
        continue;
      }
      bool named = state.buy != nullptr && !state.buy->ad_groups.empty();
      if (state.buy != nullptr) {
        for (const BuyAdGroup& group : state.buy->ad_groups) {
          named = named && !TextField(group.fields.values, "pixel_id").empty();
        }
      }
      if (!named) {
        AddShared({account,
                   Level::kConversion,
                   "conversion/pixel",
                   "",
                   "",
                   {},
                   {{"name", docs_.brief.brand + " pixel"},
                    {"status", std::string(kActive)},
                    {"kind", std::string("pixel")}},
                   goal.place});
        needs_pixel_.insert(state.name);
      }
      Row("brief", path, goal.place, goal.event, state.name, Outcome::kRealised,
          named ? "linked: the ad groups name their pixel"
                : fmt::format("a pixel is made in {} and linked to the ad groups that name none",
                              PrintAccount(account)));
      if (goal.counting == "one" || goal.model != "last_click") {
        Row("brief", path, goal.place, goal.counting + ", " + goal.model, state.name,
            Outcome::kTranslated,
            fmt::format("{} counts and credits in its own way; kept by Max for the observed view",
                        PlatformName(state.platform)));
      }
    }
  }

  /// Objects of an account that several packages, and several campaigns, share.
  void AddShared(DesiredObject object) {
    for (const DesiredObject& there : out_.objects) {
      if (there.account == object.account && there.address == object.address) return;
    }
    out_.objects.push_back(std::move(object));
  }

  // --- ad groups and ads ------------------------------------------------------------------------

  void AddGroup(const PackageState& state, const BuyAdGroup& group,
                const std::optional<Money>& budget_share) {
    const std::string path = fmt::format("buys.{}.{}.", state.name, group.name.value);
    DesiredObject out{state.package->account.value,
                      Level::kAdGroup,
                      state.address + "/" + Slug(group.name.value),
                      state.address,
                      state.name,
                      {},
                      {},
                      group.place};
    for (const auto& [field, want] : state.inherited) {
      if (!group.fields.values.contains(field)) out.fields.insert_or_assign(field, want.value);
    }
    for (const auto& [field, value] : group.fields.values) {
      const Support support = SupportOf(state.spec, field);
      const Place& place = group.fields.PlaceOf(field, group.place);
      if (Has(support, 'g')) {
        out.fields.insert_or_assign(field, value);
        Row("buys", path + field, place, ShowValue(value), state.name, Outcome::kRealised,
            support.note.empty() ? "on the ad group" : support.note);
      } else {
        Row("buys", path + field, place, ShowValue(value), state.name, Outcome::kRefused,
            Has(support, 'c') ? fmt::format("{} keeps it on campaigns; state it for the package",
                                            PlatformName(state.platform))
                              : (support.note.empty() ? fmt::format("{} has no such field",
                                                                    PlatformName(state.platform))
                                                      : support.note));
      }
    }
    if (budget_share && !MoneyField(out.fields, "daily_budget") &&
        !MoneyField(out.fields, "lifetime_budget")) {
      out.fields.insert_or_assign("daily_budget", *budget_share);
    }
    Windows(state, out);
    if (needs_pixel_.contains(state.name) && !out.fields.contains("pixel_id")) {
      out.links.push_back({"pixel_id", "conversion/pixel"});
      if (!out.fields.contains("conversion_event") && !docs_.brief.conversions.empty()) {
        out.fields.insert_or_assign("conversion_event", docs_.brief.conversions.front().event);
      }
    }
    out.fields.insert_or_assign(
        "name", group.ad_group_name ? group.ad_group_name->value : group.name.value);
    out.fields.insert_or_assign("status", std::string(kPaused));
    const std::string address = out.address;
    out_.objects.push_back(std::move(out));
    for (const AdDocument* ad : AdsOf(state, group, path)) {
      AddAd(state, *ad, address, group.name.value);
    }
  }

  /// The attribution windows of the goal that the ad group optimises for, where the platform keeps
  /// them on ad groups: the longest that it offers and that is not longer than what was asked.
  void Windows(const PackageState& state, DesiredObject& group) {
    const std::string event = TextField(group.fields, "conversion_event");
    if (event.empty()) return;
    for (const ConversionGoal& goal : docs_.brief.conversions) {
      if (goal.event != event) continue;
      Window(state, goal, "attribution_click_days", goal.click_days, group);
      Window(state, goal, "attribution_view_days", goal.view_days, group);
      return;
    }
  }

  void Window(const PackageState& state, const ConversionGoal& goal, const char* field, int days,
              DesiredObject& group) {
    if (group.fields.contains(field) || state.spec == nullptr) return;
    const FieldSupport* support = state.spec->FindField(field);
    if (support == nullptr || support->levels.find('g') == std::string::npos) return;
    std::optional<std::int64_t> best;
    for (const std::string& word : support->allowed) {
      const std::int64_t offered = std::atoll(word.c_str());
      if (offered <= days && (!best || offered > *best)) best = offered;
    }
    const std::string path = fmt::format("conversions.{}.{}", goal.name, field);
    if (!best) {
      Row("brief", path, goal.place, std::to_string(days), state.name, Outcome::kRefused,
          fmt::format("{} offers none that short; its default applies",
                      PlatformName(state.platform)));
      return;
    }
    group.fields.insert_or_assign(field, *best);
    Row("brief", path, goal.place, std::to_string(days), state.name,
        *best == days ? Outcome::kRealised : Outcome::kTranslated,
        *best == days ? fmt::format("on {}", group.address)
                      : fmt::format("{} days, the longest that {} offers below {}", *best,
                                    PlatformName(state.platform), days));
  }

  std::vector<const AdDocument*> AdsOf(const PackageState& state, const BuyAdGroup& group,
                                       const std::string& path) {
    std::vector<const AdDocument*> ads;
    if (!group.ads.empty()) {
      for (const Said<std::string>& name : group.ads) {
        const auto ad =
            std::find_if(docs_.creatives.ads.begin(), docs_.creatives.ads.end(),
                         [&](const AdDocument& a) { return a.name.value == name.value; });
        if (ad == docs_.creatives.ads.end()) {
          Row("buys", path + "ads", name.place, name.value, state.name, Outcome::kRefused,
              "the creatives have no such ad");
        } else {
          ads.push_back(&*ad);
        }
      }
      return ads;
    }
    for (const AdDocument& ad : docs_.creatives.ads) {
      for (const Said<std::string>& package : ad.packages) {
        if (package.value == state.name) ads.push_back(&ad);
      }
    }
    return ads;
  }

  /// The asset's address in this account, uploading it there when it is not yet planned.
  std::optional<std::string> Asset(const PackageState& state, const std::string& name,
                                   const char* media, Fields& fields, const char* field) {
    for (const AssetDocument& asset : docs_.creatives.assets) {
      if (asset.name != name) continue;
      if (!asset.platform_id.empty()) {
        if (!asset.account || *asset.account == state.package->account.value) {
          fields.insert_or_assign(field, asset.platform_id);
        }
        return std::nullopt;
      }
      const std::string address = "asset/" + asset.sha256.substr(0, 16);
      AddShared({state.package->account.value,
                 Level::kAsset,
                 address,
                 "",
                 "",
                 {},
                 {{"name", BaseName(asset.file)},
                  {"media", std::string(media)},
                  {"content", Base64(asset.bytes)},
                  {"sha256", asset.sha256}},
                 asset.place});
      return address;
    }
    return std::nullopt;
  }

  void AddAd(const PackageState& state, const AdDocument& ad, const std::string& group,
             const std::string& group_name) {
    const std::string path = "ads." + ad.name.value + ".";
    used_ads_.insert(ad.name.value);
    DesiredObject out{state.package->account.value,
                      Level::kAd,
                      group + "/" + Slug(ad.name.value),
                      group,
                      state.name,
                      {},
                      {},
                      ad.place};
    const auto supported = [&](const std::string& field, const Place& place, std::string value) {
      const Support support = SupportOf(state.spec, field);
      const bool there = Has(support, 'a');
      Row("creatives", path + field, place, std::move(value), state.name,
          there ? Outcome::kRealised : Outcome::kRefused,
          support.note.empty()
              ? (there ? "on the ad"
                       : fmt::format("{} has no such field", PlatformName(state.platform)))
              : support.note);
      return there;
    };
    for (const auto& [field, value] : ad.fields.values) {
      if (supported(field, ad.fields.PlaceOf(field, ad.place), ShowValue(value))) {
        out.fields.insert_or_assign(field, value);
      }
    }
    const auto attach = [&](const MaybeSaid<std::string>& asset, const char* field,
                            const char* media) {
      if (!asset || !supported(field, asset->place, asset->value)) return;
      if (const auto address = Asset(state, asset->value, media, out.fields, field)) {
        out.links.push_back({field, *address});
      }
    };
    attach(ad.image, "image", "image");
    attach(ad.video, "video", "video");
    attach(ad.thumbnail, "thumbnail", "image");
    if (!ad.images.empty() && supported("images", ad.images.front().place,
                                        fmt::format("{} pictures", ad.images.size()))) {
      for (const Said<std::string>& image : ad.images) {
        Fields direct;
        if (const auto address = Asset(state, image.value, "image", direct, "images")) {
          out.links.push_back({"images", *address});
        }
      }
    }
    if (!out.fields.contains("landing_url")) {
      out.fields.insert_or_assign("landing_url", docs_.brief.landing_url.value);
      Row("brief", "landing_url", docs_.brief.landing_url.place, docs_.brief.landing_url.value,
          state.name, Outcome::kRealised, fmt::format("landing page of ad \"{}\"", ad.name.value));
    }
    if (!out.fields.contains("url_tags")) Tags(state, ad, group_name, out);
    out.fields.insert_or_assign("name", ad.ad_name ? ad.ad_name->value : ad.name.value);
    out.fields.insert_or_assign("status", std::string(kPaused));
    out_.objects.push_back(std::move(out));
  }

  /// The tracking parameters, by the brief's template or by the one for this kind of channel.
  void Tags(const PackageState& state, const AdDocument& ad, const std::string& group,
            DesiredObject& out) {
    const MaybeSaid<std::string>& stated = docs_.brief.tracking;
    const Place& place = stated ? stated->place : docs_.brief.place;
    if (stated && stated->value == "none") return;
    static const TrackingMacros no_macros;
    const std::string text = stated ? stated->value : DefaultUtmTemplate(state.channel_type);
    const auto tags = MakeUrlTags(
        text, state.platform,
        {out_.client, out_.campaign, state.name, group, ad.name.value, state.channel_type},
        state.spec ? state.spec->macros : no_macros);
    const std::string path = fmt::format("tracking.{}.{}", state.name, ad.name.value);
    if (!tags) {
      Row("brief", path, place, text, state.name, Outcome::kRefused, tags.error().what);
      return;
    }
    out.fields.insert_or_assign("url_tags", tags->text);
    Row("brief", path, place, text, state.name,
        stated && tags->notes.empty() ? Outcome::kRealised : Outcome::kTranslated,
        fmt::format("{}{}; visits show as {} in GA4{}{}",
                    stated ? "" : "no template stated, the usual one is used: ", tags->text,
                    tags->channel_group, tags->notes.empty() ? "" : "; ",
                    fmt::join(tags->notes, "; ")));
  }

  const CampaignDocuments& docs_;
  const CompileWorld& world_;
  Desired out_;
  std::set<std::string> used_ads_;
  std::set<std::string> planned_;
  std::set<std::string> needs_pixel_;                      ///< packages
  std::set<std::pair<std::string, std::string>> settled_;  ///< package, field: row is written
};

}  // namespace

Result<Desired> Realise(const CampaignDocuments& documents, const CompileWorld& world) {
  return Realiser(documents, world).Run();
}

}  // namespace maxopt
