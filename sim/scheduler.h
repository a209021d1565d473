// Scheduler: virtual time. What is to happen is an action with a moment; the earliest runs next, and of those of one moment the one that was asked for
// first. Nothing else in the simulator decides about order.
//
// Owner: the World; one thread.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>
#include <vector>

#include "base/unique_function.h"

namespace etcd::sim {

inline constexpr std::int64_t kMicrosecond = 1'000;
inline constexpr std::int64_t kMillisecond = 1'000'000;
inline constexpr std::int64_t kSecond = 1'000'000'000;

class Scheduler {
 public:
  using Action = base::UniqueFunction<void()>;

  // Nanoseconds since the world began.
  std::int64_t now_ns() const { return now_ns_; }
  // Counts the events: orders what happens within one moment.
  std::uint64_t sequence() const { return run_; }

  // A time that has passed counts as now.
  void at(std::int64_t time_ns, Action action) {
    events_.push_back({std::max(time_ns, now_ns_), asked_++, std::move(action)});
    std::push_heap(events_.begin(), events_.end(), later);
  }
  void after(std::int64_t delay_ns, Action action) { at(now_ns_ + delay_ns, std::move(action)); }

  // Runs the next action, if there is one up to `until_ns`; else time is `until_ns`, and it returns false.
  bool step(std::int64_t until_ns) {
    if (events_.empty() || events_.front().time_ns > until_ns) {
      now_ns_ = std::max(now_ns_, until_ns);
      return false;
    }
    std::pop_heap(events_.begin(), events_.end(), later);
    Event event = std::move(events_.back());
    events_.pop_back();
    now_ns_ = event.time_ns;
    ++run_;
    event.action();
    return true;
  }

 private:
  struct Event {
    std::int64_t time_ns;
    std::uint64_t asked;
    Action action;
  };
  static bool later(const Event& a, const Event& b) { return a.time_ns != b.time_ns ? a.time_ns > b.time_ns : a.asked > b.asked; }

  std::int64_t now_ns_ = 0;
  std::uint64_t asked_ = 0;
  std::uint64_t run_ = 0;
  std::vector<Event> events_;  // a heap
};

}  // namespace etcd::sim
