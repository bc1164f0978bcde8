// The first-party tag in a real browser.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <mutex>

#include "app/serve/serve.h"
#include "sim/shop/shop.h"
#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr const char* kSite = "https://alpenglow.example";
constexpr const char* kQuery =
    "?utm_source=google&utm_medium=cpc&utm_campaign=Spring%20trails"
    "&gclid=Click-1&q=private";

/// Browser, shop and collector, each on its own port; the shop stands for alpenglow.example.
class BrowserTest : public testing::Test {
 protected:
  BrowserTest() {
    char folder[] = "/tmp/maxopt-browser-test-XXXXXX";
    folder_ = ::mkdtemp(folder);
    store_ = *EventStore::Open(folder_ + "/events");
    TrackingConfig config;
    config.sites = {
        {.site = "alpenglow", .client = "Alpenglow", .origins = {"http://alpenglow.example"}}};
    // A person's browser is not headless, and those that are are kept apart as bots.
    const http::Handler collector =
        [inner = MakeCollector(config, *store_, clock_)](const http::Request& seen) {
          http::Request request = seen;
          for (auto& [name, value] : request.headers) {
            const std::size_t at = value.find("HeadlessChrome");
            if (at != std::string::npos) value.erase(at, 8);
          }
          return inner(request);
        };
    collector_ = *http::Serve([this, collector](const http::Request& request) {
      const http::Response response = http::Settle(collector(request));
      const std::lock_guard lock(mutex_);
      told_.push_back({request, response.status});
      return response;
    });
    shop_ = *http::Serve([this](const http::Request& request) {
      {
        const std::lock_guard lock(mutex_);
        asked_.push_back(request.url);
        const auto page = pages_.find(request.url.substr(0, request.url.find('?')));
        if (page != pages_.end()) {
          return http::Response{.headers = {{"Content-Type", "text/html"}}, .body = page->second};
        }
      }
      return sim::MakeShop({.collector_origin = collector_->origin()})(request);
    });
  }
  ~BrowserTest() override {
    shop_.reset();
    collector_.reset();
    store_.reset();
    std::filesystem::remove_all(folder_);
  }

  std::string TagOf(const std::string& consent) const {
    return fmt::format(
        "<script>window.maxopt=function(){{(maxopt.q=maxopt.q||[]).push(arguments)}}</script>"
        "<script src='{}/tag.js' data-site=alpenglow data-consent={}></script>",
        collector_->origin(), consent);
  }
  void AddPage(const std::string& path, const std::string& html) {
    const std::lock_guard lock(mutex_);
    pages_[path] = html;
  }

  /// Loads a page until `arrived`, or until the browser is done with it.
  std::optional<bool> Load(const std::string& path, const std::string& probe,
                           const std::function<bool()>& arrived) {
    BrowserOptions options;
    options.origin_map = {{kSite, shop_->origin()}};
    options.collector_origin = collector_->origin();
    options.timeout = std::chrono::seconds(120);
    const auto fired = FireInBrowser(
        kSite + path, probe, [&]() -> Result<bool> { return arrived(); }, options);
    EXPECT_TRUE(fired) << fired.error().what;
    return fired ? *fired : std::nullopt;
  }
  std::optional<TrackedEvent> Find(const std::string& name, const std::string& id) {
    const auto found = store_->Find("alpenglow", name, id);
    EXPECT_TRUE(found) << found.error().what;
    return found ? *found : std::nullopt;
  }
  std::vector<TrackedEvent> Events() { return *store_->List(0, 1000); }
  /// Whether a page asked the shop for this; how pages tell tests what they see.
  bool Asked(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return std::ranges::any_of(
        asked_, [&](const std::string& url) { return url.find(part) != std::string::npos; });
  }
  /// Bodies and URLs that reached the collector with `part` in them.
  int Told(const std::string& part) {
    const std::lock_guard lock(mutex_);
    return static_cast<int>(std::ranges::count_if(told_, [&](const auto& told) {
      return (told.first.url + told.first.body).find(part) != std::string::npos;
    }));
  }

  std::string folder_;
  RealClock clock_;
  std::unique_ptr<EventStore> store_;
  std::mutex mutex_;
  std::map<std::string, std::string> pages_;         // guarded by mutex_
  std::vector<std::string> asked_;                   // guarded by mutex_
  std::vector<std::pair<http::Request, int>> told_;  // guarded by mutex_
  std::unique_ptr<http::Server> collector_, shop_;
};

