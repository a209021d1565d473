#include "node/catch_ups.h"

#include <gtest/gtest.h>

namespace etcd::node {
namespace {

constexpr MemberId kSlow{3};
constexpr LogIndex kCompactTo{100};
constexpr std::int64_t kNow = 1'000'000'000;

raft::RaftStatus leader_with(std::uint64_t match) {
  raft::RaftStatus status;
  status.role = raft::Role::kLeader;
  status.progress.emplace_back().id = kSlow;
  status.progress.back().match = LogIndex(match);
  return status;
}

TEST(CatchUps, ASnapshotOnItsWayHoldsTheLogHoweverLongItTakes) {
  CatchUps catch_ups;
  catch_ups.sending(kSlow);
  EXPECT_FALSE(catch_ups.settle(leader_with(1000), kCompactTo, kNow + 100 * CatchUps::kPatienceNs));
  EXPECT_FALSE(catch_ups.empty());
}

TEST(CatchUps, AMemberHoldsTheLogUntilItHasTheEntriesThatAreToGo) {
  CatchUps catch_ups;
  catch_ups.sending(kSlow);
  catch_ups.sent(kSlow, true, kNow);
  EXPECT_FALSE(catch_ups.settle(leader_with(0), kCompactTo, kNow));
  EXPECT_FALSE(catch_ups.settle(leader_with(99), kCompactTo, kNow + CatchUps::kPatienceNs - 1));
  EXPECT_TRUE(catch_ups.settle(leader_with(100), kCompactTo, kNow + 1));
  EXPECT_TRUE(catch_ups.empty());
}

TEST(CatchUps, AMemberThatDoesNotComeBackIsNotWaitedForWithoutEnd) {
  CatchUps catch_ups;
  catch_ups.sending(kSlow);
  catch_ups.sent(kSlow, true, kNow);
  EXPECT_TRUE(catch_ups.settle(leader_with(0), kCompactTo, kNow + CatchUps::kPatienceNs));
}

TEST(CatchUps, ASnapshotThatDidNotArriveHoldsNothing) {
  CatchUps catch_ups;
  catch_ups.sending(kSlow);
  catch_ups.sent(kSlow, false, kNow);
  EXPECT_TRUE(catch_ups.empty());
}

TEST(CatchUps, AMemberThatIsRemovedAndAnEndedTermHoldNothing) {
  CatchUps removed;
  removed.sending(kSlow);
  removed.sent(kSlow, true, kNow);
  raft::RaftStatus without = leader_with(0);
  without.progress.clear();
  EXPECT_TRUE(removed.settle(without, kCompactTo, kNow));

  CatchUps deposed;
  deposed.sending(kSlow);
  deposed.sent(kSlow, true, kNow);
  raft::RaftStatus follower = leader_with(0);
  follower.role = raft::Role::kFollower;
  EXPECT_TRUE(deposed.settle(follower, kCompactTo, kNow));
}

TEST(CatchUps, TheLogIsHeldUntilTheLastOfThemIsThrough) {
  CatchUps catch_ups;
  catch_ups.sending(kSlow);
  catch_ups.sending(MemberId(4));
  catch_ups.sent(kSlow, true, kNow);
  EXPECT_FALSE(catch_ups.settle(leader_with(100), kCompactTo, kNow));
  EXPECT_FALSE(catch_ups.empty());
  catch_ups.sent(MemberId(4), true, kNow);
  EXPECT_TRUE(catch_ups.settle(leader_with(100), kCompactTo, kNow));
}

}  // namespace
}  // namespace etcd::node
