#include "contract.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <ostream>
#include <tuple>

#include "domain/metric.h"

namespace maxopt::contract {

using sim::Fault;

std::string NameOf(const testing::TestParamInfo<PlatformUnderTest>& info) {
  return info.param.name;
}
void PrintTo(const PlatformUnderTest& platform, std::ostream* out) { *out << platform.name; }

// --- world ---------------------------------------------------------------------------------------

ContractWorld::ContractWorld(const PlatformUnderTest& p, Currency c)
    : platform(p),
      currency(c),
      account(p.account),
      clock(std::make_shared<VirtualClock>(ParseInstant("2026-09-01T12:00:00Z").value())),
      market(sim::Market::Make({.seed = 7,
                                .start = ParseInstant("2026-09-01T00:00:00Z").value(),
                                .currency = c,
                                .brand_terms = {"acme"},
                                .noise = 0})),
      server(p.server(*market, *clock,
                      {{account, c, Zone::Find("Europe/Berlin").value()}, "Contract Ltd"})),
      faults(account.platform) {
  auto handler = sim::WithFaults(
      [this](const http::Request& request) { return server->Handle(request); }, faults);
  wire = std::make_shared<CountingTransport>(http::MakeLoopbackTransport(
      {{platform.origin, [this, handler](const http::Request& request) {
          http::Response response = handler(request);
          const bool read = request.url.find(platform.read_path) != std::string::npos;
          if (endless && read && platform.make_endless) platform.make_endless(response);
          return response;
        }}}));
  auto made = platform.connect(platform.connection(account, platform.origin), wire, clock);
  if (!made) {
    ADD_FAILURE() << made.error().what;
    std::abort();  // nothing below can work without a connector
  }
  connector = *std::move(made);
}

Change ContractWorld::Create(Level level, Fields after, const std::string& parent_id,
                             const std::string& key) {
  Change change{};
  change.key = key;
  change.action = ChangeAction::kCreate;
  change.account = account;
  change.level = level;
  change.address = "contract/" + std::string(LevelName(level));
  change.parent_id = parent_id;
  change.after = std::move(after);
  return change;
}

Change ContractWorld::Update(Level level, const std::string& id, const std::string& parent_id,
                             Fields after) {
  Change change = Create(level, std::move(after), parent_id, "update of " + id);
  change.action = ChangeAction::kUpdate;
  change.id = id;
  return change;
}

Fields ContractWorld::CampaignFields() const {
  Fields fields = platform.campaign(currency);
  if (platform.budget_level == Level::kCampaign)
    fields.emplace("daily_budget", platform.budgets[0]);
  return fields;
}
Fields ContractWorld::AdGroupFields() const {
  Fields fields = platform.ad_group(currency);
  if (platform.budget_level == Level::kAdGroup) fields.emplace("daily_budget", platform.budgets[0]);
  return fields;
}

ContractWorld::Ids ContractWorld::Launch(const std::string& key) {
  Ids ids;
  const auto apply = [&](Level level, Fields fields, const std::string& parent) {
    const auto applied = connector.writer->Apply(
        Create(level, std::move(fields), parent, key + "/" + std::string(LevelName(level))),
        Soon());
    if (!applied) {
      ADD_FAILURE() << LevelName(level) << ": " << applied.error().what;
      return std::string();
    }
    EXPECT_FALSE(applied->id.empty());
    return applied->id;
  };
  ids.campaign = apply(Level::kCampaign, CampaignFields(), "");
  if (ids.campaign.empty()) return ids;
  ids.ad_group = apply(Level::kAdGroup, AdGroupFields(), ids.campaign);
  ids.asset = apply(Level::kAsset, platform.asset, "");
  if (ids.ad_group.empty() || ids.asset.empty()) return ids;
  ids.ad = apply(Level::kAd, platform.ad(ids.asset), ids.ad_group);
  return ids;
}

Change ContractWorld::CreateWith(const PlatformUnderTest::Overlay& with, Level level,
                                 const std::string& parent_id, const std::string& key,
                                 std::map<std::string, std::string>& refs) {
  const auto id_of = [&](const std::string& word) {
    if (const auto known = refs.find(word); known != refs.end()) return known->second;
    const bool conversion = word == "@conversion";
    const auto more = platform.more_assets.find(word.substr(1));
    const Fields& fields = conversion                           ? platform.conversion
                           : more != platform.more_assets.end() ? more->second
                                                                : platform.asset;
    const auto made = connector.writer->Apply(
        Create(conversion ? Level::kConversion : Level::kAsset, fields, "", key + word), Soon());
    EXPECT_TRUE(made) << word << ": " << made.error().what;
    return refs[word] = made ? made->id : std::string();
  };
  const auto fill = [&](std::string& text) {
    if (text.starts_with('@')) text = id_of(text);
  };
  Fields fields;
  const Fields* over = nullptr;
  if (level == Level::kCampaign) {
    fields = CampaignFields();
    over = &with.campaign;
  } else if (level == Level::kAdGroup) {
    fields = AdGroupFields();
    over = &with.ad_group;
  } else {
    fields = platform.ad("@asset");
    over = &with.ad;
  }
  for (const std::string& name : with.without) fields.erase(name);
  for (const auto& [name, value] : *over) fields[name] = value;
  for (auto& [name, value] : fields) {
    if (auto* text = std::get_if<std::string>(&value)) fill(*text);
    if (auto* list = std::get_if<std::vector<std::string>>(&value)) {
      for (std::string& one : *list) fill(one);
    }
  }
  return Create(level, std::move(fields), parent_id, key + "/" + std::string(LevelName(level)));
}

ContractWorld::Ids ContractWorld::LaunchWith(const PlatformUnderTest::Overlay& with, Level deepest,
                                             const std::string& key,
                                             std::map<Level, Change>* sent) {
  Ids ids;
  std::map<std::string, std::string> refs;
  const std::tuple<Level, std::string*, const std::string*> objects[] = {
      {Level::kCampaign, &ids.campaign, nullptr},
      {Level::kAdGroup, &ids.ad_group, &ids.campaign},
      {Level::kAd, &ids.ad, &ids.ad_group}};
  for (const auto& [level, id, parent] : objects) {
    const Change change =
        CreateWith(with, level, parent == nullptr ? std::string() : *parent, key, refs);
    const auto applied = connector.writer->Apply(change, Soon());
    if (!applied) {
      ADD_FAILURE() << LevelName(level) << ": " << applied.error().what;
      return {};
    }
    *id = applied->id;
    if (sent != nullptr) sent->emplace(level, change);
    if (level == deepest) break;
  }
  return ids;
}

void ContractWorld::Activate(const Ids& ids) {
  const std::tuple<Level, std::string, std::string> objects[] = {
      {Level::kAd, ids.ad, ids.ad_group},
      {Level::kAdGroup, ids.ad_group, ids.campaign},
      {Level::kCampaign, ids.campaign, ""}};
  for (const auto& [level, id, parent] : objects) {
    const auto applied = connector.writer->Apply(
        Update(level, id, parent, {{"status", std::string(kActive)}}), Soon());
    EXPECT_TRUE(applied) << LevelName(level) << ": " << applied.error().what;
  }
}

std::optional<Entity> ContractWorld::FindOne(Level level, const std::string& id) {
  FindQuery query{};
  query.account = account;
  query.level = level;
  query.ids = {id};
  const auto found = connector.reader->Find(query, Soon());
  if (!found || found->size() != 1) {
    ADD_FAILURE() << LevelName(level) << " " << id << ": "
                  << (found ? fmt::format("{} found", found->size()) : found.error().what);
    return std::nullopt;
  }
  return found->front();
}

std::vector<Entity> ContractWorld::FindMarker(Level level, const std::string& key) {
  FindQuery query{};
  query.account = account;
  query.level = level;
  query.marker = MarkerOf(key);
  const auto found = connector.reader->Find(query, Soon());
  if (!found) {
    ADD_FAILURE() << found.error().what;
    return {};
  }
  return *found;
}

int ContractWorld::CountObjects(Level level) const {
  const auto objects = server->Objects(account);
  return static_cast<int>(std::count_if(objects.begin(), objects.end(),
                                        [&](const auto& o) { return o.level == level; }));
}

// --- helpers of the cases ------------------------------------------------------------------------

namespace {

std::string Shown(const FieldValue& value) {
  struct Visitor {
    std::string operator()(bool b) const { return b ? "true" : "false"; }
    std::string operator()(std::int64_t n) const { return std::to_string(n); }
    std::string operator()(const std::string& text) const { return "\"" + text + "\""; }
    std::string operator()(Money money) const { return PrintMoney(money); }
    std::string operator()(const std::vector<std::string>& list) const {
      std::string out = "[";
      for (const std::string& one : list) out += one + "; ";
      return out + "]";
    }
  };
  return std::visit(Visitor{}, value);
}

/// Everything that was sent is told back with the same meaning.
void ExpectToldBack(const PlatformUnderTest& platform, const Change& sent, const Fields& live) {
  for (const auto& [name, value] : sent.after) {
    if (platform.not_told_back.contains(name)) continue;
    const auto at = live.find(name);
    if (at == live.end()) {
      ADD_FAILURE() << LevelName(sent.level) << " does not tell " << name << " back";
      continue;
    }
    FieldValue want = value;
    if (name == "name" && sent.action == ChangeAction::kCreate) {
      want = WithMarker(std::get<std::string>(value), sent.key);
    }
    EXPECT_TRUE(SameField(name, at->second, want))
        << LevelName(sent.level) << " tells " << name << " as " << Shown(at->second) << ", sent "
        << Shown(want);
  }
}

struct Sum {
  std::int64_t spend = 0;
  std::int64_t impressions = 0;
  std::int64_t clicks = 0;
  double conversions = 0;
  std::int64_t revenue = 0;

