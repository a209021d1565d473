#include "rpc/loop.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace etcd::rpc {
namespace {

// Runs a loop on a thread of its own until the test is over.
class RunningLoop {
 public:
  RunningLoop() : thread_([this] { loop.run(); }) {}
  ~RunningLoop() {
    loop.stop();
    thread_.join();
  }

  Loop loop{base::system_clock()};

 private:
  std::thread thread_;
};

TEST(Loop, TasksPostedFromManyThreadsAllRunOnTheLoop) {
  std::atomic<int> ran = 0;
  std::atomic<int> elsewhere = 0;
  constexpr int kThreads = 4;
  constexpr int kEach = 500;
  {
    RunningLoop running;
    std::vector<std::thread> threads;
    for (int i = 0; i < kThreads; ++i) {
      threads.emplace_back([&] {
        for (int j = 0; j < kEach; ++j) {
          running.loop.post([&] {
            if (!running.loop.runs_here()) ++elsewhere;
            ++ran;
          });
        }
      });
    }
    for (std::thread& thread : threads) thread.join();
    while (ran < kThreads * kEach) std::this_thread::yield();
  }
  EXPECT_EQ(elsewhere, 0);
}

TEST(Loop, HooksRunAfterThePassAndFlushHooksLast) {
  Loop loop(base::system_clock());
  std::string order;
  const auto number = loop.at_flush([&] { order += 'f'; });
  loop.at_end_of_pass([&] { order += 'e'; });
  loop.post([&] { order += 'p'; });
  loop.run_once(0);
  EXPECT_EQ(order, "pef");
  loop.remove_flush_hook(number);
  loop.run_once(0);
  EXPECT_EQ(order, "pefe");
}

TEST(Loop, ATimerWakesTheLoop) {
  Loop loop(base::system_clock());
  bool fired = false;
  Timer timer([&] { fired = true; });
  loop.timers().start(timer, loop.clock().monotonic_ns() + 3'000'000);
  while (!fired) loop.run_once(-1);
}

TEST(Loop, AnUnwatchedDescriptorHearsNothingMoreOfTheSamePass) {
  Loop loop(base::system_clock());
  int pairs[2][2];
  for (auto& pair : pairs) {
    ASSERT_EQ(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
    ASSERT_EQ(write(pair[1], "x", 1), 1);
  }
  int heard = 0;
  for (auto& pair : pairs) {
    loop.watch(pair[0], EPOLLIN, [&](std::uint32_t) {
      ++heard;
      for (auto& other : pairs) {
        loop.unwatch(other[0]);
        close(other[0]);
      }
    });
  }
  loop.run_once(1000);
  loop.run_once(0);
  EXPECT_EQ(heard, 1);
  for (auto& pair : pairs) close(pair[1]);
}

TEST(Loop, StopEndsALoopThatSleeps) {
  Loop loop(base::system_clock());
  std::thread stopper([&] { loop.stop(); });
  loop.run();
  stopper.join();
}

}  // namespace
}  // namespace etcd::rpc
