#include "sim/shop/shop.h"

#include <gtest/gtest.h>

#include "stages/setup/tracking/tracking.h"

namespace maxopt::sim {
namespace {

constexpr const char* kQuery = "?utm_source=google&utm_campaign=spring&gclid=maxopt-test-click";

TEST(ShopTest, PagesCarryTheTagAndNothingOfTheQuery) {
  const auto shop = MakeShop({.collector_origin = "http://127.0.0.1:9"});
  for (const char* path : {"/", "/trails?x=<script>", "/products/ridge", "/thanks?order=7"}) {
    const http::Response page = shop({.url = path});
    EXPECT_EQ(page.status, 200) << path;
    EXPECT_NE(page.body.find("src=\"http://127.0.0.1:9/tag.js\" data-site=\"alpenglow\""),
              std::string::npos);
    EXPECT_EQ(page.body.find("x=<"), std::string::npos);
  }
  EXPECT_NE(shop({.url = "/thanks?order=7&value=5.50"}).body.find("value: '5.50'"),
            std::string::npos);
  EXPECT_NE(shop({.url = "/no-consent"}).body.find("data-consent=\"denied\""), std::string::npos);
  for (const char* path : {"/thanks?order=';alert(1)//", "/thanks?value=<b>"}) {
    EXPECT_EQ(shop({.url = path}).status, 400) << path;
  }
  EXPECT_EQ(shop({.url = "/nothing"}).status, 404);
  EXPECT_EQ(shop({.url = "/products/<b>"}).status, 404);
}

// Each broken page is seen by the landing check as what it is.
TEST(ShopTest, TheLandingCheckSeesEveryFault) {
  const auto shop = MakeShop({.slow = std::chrono::milliseconds(0)});
  const auto transport = http::MakeLoopbackTransport({{"http://127.0.0.1:8085", shop}});
  LandingOptions options;
  options.origin_map = {{"https://alpenglow.example", "http://127.0.0.1:8085"},
                        {"http://alpenglow.example", "http://127.0.0.1:8085"}};
  struct Case {
    const char* path;
    int status;
    bool survive, soft;
    std::optional<bool> tag;
    const char* what;
  };
  const Case cases[] = {
      {"/trails", 200, true, false, true, "all is well"},
      {"/broken/keep", 200, true, false, true, "all is well"},
      {"/broken/slow", 200, true, false, true, "all is well"},
      {"/broken/drop", 200, false, false, true, "lost on the way: utm_campaign, utm_source"},
      {"/broken/loop", 302, false, false, std::nullopt, "loop"},
      {"/broken/hop", 200, true, false, true, "from https back to http"},
      {"/broken/private", 302, false, false, std::nullopt, "not on the public internet"},
      {"/broken/soft404", 200, true, true, true, "page not found"},
      {"/broken/home", 200, true, true, true, "front page"},
      {"/broken/empty", 200, true, true, false, "the page is empty"},
      {"/broken/tagless", 200, true, false, false, "tag is not in the page"},
      {"/nothing", 404, true, false, std::nullopt, "answers 404"},
  };
  for (const Case& c : cases) {
    const LandingEvidence seen = CheckLanding(
        std::string("https://alpenglow.example") + c.path + kQuery, *transport, options);
    EXPECT_EQ(seen.status, c.status) << c.path << ": " << seen.what;
    EXPECT_EQ(seen.parameters_survive, c.survive) << c.path << ": " << seen.what;
    EXPECT_EQ(seen.click_id_survives, c.survive) << c.path << ": " << seen.what;
    EXPECT_EQ(seen.soft_error, c.soft) << c.path << ": " << seen.what;
    EXPECT_EQ(seen.tag_present, c.tag) << c.path << ": " << seen.what;
    EXPECT_NE(seen.what.find(c.what), std::string::npos) << c.path << ": " << seen.what;
  }
}

TEST(ShopTest, SlowAndHugePagesEnd) {
  const auto server = http::Serve(MakeShop({.slow = std::chrono::milliseconds(1'500)}));
  ASSERT_TRUE(server);
  LandingOptions options;
  options.origin_map = {{"https://alpenglow.example", (*server)->origin()}};
  const auto transport = MakeLandingTransport();
  const LandingEvidence huge =
      CheckLanding("https://alpenglow.example/broken/huge", *transport, options);
  EXPECT_NE(huge.what.find("longer than"), std::string::npos) << huge.what;
  options.timeout = std::chrono::milliseconds(300);
  const LandingEvidence slow =
      CheckLanding("https://alpenglow.example/broken/slow", *transport, options);
  EXPECT_FALSE(slow.answered);
  EXPECT_NE(slow.what.find("no page came"), std::string::npos) << slow.what;
}

}  // namespace
}  // namespace maxopt::sim