TEST_F(BrowserTest, APageViewArrivesWithParametersAndClickId) {
  const auto fired = Load(std::string("/trails") + kQuery, "p1",
                          [&] { return Find("page_view", "probe-p1").has_value(); });
  if (!fired) GTEST_SKIP() << "no Chromium is installed";
  ASSERT_EQ(fired, true);
  const auto event = Find("page_view", "probe-p1");
  ASSERT_TRUE(event);
  EXPECT_EQ(event->via, "tag");
  EXPECT_TRUE(event->probe);
  EXPECT_TRUE(event->consent);
  EXPECT_EQ(event->url, "http://alpenglow.example/trails");
  EXPECT_EQ(event->utm, (std::map<std::string, std::string>{{"utm_source", "google"},
                                                            {"utm_medium", "cpc"},
                                                            {"utm_campaign", "Spring trails"}}));
  EXPECT_EQ(event->click_ids, (std::map<std::string, std::string>{{"gclid", "Click-1"}}));
  EXPECT_EQ(event->visitor.size(), 32u);
  EXPECT_EQ(Told("private"), 0);
}

TEST_F(BrowserTest, APageWithoutTheTagIsFoundOut) {
  const auto never = [] { return false; };
  const auto tagless = Load(std::string("/broken/tagless") + kQuery, "p1", never);
  if (!tagless) GTEST_SKIP() << "no Chromium is installed";
  EXPECT_EQ(tagless, false);
  EXPECT_TRUE(Asked("/broken/tagless"));
  // A redirect that drops parameters drops the probe as well.
  EXPECT_EQ(Load(std::string("/broken/drop") + kQuery, "p2",
                 [&] { return Find("page_view", "probe-p2").has_value(); }),
            false);
  ASSERT_EQ(Events().size(), 1u);
  EXPECT_TRUE(Events()[0].click_ids.empty());
}

TEST_F(BrowserTest, APurchaseToldTwiceCountsOnce) {
  const auto first = Load("/thanks?order=7&value=129.90", "p1", [&] {
    return Find("purchase", "order-7") && Find("page_view", "probe-p1");
  });
  if (!first) GTEST_SKIP() << "no Chromium is installed";
  ASSERT_EQ(first, true);
  // The reload of a thank-you page.
  ASSERT_EQ(Load("/thanks?order=7&value=129.90", "p2", [&] { return Told("order-7") == 2; }), true);
  const auto counts = store_->Counts();
  ASSERT_TRUE(counts);
  for (const EventCount& row : *counts) {
    if (row.name != "purchase") continue;
    EXPECT_EQ(row.count, 1);
    EXPECT_EQ(row.value.at(kEur), *ParseMoney("129.90", kEur));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [request, status] : told_) EXPECT_EQ(status, 200) << request.body;
}

TEST_F(BrowserTest, WithoutConsentNothingIsStoredAndNoIdentifierSent) {
  const auto fired = Load(std::string("/no-consent") + kQuery, "p1",
                          [&] { return Find("page_view", "probe-p1").has_value(); });
  if (!fired) GTEST_SKIP() << "no Chromium is installed";
  ASSERT_EQ(fired, true);
  const auto event = Find("page_view", "probe-p1");
  ASSERT_TRUE(event);
  EXPECT_FALSE(event->consent);
  EXPECT_EQ(event->visitor, "");
  EXPECT_TRUE(event->click_ids.empty());
  EXPECT_EQ(event->utm.at("utm_source"), "google");
  EXPECT_EQ(Told("Click-1"), 0);

  // What the page itself can see of the storage, as consent comes and goes.
  const std::string report =
      "function seen(at){new Image().src='/seen?'+at+'='+encodeURIComponent(document.cookie)+"
      "'~'+localStorage.length+'~'}";
  AddPage("/consent", TagOf("denied") + "<body>x<script>" + report +
                          "seen('before');maxopt('consent','granted');seen('granted');"
                          "maxopt('event',{name:'lead',id:'l1',value:12.5,currency:'EUR'});"
                          "maxopt('consent','denied');seen('denied');"
                          "maxopt('event',{name:'lead',id:'l2',email:'a@b.example'})</script>");
  ASSERT_EQ(Load(std::string("/consent") + kQuery, "p2",
                 [&] { return Find("lead", "l2") && Find("lead", "l1") && Asked("denied="); }),
            true);
  EXPECT_TRUE(Asked("/seen?before=~0~"));
  EXPECT_TRUE(Asked("/seen?granted=_maxopt%3D"));
  EXPECT_TRUE(Asked("/seen?denied=~0~"));
  const auto granted = Find("lead", "l1");
  ASSERT_TRUE(granted);
  EXPECT_EQ(granted->click_ids.at("gclid"), "Click-1");
  EXPECT_EQ(granted->value, *ParseMoney("12.50", kEur));
  const auto denied = Find("lead", "l2");
  ASSERT_TRUE(denied);
  EXPECT_EQ(denied->visitor, "");
  EXPECT_TRUE(denied->hashed.empty());
}

