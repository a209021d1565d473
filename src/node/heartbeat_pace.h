// HeartbeatPace: how regularly a leader sends its heartbeats. One that comes late tells of a starved process, since nothing else holds them up.
//
// Owner: Replica.
#pragma once

#include <cstdint>
#include <map>
#include <optional>

#include "base/ids.h"

namespace etcd::node {

class HeartbeatPace {
 public:
  // A heartbeat is late from `limit_ns` after the one before it.
  explicit HeartbeatPace(std::int64_t limit_ns) : limit_ns_(limit_ns) {}

  std::int64_t limit_ns() const { return limit_ns_; }
  // One is sent now, monotonic: by how much it is late, if it is.
  std::optional<std::int64_t> sent(MemberId to, std::int64_t now_ns) {
    const auto [last, first] = last_ns_.try_emplace(to, now_ns);
    const std::int64_t late_ns = now_ns - last->second - limit_ns_;
    last->second = now_ns;
    if (first || late_ns <= 0) return std::nullopt;
    return late_ns;
  }
  // This member leads no longer.
  void forget() { last_ns_.clear(); }

 private:
  std::int64_t limit_ns_;
  std::map<MemberId, std::int64_t> last_ns_;
};

}  // namespace etcd::node
