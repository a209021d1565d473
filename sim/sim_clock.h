// SimClock: a member's clock. It runs a little fast or slow; its wall time may jump, its monotonic time never goes back.
#pragma once

#include <cstdint>

#include "base/clock.h"
#include "sim/scheduler.h"

namespace etcd::sim {

class SimClock : public base::Clock {
 public:
  SimClock(const Scheduler& scheduler, std::int64_t drift_ppm) : scheduler_(scheduler), drift_ppm_(drift_ppm) {}

  std::int64_t monotonic_ns() override { return kStart + local(scheduler_.now_ns()); }
  std::int64_t wall_ns() override { return 1'700'000'000 * kSecond + local(scheduler_.now_ns()) + wall_offset_ns_; }

  // When, in the world's time, this clock's monotonic time will be `local_ns`.
  std::int64_t world_ns(std::int64_t local_ns) const {
    const std::int64_t since = local_ns - kStart;
    return since - since / (1'000'000 + drift_ppm_) * drift_ppm_;
  }
  void jump(std::int64_t ns) { wall_offset_ns_ += ns; }

 private:
  static constexpr std::int64_t kStart = 1'000 * kSecond;

  std::int64_t local(std::int64_t world_ns) const { return world_ns + world_ns / 1'000'000 * drift_ppm_; }

  const Scheduler& scheduler_;
  std::int64_t drift_ppm_;
  std::int64_t wall_offset_ns_ = 0;
};

}  // namespace etcd::sim