TEST_F(BrowserTest, TheClickIdIsKnownOnLaterPages) {
  AddPage("/first", TagOf("granted") + "<body>x<script>location='/second'</script>");
  AddPage("/second", TagOf("granted") +
                         "<body>x<script>maxopt('event',{name:'purchase',id:'o1',value:'5.00',"
                         "currency:'EUR',email:' Anna@Example.com'})</script>");
  const auto fired = Load(std::string("/first") + kQuery, "p1",
                          [&] { return Find("purchase", "o1").has_value(); });
  if (!fired) GTEST_SKIP() << "no Chromium is installed";
  ASSERT_EQ(fired, true);
  const auto purchase = Find("purchase", "o1");
  ASSERT_TRUE(purchase);
  EXPECT_EQ(purchase->url, "http://alpenglow.example/second");
  EXPECT_EQ(purchase->referrer, "http://alpenglow.example/first");
  EXPECT_EQ(purchase->click_ids.at("gclid"), "Click-1");
  EXPECT_EQ(purchase->utm.at("utm_campaign"), "Spring trails");
  EXPECT_EQ(purchase->hashed.at("email").size(), 64u);
}

TEST_F(BrowserTest, ABrowserWithoutBeaconsSendsThePixel) {
  AddPage("/old", "<script>navigator.sendBeacon=undefined</script>" + TagOf("granted") + "<body>x");
  const auto fired = Load(std::string("/old") + kQuery, "p1",
                          [&] { return Find("page_view", "probe-p1").has_value(); });
  if (!fired) GTEST_SKIP() << "no Chromium is installed";
  ASSERT_EQ(fired, true);
  EXPECT_EQ(Find("page_view", "probe-p1")->via, "pixel");
  EXPECT_EQ(Find("page_view", "probe-p1")->click_ids.at("gclid"), "Click-1");
}

TEST_F(BrowserTest, APageCannotUseTheBrowserToReachOthers) {
  std::atomic<int> reached = 0;
  const auto inside = *http::Serve([&](const http::Request&) {
    ++reached;
    return http::Response{};
  });
  AddPage("/evil", fmt::format("{1}<body>x<img src='{0}/a'><img src='http://localhost:{2}/b'>"
                               "<iframe src='{0}/c'></iframe><script>fetch('{0}/d')</script>",
                               inside->origin(), TagOf("granted"), inside->port()));
  const auto fired = Load("/evil", "p1", [] { return false; });  // until the page has settled
  if (!fired) GTEST_SKIP() << "no Chromium is installed";
  EXPECT_TRUE(Find("page_view", "probe-p1"));
  EXPECT_EQ(reached, 0);
}

TEST(FireTest, WhatCannotBeLoadedIsNotCalledSilent) {
  const auto never = []() -> Result<bool> { return false; };
  BrowserOptions options;
  options.origin_map = {{kSite, "http://127.0.0.1:9"}};
  options.program = "/nonexistent/chromium";
  const auto absent = FireInBrowser(std::string(kSite) + "/", "p", never, options);
  ASSERT_TRUE(absent);
  EXPECT_EQ(*absent, std::nullopt);
  const auto inside = FireInBrowser("http://127.0.0.1:9/", "p", never, {});
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().code, Errc::kRefused);
  const auto file = FireInBrowser("file:///etc/passwd", "p", never, {});
  ASSERT_FALSE(file);
  EXPECT_EQ(file.error().code, Errc::kInvalidArgument);
}

}  // namespace
}  // namespace maxopt