  void Add(const MetricRow& row) {
    spend += row.spend.micros();
    impressions += row.impressions.value_or(0);
    clicks += row.clicks.value_or(0);
    conversions += row.conversions_claimed.value_or(0);
    if (row.revenue_claimed) revenue += row.revenue_claimed->micros();
  }
};
void ExpectSame(const Sum& a, const Sum& b, const std::string& what) {
  EXPECT_EQ(a.spend, b.spend) << what;
  EXPECT_EQ(a.impressions, b.impressions) << what;
  EXPECT_EQ(a.clicks, b.clicks) << what;
  EXPECT_NEAR(a.conversions, b.conversions, 1e-6) << what;
  EXPECT_EQ(a.revenue, b.revenue) << what;
}

/// A campaign that has delivered for some days.
class Delivering {
 public:
  explicit Delivering(const PlatformUnderTest& platform) : world(platform) {
    ids = world.Launch();
    if (ids.ad.empty()) return;
    world.Activate(ids);
    world.Advance(std::chrono::hours(24 * 5));
  }
  MetricReport Read(Level level, Grain grain, Breakdown breakdown) {
    MetricQuery query{};
    query.account = world.account;
    query.level = level;
    query.grain = grain;
    query.breakdown = breakdown;
    query.from = ParseDay("2026-09-01").value();
    query.to = ParseDay("2026-09-05").value();
    auto report = world.connector.reader->ReadMetrics(query, ContractWorld::Soon());
    if (!report) {
      ADD_FAILURE() << LevelName(level) << " " << GrainName(grain) << " "
                    << BreakdownName(breakdown) << ": " << report.error().what;
      return MetricReport{};
    }
    EXPECT_TRUE(report->complete) << report->incomplete_why;
    EXPECT_EQ(report->attribution_window,
              world.connector.reader->capabilities().attribution_window);
    return *std::move(report);
  }
  static std::map<Day, Sum> ByDay(const MetricReport& report) {
    std::map<Day, Sum> sums;
    for (const MetricRow& row : report.rows) sums[row.day].Add(row);
    return sums;
  }
  static void ExpectSameDays(const std::map<Day, Sum>& a, const std::map<Day, Sum>& b,
                             const std::string& what) {
    EXPECT_EQ(a.size(), b.size()) << what;
    for (const auto& [day, sum] : a) {
      const auto at = b.find(day);
      if (at == b.end()) {
        ADD_FAILURE() << what << ": no rows on " << PrintDay(day);
      } else {
        ExpectSame(sum, at->second, what + " on " + PrintDay(day));
      }
    }
  }

