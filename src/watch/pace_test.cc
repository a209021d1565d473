#include "watch/pace.h"

#include <gtest/gtest.h>

namespace etcd::watch {
namespace {

constexpr std::int64_t kMs = 1'000'000;
constexpr std::int64_t kSliceNs = kMs / 10;

// A loop that steps when it is due, and a writer who brings a revision each millisecond.
class Loop {
 public:
  History step(std::int64_t way, std::uint64_t bytes = 0) {
    const History history = pace.next(Revision(revision), way, now_ns);
    if (history == History::kGentle) now_ns += kSliceNs;
    pace.ended(now_ns, bytes);
    return history;
  }
  // Returns how many slices of history there were.
  int run(std::int64_t for_ns, std::int64_t way, std::uint64_t bytes = 0) {
    int slices = 0;
    for (const std::int64_t end_ns = now_ns + for_ns; now_ns < end_ns; now_ns += kMs) {
      ++revision;
      while (step(way, bytes) == History::kGentle) ++slices;
    }
    return slices;
  }

  Pace pace;
  std::int64_t revision = 5;
  std::int64_t now_ns = 1000 * kMs;
};

TEST(Pace, HistoryIsFastWhileNobodyWrites) {
  Loop loop;
  loop.step(100'000);  // the first revision that it sees may be new
  loop.now_ns += Pace::kQuietNs + 1;
  for (int i = 0; i < 10; ++i) EXPECT_EQ(loop.step(100'000), History::kFast);
}

TEST(Pace, NothingWaitsIfNobodyIsFarBehind) {
  Loop loop;
  for (int i = 0; i < 10; ++i, ++loop.revision) EXPECT_EQ(loop.step(0), History::kFast);
}

TEST(Pace, AWriterLeavesHistoryItsShareOfTheTime) {
  Loop loop;
  const int slices = loop.run(1000 * kMs, 100'000);
  const std::int64_t most = 1000 * kMs / ((1 + Pace::kPauses) * kSliceNs);
  EXPECT_LE(slices, most + most / 20);
  EXPECT_GE(slices, most - most / 20);
}

TEST(Pace, BytesToSendAreTimeToo) {
  Loop loop;
  const int slices = loop.run(1000 * kMs, 100'000, static_cast<std::uint64_t>(9 * kSliceNs / Pace::kByteNs));
  EXPECT_NEAR(slices, 1000 * kMs / ((1 + Pace::kPauses) * 10 * kSliceNs), 3);
}

TEST(Pace, AWaitEndsWhenItIsDue) {
  Loop loop;
  while (loop.step(100'000) == History::kGentle) {
  }
  ASSERT_GT(loop.pace.due_ns(), loop.now_ns);
  loop.now_ns = loop.pace.due_ns();
  EXPECT_EQ(loop.step(100'000), History::kGentle);
}

TEST(Pace, HistoryThatGetsNowhereGetsMoreAndMoreUntilItIsFastEnough) {
  Loop loop;
  const int before = loop.run(Pace::kPatienceNs / 2, 100'000);
  loop.run(Pace::kPatienceNs, 200'000);
  const int after = loop.run(Pace::kPatienceNs / 2, 200'000);
  EXPECT_GT(after, before * 3 / 2);
  loop.run(Pace::kPatienceNs, 150'000);  // it does get somewhere
  loop.run(Pace::kPatienceNs, 100'000);
  EXPECT_NEAR(loop.run(Pace::kPatienceNs / 2, 50'000), before, before / 10);
}

TEST(Pace, HistoryThatNeverGetsAnywhereWaitsForNobodyInTheEnd) {
  Loop loop;
  std::int64_t way = 100'000;
  for (int i = 0; i < 6; ++i) {
    ++loop.revision;
    loop.step(++way);
    loop.now_ns += Pace::kPatienceNs;
  }
  for (int i = 0; i < 10; ++i) {
    ++loop.revision;
    EXPECT_EQ(loop.step(way), History::kGentle);
  }
}

}  // namespace
}  // namespace etcd::watch
