#include "base/clock.h"

#include <ctime>

namespace etcd::base {

namespace {

std::int64_t read_clock(clockid_t which) {
  timespec now{};
  ::clock_gettime(which, &now);
  return static_cast<std::int64_t>(now.tv_sec) * 1'000'000'000 + now.tv_nsec;
}

class SystemClock : public Clock {
 public:
  std::int64_t monotonic_ns() override { return read_clock(CLOCK_MONOTONIC); }
  std::int64_t wall_ns() override { return read_clock(CLOCK_REALTIME); }
};

}  // namespace

Clock& system_clock() {
  static SystemClock clock;
  return clock;
}

}  // namespace etcd::base
