#include "rpc/timer_wheel.h"

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <vector>

#include "base/rng.h"

namespace etcd::rpc {
namespace {

constexpr std::int64_t kMs = 1'000'000;

TEST(TimerWheel, ATimerFiresAtItsTimeAndNotBefore) {
  TimerWheel wheel(0);
  int fired = 0;
  Timer timer([&] { ++fired; });
  wheel.start(timer, 10 * kMs + 1);
  wheel.advance(10 * kMs);
  EXPECT_EQ(fired, 0);
  wheel.advance(11 * kMs);
  EXPECT_EQ(fired, 1);
  EXPECT_FALSE(timer.started());
}

TEST(TimerWheel, ATimeInThePastFiresAtTheNextAdvance) {
  TimerWheel wheel(1000 * kMs);
  int fired = 0;
  Timer timer([&] { ++fired; });
  wheel.start(timer, 5);
  EXPECT_EQ(wheel.wait_ms(1000 * kMs), 1);
  wheel.advance(1001 * kMs);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheel, ACancelledTimerDoesNotFire) {
  TimerWheel wheel(0);
  Timer timer([] { FAIL(); });
  wheel.start(timer, 300 * kMs);
  timer.cancel();
  wheel.advance(1000 * kMs);
}

TEST(TimerWheel, ACallbackMayCancelAndRestartOthersOfTheSameSlot) {
  TimerWheel wheel(0);
  Timer second([] { FAIL(); });
  int again = 0;
  Timer third([&] { ++again; });
  Timer first([&] {
    second.cancel();
    wheel.start(third, 50 * kMs);
  });
  wheel.start(first, 7 * kMs);
  wheel.start(second, 7 * kMs);
  wheel.start(third, 7 * kMs);
  wheel.advance(20 * kMs);
  EXPECT_EQ(again, 0);
  wheel.advance(50 * kMs);
  EXPECT_EQ(again, 1);
}

TEST(TimerWheel, ACallbackMayDestroyItsOwnTimer) {
  TimerWheel wheel(0);
  auto timer = std::make_unique<Timer>();
  timer->set_callback([&] { timer.reset(); });
  wheel.start(*timer, kMs);
  wheel.advance(2 * kMs);
  EXPECT_EQ(timer, nullptr);
}

TEST(TimerWheel, TimersBeyondTheLastLevelFireInTime) {
  constexpr std::int64_t kDay = 86'400'000 * kMs;
  TimerWheel wheel(123 * kMs);
  std::int64_t now = 123 * kMs;
  std::int64_t fired_at = 0;
  Timer timer([&] { fired_at = now; });
  wheel.start(timer, 400 * kDay);
  while (fired_at == 0 && now < 500 * kDay) {
    const int wait = wheel.wait_ms(now);
    ASSERT_GT(wait, 0);
    now += wait * kMs;
    wheel.advance(now);
  }
  EXPECT_EQ(fired_at, 400 * kDay);
}

TEST(TimerWheel, TheTurnOfTheLastLevelDelaysNothing) {
  const std::int64_t before = (std::int64_t{1} << 32) - 3;
  TimerWheel wheel(before * kMs);
  int fired = 0;
  Timer timer([&] { ++fired; });
  wheel.start(timer, (before + 10) * kMs);
  wheel.advance((before + 9) * kMs);
  EXPECT_EQ(fired, 0);
  wheel.advance((before + 10) * kMs);
  EXPECT_EQ(fired, 1);
}

TEST(TimerWheel, RandomTimersFireExactlyWhenANaiveModelSaysSo) {
  base::Rng rng(7);
  const auto random = [&](std::uint64_t bound) { return static_cast<std::int64_t>(rng.next() % bound); };
  std::int64_t now = random(1'000'000) * kMs;
  TimerWheel wheel(now);
  constexpr std::size_t kTimers = 200;
  std::vector<std::unique_ptr<Timer>> timers;
  std::map<std::size_t, std::int64_t> due;
  std::vector<std::size_t> fired;
  for (std::size_t i = 0; i < kTimers; ++i)
    timers.push_back(std::make_unique<Timer>([&fired, i] { fired.push_back(i); }));
  for (int round = 0; round < 20'000; ++round) {
    const auto which = static_cast<std::size_t>(random(kTimers));
    if (random(4) == 0) {
      timers[which]->cancel();
      due.erase(which);
    } else {
      const std::int64_t far = std::int64_t{1} << random(28);
      due[which] = now + (1 + random(static_cast<std::uint64_t>(far))) * kMs;
      wheel.start(*timers[which], due[which]);
    }
    now += random(std::uint64_t{1} << random(14)) * kMs;
    wheel.advance(now);
    for (const std::size_t i : fired) {
      ASSERT_TRUE(due.contains(i) && due[i] <= now);
      due.erase(i);
    }
    fired.clear();
    for (const auto& [i, at] : due) ASSERT_GT(at, now) << i;
  }
}

TEST(TimerWheel, WaitingNeverSleepsPastATimer) {
  base::Rng rng(11);
  std::int64_t now = 0;
  TimerWheel wheel(now);
  std::int64_t due = 0;
  bool fired = true;
  Timer timer([&] { fired = true; });
  for (int round = 0; round < 5'000; ++round) {
    if (fired) {
      due = now + static_cast<std::int64_t>(1 + rng.next() % 3'000'000) * kMs;
      fired = false;
      wheel.start(timer, due);
    }
    const int wait = wheel.wait_ms(now);
    ASSERT_GE(wait, 0);
    now += wait * kMs;
    ASSERT_LE(now, due);
    wheel.advance(now);
    if (now == due) {
      ASSERT_TRUE(fired);
    }
  }
}

}  // namespace
}  // namespace etcd::rpc
