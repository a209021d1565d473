#include "bench/load/report.h"

#include <algorithm>
#include <bit>
#include <cstdio>

namespace etcd::bench {

void Latencies::add(std::int64_t ns) {
  const auto value = static_cast<std::uint64_t>(std::max<std::int64_t>(ns, 1));
  const int power = static_cast<int>(std::bit_width(value)) - 1;
  const auto step = power >= 5 ? (value >> (power - 5)) & (kSteps - 1) : (value << (5 - power)) & (kSteps - 1);
  ++buckets_[static_cast<std::size_t>(power) * kSteps + step];
  ++count_;
  sum_ns_ += ns;
  max_ns_ = std::max(max_ns_, ns);
}

double Latencies::mean_us() const { return count_ == 0 ? 0 : static_cast<double>(sum_ns_) / static_cast<double>(count_) / 1e3; }

double Latencies::quantile_us(double share) const {
  const auto wanted = static_cast<std::int64_t>(share * static_cast<double>(count_));
  std::int64_t seen = 0;
  for (std::size_t i = 0; i < buckets_.size(); ++i) {
    seen += buckets_[i];
    if (seen > wanted) {
      const double base = static_cast<double>(std::uint64_t{1} << (i / kSteps));
      return base * (1.0 + static_cast<double>(i % kSteps + 1) / kSteps) / 1e3;
    }
  }
  return max_us();
}

std::string to_json(const Report& report) {
  const double calls = static_cast<double>(std::max<std::int64_t>(report.latencies.count(), 1));
  char text[640];
  std::snprintf(text, sizeof text,
                R"({"calls":%lld,"errors":%lld,"seconds":%.3f,"per_second":%.1f,"mean_us":%.1f,"p50_us":%.1f,"p99_us":%.1f,)"
                R"("p999_us":%.1f,"max_us":%.1f,"server_cpu_us_per_call":%.2f,"response_bytes":%lld,"rss_kib":%lld,)"
                R"("private_dirty_kib":%lld,"peak_anonymous_kib":%lld})",
                static_cast<long long>(report.latencies.count()), static_cast<long long>(report.errors), report.seconds,
                calls / report.seconds, report.latencies.mean_us(), report.latencies.quantile_us(0.5),
                report.latencies.quantile_us(0.99), report.latencies.quantile_us(0.999), report.latencies.max_us(),
                report.server_cpu_us / calls, static_cast<long long>(report.response_bytes),
                static_cast<long long>(report.rss_kib), static_cast<long long>(report.private_dirty_kib),
                static_cast<long long>(report.peak_anonymous_kib));
  return text;
}

}  // namespace etcd::bench
