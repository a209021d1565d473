#include "raft/read_index.h"

#include <gtest/gtest.h>

#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::bytes;
using testing::voters;

TEST(ReadQueue, OneRoundConfirmsAllReadsAskedBefore) {
  ReadQueue reads;
  ConfState conf = voters({1, 2, 3});
  reads.add({MemberId(0), bytes("a")}, LogIndex(5));
  reads.add({MemberId(2), bytes("b")}, LogIndex(6));
  std::optional<std::uint64_t> position = ReadQueue::position(reads.context());
  ASSERT_EQ(position, 2u);
  reads.add({MemberId(0), bytes("c")}, LogIndex(7));

  reads.acknowledge(MemberId(1), reads.asked());
  EXPECT_TRUE(reads.take_confirmed(conf).empty());
  reads.acknowledge(MemberId(3), *position);
  std::vector<ReadQueue::Confirmed> done = reads.take_confirmed(conf);
  ASSERT_EQ(done.size(), 2u);
  EXPECT_EQ(done[0].index, LogIndex(5));
  EXPECT_EQ(done[1].request.from, MemberId(2));
  EXPECT_EQ(reads.size(), 1u);
}

TEST(ReadQueue, AnswersOutOfOrderOrMadeUpConfirmNothingNew) {
  ReadQueue reads;
  ConfState conf = voters({1, 2, 3});
  reads.add({MemberId(0), bytes("a")}, LogIndex(5));
  reads.acknowledge(MemberId(1), 1);
  reads.acknowledge(MemberId(2), 99);
  EXPECT_TRUE(reads.take_confirmed(conf).empty());
  reads.acknowledge(MemberId(2), 1);
  EXPECT_EQ(reads.take_confirmed(conf).size(), 1u);
  reads.add({MemberId(0), bytes("b")}, LogIndex(6));
  reads.acknowledge(MemberId(1), 2);
  reads.acknowledge(MemberId(2), 1);
  EXPECT_TRUE(reads.take_confirmed(conf).empty());
}

TEST(ReadQueue, LearnersConfirmNothing) {
  ReadQueue reads;
  reads.add({MemberId(0), bytes("a")}, LogIndex(5));
  reads.acknowledge(MemberId(1), 1);
  reads.acknowledge(MemberId(9), 1);
  EXPECT_TRUE(reads.take_confirmed(voters({1, 2, 3}, {9})).empty());
}

TEST(ReadQueue, OnlyEightBytesAreAPosition) {
  EXPECT_EQ(ReadQueue::position({}), std::nullopt);
  EXPECT_EQ(ReadQueue::position(bytes("1234567")), std::nullopt);
  EXPECT_EQ(ReadQueue::position(bytes(std::string("\x01\x02\0\0\0\0\0\0", 8))), 0x0201u);
  EXPECT_TRUE(ReadQueue().context().empty());
}

}  // namespace
}  // namespace etcd::raft
