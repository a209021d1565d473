#include "raft/progress.h"

#include <gtest/gtest.h>

#include "raft/config.h"

namespace etcd::raft {
namespace {

Progress probing_from(std::uint64_t next, std::uint32_t window = 2) { return Progress(LogIndex(next), Inflights(window, kUnlimited)); }

Progress replicating(std::uint64_t match, std::uint32_t window = 2) {
  Progress progress = probing_from(match + 1, window);
  progress.acknowledge(LogIndex(match));
  progress.become_replicate();
  return progress;
}

TEST(Inflights, AreFullByCountOrByBytes) {
  Inflights few(2, kUnlimited);
  few.add(LogIndex(1), 100);
  EXPECT_FALSE(few.full());
  few.add(LogIndex(2), 100);
  EXPECT_TRUE(few.full());
  Inflights small(100, 150);
  small.add(LogIndex(1), 100);
  EXPECT_FALSE(small.full());
  small.add(LogIndex(2), 100);
  EXPECT_TRUE(small.full()) << "the last one may go over the limit";
}

TEST(Inflights, AreFreedUpToAnAcknowledgement) {
  Inflights sent(10, kUnlimited);
  for (std::uint64_t last : {3, 5, 9}) sent.add(LogIndex(last), 10);
  sent.free_upto(LogIndex(2));
  EXPECT_EQ(sent.count(), 3u);
  sent.free_upto(LogIndex(8));
  EXPECT_EQ(sent.count(), 1u);
  EXPECT_EQ(sent.bytes(), 10u);
}

TEST(Progress, AProbeWaitsForItsAnswer) {
  Progress progress = probing_from(5);
  EXPECT_FALSE(progress.paused());
  progress.sent_entries(1, 10);
  EXPECT_TRUE(progress.paused());
  EXPECT_EQ(progress.next(), LogIndex(5));
  progress.resume_flow();
  EXPECT_FALSE(progress.paused());
}

TEST(Progress, ReplicationRunsAheadUntilTheWindowIsFull) {
  Progress progress = replicating(4);
  progress.sent_entries(3, 10);
  EXPECT_EQ(progress.next(), LogIndex(8));
  EXPECT_FALSE(progress.paused());
  progress.sent_entries(1, 10);
  EXPECT_TRUE(progress.paused());
  EXPECT_TRUE(progress.acknowledge(LogIndex(7)));
  progress.free_inflights(LogIndex(7));
  EXPECT_FALSE(progress.paused());
  EXPECT_EQ(progress.next(), LogIndex(9));
}

TEST(Progress, OldAcknowledgementsAreNoNews) {
  Progress progress = replicating(4);
  EXPECT_FALSE(progress.acknowledge(LogIndex(4)));
  EXPECT_FALSE(progress.acknowledge(LogIndex(3)));
  EXPECT_TRUE(progress.acknowledge(LogIndex(9)));
  EXPECT_EQ(progress.next(), LogIndex(10));
}

TEST(Progress, ARejectionLowersWhatIsSentNext) {
  Progress probing = probing_from(10);
  EXPECT_FALSE(probing.reject(LogIndex(5), LogIndex(4))) << "not the answer to the last probe";
  EXPECT_TRUE(probing.reject(LogIndex(9), LogIndex(3)));
  EXPECT_EQ(probing.next(), LogIndex(4));
  EXPECT_TRUE(probing.reject(LogIndex(3), LogIndex(kUnlimited)));
  EXPECT_EQ(probing.next(), LogIndex(1)) << "a senseless hint does no harm";

  Progress running = replicating(4, 10);
  running.sent_entries(5, 10);
  EXPECT_FALSE(running.reject(LogIndex(4), LogIndex(2)));
  EXPECT_TRUE(running.reject(LogIndex(7), LogIndex(2)));
  EXPECT_EQ(running.next(), LogIndex(5));
}

TEST(Progress, ASnapshotPausesUntilItIsSettled) {
  Progress progress = probing_from(3);
  progress.become_snapshot(LogIndex(20));
  EXPECT_TRUE(progress.paused());
  EXPECT_EQ(progress.next(), LogIndex(21));
  Progress failed = progress;
  progress.become_probe();
  EXPECT_EQ(progress.next(), LogIndex(21)) << "probes from the snapshot on";
  failed.snapshot_failed();
  failed.become_probe();
  EXPECT_EQ(failed.next(), LogIndex(1)) << "it never arrived";
}

TEST(Progress, ACommitIndexIsSentWhenItTellsMore) {
  Progress progress = replicating(4, 10);
  progress.sent_entries(3, 10);
  progress.sent_commit(LogIndex(4));
  EXPECT_TRUE(progress.can_bump_commit(LogIndex(5)));
  EXPECT_FALSE(progress.can_bump_commit(LogIndex(4)));
  progress.sent_commit(LogIndex(7));
  EXPECT_FALSE(progress.can_bump_commit(LogIndex(8))) << "it has all that was sent already";
}

TEST(Progress, IsDescribedInOneLine) {
  Progress progress = replicating(4);
  progress.recent_active = true;
  progress.sent_entries(1, 10);
  progress.sent_entries(1, 10);
  EXPECT_EQ(describe(progress.status(MemberId(2), true)), "StateReplicate match=4 next=7 learner paused inflight=2[full]");
  Progress other = probing_from(3);
  other.become_snapshot(LogIndex(9));
  EXPECT_EQ(describe(other.status(MemberId(2), false)), "StateSnapshot match=0 next=10 paused pendingSnap=9 inactive");
}

}  // namespace
}  // namespace etcd::raft