  ContractWorld world;
  ContractWorld::Ids ids;
};

/// Without the conversions: an account may have some before anything is made.
std::size_t CountAdObjects(const AccountTree& tree) {
  return static_cast<std::size_t>(
      std::count_if(tree.entities.begin(), tree.entities.end(),
                    [](const Entity& entity) { return entity.level != Level::kConversion; }));
}

}  // namespace

// --- objects -------------------------------------------------------------------------------------

TEST_P(ConnectorContract, CapabilitiesAreThePlatforms) {
  ContractWorld world(GetParam());
  const Capabilities& can = world.connector.reader->capabilities();
  EXPECT_EQ(can.platform, world.account.platform);
  EXPECT_EQ(can.budget_level, GetParam().budget_level);
  EXPECT_FALSE(can.metric_levels.empty());
  EXPECT_GE(can.daily_overdelivery_bp, 10'000);
  EXPECT_EQ(world.wire->sent, 0);
}

TEST_P(ConnectorContract, KnowsItsAccount) {
  ContractWorld world(GetParam());
  const auto accounts = world.connector.reader->ListAccounts(ContractWorld::Soon());
  ASSERT_TRUE(accounts) << accounts.error().what;
  ASSERT_EQ(accounts->size(), 1u);
  EXPECT_EQ(accounts->front().account, world.account);
  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(tree->info.account, world.account);
  EXPECT_EQ(tree->info.name, "Contract Ltd");
  EXPECT_EQ(tree->info.currency, kEur);
  EXPECT_EQ(tree->info.zone, "Europe/Berlin");
  EXPECT_EQ(tree->info.status, "active");
  EXPECT_EQ(CountAdObjects(*tree), 0u);
}

TEST_P(ConnectorContract, LaunchIsPausedAtEveryLevelAndReadsBackAsSent) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch();
  ASSERT_FALSE(ids.ad.empty());
  const std::tuple<Level, std::string, Change> sent[] = {
      {Level::kCampaign, ids.campaign,
       world.Create(Level::kCampaign, world.CampaignFields(), "", "launch/campaign")},
      {Level::kAdGroup, ids.ad_group,
       world.Create(Level::kAdGroup, world.AdGroupFields(), ids.campaign, "launch/ad_group")},
      {Level::kAd, ids.ad,
       world.Create(Level::kAd, GetParam().ad(ids.asset), ids.ad_group, "launch/ad")},
      {Level::kAsset, ids.asset,
       world.Create(Level::kAsset, GetParam().asset, "", "launch/asset")}};
  for (const auto& [level, id, change] : sent) {
    const auto live = world.FindOne(level, id);
    ASSERT_TRUE(live);
    EXPECT_EQ(live->id, id);
    ExpectToldBack(GetParam(), change, live->fields);
    if (level == Level::kAsset) continue;
    EXPECT_EQ(TextField(live->fields, "status"), kPaused) << LevelName(level);
  }

  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_TRUE(tree) << tree.error().what;
  ASSERT_EQ(CountAdObjects(*tree), 3u);
  EXPECT_EQ(tree->entities[0].level, Level::kCampaign);
  EXPECT_EQ(tree->entities[0].id, ids.campaign);
  EXPECT_EQ(tree->entities[1].level, Level::kAdGroup);
  EXPECT_EQ(tree->entities[1].parent_id, ids.campaign);
  EXPECT_EQ(tree->entities[2].level, Level::kAd);
  EXPECT_EQ(tree->entities[2].parent_id, ids.ad_group);
  EXPECT_EQ(tree->entities[2].campaign_id, ids.campaign);
  for (const Entity& entity : tree->entities) {
    const auto alone = world.FindOne(entity.level, entity.id);
    ASSERT_TRUE(alone);
    EXPECT_EQ(alone->fields, entity.fields) << "the tree and a single read disagree";
  }
  for (const auto& object : world.server->Objects(world.account)) {
    if (object.level == Level::kAsset) continue;
    // Servers tell their platform's own word.
    EXPECT_TRUE(object.status == kPaused || object.status == "PAUSED") << object.status;
  }
}

TEST_P(ConnectorContract, NothingIsSpentBeforeActivation) {
  ContractWorld world(GetParam());
  world.Launch();
  world.Advance(std::chrono::hours(48));
  world.market->AdvanceTo(world.clock->Now());
  EXPECT_TRUE(world.market
                  ->Report({.account = world.account,
                            .from = ParseDay("2026-09-01").value(),
                            .to = ParseDay("2026-09-04").value(),
                            .as_of = world.clock->Now()})
                  .empty());
}

TEST_P(ConnectorContract, BudgetsAreExact) {
  for (const Money& budget : GetParam().budgets) {
    ContractWorld world(GetParam(), budget.currency());
    const bool on_campaign = GetParam().budget_level == Level::kCampaign;
    Fields campaign = GetParam().campaign(budget.currency());
    Fields ad_group = GetParam().ad_group(budget.currency());
    (on_campaign ? campaign : ad_group)["daily_budget"] = budget;
    const auto made = world.connector.writer->Apply(
        world.Create(Level::kCampaign, campaign, "", "exact"), ContractWorld::Soon());
    ASSERT_TRUE(made) << PrintMoney(budget) << ": " << made.error().what;
    std::string id = made->id;
    if (!on_campaign) {
      const auto group = world.connector.writer->Apply(
          world.Create(Level::kAdGroup, ad_group, made->id, "exact"), ContractWorld::Soon());
      ASSERT_TRUE(group) << PrintMoney(budget) << ": " << group.error().what;
      id = group->id;
    }
    const auto live = world.FindOne(GetParam().budget_level, id);
    ASSERT_TRUE(live);
    ASSERT_TRUE(live->fields.contains("daily_budget")) << PrintMoney(budget);
    EXPECT_EQ(live->fields.at("daily_budget"), FieldValue(budget));

    const Money doubled = budget.Times(2);
    const auto updated = world.connector.writer->Apply(
        world.Update(GetParam().budget_level, id, on_campaign ? "" : made->id,
                     {{"daily_budget", doubled}}),
        ContractWorld::Soon());
    ASSERT_TRUE(updated) << PrintMoney(doubled) << ": " << updated.error().what;
    EXPECT_EQ(updated->id, id);
    const auto after = world.FindOne(GetParam().budget_level, id);
    ASSERT_TRUE(after);
    EXPECT_EQ(after->fields.at("daily_budget"), FieldValue(doubled));
    // Only the budget was sent: everything else is as it was.
    Fields rest_before = live->fields;
    Fields rest_after = after->fields;
    rest_before.erase("daily_budget");
    rest_after.erase("daily_budget");
    EXPECT_EQ(rest_before, rest_after);
  }
}

TEST_P(ConnectorContract, F3MoneyOfAnotherCurrencyOrBelowTheSmallestUnitIsRefused) {
  ContractWorld world(GetParam());
  for (const Money wrong : {Money::Micros(50'000'000, kUsd), Money::Micros(50'000'001, kEur)}) {
    Fields campaign = world.CampaignFields();
    Fields ad_group = world.AdGroupFields();
    const bool on_campaign = GetParam().budget_level == Level::kCampaign;
    (on_campaign ? campaign : ad_group)["daily_budget"] = wrong;
    const auto applied = world.connector.writer->Apply(
        on_campaign ? world.Create(Level::kCampaign, campaign, "", "wrong")
                    : world.Create(Level::kAdGroup, ad_group, "1", "wrong"),
        ContractWorld::Soon());
    ASSERT_FALSE(applied) << PrintMoney(wrong);
    EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
  }
  EXPECT_TRUE(world.server->Objects(world.account).empty());
}

TEST_P(ConnectorContract, ActivatesPausesAndRemoves) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch();
  ASSERT_FALSE(ids.ad.empty());
  const std::tuple<Level, std::string, std::string> objects[] = {
      {Level::kCampaign, ids.campaign, ""},
      {Level::kAdGroup, ids.ad_group, ids.campaign},
      {Level::kAd, ids.ad, ids.ad_group}};
  for (const std::string_view status : {kActive, kPaused}) {
    for (const auto& [level, id, parent] : objects) {
      const auto applied = world.connector.writer->Apply(
          world.Update(level, id, parent, {{"status", std::string(status)}}),
          ContractWorld::Soon());
      ASSERT_TRUE(applied) << LevelName(level) << " " << status << ": " << applied.error().what;
      const auto live = world.FindOne(level, id);
      ASSERT_TRUE(live);
      EXPECT_EQ(TextField(live->fields, "status"), status) << LevelName(level);
    }
  }
  for (auto at = std::rbegin(objects); at != std::rend(objects); ++at) {
    const auto& [level, id, parent] = *at;
    const auto applied = world.connector.writer->Apply(
        world.Update(level, id, parent, {{"status", std::string(kRemoved)}}),
        ContractWorld::Soon());
    ASSERT_TRUE(applied) << LevelName(level) << ": " << applied.error().what;
    const auto live = world.FindOne(level, id);  // removed ones are found
    ASSERT_TRUE(live);
    EXPECT_EQ(TextField(live->fields, "status"), kRemoved) << LevelName(level);
  }
  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_TRUE(tree);
  EXPECT_EQ(CountAdObjects(*tree), 0u);  // but are no part of the tree
  EXPECT_EQ(world.FindMarker(Level::kCampaign, "launch/campaign").size(), 1u);
}

