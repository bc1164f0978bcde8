#include <gtest/gtest.h>

#include "stages/setup/tracking/tracking.h"

namespace maxopt {
namespace {

constexpr const char* kTagged =
    "<html><head><title>Trail shoes | Alpenglow</title>"
    "<script async src='https://t.alpenglow.example/tag.js?v=1' "
    "data-site=alpenglow></script></head>"
    "<body><h1>Trail shoes</h1></body></html>";
constexpr const char* kQuery = "?utm_source=google&utm_campaign=spring&gclid=maxopt-test-click";

http::Response Page(const std::string& html) {
  return {.headers = {{"Content-Type", "text/html; charset=utf-8"}}, .body = html};
}
http::Response Redirect(int status, const std::string& to) {
  return {.status = status, .headers = {{"Location", to}}};
}
std::string QueryOf(const http::Request& request) {
  const auto at = request.url.find('?');
  return at == std::string::npos ? "" : request.url.substr(at);
}

/// The world seen by a check: hosts, and what they answer by path.
struct Web {
  std::map<std::string, std::vector<std::string>> hosts = {{"alpenglow.example", {"93.184.216.34"}},
                                                           {"other.example", {"2606:4700::1"}}};
  std::map<std::string, http::Handler> origins;
  std::vector<http::Request> seen;
  int lookups = 0;

