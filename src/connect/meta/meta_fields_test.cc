// Every field that Meta carries, through the connector and the simulated Marketing API: what Apply
// accepts is told back as it was sent, and what it refuses it names.
#include <algorithm>
#include <nlohmann/json.hpp>
#include <random>

#include "connect/meta/graph.h"
#include "connect/meta/sim_for_test.h"

namespace maxopt {
namespace {

using namespace meta_test;
using Int = std::int64_t;

FieldValue Word(const char* text) { return std::string(text); }

/// Base64 of the bytes.
std::string Encode(const std::string& bytes) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    std::uint32_t bits = 0;
    for (std::size_t j = 0; j < 3; ++j) {
      bits = bits << 8 | (i + j < bytes.size() ? static_cast<unsigned char>(bytes[i + j]) : 0u);
    }
    for (std::size_t j = 0; j < 4; ++j) {
      out += i + j > bytes.size() ? '=' : kDigits[bits >> (18 - 6 * j) & 63];
    }
  }
  return out;
}
std::string Number(std::uint32_t value) {
  std::string out;
  for (const int shift : {24, 16, 8, 0}) out += static_cast<char>(value >> shift & 0xff);
  return out;
}
std::string Box(const std::string& type, const std::string& body) {
  return Number(static_cast<std::uint32_t>(body.size() + 8)) + type + body;
}
/// Boxes of an MP4 of 720 x 1280 and 15 seconds, without a picture in it.
std::string Film() {
  const std::string mvhd =
      std::string(12, '\0') + Number(1000) + Number(15'000) + std::string(80, '\0');
  const std::string tkhd = std::string(76, '\0') + Number(720u << 16) + Number(1280u << 16);
  return Box("ftyp", "isom" + Number(0)) +
         Box("moov", Box("mvhd", mvhd) + Box("trak", Box("tkhd", tkhd)));
}
std::string Png(std::uint32_t width, std::uint32_t height) {
  return "\x89PNG\r\n\x1a\n" + Number(13) + "IHDR" + Number(width) + Number(height) + "\x08\x02";
}

Change Asset(const char* key, const char* media, const std::string& bytes) {
  return Create(Level::kAsset, key,
                {{"name", Str(key)}, {"media", Str(media)}, {"content", Encode(bytes)}});
}

/// All that was sent is there, in the words it was sent in.
void ExpectTold(const Entity& entity, const Change& change, const std::string& what) {
  for (const auto& [name, value] : change.after) {
    if (name == "content" || name == "sha256") continue;
    const bool pixels = change.level == Level::kConversion && name == "conversion_event";
    if (pixels) continue;  // the ad set says which event counts
    ASSERT_TRUE(entity.fields.contains(name)) << what << ": " << name << " is not told back";
    const FieldValue want = name == "name" && change.action == ChangeAction::kCreate
                                ? WithMarker(std::get<std::string>(value), change.key)
                                : value;
    EXPECT_TRUE(SameField(name, entity.fields.at(name), want))
        << what << ": " << name << " is " << ShowValue(entity.fields.at(name)) << ", sent "
        << ShowValue(want);
  }
  EXPECT_TRUE(CheckFields(entity.level, entity.fields));
}

/// The values that a generated change chooses from; some of them Meta cannot express.
const std::vector<std::pair<std::string, std::vector<FieldValue>>>& Choices(Level level) {
  static const std::vector<std::pair<std::string, std::vector<FieldValue>>> kCampaign{
      {"objective", {Word("sales"), Word("awareness"), Word("traffic"), Word("leads"), Word("?")}},
      {"daily_budget", {Eur(5'000), Eur(12'345), Money::Micros(12'345'678, kEur)}},
      {"lifetime_budget", {Eur(900'000)}},
      {"bid_strategy", {Word("lowest_cost"), Word("cost_cap"), Word("target_cpa")}},
      {"pacing", {Word("even"), Word("asap"), Word("slow")}},
      {"special_categories",
       {Texts{}, Texts{"housing"}, Texts{"credit", "employment"}, Texts{"politics"}}},
      {"countries", {Texts{"US"}, Texts{"DE"}, Texts{"US", "CA"}}},
      {"eu_political", {false, true}},
      {"start_at", {Word("2026-10-01 00:00:00")}},
      {"end_at", {Word("2026-12-31 23:59:59")}},
      {"dayparts", {Texts{"mon 08:00-20:00"}}},
  };
  static const std::vector<std::pair<std::string, std::vector<FieldValue>>> kAdSet{
      {"optimization_goal",
       {Word("conversions"), Word("value"), Word("reach"), Word("impressions"), Word("clicks"),
        Word("leads")}},
      {"billing_event", {Word("impressions"), Word("clicks")}},
      {"conversion_event",
       {Word("purchase"), Word("lead"), Word("sign_up"), Word("add_to_cart"),
        Word("begin_checkout"), Word("subscribe"), Word("page_view"), Word("complete_registration"),
        Word("PURCHASE"), Word("sneeze")}},
      {"pixel_id", {Word("777"), Word("p7")}},
      {"daily_budget", {Eur(5'000), Eur(1'001)}},
      {"lifetime_budget", {Eur(700'007)}},
      {"start_at", {Word("2026-10-01 00:00:00")}},
      {"end_at", {Word("2026-12-31 23:59:59")}},
      {"bid_strategy",
       {Word("lowest_cost"), Word("bid_cap"), Word("cost_cap"), Word("min_roas"),
        Word("manual_cpc")}},
      {"bid", {Eur(99), Eur(1)}},
      {"target_cpa", {Eur(2'550)}},
      {"target_roas_bp", {Int{40'000}, Int{12'345}, Int{99}}},
      {"pacing", {Word("even"), Word("asap")}},
      {"dayparts",
       {Texts{"mon 08:00-20:00"}, Texts{"mon-fri 08:00-12:00", "sat 10:00-24:00"},
        Texts{"all 00:00-24:00"}, Texts{"fri 22:00-02:00", "fri 08:00-10:00"}, Texts{},
        Texts{"mon 8-20"}}},
      {"frequency_cap", {Int{3}, Int{0}}},
      {"frequency_days", {Int{7}, Int{1}}},
      {"attribution_click_days", {Int{1}, Int{7}, Int{28}}},
      {"attribution_view_days", {Int{0}, Int{1}, Int{7}}},
      {"countries", {Texts{"DE"}, Texts{"US", "CA"}, Texts{"de"}}},
      {"locations", {Texts{"3847"}, Texts{"city:561228", "3886"}, Texts{"Berlin"}, Texts{}}},
      {"excluded_locations", {Texts{"1290"}, Texts{"city:573735"}, Texts{}}},
      {"languages", {Texts{"de", "en"}, Texts{"xx"}, Texts{}}},
      {"age_min", {Int{18}, Int{25}, Int{12}}},
      {"age_max", {Int{54}, Int{65}}},
      {"genders", {Texts{"female"}, Texts{}, Texts{"male", "female"}, Texts{"other"}}},
      {"audiences", {Texts{"901", "902"}, Texts{}, Texts{"x"}}},
      {"excluded_audiences", {Texts{"903"}, Texts{}}},
      {"placements",
       {Texts{"facebook"}, Texts{"facebook:feed", "instagram:story"}, Texts{}, Texts{"F B"},
        Texts{"facebook", "facebook:feed"}}},
      {"keywords", {Texts{"exact:shoes"}}},
  };
  return level == Level::kCampaign ? kCampaign : kAdSet;
}

TEST(MetaFieldsTest, WhateverIsAcceptedIsToldBack) {
  World world;
  Change plain = CampaignChange("with");
  Change without = CampaignChange("without");
  without.after.erase("daily_budget");
  without.after.erase("bid_strategy");
  Change lifetime = CampaignChange("lifetime");
  lifetime.after.erase("daily_budget");
  lifetime.after["lifetime_budget"] = Eur(900'000);
  lifetime.after["end_at"] = Word("2026-12-31 23:59:59");
  Change capped = CampaignChange("capped");
  capped.after["bid_strategy"] = Word("cost_cap");
  const std::vector<std::string> campaigns{world.Apply(plain), world.Apply(without),
                                           world.Apply(lifetime), world.Apply(capped)};
  std::mt19937_64 random(20'260'901);
  const auto one_of = [&](std::size_t size) { return static_cast<std::size_t>(random() % size); };
  std::map<std::string, int> told;
  int refused = 0;
  std::vector<std::pair<Level, std::string>> made;
  for (int i = 0; i < 600; ++i) {
    const Level level = i % 3 == 0 ? Level::kCampaign : Level::kAdGroup;
    const std::string key = "generated/" + std::to_string(i);
    Change change = Create(level, key.c_str(), {{"name", Str("G")}, {"status", Str("paused")}},
                           level == Level::kCampaign ? "" : campaigns[one_of(campaigns.size())]);
    if (level == Level::kCampaign) change.after["objective"] = Word("sales");
    if (level == Level::kAdGroup) {
      change.after["countries"] = Texts{"GB"};
      change.after["optimization_goal"] = Word("conversions");
      if (one_of(2) == 0) change.after["daily_budget"] = Eur(5'000);
    }
    // Fields that make sense together only.
    const std::vector<Fields> bundles{
        {},
        {{"optimization_goal", Word("reach")},
         {"frequency_cap", Int{3}},
         {"frequency_days", Int{7}}},
        {{"bid_strategy", Word("bid_cap")}, {"bid", Eur(99)}, {"daily_budget", Eur(5'000)}},
        {{"bid_strategy", Word("min_roas")},
         {"target_roas_bp", Int{12'345}},
         {"optimization_goal", Word("value")},
         {"daily_budget", Eur(5'000)}},
    };
    if (level == Level::kAdGroup && i % 2 == 0) {
      for (const auto& [name, value] : bundles[one_of(bundles.size())]) change.after[name] = value;
    }
    // Most of a change is right, so that much of it is accepted.
    for (std::size_t n = 1 + one_of(5); n > 0; --n) {
      const auto& [name, values] = Choices(level)[one_of(Choices(level).size())];
      change.after[name] = values[one_of(2) == 0 ? 0 : one_of(values.size())];
    }
    const int before = world.Count(level);
    const auto applied = world.writer().Apply(change, After(1h));
    if (!applied) {
      ++refused;
      EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
      const bool named = applied.error().what.find("field \"") != std::string::npos ||
                         applied.error().platform_code == "100";
      EXPECT_TRUE(named) << applied.error().what;
      EXPECT_EQ(world.Count(level), before) << applied.error().what;
      continue;
    }
    made.emplace_back(level, applied->id);
    ExpectTold(world.FindOne(level, applied->id), change, key);
    for (const auto& [name, value] : change.after) ++told[name];
  }
  EXPECT_GT(refused, 100);
  EXPECT_GT(made.size(), 100u);
  for (const char* name :
       {"pacing", "dayparts", "frequency_cap", "locations", "excluded_locations", "target_cpa",
        "target_roas_bp", "bid", "attribution_click_days", "attribution_view_days", "languages",
        "placements", "audiences", "genders", "special_categories", "conversion_event"}) {
    EXPECT_GT(told[name], 0) << name << " was never accepted";
  }

  // The same for updates of what is there.
  int updated = 0;
  for (int i = 0; i < 400; ++i) {
    const auto& [level, id] = made[one_of(made.size())];
    Change change = Update(level, id, {});
    for (std::size_t n = 1 + one_of(2); n > 0; --n) {
      const auto& [name, values] = Choices(level)[one_of(Choices(level).size())];
      change.after[name] = values[one_of(values.size())];
    }
    const Entity before = world.FindOne(level, id);
    world.clock->AdvanceTo(world.clock->Now() + 20min);  // budgets may change four times an hour
    const auto applied = world.writer().Apply(change, After(1h));
    const Entity after = world.FindOne(level, id);
    if (!applied) {
      EXPECT_EQ(applied.error().code, Errc::kInvalidArgument) << applied.error().what;
      EXPECT_EQ(before.fields, after.fields) << applied.error().what;
      continue;
    }
    ++updated;
    ExpectTold(after, change, id);
  }
  EXPECT_GT(updated, 50);
}

TEST(MetaFieldsTest, WhatIsRefusedIsNamedWithItsFix) {
  World world;
  const std::string campaign = world.Apply(CampaignChange());
  struct Case {
    const char* field;
    FieldValue value;
    const char* says;
  };
  for (const Case& c : {
           Case{"dayparts", Texts{"mon 08:00-20:00"}, "lifetime_budget"},
           Case{"frequency_cap", Int{3}, "reach or impressions"},
           Case{"attribution_click_days", Int{28}, "1 or 7 days"},
           Case{"bid", Eur(100), "bid_cap"},
           Case{"target_roas_bp", Int{40'000}, "min_roas"},
           Case{"conversion_event", Word("page_view"), "content_view"},
           Case{"locations", Texts{"Berlin"}, "city:777934"},
           Case{"optimization_goal", Word("leads"), "conversion_event lead"},
           Case{"negative_keywords", Texts{"broad:free"}, "no such thing"},
       }) {
    Change change = GroupChange(campaign);
    change.after[c.field] = c.value;
    const auto applied = world.writer().Apply(change, After(1h));
    ASSERT_FALSE(applied) << c.field;
    EXPECT_EQ(applied.error().code, Errc::kInvalidArgument);
    EXPECT_NE(applied.error().what.find("field \"" + std::string(c.field) + "\""),
              std::string::npos)
        << applied.error().what;
    EXPECT_NE(applied.error().what.find(c.says), std::string::npos) << applied.error().what;
  }
  // What only Meta knows: its own refusal, with its code and our name of the field.
  Change low = CampaignChange("low");
  low.after["daily_budget"] = Eur(1);
  const auto applied = world.writer().Apply(low, After(1h));
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().platform_code, "100/1885272");
  EXPECT_NE(applied.error().what.find("field \"daily_budget\""), std::string::npos);
  // Bytes that are no text do not stop the program.
  Change bytes = CampaignChange("bytes");
  bytes.after["special_categories"] = Texts{"housing"};
  bytes.after["countries"] = Texts{"U\xff"};
  EXPECT_FALSE(world.writer().Apply(bytes, After(1h)));
  Change ad = AdChange("1", "00000000000000000000000000000000");
  ad.after["descriptions"] = Texts{"\xff\xfe"};
  EXPECT_FALSE(world.writer().Validate(ad, After(1h)));
  EXPECT_FALSE(world.writer().Apply(ad, After(1h)));
  Change long_name = CampaignChange("long");
  long_name.after["name"] = std::string(500, 'x');
  EXPECT_NE(world.writer().Apply(long_name, After(1h)).error().what.find("field \"name\""),
            std::string::npos);
}

TEST(MetaFieldsTest, VideosThumbnailsAndCarousels) {
  World world;
  const Tree tree = Launch(world, false);
  const std::string video = world.Apply(Asset("film", "video", Film()));
  const std::string still = world.Apply(Asset("still", "image", Png(720, 1280)));
  const std::string wide = world.Apply(Asset("wide", "image", Png(1200, 628)));
  const std::string square = world.Apply(Asset("square", "image", Png(1080, 1080)));
  const Entity found = world.FindOne(Level::kAsset, video);
  EXPECT_EQ(TextField(found.fields, "media"), "video");
  EXPECT_EQ(TextField(found.fields, "name"), WithMarker("film", "film"));
  const auto by_marker = world.reader().Find(
      {.account = kAccount, .level = Level::kAsset, .marker = MarkerOf("film"), .ids = {}},
      After(1h));
  ASSERT_TRUE(by_marker && by_marker->size() == 1);
  EXPECT_EQ(by_marker->front().id, video);

  const auto ad = [&](const char* key, Fields media) {
    Change change = AdChange(tree.group, "");
    change.key = key;
    change.after.erase("image");
    for (const auto& [name, value] : media) change.after[name] = value;
    return change;
  };
  const std::vector<Change> good{
      ad("video", {{"video", video}, {"thumbnail", still}}),
      ad("own-still", {{"video", video}}),
      ad("one-text", {{"video", video}, {"thumbnail", still}, {"headlines", Texts{"One"}}}),
      ad("carousel", {{"images", Texts{wide, square}}}),
      ad("said-once", {{"images", Texts{wide, square, wide}}, {"headlines", Texts{"All"}}}),
      ad("no-button", {{"images", Texts{wide, square}}, {"headlines", Texts{}}}),
  };
  for (Change change : good) {
    if (change.key == "no-button") {
      change.after.erase("call_to_action");
      change.after.erase("headlines");
    }
    EXPECT_TRUE(world.writer().Validate(change, After(1h))) << change.key;
    const std::string id = world.Apply(change);
    ExpectTold(world.FindOne(Level::kAd, id), change, change.key);
  }
  const struct {
    const char* field;
    Change change;
  } bad[] = {
      {"images", ad("a", {{"images", Texts{wide}}})},
      {"images", ad("b", {{"images", Texts{wide, square}}, {"image", wide}})},
      {"image", ad("c", {})},
      {"thumbnail", ad("d", {{"image", wide}, {"thumbnail", still}})},
      {"headlines", ad("e", {{"images", Texts{wide, square, still}}})},
      {"headlines", ad("f", {{"images", Texts{wide, square}}, {"headlines", Texts{"A", "A"}}})},
      {"image", ad("g", {{"image", Str("00000000000000000000000000000000")}})},
  };
  for (const auto& [field, change] : bad) {
    const auto applied = world.writer().Apply(change, After(1h));
    ASSERT_FALSE(applied) << change.key;
    EXPECT_NE(applied.error().what.find("field \"" + std::string(field) + "\""), std::string::npos)
        << applied.error().what;
  }
  // What Meta cannot make into a video leaves nothing behind.
  const auto before = world.Count(Level::kAsset);
  EXPECT_EQ(world.writer()
                .Apply(Asset("text", "video", "I am a text and no film"), After(1h))
                .error()
                .platform_code,
            "352/1363024");
  EXPECT_EQ(world.Count(Level::kAsset), before);
  const auto broken =
      world.writer().Apply(Asset("broken", "video", Box("ftyp", "isom" + Number(0))), After(1h));
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code, Errc::kInvalidArgument);
  for (const auto& object : world.server->Objects(kAccount)) {
    EXPECT_EQ(object.name.starts_with("broken"), object.status == "DELETED") << object.name;
  }
}

TEST(MetaFieldsTest, APixelIsMadeOnceRenamedAndStays) {
  World world;
  const Change change = Create(
      Level::kConversion, "goal",
      {{"name", Str("Shop")}, {"kind", Str("pixel")}, {"conversion_event", Str("purchase")}});
  ASSERT_TRUE(world.writer().Validate(change, After(1h)));
  EXPECT_EQ(world.Count(Level::kConversion), 0);
  const std::string pixel = world.Apply(change);
  const Entity live = world.FindOne(Level::kConversion, pixel);
  ExpectTold(live, change, "pixel");
  EXPECT_EQ(TextField(live.fields, "tag"), pixel);
  EXPECT_EQ(TextField(live.fields, "status"), "active");
  const auto tree = world.reader().ReadAccount(kAccount, After(1h));
  ASSERT_TRUE(tree && tree->entities.size() == 1);
  EXPECT_EQ(tree->entities.front(), live);

  Change second = change;
  second.key = "second";
  const auto twice = world.writer().Apply(second, After(1h));
  ASSERT_FALSE(twice);
  EXPECT_EQ(twice.error().code, Errc::kConflict);
  EXPECT_EQ(twice.error().platform_code, "6200");
  EXPECT_NE(twice.error().what.find(pixel), std::string::npos) << twice.error().what;
  EXPECT_EQ(world.Count(Level::kConversion), 1);

  world.Apply(Update(Level::kConversion, pixel, {{"name", Str("Shop 2")}}));
  EXPECT_EQ(TextField(world.FindOne(Level::kConversion, pixel).fields, "name"), "Shop 2");
  for (const auto& [field, value] :
       std::map<std::string, FieldValue>{{"status", Word("removed")},
                                         {"counting", Word("one")},
                                         {"primary", true},
                                         {"attribution_click_days", Int{7}}}) {
    const auto refused =
        world.writer().Apply(Update(Level::kConversion, pixel, {{field, value}}), After(1h));
    ASSERT_FALSE(refused) << field;
    EXPECT_NE(refused.error().what.find("field \"" + field + "\""), std::string::npos);
  }
}

TEST(MetaFieldsTest, EuropeMustKnowWhoPays) {
  World world;
  const auto set_defaults = [&](const std::string& who) {
    const http::Request request{
        .method = "POST",
        .url = std::string(kOrigin) + "/v26.0/act_42",
        .headers = {{"Authorization", "Bearer good"},
                    {"Content-Type", "application/x-www-form-urlencoded"}},
        .body = http::EncodeForm({{"default_dsa_beneficiary", who},
                                  {"default_dsa_payor", who},
                                  {"appsecret_proof", meta::AppSecretProof("s3cret", "good")}})};
    const auto answer = world.wire->Send(request, After(1h));
    ASSERT_TRUE(answer && answer->status == 200) << (answer ? answer->body : "");
  };
  const std::string campaign = world.Apply(CampaignChange());
  set_defaults("");
  world.connector = world.Connect("v26.0");
  const auto refused = world.writer().Apply(GroupChange(campaign), After(1h));
  ASSERT_FALSE(refused);
  EXPECT_NE(refused.error().what.find("dsa_beneficiary"), std::string::npos)
      << refused.error().what;
  Change elsewhere = GroupChange(campaign);
  elsewhere.after["countries"] = Texts{"US"};
  const std::string group = world.Apply(elsewhere);
  EXPECT_FALSE(world.writer().Apply(Update(Level::kAdGroup, group, {{"countries", Texts{"FR"}}}),
                                    After(1h)));
  set_defaults("Shop GmbH");  // seen without a new connection
  world.Apply(Update(Level::kAdGroup, group, {{"countries", Texts{"FR"}}}));
  Change here = GroupChange(campaign);
  here.key = "here";
  world.Apply(here);
}

TEST(MetaFieldsTest, PlansThatLinkToWhatIsNotThereYetAreValid) {
  World world;
  const Tree tree = Launch(world, false);
  Change ad = AdChange(tree.group, "");
  ad.key = "linked";
  ad.after.erase("image");
  ad.links = {{"images", "library/a"}, {"images", "library/b"}};
  EXPECT_TRUE(world.writer().Validate(ad, After(1h)));
  ad.links = {{"video", "library/film"}, {"thumbnail", "library/still"}};
  EXPECT_TRUE(world.writer().Validate(ad, After(1h)));
  ad.links.clear();
  EXPECT_FALSE(world.writer().Validate(ad, After(1h)));
  Change group = GroupChange(tree.campaign);
  group.after.erase("pixel_id");
  group.links = {{"pixel_id", "pixel"}};
  EXPECT_TRUE(world.writer().Validate(group, After(1h)));
  group.after["age_min"] = Int{5};
  EXPECT_FALSE(world.writer().Validate(group, After(1h)));
}

TEST(MetaFieldsTest, EachOfABatchHasItsOwnTruth) {
  World world;
  const Tree tree = Launch(world, false);
  Change low = CampaignChange("low");
  low.after["daily_budget"] = Eur(1);
  Change odd = CampaignChange("odd");
  odd.after["objective"] = Word("fame");
  const std::vector<Change> changes{
      CampaignChange("first"), low, odd,
      Update(Level::kCampaign, tree.campaign, {{"daily_budget", Eur(7'700)}}),
      Update(Level::kAdGroup, "999", {{"status", Str("paused")}})};
  EXPECT_EQ(world.writer().batch_max(), 50);
  const auto results = world.writer().ApplyBatch(changes, After(1h));
  ASSERT_EQ(results.size(), 5u);
  ASSERT_TRUE(results[0]) << results[0].error().what;
  EXPECT_EQ(TextField(world.FindOne(Level::kCampaign, results[0]->id).fields, "name"),
            WithMarker("Spring", "first"));
  EXPECT_EQ(results[1].error().platform_code, "100/1885272");
  EXPECT_EQ(results[2].error().code, Errc::kInvalidArgument);
  ASSERT_TRUE(results[3]) << results[3].error().what;
  EXPECT_EQ(*MoneyField(world.FindOne(Level::kCampaign, tree.campaign).fields, "daily_budget"),
            Eur(7'700));
  EXPECT_EQ(results[4].error().code, Errc::kNotFound);

  // A lost answer says nothing about any of them.
  world.faults.Add({.fault = sim::Fault::kDropResponse, .method = "POST", .path = "/v26.0/"});
  const std::vector<Change> lost{CampaignChange("lost/1"), CampaignChange("lost/2")};
  const auto unknown = world.writer().ApplyBatch(lost, After(1h));
  world.faults.Clear();
  for (const auto& result : unknown) {
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().code, Errc::kUnknownOutcome);
  }
  for (const Change& change : lost) {
    const auto found = world.reader().Find(
        {.account = kAccount, .level = Level::kCampaign, .marker = MarkerOf(change.key), .ids = {}},
        After(1h));
    EXPECT_TRUE(found && found->size() == 1);
  }
}

TEST(MetaFieldsTest, HistoryTellsWhoChangedWhat) {
  World world;
  const Tree tree = Launch(world, false);
  const struct {
    Level level;
    std::string id;
    Fields fields;
    std::string actor;
  } edits[] = {
      {Level::kCampaign, tree.campaign, {{"daily_budget", Eur(30'000)}}, "ann@client.example"},
      {Level::kCampaign, tree.campaign, {{"name", Word("Mine")}}, "ann@client.example"},
      {Level::kAdGroup, tree.group, {{"countries", Texts{"CH"}}}, "bob@client.example"},
      {Level::kAdGroup, tree.group, {{"age_max", Int{40}}}, "bob@client.example"},
      {Level::kAdGroup, tree.group, {{"excluded_audiences", Texts{"5"}}}, "bob@client.example"},
      {Level::kAdGroup, tree.group, {{"pacing", Word("asap")}}, "bob@client.example"},
      {Level::kAd, tree.ad, {{"landing_url", Word("https://other.example/")}}, "eve@x.example"},
      {Level::kCampaign, tree.campaign, {{"status", Word("active")}}, "platform"},
  };
  for (const auto& edit : edits) {
    world.clock->AdvanceTo(world.clock->Now() + 1h);
    const Instant from = world.clock->Now();
    const auto done =
        world.server->HumanEdit(kAccount, edit.level, edit.id, edit.fields, edit.actor);
    ASSERT_TRUE(done) << done.error().what;
    const std::string& name = edit.fields.begin()->first;
    EXPECT_TRUE(SameField(name, world.FindOne(edit.level, edit.id).fields.at(name),
                          edit.fields.begin()->second))
        << name;
    const auto events = world.reader().ReadHistory(
        {.account = kAccount, .from = from, .to = world.clock->Now()}, After(1h));
    ASSERT_TRUE(events) << events.error().what;
    int seen = 0;
    for (const HistoryEvent& event : *events) {
      if (event.id != edit.id) continue;
      if (event.client_type.starts_with("ad_review")) continue;
      ++seen;
      EXPECT_EQ(event.actor, edit.actor);
      EXPECT_FALSE(event.ours);
      EXPECT_NE(std::ranges::find(event.changed_fields, name), event.changed_fields.end()) << name;
      // Meta describes a targeting, so that not all of it need be suspected.
      EXPECT_LE(event.changed_fields.size(), edit.level == Level::kAd ? 11u : 2u) << name;
      const auto detail = nlohmann::json::parse(event.detail);
      EXPECT_TRUE(detail.contains("old_value") && detail.contains("new_value")) << event.detail;
    }
    EXPECT_EQ(seen, 1) << name;
  }
}

// F1, F2: an amount arrives as it was meant in every currency, and none is rounded.
TEST(MetaFieldsTest, MinorUnitsOfEveryCurrency) {
  struct Case {
    const char* currency;
    std::int64_t units;       ///< whole units of the currency
    const char* on_the_wire;  ///< minor units, worked by hand from Meta's table of offsets
  };
  for (const Case& c : {
           Case{"EUR", 1'234, "123400"},
           Case{"USD", 1'234, "123400"},
           Case{"GBP", 1'234, "123400"},
           Case{"CHF", 1'234, "123400"},
           Case{"INR", 123'400, "12340000"},
           Case{"BRL", 1'234, "123400"},
           Case{"MXN", 12'340, "1234000"},
           Case{"TRY", 12'340, "1234000"},
           Case{"JPY", 123'400, "123400"},
           Case{"KRW", 1'234'000, "1234000"},
           Case{"CLP", 1'234'000, "1234000"},
           Case{"VND", 12'340'000, "12340000"},
           Case{"ISK", 123'400, "123400"},
           Case{"TWD", 12'340, "12340"},
           Case{"HUF", 123'400, "123400"},
           Case{"IDR", 12'340'000, "12340000"},
           Case{"COP", 1'234'000, "1234000"},
       }) {
    SCOPED_TRACE(c.currency);
    const Currency currency = *FindCurrency(c.currency);
    World world({{"v26.0", std::nullopt}}, currency);
    const Money money = Money::Micros(c.units * 1'000'000, currency);
    Change campaign = CampaignChange();
    campaign.after.erase("daily_budget");
    campaign.after.erase("bid_strategy");
    const std::string parent = world.Apply(campaign);
    Change group = GroupChange(parent);
    group.after["daily_budget"] = money;
    group.after["bid_strategy"] = Word("cost_cap");
    group.after["target_cpa"] = money;
    const std::string id = world.Apply(group);
    ExpectTold(world.FindOne(Level::kAdGroup, id), group, c.currency);
    const auto raw = world.wire->Send(
        {.method = "GET",
         .url = std::string(kOrigin) + "/v26.0/" + id + "?fields=daily_budget,bid_amount&" +
                http::EncodeForm({{"access_token", "good"},
                                  {"appsecret_proof", meta::AppSecretProof("s3cret", "good")}})},
        After(1h));
    ASSERT_TRUE(raw);
    const auto body = nlohmann::json::parse(raw->body);
    EXPECT_EQ(body["daily_budget"], c.on_the_wire) << raw->body;
    EXPECT_EQ(std::to_string(body["bid_amount"].get<std::int64_t>()), c.on_the_wire);

    // A part of the smallest unit is refused, never rounded.
    for (const char* field : {"daily_budget", "target_cpa"}) {
      Change odd = group;
      odd.key = std::string("odd/") + field;
      odd.after[field] = Money::Micros(c.units * 1'000'000 + 1, currency);
      const auto refused = world.writer().Apply(odd, After(1h));
      ASSERT_FALSE(refused);
      EXPECT_NE(refused.error().what.find(field), std::string::npos) << refused.error().what;
    }
  }
}

}  // namespace
}  // namespace maxopt
