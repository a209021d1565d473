#include "node/waiters.h"

#include <gtest/gtest.h>

namespace etcd::node {
namespace {

struct Outcome {
  int calls = 0;
  Errc code = Errc::kIo;
};

Waiters::Waiter waiter(std::uint64_t id, std::int64_t deadline_ns, Outcome& outcome) {
  return {id, deadline_ns, [&outcome](Result<base::Rope> result) {
            ++outcome.calls;
            if (!result) outcome.code = result.error().code;
          }};
}

void add(Waiters& waiters, Waiters::Waiter one) {
  std::vector<Waiters::Waiter> batch;
  batch.push_back(std::move(one));
  waiters.add(batch);
}

TEST(Waiters, TakingAnIdHandsItsCallbackOverOnce) {
  Waiters waiters;
  Outcome outcome;
  add(waiters, waiter(7, 100, outcome));
  std::vector<ProposeCallback> taken;
  waiters.take({6, 7, 7}, taken);
  ASSERT_EQ(taken.size(), 3u);
  EXPECT_FALSE(taken[0]);
  EXPECT_TRUE(taken[1]);
  EXPECT_FALSE(taken[2]);
  EXPECT_EQ(waiters.size(), 0u);
  EXPECT_EQ(outcome.calls, 0);
}

TEST(Waiters, BytesCountUntilTheAnswerWhateverItIs) {
  Waiters waiters;
  Outcome outcome;
  for (std::uint64_t id = 1; id <= 4; ++id) {
    Waiters::Waiter one = waiter(id, id == 2 ? 50 : 500, outcome);
    one.bytes = 1u << id;
    add(waiters, std::move(one));
  }
  EXPECT_EQ(waiters.bytes(), 30u);
  std::vector<ProposeCallback> taken;
  waiters.take({1, 9}, taken);
  EXPECT_EQ(waiters.bytes(), 28u);
  waiters.expire(100, [](std::int64_t) { return Error{Errc::kTimeout}; });
  EXPECT_EQ(waiters.bytes(), 24u);
  waiters.stop();
  EXPECT_EQ(waiters.bytes(), 0u);
}

TEST(Waiters, OnlyThoseWhoseDeadlineHasPassedExpire) {
  Waiters waiters;
  Outcome early, late;
  add(waiters, waiter(1, 100, early));
  add(waiters, waiter(2, 101, late));
  EXPECT_EQ(waiters.expire(100, [](std::int64_t) { return Error{Errc::kTimeout}; }), 1u);
  EXPECT_EQ(early.calls, 1);
  EXPECT_EQ(early.code, Errc::kTimeout);
  EXPECT_EQ(late.calls, 0);
}

TEST(Waiters, StopFailsTheWaitingAndThoseThatComeLater) {
  Waiters waiters;
  Outcome before, after;
  add(waiters, waiter(1, 100, before));
  waiters.stop();
  add(waiters, waiter(2, 100, after));
  EXPECT_EQ(before.code, Errc::kStopped);
  EXPECT_EQ(after.code, Errc::kStopped);
  EXPECT_EQ(before.calls + after.calls, 2);
}

}  // namespace
}  // namespace etcd::node
