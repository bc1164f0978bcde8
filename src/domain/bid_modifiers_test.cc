#include "domain/bid_modifiers.h"

#include <gtest/gtest.h>

#include "domain/entity.h"
#include "domain/plan.h"
#include "domain/policy.h"

namespace maxopt {
namespace {

using List = std::vector<std::string>;

TEST(BidModifiers, AreExactDecimals) {
  const auto read = ParseBidModifiers({"device:mobile 0.9", "country:DE 1.25", "device:tablet 0",
                                       "location:1003854 10", "device:desktop 0.0001"});
  ASSERT_TRUE(read) << read.error().what;
  EXPECT_EQ(*read, (BidModifiers{{{"country", "DE"}, 12'500},
                                 {{"device", "desktop"}, 1},
                                 {{"device", "mobile"}, 9'000},
                                 {{"device", "tablet"}, 0},
                                 {{"location", "1003854"}, 100'000}}));
  const List printed = PrintBidModifiers(*read);
  EXPECT_EQ(printed, (List{"country:DE 1.25", "device:desktop 0.0001", "device:mobile 0.9",
                           "device:tablet 0", "location:1003854 10"}));
  EXPECT_EQ(*ParseBidModifiers(printed), *read);
  EXPECT_EQ(ModifierOf(*read, {"device", "mobile"}), 9'000);
  EXPECT_EQ(ModifierOf(*read, {"device", "connected_tv"}), 10'000);
}

TEST(BidModifiers, OneIsNone) {
  EXPECT_TRUE(ParseBidModifiers({"device:mobile 1", "country:DE 1.0000"})->empty());
  EXPECT_EQ(PrintBidModifiers({{{"device", "mobile"}, 10'000}}), List{});
  EXPECT_TRUE(SameField("bid_modifiers", List{"device:mobile 1", "country:DE 0.90"},
                        List{"country:DE 0.9"}));
  EXPECT_FALSE(SameField("bid_modifiers", List{"country:DE 0.9"}, List{"country:DE 0.91"}));
  EXPECT_FALSE(SameField("bid_modifiers", List{"nonsense"}, List{"country:DE 0.9"}));
}

TEST(BidModifiers, NonsenseIsNamed) {
  for (const char* wrong : {"",
                            "mobile 0.9",
                            "device:mobile",
                            "device:mobile NaN",
                            "device:mobile inf",
                            "device:mobile -0.1",
                            "device:mobile 1e1",
                            "device:mobile 0.",
                            "device:mobile .9",
                            "device:mobile 0.12345",
                            "device:mobile 101",
                            "device:mobile 1000",
                            "device:phone 0.9",
                            "device: 0.9",
                            "country:Germany 0.9",
                            "country:de 0.9",
                            "location: 0.9",
                            "hour:8 0.9",
                            "device:mobile  0.9",
                            "device:mobile 0,9",
                            "device:mobile +1"}) {
    const auto read = ParseBidModifiers({wrong});
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, Errc::kInvalidArgument);
    EXPECT_NE(read.error().what.find(wrong), std::string::npos) << read.error().what;
  }
  EXPECT_FALSE(ParseBidModifiers({"device:mobile 0.9", "device:mobile 0.8"}));
  EXPECT_FALSE(ParseBidModifiers({"device:mobile 1", "device:mobile 0.8"}));
}

TEST(BidModifiers, OneMoreIsABidUp) {
  const BidModifiers mobile{{{"device", "mobile"}, 9'000}};
  EXPECT_TRUE(LowersModifiers({}, mobile));
  EXPECT_FALSE(LowersModifiers(mobile, {}));
  EXPECT_TRUE(LowersModifiers(mobile, mobile));
  EXPECT_FALSE(
      LowersModifiers(mobile, {{{"device", "mobile"}, 8'000}, {{"country", "DE"}, 10'001}}));
  Change change;
  change.level = Level::kCampaign;
  change.action = ChangeAction::kUpdate;
  change.after["bid_modifiers"] = List{"device:mobile 0.9"};
  EXPECT_EQ(OperationsOf(change), std::vector<Operation>{Operation::kBid});
  // Undone, what was not modified is not modified again.
  change.before["bid_modifiers"] = List{};
  const auto inverse = InverseOf(change, "1", "k2");
  ASSERT_TRUE(inverse) << inverse.error().what;
  EXPECT_EQ(inverse->after, change.before);
  EXPECT_TRUE(CheckFields(Level::kCampaign, change.after));
  EXPECT_FALSE(CheckFields(Level::kAdGroup, change.after));
}

}  // namespace
}  // namespace maxopt
