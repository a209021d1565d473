// TimerWheel: many timers, most of them cancelled before they fire (deadlines of calls), at O(1) each.
//
// A pure core: time is given. Resolution is one millisecond; a timer never fires early, and fires at the first
// advance() at or after its time. Four levels of 256 slots of 1 ms, 256 ms, 65.5 s and 4.66 h; later times wait in the
// last level and are sorted in again. Owner: one loop. Invariant: each started Timer is linked into exactly one slot,
// and the bit of an occupied slot is set (that of an empty one may be).
#pragma once

#include <array>
#include <cstdint>

#include "base/unique_function.h"

namespace etcd::rpc {

struct TimerLink {
  TimerLink* next = nullptr;
  TimerLink* previous = nullptr;
};

// One timer; its owner embeds it. The destructor cancels. Neither copied nor moved, since the wheel links to it.
class Timer : private TimerLink {
 public:
  Timer() = default;
  explicit Timer(base::UniqueFunction<void()> fire) : fire_(std::move(fire)) {}
  ~Timer() { cancel(); }
  Timer(const Timer&) = delete;
  Timer& operator=(const Timer&) = delete;

  // Only while it is not started.
  void set_callback(base::UniqueFunction<void()> fire) { fire_ = std::move(fire); }
  bool started() const { return next != nullptr; }
  void cancel();

 private:
  friend class TimerWheel;

  base::UniqueFunction<void()> fire_;
  std::int64_t at_tick_ = 0;
};

class TimerWheel {
 public:
  explicit TimerWheel(std::int64_t now_ns);
  // Timers must be cancelled or fired before; CHECKs it.
  ~TimerWheel();
  TimerWheel(const TimerWheel&) = delete;
  TimerWheel& operator=(const TimerWheel&) = delete;

  // (Re)starts `timer` for `at_ns`; a time in the past fires at the next advance().
  void start(Timer& timer, std::int64_t at_ns);
  // Fires what is due at `now_ns`. A callback may start and cancel any timer, destroy its own too.
  void advance(std::int64_t now_ns);
  // Milliseconds from `now_ns` until advance() next has something to do (at most; sorting in is something), -1 if there
  // is no timer.
  int wait_ms(std::int64_t now_ns) const;

 private:
  static constexpr int kLevels = 4;
  static constexpr int kSlotBits = 8;
  static constexpr int kSlots = 1 << kSlotBits;

  struct Level {
    std::array<TimerLink, kSlots> heads;  // rings
    std::array<std::uint64_t, kSlots / 64> occupied{};
  };

  void insert(Timer& timer);
  void cascade(int level);
  void fire_slot(std::int64_t tick);
  static int next_occupied(const Level& level, std::size_t current);

  std::int64_t tick_;  // all timers up to and including this one have fired
  std::array<Level, kLevels> levels_;
};

}  // namespace etcd::rpc
