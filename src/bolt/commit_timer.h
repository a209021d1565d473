// CommitTimer: how long the parts of a commit took, for who asks to know.
#pragma once

#include <cstdint>

#include "base/clock.h"

namespace etcd::bolt {

struct CommitTimer {
  base::Clock& clock;
  std::int64_t balance_ns = 0;  // merging nodes that were emptied
  std::int64_t spill_ns = 0;    // laying out changed nodes as pages, in memory
  std::int64_t write_ns = 0;    // writing and syncing them

  // Adds the time of its own life to one of them; does nothing without a timer.
  class Span {
   public:
    Span(CommitTimer* timer, std::int64_t CommitTimer::*part)
        : timer_(timer), part_(part), begun_ns_(timer == nullptr ? 0 : timer->clock.monotonic_ns()) {}
    ~Span() {
      if (timer_ != nullptr) timer_->*part_ += timer_->clock.monotonic_ns() - begun_ns_;
    }
    Span(const Span&) = delete;
    Span& operator=(const Span&) = delete;

   private:
    CommitTimer* timer_;
    std::int64_t CommitTimer::*part_;
    std::int64_t begun_ns_;
  };
};

}  // namespace etcd::bolt
