#include "cluster/version_policy.h"

#include <gtest/gtest.h>

namespace etcd::cluster {
namespace {

constexpr Version v(std::int64_t minor, std::int64_t patch = 0) { return {.major = 3, .minor = minor, .patch = patch}; }
const Downgrade kNone;
const Downgrade kTo36{.enabled = true, .target_version = "3.6.0"};

TEST(VersionPolicy, ANewClusterBeginsAtTheLowestMembersVersion) {
  EXPECT_EQ(next_cluster_version(std::nullopt, VersionSpan{v(6, 16), v(7, 3)}, kNone), v(6));
  EXPECT_EQ(next_cluster_version(std::nullopt, std::nullopt, kNone), v(0));
}

TEST(VersionPolicy, ItRisesToWhatAllMembersCanDoAndFallsOnlyInADowngrade) {
  EXPECT_EQ(next_cluster_version(v(6), VersionSpan{v(7, 3), v(7, 3)}, kNone), v(7));
  EXPECT_EQ(next_cluster_version(v(0), VersionSpan{v(7, 3), v(7, 3)}, kNone), v(7));
  EXPECT_EQ(next_cluster_version(v(7), VersionSpan{v(7, 3), v(7, 3)}, kNone), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(7), VersionSpan{v(6, 16), v(7, 3)}, kNone), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(6), std::nullopt, kNone), std::nullopt);
  EXPECT_EQ(next_cluster_version(Version{.major = 2, .minor = 3}, VersionSpan{v(7), v(7)}, kNone), std::nullopt);
}

TEST(VersionPolicy, ADowngradeIsOneMinorStepAndThenStays) {
  EXPECT_EQ(next_cluster_version(v(7), VersionSpan{v(7, 3), v(7, 3)}, kTo36), v(6));
  EXPECT_EQ(next_cluster_version(v(6), VersionSpan{v(7, 3), v(7, 3)}, kTo36), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(8), VersionSpan{v(8), v(8)}, kTo36), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(7), VersionSpan{v(8), v(8)}, kTo36), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(7), VersionSpan{v(7), v(7)}, {.enabled = true, .target_version = "x"}), std::nullopt);
  EXPECT_EQ(next_cluster_version(v(7), std::nullopt, kTo36), std::nullopt);
}

TEST(VersionPolicy, ADowngradeEndsWhenEveryServerIsOfItsTarget) {
  EXPECT_TRUE(is_downgraded(kTo36, VersionSpan{v(6, 4), v(6, 16)}));
  EXPECT_FALSE(is_downgraded(kTo36, VersionSpan{v(6, 16), v(7, 3)}));
  EXPECT_FALSE(is_downgraded(kTo36, VersionSpan{v(5), v(6)}));
  EXPECT_FALSE(is_downgraded(kTo36, std::nullopt));
  EXPECT_FALSE(is_downgraded(kNone, VersionSpan{v(6), v(6)}));
}

TEST(VersionPolicy, AMemberJoinsClustersUpToItsOwnVersionOrOneThatComesDownToIt) {
  EXPECT_TRUE(may_join(v(0), false));
  EXPECT_TRUE(may_join(v(7), false));
  EXPECT_FALSE(may_join(v(8), false));
  EXPECT_TRUE(may_join(v(8), true));
  EXPECT_FALSE(may_join(v(9), true));
  EXPECT_FALSE(may_join({.major = 2, .minor = 3}, false));
}

}  // namespace
}  // namespace etcd::cluster
