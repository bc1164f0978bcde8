#include "stages/setup/checks/checks.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <functional>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "domain/digest.h"
#include "media/samples.h"
#include "stages/setup/checks/texts.h"

namespace maxopt {
namespace {

using List = std::vector<std::string>;

Money Eur(std::int64_t units) { return Money::Micros(units * 1'000'000, kEur); }
Day DayOf(const char* text) { return ParseDay(text).value(); }

int line = 0;
Place At(const char* file) { return {file, "", ++line, ""}; }
template <class T>
Said<T> Say(T value, const char* file) {
  return {std::move(value), At(file)};
}
Said<std::string> Text(const char* text, const char* file) { return Say(std::string(text), file); }

/// Everything that checks look at: a campaign of three packages in which nothing is wrong.
struct World {
  CampaignDocuments documents;
  std::optional<PlatformSpecs> specs;  ///< instead of those that come with the program
  bool has_specs = true;
  std::optional<Desired> desired;
  std::optional<std::vector<ClientAccount>> accounts;
  std::optional<Policy> policy;
  std::optional<LiveState> live;
  std::optional<std::vector<LandingEvidence>> landing;
  std::optional<std::vector<LearnedConstraint>> learned;
  Day today = DayOf("2026-04-10");
  CheckPhase phase = CheckPhase::kBeforeLaunch;

  Brief& brief() { return documents.brief; }
  Package& package(std::size_t i) { return documents.media_plan.packages[i]; }
  Buy& buy(std::size_t i) { return documents.buys.buys[i]; }
  BuyAdGroup& group(std::size_t i) { return buy(i).ad_groups[0]; }
  AdDocument& ad(std::size_t i) { return documents.creatives.ads[i]; }
  AssetDocument& asset(std::size_t i) { return documents.creatives.assets[i]; }
  List& headlines(std::size_t i) { return std::get<List>(ad(i).fields.values["headlines"]); }
  DesiredObject& wanted(Level level) {
    for (DesiredObject& object : desired->objects) {
      if (object.level == level) return object;
    }
    std::abort();
  }
  Entity& entity(Level level) {
    for (Entity& entity : live->trees.begin()->second.entities) {
      if (entity.level == level) return entity;
    }
    std::abort();
  }

