// LogSampler: which of many equal lines are written, so that nobody can fill a disk with them: of the lines of one level and message, within a second the
// first 100, then every 100th. It is what etcd's logger does (zap's sampling).
//
// Any thread, without locks. Its memory is fixed: messages share counters by their hash, so one that is flooded can thin out a few others.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string_view>

namespace etcd::base {

class LogSampler {
 public:
  static constexpr std::uint64_t kFirst = 100;
  static constexpr std::uint64_t kEvery = 100;
  static constexpr std::int64_t kPeriodNs = 1'000'000'000;

  // False if the line is one too many. `kind`: a small number, equal for lines of one level. `now_ns`: of any clock, always the same one.
  bool take(unsigned kind, std::string_view message, std::int64_t now_ns) {
    Counter& counter = counters_[(std::hash<std::string_view>()(message) + kind) % counters_.size()];
    const std::uint64_t number = counter.count(now_ns);
    if (number <= kFirst || (number - kFirst) % kEvery == 0) return true;
    dropped_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  // How many were too many.
  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  struct Counter {
    // The number of this line in its period, from 1. Threads that begin a period together may each begin it: a few lines more.
    std::uint64_t count(std::int64_t now_ns) {
      const std::int64_t began_ns = began_ns_.load(std::memory_order_relaxed);
      if (now_ns >= began_ns && now_ns - began_ns < kPeriodNs) return lines_.fetch_add(1, std::memory_order_relaxed) + 1;
      began_ns_.store(now_ns, std::memory_order_relaxed);
      lines_.store(1, std::memory_order_relaxed);
      return 1;
    }

   private:
    std::atomic<std::int64_t> began_ns_ = 0;
    std::atomic<std::uint64_t> lines_ = 0;
  };

  std::array<Counter, 1024> counters_;
  std::atomic<std::uint64_t> dropped_ = 0;
};

}  // namespace etcd::base