TEST_P(ConnectorContract, FindsByMarkerWhatIsOursAndNothingElse) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch();
  ASSERT_FALSE(ids.ad.empty());
  const std::pair<Level, std::string> objects[] = {{Level::kCampaign, ids.campaign},
                                                   {Level::kAdGroup, ids.ad_group},
                                                   {Level::kAd, ids.ad},
                                                   {Level::kAsset, ids.asset}};
  for (const auto& [level, id] : objects) {
    const auto found = world.FindMarker(level, "launch/" + std::string(LevelName(level)));
    ASSERT_EQ(found.size(), 1u) << LevelName(level);
    EXPECT_EQ(found.front().id, id);
    EXPECT_TRUE(world.FindMarker(level, "another key").empty());
  }
}

TEST_P(ConnectorContract, ForeignAccountAndUnknownFieldAreRefusedBeforeAnythingIsSent) {
  ContractWorld world(GetParam());
  Change foreign = world.Create(Level::kCampaign, world.CampaignFields(), "", "k");
  foreign.account.id = "999";
  EXPECT_EQ(world.connector.writer->Apply(foreign, ContractWorld::Soon()).error().code,
            Errc::kInvalidArgument);
  EXPECT_EQ(world.wire->sent, 0);

  for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
    Change change =
        world.Update(level, "1", "1", {{"monthly_budget", Money::Micros(1'000'000, kEur)}});
    const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
    ASSERT_FALSE(applied);
    EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
    EXPECT_NE(applied.error().what.find("monthly_budget"), std::string::npos);
  }
  EXPECT_TRUE(world.server->Objects(world.account).empty());
}

TEST_P(ConnectorContract, NothingIsCreatedActive) {
  ContractWorld world(GetParam());
  Fields fields = world.CampaignFields();
  fields["status"] = std::string(kActive);
  EXPECT_FALSE(world.connector.writer->Apply(world.Create(Level::kCampaign, fields, "", "k"),
                                             ContractWorld::Soon()));
  EXPECT_TRUE(world.server->Objects(world.account).empty());
}

TEST_P(ConnectorContract, ValidatingWritesNothing) {
  ContractWorld world(GetParam());
  const auto checked = world.connector.writer->Validate(
      world.Create(Level::kCampaign, world.CampaignFields(), "", "k"), ContractWorld::Soon());
  EXPECT_TRUE(checked) << checked.error().what;
  EXPECT_TRUE(world.server->Objects(world.account).empty());
}

// --- fields beyond the basic ones ---------------------------------------------------------------

namespace {

std::string IdAt(const ContractWorld::Ids& ids, Level level) {
  return level == Level::kCampaign  ? ids.campaign
         : level == Level::kAdGroup ? ids.ad_group
                                    : ids.ad;
}
std::string ParentAt(const ContractWorld::Ids& ids, Level level) {
  return level == Level::kCampaign  ? std::string()
         : level == Level::kAdGroup ? ids.campaign
                                    : ids.ad_group;
}
/// An update to an empty list may be told as no list.
void ExpectUpdated(const PlatformUnderTest& platform, Change sent, const Fields& live) {
  std::erase_if(sent.after, [&](const auto& field) {
    const auto* list = std::get_if<std::vector<std::string>>(&field.second);
    return list != nullptr && list->empty() && !live.contains(field.first);
  });
  ExpectToldBack(platform, sent, live);
}

}  // namespace

