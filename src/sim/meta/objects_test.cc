#include "sim/meta/fixture.h"

namespace maxopt::sim::meta {
namespace {

TEST_F(MetaTest, VersionsOtherThanLiveOnesAre2635) {
  for (const char* version : {"v19.0", "v99.0", "v26", "nonsense/v26.0"}) {
    const Answer answer =
        Send({.method = "GET", .url = std::string("/") + version + "/act_42?access_token=good"});
    EXPECT_EQ(answer.status, 400) << version;
    EXPECT_EQ(answer.code(), 2635) << version;
    EXPECT_NE(answer.message().find("v26.0"), std::string::npos);
  }
  EXPECT_EQ(Send({.method = "GET", .url = "/v21.0/act_42?access_token=good"}).status, 200);
  clock_.AdvanceTo(At("2027-01-21T00:00:00Z"));
  EXPECT_EQ(Send({.method = "GET", .url = "/v21.0/act_42?access_token=good"}).code(), 2635);
}

TEST_F(MetaTest, TokensByQueryBearerAndBody) {
  const auto get = [&](const std::string& query, http::Headers headers) {
    return Send({.method = "GET", .url = "/v26.0/act_42" + query, .headers = std::move(headers)});
  };
  EXPECT_EQ(get("", {}).code(), 104);
  EXPECT_EQ(get("?access_token=bad", {}).code(), 190);
  EXPECT_EQ(get("?access_token=old", {}).subcode(), 463);
  EXPECT_EQ(get("?access_token=good", {}).status, 200);
  EXPECT_EQ(get("", {{"authorization", "Bearer good"}}).status, 200);
  const Answer me = Send({.method = "GET", .url = "/v26.0/me"});
  EXPECT_EQ(me.code(), 2500);
  const Answer error = get("", {});
  EXPECT_TRUE(error.body["error"]["fbtrace_id"].is_string());
  EXPECT_EQ(error.body["error"]["type"], "OAuthException");
}

TEST_F(MetaTest, AppSecretProofIsCheckedWhenThereIsASecret) {
  Start({}, kEur, {{"app_secret", "s3cret"}});
  EXPECT_EQ(Get("act_42").code(), 100);
  EXPECT_EQ(Get("act_42", {{"appsecret_proof", "00"}}).code(), 100);
  // RFC 2104 over SHA-256, worked with another tool: key "s3cret", message "good".
  EXPECT_EQ(Get("act_42", {{"appsecret_proof", HmacSha256Hex("s3cret", "good")}}).status, 200);
  EXPECT_EQ(HmacSha256Hex("key", "The quick brown fox jumps over the lazy dog"),
            "f7bc83f430538424b13298e6aa6fb143ef4d59a14946175997479dbc2d1a3cd8");
}

TEST_F(MetaTest, DebugTokenTellsWhichTokenIsGood) {
  EXPECT_EQ(Get("debug_token", {{"input_token", "good"}}).body["data"]["is_valid"], true);
  const Answer old = Get("debug_token", {{"input_token", "old"}});
  EXPECT_EQ(old.body["data"]["is_valid"], false);
  EXPECT_EQ(old.body["data"]["error"]["subcode"], 463);
}

TEST_F(MetaTest, ReadsGiveOnlyTheIdUnlessFieldsAreAsked) {
  const std::string id = Campaign();
  EXPECT_EQ(id.size(), 18u);
  EXPECT_EQ(Get(id).body, Json({{"id", id}}));
  const Answer answer = Get(id, {{"fields", "name,status,account_id,objective,created_time"}});
  EXPECT_EQ(answer.body["name"], "Spring");
  EXPECT_EQ(answer.body["account_id"], "42");
  EXPECT_EQ(answer.body["created_time"], "2026-09-01T10:00:00+0200");
  EXPECT_FALSE(answer.body.contains("daily_budget"));
  EXPECT_EQ(Get(id, {{"fields", "colour"}}).code(), 100);
  EXPECT_EQ(Get(id, {{"fields", "name,{id}"}}).code(), 2500);
  EXPECT_EQ(Get(id, {{"fields", "name("}}).code(), 2500);
  EXPECT_EQ(Get(id, {{"fields", R"(["name"])"}}).body["name"], "Spring");
}

TEST_F(MetaTest, NestedFieldsFollowTheTree) {
  const std::string campaign = Campaign();
  const std::string adset = AdSet(campaign);
  const std::string ad = Ad(adset);
  const Answer answer = Get(ad, {{"fields",
                                  "name,adset{id,name,campaign{objective}},creative{body,title,"
                                  "image_hash,call_to_action_type,object_story_spec},campaign"}});
  EXPECT_EQ(answer.body["adset"]["name"], "Women");
  EXPECT_EQ(answer.body["adset"]["campaign"]["objective"], "OUTCOME_SALES");
  EXPECT_EQ(answer.body["campaign"], Json({{"id", campaign}}));
  EXPECT_EQ(answer.body["creative"]["body"], "New shoes");
  EXPECT_EQ(answer.body["creative"]["title"], "Shoes");
  EXPECT_EQ(answer.body["creative"]["call_to_action_type"], "SHOP_NOW");
  EXPECT_EQ(answer.body["creative"]["object_story_spec"]["page_id"], "9");
  const Answer down = Get(campaign, {{"fields", "adsets.limit(1){name},ads{id}"}});
  EXPECT_EQ(down.body["adsets"]["data"][0]["name"], "Women");
  EXPECT_EQ(down.body["ads"]["data"][0]["id"], ad);
}

TEST_F(MetaTest, TheSameCreateInThreeEncodings) {
  const Pairs form = {
      {"name", "Spring & Söhne"}, {"objective", "OUTCOME_SALES"}, {"special_ad_categories", "[]"},
      {"daily_budget", "5000"},   {"status", "PAUSED"},           {"access_token", "good"}};
  const Answer by_form = Send({.method = "POST",
                               .url = "/v26.0/act_42/campaigns",
                               .headers = {{"content-type", "application/x-www-form-urlencoded"}},
                               .body = http::EncodeForm(form)});
  std::vector<http::Part> parts;
  Json json;
  for (const auto& [name, value] : form) {
    parts.push_back({name, "", "", value});
    json[name] = value;
  }
  json["special_ad_categories"] = Json::array();
  const auto [type, body] = http::EncodeMultipart(parts);
  const Answer by_parts = Send({.method = "POST",
                                .url = "/v26.0/act_42/campaigns",
                                .headers = {{"content-type", type}},
                                .body = body});
  const Answer by_json = Post("act_42/campaigns", json);
  for (const Answer& made : {by_form, by_parts, by_json}) {
    ASSERT_EQ(made.status, 200) << made.body;
    const Answer read = Get(made.id(), {{"fields", "name,daily_budget,special_ad_categories"}});
    EXPECT_EQ(read.body["name"], "Spring & Söhne");
    EXPECT_EQ(read.body["daily_budget"], "5000");  // minor units, as text
    EXPECT_EQ(read.body["special_ad_categories"], Json::array());
  }
}

TEST_F(MetaTest, NonsenseIsRefusedAndNeverCrashes) {
  const http::Headers json = {{"content-type", "application/json"},
                              {"Authorization", "Bearer good"}};
  std::string deep(5'000, '[');
  for (const std::string& body : {std::string("{"), std::string("[]"), std::string("null"), deep,
                                  "{\"name\":" + deep, std::string("{\"name\":\"\xff\"}")}) {
    const Answer answer =
        Send({.method = "POST", .url = "/v26.0/act_42/campaigns", .headers = json, .body = body});
    EXPECT_EQ(answer.code(), 100) << body.substr(0, 20);
  }
  const Answer form =
      Send({.method = "POST",
            .url = "/v26.0/act_42/campaigns?access_token=good",
            .headers = {{"content-type", "application/x-www-form-urlencoded"}},
            .body = "name=%ff%fe&objective=OUTCOME_SALES&special_ad_categories=[]"});
  EXPECT_EQ(form.code(), 100);
  EXPECT_EQ(Get("act_42/campaigns", {{"limit", "-1"}}).code(), 100);
  EXPECT_EQ(Get("act_42/campaigns", {{"limit", "many"}}).code(), 100);
  EXPECT_EQ(Get("act_42/campaigns", {{"after", "%%%"}}).code(), 100);
  EXPECT_EQ(Get("act_42/campaigns", {{"filtering", "{"}}).code(), 100);
  EXPECT_EQ(Get("act_42/sausages").code(), 2500);
  EXPECT_EQ(Get("act_42/campaigns/more").code(), 2500);
  EXPECT_EQ(Send({.method = "PATCH", .url = "/v26.0/act_42?access_token=good"}).code(), 100);
  EXPECT_TRUE(server_->Objects({Platform::kMeta, "42"}).empty());
}

TEST_F(MetaTest, UnknownObjectsAre100And33) {
  for (const char* id : {"120210000000999999", "act_7", "1", "42"}) {
    const Answer answer = Get(id);
    EXPECT_EQ(answer.code(), 100) << id;
    EXPECT_EQ(answer.subcode(), 33) << id;
    EXPECT_EQ(answer.status, 400);
  }
  EXPECT_EQ(Delete("120210000000999999").subcode(), 33);
}

TEST_F(MetaTest, ListsPageThroughAbsoluteLinks) {
  std::vector<std::string> made;
  for (int i = 0; i < 7; ++i) made.push_back(Campaign({{"name", fmt::format("C{}", i)}}));
  std::vector<std::string> seen;
  Answer page = Get("act_42/campaigns", {{"fields", "name"}, {"limit", "3"}});
  EXPECT_FALSE(page.body["paging"].contains("previous"));
  int pages = 0;
  for (;; ++pages) {
    for (const Json& item : page.body["data"]) seen.push_back(item["id"].get<std::string>());
    if (!page.body["paging"].contains("next")) break;
    const std::string next = page.body["paging"]["next"].get<std::string>();
    EXPECT_NE(next.find("access_token=good"), std::string::npos);
    EXPECT_NE(next.find("fields=name"), std::string::npos);
    // What goes away between two pages must not break the list.
    if (pages == 0) {
      EXPECT_EQ(Delete(seen.back()).body["success"], true);
    }
    page = Url(next);
    ASSERT_EQ(page.status, 200) << page.body;
  }
  EXPECT_EQ(pages, 2);
  std::ranges::reverse(made);  // newest first
  EXPECT_EQ(seen, made);
  const Answer back = Url(page.body["paging"]["previous"].get<std::string>());
  EXPECT_EQ(back.body["data"].size(), 3u);

  EXPECT_EQ(Get("act_42/campaigns").body["data"].size(), 6u);
  EXPECT_EQ(Get("act_42/campaigns", {{"limit", "6000"}}).code(), 1);
  EXPECT_EQ(Get("act_42/campaigns", {{"summary", "true"}}).body["summary"]["total_count"], 6);
  EXPECT_EQ(Get("act_42/ads").body, Json({{"data", Json::array()}}));
}

TEST_F(MetaTest, LinksLeaveOutATokenThatCameInAHeader) {
  Campaign();
  Campaign();
  const Answer page = Send({.method = "GET",
                            .url = "/v26.0/act_42/campaigns?limit=1",
                            .headers = {{"Authorization", "Bearer good"}}});
  const std::string next = page.body["paging"]["next"].get<std::string>();
  EXPECT_TRUE(next.starts_with("http://graph.sim/v26.0/act_42/campaigns?limit=1&after=")) << next;
  EXPECT_EQ(next.find("access_token"), std::string::npos);
}

TEST_F(MetaTest, GoneObjectsShowOnlyWhenAskedFor) {
  const std::string kept = Campaign({{"name", "kept"}});
  const std::string deleted = Campaign({{"name", "deleted"}});
  const std::string archived = Campaign({{"name", "archived"}});
  EXPECT_EQ(Delete(deleted).body, Json({{"success", true}}));
  EXPECT_EQ(Post(archived, {{"status", "ARCHIVED"}}).status, 200);
  const auto ids = [&](Pairs query) {
    std::vector<std::string> out;
    const Answer list = Get("act_42/campaigns", std::move(query));
    for (const Json& item : list.body["data"]) {
      out.push_back(item["id"].get<std::string>());
    }
    return out;
  };
  using Ids = std::vector<std::string>;
  EXPECT_EQ(ids({}), Ids({kept}));
  EXPECT_EQ(ids({{"effective_status", R"(["DELETED","ARCHIVED"])"}}), Ids({archived, deleted}));
  EXPECT_EQ(
      ids({{"filtering", R"([{"field":"campaign.name","operator":"CONTAIN","value":"ep"}])"}}),
      Ids({kept}));
  EXPECT_EQ(ids({{"filtering", R"([{"field":"id","operator":"IN","value":[")" + kept + "\"]}]"}}),
            Ids({kept}));
  EXPECT_EQ(Get("act_42/campaigns", {{"effective_status", R"(["ASLEEP"])"}}).code(), 100);
  EXPECT_EQ(Field(deleted, "effective_status"), "DELETED");
  EXPECT_EQ(Post(deleted, {{"name", "back"}}).code(), 100);
  EXPECT_EQ(Post(archived, {{"status", "DELETED"}}).status, 200);
  EXPECT_EQ(server_->Objects({Platform::kMeta, "42"}).size(), 3u);
}

TEST_F(MetaTest, DeletingACampaignTakesItsTreeAlong) {
  const Tree tree = Running();
  EXPECT_EQ(Delete(tree.campaign).status, 200);
  EXPECT_EQ(Field(tree.adset, "status"), "DELETED");
  EXPECT_EQ(Field(tree.ad, "effective_status"), "DELETED");
  EXPECT_EQ(Post("act_42/adsets", AdSetBody(tree.campaign)).code(), 100);
}

TEST_F(MetaTest, ManyObjectsByIds) {
  const std::string one = Campaign();
  const std::string two = Campaign({{"name", "Two"}});
  const Answer answer = Get("", {{"ids", one + "," + two}, {"fields", "name"}});
  EXPECT_EQ(answer.body[one]["name"], "Spring");
  EXPECT_EQ(answer.body[two]["name"], "Two");
  EXPECT_EQ(Get("", {{"ids", one + ",5"}}).subcode(), 33);
}

TEST_F(MetaTest, ImagesHaveTheDigestOfTheirContent) {
  const std::string png = Png(1200, 628);
  const Answer first = Post("act_42/adimages", {{"bytes", Base64(png)}});
  const Json image = first.body["images"]["bytes"];
  EXPECT_EQ(image["hash"], Md5Hex(png));
  EXPECT_EQ(image["width"], 1200);
  EXPECT_EQ(image["height"], 628);
  EXPECT_EQ(Post("act_42/adimages", {{"bytes", Base64(png)}}).body["images"]["bytes"]["hash"],
            image["hash"]);
  EXPECT_EQ(server_->Objects({Platform::kMeta, "42"}).size(), 1u);

  const auto [type, body] =
      http::EncodeMultipart({{"filename", "shoe.png", "image/png", Png(10, 20)}});
  const Answer file = Send({.method = "POST",
                            .url = "/v26.0/act_42/adimages?access_token=good",
                            .headers = {{"content-type", type}},
                            .body = body});
  EXPECT_EQ(file.body["images"]["shoe.png"]["height"], 20);

  // A JPEG: start, an APP0 segment of 4 bytes, then the frame: 480 high, 640 wide.
  const std::string jpeg(
      "\xff\xd8\xff\xe0\x00\x04"
      "ab"
      "\xff\xc0\x00\x11\x08\x01\xe0\x02\x80",
      17);
  EXPECT_EQ(Post("act_42/adimages", {{"bytes", Base64(jpeg)}}).body["images"]["bytes"]["width"],
            640);
  for (const std::string& bad :
       {std::string(), std::string("hello"), Png(0, 5), Png(9, 9).substr(0, 20), jpeg.substr(0, 12),
        std::string("GIF89a")}) {
    EXPECT_EQ(Post("act_42/adimages", {{"bytes", Base64(bad)}}).code(), 100);
  }
  EXPECT_EQ(Post("act_42/adimages", {{"bytes", "*** not base64"}}).code(), 100);
  EXPECT_EQ(Post("act_42/adimages", Json::object()).code(), 100);

  const Answer list = Get("act_42/adimages", {{"fields", "hash,width"},
                                              {"hashes", Json::array({image["hash"]}).dump()}});
  ASSERT_EQ(list.body["data"].size(), 1u);
  EXPECT_EQ(list.body["data"][0]["width"], 1200);
  EXPECT_EQ(Post("act_42/adimages", {{"hash", image["hash"]}}, "DELETE").status, 200);
  EXPECT_EQ(Post("act_42/adimages", {{"hash", "none"}}, "DELETE").code(), 100);
}

TEST_F(MetaTest, CreativesNeedWhatPeopleSee) {
  const auto create = [&](const Json& story) {
    return Post("act_42/adcreatives", {{"name", "C"}, {"object_story_spec", story}});
  };
  const Json good = StoryBody();
  EXPECT_EQ(create(good).status, 200);
  Json bad = good;
  bad.erase("page_id");
  EXPECT_EQ(create(bad).code(), 100);
  for (const char* link : {"http://shop.example", "https://", "shop", "https://no dots/ "}) {
    bad = good;
    bad["link_data"]["link"] = link;
    EXPECT_EQ(create(bad).code(), 100) << link;
  }
  bad = good;
  bad["link_data"]["image_hash"] = "d41d8cd98f00b204e9800998ecf8427e";
  EXPECT_EQ(create(bad).subcode(), 1487411);
  bad = good;
  bad["link_data"]["call_to_action"]["type"] = "DANCE";
  EXPECT_NE(create(bad).message().find("SHOP_NOW"), std::string::npos);
  EXPECT_EQ(create("nonsense").code(), 100);
  EXPECT_EQ(Post("act_42/adcreatives", {{"name", "C"}}).code(), 100);
  const Json feed = {{"titles", {{{"text", "A"}}, {{"text", "B"}}}},
                     {"bodies", {{{"text", "Body"}}}},
                     {"images", {{{"hash", hash_}}}},
                     {"link_urls", {{{"website_url", "https://shop.example"}}}},
                     {"ad_formats", {"SINGLE_IMAGE"}}};
  const Answer dynamic =
      Post("act_42/adcreatives",
           {{"name", "F"}, {"object_story_spec", {{"page_id", "9"}}}, {"asset_feed_spec", feed}});
  ASSERT_EQ(dynamic.status, 200) << dynamic.body;
  const Answer read = Get(dynamic.id(), {{"fields", "asset_feed_spec"}});
  EXPECT_EQ(read.body["asset_feed_spec"]["titles"][1]["text"], "B");

  const Answer video = Post("act_42/advideos", {{"file_url", "https://cdn.example/a.mp4"}});
  const Json film = {
      {"page_id", "9"},
      {"video_data", {{"video_id", video.id()}, {"image_hash", hash_}, {"message", "Look"}}}};
  EXPECT_EQ(create(film).subcode(), 1885252);  // still being processed
  EXPECT_EQ(Get(video.id(), {{"fields", "status"}}).body["status"]["video_status"], "processing");
  clock_.AdvanceTo(clock_.Now() + std::chrono::seconds(5));
  EXPECT_EQ(Get(video.id(), {{"fields", "status"}}).body["status"]["video_status"], "ready");
  const Answer with_video = create(film);
  ASSERT_EQ(with_video.status, 200) << with_video.body;
  EXPECT_EQ(Field(with_video.id(), "object_type"), "VIDEO");
  EXPECT_EQ(create({{"page_id", "9"}, {"video_data", {{"video_id", "5"}}}}).code(), 100);
}

TEST_F(MetaTest, CarouselsHaveTwoToTenCardsWithPictures) {
  StoryBody();
  const auto carousel = [&](std::size_t cards, const std::string& hash) {
    Json list = Json::array();
    for (std::size_t i = 0; i < cards; ++i) {
      list.push_back({{"link", "https://shop.example/"}, {"image_hash", hash}, {"name", "Card"}});
    }
    return Post(
        "act_42/adcreatives",
        {{"name", "C"},
         {"object_story_spec",
          {{"page_id", "9"},
           {"link_data", {{"link", "https://shop.example/"}, {"child_attachments", list}}}}}});
  };
  EXPECT_EQ(carousel(2, hash_).status, 200);
  EXPECT_EQ(carousel(10, hash_).status, 200);
  EXPECT_EQ(carousel(1, hash_).code(), 100);
  EXPECT_EQ(carousel(11, hash_).code(), 100);
  EXPECT_EQ(carousel(2, "0123").subcode(), 1487411);
  const Answer small = Post("act_42/adimages", {{"bytes", Base64(Png(253, 200))}});
  EXPECT_EQ(carousel(2, small.body["images"]["bytes"]["hash"].get<std::string>()).subcode(),
            1487472);
}

TEST_F(MetaTest, AnAccountHasOnePixelThatStays) {
  const Answer pixel = Post("act_42/adspixels", {{"name", "Shop"}});
  ASSERT_EQ(pixel.status, 200) << pixel.body;
  EXPECT_EQ(Post("act_42/adspixels", {{"name", "Second"}}).code(), 6200);
  EXPECT_EQ(Post(pixel.id(), {{"name", "Renamed"}}).id(), pixel.id());
  const Answer list = Get("act_42/adspixels", {{"fields", "id,name,creation_time,code"}});
  ASSERT_EQ(list.body["data"].size(), 1u) << list.body;
  EXPECT_EQ(list.body["data"][0]["name"], "Renamed");
  EXPECT_NE(list.body["data"][0]["code"].get<std::string>().find(pixel.id()), std::string::npos);
  EXPECT_EQ(Get(pixel.id(), {{"fields", "account_id"}}).code(), 100);  // it has no such field
  EXPECT_EQ(Delete(pixel.id()).code(), 100);
}

TEST_F(MetaTest, EuropeMustKnowWhoPays) {
  const std::string campaign = Campaign();
  EXPECT_EQ(Field(AdSet(campaign), "dsa_payor"), "Shop");  // the account's default
  EXPECT_EQ(Post("act_42", {{"default_dsa_payor", ""}, {"default_dsa_beneficiary", ""}}).status,
            200);
  EXPECT_FALSE(Get("act_42", {{"fields", "default_dsa_payor"}}).body.contains("default_dsa_payor"));
  EXPECT_EQ(Post("act_42/adsets", AdSetBody(campaign)).subcode(), 3858081);
  Json own = AdSetBody(campaign);
  own["dsa_beneficiary"] = "Shop GmbH";
  own["dsa_payor"] = "Agency";
  const Answer made = Post("act_42/adsets", own);
  EXPECT_EQ(made.status, 200) << made.body;
  EXPECT_EQ(Field(made.id(), "dsa_payor"), "Agency");
  Json elsewhere = AdSetBody(campaign);
  elsewhere["targeting"] = {{"geo_locations", {{"countries", {"US"}}}}};
  EXPECT_EQ(Post("act_42/adsets", elsewhere).status, 200);
  elsewhere["targeting"] = {{"geo_locations", {{"regions", {{{"key", "1290"}}}}}}};  // Bavaria
  EXPECT_EQ(Post("act_42/adsets", elsewhere).subcode(), 3858081);
}

TEST_F(MetaTest, SpecialCategoriesRestrict) {
  const std::string housing =
      Campaign({{"special_ad_categories", {"HOUSING"}}, {"special_ad_category_country", {"US"}}});
  Json body = AdSetBody(housing);
  EXPECT_EQ(Post("act_42/adsets", body).subcode(), 2909034);  // Germany is not the US
  body["targeting"] = {{"geo_locations", {{"countries", {"US"}}}}, {"age_min", 25}};
  EXPECT_EQ(Post("act_42/adsets", body).subcode(), 2909034);
  body["targeting"] = {{"geo_locations", {{"countries", {"US"}}}}};
  EXPECT_EQ(Post("act_42/adsets", body).status, 200);

  Json politics = CampaignBody();
  politics["special_ad_categories"] = {"ISSUES_ELECTIONS_POLITICS"};
  EXPECT_EQ(Post("act_42/campaigns", politics).subcode(), 2909034);
  politics["special_ad_category_country"] = {"DE"};
  EXPECT_EQ(Post("act_42/campaigns", politics).subcode(), 2909034);
  politics["special_ad_category_country"] = {"US"};
  EXPECT_EQ(Post("act_42/campaigns", politics).status, 200);
}

TEST_F(MetaTest, WhatIsNoVideoIsRefused) {
  const Answer text = Post("act_42/advideos", {{"source", "hello, I am a text"}});
  EXPECT_EQ(text.code(), 352);
  EXPECT_EQ(text.subcode(), 1363024);
  // ftyp and no moov: taken, and broken once it was looked into.
  const std::string ftyp(
      "\0\0\0\x10"
      "ftypisom\0\0\0\0",
      16);
  const Answer broken = Post("act_42/advideos", {{"source", ftyp}, {"title", "B"}});
  ASSERT_EQ(broken.status, 200) << broken.body;
  clock_.AdvanceTo(clock_.Now() + std::chrono::seconds(5));
  EXPECT_EQ(Get(broken.id(), {{"fields", "status"}}).body["status"]["video_status"], "error");
  EXPECT_EQ(Delete(broken.id()).status, 200);
}

TEST_F(MetaTest, AccountFieldsAndTheRest) {
  const Answer account =
      Get("act_42", {{"fields",
                      "account_id,name,currency,timezone_name,account_status,"
                      "amount_spent,min_daily_budget,timezone_offset_hours_utc,owner"}});
  EXPECT_EQ(account.body["id"], "act_42");
  EXPECT_EQ(account.body["account_id"], "42");
  EXPECT_EQ(account.body["currency"], "EUR");
  EXPECT_EQ(account.body["timezone_name"], "Europe/Berlin");
  EXPECT_EQ(account.body["account_status"], 1);
  EXPECT_EQ(account.body["amount_spent"], "0");
  EXPECT_EQ(account.body["min_daily_budget"], 100);
  EXPECT_EQ(account.body["timezone_offset_hours_utc"], 2.0);
  EXPECT_FALSE(account.body.contains("owner"));
  const Answer mine = Get("me/adaccounts", {{"fields", "currency"}});
  EXPECT_EQ(mine.body["data"][0], Json({{"currency", "EUR"}, {"id", "act_42"}}));
  const Answer minimums = Get("act_42/minimum_budgets");
  const auto& data = minimums.body["data"];
  const auto jpy = std::ranges::find_if(data, [](const Json& m) { return m["currency"] == "JPY"; });
  ASSERT_NE(jpy, data.end());
  EXPECT_EQ((*jpy)["min_daily_budget_imp"], 100);  // yen have no minor unit
  const Answer places = Get("search", {{"type", "adgeolocation"}, {"q", "germ"}});
  EXPECT_EQ(places.body["data"][0]["key"], "DE");
  EXPECT_EQ(Get("search", {{"type", "unicorn"}}).code(), 100);
}

TEST_F(MetaTest, ABatchAnswersEachAndResolvesReferences) {
  const Json batch = {
      {{"method", "POST"},
       {"relative_url", "v26.0/act_42/campaigns"},
       {"name", "c1"},
       {"body",
        "name=A&objective=OUTCOME_SALES&special_ad_categories=[]&daily_budget=5000&status=PAUSED"}},
      {{"method", "GET"}, {"relative_url", "v26.0/{result=c1:$.id}?fields=name,daily_budget"}},
      {{"method", "GET"}, {"relative_url", "act_42/campaigns?fields=id"}},
      {{"method", "GET"}, {"relative_url", "v26.0/7"}, {"name", "lost"}},
      {{"method", "GET"}, {"relative_url", "v26.0/act_42"}, {"depends_on", "lost"}}};
  const Answer answer = Post("", {{"batch", batch}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  ASSERT_EQ(answer.body.size(), 5u);
  EXPECT_TRUE(answer.body[0].is_null());  // left out, as others depend on it
  EXPECT_EQ(answer.body[1]["code"], 200);
  const Json read = ParseJson(answer.body[1]["body"].get<std::string>()).value();
  EXPECT_EQ(read["name"], "A");
  EXPECT_EQ(read["daily_budget"], "5000");
  EXPECT_EQ(ParseJson(answer.body[2]["body"].get<std::string>()).value()["data"].size(), 1u);
  EXPECT_EQ(answer.body[3]["code"], 400);
  EXPECT_TRUE(answer.body[4].is_null());
  EXPECT_TRUE(answer.body[1]["headers"].is_array());

  const Answer form = Send(
      {.method = "POST",
       .url = "/",
       .headers = {{"content-type", "application/x-www-form-urlencoded"}},
       .body = http::EncodeForm(
           {{"access_token", "good"}, {"include_headers", "false"}, {"batch", batch.dump()}})});
  ASSERT_EQ(form.body.size(), 5u) << form.body;
  EXPECT_FALSE(form.body[1].contains("headers"));
  EXPECT_EQ(form.body[2]["code"], 400);  // no version anywhere: 2635

  Json many = Json::array();
  for (int i = 0; i < 51; ++i) many.push_back({{"relative_url", "act_42"}});
  EXPECT_EQ(Post("", {{"batch", many}}).code(), 100);
  EXPECT_EQ(Post("", {{"batch", "nonsense"}}).code(), 100);
  EXPECT_EQ(Post("", {{"batch", {1, 2}}}).code(), 100);
}

TEST_F(MetaTest, QuotasAreCountedByAccountAndClockHour) {
  Start({.management_calls_per_hour = 4,
         .management_calls_per_active_ad = 0,
         .insights_calls_per_hour = 1,
         .insights_calls_per_active_ad = 0});
  for (int i = 1; i <= 4; ++i) {
    const Answer answer = Get("act_42");
    EXPECT_EQ(answer.status, 200);
    const Json usage =
        ParseJson(http::FindHeader(answer.headers, "x-business-use-case-usage").value()).value();
    EXPECT_EQ(usage["42"][0]["call_count"], i * 25);
    EXPECT_EQ(usage["42"][0]["type"], "ads_management");
    EXPECT_TRUE(http::FindHeader(answer.headers, "x-ad-account-usage").has_value());
    EXPECT_TRUE(http::FindHeader(answer.headers, "x-fb-ads-insights-throttle").has_value());
  }
  const Answer refused = Get("act_42");
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), 80004);
  EXPECT_EQ(refused.subcode(), 2446079);
  const Json usage =
      ParseJson(http::FindHeader(refused.headers, "x-business-use-case-usage").value()).value();
  EXPECT_EQ(usage["42"][0]["estimated_time_to_regain_access"], 60);  // 08:00 now
  EXPECT_EQ(Get("act_42/insights").status, 200);
  EXPECT_EQ(Get("act_42/insights").code(), 80000);
  clock_.AdvanceTo(At("2026-09-01T09:00:00Z"));
  EXPECT_EQ(Get("act_42").status, 200);
}

}  // namespace
}  // namespace maxopt::sim::meta
