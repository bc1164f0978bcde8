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
  PlatformSpecs specs = PlatformSpecs::BuiltIn();
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
                      .specs = has_specs ? &specs : nullptr,
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
  w.desired = Realise(w.documents, {&w.specs, accounts, {}, w.today}).value();
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

const CheckInfo* InfoOf(std::string_view id) {
  for (const CheckInfo& info : CheckRegistry()) {
    if (info.id == id) return &info;
  }
  return nullptr;
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
  (void)&InfoOf;
  (void)&StatusesOf;
  (void)&EvidenceOf;
  EXPECT_GT(before.passed, 300);
  EXPECT_EQ(before.score, 100);
}

}  // namespace
}  // namespace maxopt
