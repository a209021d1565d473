// PingPolicy: whether a client's PINGs are too many, counted as grpc-go's server counts them. Pure: time is given.
//
// A ping too soon after the last one is a strike; the third ends the connection. Sending a HEADERS or DATA frame
// forgives all strikes at the next ping, so that a client that pings a busy connection (or probes its bandwidth) is
// left in peace.
#pragma once

#include <cstdint>

#include "rpc/options.h"

namespace etcd::rpc {

class PingPolicy {
 public:
  explicit PingPolicy(const KeepaliveEnforcement& rule) : rule_(rule) {}

  void sent_headers_or_data() { forgiven_ = true; }

  // Counts a ping; false when it is one too many. `active_streams`: calls under way on the connection.
  bool allow(std::int64_t now_ns, std::size_t active_streams) {
    const bool idle = active_streams == 0 && !rule_.permit_without_stream;
    const std::int64_t least = idle ? kIdleInterval : rule_.min_time_ns;
    const bool too_soon = now_ns - last_ns_ < least;
    last_ns_ = now_ns;
    if (forgiven_) {
      forgiven_ = false;
      strikes_ = 0;
    } else if (too_soon) {
      ++strikes_;
    }
    return strikes_ <= kMaxStrikes;
  }

 private:
  static constexpr int kMaxStrikes = 2;
  static constexpr std::int64_t kIdleInterval = 2 * kHour;

  KeepaliveEnforcement rule_;
  std::int64_t last_ns_ = -kIdleInterval;
  bool forgiven_ = false;
  int strikes_ = 0;
};

}  // namespace etcd::rpc
