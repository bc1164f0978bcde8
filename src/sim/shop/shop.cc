#include "sim/shop/shop.h"

#include <fmt/format.h>

#include <algorithm>
#include <thread>

namespace maxopt::sim {
namespace {

constexpr std::size_t kHugeBytes = 6u << 20;

http::Response Html(std::string body, int status = 200) {
  return {.status = status,
          .headers = {{"Content-Type", "text/html; charset=utf-8"}, {"Cache-Control", "no-store"}},
          .body = std::move(body)};
}

http::Response To(std::string location, int status = 302) {
  return {.status = status, .headers = {{"Location", std::move(location)}}};
}

/// What may stand in HTML and in a script as it is.
bool IsPlain(const std::string& text, std::string_view more) {
  return !text.empty() && text.size() <= 40 && std::ranges::all_of(text, [&](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           more.find(c) != std::string_view::npos;
  });
}

class Shop {
 public:
  explicit Shop(ShopOptions options) : options_(std::move(options)) {}

  http::Response Handle(const http::Request& request) const {
    const auto url = http::ParseUrl(request.url);
    if (!url) return Html("<title>Bad request</title>", 400);
    const std::string& path = url->path;
    const std::size_t question = request.url.find('?');
    const std::string query = question == std::string::npos ? "" : request.url.substr(question);
    if (path == "/") return Page("Alpenglow", "Shoes for the first and the last light");
    if (path == "/trails") return Page("Trail shoes | Alpenglow", "Trail shoes");
    if (path == "/no-consent") {
      return Page("Trail shoes | Alpenglow", "Trail shoes", "", "denied");
    }
    if (path == "/thanks") return Thanks(*url);
    if (path.starts_with("/products/") && IsPlain(path.substr(10), "-")) {
      return Page(path.substr(10) + " | Alpenglow", path.substr(10),
                  "<a href='/thanks?order=1001&value=129.90'>Buy for 129.90 EUR</a>");
    }
    if (path.starts_with("/broken/")) return Broken(path.substr(8), query, request);
    return Html("<title>Page not found | Alpenglow</title><h1>Page not found</h1>", 404);
  }

 private:
  http::Response Page(const std::string& title, const std::string& heading,
                      const std::string& body = "", const std::string& consent = "granted") const {
    return Html(fmt::format(
        "<!DOCTYPE html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title>\n"
        "<script>window.maxopt=window.maxopt||function(){{(maxopt.q=maxopt.q||[])"
        ".push(arguments)}}</script>\n"
        "<script async src=\"{}/tag.js\" data-site=\"{}\" data-consent=\"{}\"></script>\n"
        "</head><body><h1>{}</h1>\n{}\n</body></html>\n",
        title, options_.collector_origin, options_.site, consent, heading, body));
  }

  http::Response Thanks(const http::Url& url) const {
    const std::string order = url.Param("order").value_or("1001");
    const std::string value = url.Param("value").value_or("129.90");
    if (!IsPlain(order, "-") || !IsPlain(value, "."))
      return Html("<title>Bad request</title>", 400);
    return Page("Thank you | Alpenglow", "Thank you for your order",
                fmt::format("<script>maxopt('event', {{name: 'purchase', value: '{}', currency: "
                            "'EUR', id: 'order-{}'}})</script>",
                            value, order));
  }

  http::Response Broken(const std::string& how, const std::string& query,
                        const http::Request& request) const {
    const std::string host(http::FindHeader(request.headers, "host").value_or(""));
    if (how == "keep") return To("/broken/keep2" + query, 301);
    if (how == "keep2") return To("../trails" + query);
    if (how == "drop") return To("/trails");
    if (how == "loop") return To("/broken/loop2" + query);
    if (how == "loop2") return To("/broken/loop" + query);
    if (how == "hop") return To("http://" + host + "/broken/hop2" + query);
    if (how == "hop2") return To("https://" + host + "/trails" + query, 301);
    if (how == "private") return To("http://169.254.169.254/latest/meta-data/");
    if (how == "soft404") return Page("Page not found | Alpenglow", "Page not found");
    if (how == "home") return To("/" + query);
    if (how == "empty") return Html("<html><body></body></html>");
    if (how == "tagless")
      return Html("<title>Trail shoes</title><body><h1>Trail shoes</h1></body>");
    if (how == "slow") {
      std::this_thread::sleep_for(options_.slow);
      return Page("Trail shoes | Alpenglow", "Trail shoes");
    }
    if (how == "huge") return Page("Trail shoes", "Trail shoes", std::string(kHugeBytes, 'x'));
    return Html("<title>Page not found | Alpenglow</title><h1>Page not found</h1>", 404);
  }

  const ShopOptions options_;
};

}  // namespace

http::Handler MakeShop(ShopOptions options) {
  return [shop = Shop(std::move(options))](const http::Request& request) {
    return shop.Handle(request);
  };
}

}  // namespace maxopt::sim
