// TokenBucket: at most `burst` events at once and `per_second` in the long run. Pure: time is given.
#pragma once

#include <algorithm>
#include <cstdint>

namespace etcd::rpc {

class TokenBucket {
 public:
  TokenBucket(std::uint64_t burst, std::uint64_t per_second)
      : burst_(static_cast<double>(burst)), per_ns_(static_cast<double>(per_second) / 1e9), tokens_(burst_) {}

  // False if the event is one too many. `now_ns` never goes back.
  bool take(std::int64_t now_ns) {
    if (filled_at_ns_ != 0) tokens_ = std::min(burst_, tokens_ + static_cast<double>(now_ns - filled_at_ns_) * per_ns_);
    filled_at_ns_ = now_ns;
    if (tokens_ < 1) return false;
    tokens_ -= 1;
    return true;
  }

 private:
  double burst_;
  double per_ns_;
  double tokens_;
  std::int64_t filled_at_ns_ = 0;
};

}  // namespace etcd::rpc
