// The seam to time. Pure cores never see it: they are given timestamps and ticks.
#pragma once

#include <cstdint>

namespace etcd::base {

class Clock {
 public:
  virtual ~Clock() = default;
  // Nanoseconds from an arbitrary start; never goes back.
  virtual std::int64_t monotonic_ns() = 0;
  // Nanoseconds since 1970-01-01T00:00:00Z; may jump.
  virtual std::int64_t wall_ns() = 0;
};

// The machine's own clocks; usable from any thread.
Clock& system_clock();

}  // namespace etcd::base
