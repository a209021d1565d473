// ManualClock: time as a test sets it. The wall's may move on while it is looked at.
#pragma once

#include <cstdint>
#include <utility>

#include "base/clock.h"

namespace etcd::rpc::testing {

class ManualClock final : public base::Clock {
 public:
  std::int64_t monotonic_ns() override { return now_ns; }
  std::int64_t wall_ns() override { return now_ns + std::exchange(wall_ahead_ns, wall_ahead_ns + wall_step_ns); }

  std::int64_t now_ns = 1'000'000'000'000;
  std::int64_t wall_ahead_ns = 0;
  std::int64_t wall_step_ns = 0;  // with each look
};

}  // namespace etcd::rpc::testing
