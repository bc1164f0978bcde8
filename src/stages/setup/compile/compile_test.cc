#include "stages/setup/compile/compile.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "stages/setup/compile/configure.h"

namespace maxopt {
namespace {

using Texts = std::vector<std::string>;

const AccountId kGoogle{Platform::kGoogleAds, "4471189001"};
const AccountId kMetaAccount{Platform::kMeta, "880011223344"};
const AccountId kTikTokAccount{Platform::kTikTok, "7011223344556677"};
const Day kToday = ParseDay("2026-02-20").value();

Place At(int line) { return {"doc.yaml", "", line, ""}; }
Said<std::string> Text(const char* text, int line = 1) { return {text, At(line)}; }
Money Eur(std::int64_t cents) { return Money::Micros(cents * 10'000, kEur); }

std::vector<ClientAccount> Accounts() {
  std::vector<ClientAccount> out;
  for (const AccountId& id : {kGoogle, kMetaAccount, kTikTokAccount}) {
    out.push_back({"Alpenglow", {id, "Alpenglow", kEur, "Europe/Berlin", "active"}});
  }
  return out;
}

CompileWorld WorldOn(Day today) { return {&PlatformSpecs::BuiltIn(), Accounts(), {}, today}; }

Package MakePackage(const char* name, const AccountId& account, std::int64_t daily_cents) {
  Package package;
  package.place = At(20);
  package.name = Text(name, 20);
  package.account = {account, At(21)};
  package.budget_owner = Text("campaign", 22);
  package.budget_allocation = Text("optimised", 23);
  package.daily_budget = Said<Money>{Eur(daily_cents), At(24)};
  package.fields.values["countries"] = Texts{"DE", "AT"};
  package.fields.places["countries"] = At(25);
  return package;
}

AdDocument MakeAd(const char* name, Fields fields) {
  AdDocument ad;
  ad.place = At(40);
  ad.name = Text(name, 40);
  ad.fields.values = std::move(fields);
  return ad;
}

/// Search on Google, pictures on Meta: small enough to be counted by hand.
CampaignDocuments Documents() {
  CampaignDocuments d;
  d.brief.place = At(1);
  d.brief.client = Text("Alpenglow", 2);
  d.brief.campaign = Text("Spring trails", 3);
  d.brief.brand = "Alpenglow";
  d.brief.objective = Text("sales", 4);
  d.brief.landing_url = Text("https://alpenglow.example/trails", 5);
  d.brief.currency = {kEur, At(6)};
  d.brief.start = {ParseDay("2026-03-01").value(), At(7)};
  d.brief.end = {ParseDay("2026-03-31").value(), At(7)};
  d.brief.total_budget = {Eur(1'000'000), At(8)};
  d.brief.eu_political = Said<bool>{false, At(9)};
  d.brief.tracking = Text("utm_source={source}&utm_medium={medium}&utm_campaign={campaign}", 10);
  d.media_plan.packages.push_back(MakePackage("search-brand", kGoogle, 20'000));
  d.media_plan.packages.push_back(MakePackage("social", kMetaAccount, 35'000));

  d.creatives.assets.push_back(
      {At(30), "dawn", "creatives/dawn.png", "picture bytes", std::string(64, 'a'), "", {}, ""});
  d.creatives.ads.push_back(MakeAd(
      "Brand v1", {{"headlines", Texts{"Alpenglow Trail Shoes", "Official Shop", "Free Returns"}},
                   {"descriptions", Texts{"Made to be mended.", "Order today."}}}));
  AdDocument dawn = MakeAd("Dawn", {{"headlines", Texts{"First light"}},
                                    {"descriptions", Texts{"240 grams"}},
                                    {"page_id", std::string("110022003300")}});
  dawn.image = Text("dawn", 41);
  dawn.packages = {Text("social", 42)};
  d.creatives.ads.push_back(dawn);

  Buy search{At(50), Text("search-brand", 50), {}, {}};
  BuyAdGroup brand;
  brand.place = At(51);
  brand.name = Text("Brand", 51);
  brand.fields.values = {{"keywords", Texts{"exact:alpenglow"}}, {"bid", Eur(90)}};
  brand.ads = {Text("Brand v1", 52)};
  search.ad_groups.push_back(brand);
  d.buys.buys.push_back(search);
  Buy social{At(60), Text("social", 60), {}, {}};
  BuyAdGroup outdoor;
  outdoor.place = At(61);
  outdoor.name = Text("Outdoor 25-54", 61);
  outdoor.fields.values = {{"optimization_goal", std::string("conversions")},
                           {"billing_event", std::string("impressions")},
                           {"conversion_event", std::string("purchase")},
                           {"pixel_id", std::string("770011223344")}};
  social.ad_groups.push_back(outdoor);
  d.buys.buys.push_back(social);
  return d;
}

Desired Realised(const CampaignDocuments& documents, Day today = kToday) {
  auto desired = Realise(documents, WorldOn(today));
  EXPECT_TRUE(desired) << (desired ? "" : desired.error().what);
  return desired ? *desired : Desired{};
}

const DesiredObject* Find(const Desired& desired, const std::string& address) {
  for (const DesiredObject& object : desired.objects) {
    if (object.address == address) return &object;
  }
  return nullptr;
}

/// The rows of a field, by the end of its path.
std::vector<MatrixRow> Rows(const Desired& desired, const std::string& end) {
  std::vector<MatrixRow> out;
  for (const MatrixRow& row : desired.matrix) {
    if (row.field.ends_with(end)) out.push_back(row);
  }
  return out;
}

/// The platforms after everything wanted was made: ids are counted up.
LiveState AfterApply(const Desired& desired) {
  LiveState live;
  std::map<std::pair<AccountId, std::string>, std::string> ids;
  int next = 100;
  for (const DesiredObject& want : desired.objects) {
    const std::string id = std::to_string(++next);
    ids[{want.account, want.address}] = id;
    Fields fields = want.fields;
    for (const Link& link : want.links) fields[link.field] = ids[{want.account, link.address}];
    const std::string key = "p-1/" + id;
    live.owned[want.account].push_back(
        {want.address, want.account, want.level, id, want.parent_address, key, fields});
    fields["name"] = WithMarker(TextField(fields, "name"), key);
    fields.erase("content");
    const std::string parent =
        want.parent_address.empty() ? "" : ids[{want.account, want.parent_address}];
    live.trees[want.account].info = {want.account, "A", kEur, "Europe/Berlin", "active"};
    live.trees[want.account].entities.push_back({want.level, id, parent, "", fields});
  }
  return live;
}

Entity& LiveObject(LiveState& live, const std::string& address) {
  for (auto& [account, objects] : live.owned) {
    for (const OwnedObject& object : objects) {
      if (object.address != address) continue;
      for (Entity& entity : live.trees[account].entities) {
        if (entity.id == object.id) return entity;
      }
    }
  }
  ADD_FAILURE() << "no " << address;
  static Entity none;
  return none;
}

// --- realise ------------------------------------------------------------------------------------

TEST(Realise, MakesTheTreeParentsFirstAndAllPaused) {
  const Desired desired = Realised(Documents());
  std::vector<std::string> addresses;
  for (const DesiredObject& object : desired.objects) {
    addresses.push_back(object.address);
    if (object.level != Level::kAsset) {
      EXPECT_EQ(TextField(object.fields, "status"), kPaused) << object.address;
    }
    EXPECT_TRUE(CheckFields(object.level, object.fields)) << object.address;
  }
  EXPECT_EQ(addresses, (Texts{"spring-trails/search-brand", "spring-trails/search-brand/brand",
                              "spring-trails/search-brand/brand/brand-v1", "spring-trails/social",
                              "spring-trails/social/outdoor-25-54", "asset/aaaaaaaaaaaaaaaa",
                              "spring-trails/social/outdoor-25-54/dawn"}));
  const DesiredObject* dawn = Find(desired, "spring-trails/social/outdoor-25-54/dawn");
  EXPECT_EQ(dawn->links, (std::vector<Link>{{"image", "asset/aaaaaaaaaaaaaaaa"}}));
  EXPECT_EQ(TextField(dawn->fields, "landing_url"), "https://alpenglow.example/trails");
  EXPECT_EQ(TextField(dawn->fields, "url_tags"),
            "utm_source=facebook&utm_medium=paid_social&utm_campaign=spring-trails");
}

TEST(Realise, AFieldGoesToTheLevelWhereThePlatformKeepsIt) {
  const Desired desired = Realised(Documents());
  // Google keeps countries on campaigns, Meta on ad sets.
  EXPECT_TRUE(Find(desired, "spring-trails/search-brand")->fields.contains("countries"));
  EXPECT_FALSE(Find(desired, "spring-trails/social")->fields.contains("countries"));
  EXPECT_TRUE(Find(desired, "spring-trails/social/outdoor-25-54")->fields.contains("countries"));
  const auto rows = Rows(desired, "packages.social.countries");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].outcome, Outcome::kTranslated);
  EXPECT_EQ(rows[0].place, "doc.yaml:25");
}

TEST(Realise, WhatAPlatformCannotDoIsRefusedInTheMatrixAndNotSent) {
  CampaignDocuments d = Documents();
  d.buys.buys[1].ad_groups[0].fields.values["keywords"] = Texts{"exact:shoes"};
  d.creatives.ads.push_back(MakeAd("Orphan", {}));
  const Desired desired = Realised(d);
  EXPECT_FALSE(Find(desired, "spring-trails/social/outdoor-25-54")->fields.contains("keywords"));
  const auto rows = Rows(desired, "Outdoor 25-54.keywords");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].outcome, Outcome::kRefused);
  ASSERT_EQ(Rows(desired, "ads.Orphan").size(), 1U);
  EXPECT_EQ(Rows(desired, "ads.Orphan")[0].outcome, Outcome::kRefused);
}

TEST(Realise, EveryStatedFieldHasARow) {
  CampaignDocuments d = Documents();
  d.media_plan.packages[1].min_spend_target = Said<Money>{Eur(1'000), At(26)};
  d.media_plan.packages[1].committed_metrics["impressions"] = {1'000'000, At(27)};
  d.brief.daily_budget_cap = Said<Money>{Eur(300'000), At(11)};
  d.brief.attribution = AttributionChoice{At(12), "linear", 30, 1};
  const Desired desired = Realised(d);
  for (const char* end : {"client",
                          "campaign",
                          "currency",
                          "objective",
                          "budget.total",
                          "budget.daily_cap",
                          "eu_political",
                          "attribution",
                          "landing_url",
                          "packages.social.account",
                          "packages.social.daily_budget",
                          "packages.social.budget_owner",
                          "packages.social.budget_allocation",
                          "packages.social.min_spend_target",
                          "committed_metrics.impressions",
                          "flight.start",
                          "flight.end",
                          "buys.search-brand.Brand.bid",
                          "buys.search-brand.Brand.keywords",
                          "ads.Dawn.headlines",
                          "ads.Dawn.image",
                          "tracking.social.Dawn"}) {
    EXPECT_FALSE(Rows(desired, end).empty()) << end;
  }
}

// By hand: 1,000.00 over 31 days is 32.258..., floored to 32.25; 31 x 32.25 = 999.75, rest 0.25.
TEST(Realise, AFlightsBudgetIsSpreadInWholeMinorUnits) {
  CampaignDocuments d = Documents();
  d.media_plan.packages[0].daily_budget.reset();
  d.media_plan.packages[0].budget = Said<Money>{Eur(100'000), At(28)};
  const Desired desired = Realised(d);
  EXPECT_EQ(*MoneyField(Find(desired, "spring-trails/search-brand")->fields, "daily_budget"),
            Eur(3'225));
  const auto rows = Rows(desired, "packages.search-brand.budget");
  ASSERT_EQ(rows.size(), 1U);
  EXPECT_EQ(rows[0].outcome, Outcome::kTranslated);
  EXPECT_NE(rows[0].how.find("32.25 EUR a day over 31 days; 0.25 EUR"), std::string::npos)
      << rows[0].how;
}

TEST(Realise, ABudgetOwnedByAdGroupsIsSharedAmongThem) {
  CampaignDocuments d = Documents();
  d.media_plan.packages[1].budget_owner = Text("ad_group");
  BuyAdGroup second = d.buys.buys[1].ad_groups[0];
  second.name = Text("Visitors");
  d.buys.buys[1].ad_groups.push_back(second);
  const Desired desired = Realised(d);
  EXPECT_EQ(MoneyField(Find(desired, "spring-trails/social")->fields, "daily_budget"), nullptr);
  for (const char* group : {"outdoor-25-54", "visitors"}) {
    EXPECT_EQ(*MoneyField(Find(desired, std::string("spring-trails/social/") + group)->fields,
                          "daily_budget"),
              Eur(17'500));
  }
}

TEST(Realise, TheFlightIsWholeDaysOfTheAccountsZone) {
  const Desired desired = Realised(Documents());
  const Fields& search = Find(desired, "spring-trails/search-brand")->fields;
  EXPECT_EQ(TextField(search, "start_at"), "2026-03-01 00:00:00");
  EXPECT_EQ(TextField(search, "end_at"), "2026-03-31 23:59:59");
  // A day that has come is not sent as a start.
  const Desired late = Realised(Documents(), ParseDay("2026-03-01").value());
  EXPECT_FALSE(Find(late, "spring-trails/search-brand")->fields.contains("start_at"));
}

TEST(Realise, ConversionsAreMadeOnGoogleAndLinkedOrMadeOnMeta) {
  CampaignDocuments d = Documents();
  ConversionGoal goal;
  goal.place = At(13);
  goal.name = "Purchase";
  goal.event = "purchase";
  goal.click_days = 30;
  goal.view_days = 1;
  d.brief.conversions.push_back(goal);
  const Desired linked = Realised(d);
  const DesiredObject* action = Find(linked, "conversion/purchase");
  ASSERT_NE(action, nullptr);
  EXPECT_EQ(action->account, kGoogle);
  EXPECT_TRUE(CheckFields(Level::kConversion, action->fields));
  EXPECT_EQ(Find(linked, "conversion/pixel"), nullptr);
  // Meta offers 1 and 7 days after a click.
  const Fields& group = Find(linked, "spring-trails/social/outdoor-25-54")->fields;
  EXPECT_EQ(std::get<std::int64_t>(group.at("attribution_click_days")), 7);
  EXPECT_EQ(std::get<std::int64_t>(group.at("attribution_view_days")), 1);

  d.buys.buys[1].ad_groups[0].fields.values.erase("pixel_id");
  const Desired made = Realised(d);
  ASSERT_NE(Find(made, "conversion/pixel"), nullptr);
  EXPECT_EQ(Find(made, "spring-trails/social/outdoor-25-54")->links,
            (std::vector<Link>{{"pixel_id", "conversion/pixel"}}));
}

TEST(Realise, TwoNamesThatBecomeOneAddressAreAnError) {
  CampaignDocuments d = Documents();
  BuyAdGroup twin = d.buys.buys[0].ad_groups[0];
  twin.place = At(77);
  twin.name = Text("BRAND");
  d.buys.buys[0].ad_groups.push_back(twin);
  const auto desired = Realise(d, WorldOn(kToday));
  ASSERT_FALSE(desired);
  EXPECT_NE(desired.error().what.find("doc.yaml:77"), std::string::npos);
}

// --- experiments and watches --------------------------------------------------------------------

ExperimentDocument CreativeTest() {
  ExperimentDocument e;
  e.place = At(80);
  e.name = "Picture";
  e.hypothesis = "A picture with people is clicked more";
  e.kpi = "ctr";
  e.baseline = 0.10;
  e.mde_percent = 20;
  e.arms = {{At(81), "dawn", {"social/Outdoor 25-54/Dawn"}, {}, 50},
            {At(82), "all", {"social/Outdoor 25-54"}, {}, 50}};
  return e;
}

TEST(Experiments, AreResolvedSizedAndDated) {
  CampaignDocuments d = Documents();
  d.brief.experiments.push_back(CreativeTest());
  const Desired desired = Realised(d);
  ASSERT_EQ(desired.experiments.size(), 1U);
  const Experiment& e = desired.experiments[0];
  EXPECT_EQ(e.id, "spring-trails/picture");
  EXPECT_EQ(e.sample_per_arm, 3841);  // worked by hand in measure/significance
  EXPECT_EQ(PrintDay(e.end), "2026-03-31");
  EXPECT_EQ(e.arms[0].addresses, (Texts{"spring-trails/social/outdoor-25-54/dawn"}));
  EXPECT_EQ(e.arms[0].share_bp, 5'000);
}

TEST(Experiments, AnArmThatNothingAnswersToIsAnErrorWithItsPlace) {
  CampaignDocuments d = Documents();
  d.brief.experiments.push_back(CreativeTest());
  d.brief.experiments[0].arms[1].of = {"social/Nobody"};
  const auto desired = Realise(d, WorldOn(kToday));
  ASSERT_FALSE(desired);
  EXPECT_NE(desired.error().what.find("doc.yaml:82"), std::string::npos);
}

// By hand: 393 place-days per arm over 20 places are 20 days: 1 to 20 March.
TEST(Experiments, AGeoHoldoutEndsWhenItsPlacesHaveEnoughDays) {
  CampaignDocuments d = Documents();
  ExperimentDocument e = CreativeTest();
  e.variable = ExperimentVariable::kGeoHoldout;
  e.baseline = 0.5;
  e.mde_percent = 10;
  for (auto& arm : e.arms) {
    arm.of.clear();
    for (int place = 0; place < 20; ++place) arm.places.push_back(std::to_string(1000 + place));
  }
  d.brief.experiments.push_back(e);
  const Desired desired = Realised(d);
  EXPECT_EQ(desired.experiments[0].sample_per_arm, 393);
  EXPECT_EQ(PrintDay(desired.experiments[0].end), "2026-03-20");
}

TEST(Watches, FollowTheBriefsKpisAndAlwaysGuardTheMoney) {
  CampaignDocuments d = Documents();
  d.brief.kpis = {{At(14), "roas", "4.0", "primary", std::nullopt, std::nullopt},
                  {At(15), "cpa", "25.00", "secondary", 40, 80},
                  {At(16), "spend", "10000", "guard", std::nullopt, std::nullopt}};
  d.media_plan.packages[0].budget = Said<Money>{Eur(620'000), At(28)};
  const Desired desired = Realised(d);
  const auto find = [&](const std::string& address, const std::string& kpi) -> const Watch* {
    for (const Watch& watch : desired.watches) {
      if (watch.address == address && watch.kpi == kpi) return &watch;
    }
    return nullptr;
  };
  // The brief's spend is of all packages; each is watched against its own part, where planned.
  EXPECT_EQ(find("spring-trails/search-brand", "spend")->target, "6200.00");
  EXPECT_EQ(find("spring-trails/social", "spend")->target, "");
  for (const char* address : {"spring-trails/search-brand", "spring-trails/social"}) {
    ASSERT_NE(find(address, "roas"), nullptr);
    EXPECT_EQ(find(address, "roas")->interval_minutes, 60);
    EXPECT_EQ(find(address, "roas")->direction, "below");
    EXPECT_EQ(find(address, "cpa")->interval_minutes, 24 * 60);
    EXPECT_EQ(find(address, "cpa")->warn_percent, 40);
    for (const char* kpi : {"spend", "delivery", "review", "tracking"}) {
      ASSERT_NE(find(address, kpi), nullptr) << kpi;
      EXPECT_EQ(find(address, kpi)->importance, "guard");
    }
  }
}

// --- three ways ---------------------------------------------------------------------------------

TEST(ThreeWay, AppliedOnceThereIsNothingToDo) {
  const Desired desired = Realised(Documents());
  const auto first = CompareThreeWay(desired, {}, {});
  ASSERT_TRUE(first);
  EXPECT_EQ(first->plan.changes.size(), desired.objects.size());
  EXPECT_FALSE(first->plan.matrix.empty());
  const auto again = CompareThreeWay(desired, AfterApply(desired), {});
  ASSERT_TRUE(again) << again.error().what;
  EXPECT_TRUE(again->plan.changes.empty());
  EXPECT_TRUE(again->drift.empty());
}

TEST(ThreeWay, ADifferenceOfTheDocumentsIsAnUpdateOfThatFieldOnly) {
  const LiveState live = AfterApply(Realised(Documents()));
  CampaignDocuments d = Documents();
  d.media_plan.packages[0].daily_budget->value = Eur(18'000);
  const auto plan = CompareThreeWay(Realised(d), live, {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->plan.changes.size(), 1U);
  const Change& change = plan->plan.changes[0];
  EXPECT_EQ(change.after, (Fields{{"daily_budget", Eur(18'000)}}));
  EXPECT_EQ(change.before, (Fields{{"daily_budget", Eur(20'000)}}));
  EXPECT_TRUE(change.forced.empty());
}

TEST(ThreeWay, WhatSomeoneElseChangedIsShownAndLeftAloneUnlessForced) {
  const Desired desired = Realised(Documents());
  LiveState live = AfterApply(desired);
  Entity& campaign = LiveObject(live, "spring-trails/search-brand");
  campaign.fields["daily_budget"] = Eur(99'000);
  const Instant at = ParseInstant("2026-02-19T10:00:00Z").value();
  live.history[kGoogle] = {{at,
                            Level::kCampaign,
                            campaign.id,
                            "anna@agency.example",
                            false,
                            "GOOGLE_ADS_WEB_CLIENT",
                            "update",
                            {"daily_budget"},
                            "{}"}};
  const auto plan = CompareThreeWay(desired, live, {});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->plan.changes.empty());
  ASSERT_EQ(plan->drift.size(), 1U);
  EXPECT_EQ(plan->drift[0].owner, "person");
  EXPECT_EQ(plan->drift[0].who, "anna@agency.example (GOOGLE_ADS_WEB_CLIENT)");
  EXPECT_EQ(plan->drift[0].at, at);

  const auto forced = CompareThreeWay(desired, live, {"spring-trails/search-brand.daily_budget"});
  ASSERT_TRUE(forced);
  ASSERT_EQ(forced->plan.changes.size(), 1U);
  EXPECT_EQ(forced->plan.changes[0].forced, (Texts{"daily_budget"}));
  EXPECT_FALSE(CompareThreeWay(desired, live, {"spring-trails/social.daily_budget"}));

  live.history[kGoogle][0].client_type = "GOOGLE_ADS_RECOMMENDATIONS";
  EXPECT_EQ(CompareThreeWay(desired, live, {})->drift[0].owner, "platform");
}

TEST(ThreeWay, APauseByHandIsDriftAndStays) {
  const Desired desired = Realised(Documents());
  LiveState live = AfterApply(desired);
  for (auto& [account, objects] : live.owned) {
    for (OwnedObject& object : objects) object.last_applied["status"] = std::string(kActive);
  }
  for (auto& [account, tree] : live.trees) {
    for (Entity& entity : tree.entities) entity.fields["status"] = std::string(kActive);
  }
  LiveObject(live, "spring-trails/social").fields["status"] = std::string(kPaused);
  const auto plan = CompareThreeWay(desired, live, {});
  ASSERT_TRUE(plan);
  EXPECT_TRUE(plan->plan.changes.empty());
  ASSERT_EQ(plan->drift.size(), 1U);
  EXPECT_EQ(plan->drift[0].field, "status");
}

TEST(ThreeWay, AFieldNeverSetBeforeIsSet) {
  const LiveState live = AfterApply(Realised(Documents()));
  CampaignDocuments d = Documents();
  d.buys.buys[0].fields.values["dayparts"] = Texts{"mon 08:00-20:00"};
  const auto plan = CompareThreeWay(Realised(d), live, {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->plan.changes.size(), 1U);
  EXPECT_TRUE(plan->plan.changes[0].after.contains("dayparts"));
}

TEST(ThreeWay, ANewPictureIsUploadedAndLinked) {
  const LiveState live = AfterApply(Realised(Documents()));
  CampaignDocuments d = Documents();
  d.creatives.assets[0].sha256 = std::string(64, 'b');
  const auto plan = CompareThreeWay(Realised(d), live, {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->plan.changes.size(), 2U);
  EXPECT_EQ(plan->plan.changes[0].level, Level::kAsset);
  EXPECT_EQ(plan->plan.changes[1].links, (std::vector<Link>{{"image", "asset/bbbbbbbbbbbbbbbb"}}));
}

TEST(ThreeWay, WhatCannotBeChangedIsAnErrorNamingItsPlace) {
  const LiveState live = AfterApply(Realised(Documents()));
  CampaignDocuments d = Documents();
  d.brief.objective = Text("leads", 4);
  const auto plan = CompareThreeWay(Realised(d), live, {});
  ASSERT_FALSE(plan);
  EXPECT_NE(plan.error().what.find("objective"), std::string::npos);
}

TEST(ThreeWay, WhatLeftTheDocumentsIsPausedNotRemoved) {
  LiveState live = AfterApply(Realised(Documents()));
  LiveObject(live, "spring-trails/social").fields["status"] = std::string(kActive);
  CampaignDocuments d = Documents();
  d.media_plan.packages.pop_back();
  d.buys.buys.pop_back();
  const auto plan = CompareThreeWay(Realised(d), live, {});
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->plan.changes.size(), 1U);
  EXPECT_EQ(plan->plan.changes[0].after, (Fields{{"status", std::string(kPaused)}}));
}

TEST(Activation, AdsFirstCampaignsLastRejectedAdsNever) {
  const Desired desired = Realised(Documents());
  LiveState live = AfterApply(desired);
  LiveObject(live, "spring-trails/social/outdoor-25-54/dawn").fields["review_status"] =
      std::string("rejected");
  const auto plan = CompileActivation(desired, live);
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->changes.size(), 5U);
  EXPECT_EQ(plan->changes.front().level, Level::kAd);
  EXPECT_EQ(plan->changes.back().level, Level::kCampaign);
  EXPECT_EQ(plan->notes.size(), 1U);
  EXPECT_EQ(CompileActivation(desired, {}).error().code, Errc::kNotFound);
}

// --- names --------------------------------------------------------------------------------------

TEST(Names, TheGrammarGeneratesAndParses) {
  for (const CampaignNameParts& parts :
       {CampaignNameParts{"Alpenglow", "search-brand", "Spring"},
        CampaignNameParts{"A|B", "x", "Spring | no"}, CampaignNameParts{"Ä", "視頻", "ü ~ü"}}) {
    const std::string name = CampaignName(parts);
    const auto parsed = ParseCampaignName(WithMarker(name, "k/1"));
    if (parts.campaign.find(" | ") != std::string::npos) {
      EXPECT_FALSE(parsed) << name;
      continue;
    }
    ASSERT_TRUE(parsed) << name;
    EXPECT_EQ(parsed->client, parts.client);
    EXPECT_EQ(parsed->package, parts.package);
    EXPECT_EQ(parsed->campaign, parts.campaign);
  }
  EXPECT_FALSE(ParseCampaignName("Summer sale"));
  EXPECT_FALSE(ParseCampaignName(" | a | b"));
}

// --- adopt --------------------------------------------------------------------------------------

TEST(Adopt, AnAdoptedAccountNeedsNoChange) {
  // What a person built in the platforms' own screens: names of no grammar, twins, times of day.
  AccountTree google{{kGoogle, "G", kEur, "Europe/Berlin", "active"}, {}};
  google.entities.push_back({Level::kCampaign,
                             "1",
                             "",
                             "",
                             {{"name", std::string("Brand DE 2025")},
                              {"status", std::string(kActive)},
                              {"channel_type", std::string("search")},
                              {"bid_strategy", std::string("maximize_clicks")},
                              {"eu_political", false},
                              {"countries", Texts{"DE"}},
                              {"languages", Texts{"de"}},
                              {"daily_budget", Eur(5'000)},
                              {"effective_status", std::string("active")}}});
  google.entities.push_back({Level::kAdGroup,
                             "2",
                             "1",
                             "1",
                             {{"name", std::string("Core")},
                              {"status", std::string(kActive)},
                              {"bid", Eur(80)},
                              {"keywords", Texts{"phrase:alpenglow"}}}});
  for (const char* id : {"3", "4"}) {
    google.entities.push_back({Level::kAd,
                               id,
                               "2",
                               "1",
                               {{"name", std::string("Ad")},
                                {"status", std::string(kActive)},
                                {"headlines", Texts{"A", "B", "C"}},
                                {"descriptions", Texts{"D", "E"}},
                                {"landing_url", std::string("https://alpenglow.example/")},
                                {"review_status", std::string("approved")}}});
  }
  AccountTree meta{{kMetaAccount, "M", kEur, "Europe/Berlin", "active"}, {}};
  meta.entities.push_back({Level::kCampaign,
                           "11",
                           "",
                           "",
                           {{"name", std::string("Brand DE 2025")},
                            {"status", std::string(kPaused)},
                            {"objective", std::string("traffic")},
                            {"channel_type", std::string("social")},
                            {"special_categories", Texts{}}}});
  meta.entities.push_back({Level::kAdGroup,
                           "12",
                           "11",
                           "11",
                           {{"name", std::string("Set")},
                            {"status", std::string(kActive)},
                            {"daily_budget", Eur(700)},
                            {"countries", Texts{"DE"}},
                            {"optimization_goal", std::string("clicks")},
                            {"billing_event", std::string("impressions")},
                            {"start_at", std::string("2026-01-05 14:00:00")},
                            {"end_at", std::string("2026-06-30 18:00:00")}}});
  meta.entities.push_back({Level::kAd,
                           "13",
                           "12",
                           "11",
                           {{"name", std::string("Ad")},
                            {"status", std::string(kActive)},
                            {"headlines", Texts{"A"}},
                            {"descriptions", Texts{"D"}},
                            {"image", std::string("abcdef0123")},
                            {"page_id", std::string("1")},
                            {"landing_url", std::string("https://alpenglow.example/x")},
                            {"url_tags", std::string("utm_source=fb")}}});
  const std::vector<AccountTree> trees{google, meta};
  const auto adoption = Adopt(trees, "Alpenglow", "Legacy", kToday);
  ASSERT_TRUE(adoption) << adoption.error().what;
  EXPECT_EQ(adoption->objects.size(), 7U);

  const Desired desired = Realised(adoption->documents);
  LiveState live;
  for (const AccountTree& tree : trees) live.trees[tree.info.account] = tree;
  for (const OwnedObject& object : adoption->objects) live.owned[object.account].push_back(object);
  const auto plan = CompareThreeWay(desired, live, {});
  ASSERT_TRUE(plan) << plan.error().what;
  for (const Change& change : plan->plan.changes) {
    ADD_FAILURE() << change.address;
    for (const auto& [field, value] : change.after) {
      ADD_FAILURE() << "  " << field << " = " << ShowValue(value);
    }
  }
  EXPECT_TRUE(plan->drift.empty());
}

TEST(Adopt, NothingToAdoptIsSaid) {
  EXPECT_FALSE(Adopt({}, "A", "B", kToday));
  AccountTree empty{{kGoogle, "G", kEur, "Europe/Berlin", "active"}, {}};
  EXPECT_EQ(Adopt({empty}, "A", "B", kToday).error().code, Errc::kNotFound);
  AccountTree dollars = empty;
  dollars.info.currency = kUsd;
  EXPECT_EQ(Adopt({empty, dollars}, "A", "B", kToday).error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace maxopt
