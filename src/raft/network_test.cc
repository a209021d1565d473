// Clusters of three and five under faults, from fixed seeds. What is checked: raft/testing/network.h. RAFT_SEEDS=n in the environment runs n times
// as many seeds.

#include "raft/testing/network.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <string>

namespace etcd::raft {
namespace {

using testing::Network;
using testing::NetworkOptions;

// What all seeds of a test have seen together, so that a test that exercises nothing fails.
struct Seen {
  std::uint64_t applied = 0;
  std::uint64_t reads = 0;
  std::uint64_t elections = 0;
  std::uint64_t snapshots = 0;
};

Seen run_seeds(NetworkOptions options, std::uint64_t seeds, int steps) {
  Seen seen;
  if (const char* more = std::getenv("RAFT_SEEDS")) seeds *= std::stoull(more);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    options.seed = seed;
    Network network(options);
    network.run(steps);
    EXPECT_EQ(network.violation(), "");
    if (::testing::Test::HasFailure()) return seen;
    EXPECT_TRUE(network.settles()) << "seed " << seed << ": " << network.violation();
    seen.applied += network.applied().value;
    seen.reads += network.reads_answered();
    seen.elections += network.elections();
    seen.snapshots += network.snapshots_installed();
  }
  return seen;
}

TEST(Network, ThreeMembersWithoutFaultsAgreeAndAnswer) {
  Seen seen = run_seeds({.loss_one_in = 0, .repeat_one_in = 0, .crash_one_in = 0, .cut_one_in = 0}, 5, 2'000);
  EXPECT_GT(seen.applied, 1'000u);
  EXPECT_GT(seen.reads, 200u);
}

TEST(Network, ThreeMembersStaySafeAndRecoverFromFaults) {
  Seen seen = run_seeds({}, 20, 3'000);
  EXPECT_GT(seen.applied, 3'000u);
  EXPECT_GT(seen.reads, 500u);
  EXPECT_GT(seen.elections, 60u);
  EXPECT_GT(seen.snapshots, 10u);
}

TEST(Network, FiveMembersStaySafeWithoutPreVoteAndCheckQuorum) {
  Seen seen = run_seeds({.voters = 5, .pre_vote = false, .check_quorum = false}, 10, 4'000);
  EXPECT_GT(seen.applied, 1'000u);
  EXPECT_GT(seen.elections, 40u);
}

TEST(Network, FiveMembersStaySafeWhenCrashesAreCommon) {
  Seen seen = run_seeds({.voters = 5, .crash_one_in = 60, .cut_one_in = 100}, 10, 4'000);
  EXPECT_GT(seen.elections, 15u);
}

TEST(Network, FiveMembersStaySafeUnderPartitions) {
  Seen seen = run_seeds({.voters = 5, .pre_vote = false, .check_quorum = false, .crash_one_in = 1000, .cut_one_in = 60}, 10, 8'000);
  EXPECT_GT(seen.applied, 500u);
  EXPECT_GT(seen.elections, 50u);
}

TEST(Network, StaysSafeWhenElectionsAndCrashesAreCommonAndDisksSlow) {
  Seen seen = run_seeds({.pre_vote = false,
                         .check_quorum = false,
                         .loss_one_in = 100,
                         .crash_one_in = 30,
                         .cut_one_in = 0,
                         .snapshot_one_in = 0,
                         .campaign_one_in = 30,
                         .write_one_in = 15},
                        20, 6'000);
  EXPECT_GT(seen.elections, 100u);
}

TEST(Network, StaysSafeWhileTheMembershipChangesUnderPartitions) {
  run_seeds({.spares = 3,
             .pre_vote = false,
             .check_quorum = false,
             .membership_changes = true,
             .loss_one_in = 100,
             .crash_one_in = 1000,
             .cut_one_in = 60,
             .campaign_one_in = 100},
            20, 6'000);
}

TEST(Network, StaysSafeWhileTheMembershipChanges) {
  Seen seen = run_seeds({.spares = 3, .membership_changes = true}, 20, 4'000);
  EXPECT_GT(seen.applied, 2'000u);
  EXPECT_GT(seen.snapshots, 10u);
}

}  // namespace
}  // namespace etcd::raft