TEST_P(ConnectorContract, FieldsItCarriesAreToldBackAsSentAndAsChanged) {
  for (const auto& carried : GetParam().carried) {
    SCOPED_TRACE(carried.name);
    ContractWorld world(GetParam());
    std::map<Level, Change> sent;
    const auto ids = world.LaunchWith(carried.with, carried.level, "carried", &sent);
    if (ids.campaign.empty()) continue;
    for (const auto& [level, change] : sent) {
      const auto live = world.FindOne(level, IdAt(ids, level));
      ASSERT_TRUE(live);
      ExpectToldBack(GetParam(), change, live->fields);
      EXPECT_EQ(TextField(live->fields, "status"), kPaused);
    }
    for (const Fields& update : carried.updates) {
      const Change change = world.Update(carried.level, IdAt(ids, carried.level),
                                         ParentAt(ids, carried.level), update);
      const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
      ASSERT_TRUE(applied) << applied.error().what;
      EXPECT_EQ(applied->id, change.id);
      const auto live = world.FindOne(carried.level, change.id);
      ASSERT_TRUE(live);
      ExpectUpdated(GetParam(), change, live->fields);
      // The same again changes nothing and is no error.
      const auto again = world.connector.writer->Apply(change, ContractWorld::Soon());
      ASSERT_TRUE(again) << again.error().what;
      const auto same = world.FindOne(carried.level, change.id);
      ASSERT_TRUE(same);
      EXPECT_EQ(same->fields, live->fields);
    }
  }
}

TEST_P(ConnectorContract, FieldsItCannotExpressAreRefusedByName) {
  for (const auto& refused : GetParam().refused) {
    SCOPED_TRACE(refused.field);
    ContractWorld world(GetParam());
    std::map<std::string, std::string> refs;
    std::string parent;
    for (const Level level : {Level::kCampaign, Level::kAdGroup, Level::kAd}) {
      const Change change = world.CreateWith(refused.with, level, parent, "refused", refs);
      const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
      if (level != refused.level) {
        ASSERT_TRUE(applied) << LevelName(level) << ": " << applied.error().what;
        parent = applied->id;
        continue;
      }
      ASSERT_FALSE(applied);
      EXPECT_TRUE(applied.error().code == Errc::kInvalidArgument ||
                  applied.error().code == Errc::kRefused)
          << applied.error().what;
      EXPECT_NE(applied.error().what.find(refused.field), std::string::npos)
          << applied.error().what;
      EXPECT_EQ(world.CountObjects(level), 0);
      break;
    }
  }
}

TEST_P(ConnectorContract, ConversionsAreMadeFoundReadAndChanged) {
  if (GetParam().conversion.empty()) GTEST_SKIP() << "makes no conversions";
  ContractWorld world(GetParam());
  const Change change = world.Create(Level::kConversion, GetParam().conversion, "", "goal");
  const auto made = world.connector.writer->Apply(change, ContractWorld::Soon());
  ASSERT_TRUE(made) << made.error().what;
  const auto live = world.FindOne(Level::kConversion, made->id);
  ASSERT_TRUE(live);
  ExpectToldBack(GetParam(), change, live->fields);
  EXPECT_NE(TextField(live->fields, "tag"), "") << "what the website must carry is not told";
  EXPECT_TRUE(CheckFields(Level::kConversion, live->fields));

  const auto found = world.FindMarker(Level::kConversion, "goal");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found.front().id, made->id);
  EXPECT_TRUE(world.FindMarker(Level::kConversion, "another key").empty());
  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_TRUE(tree) << tree.error().what;
  EXPECT_EQ(std::count_if(tree->entities.begin(), tree->entities.end(),
                          [&](const Entity& e) {
                            return e.level == Level::kConversion && e.id == made->id &&
                                   e.fields == live->fields;
                          }),
            1);

  if (!GetParam().conversion_update.empty()) {
    const Change update =
        world.Update(Level::kConversion, made->id, "", GetParam().conversion_update);
    const auto applied = world.connector.writer->Apply(update, ContractWorld::Soon());
    ASSERT_TRUE(applied) << applied.error().what;
    const auto after = world.FindOne(Level::kConversion, made->id);
    ASSERT_TRUE(after);
    ExpectToldBack(GetParam(), update, after->fields);
  }
  if (!GetParam().conversion_removable) return;
  const auto removed = world.connector.writer->Apply(
      world.Update(Level::kConversion, made->id, "", {{"status", std::string(kRemoved)}}),
      ContractWorld::Soon());
  ASSERT_TRUE(removed) << removed.error().what;
  const auto gone = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_TRUE(gone) << gone.error().what;
  EXPECT_TRUE(std::none_of(gone->entities.begin(), gone->entities.end(),
                           [&](const Entity& e) { return e.id == made->id; }));
}

TEST_P(ConnectorContract, ConversionIsFoundAfterALostAnswer) {
  if (GetParam().conversion.empty()) GTEST_SKIP() << "makes no conversions";
  ContractWorld world(GetParam());
  const int before = world.CountObjects(Level::kConversion);
  world.faults.Add({.fault = Fault::kDropResponse,
                    .method = GetParam().write_method,
                    .path = GetParam().WritePath(Level::kConversion)});
  const auto applied = world.connector.writer->Apply(
      world.Create(Level::kConversion, GetParam().conversion, "", "lost"), ContractWorld::Soon());
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Errc::kUnknownOutcome) << applied.error().what;
  world.faults.Clear();
  EXPECT_EQ(world.FindMarker(Level::kConversion, "lost").size(), 1u);
  EXPECT_EQ(world.CountObjects(Level::kConversion), before + 1);
}

TEST_P(ConnectorContract, EditsInThePlatformsScreensAreToldWithTheirAuthor) {
  for (const auto& edit : GetParam().human_edits) {
    SCOPED_TRACE(edit.fields.begin()->first + " by " + edit.actor);
    ContractWorld world(GetParam());
    const auto ids = world.LaunchWith(edit.with, edit.level, "edited");
    ASSERT_FALSE(IdAt(ids, edit.level).empty());
    world.Advance(std::chrono::hours(2));
    const std::string id = IdAt(ids, edit.level);
    const auto edited =
        world.server->HumanEdit(world.account, edit.level, id, edit.fields, edit.actor);
    ASSERT_TRUE(edited) << edited.error().what;
    const auto live = world.FindOne(edit.level, id);
    ASSERT_TRUE(live);
    ExpectUpdated(GetParam(), world.Update(edit.level, id, "", edit.fields), live->fields);
    world.Advance(std::chrono::hours(1));
    const auto events = world.connector.reader->ReadHistory(
        {world.account, ParseInstant("2026-09-01T13:00:00Z").value(), world.clock->Now()},
        ContractWorld::Soon());
    ASSERT_TRUE(events) << events.error().what;
    std::set<std::string> told;
    for (const HistoryEvent& event : *events) {
      if (event.ours || event.level != edit.level || event.id != id) continue;
      if (GetParam().history_names_people || edit.actor == "platform") {
        EXPECT_EQ(event.actor, edit.actor);
      }
      told.insert(event.changed_fields.begin(), event.changed_fields.end());
    }
    for (const auto& [name, value] : edit.fields) {
      EXPECT_TRUE(told.contains(name)) << name << " is not in the history";
    }
  }
}

