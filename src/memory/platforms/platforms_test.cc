#include "memory/platforms/platforms.h"

#include <gtest/gtest.h>

#include "memory/platforms/builtin.h"

namespace maxopt {
namespace {

TEST(BuiltInFiles, EveryFileParsesAndIsNamedAfterItsPlatform) {
  ASSERT_FALSE(BuiltInFiles().empty());
  for (const BuiltInFile& file : BuiltInFiles()) {
    const auto spec = ParsePlatformSpec(file.text, std::string(file.name));
    ASSERT_TRUE(spec) << spec.error().what;
    EXPECT_EQ(file.name, "specs/" + std::string(PlatformName(spec->platform)) + ".yaml");
  }
}

}  // namespace
}  // namespace maxopt
