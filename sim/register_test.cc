#include "sim/register.h"

#include <gtest/gtest.h>

#include "base/rng.h"

namespace etcd::sim {
namespace {

using Kind = RegisterOperation::Kind;
constexpr std::uint64_t kNever = RegisterOperation::kNever;

RegisterOperation write(std::uint64_t value, std::uint64_t called, std::uint64_t returned) {
  return {.kind = Kind::kWrite, .value = value, .called = called, .returned = returned};
}
RegisterOperation read(std::uint64_t seen, std::uint64_t called, std::uint64_t returned) {
  return {.kind = Kind::kRead, .called = called, .returned = returned, .seen = seen};
}
RegisterOperation swap(std::uint64_t expected, std::uint64_t value, bool did, std::uint64_t seen, std::uint64_t called, std::uint64_t returned) {
  return {.kind = Kind::kSwap, .value = value, .expected = expected, .called = called, .returned = returned, .did = did, .seen = seen};
}
RegisterOperation remove(bool did, std::uint64_t called, std::uint64_t returned) {
  return {.kind = Kind::kRemove, .called = called, .returned = returned, .did = did};
}

Verdict check(const std::vector<RegisterOperation>& operations) { return check_register(operations, 1'000'000); }

TEST(Register, WhatIsReadWasWrittenBefore) {
  EXPECT_EQ(check({read(0, 1, 2), write(7, 3, 4), read(7, 5, 6)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 2), read(0, 3, 4)}), Verdict::kViolated);
  EXPECT_EQ(check({read(7, 1, 2), write(7, 3, 4)}), Verdict::kViolated);
}

TEST(Register, OperationsAtOneTimeMayGoEitherWay) {
  EXPECT_EQ(check({write(7, 1, 4), read(0, 2, 3)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 4), read(7, 2, 3)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 10), read(7, 2, 3), read(0, 4, 5)}), Verdict::kViolated);
}

TEST(Register, AWriteOfUnknownOutcomeMayTakePlaceLateOrNever) {
  EXPECT_EQ(check({write(7, 1, kNever), read(0, 2, 3), read(0, 4, 5)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, kNever), read(0, 2, 3), read(7, 4, 5)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, kNever), read(7, 2, 3), read(0, 4, 5)}), Verdict::kViolated);
}

TEST(Register, ASwapWritesOnlyWhereItFindsWhatItExpects) {
  EXPECT_EQ(check({write(7, 1, 2), swap(7, 8, true, 0, 3, 4), read(8, 5, 6)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 2), swap(9, 8, true, 0, 3, 4)}), Verdict::kViolated);
  EXPECT_EQ(check({write(7, 1, 2), swap(9, 8, false, 7, 3, 4)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 2), swap(9, 8, false, 6, 3, 4)}), Verdict::kViolated);
  EXPECT_EQ(check({write(7, 1, 2), swap(7, 8, true, 0, 3, 6), swap(7, 9, true, 0, 4, 5)}), Verdict::kViolated) << "one of two";
  EXPECT_EQ(check({write(7, 1, 2), swap(9, 8, true, 0, 3, kNever), read(8, 4, 5)}), Verdict::kViolated);
}

TEST(Register, ARemovalSaysWhetherThereWasSomething) {
  EXPECT_EQ(check({remove(false, 1, 2), write(7, 3, 4), remove(true, 5, 6), read(0, 7, 8)}), Verdict::kLinearizable);
  EXPECT_EQ(check({write(7, 1, 2), remove(false, 3, 4)}), Verdict::kViolated);
}

// A register that is right, with operations that overlap at random, and then one answer of it made wrong.
TEST(Register, HistoriesOfARealRegisterPassAndFalseAnswersDoNot) {
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    base::Rng rng(seed);
    std::vector<RegisterOperation> operations;
    std::uint64_t state = 0, value = 0;
    for (std::uint64_t i = 1; i <= 60; ++i) {
      // It takes place at 1000 + 100 * i; its ends are around that.
      const std::uint64_t called = 1000 + 100 * i - rng.below(3) * 100 - rng.below(49) - 1;
      const std::uint64_t returned = rng.one_in(8) ? kNever : 1000 + 100 * i + rng.below(3) * 100 + rng.below(49) + 1;
      const bool happens = returned != kNever || rng.one_in(2);
      if (rng.one_in(2)) {
        operations.push_back(write(++value, called, returned));
        if (happens) state = value;
      } else {
        operations.push_back(read(state, called, returned));
      }
    }
    ASSERT_EQ(check(operations), Verdict::kLinearizable) << seed;
    operations.push_back(read(value + 1, 100'000, 100'001));
    ASSERT_EQ(check(operations), Verdict::kViolated) << seed;
  }
}

}  // namespace
}  // namespace etcd::sim
