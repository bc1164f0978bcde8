#include "domain/harvest.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

TEST(Harvests, IsToldByTheName) {
  for (const char* name : {"brand", "Brand Search DE", "spring/RETARGETING", "remarketing-30d",
                           "customer_retention", "non-brand and brand", "google_brand", "Meta RTG",
                           "rtg-7d", "retargeted", "abandoned carts"}) {
    EXPECT_TRUE(Harvests(name)) << name;
  }
  for (const char* name :
       {"", "prospecting", "Non-Brand Search", "nonbrand", "search_non_brand", "NON BRAND", "bran",
        "branding", "Brand Awareness", "video_branding", "mortgage", "Mortgage Search"}) {
    EXPECT_FALSE(Harvests(name)) << name;
  }
}

}  // namespace
}  // namespace maxopt