  Checklist Run() const {
    return RunChecks({.documents = &documents,
                      .specs = !has_specs ? nullptr
                               : specs    ? &*specs
                                          : &PlatformSpecs::BuiltIn(),
                      .desired = desired ? &*desired : nullptr,
                      .accounts = accounts ? &*accounts : nullptr,
                      .policy = policy ? &*policy : nullptr,
                      .live = live ? &*live : nullptr,
                      .landing = landing ? &*landing : nullptr,
                      .learned = learned ? &*learned : nullptr,
                      .today = today,
                      .phase = phase});
  }
};

SaidFields Fields_(Fields values, const char* file) {
  SaidFields said;
  said.values = std::move(values);
  for (const auto& [name, value] : said.values) said.places[name] = At(file);
  return said;
}

AssetDocument Asset(const char* name, const char* file, std::string bytes) {
  AssetDocument asset;
  asset.place = At("creatives.yaml");
  asset.name = name;
  asset.file = file;
  asset.sha256 = Sha256Hex(bytes);
  asset.bytes = std::move(bytes);
  asset.alt = "a shoe on a ridge at dawn";
  return asset;
}

AdDocument Ad(const char* name, const char* package, List headlines, List descriptions) {
  AdDocument ad;
  ad.place = At("creatives.yaml");
  ad.name = Text(name, "creatives.yaml");
  ad.packages = {Text(package, "creatives.yaml")};
  Fields fields{{"descriptions", std::move(descriptions)}};
  if (!headlines.empty()) fields["headlines"] = std::move(headlines);
  ad.fields = Fields_(std::move(fields), "creatives.yaml");
  return ad;
}

Package Channel(const char* name, AccountId account, std::int64_t daily) {
  Package package;
  package.place = At("media_plan.yaml");
  package.name = Text(name, "media_plan.yaml");
  package.account = Say(std::move(account), "media_plan.yaml");
  package.budget = Say(Eur(daily * 61), "media_plan.yaml");
  package.daily_budget = Say(Eur(daily), "media_plan.yaml");
  package.budget_owner = Text("campaign", "media_plan.yaml");
  package.budget_allocation = Text("optimised", "media_plan.yaml");
  return package;
}

Buy Buying(const char* package, const char* group, Fields campaign, Fields fields) {
  Buy buy;
  buy.place = At("buys.yaml");
  buy.package = Text(package, "buys.yaml");
  buy.fields = Fields_(std::move(campaign), "buys.yaml");
  BuyAdGroup ad_group;
  ad_group.place = At("buys.yaml");
  ad_group.name = Text(group, "buys.yaml");
  ad_group.fields = Fields_(std::move(fields), "buys.yaml");
  buy.ad_groups.push_back(ad_group);
  return buy;
}

World MakeWorld() {
  line = 0;
  World w;
  Brief& b = w.brief();
  const char* file = "brief.yaml";
  b.place = At(file);
  b.client = Text("Alpenglow", file);
  b.campaign = Text("Spring trails", file);
  b.objective = Text("sales", file);
  b.landing_url = Text("https://alpenglow.example/trails", file);
  b.currency = Say(kEur, file);
  b.start = Say(DayOf("2026-05-01"), file);
  b.end = Say(DayOf("2026-06-30"), file);  // 61 days
  b.total_budget = Say(Eur(61'000), file);
  b.daily_budget_cap = Say(Eur(2'000), file);
  b.budget_cap_timezone = Text("Europe/Berlin", file);
  b.kpis = {{At(file), "roas", "4.0", "primary", 10, 25},
            {At(file), "cpa", "25.00", "guard", {}, {}}};
  ConversionGoal goal;
  goal.place = At(file);
  goal.name = "Purchase";
  goal.event = "purchase";
  goal.click_days = 7;
  goal.view_days = 1;
  b.conversions = {goal};
  AttributionChoice own;
  own.place = At(file);
  own.click_days = 7;
  b.attribution = own;
  b.special_categories = Say(List{}, file);
  b.eu_political = Say(false, file);
  b.audience = Fields_({{"countries", List{"DE", "AT", "CH"}},
                        {"languages", List{"de"}},
                        {"age_min", std::int64_t{18}},
                        {"age_max", std::int64_t{65}}},
                       file);
  b.tracking = Text(
      "utm_source={source}&utm_medium={medium}&utm_campaign={campaign}&utm_content={package}.{ad}",
      file);
  b.po_number = "PO-7";

  w.documents.media_plan.place = At("media_plan.yaml");
  w.documents.media_plan.packages = {
      Channel("search-trail", {Platform::kGoogleAds, "4471189001"}, 200),
      Channel("social-feed", {Platform::kMeta, "880011223344"}, 500),
      Channel("social-video", {Platform::kTikTok, "7300112233"}, 300)};
  w.package(0).fields = Fields_({{"channel_type", std::string("search")}}, "media_plan.yaml");
  w.package(1).committed_metrics["impressions"] = Say(std::int64_t{4'000'000}, "media_plan.yaml");

  w.documents.buys.place = At("buys.yaml");
  w.documents.buys.buys = {
      Buying("search-trail", "Trail shoes", {{"bid_strategy", std::string("manual_cpc")}},
             {{"bid", Eur(1)},
              {"keywords", List{"phrase:trail running shoes", "exact:mountain shoes"}}}),
      Buying("social-feed", "Outdoor", {{"bid_strategy", std::string("lowest_cost")}},
             {{"optimization_goal", std::string("conversions")},
              {"billing_event", std::string("impressions")},
              {"conversion_event", std::string("purchase")},
              {"placements", List{"facebook:feed"}}}),
      Buying("social-video", "Runners", {{"bid_strategy", std::string("lowest_cost")}},
             {{"optimization_goal", std::string("conversions")},
              {"billing_event", std::string("impressions")},
              {"conversion_event", std::string("purchase")}})};

  w.documents.creatives.place = At("creatives.yaml");
  w.documents.creatives.assets = {
      Asset("dawn", "dawn.png", samples::Png(1080, 1080)),
      Asset("dusk", "dusk.jpg", samples::Jpeg(1080, 1350)),
      Asset("run", "run.mp4", samples::MakeMp4({})),
      Asset("climb", "climb.mp4", samples::MakeMp4({.duration_ms = 21'000})),
      Asset("still", "still.png", samples::Png(1080, 1920))};
  w.documents.creatives.ads = {
      Ad("Grip", "search-trail",
         {"Trail Shoes that Hold", "Grip on Wet Rock", "Made to Be Mended", "Alpenglow Shop",
          "Free Returns for a Year", "Light and Hard to Wear", "Tested on Real Hills",
          "Resoled at Half the Price"},
         {"A sole for wet rock and loose gravel, tested in the mountains.",
          "As light as a road shoe, with the grip of a mountain boot."}),
      Ad("Dawn", "social-feed", {"First light, first tracks"}, {"Alpenglow shoes are mended."}),
      Ad("Dusk", "social-feed", {"Last light, last tracks"}, {"Alpenglow shoes last for years."}),
      Ad("Run", "social-video", {}, {"Alpenglow shoes hold on wet rock"}),
      Ad("Climb", "social-video", {}, {"Shoes that hold on loose gravel"})};
  w.ad(1).image = Text("dawn", "creatives.yaml");
  w.ad(2).image = Text("dusk", "creatives.yaml");
  w.ad(3).video = Text("run", "creatives.yaml");
  w.ad(4).video = Text("climb", "creatives.yaml");
  for (std::size_t i = 1; i < 5; ++i) {
    w.ad(i).fields.values["call_to_action"] = std::string("shop_now");
    w.ad(i).fields.values["page_id"] = std::string("110022003300");
  }
  w.ad(3).thumbnail = w.ad(4).thumbnail = Text("still", "creatives.yaml");
  w.documents.creatives.guidelines = Guidelines{At("creatives.yaml"), {"cheap"}, {}};

  std::vector<ClientAccount> accounts;
  for (std::size_t i = 0; i < 3; ++i) {
    accounts.push_back(
        {"Alpenglow", {w.package(i).account.value, "Alpenglow", kEur, "Europe/Berlin", "active"}});
  }
  w.accounts = accounts;
  w.policy = Policy{.client = "Alpenglow",
                    .currency = kEur,
                    .worst_day_cap = Eur(3'000),
                    .platform_caps = {{Platform::kGoogleAds, Eur(400)}},
                    .auto_approve = {Reason::kPause}};
  LandingEvidence seen;
  seen.url = "https://alpenglow.example/trails?utm_source=google";
  seen.answered = seen.parameters_survive = seen.click_id_survives = true;
  seen.status = 200;
  seen.hops = {seen.url};
  seen.tag_present = seen.tag_fires = true;
  w.landing = {seen};
  w.learned = std::vector<LearnedConstraint>{};
  w.desired = Realise(w.documents, {&PlatformSpecs::BuiltIn(), accounts, {}, w.today}).value();
  return w;
}

/// The same a day after it began, with everything live as wanted.
World LiveWorld() {
  World w = MakeWorld();
  w.phase = CheckPhase::kHour24;
  w.today = DayOf("2026-05-02");
  LiveState live;
  int id = 1000;
  for (const ClientAccount& account : *w.accounts)
    live.trees[account.info.account].info = account.info;
  for (const DesiredObject& object : w.desired->objects) {
    Entity entity{object.level, std::to_string(++id), "", "", object.fields};
    if (object.level != Level::kAsset && object.level != Level::kConversion) {
      entity.fields["status"] = std::string(kActive);
      entity.fields["effective_status"] = std::string("active");
    }
    live.trees[object.account].entities.push_back(entity);
    live.owned[object.account].push_back(
        {object.address, object.account, object.level, entity.id, object.parent_address, "k", {}});
  }
  w.live = live;
  return w;
}

std::set<CheckStatus> StatusesOf(const Checklist& list, std::string_view id) {
  std::set<CheckStatus> statuses;
  for (const CheckResult& result : list.results) {
    if (result.check == id) statuses.insert(result.status);
  }
  return statuses;
}
std::string EvidenceOf(const Checklist& list, std::string_view id) {
  std::string text;
  for (const CheckResult& result : list.results) {
    if (result.check == id) {
      text += std::string(CheckStatusName(result.status)) + " " + result.evidence + "; ";
    }
  }
  return text;
}
std::string ProblemsOf(const Checklist& list) {
  std::string text;
  for (const CheckResult& result : list.results) {
    if (result.status == CheckStatus::kFail || result.status == CheckStatus::kWarn) {
      text += result.check + " (" + result.package + "): " + result.evidence + "\n";
    }
  }
  return text;
}

TEST(Checks, NothingIsWrongWithAGoodCampaign) {
  const Checklist before = MakeWorld().Run();
  EXPECT_FALSE(Blocks(before));
  EXPECT_EQ(before.failed, 0) << ProblemsOf(before);
  EXPECT_EQ(ProblemsOf(before), "");
  const Checklist after = LiveWorld().Run();
  EXPECT_EQ(ProblemsOf(after), "");
  EXPECT_GT(before.passed, 300);
  EXPECT_EQ(before.score, 100);
}

using enum CheckStatus;

/// One way to break one check: what is done to the good campaign, and what the check answers then.
struct Case {
  const char* check;
  CheckStatus want;
  std::function<void(World&)> spoil;
  bool live = false;  ///< spoils the campaign a day after its launch
};

template <class T>
void Set(SaidFields& said, const char* field, T value) {
  said.values[field] = FieldValue(std::move(value));
}
Said<std::string> Word(const char* text) { return {text, {"media_plan.yaml", "", 77, ""}}; }
ExperimentDocument Comparison(World& w) {
  ExperimentDocument e;
  e.place = {"brief.yaml", "", 50, ""};
  e.name = "Light";
  e.hypothesis = "Morning light sells more, because trails are run in the morning.";
  e.kpi = "ctr";
  e.baseline = 0.01;
  e.mde_percent = 20;
  e.start = w.brief().start.value;
  e.end = w.brief().end.value;
  e.arms = {{e.place, "dawn", {"social-feed/Outdoor/Dawn"}, {}, 50},
            {e.place, "dusk", {"social-feed/Outdoor/Dusk"}, {}, 50}};
  return e;
}
ExperimentDocument& Experiment_(World& w) {
  w.brief().experiments.push_back(Comparison(w));
  return w.brief().experiments.back();
}
void Sample(World& w, std::int64_t needed) {
  Experiment_(w);
  Experiment made;
  made.name = "Light";
  made.sample_per_arm = needed;
  w.desired->experiments.push_back(made);
}
void Headline(World& w, std::size_t ad, const char* text) {
  Set(w.ad(ad).fields, "headlines", List{text});
}
void Tracking(World& w, const char* text) { w.brief().tracking->value = text; }
LandingEvidence& Page(World& w) { return w.landing->front(); }
void Keywords(World& w, List keywords) { Set(w.group(0).fields, "keywords", std::move(keywords)); }
void Category(World& w) { w.brief().special_categories->value = {"credit"}; }
LearnedConstraint Refused(int seen) {
  LearnedConstraint c{};
  c.platform = Platform::kMeta;
  c.level = "ad_group";
  c.field = "placements";
  c.value = "facebook:feed";
  c.message = "not in this country";
  c.seen = seen;
  return c;
}
/// A second ad group like the first.
BuyAdGroup& Twin(World& w, std::size_t buy) {
  BuyAdGroup twin = w.group(buy);
  twin.name.value = "Twin";
  w.buy(buy).ad_groups.push_back(twin);
  return w.buy(buy).ad_groups.back();
}

// clang-format off
const Case kCases[] = {
    // budget
    {"budget.total_positive", kFail, [](World& w) { w.brief().total_budget.value = Eur(0); }},
    {"budget.total_currency", kFail, [](World& w) { w.brief().total_budget.value = Money::Micros(61'000'000'000, kUsd); }},
    {"budget.sum", kFail, [](World& w) { w.brief().total_budget.value = Eur(60'000); }},   // 61'000 planned
    {"budget.sum", kWarn, [](World& w) { w.brief().total_budget.value = Eur(70'000); }},
    {"budget.sum", kPass, [](World& w) { w.brief().total_budget.value = Eur(60'800); }},   // 0.33 % over
    {"budget.package_present", kFail, [](World& w) { w.package(0).budget.reset(); w.package(0).daily_budget.reset(); }},
    {"budget.amounts_positive", kFail, [](World& w) { Set(w.group(0).fields, "bid", Eur(0)); }},
    {"budget.currency_package", kFail, [](World& w) { Set(w.group(0).fields, "bid", Money::Micros(1'000'000, kUsd)); }},
    {"budget.currency_account", kFail, [](World& w) { (*w.accounts)[0].info.currency = kUsd; }},
    {"budget.whole_minor", kFail, [](World& w) { w.package(0).daily_budget->value = Money::Micros(200'001'000, kEur); }},
    {"budget.daily_times_days", kFail, [](World& w) { w.package(0).daily_budget->value = Eur(203); }},   // 1.5 % over
    {"budget.daily_times_days", kWarn, [](World& w) { w.package(0).daily_budget->value = Eur(180); }},   // 10 % under
    {"budget.unit_error", kFail, [](World& w) { w.package(0).daily_budget->value = Eur(20'000); }},      // cents
    {"budget.daily_cap", kFail, [](World& w) { w.brief().daily_budget_cap->value = Eur(999); }},         // 1'000 a day
    {"budget.daily_cap", kPass, [](World& w) { w.brief().daily_budget_cap->value = Eur(1'000); }},
    {"budget.daily_cap_overdelivery", kWarn, [](World& w) { w.brief().daily_budget_cap->value = Eur(1'399); }},
    {"budget.daily_cap_overdelivery", kPass, [](World& w) { w.brief().daily_budget_cap->value = Eur(1'400); }},  // 2x200+1.25x800
    {"budget.cap_spends_total", kWarn, [](World& w) { w.brief().daily_budget_cap->value = Eur(999); }},  // 60'939
    {"budget.cap_zone", kFail, [](World& w) { w.brief().budget_cap_timezone->value = "Europe/Bonn"; }},
    {"budget.cap_zone", kWarn, [](World& w) { w.brief().budget_cap_timezone.reset(); }},
    {"budget.cap_zone_account", kWarn, [](World& w) { (*w.accounts)[0].info.zone = "America/New_York"; }},
    {"budget.min_spend", kFail, [](World& w) { w.package(0).min_spend_target = Say(Eur(12'201), "media_plan.yaml"); }},
    {"budget.min_spend", kPass, [](World& w) { w.package(0).min_spend_target = Say(Eur(12'200), "media_plan.yaml"); }},
    {"budget.owner_known", kFail, [](World& w) { w.package(0).budget_owner.value = "client"; }},
    {"budget.owner_supported", kFail, [](World& w) { w.package(0).budget_owner.value = "ad_group"; }},
    {"budget.owner_contradiction", kFail, [](World& w) { Set(w.group(1).fields, "daily_budget", Eur(500)); }},
    {"budget.one_kind", kFail, [](World& w) { Set(w.group(1).fields, "daily_budget", Eur(500)); Set(w.group(1).fields, "lifetime_budget", Eur(500)); }},
    {"budget.ad_group_sum", kFail, [](World& w) { w.package(1).budget_owner.value = "ad_group"; Set(w.group(1).fields, "daily_budget", Eur(510)); }},
    {"budget.ad_group_sum", kPass, [](World& w) { w.package(1).budget_owner.value = "ad_group"; Set(w.group(1).fields, "daily_budget", Eur(500)); }},
    {"budget.allocation_known", kFail, [](World& w) { w.package(0).budget_allocation.value = "maybe"; }},
    {"budget.share_tiny", kWarn, [](World& w) { w.package(0).budget->value = Eur(1'219); }},  // 2 % are 1'220
    {"budget.bid_target_used", kWarn, [](World& w) { Set(w.buy(0).fields, "bid_strategy", std::string("manual_cpc")); Set(w.buy(0).fields, "target_cpa", Eur(2'000)); }},
    {"budget.bid_strategy_known", kFail, [](World& w) { Set(w.buy(0).fields, "bid_strategy", std::string("hope")); }},
    {"budget.bid_present", kFail, [](World& w) { w.group(0).fields.values.erase("bid"); }},
    {"budget.bid_vs_budget", kFail, [](World& w) { Set(w.group(0).fields, "bid", Eur(201)); }},
    {"budget.bid_vs_budget", kWarn, [](World& w) { Set(w.group(0).fields, "bid", Eur(21)); }},
    {"budget.target_vs_kpi", kWarn, [](World& w) { Set(w.group(0).fields, "target_cpa", Eur(26)); }},
    {"budget.target_vs_kpi", kWarn, [](World& w) { Set(w.group(0).fields, "target_roas_bp", std::int64_t{39'999}); }},
    {"budget.learning", kWarn, [](World& w) { w.package(1).daily_budget->value = Eur(178); }},   // 1'246 / 25 = 49
    {"budget.learning", kPass, [](World& w) { w.package(1).daily_budget->value = Eur(179); }},   // 1'253 / 25 = 50
    {"budget.pacing_known", kFail, [](World& w) { Set(w.package(0).fields, "pacing", std::string("fast")); }},
    {"budget.committed_cost", kWarn, [](World& w) { w.package(1).committed_metrics["impressions"].value = 10; }},
    {"budget.lifetime_needs_end", kFail, [](World& w) { w.package(0).always_on = Say(true, "media_plan.yaml"); w.package(0).daily_budget.reset(); }},
    {"budget.policy_currency", kFail, [](World& w) { w.policy->currency = kUsd; }},
    {"budget.policy_worst_day", kFail, [](World& w) { w.policy->worst_day_cap = Eur(1'399); }},
    {"budget.policy_platform_cap", kFail, [](World& w) { w.policy->platform_caps.insert_or_assign(Platform::kGoogleAds, Eur(399)); }},
    // setup
    {"setup.names_present", kFail, [](World& w) { w.brief().campaign.value = " "; }},
    {"setup.client_known", kFail, [](World& w) { w.brief().client.value = "Alpenglow2"; }},
    {"setup.objective_known", kFail, [](World& w) { w.brief().objective.value = "fame"; }},
    {"setup.objective_supported", kFail, [](World& w) { w.brief().objective.value = "fame"; }},
    {"setup.flight_order", kFail, [](World& w) { w.brief().end.value = DayOf("2026-04-30"); }},
    {"setup.flight_past", kFail, [](World& w) { w.today = DayOf("2026-07-01"); }},
    {"setup.flight_past", kPass, [](World& w) { w.today = DayOf("2026-06-30"); }},
    {"setup.flight_started", kWarn, [](World& w) { w.today = DayOf("2026-04-30"); }},
    {"setup.flight_length", kWarn, [](World& w) { w.brief().end.value = DayOf("2026-05-06"); w.brief().start.value = DayOf("2026-05-01"); }},
    {"setup.package_flight_order", kFail, [](World& w) { w.package(0).end = Say(DayOf("2026-04-01"), "media_plan.yaml"); }},
    {"setup.package_flight_inside", kFail, [](World& w) { w.package(0).end = Say(DayOf("2026-07-01"), "media_plan.yaml"); }},
    {"setup.package_flight_past", kFail, [](World& w) { w.package(0).end = Say(DayOf("2026-04-09"), "media_plan.yaml"); }},
    {"setup.package_always_on", kWarn, [](World& w) { w.package(0).always_on = Say(true, "media_plan.yaml"); }},
    {"setup.flight_covered", kWarn, [](World& w) { for (int i = 0; i < 3; ++i) w.package(static_cast<std::size_t>(i)).end = Say(DayOf("2026-06-29"), "media_plan.yaml"); }},
    {"setup.clock_change", kWarn, [](World& w) { w.brief().start.value = DayOf("2026-03-29"); }},
    {"setup.packages_present", kFail, [](World& w) { w.documents.media_plan.packages.clear(); }},
    {"setup.package_names_unique", kFail, [](World& w) { w.package(1).name.value = "Search Trail"; }},
    {"setup.package_has_buy", kFail, [](World& w) { w.documents.buys.buys.pop_back(); }},
    {"setup.buy_package_known", kFail, [](World& w) { w.buy(0).package.value = "search-trial"; }},
    {"setup.buy_once", kFail, [](World& w) { w.documents.buys.buys.push_back(w.buy(0)); }},
    {"setup.ad_groups_present", kFail, [](World& w) { w.buy(0).ad_groups.clear(); }},
    {"setup.ad_group_names_unique", kFail, [](World& w) { Twin(w, 0).name.value = "Trail shoes"; }},
    {"setup.platform_writable", kFail, [](World& w) { auto specs = std::vector<PlatformSpec>(PlatformSpecs::BuiltIn().all().begin(), PlatformSpecs::BuiltIn().all().end()); for (PlatformSpec& s : specs) s.writable = s.platform != Platform::kTikTok; w.specs = PlatformSpecs(specs); }},
    {"setup.platform_known", kWarn, [](World& w) { w.package(0).account.value.platform = Platform::kOther; }},
    {"setup.account_id_form", kFail, [](World& w) { w.package(0).account.value.id = "447-118-9001"; }},
    {"setup.account_connected", kFail, [](World& w) { w.package(0).account.value.id = "1"; }},
    {"setup.account_owner", kFail, [](World& w) { (*w.accounts)[0].client = "Bergbach"; }},
    {"setup.account_active", kFail, [](World& w) { (*w.accounts)[0].info.status = "suspended"; }},
    {"setup.account_zone", kFail, [](World& w) { (*w.accounts)[0].info.zone = "Alps/Trail"; }},
    {"setup.zones_differ", kWarn, [](World& w) { (*w.accounts)[0].info.zone = "UTC"; }},
    {"setup.api_version_alive", kFail, [](World& w) { w.specs = PlatformSpecs({[] { PlatformSpec s{}; s.platform = Platform::kMeta; s.api_versions = {{"v1", {}, DayOf("2026-04-10"), {}}}; return s; }()}); }},
    {"setup.api_version_sunset", kWarn, [](World& w) { w.specs = PlatformSpecs({[] { PlatformSpec s{}; s.platform = Platform::kMeta; s.api_versions = {{"v1", {}, DayOf("2026-06-30"), {}}}; return s; }()}); }},
    {"setup.channel_type_known", kFail, [](World& w) { Set(w.package(0).fields, "channel_type", std::string("radio")); }},
    {"setup.goal_allowed", kFail, [](World& w) { Set(w.group(1).fields, "optimization_goal", std::string("reach")); }},
    {"setup.kpis_present", kWarn, [](World& w) { w.brief().kpis.clear(); }},
    {"setup.kpi_known", kFail, [](World& w) { w.brief().kpis[0].metric = "fame"; }},
    {"setup.kpi_target", kFail, [](World& w) { w.brief().kpis[0].target = "1e3"; }},
    {"setup.kpi_target", kWarn, [](World& w) { w.brief().kpis[0].metric = "spend"; w.brief().kpis[0].target = "99999999"; }},
    {"setup.kpi_target", kWarn, [](World& w) { w.brief().kpis[0].target = "400"; }},
    {"setup.kpi_primary", kWarn, [](World& w) { w.brief().kpis[1].importance = "primary"; }},
    {"setup.kpi_once", kWarn, [](World& w) { w.brief().kpis[1].metric = "roas"; }},
    {"setup.kpi_thresholds", kFail, [](World& w) { w.brief().kpis[0].warn_percent = 25; }},
    {"setup.kpi_measurable", kFail, [](World& w) { w.brief().conversions.clear(); }},
    {"setup.kpi_fits_objective", kWarn, [](World& w) { w.brief().objective.value = "awareness"; }},
    {"setup.kpis_consistent", kWarn, [](World& w) { w.brief().kpis.push_back({{}, "conversions", "1000", "secondary", {}, {}}); }},  // 25'000 of 61'000
    {"setup.kpis_consistent", kPass, [](World& w) { w.brief().kpis.push_back({{}, "conversions", "2440", "secondary", {}, {}}); }},
    {"setup.order_number", kWarn, [](World& w) { w.brief().po_number.clear(); }},
    {"setup.nothing_refused", kWarn, [](World& w) { w.desired->matrix.push_back({"buys", "keywords", "buys.yaml:3", "x", "social-feed", Outcome::kRefused, "no keywords there"}); }},
    {"setup.compiled_whole", kFail, [](World& w) { std::erase_if(w.desired->objects, [](const DesiredObject& o) { return o.level == Level::kAd; }); }},
    {"setup.compiled_paused", kFail, [](World& w) { w.wanted(Level::kAd).fields["status"] = std::string(kActive); }},
    {"setup.compiled_valid", kFail, [](World& w) { w.wanted(Level::kCampaign).fields["budget_total"] = Eur(1); }},
    {"setup.watched", kWarn, [](World& w) { w.desired->watches.clear(); }},
    // experiments
    {"setup.experiment_named", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_named", kFail, [](World& w) { Experiment_(w); Experiment_(w); }},
    {"setup.experiment_hypothesis", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_hypothesis", kFail, [](World& w) { Experiment_(w).hypothesis = ""; }},
    {"setup.experiment_arms", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_arms", kFail, [](World& w) { Experiment_(w).arms.pop_back(); }},
    {"setup.experiment_shares", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_shares", kFail, [](World& w) { Experiment_(w).arms[0].share_percent = 60; }},
    {"setup.experiment_arms_known", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_arms_known", kFail, [](World& w) { Experiment_(w).arms[0].of = {"social-feed/Outdoor/Noon"}; }},
    {"setup.experiment_geo", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_geo", kFail, [](World& w) { auto& e = Experiment_(w); e.variable = ExperimentVariable::kGeoHoldout; e.arms[0].places = {"AT"}; }},
    {"setup.experiment_one_variable", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_one_variable", kFail, [](World& w) { Experiment_(w).arms[1].of = {"social-video/Runners/Run"}; }},
    {"setup.experiment_power", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_power", kFail, [](World& w) { Experiment_(w).baseline = 0; }},
    {"setup.experiment_flight", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_flight", kFail, [](World& w) { Experiment_(w).end = DayOf("2026-07-01"); }},
    {"setup.experiment_weeks", kPass, [](World& w) { Experiment_(w).end = DayOf("2026-05-14"); }},
    {"setup.experiment_weeks", kWarn, [](World& w) { Experiment_(w).end = DayOf("2026-05-13"); }},
    // 30'500 EUR for 4'000'000 impressions: an arm of half of 500 a day for 61 days buys 2'000'000.
    {"setup.experiment_sample", kPass, [](World& w) { Sample(w, 1'999'000); }},
    {"setup.experiment_sample", kFail, [](World& w) { Sample(w, 2'001'000); }},
    {"setup.experiment_overlap", kPass, [](World& w) { Experiment_(w); }},
    {"setup.experiment_overlap", kFail, [](World& w) { Experiment_(w); Experiment_(w).name = "Other"; }},
    // tracking
    {"tracking.landing_present", kFail, [](World& w) { w.brief().landing_url.value = ""; }},
    {"tracking.landing_domain", kWarn, [](World& w) { Set(w.ad(0).fields, "landing_url", std::string("https://elsewhere.example/")); }},
    {"tracking.landing_https", kFail, [](World& w) { w.brief().landing_url.value = "http://alpenglow.example/"; }},
    {"tracking.landing_form", kFail, [](World& w) { w.brief().landing_url.value = "https://alpenglow/tra ils"; }},
    {"tracking.landing_credentials", kFail, [](World& w) { w.brief().landing_url.value = "https://me:pw@alpenglow.example/"; }},
    {"tracking.landing_public", kFail, [](World& w) { w.brief().landing_url.value = "https://192.168.1.7/"; }},
    {"tracking.landing_public", kWarn, [](World& w) { w.brief().landing_url.value = "https://staging.alpenglow.example/"; }},
    {"tracking.landing_untagged", kFail, [](World& w) { w.brief().landing_url.value += "?utm_source=x"; }},
    {"tracking.landing_fragment", kWarn, [](World& w) { w.brief().landing_url.value += "#shoes"; }},
    {"tracking.landing_one_domain", kWarn, [](World& w) { Set(w.ad(1).fields, "landing_url", std::string("https://other.example/")); }},
    {"tracking.template_fills", kFail, [](World& w) { Tracking(w, "utm_source=google&utm_medium=cpc&utm_campaign={capmaign}"); }},
    {"tracking.template_stated", kWarn, [](World& w) { w.brief().tracking.reset(); }},
    {"tracking.utm_source", kFail, [](World& w) { Tracking(w, "utm_medium=cpc&utm_campaign=a"); }},
    {"tracking.utm_medium", kFail, [](World& w) { Tracking(w, "utm_source=cpc&utm_campaign=a"); }},
    {"tracking.utm_campaign", kFail, [](World& w) { Tracking(w, "utm_source=cpc&utm_medium=a"); }},
    {"tracking.utm_lower_case", kWarn, [](World& w) { Tracking(w, "utm_source=Google"); }},
    {"tracking.utm_once", kFail, [](World& w) { Tracking(w, "utm_source=a&utm_source=b"); }},
    {"tracking.utm_form", kFail, [](World& w) { Tracking(w, "?utm_source=a&utm_medium"); }},
    {"tracking.utm_tells_apart", kWarn, [](World& w) { Tracking(w, "utm_source={source}"); }},
    {"tracking.utm_source_varies", kWarn, [](World& w) { Tracking(w, "utm_source=google"); }},
    {"tracking.click_id_by_platform", kFail, [](World& w) { Tracking(w, "utm_source=a&gclid=1"); }},
    {"tracking.slugs_differ", kWarn, [](World& w) { w.ad(1).name.value = "GRIP!"; }},
    {"tracking.ad_url_tags", kFail, [](World& w) { Set(w.ad(1).fields, "url_tags", std::string("a=1&b")); }},
    {"tracking.conversion_present", kFail, [](World& w) { w.brief().conversions.clear(); }},
    {"tracking.conversion_names", kFail, [](World& w) { w.brief().conversions.push_back(w.brief().conversions[0]); }},
    {"tracking.conversion_event", kWarn, [](World& w) { w.brief().conversions[0].event = "page_view"; }},
    {"tracking.conversion_windows", kFail, [](World& w) { w.brief().conversions[0].click_days = 91; }},
    {"tracking.conversion_counting", kWarn, [](World& w) { w.brief().conversions[0].counting = "one"; }},
    {"tracking.attribution_model", kFail, [](World& w) { w.brief().attribution->model = "magic"; }},
    {"tracking.windows_agree", kWarn, [](World& w) { w.brief().attribution->click_days = 30; }},
    {"tracking.window_allowed", kWarn, [](World& w) { w.brief().conversions[0].click_days = 30; }},
    {"tracking.goal_needs_event", kFail, [](World& w) { w.brief().conversions.clear(); w.group(1).fields.values.erase("conversion_event"); }},
    {"tracking.event_has_goal", kWarn, [](World& w) { Set(w.group(1).fields, "conversion_event", std::string("lead")); }},
    {"tracking.pixel_present", kFail, [](World& w) { w.brief().conversions.clear(); }},
    {"tracking.one_pixel", kWarn, [](World& w) { Set(w.group(1).fields, "pixel_id", std::string("1")); Set(Twin(w, 1).fields, "pixel_id", std::string("2")); }},
    {"tracking.landing_all_seen", kWarn, [](World& w) { Page(w).url = "https://alpenglow.example/other"; }},
    {"tracking.landing_answers", kFail, [](World& w) { Page(w).answered = false; Page(w).what = "no answer in 15 s"; }},
    {"tracking.landing_status", kFail, [](World& w) { Page(w).status = 404; }},
    {"tracking.landing_soft_error", kFail, [](World& w) { Page(w).soft_error = true; Page(w).what = "its title is 404"; }},
    {"tracking.landing_redirects", kWarn, [](World& w) { Page(w).hops = {"https://a", "https://b", "https://c", "https://d"}; }},
    {"tracking.landing_hops_https", kFail, [](World& w) { Page(w).hops = {"https://a", "http://b"}; }},
    {"tracking.parameters_survive", kFail, [](World& w) { Page(w).parameters_survive = false; }},
    {"tracking.click_id_survives", kFail, [](World& w) { Page(w).click_id_survives = false; }},
    {"tracking.tag_present", kFail, [](World& w) { Page(w).tag_present = false; }},
    {"tracking.tag_fires", kFail, [](World& w) { Page(w).tag_fires = false; }},
    // creative
    {"creative.ads_present", kFail, [](World& w) { w.ad(0).packages.clear(); }},
    {"creative.ad_names_unique", kFail, [](World& w) { w.ad(1).name.value = "grip"; }},
    {"creative.ad_packages_known", kFail, [](World& w) { w.ad(1).packages[0].value = "social-fed"; }},
    {"creative.buy_ads_known", kFail, [](World& w) { w.group(1).ads = {Word("Noon")}; }},
    {"creative.ad_allowed_here", kFail, [](World& w) { w.group(1).ads = {Word("Grip")}; }},
    {"creative.ad_unused", kWarn, [](World& w) { w.ad(1).packages.clear(); }},
    {"creative.ad_unassigned_group", kWarn, [](World& w) { w.group(1).ads = {Word("Dawn")}; }},
    {"creative.asset_names_unique", kFail, [](World& w) { w.asset(1).name = "dawn"; }},
    {"creative.asset_known", kFail, [](World& w) { w.ad(1).image->value = "noon"; }},
    {"creative.asset_unused", kWarn, [](World& w) { w.ad(1).image->value = "dusk"; }},
    {"creative.asset_there", kFail, [](World& w) { w.asset(0).bytes.clear(); }},
    {"creative.file_readable", kFail, [](World& w) { w.asset(0).bytes.resize(17); }},
    {"creative.file_duplicates", kWarn, [](World& w) { w.asset(1).sha256 = w.asset(0).sha256; }},
    {"creative.asset_alt", kWarn, [](World& w) { w.asset(0).alt.clear(); }},
    {"creative.file_extension", kWarn, [](World& w) { w.asset(0).file = "dawn.webp"; }},
    {"creative.file_animated", kWarn, [](World& w) { w.asset(0).bytes = samples::Apng(1080, 1080, 3, 100); }},
    {"creative.video_sound", kWarn, [](World& w) { w.asset(2).bytes = samples::MakeMp4({.audio = ""}); }},
    {"creative.video_duration", kWarn, [](World& w) { w.asset(2).bytes = samples::MakeMp4({.fragmented = true}); }},
    {"creative.video_frame_rate", kWarn, [](World& w) { w.asset(2).bytes = samples::MakeMp4({.frames_per_second = 12}); }},
    {"creative.video_encrypted", kFail, [](World& w) { w.asset(2).bytes = samples::MakeMp4({.video = "encv"}); }},
    {"creative.file_enormous", kWarn, [](World& w) { w.asset(0).bytes = samples::Webp(9000, 9000); }},
    {"creative.part_fits_file", kFail, [](World& w) { w.ad(1).image->value = "run"; }},
    {"creative.thumbnail", kWarn, [](World& w) { w.ad(3).thumbnail.reset(); }},
    {"creative.media_present", kFail, [](World& w) { w.ad(1).image.reset(); }},
    {"creative.carousel_count", kFail, [](World& w) { w.ad(1).images = {Word("dawn")}; }},
    {"creative.carousel_shape", kWarn, [](World& w) { w.ad(1).images = {Word("dawn"), Word("dusk")}; }},
    {"creative.carousel_headlines", kFail, [](World& w) { w.ad(1).images = {Word("dawn"), Word("dawn"), Word("dawn")}; w.headlines(1) = {"One", "Two"}; }},
    {"creative.one_media", kFail, [](World& w) { w.ad(1).video = Word("run"); }},
    {"creative.headlines_present", kFail, [](World& w) { w.headlines(0).clear(); }},
    {"creative.headlines_present", kWarn, [](World& w) { w.headlines(1).clear(); }},
    {"creative.descriptions_present", kWarn, [](World& w) { Set(w.ad(1).fields, "descriptions", List{}); }},
    {"creative.text_empty", kFail, [](World& w) { Headline(w, 1, " "); }},
    {"creative.duplicate_headlines", kFail, [](World& w) { w.headlines(0)[1] = "trail shoes that hold"; }},
    {"creative.duplicate_descriptions", kFail, [](World& w) { Set(w.ad(1).fields, "descriptions", List{"a", "A"}); }},
    {"creative.headline_is_description", kWarn, [](World& w) { Headline(w, 1, "Alpenglow shoes are mended."); }},
    {"creative.whitespace", kWarn, [](World& w) { Headline(w, 1, "two  spaces"); }},
    {"creative.control_characters", kFail, [](World& w) { Headline(w, 1, "zero\xe2\x80\x8bwidth"); }},
    {"creative.control_characters", kFail, [](World& w) { Headline(w, 1, "not utf-8 \xff"); }},
    {"creative.line_breaks", kFail, [](World& w) { Headline(w, 1, "a\nb"); }},
    {"google_ads.review.symbols", kFail, [](World& w) { Headline(w, 0, "Shoes \xf0\x9f\x91\x9f"); }},
    {"creative.emoji_many", kWarn, [](World& w) { Headline(w, 1, "\xf0\x9f\x91\x9f\xf0\x9f\x91\x9f\xf0\x9f\x91\x9f\xf0\x9f\x91\x9f"); }},
    {"policy.capitalisation", kWarn, [](World& w) { Headline(w, 1, "TRAIL shoes"); }},
    {"google_ads.review.exclamation", kFail, [](World& w) { Headline(w, 0, "Buy now!"); }},
    {"google_ads.review.punctuation", kFail, [](World& w) { Headline(w, 0, "Buy now!!"); }},
    {"policy.punctuation", kWarn, [](World& w) { Headline(w, 1, "Really?!"); }},
    {"policy.spacing", kWarn, [](World& w) { Headline(w, 1, "Shoes , boots"); }},
    {"policy.lettering", kWarn, [](World& w) { Headline(w, 1, "\xf0\x9d\x93\xa2" "ale"); }},
    {"google_ads.review.phone_number", kFail, [](World& w) { Headline(w, 0, "Call 030 1234567"); }},
    {"creative.address_in_text", kWarn, [](World& w) { Headline(w, 1, "www.alpenglow.example"); }},
    {"creative.placeholder_text", kFail, [](World& w) { Headline(w, 1, "Lorem ipsum dolor"); }},
    {"creative.unfilled_macro", kFail, [](World& w) { Headline(w, 1, "Hello {name}"); }},
    {"creative.mixed_scripts", kFail, [](World& w) { Headline(w, 1, "\xd0\x90lpenglow"); }},
    {"creative.guidelines_present", kWarn, [](World& w) { w.documents.creatives.guidelines.reset(); }},
    {"creative.guidelines_contradict", kFail, [](World& w) { w.documents.creatives.guidelines->required_words = {"not cheap"}; }},
    {"creative.forbidden_words", kFail, [](World& w) { Headline(w, 1, "Cheap shoes"); }},
    {"creative.required_words", kFail, [](World& w) { w.documents.creatives.guidelines->required_words = {"mended"}; }},
    {"creative.brand_named", kWarn, [](World& w) { w.brief().brand = "Bergbach"; }},
    {"creative.call_to_action", kWarn, [](World& w) { w.ad(1).fields.values.erase("call_to_action"); }},
    {"creative.variety", kWarn, [](World& w) { w.ad(1).packages.clear(); }},
    {"creative.headline_variety", kWarn, [](World& w) { Headline(w, 0, "Only one"); }},
    {"creative.ads_differ", kWarn, [](World& w) { w.ad(2).fields = w.ad(1).fields; w.ad(2).image = w.ad(1).image; }},
    // targeting
    {"targeting.countries_present", kFail, [](World& w) { w.brief().audience.values.erase("countries"); }},
    {"targeting.countries_valid", kFail, [](World& w) { Set(w.group(1).fields, "countries", List{"UK"}); }},
    {"targeting.languages_valid", kFail, [](World& w) { Set(w.group(1).fields, "languages", List{"german"}); }},
    {"targeting.languages_present", kWarn, [](World& w) { w.brief().audience.values.erase("languages"); }},
    {"targeting.age_range", kFail, [](World& w) { Set(w.group(1).fields, "age_min", std::int64_t{55}); Set(w.group(1).fields, "age_max", std::int64_t{54}); }},
    {"targeting.genders_known", kFail, [](World& w) { Set(w.group(1).fields, "genders", List{"men"}); }},
    {"targeting.keywords_present", kFail, [](World& w) { w.group(0).fields.values.erase("keywords"); }},
    {"targeting.keywords_elsewhere", kFail, [](World& w) { Set(w.group(1).fields, "keywords", List{"exact:shoes"}); }},
    {"targeting.keyword_form", kFail, [](World& w) { Keywords(w, {"trail shoes"}); }},
    {"targeting.keyword_length", kFail, [](World& w) { Keywords(w, {"broad:a b c d e f g h i j k"}); }},
    {"targeting.keyword_length", kPass, [](World& w) { Keywords(w, {"broad:a b c d e f g h i j"}); }},
    {"targeting.keyword_characters", kFail, [](World& w) { Keywords(w, {"exact:\"trail shoes\""}); }},
    {"targeting.negative_form", kFail, [](World& w) { Set(w.group(0).fields, "negative_keywords", List{"cheap"}); }},
    {"targeting.keyword_once", kFail, [](World& w) { Keywords(w, {"exact:Shoes", "exact:shoes"}); }},
    {"targeting.keyword_rivals", kWarn, [](World& w) { Twin(w, 0); }},
    {"targeting.keyword_negative", kFail, [](World& w) { Set(w.group(0).fields, "negative_keywords", List{"phrase:running shoes"}); }},
    {"targeting.keyword_negative", kPass, [](World& w) { Set(w.group(0).fields, "negative_keywords", List{"phrase:shoes running"}); }},
    {"targeting.brand_terms", kWarn, [](World& w) { Keywords(w, {"phrase:alpenglow shoes"}); }},
    {"targeting.keywords_broad", kWarn, [](World& w) { Keywords(w, {"broad:a", "broad:b", "exact:c"}); }},
    {"targeting.keyword_count", kWarn, [](World& w) { List many; for (int i = 0; i < 51; ++i) many.push_back("exact:shoe" + std::to_string(i)); Keywords(w, many); }},
    {"targeting.audiences_disjoint", kFail, [](World& w) { Set(w.group(1).fields, "audiences", List{"7"}); Set(w.group(1).fields, "excluded_audiences", List{"7"}); }},
    {"targeting.locations_disjoint", kFail, [](World& w) { Set(w.group(1).fields, "locations", List{"7"}); Set(w.group(1).fields, "excluded_locations", List{"7"}); }},
    {"targeting.audience_ids", kFail, [](World& w) { Set(w.group(1).fields, "audiences", List{"people who run"}); }},
    {"targeting.placements_known", kFail, [](World& w) { Set(w.group(1).fields, "placements", List{"facebook:moon"}); }},
    {"targeting.frequency", kFail, [](World& w) { Set(w.group(1).fields, "frequency_cap", std::int64_t{2}); }},
    {"targeting.frequency", kWarn, [](World& w) { Set(w.group(1).fields, "frequency_cap", std::int64_t{20}); Set(w.group(1).fields, "frequency_days", std::int64_t{1}); }},
    {"targeting.dayparts_form", kFail, [](World& w) { Set(w.group(0).fields, "dayparts", List{"monday"}); }},
    {"targeting.dayparts_overlap", kWarn, [](World& w) { Set(w.group(0).fields, "dayparts", List{"mon 08:00-20:00", "mon 19:00-22:00"}); }},
    {"targeting.dayparts_narrow", kWarn, [](World& w) { Set(w.group(0).fields, "dayparts", List{"mon 08:00-20:00"}); }},
    {"targeting.bid_modifiers_heeded", kPass, [](World& w) { Set(w.buy(0).fields, "bid_modifiers", List{"device:mobile 0.9", "country:DE 1.2"}); }},
    {"targeting.bid_modifiers_heeded", kPass, [](World& w) { Set(w.buy(0).fields, "bid_strategy", std::string("maximize_conversions")); Set(w.buy(0).fields, "bid_modifiers", List{"device:tablet 0"}); }},
    {"targeting.bid_modifiers_heeded", kWarn, [](World& w) { Set(w.buy(0).fields, "bid_strategy", std::string("target_cpa")); Set(w.buy(0).fields, "bid_modifiers", List{"country:DE 1.2"}); }},
    {"targeting.field_support", kWarn, [](World& w) { Set(w.buy(1).fields, "bid_modifiers", List{"device:mobile 0.9"}); }},
    {"targeting.inside_brief_countries", kFail, [](World& w) { Set(w.group(1).fields, "countries", List{"DE", "FR"}); }},
    {"targeting.inside_brief_languages", kFail, [](World& w) { Set(w.group(1).fields, "languages", List{"fr"}); }},
    {"targeting.inside_brief_genders", kFail, [](World& w) { Set(w.brief().audience, "genders", List{"female"}); Set(w.group(1).fields, "genders", List{"male"}); }},
    {"targeting.inside_brief_genders", kPass, [](World& w) { Set(w.brief().audience, "genders", List{"female"}); }},
    {"targeting.inside_brief_age", kFail, [](World& w) { Set(w.brief().audience, "age_min", std::int64_t{25}); Set(w.group(1).fields, "age_min", std::int64_t{18}); }},
    {"targeting.brief_covered", kWarn, [](World& w) { for (std::size_t i = 0; i < 3; ++i) Set(w.group(i).fields, "countries", List{"DE", "AT"}); }},
    {"targeting.entries_once", kWarn, [](World& w) { Set(w.group(1).fields, "audiences", List{"7", "7"}); }},
    {"targeting.field_support", kWarn, [](World& w) { Set(w.group(1).fields, "negative_keywords", List{"exact:free"}); }},
    {"targeting.field_values", kFail, [](World& w) { Set(w.group(1).fields, "billing_event", std::string("views")); }},
    {"targeting.prospecting_excludes", kWarn, [](World& w) { w.package(1).name.value = w.buy(1).package.value = "social-prospecting"; }},
    {"targeting.prospecting_excludes", kPass, [](World& w) { w.package(1).name.value = w.buy(1).package.value = "social-prospecting"; Set(w.group(1).fields, "excluded_audiences", List{"9"}); }},
    {"targeting.ad_groups_differ", kWarn, [](World& w) { Twin(w, 1); }},
    // policy
    {"policy.special_categories_known", kFail, [](World& w) { w.brief().special_categories->value = {"pets"}; }},
    {"policy.special_categories_stated", kFail, [](World& w) { w.brief().special_categories.reset(); }},
    {"policy.special_age", kFail, [](World& w) { Category(w); Set(w.group(1).fields, "age_min", std::int64_t{25}); }},
    {"policy.special_age", kPass, Category},
    {"policy.special_gender", kFail, [](World& w) { Category(w); Set(w.group(1).fields, "genders", List{"female"}); }},
    {"policy.special_gender", kPass, Category},
    {"policy.special_geo", kFail, [](World& w) { Category(w); Set(w.group(1).fields, "locations", List{"7"}); }},
    {"policy.special_geo", kPass, Category},
    {"policy.eu_political_stated", kFail, [](World& w) { w.brief().eu_political.reset(); }},
    {"policy.eu_political_refused", kFail, [](World& w) { w.brief().eu_political->value = true; }},
    {"policy.not_served", kFail, [](World& w) { Set(w.group(1).fields, "countries", List{"KP"}); }},
    {"policy.minors", kWarn, [](World& w) { Set(w.group(1).fields, "age_min", std::int64_t{13}); }},
    {"policy.suspect_credit", kWarn, [](World& w) { Headline(w, 1, "A loan for shoes"); }},
    {"policy.suspect_housing", kWarn, [](World& w) { Headline(w, 1, "Real estate"); }},
    {"policy.suspect_employment", kWarn, [](World& w) { Headline(w, 1, "We are hiring"); }},
    {"policy.suspect_politics", kWarn, [](World& w) { Headline(w, 1, "Vote for shoes"); }},
    {"policy.alcohol", kWarn, [](World& w) { Headline(w, 1, "Shoes and beer"); }},
    {"policy.gambling", kWarn, [](World& w) { Headline(w, 1, "Jackpot"); }},
    {"policy.health_claims", kWarn, [](World& w) { Headline(w, 0, "Lose weight fast"); }},
    {"meta.review.health_claims", kWarn, [](World& w) { Headline(w, 1, "Ein Wundermittel"); }},
    {"policy.unreliable_claims", kWarn, [](World& w) { Set(w.ad(3).fields, "descriptions", List{"Risk-free shoes"}); }},
    {"policy.superlatives", kWarn, [](World& w) { Headline(w, 1, "The #1 shoe"); }},
    {"policy.personal_attributes", kWarn, [](World& w) { Headline(w, 0, "Are you single?"); }},
    {"meta.review.personal_attributes", kWarn, [](World& w) { Headline(w, 1, "Meet other Jewish singles"); }},
    {"policy.clickbait", kWarn, [](World& w) { Headline(w, 0, "One weird trick"); }},
    {"policy.pressure", kWarn, [](World& w) { Headline(w, 1, "Click here"); }},
    {"policy.client_matches", kFail, [](World& w) { w.policy->client = "Bergbach"; }},
    {"policy.launch_by_person", kWarn, [](World& w) { w.policy->auto_approve = {Reason::kLaunch}; }},
    {"policy.learned", kWarn, [](World& w) { w.learned = {Refused(1)}; }},   // 1/2
    {"policy.learned", kFail, [](World& w) { w.learned = {Refused(2)}; }},   // 2/3
    // naming
    {"naming.grammar_marks", kFail, [](World& w) { w.brief().campaign.value = "Spring | trails"; }},
    {"naming.round_trip", kFail, [](World& w) { w.brief().campaign.value = "Spring | trails"; }},
    {"naming.length", kFail, [](World& w) { w.group(1).name.value = std::string(389, 'a'); }},   // 400 with the marker's 12: one too many
    {"naming.length", kPass, [](World& w) { w.group(1).name.value = std::string(388, 'a'); }},
    {"naming.campaigns_unique", kFail, [](World& w) { w.package(1).account = w.package(2).account; w.package(1).campaign_name = w.package(2).campaign_name = Word("One"); }},
    {"naming.free_on_platform", kFail, [](World& w) { w.live->owned.clear(); }, true},
    {"naming.present", kFail, [](World& w) { w.group(1).name.value = " "; }},
    {"naming.invisible_characters", kFail, [](World& w) { w.group(1).name.value = "a\tb"; }},
    {"naming.spaces", kWarn, [](World& w) { w.group(1).name.value = "Outdoor "; }},
    {"naming.formula", kWarn, [](World& w) { w.group(1).name.value = "=SUM(A1)"; }},
    {"naming.emoji", kWarn, [](World& w) { w.group(1).name.value = "Shoes \xf0\x9f\x91\x9f"; }},
    {"naming.marker", kFail, [](World& w) { w.group(1).name.value = WithMarker("Outdoor", "p-1/1"); }},
    {"naming.address", kFail, [](World& w) { w.group(1).name.value = "a/b"; }},
    // live
    {"setup.live_exists", kFail, [](World& w) { w.live->trees.begin()->second.entities.clear(); }, true},
    {"setup.live_not_removed", kFail, [](World& w) { w.entity(Level::kAd).fields["status"] = std::string(kRemoved); }, true},
    {"setup.live_status", kFail, [](World& w) { w.entity(Level::kAd).fields["status"] = std::string(kPaused); }, true},
    {"setup.live_activated", kWarn, [](World& w) { w.entity(Level::kCampaign).fields["status"] = std::string(kPaused); }, true},
    {"setup.live_early", kFail, [](World& w) { w.today = DayOf("2026-04-20"); for (Entity& e : w.live->trees.begin()->second.entities) e.fields.erase("start_at"); }, true},
    {"setup.live_delivers", kWarn, [](World& w) { w.entity(Level::kAd).fields["effective_status"] = std::string("in_review"); }, true},
    {"setup.live_delivers", kPass, [](World& w) { w.phase = CheckPhase::kHour1; w.entity(Level::kAd).fields["effective_status"] = std::string("in_review"); }, true},
    {"setup.live_learning", kWarn, [](World& w) { w.entity(Level::kAdGroup).fields["learning_status"] = std::string("limited"); }, true},
    {"creative.live_review", kFail, [](World& w) { w.entity(Level::kAd).fields["review_status"] = std::string("rejected"); }, true},
    {"creative.live_review", kWarn, [](World& w) { w.entity(Level::kAd).fields["review_status"] = std::string("limited"); }, true},
    {"budget.live_equal", kFail, [](World& w) { w.entity(Level::kCampaign).fields["daily_budget"] = Eur(20'000); }, true},
    {"targeting.live_equal", kFail, [](World& w) { w.entity(Level::kAdGroup).fields["keywords"] = List{"broad:shoes"}; }, true},
    {"setup.live_equal", kFail, [](World& w) { w.entity(Level::kCampaign).fields["eu_political"] = true; }, true},
    {"creative.live_equal", kFail, [](World& w) { w.entity(Level::kAd).fields["headlines"] = List{"Other"}; }, true},
    {"tracking.live_equal", kFail, [](World& w) { w.entity(Level::kAd).fields["url_tags"] = std::string("utm_source=x"); }, true},
    {"naming.live_unknown", kWarn, [](World& w) { Entity e = w.entity(Level::kCampaign); e.id = "9"; e.fields["name"] = WithMarker("Lost", "p-1/1"); w.live->trees.begin()->second.entities.push_back(e); }, true},
    // generated: one or more of each kind
    {"meta.required.ad.page_id", kFail, [](World& w) { w.desired.reset(); w.ad(1).fields.values.erase("page_id"); }},
    {"google_ads.text.headlines.search.min_count", kFail, [](World& w) { Headline(w, 0, "Only one"); }},
    {"google_ads.text.headlines.search.max_count", kFail, [](World& w) { List many; for (int i = 0; i < 16; ++i) many.push_back("Shoe " + std::to_string(i)); Set(w.ad(0).fields, "headlines", many); }},
    {"google_ads.text.headlines.search.max_chars", kFail, [](World& w) { w.headlines(0)[0] = std::string(31, 'a'); }},
    {"google_ads.text.headlines.search.max_chars", kPass, [](World& w) { w.headlines(0)[0] = std::string(30, 'a'); }},
    {"meta.text.headlines.image.recommended_chars", kWarn, [](World& w) { Headline(w, 1, "a headline that is longer than forty characters"); }},
    {"meta.media.image.any", kFail, [](World& w) { w.asset(0).bytes = samples::Webp(1080, 1080); }},
    {"meta.media.image.facebook_feed", kFail, [](World& w) { w.asset(0).bytes = samples::Png(1080, 1920); }},
    {"meta.media.image.facebook_story", kWarn, [](World& w) { Set(w.group(1).fields, "placements", List{"facebook"}); }},
    {"tiktok.media.video.any", kFail, [](World& w) { w.asset(2).bytes = samples::Gif(540, 960, 5, 100); }},
    {"meta.required.sales.ad_group.pixel_id", kFail, [](World& w) { w.desired.reset(); w.brief().conversions.clear(); }},
    {"google_ads.text.headlines.search.max_chars", kFail, [](World& w) { w.headlines(0)[0] = "\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1\xe5\xb1\xb1"; }},  // 16 wide ones are 32
    {"meta.budget.ad_group.daily", kFail, [](World& w) { Set(w.group(1).fields, "daily_budget", Money::Micros(990'000, kEur)); }},
    {"meta.budget.campaign.daily", kFail, [](World& w) { w.package(1).daily_budget->value = Money::Micros(990'000, kEur); }},
    {"meta.review.unreliable_claims", kWarn, [](World& w) { Headline(w, 1, "Get rich quick"); }},
};
// clang-format on

TEST(Checks, F3AnAccountBilledInAnotherCurrencyIsNotPlannedFor) {
  World w = MakeWorld();
  ASSERT_EQ(StatusesOf(w.Run(), "budget.currency_account"), std::set<CheckStatus>{kPass});
  (*w.accounts)[0].info.currency = kUsd;
  const Checklist list = w.Run();
  EXPECT_TRUE(StatusesOf(list, "budget.currency_account").contains(kFail));
  EXPECT_NE(EvidenceOf(list, "budget.currency_account").find("USD"), std::string::npos);
}

TEST(Checks, EachCheckFindsWhatItIsFor) {
  const World good = MakeWorld(), good_live = LiveWorld();
  std::set<std::string> spoilt, passed;
  for (const auto& list : {good.Run(), good_live.Run()}) {
    for (const CheckResult& result : list.results) {
      if (result.status == kPass) passed.insert(result.check);
    }
  }
  for (const Case& c : kCases) {
    World w = c.live ? good_live : good;
    c.spoil(w);
    const Checklist list = w.Run();
    EXPECT_TRUE(StatusesOf(list, c.check).contains(c.want))
        << c.check << " should be " << CheckStatusName(c.want) << " and is "
        << EvidenceOf(list, c.check);
    (c.want == kPass ? passed : spoilt).insert(c.check);
    for (const CheckResult& result : list.results) {
      if (result.check != c.check || result.status == kPass) continue;
      if (result.status == kNotApplicable || result.status == kNotChecked) {
        EXPECT_FALSE(result.evidence.empty()) << c.check;
        continue;
      }
      EXPECT_FALSE(result.evidence.empty()) << c.check;
      EXPECT_FALSE(result.fix.empty()) << c.check;
    }
  }
  for (const CheckInfo& info : CheckRegistry()) {
    if (info.platform) continue;  // by kind, in the table's last part and below
    if (info.id == "budget.policy_present") continue;  // judges only whether there is a policy
    EXPECT_TRUE(spoilt.contains(info.id)) << info.id << " was never broken";
    EXPECT_TRUE(passed.contains(info.id)) << info.id << " never passed";
  }
  EXPECT_GE(spoilt.size(), 120U);
}

struct FormCase {
  const char* form;
  const char* text;
  const char* found;  ///< empty: nothing
};

TEST(Lint, FormsAreFoundAndTheirLikesAreNot) {
  const FormCase cases[] = {
      {"capitals", "Buy FLOWERS today", "FLOWERS"},
      {"capitals", "BUY NOW, friends", "BUY NOW"},
      {"capitals", "GÜNSTIG und gut", "GÜNSTIG"},
      {"capitals", "СКИДКИ every day", "СКИДКИ"},
      {"capitals", "Fly to the USA by TWA", ""},
      {"capitals", "The RTX4090, new", ""},
      {"capitals", "Shoes of ALPENGLOW", ""},  // the brand writes itself so
      {"alternating_case", "Get FlOwErS", "FlOwErS"},
      {"alternating_case", "iPhone, YouTube, McDonald's, WiFi", ""},
      {"spaced_letters", "S A L E today", "S A L E"},
      {"spaced_letters", "F.L.O.W.E.R.S", "F.L.O.W.E.R.S"},
      {"spaced_letters", "made in the U.S.A. by A & B", ""},
      {"repeated_punctuation", "Now!!", "!!"},
      {"repeated_punctuation", "Really?!", "?!"},
      {"repeated_punctuation", "wait....", "...."},
      {"repeated_punctuation", "and so on... 5* at 10 %, C++ too", ""},
      {"exclamation", "Buy now!", "!"},
      {"emoji", "Shoes \xf0\x9f\x91\x9f", "\xf0\x9f\x91\x9f"},
      {"symbols", "free → fast", "→"},
      {"symbols", "100 % wool, 20 °C, © 2026, €5", ""},
      {"fancy_letters", "\xf0\x9d\x93\xa2 \xef\xbc\xa1", "\xf0\x9d\x93\xa2"},
      {"spacing", ", and more", ", and more"},
      {"spacing", "Shoes , boots", "Shoes ,"},
      {"spacing", "the .NET way: ...and more!", ""},
      {"phone_number", "Call 030 1234567 now", "030 1234567"},
      {"phone_number", "+49 30 1234567", "+49 30 1234567"},
      {"phone_number", "(0)30 123 45 67", "(0)30 123 45 67"},
      {"phone_number", "555-123-4567", "555-123-4567"},
      {"phone_number", "1 800 555 0199", "1 800 555 0199"},
      {"phone_number", "2025-2026, 01.02.2026, 10 000 000 km, 1.000.000 sold", ""},
      {"phone_number", "0-100 km/h in 3.2 s; from 1,000,000 users", ""},
  };
  std::set<std::string_view> seen;
  for (const FormCase& c : cases) {
    seen.insert(c.form);
    EXPECT_EQ(checks::FindForm(c.form, c.text, {"ALPENGLOW"}).value_or(""), c.found)
        << c.form << " in " << c.text;
    // Nonsense is no reason to stop.
    EXPECT_EQ(checks::FindForm(c.form, "", {}), std::nullopt);
    checks::FindForm(c.form, "\xff\xf0\x9f", {});
  }
  EXPECT_EQ(seen.size(), std::size(kTextForms));
}

TEST(Lint, ReadersAreNamedWithinOneSentence) {
  const auto rules = checks::CommonRules();
  const auto rule = std::ranges::find(rules, std::string("personal_attributes"), &ReviewRule::id);
  ASSERT_NE(rule, rules.end());
  const auto breaks = [&](const char* text) {
    return checks::Breaks(*rule, "headlines", "image", text, {}).has_value();
  };
  EXPECT_TRUE(breaks("Are you still single?"));
  EXPECT_TRUE(breaks("MEET OTHER CHRISTIANS"));
  EXPECT_TRUE(breaks("Do you suffer from severe anxiety"));
  EXPECT_TRUE(breaks("Treat your diabetes"));
  EXPECT_FALSE(breaks("Are you ready? Single origin coffee"));
  EXPECT_FALSE(breaks("Your single best shoe"));
  EXPECT_FALSE(breaks("Help for depression"));
  EXPECT_FALSE(breaks("Meet seniors near you"));
}

TEST(Lint, APlatformsRuleKeepsWhatTheCommonOneSays) {
  ReviewRule own;
  own.id = "health_claims";
  own.pattern = "detox";
  const ReviewRule whole = checks::WithCommon(own);
  EXPECT_TRUE(checks::Breaks(whole, "headlines", "image", "Detox tea", {}));
  EXPECT_TRUE(checks::Breaks(whole, "headlines", "image", "A miracle", {}));
  EXPECT_FALSE(whole.fix.empty());
}

TEST(Lint, CreativesAreJudgedWithoutAPlan) {
  World w = MakeWorld();
  CampaignDocuments only;
  only.creatives = w.documents.creatives;
  Headline(w, 1, "Are you single?!");
  CampaignDocuments spoilt;
  spoilt.creatives = w.documents.creatives;
  const auto rules_of = [](const LintReport& report) {
    std::set<std::string> rules;
    for (const LintFinding& f : report.findings) {
      EXPECT_FALSE(f.evidence.empty()) << f.rule;
      EXPECT_FALSE(f.suggestion.empty()) << f.rule;
      rules.insert(f.rule);
    }
    return rules;
  };
  const LintReport meta = LintAds({&spoilt, {Platform::kMeta}, &PlatformSpecs::BuiltIn()});
  EXPECT_EQ(meta.platforms, std::vector<Platform>{Platform::kMeta});
  EXPECT_TRUE(rules_of(meta).contains("meta.review.personal_attributes"));
  EXPECT_TRUE(rules_of(meta).contains("policy.punctuation"));
  EXPECT_FALSE(meta.by_person.empty());
  // A platform that this product does not write to has rules all the same.
  const LintReport linkedin = LintAds({&spoilt, {Platform::kLinkedIn}, &PlatformSpecs::BuiltIn()});
  EXPECT_TRUE(rules_of(linkedin).contains("linkedin.review.capitalisation"));
  // With the plan, packages decide; what is only of the plan is not asked about.
  const LintReport planned = LintAds({&w.documents, {}, &PlatformSpecs::BuiltIn()});
  EXPECT_EQ(planned.platforms.size(), 3U);
  for (const std::string& rule : rules_of(planned)) {
    EXPECT_EQ(rule.find("budget."), std::string::npos) << rule;
  }
  const std::set<std::string> good =
      rules_of(LintAds({&only, {Platform::kMeta}, &PlatformSpecs::BuiltIn()}));
  for (const std::string& rule : good) EXPECT_EQ(rule.find("review."), std::string::npos) << rule;
  EXPECT_EQ(LintAds({&only, {}, &PlatformSpecs::BuiltIn()}).platforms.size(), 3U);
}

TEST(Checks, TheRegistryIsLargeAndItsIdsAreItsOwn) {
  std::set<std::string> ids, families;
  int of_all = 0;
  for (const CheckInfo& info : CheckRegistry()) {
    EXPECT_TRUE(ids.insert(info.id).second) << info.id;
    families.insert(info.family);
    EXPECT_FALSE(info.question.empty()) << info.id;
    EXPECT_FALSE(info.fix.empty()) << info.id;
    EXPECT_NE(info.id.find('.'), std::string::npos) << info.id;
    if (!info.platform) ++of_all;
  }
  EXPECT_GE(of_all, 120);
  EXPECT_GT(ids.size(), static_cast<std::size_t>(of_all) + 60);
  EXPECT_EQ(families, (std::set<std::string>{"setup", "tracking", "creative", "targeting", "budget",
                                             "policy", "naming"}));
  // Every check answers, at least with why it has nothing to say.
  std::set<std::string> answered;
  for (const CheckResult& result : MakeWorld().Run().results) answered.insert(result.check);
  EXPECT_EQ(answered, ids);
}

TEST(Checks, WithoutWhatTheyNeedTheyAreNotChecked) {
  World w = MakeWorld();
  w.has_specs = false;
  w.desired.reset();
  w.accounts.reset();
  w.policy.reset();
  w.landing.reset();
  w.learned.reset();
  const Checklist list = w.Run();
  for (const char* id :
       {"setup.account_connected", "setup.platform_writable", "budget.policy_worst_day",
        "budget.policy_present", "tracking.landing_answers", "policy.learned",
        "setup.compiled_paused", "google_ads.text.headlines.search.max_chars"}) {
    EXPECT_EQ(StatusesOf(list, id), std::set{kNotChecked}) << id;
  }
  EXPECT_FALSE(Blocks(list));
  EXPECT_GT(list.not_checked, 30);
  const Checklist nothing = RunChecks({});
  EXPECT_EQ(nothing.not_checked, static_cast<int>(CheckRegistry().size()));
  EXPECT_EQ(nothing.score, std::nullopt);
}

TEST(Checks, ContradictionsNameBothPlaces) {
  World w = MakeWorld();
  Set(w.group(1).fields, "daily_budget", Eur(500));
  w.group(1).fields.places["daily_budget"] = {"buys.xlsx", "Buys", 4, "F4"};
  w.package(1).budget_owner.place = {"plan.csv", "", 3, "G3"};
  for (const CheckResult& result : w.Run().results) {
    if (result.check != "budget.owner_contradiction" || result.status != kFail) continue;
    EXPECT_EQ(result.package, "social-feed");
    EXPECT_EQ(result.places,
              (std::vector<Place>{{"plan.csv", "", 3, "G3"}, {"buys.xlsx", "Buys", 4, "F4"}}));
    EXPECT_EQ(result.evidence,
              "the campaign owns the budget, yet ad group Outdoor states 500.00 EUR");
    return;
  }
  FAIL() << "not found";
}

TEST(Checks, TheScoreWeighsFailThreeAndWarnOne) {
  World w = MakeWorld();
  const Checklist good = w.Run();
  int weight = 0;
  std::set<std::pair<std::string, std::string>> judged;
  for (const CheckResult& r : good.results) {
    if (r.status != kPass || !judged.emplace(r.check, r.package).second) continue;
    weight += r.severity == Severity::kFail ? 3 : r.severity == Severity::kWarn ? 1 : 0;
  }
  w.brief().po_number.clear();  // a note weighs nothing
  EXPECT_EQ(w.Run().score, 100);
  w.asset(0).alt.clear();  // a warning
  EXPECT_EQ(w.Run().score, (weight - 1) * 100 / weight);
  w.asset(0).bytes.resize(17);  // a failure, and what needed the file is not judged any more
  EXPECT_TRUE(Blocks(w.Run()));
}

TEST(Checks, HugeAmountsAndOddCurrenciesDoNotStopTheProgram) {
  World w = MakeWorld();
  w.package(0).daily_budget->value = Money::Micros(INT64_MAX, kEur);
  w.package(1).daily_budget->value = Money::Micros(INT64_MAX, kEur);
  w.package(2).budget->value = Money::Micros(INT64_MIN, kUsd);
  w.brief().daily_budget_cap->value = Money::Micros(-1, kEur);
  w.brief().total_budget.value = Money::Micros(INT64_MAX, kEur);
  w.policy->worst_day_cap = Money::Zero(kEur);
  const Checklist list = w.Run();
  EXPECT_TRUE(Blocks(list));
  EXPECT_TRUE(StatusesOf(list, "budget.daily_cap").contains(kFail));
  World empty;
  EXPECT_TRUE(Blocks(empty.Run()));
}

TEST(Checks, PeopleSeeWhatIsWrongWhereAndWhatToDo) {
  World w = MakeWorld();
  w.brief().total_budget = {Eur(60'000), {"brief.yaml", "", 7, ""}};
  const std::string text = ChecklistMarkdown(w.Run());
  EXPECT_NE(text.find("No plan can be made"), std::string::npos) << text;
  EXPECT_NE(text.find("- **FAIL** `budget.sum`: the 3 packages add up to 61000.00 EUR, the brief's "
                      "total is 60000.00 EUR: 1000.00 EUR too much\n  - where: brief.yaml:7"),
            std::string::npos)
      << text;
  EXPECT_EQ(text.find("naming.round\\_trip"), std::string::npos) << "passes are only counted";
  EXPECT_NE(ChecklistMarkdown(w.Run(), true).find("`naming.round_trip`"), std::string::npos);
  const auto json = nlohmann::json::parse(ChecklistJson(w.Run()));
  EXPECT_TRUE(json["blocks"].get<bool>());
  EXPECT_EQ(json["counts"]["fail"], 1);
  EXPECT_EQ(json["phase"], "before_launch");
}

std::string FileText(const std::string& path) {
  std::ifstream in(std::string(MAXOPT_SOURCE_DIR) + "/" + path, std::ios::binary);
  std::stringstream text;
  text << in.rdbuf();
  return text.str();
}

TEST(Checks, TheExampleCampaignMayBePlanned) {
  const std::string folder = "examples/alpenglow/";
  std::vector<DocumentFile> files;
  for (const char* name : {"brief.yaml", "media_plan.yaml", "creatives.yaml", "buys.yaml"}) {
    files.push_back({name, FileText(folder + name)});
  }
  const auto documents = ParseDocuments(files, [&](const std::string& name) -> Result<std::string> {
    return FileText(folder + name);
  });
  ASSERT_TRUE(documents.has_value()) << documents.error().what;
  World w;
  w.documents = *documents;
  w.today = w.brief().start.value - std::chrono::days(20);
  std::vector<ClientAccount> accounts;
  for (const Package& p : w.documents.media_plan.packages) {
    accounts.push_back(
        {w.brief().client.value,
         {p.account.value, "", w.brief().currency.value, "Europe/Berlin", "active"}});
  }
  w.accounts = accounts;
  const auto desired = Realise(*documents, {&PlatformSpecs::BuiltIn(), accounts, {}, w.today});
  ASSERT_TRUE(desired.has_value()) << desired.error().what;
  w.desired = *desired;
  const Checklist list = w.Run();
  EXPECT_FALSE(Blocks(list)) << ChecklistMarkdown(list);
  EXPECT_GE(list.score.value_or(0), 90) << ChecklistMarkdown(list);
}

TEST(Checks, TheDocumentIsTheRegistry) {
  const std::string path = std::string(MAXOPT_SOURCE_DIR) + "/docs/checks.md";
  if (std::getenv("MAXOPT_WRITE_DOCS") != nullptr) std::ofstream(path) << RegistryMarkdown();
  std::ifstream in(path);
  std::stringstream text;
  text << in.rdbuf();
  EXPECT_EQ(text.str(), RegistryMarkdown()) << "run this test with MAXOPT_WRITE_DOCS=1";
}

}  // namespace
}  // namespace maxopt
