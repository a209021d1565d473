// ManualClock: time as a test sets it.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace etcd::rpc::testing {

class ManualClock final : public base::Clock {
 public:
  std::int64_t monotonic_ns() override { return now_ns; }
  std::int64_t wall_ns() override { return now_ns; }

  std::int64_t now_ns = 1'000'000'000'000;
};

}  // namespace etcd::rpc::testing
