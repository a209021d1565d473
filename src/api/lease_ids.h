// Ids for leases that are granted without one.
#pragma once

#include <cstdint>
#include <limits>

#include "base/ids.h"
#include "node/node.h"

namespace etcd::api {

// New in the cluster, and positive: clients show ids as signed numbers.
inline LeaseId new_lease_id(node::Node& node) {
  constexpr std::uint64_t kPositive = std::numeric_limits<std::int64_t>::max();
  for (;;) {
    const LeaseId id(static_cast<std::int64_t>(node.make_id() & kPositive));
    if (id != LeaseId(0)) return id;
  }
}

}  // namespace etcd::api
