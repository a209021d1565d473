#include "rpc/unread_bytes.h"

#include <gtest/gtest.h>

namespace etcd::rpc {
namespace {

TEST(UnreadBytes, BytesComeOutInTheOrderInWhichTheyCame) {
  UnreadBytes unread;
  unread.append("abc");
  unread.append("def");
  unread.take(2);
  EXPECT_EQ(unread.view(), "cdef");
  unread.append("gh");
  unread.take(3);
  EXPECT_EQ(unread.view(), "fgh");
  EXPECT_EQ(unread.size(), 3U);
  EXPECT_EQ(unread.take_all(), "fgh");
  EXPECT_TRUE(unread.empty());
}

// A client that always has one more request on its way than its stream's handler has taken.
TEST(UnreadBytes, AReaderThatIsAlwaysALittleBehindCostsNoMemory) {
  const std::string message(1000, 'm');
  UnreadBytes unread;
  unread.append(message);
  for (int i = 0; i < 100'000; ++i) {
    unread.append(message);
    unread.take(message.size());
    ASSERT_EQ(unread.view(), message);
  }
  EXPECT_LE(unread.capacity(), UnreadBytes::kKeptBytes);
}

TEST(UnreadBytes, MuchThatWasTakenLeavesNoMemoryBehind) {
  UnreadBytes unread;
  unread.append(std::string(10 * UnreadBytes::kKeptBytes, 'm'));
  unread.take(unread.size());
  EXPECT_LE(unread.capacity(), UnreadBytes::kKeptBytes);
}

}  // namespace
}  // namespace etcd::rpc