// --- answers that get lost -----------------------------------------------------------------------

TEST_P(ConnectorContract, LostAnswerIsUnknownAndTheObjectIsFoundOnce) {
  for (const Fault fault : {Fault::kDropResponse, Fault::kServerError, Fault::kHtml,
                            Fault::kEmptyBody, Fault::kTruncatedBody}) {
    ContractWorld world(GetParam());
    world.faults.Add({.fault = fault,
                      .method = GetParam().write_method,
                      .path = GetParam().WritePath(Level::kCampaign)});
    const Change change = world.Create(Level::kCampaign, world.CampaignFields(), "", "lost");
    const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
    ASSERT_FALSE(applied) << FaultName(fault);
    EXPECT_EQ(ErrcName(applied.error().code), ErrcName(Errc::kUnknownOutcome))
        << FaultName(fault) << ": " << applied.error().what;
    EXPECT_EQ(world.faults.injected().size(), 1u) << "a write was sent twice";
    EXPECT_EQ(world.CountObjects(Level::kCampaign), 1) << FaultName(fault);
    const auto found = world.FindMarker(Level::kCampaign, "lost");
    ASSERT_EQ(found.size(), 1u) << FaultName(fault);
    ExpectToldBack(GetParam(), change, found.front().fields);
  }
}

TEST_P(ConnectorContract, LostRequestMayBeSentAgainAfterLooking) {
  for (const Fault fault : {Fault::kDropRequest, Fault::kServerErrorBefore}) {
    ContractWorld world(GetParam());
    world.faults.Add({.fault = fault,
                      .method = GetParam().write_method,
                      .path = GetParam().WritePath(Level::kCampaign)});
    const Change change = world.Create(Level::kCampaign, world.CampaignFields(), "", "lost");
    const auto applied = world.connector.writer->Apply(change, ContractWorld::Soon());
    ASSERT_FALSE(applied) << FaultName(fault);
    // A request that never left may be called that; what came back as 5xx may have been acted on.
    EXPECT_TRUE(applied.error().code == Errc::kUnknownOutcome ||
                (fault == Fault::kDropRequest && applied.error().code == Errc::kUnavailable))
        << FaultName(fault) << ": " << applied.error().what;
    world.faults.Clear();
    EXPECT_TRUE(world.FindMarker(Level::kCampaign, "lost").empty());
    const auto again = world.connector.writer->Apply(change, ContractWorld::Soon());
    ASSERT_TRUE(again) << again.error().what;
    EXPECT_EQ(world.FindMarker(Level::kCampaign, "lost").size(), 1u);
    EXPECT_EQ(world.CountObjects(Level::kCampaign), 1);
  }
}

TEST_P(ConnectorContract, EveryLevelIsFoundAfterALostAnswer) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch("first");
  ASSERT_FALSE(ids.ad.empty());
  const std::tuple<Level, Fields, std::string> creates[] = {
      {Level::kAdGroup, world.AdGroupFields(), ids.campaign},
      {Level::kAd, GetParam().ad(ids.asset), ids.ad_group}};
  for (const auto& [level, fields, parent] : creates) {
    world.faults.Add({.fault = Fault::kDropResponse,
                      .method = GetParam().write_method,
                      .path = GetParam().WritePath(level)});
    const auto applied = world.connector.writer->Apply(world.Create(level, fields, parent, "lost"),
                                                       ContractWorld::Soon());
    ASSERT_FALSE(applied) << LevelName(level);
    EXPECT_EQ(applied.error().code, Errc::kUnknownOutcome) << applied.error().what;
    world.faults.Clear();
    EXPECT_EQ(world.FindMarker(level, "lost").size(), 1u) << LevelName(level);
    EXPECT_EQ(world.CountObjects(level), 2) << LevelName(level);
  }
}

TEST_P(ConnectorContract, ThrottledWriteWasNotWritten) {
  ContractWorld world(GetParam());
  world.faults.Add({.fault = Fault::kThrottle,
                    .method = GetParam().write_method,
                    .path = GetParam().WritePath(Level::kCampaign)});
  const auto applied = world.connector.writer->Apply(
      world.Create(Level::kCampaign, world.CampaignFields(), "", "k"), ContractWorld::Soon());
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, Errc::kRateLimited) << applied.error().what;
  EXPECT_EQ(world.faults.injected().size(), 1u);
  EXPECT_TRUE(world.server->Objects(world.account).empty());
}

// --- reads under faults --------------------------------------------------------------------------

TEST_P(ConnectorContract, ReadsSurviveWhatPasses) {
  for (const Fault fault :
       {Fault::kThrottle, Fault::kServerErrorBefore, Fault::kDropRequest, Fault::kDropResponse}) {
    ContractWorld world(GetParam());
    ASSERT_FALSE(world.Launch().ad.empty());
    const Instant before = world.clock->Now();
    const int calls_before = world.wire->sent;
    world.faults.Add({.fault = fault, .path = GetParam().read_path, .times = 2});
    const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
    ASSERT_TRUE(tree) << FaultName(fault) << ": " << tree.error().what;
    EXPECT_EQ(CountAdObjects(*tree), 3u) << FaultName(fault);
    EXPECT_EQ(world.faults.injected().size(), 2u) << FaultName(fault);
    EXPECT_GT(world.clock->Now(), before) << "no wait after " << FaultName(fault);
    EXPECT_LE(world.wire->sent - calls_before, 40);
  }
}

