#include "rpc/call_slots.h"

#include <gtest/gtest.h>

#include <vector>

namespace etcd::rpc {
namespace {

TEST(CallSlots, WithoutALimitNobodyWaits) {
  CallSlots slots(kUnlimitedStreams);
  for (int i = 0; i < 1000; ++i) EXPECT_FALSE(slots.take([] {}));
}

TEST(CallSlots, ThoseAboveTheLimitGetTheirTurnInOrder) {
  CallSlots slots(2);
  std::vector<int> turns;
  EXPECT_FALSE(slots.take([] {}));
  EXPECT_FALSE(slots.take([] {}));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(slots.take([&turns, i] { turns.push_back(i); }));
  slots.give_back();
  slots.give_back();
  EXPECT_EQ(turns, (std::vector<int>{0, 1}));
  slots.give_back();
  EXPECT_EQ(turns, (std::vector<int>{0, 1, 2}));
  for (int i = 0; i < 2; ++i) slots.give_back();
  EXPECT_FALSE(slots.take([] {}));
  EXPECT_FALSE(slots.take([] {}));
  EXPECT_TRUE(slots.take([] {}));
}

TEST(CallSlots, OneMayLeaveTheLineUntilItsTurnHasCome) {
  CallSlots slots(1);
  int turns = 0;
  EXPECT_FALSE(slots.take([] {}));
  const auto first = slots.take([&] { turns += 1; });
  const auto second = slots.take([&] { turns += 10; });
  EXPECT_TRUE(slots.leave(*first));
  EXPECT_FALSE(slots.leave(*first));
  slots.give_back();
  EXPECT_EQ(turns, 10);
  EXPECT_FALSE(slots.leave(*second));
}

}  // namespace
}  // namespace etcd::rpc
