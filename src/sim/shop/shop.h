#pragma once
#include <chrono>
#include <string>

#include "http/http.h"

/// A client's web shop: pages with the first-party tag, and pages with what goes wrong on shops.
///
///   /  /trails  /products/NAME      front page, landing page, product; any query is kept
///   /thanks?order=ID&value=129.90   tells the purchase, as shops do on every reload
///   /no-consent                     a visitor who has not agreed
///   /broken/keep                    two redirects that keep the parameters, to /trails
///   /broken/drop                    a redirect that drops them
///   /broken/loop                    redirects in a circle
///   /broken/hop                     https -> http -> https, parameters kept
///   /broken/private                 a redirect to a cloud's metadata address
///   /broken/soft404                 "Page not found" with status 200
///   /broken/home                    a product that is gone: redirect to the front page
///   /broken/empty                   status 200, nothing in it
///   /broken/tagless                 a page without the tag
///   /broken/slow                    answers after `slow`
///   /broken/huge                    a page of 6 MB
///   anything else                   404
namespace maxopt::sim {

struct ShopOptions {
  std::string site = "alpenglow";  ///< data-site of the tag
  /// Where tag.js is, as pages write it.
  std::string collector_origin = "http://127.0.0.1:8787";
  std::chrono::milliseconds slow{20'000};
};
/// Thread-safe.
http::Handler MakeShop(ShopOptions options);

}  // namespace maxopt::sim
