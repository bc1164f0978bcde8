#include "stages/optimize/harvest.h"

#include <gtest/gtest.h>

namespace maxopt {
namespace {

TEST(Harvests, IsToldByTheName) {
  for (const char* name : {"brand", "Brand Search DE", "spring/RETARGETING", "remarketing-30d",
                           "customer_retention", "non-brand and brand"}) {
    EXPECT_TRUE(Harvests(name)) << name;
  }
  for (const char* name : {"", "prospecting", "Non-Brand Search", "nonbrand", "search_non_brand",
                           "NON BRAND", "bran"}) {
    EXPECT_FALSE(Harvests(name)) << name;
  }
}

}  // namespace
}  // namespace maxopt
