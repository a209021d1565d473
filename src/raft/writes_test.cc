#include "raft/writes.h"

#include <gtest/gtest.h>

namespace etcd::raft {
namespace {

TEST(Writes, AreConfirmedInOrderUpToANumber) {
  Writes writes;
  std::uint64_t first = writes.add(LogIndex(5), std::nullopt, 0);
  std::uint64_t second = writes.add(LogIndex(7), OwnVote{VoteKind::kVote, Term(3)}, 0);
  EXPECT_EQ(writes.take(first - 1), std::nullopt);
  EXPECT_EQ(writes.take(second)->last, LogIndex(5));
  EXPECT_EQ(writes.take(second)->own_vote->term, Term(3));
  EXPECT_EQ(writes.take(second), std::nullopt);
}

// A writes entry 12, B another 12, C the first 12 again: A's return must not make C's entry count, for B may still overwrite it.
TEST(Writes, PromiseNothingThatALaterBatchReplaces) {
  Writes writes;
  std::uint64_t a = writes.add(LogIndex(12), std::nullopt, 0);
  writes.truncate(LogIndex(11));
  std::uint64_t b = writes.add(LogIndex(12), std::nullopt, 0);
  writes.truncate(LogIndex(11));
  std::uint64_t c = writes.add(LogIndex(12), std::nullopt, 0);
  EXPECT_EQ(writes.take(a)->last, LogIndex(11));
  EXPECT_EQ(writes.take(b)->last, LogIndex(11));
  EXPECT_EQ(writes.take(c)->last, LogIndex(12));
}

}  // namespace
}  // namespace etcd::raft
