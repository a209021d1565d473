#include "node/view_signals.h"

#include <gtest/gtest.h>

#include <thread>

namespace etcd::node {
namespace {

TEST(ViewSignal, WakesOnceAfterEachArming) {
  int woken = 0;
  ViewSignal signal([&] { ++woken; });
  ViewSignals signals;
  signals.add(signal);
  signals.published();
  EXPECT_EQ(woken, 0);
  signal.arm();
  signals.published();
  signals.published();
  EXPECT_EQ(woken, 1);
  signal.arm();
  signals.published();
  EXPECT_EQ(woken, 2);
  signals.remove(signal);
  signal.arm();
  signals.published();
  EXPECT_EQ(woken, 2);
}

// The follower sleeps only when it has armed the signal and then seen nothing new: it must come to see the last one.
TEST(ViewSignal, NoPublicationIsMissed) {
  constexpr int kPublications = 20'000;
  std::atomic<int> newest = 0;
  std::atomic<bool> awake = true;
  ViewSignal signal([&] {
    awake.store(true);
    awake.notify_one();
  });
  ViewSignals signals;
  signals.add(signal);
  std::thread apply([&] {
    for (int i = 1; i <= kPublications; ++i) {
      newest.store(i, std::memory_order_relaxed);
      signals.published();
    }
  });
  int seen = 0;
  while (seen < kPublications) {
    awake.store(false);
    signal.arm();
    if (newest.load(std::memory_order_relaxed) == seen) awake.wait(false);
    seen = newest.load(std::memory_order_relaxed);
  }
  apply.join();
  signals.remove(signal);
  EXPECT_EQ(seen, kPublications);
}

}  // namespace
}  // namespace etcd::node