TEST_P(ConnectorContract, AnswersThatCannotBeReadAreNeverZeroRows) {
  for (const Fault fault : {Fault::kHtml, Fault::kEmptyBody, Fault::kTruncatedBody}) {
    ContractWorld world(GetParam());
    ASSERT_FALSE(world.Launch().ad.empty());
    world.faults.Add({.fault = fault, .path = GetParam().read_path, .times = 0});
    const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
    ASSERT_FALSE(tree) << FaultName(fault);
    // Some connectors ask again first: on their platform such pages pass.
    EXPECT_TRUE(tree.error().code == Errc::kBadAnswer || tree.error().code == Errc::kUnavailable)
        << tree.error().what;
    FindQuery query{};
    query.account = world.account;
    query.marker = MarkerOf("launch/campaign");
    EXPECT_FALSE(world.connector.reader->Find(query, ContractWorld::Soon())) << FaultName(fault);
  }
}

TEST_P(ConnectorContract, EndlessPagesEnd) {
  if (!GetParam().make_endless) GTEST_SKIP() << "no pages on this platform";
  ContractWorld world(GetParam());
  ASSERT_FALSE(world.Launch().ad.empty());
  world.endless = true;
  const int before = world.wire->sent;
  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  // Complete or an error; what it may not be is endless or short.
  if (tree) {
    EXPECT_EQ(CountAdObjects(*tree), 3u);
  }
  EXPECT_LE(world.wire->sent - before, 200);
}

TEST_P(ConnectorContract, ExpiredToken) {
  ContractWorld world(GetParam());
  ASSERT_FALSE(world.Launch().ad.empty());
  world.faults.Add({.fault = Fault::kTokenExpired, .path = GetParam().read_path});
  const auto tree = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  EXPECT_EQ(world.faults.injected().size(), 1u);
  if (GetParam().refreshes_tokens) {
    ASSERT_TRUE(tree) << tree.error().what;
    EXPECT_EQ(CountAdObjects(*tree), 3u);
  } else {
    // A token that nobody can renew here may still be tried once more; then a person is needed.
    if (!tree) {
      EXPECT_EQ(tree.error().code, Errc::kUnauthenticated) << tree.error().what;
    }
  }
  world.faults.Clear();
  world.faults.Add({.fault = Fault::kTokenExpired, .path = GetParam().read_path, .times = 0});
  const auto never = world.connector.reader->ReadAccount(world.account, ContractWorld::Soon());
  ASSERT_FALSE(never);
  EXPECT_EQ(never.error().code, Errc::kUnauthenticated) << never.error().what;
  EXPECT_LE(world.faults.injected().size(), 3u) << "a dead token is asked for again and again";
  const auto secrets = GetParam().connection(world.account, GetParam().origin).secrets;
  for (const auto& [name, secret] : secrets) {
    if (secret.size() < 6) continue;  // "id" is part of many words
    EXPECT_EQ(never.error().what.find(secret), std::string::npos) << name;
  }
}

// --- metrics -------------------------------------------------------------------------------------

TEST_P(ConnectorContract, MetricsOfAllLevelsAgree) {
  Delivering run(GetParam());
  ASSERT_FALSE(run.ids.ad.empty());
  const auto campaigns = run.Read(Level::kCampaign, Grain::kDay, Breakdown::kNone);
  const auto days = Delivering::ByDay(campaigns);
  ASSERT_GE(days.size(), 3u) << "the campaign did not deliver";
  std::int64_t spend = 0;
  for (const auto& [day, sum] : days) spend += sum.spend;
  EXPECT_GT(spend, 0);
  for (const MetricRow& row : campaigns.rows) {
    EXPECT_EQ(row.campaign_id, run.ids.campaign);
    EXPECT_TRUE(row.ad_group_id.empty() && row.ad_id.empty() && row.segment.empty());
    EXPECT_FALSE(row.hour.has_value());
    EXPECT_EQ(row.spend.currency(), kEur);
  }
  for (const Level level : run.world.connector.reader->capabilities().metric_levels) {
    const auto report = run.Read(level, Grain::kDay, Breakdown::kNone);
    Delivering::ExpectSameDays(days, Delivering::ByDay(report), std::string(LevelName(level)));
    for (const MetricRow& row : report.rows) {
      EXPECT_EQ(row.ad_id, level == Level::kAd ? run.ids.ad : "");
      EXPECT_EQ(row.ad_group_id,
                level == Level::kAd || level == Level::kAdGroup ? run.ids.ad_group : "");
    }
  }
}

TEST_P(ConnectorContract, HoursSumToTheDay) {
  Delivering run(GetParam());
  ASSERT_FALSE(run.ids.ad.empty());
  for (const Level level : run.world.connector.reader->capabilities().hour_levels) {
    const auto days = run.Read(level, Grain::kDay, Breakdown::kNone);
    const auto hours = run.Read(level, Grain::kHour, Breakdown::kNone);
    EXPECT_GT(hours.rows.size(), days.rows.size());
    for (const MetricRow& row : hours.rows) {
      ASSERT_TRUE(row.hour.has_value());
      EXPECT_TRUE(*row.hour >= 0 && *row.hour <= 23);
    }
    Delivering::ExpectSameDays(Delivering::ByDay(days), Delivering::ByDay(hours),
                               fmt::format("hours by {}", LevelName(level)));
  }
}

/// Cuts that tell only some of the whole: rare searches are hidden, people may be in no audience.
bool TellsAPart(Breakdown breakdown) {
  return breakdown == Breakdown::kSearchTerm || breakdown == Breakdown::kAudience;
}

TEST_P(ConnectorContract, BreakdownsSumToTheWhole) {
  Delivering run(GetParam());
  ASSERT_FALSE(run.ids.ad.empty());
  const auto whole = Delivering::ByDay(run.Read(Level::kCampaign, Grain::kDay, Breakdown::kNone));
  for (const Breakdown breakdown : run.world.connector.reader->capabilities().breakdowns) {
    if (breakdown == Breakdown::kNone) continue;
    const auto report = run.Read(Level::kCampaign, Grain::kDay, breakdown);
    // The campaign names no audience.
    EXPECT_EQ(report.rows.empty(), breakdown == Breakdown::kAudience) << BreakdownName(breakdown);
    std::set<std::tuple<Day, std::string, std::string>> keys;
    for (const MetricRow& row : report.rows) {
      EXPECT_FALSE(row.segment.empty()) << BreakdownName(breakdown);
      EXPECT_TRUE(keys.emplace(row.day, row.campaign_id, row.segment).second)
          << BreakdownName(breakdown) << " has two rows of " << row.segment;
    }
    const auto days = Delivering::ByDay(report);
    if (!TellsAPart(breakdown)) {
      Delivering::ExpectSameDays(whole, days, std::string(BreakdownName(breakdown)));
      continue;
    }
    for (const auto& [day, sum] : days) {
      ASSERT_TRUE(whole.contains(day)) << PrintDay(day);
      EXPECT_LE(sum.spend, whole.at(day).spend) << BreakdownName(breakdown);
      EXPECT_LE(sum.impressions, whole.at(day).impressions) << BreakdownName(breakdown);
    }
  }
  // What is not read is told, and nothing is both.
  const Capabilities& can = run.world.connector.reader->capabilities();
  for (const NotOffered& lacks : can.not_offered) {
    EXPECT_FALSE(lacks.why.empty());
    EXPECT_EQ(std::count(can.breakdowns.begin(), can.breakdowns.end(), lacks.breakdown), 0)
        << BreakdownName(lacks.breakdown);
  }
}

