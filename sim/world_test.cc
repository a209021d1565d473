#include "sim/world.h"

#include <gtest/gtest.h>

namespace etcd::sim {
namespace {

constexpr std::size_t kAll = 100'000'000;

TEST(World, ASeedGivesTheSameTraceToTheByte) {
  for (std::uint64_t seed : {1, 2, 7}) {
    Profile profile = draw_profile(seed);
    profile.duration_ns = 5 * kSecond;
    const Report first = World(profile, kAll).run();
    const Report second = World(profile, kAll).run();
    EXPECT_FALSE(first.violation) << *first.violation;
    EXPECT_GT(first.events, 1000U);
    EXPECT_EQ(first.trace, second.trace);
    EXPECT_EQ(first.trace_hash, second.trace_hash);
  }
}

TEST(World, OtherSeedsGiveOtherTraces) {
  Profile profile = draw_profile(3);
  profile.duration_ns = 2 * kSecond;
  const Report first = World(profile, 0).run();
  profile.seed = 4;
  const Report second = World(profile, 0).run();
  EXPECT_NE(first.trace_hash, second.trace_hash);
}

}  // namespace
}  // namespace etcd::sim
