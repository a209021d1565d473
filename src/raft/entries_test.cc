#include "raft/entries.h"

#include <gtest/gtest.h>

#include "raft/testing/fixture.h"

namespace etcd::raft {
namespace {

using testing::entry;

Entries in_pieces() {
  Entries all(std::vector{entry(1, 1, "a"), entry(1, 2, "bb")});
  Entries more(std::vector{entry(2, 3, "ccc")});
  all.add(more.pieces().front());
  return all;
}

TEST(Entries, ReadAsOneRunHoweverManyPieces) {
  Entries all = in_pieces();
  ASSERT_EQ(all.size(), 3u);
  ASSERT_EQ(all.pieces().size(), 2u);
  std::uint64_t index = 1;
  for (const Entry& e : all) EXPECT_EQ(e.index, LogIndex(index++));
  EXPECT_EQ(all[2].term, Term(2));
  EXPECT_EQ(all.front().index, LogIndex(1));
  EXPECT_EQ(all.back().index, LogIndex(3));
  EXPECT_EQ(payload_bytes(all), 6u);
}

TEST(Entries, CompareByContentNotByPieces) {
  EXPECT_EQ(in_pieces(), Entries(std::vector{entry(1, 1, "a"), entry(1, 2, "bb"), entry(2, 3, "ccc")}));
  EXPECT_FALSE(in_pieces() == Entries(std::vector{entry(1, 1, "a")}));
}

TEST(Entries, ASuffixSharesTheRest) {
  Entries all = in_pieces();
  EXPECT_EQ(all.suffix(0), all);
  EXPECT_EQ(all.suffix(1).front().index, LogIndex(2));
  EXPECT_EQ(all.suffix(2).pieces().size(), 1u);
  EXPECT_EQ(&all.suffix(2).front(), &all.back());
  EXPECT_TRUE(all.suffix(3).empty());
}

TEST(EntriesDeathTest, AnIndexBeyondTheEndIsABug) {
  Entries all = in_pieces();
  EXPECT_DEATH(all[3], "CHECK failed");
  EXPECT_DEATH(all.suffix(4), "CHECK failed");
}

}  // namespace
}  // namespace etcd::raft