TEST_P(ConnectorContract, MetricsAreWhatTheMarketBooked) {
  Delivering run(GetParam());
  ASSERT_FALSE(run.ids.ad.empty());
  Sum told;  // asking brings the market up to the hour
  for (const auto& row : run.Read(Level::kCampaign, Grain::kDay, Breakdown::kNone).rows) {
    told.Add(row);
  }
  std::int64_t spend = 0;
  std::int64_t impressions = 0;
  for (const auto& row : run.world.market->Report({.account = run.world.account,
                         .from = ParseDay("2026-09-01").value(),
                         .to = ParseDay("2026-09-05").value(),
                         .as_of = run.world.clock->Now()})) {
    spend += row.spend_micros;
    impressions += row.impressions;
  }
  EXPECT_EQ(told.impressions, impressions);
  // A platform rounds a day to its smallest unit.
  EXPECT_NEAR(static_cast<double>(told.spend), static_cast<double>(spend), 5 * 10'000.0);
}

TEST_P(ConnectorContract, UnreadableReportIsAnErrorOrIncomplete) {
  Delivering run(GetParam());
  ASSERT_FALSE(run.ids.ad.empty());
  for (const Fault fault : {Fault::kHtml, Fault::kEmptyBody, Fault::kTruncatedBody}) {
    run.world.faults.Clear();
    run.world.faults.Add({.fault = fault, .times = 0});
    MetricQuery query{};
    query.account = run.world.account;
    query.from = ParseDay("2026-09-01").value();
    query.to = ParseDay("2026-09-05").value();
    const auto report = run.world.connector.reader->ReadMetrics(query, ContractWorld::Soon());
    EXPECT_TRUE(!report || !report->complete) << FaultName(fault);
  }
}

// --- review and history --------------------------------------------------------------------------

TEST_P(ConnectorContract, ReviewStatesAppear) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch();
  ASSERT_FALSE(ids.ad.empty());
  Fields fields = GetParam().ad(ids.asset);
  auto texts = std::get<std::vector<std::string>>(fields.at(GetParam().text_field));
  texts.front() = "A miracle cure for slow feet";
  fields[GetParam().text_field] = texts;
  const auto bad = world.connector.writer->Apply(
      world.Create(Level::kAd, fields, ids.ad_group, "bad"), ContractWorld::Soon());
  ASSERT_TRUE(bad) << bad.error().what;
  const auto pending = world.FindOne(Level::kAd, bad->id);
  ASSERT_TRUE(pending);
  EXPECT_EQ(TextField(pending->fields, "review_status"), "pending");
  world.Advance(std::chrono::hours(24));
  const auto good = world.FindOne(Level::kAd, ids.ad);
  ASSERT_TRUE(good);
  EXPECT_EQ(TextField(good->fields, "review_status"), "approved");
  const auto rejected = world.FindOne(Level::kAd, bad->id);
  ASSERT_TRUE(rejected);
  EXPECT_EQ(TextField(rejected->fields, "review_status"), "rejected");
  ASSERT_TRUE(rejected->fields.contains("review_reasons"));
  EXPECT_FALSE(std::get<std::vector<std::string>>(rejected->fields.at("review_reasons")).empty());
}

TEST_P(ConnectorContract, HistoryTellsOurChangesFromPeoples) {
  ContractWorld world(GetParam());
  const auto ids = world.Launch();
  ASSERT_FALSE(ids.ad.empty());
  world.Advance(std::chrono::hours(2));
  const bool on_campaign = GetParam().budget_level == Level::kCampaign;
  const std::string id = on_campaign ? ids.campaign : ids.ad_group;
  const Money raised = GetParam().budgets[0].Times(3);
  const auto edited = world.server->HumanEdit(world.account, GetParam().budget_level, id,
                                              {{"daily_budget", raised}}, "ann@client.example");
  ASSERT_TRUE(edited) << edited.error().what;
  const auto live = world.FindOne(GetParam().budget_level, id);
  ASSERT_TRUE(live);
  EXPECT_EQ(live->fields.at("daily_budget"), FieldValue(raised));
  world.Advance(std::chrono::hours(2));

  const auto events = world.connector.reader->ReadHistory(
      {world.account, ParseInstant("2026-09-01T00:00:00Z").value(), world.clock->Now()},
      ContractWorld::Soon());
  ASSERT_TRUE(events) << events.error().what;
  EXPECT_TRUE(std::is_sorted(events->begin(), events->end(),
                             [](const auto& a, const auto& b) { return a.at < b.at; }));
  bool our_create = false;
  bool their_edit = false;
  for (const HistoryEvent& event : *events) {
    our_create = our_create || (event.ours && event.operation == "create" &&
                                event.level == Level::kCampaign && event.id == ids.campaign);
    if (event.ours || event.id != id || event.level != GetParam().budget_level) continue;
    their_edit = true;
    EXPECT_EQ(event.operation, "update");
    if (GetParam().history_names_people) {
      EXPECT_EQ(event.actor, "ann@client.example");
    }
    EXPECT_NE(std::find(event.changed_fields.begin(), event.changed_fields.end(), "daily_budget"),
              event.changed_fields.end());
    // Platforms keep whole seconds at best.
    EXPECT_LE(std::chrono::abs(event.at - ParseInstant("2026-09-01T14:00:00Z").value()),
              std::chrono::minutes(1));
  }
  EXPECT_TRUE(our_create) << "our own create is not in the history";
  EXPECT_TRUE(their_edit) << "the person's edit is not in the history";
}

GTEST_ALLOW_UNINSTANTIATED_PARAMETERIZED_TEST(ConnectorContract);

}  // namespace maxopt::contract
