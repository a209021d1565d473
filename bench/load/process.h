// What the kernel says about another process.
#pragma once

#include <cstdint>

namespace etcd::bench {

struct ProcessUsage {
  std::int64_t cpu_us = 0;            // user and system time so far
  std::int64_t rss_kib = 0;
  std::int64_t private_dirty_kib = 0;
};

// Zeros if there is no such process.
ProcessUsage process_usage(int pid);
// Memory of its own (not of files), cheap enough to ask often.
std::int64_t anonymous_kib(int pid);

}  // namespace etcd::bench
