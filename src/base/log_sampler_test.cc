#include "base/log_sampler.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace etcd::base {
namespace {

constexpr std::int64_t kStart = 1'767'323'045'000'000'000;
constexpr unsigned kWarn = 2;

std::uint64_t taken(LogSampler& sampler, std::string_view message, int lines, std::int64_t now_ns) {
  std::uint64_t count = 0;
  for (int i = 0; i < lines; ++i) count += sampler.take(kWarn, message, now_ns) ? 1 : 0;
  return count;
}

TEST(LogSampler, OfEqualLinesTheFirstHundredOfASecondAreTakenThenEachHundredth) {
  const auto sampler = std::make_unique<LogSampler>();
  EXPECT_EQ(taken(*sampler, "rejected", 100, kStart), 100u);
  EXPECT_EQ(taken(*sampler, "rejected", 99, kStart + 1), 0u);
  EXPECT_EQ(taken(*sampler, "rejected", 1, kStart + 2), 1u);
  EXPECT_EQ(taken(*sampler, "rejected", 1000, kStart + LogSampler::kPeriodNs - 1), 10u);
  EXPECT_EQ(sampler->dropped(), 99u + 990u);
}

TEST(LogSampler, TheNextSecondBeginsAnew) {
  const auto sampler = std::make_unique<LogSampler>();
  EXPECT_EQ(taken(*sampler, "rejected", 150, kStart), 100u);
  EXPECT_EQ(taken(*sampler, "rejected", 150, kStart + LogSampler::kPeriodNs), 100u);
  EXPECT_EQ(taken(*sampler, "rejected", 150, kStart - 1), 100u) << "a clock that was set back silences nobody";
}

TEST(LogSampler, OtherMessagesAndLevelsAreNotHeldUp) {
  const auto sampler = std::make_unique<LogSampler>();
  EXPECT_EQ(taken(*sampler, "rejected", 100'000, kStart), 100u + 999u);
  EXPECT_EQ(taken(*sampler, "slow fdatasync", 1, kStart), 1u);
  EXPECT_TRUE(sampler->take(kWarn + 1, "rejected", kStart));
}

TEST(LogSampler, ThreadsTogetherGetNoMoreThanOne) {
  const auto sampler = std::make_unique<LogSampler>();
  EXPECT_EQ(taken(*sampler, "rejected", 1, kStart), 1u);
  std::atomic<std::uint64_t> sum = 1;
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back([&] { sum += taken(*sampler, "rejected", 500, kStart); });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(sum, 100u + 19u);  // 2001 lines
}

}  // namespace
}  // namespace etcd::base
