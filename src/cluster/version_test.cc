#include "cluster/version.h"

#include <gtest/gtest.h>

namespace etcd::cluster {
namespace {

TEST(Version, IsReadAndWrittenInThreeParts) {
  const auto version = parse_version("3.7.12");
  ASSERT_TRUE(version);
  EXPECT_EQ(*version, (Version{3, 7, 12}));
  EXPECT_EQ(to_string(*version), "3.7.12");
  EXPECT_EQ(parse_version("3.8.0-alpha.0+git"), (Version{3, 8, 0}));
}

TEST(Version, OtherFormsAreRefused) {
  for (const char* text :
       {"", "3", "3.7", "3.7.", "3.7.0.1", "v3.7.0", "3..0", "-3.7.0", "3.7.x", "99999999999999999999.0.0", " 3.7.0"}) {
    EXPECT_FALSE(parse_version(text)) << text;
  }
}

TEST(Version, IsOrderedByItsPartsFromTheLeft) {
  EXPECT_LT((Version{3, 6, 9}), (Version{3, 7, 0}));
  EXPECT_LT((Version{2, 9, 9}), (Version{3, 0, 0}));
  EXPECT_EQ(minor_of({3, 7, 3}), (Version{3, 7, 0}));
}

}  // namespace
}  // namespace etcd::cluster