  void On(const std::string& origin, std::function<http::Response(const http::Request&)> answer) {
    origins[origin] = [this, answer](const http::Request& request) {
      seen.push_back(request);
      return answer(request);
    };
  }
  LandingEvidence Check(const std::string& url, LandingOptions options = {}) {
    options.resolve = [this](const std::string& host) -> Result<std::vector<std::string>> {
      ++lookups;
      const auto found = hosts.find(host);
      if (found == hosts.end()) return Fail(Errc::kUnavailable, "no such host " + host);
      return found->second;
    };
    const auto transport = http::MakeLoopbackTransport(origins);
    return CheckLanding(url, *transport, options);
  }
};

TEST(LandingTest, AGoodPage) {
  Web web;
  web.On("https://alpenglow.example", [](const http::Request&) { return Page(kTagged); });
  const std::string url = std::string("https://alpenglow.example/trails") + kQuery;
  const LandingEvidence seen = web.Check(url);
  EXPECT_TRUE(seen.answered);
  EXPECT_EQ(seen.status, 200);
  EXPECT_EQ(seen.hops, std::vector{url});
  EXPECT_TRUE(seen.parameters_survive);
  EXPECT_TRUE(seen.click_id_survives);
  EXPECT_FALSE(seen.soft_error);
  EXPECT_EQ(seen.tag_present, true);
  EXPECT_EQ(seen.tag_fires, std::nullopt);
  EXPECT_EQ(seen.what, "all is well");
}

TEST(LandingTest, FollowsRedirectsOfEveryForm) {
  Web web;
  web.On("http://alpenglow.example", [](const http::Request& request) {
    return Redirect(301, "https://alpenglow.example/a/b/" + QueryOf(request));
  });
  web.On("https://alpenglow.example", [](const http::Request& request) {
    const std::string query = QueryOf(request);
    if (request.url.starts_with("/a/b/")) return Redirect(302, "../c" + query);
    if (request.url.starts_with("/a/c")) return Redirect(307, "//other.example/d" + query);
    return http::Response{.status = 500};
  });
  web.On("https://other.example", [](const http::Request& request) {
    if (request.url.starts_with("/d")) return Redirect(308, "/end" + QueryOf(request) + "#top");
    return Page(kTagged);
  });
  const LandingEvidence seen = web.Check(std::string("http://alpenglow.example/trails") + kQuery);
  EXPECT_EQ(seen.status, 200) << seen.what;
  ASSERT_EQ(seen.hops.size(), 5u);
  EXPECT_EQ(seen.hops[2], std::string("https://alpenglow.example/a/c") + kQuery);
  EXPECT_EQ(seen.hops[4], std::string("https://other.example/end") + kQuery);
  EXPECT_TRUE(seen.parameters_survive);
  EXPECT_NE(seen.what.find("from http to https"), std::string::npos);
  // Resolved once a hop, and connected to at the address that was judged.
  EXPECT_EQ(web.lookups, 5);
  EXPECT_EQ(web.seen.front().connect_to, "93.184.216.34");
  EXPECT_EQ(web.seen.back().connect_to, "2606:4700::1");
}

TEST(LandingTest, SeesWhatIsLost) {
  Web web;
  web.On("https://alpenglow.example", [](const http::Request& request) {
    if (request.url.starts_with("/drop")) return Redirect(302, "/trails?utm_campaign=Spring");
    return Page(kTagged);
  });
  const LandingEvidence seen = web.Check(std::string("https://alpenglow.example/drop") + kQuery);
  EXPECT_FALSE(seen.parameters_survive);
  EXPECT_FALSE(seen.click_id_survives);
  EXPECT_EQ(seen.what,
            "lost on the way: utm_campaign (changed to \"Spring\"), utm_source; the click id is "
            "lost on the way: gclid");
  const LandingEvidence bare = web.Check("https://alpenglow.example/trails");
  EXPECT_FALSE(bare.parameters_survive);
  EXPECT_FALSE(bare.click_id_survives);
  EXPECT_NE(bare.what.find("no utm parameters to follow"), std::string::npos);
}

TEST(LandingTest, LoopsAndLongWaysEnd) {
  Web web;
  int count = 0;
  web.On("https://alpenglow.example", [&](const http::Request& request) {
    if (request.url.starts_with("/loop")) return Redirect(302, "/pool");
    if (request.url.starts_with("/pool")) return Redirect(302, "/loop");
    return Redirect(302, "/long" + std::to_string(++count));
  });
  const LandingEvidence loop = web.Check("https://alpenglow.example/loop");
  EXPECT_NE(loop.what.find("loop"), std::string::npos);
  EXPECT_EQ(loop.hops.size(), 3u);
  EXPECT_EQ(loop.tag_present, std::nullopt);
  const LandingEvidence endless = web.Check("https://alpenglow.example/long");
  EXPECT_NE(endless.what.find("more than 10 redirects"), std::string::npos);
  EXPECT_EQ(count, 11);
}

TEST(LandingTest, SoftErrors) {
  struct Case {
    const char* html;
    bool soft;
  };
  const Case cases[] = {
      {"<title>Page not found | Alpenglow</title><body><p>Sorry", true},
      {"<title>404</title><body>x", true},
      {"<title>Alpenglow</title><body><h1>Seite <b>nicht</b> gefunden!</h1>", true},
      {"<title>Error</title><body>x", true},
      {"<title>Alpenglow - Access Denied</title><body>x", true},
      {"<title>Page introuvable</title><body>x", true},
      {"<html><body>   </body></html>", true},
      {"", true},
      {"<title>Not found in translation</title><body><h1>A book</h1>", false},
      {"<title>404 ways to lace a shoe</title><body>x", false},
      {"<title>Errors and how to mend them</title><body>x", false},
      {"<title>Alpenglow</title><body><p>What you looked for was page not found", false},
      {"<body><script>app()</script></body>", false},
      {"<body><img src=a.png></body>", false},
      {"<!-- <title>404</title> --><title>Shoes</title><body>x", false},
      {"<title>Shoes</title><script>document.title='<h1>404</h1>'</script><body>x", false},
  };
  for (const Case& c : cases) {
    Web web;
    web.On("https://alpenglow.example", [&](const http::Request&) { return Page(c.html); });
    const LandingEvidence seen = web.Check("https://alpenglow.example/trails");
    EXPECT_EQ(seen.soft_error, c.soft) << c.html << ": " << seen.what;
  }
  Web web;
  web.On("https://alpenglow.example", [&](const http::Request& request) {
    return request.url == "/" ? Page(kTagged) : Redirect(301, "/");
  });
  EXPECT_TRUE(web.Check("https://alpenglow.example/gone").soft_error);
  EXPECT_FALSE(web.Check("https://alpenglow.example/").soft_error);
  EXPECT_FALSE(web.Check("https://alpenglow.example").soft_error);
}

TEST(LandingTest, SeesTheTag) {
  const std::pair<const char*, bool> cases[] = {
      {kTagged, true},
      {"<body>x<SCRIPT SRC=\"/tag.js\" DATA-SITE=\"a\"></SCRIPT>", true},
      {"<body>x<script src=/tag.js></script>", false},
      {"<body>x<!-- <script src=/tag.js data-site=a></script> -->", false},
      {"<body>x<script>'<script src=/tag.js data-site=a>'</script>", false},
      {"<body>x<script src=/other.js data-site=a></script>", false},
  };
  for (const auto& [html, present] : cases) {
    Web web;
    web.On("https://alpenglow.example", [&](const http::Request&) { return Page(html); });
    EXPECT_EQ(web.Check("https://alpenglow.example/p").tag_present, present) << html;
  }
}

TEST(LandingTest, NoAnswerIsEvidence) {
  Web web;
  web.On("https://alpenglow.example", [](const http::Request& request) {
    if (request.url == "/pdf") {
      return http::Response{.headers = {{"Content-Type", "application/pdf"}}, .body = "%PDF"};
    }
    return http::Response{.status = request.url == "/gone" ? 410 : http::kNoAnswer};
  });
  const LandingEvidence gone = web.Check("https://alpenglow.example/gone");
  EXPECT_TRUE(gone.answered);
  EXPECT_EQ(gone.status, 410);
  EXPECT_EQ(gone.tag_present, std::nullopt);
  EXPECT_FALSE(web.Check("https://alpenglow.example/broken").answered);
  EXPECT_NE(web.Check("https://nowhere.example/").what.find("no such host"), std::string::npos);
  EXPECT_EQ(web.Check("https://alpenglow.example/pdf").tag_present, false);
  const auto transport = http::MakeLoopbackTransport(web.origins);
  EXPECT_EQ(CheckLandings({"ftp://a", "x", "ftp://a"}, *transport, {}).size(), 2u);
}

// Addresses, and every spelling of a host that leads to one.
TEST(LandingTest, PrivateAddressesAreRefused) {
  const std::pair<const char*, bool> addresses[] = {
      {"93.184.216.34", true},
      {"8.8.8.8", true},
      {"172.15.0.1", true},
      {"172.32.0.1", true},
      {"100.63.0.1", true},
      {"223.255.255.255", true},
      {"0.0.0.0", false},
      {"10.0.0.1", false},
      {"100.64.0.1", false},
      {"127.0.0.1", false},
      {"127.255.255.254", false},
      {"169.254.169.254", false},
      {"172.16.0.1", false},
      {"172.31.255.255", false},
      {"192.168.1.1", false},
      {"192.0.2.1", false},
      {"198.18.0.1", false},
      {"224.0.0.1", false},
      {"255.255.255.255", false},
      {"2606:4700::1", true},
      {"::", false},
      {"::1", false},
      {"fe80::1", false},
      {"fc00::1", false},
      {"fd00:ec2::254", false},
      {"ff02::1", false},
      {"::ffff:127.0.0.1", false},
      {"::ffff:8.8.8.8", true},
      {"::ffff:a9fe:a9fe", false},
      {"::127.0.0.1", false},
      {"64:ff9b::7f00:1", false},
      {"64:ff9b::808:808", true},
      {"2002:7f00:1::", false},
      {"2002:808:808::", true},
      {"2001:0:4136:e378::", false},
      {"2001:db8::1", false},
      {"3fff::1", false},
      {"fe80::1%eth0", false},
      {"", false},
      {"localhost", false},
      {"127.1", false},
  };
  for (const auto& [address, is_public] : addresses) {
    EXPECT_EQ(IsPublicAddress(address), is_public) << address;
  }
  const auto nobody = http::MakeLoopbackTransport({});
  for (const char* url :
       {"http://127.0.0.1/", "http://127.1/", "http://2130706433/", "http://0x7f.1/",
        "http://0177.0.0.1/", "http://0x7f000001/", "http://[::1]/", "http://[::ffff:127.0.0.1]/",
        "http://[::ffff:7f00:1]/", "http://localhost/", "http://LOCALHOST:80/",
        "http://169.254.169.254/latest/meta-data/", "http://2852039166/", "http://10.0.0.1:8080/",
        "http://0/", "http://0.0.0.0/", "http://[::]/"}) {
    const LandingEvidence seen = CheckLanding(url, *nobody, {});
    EXPECT_FALSE(seen.answered) << url;
    EXPECT_NE(seen.what.find("not on the public internet"), std::string::npos)
        << url << ": " << seen.what;
  }
  for (const char* url :
       {"http://a@127.0.0.1/", "http://127.0.0.1\\@a.example/", "http://[fe80::1%25eth0]/",
        "file:///etc/passwd", "gopher://a.example/", "http://a.example:0/",
        "http://a.example:99999/", "http://%31%32%37.0.0.1/", "http://①.example/", "http:///",
        "http://a b/", "//a.example/"}) {
    const LandingEvidence seen = CheckLanding(url, *nobody, {});
    EXPECT_FALSE(seen.answered) << url;
    EXPECT_TRUE(seen.hops.empty()) << url << ": " << seen.what;
  }
}

TEST(LandingTest, ARedirectIntoTheOwnNetworkIsRefused) {
  Web web;
  web.hosts["inside.example"] = {"93.184.216.34", "10.0.0.7"};  // one bad answer is enough
  web.hosts["169.254.169.254"] = {"169.254.169.254"};
  int inside = 0;
  const auto secret = [&](const http::Request&) {
    ++inside;
    return Page("secret");
  };
  web.On("http://169.254.169.254", secret);
  web.On("http://inside.example", secret);
  for (const char* to : {"http://169.254.169.254/latest/", "http://inside.example/"}) {
    web.On("https://alpenglow.example", [&](const http::Request&) { return Redirect(302, to); });
    const LandingEvidence seen = web.Check("https://alpenglow.example/");
    EXPECT_NE(seen.what.find("not on the public internet"), std::string::npos) << seen.what;
  }
  EXPECT_EQ(inside, 0);
  LandingOptions open;
  open.allow_private = true;
  EXPECT_EQ(web.Check("http://inside.example/", open).status, 200);
}

TEST(LandingTest, AMappedOriginIsFetchedWhereItReallyIs) {
  Web web;
  web.On("http://127.0.0.1:8085", [](const http::Request& request) {
    EXPECT_EQ(http::FindHeader(request.headers, "host"), "alpenglow.example");
    if (http::FindHeader(request.headers, "x-forwarded-proto") == "http") {
      return Redirect(301, "https://alpenglow.example" + request.url);
    }
    return Page(kTagged);
  });
  LandingOptions options;
  options.origin_map = {{"https://alpenglow.example", "http://127.0.0.1:8085"},
                        {"http://alpenglow.example", "http://127.0.0.1:8085/"}};
  const LandingEvidence seen =
      web.Check(std::string("http://Alpenglow.example:80/t") + kQuery, options);
  EXPECT_EQ(seen.status, 200) << seen.what;
  EXPECT_EQ(seen.hops.back(), std::string("https://alpenglow.example/t") + kQuery);
  EXPECT_TRUE(seen.click_id_survives);
  EXPECT_EQ(web.lookups, 0);
}

TEST(LandingTest, OverSockets) {
  const auto server = http::Serve([](const http::Request& request) {
    if (request.url.starts_with("/huge")) return Page(std::string(5u << 20, 'x'));
    return Page(kTagged);
  });
  ASSERT_TRUE(server);
  const auto transport = MakeLandingTransport();
  LandingOptions options;
  options.allow_private = true;
  options.resolve = [](const std::string&) -> Result<std::vector<std::string>> {
    return std::vector<std::string>{"127.0.0.1"};
  };
  const std::string origin = "http://shop.invalid:" + std::to_string((*server)->port());
  EXPECT_EQ(CheckLanding(origin + "/a", *transport, options).status, 200);
  const LandingEvidence huge = CheckLanding(origin + "/huge", *transport, options);
  EXPECT_FALSE(huge.answered);
  EXPECT_NE(huge.what.find("longer than"), std::string::npos) << huge.what;
}

}  // namespace
}  // namespace maxopt
