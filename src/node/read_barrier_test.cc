#include "node/read_barrier.h"

#include <gtest/gtest.h>

namespace etcd::node {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

struct Outcome {
  int calls = 0;
  Status status;
};

class ReadBarrierTest : public testing::Test {
 protected:
  void ask(Outcome& outcome, std::int64_t deadline_ns = 100 * kSecond) {
    barrier_.ask({deadline_ns, [&outcome](Status status) {
                    ++outcome.calls;
                    outcome.status = std::move(status);
                  }});
  }

  ReadBarrier barrier_;
};

TEST(ReadBarrier, AnAnswerToAQuestionOfAnEarlierLifeSatisfiesNobody) {
  ReadBarrier earlier(1'000);
  earlier.ask({100 * kSecond, [](Status) {}});
  const auto old_question = earlier.next_question(1);
  ASSERT_TRUE(old_question);

  ReadBarrier later(2'000);
  int calls = 0;
  later.ask({100 * kSecond, [&](Status) { ++calls; }});
  const auto question = later.next_question(1);
  ASSERT_TRUE(question);
  EXPECT_NE(*question, *old_question);
  later.answered(*old_question, LogIndex(0));
  EXPECT_EQ(calls, 0);
  later.answered(*question, LogIndex(0));
  EXPECT_EQ(calls, 1);
}

TEST_F(ReadBarrierTest, WithoutReadersThereIsNoQuestion) { EXPECT_FALSE(barrier_.next_question(1)); }

TEST_F(ReadBarrierTest, AReaderGoesOnOnceItsIndexIsApplied) {
  Outcome outcome;
  ask(outcome);
  auto question = barrier_.next_question(1);
  ASSERT_TRUE(question);
  barrier_.answered(*question, LogIndex(10));
  barrier_.applied(LogIndex(9));
  EXPECT_EQ(outcome.calls, 0);
  barrier_.applied(LogIndex(10));
  EXPECT_EQ(outcome.calls, 1);
  EXPECT_TRUE(outcome.status);
}

TEST_F(ReadBarrierTest, AReaderThatComesAfterTheQuestionWaitsForTheNextOne) {
  Outcome first, second;
  ask(first);
  auto question = barrier_.next_question(1);
  ask(second);
  EXPECT_FALSE(barrier_.next_question(2));
  barrier_.answered(*question, LogIndex(0));
  EXPECT_EQ(first.calls, 1);
  EXPECT_EQ(second.calls, 0);
  auto next = barrier_.next_question(3);
  ASSERT_TRUE(next);
  EXPECT_NE(*next, *question);
}

TEST_F(ReadBarrierTest, ALateAnswerToAnEarlierQuestionIsIgnored) {
  Outcome outcome;
  ask(outcome);
  auto first = barrier_.next_question(1);
  auto second = barrier_.next_question(kSecond);
  ASSERT_TRUE(second);
  EXPECT_EQ(barrier_.counts().repeated, 1u);
  barrier_.answered(*first, LogIndex(0));
  EXPECT_EQ(outcome.calls, 0);
  barrier_.answered(*second, LogIndex(0));
  EXPECT_EQ(outcome.calls, 1);
}

TEST_F(ReadBarrierTest, AQuestionThatIsDroppedOrWhoseLeaderIsGoneIsAskedAgain) {
  for (const bool is_dropped : {true, false}) {
    Outcome first, second;
    ask(first);
    const auto question = barrier_.next_question(1);
    ask(second);
    EXPECT_FALSE(barrier_.has_unasked()) << "one at a time";
    is_dropped ? barrier_.dropped(*question) : barrier_.leader_changed();
    EXPECT_TRUE(barrier_.has_unasked());
    EXPECT_EQ(first.calls, 0);
    const auto again = barrier_.next_question(2);
    ASSERT_TRUE(again);
    barrier_.answered(*question, LogIndex(0));
    EXPECT_EQ(first.calls, 0) << "the answer is too old";
    barrier_.answered(*again, LogIndex(0));
    EXPECT_EQ(first.calls + second.calls, 2);
  }
  EXPECT_EQ(barrier_.counts().failed, 2U);
}

TEST_F(ReadBarrierTest, OnlyThoseWhoWereNotAskedForAreRefused) {
  Outcome asked, unasked;
  ask(asked);
  ASSERT_TRUE(barrier_.next_question(1));
  ask(unasked);
  barrier_.refuse_unasked(Error{Errc::kNoLeader});
  EXPECT_EQ(asked.calls, 0);
  ASSERT_EQ(unasked.calls, 1);
  EXPECT_EQ(unasked.status.error().code, Errc::kNoLeader);
}

TEST_F(ReadBarrierTest, ADeadlineEndsTheWaitInEachPhase) {
  Outcome asking, in_flight, confirmed;
  ask(confirmed, 10);
  auto question = barrier_.next_question(1);
  barrier_.answered(*question, LogIndex(5));
  ask(in_flight, 10);
  ASSERT_TRUE(barrier_.next_question(2));
  ask(asking, 11);
  EXPECT_EQ(barrier_.wake_at_ns(), 10);
  barrier_.expire(10);
  EXPECT_EQ(confirmed.calls, 1);
  EXPECT_EQ(in_flight.calls, 1);
  EXPECT_EQ(asking.calls, 0);
  EXPECT_EQ(confirmed.status.error().code, Errc::kTimeout);
  EXPECT_EQ(barrier_.counts().timed_out, 1u);
  EXPECT_EQ(barrier_.counts().failed, 0u);
}

TEST_F(ReadBarrierTest, StoppingFailsEverybodyOnce) {
  Outcome asking, in_flight;
  ask(in_flight);
  ASSERT_TRUE(barrier_.next_question(1));
  ask(asking);
  barrier_.fail_all(Error{Errc::kStopped});
  barrier_.fail_all(Error{Errc::kStopped});
  EXPECT_EQ(asking.calls + in_flight.calls, 2);
}

}  // namespace
}  // namespace etcd::node
