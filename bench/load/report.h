// Latencies in buckets of 1/32 of a power of two (about 3 %), and the line of figures printed at the end.
#pragma once

#include <array>
#include <cstdint>
#include <string>

namespace etcd::bench {

class Latencies {
 public:
  void add(std::int64_t ns);
  std::int64_t count() const { return count_; }
  double mean_us() const;
  // The upper edge of the bucket that holds the given share (0..1) of the calls, in microseconds.
  double quantile_us(double share) const;
  double max_us() const { return static_cast<double>(max_ns_) / 1e3; }

 private:
  static constexpr int kSteps = 32;
  std::array<std::int64_t, 64 * kSteps> buckets_{};
  std::int64_t count_ = 0;
  std::int64_t sum_ns_ = 0;
  std::int64_t max_ns_ = 0;
};

struct Report {
  Latencies latencies;
  std::int64_t errors = 0;
  std::int64_t response_bytes = 0;
  double seconds = 0;
  double server_cpu_us = 0;  // over the measured time; 0 when no pid was given
  std::int64_t rss_kib = 0;
  std::int64_t private_dirty_kib = 0;
  std::int64_t peak_anonymous_kib = 0;  // sampled every few milliseconds
};

// One line of JSON.
std::string to_json(const Report& report);

}  // namespace etcd::bench
