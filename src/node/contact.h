// Contact: what the connections to the other members say of this member's place among them.
//
// Any thread, as far as `active_since_ns` is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>

#include "base/ids.h"
#include "cluster/cluster.h"

namespace etcd::node {

class Contact {
 public:
  // Since when a member has answered without a break, on the monotonic clock; 0: it does not.
  using ActiveSince = std::function<std::int64_t(MemberId)>;

  // An empty function: nobody can tell.
  Contact(MemberId self, ActiveSince active_since_ns) : self_(self), active_since_ns_(std::move(active_since_ns)) {}

  bool is_known() const { return static_cast<bool>(active_since_ns_); }
  // Only if it is known:
  // Other members that answer now.
  std::size_t others(const cluster::View& view) const;
  // The member has answered since before `since_ns`.
  bool with(MemberId member, std::int64_t since_ns) const;
  // So many have, this one among them, that they are more than half of all.
  bool with_quorum(const cluster::View& view, std::int64_t since_ns) const;

 private:
  MemberId self_;
  ActiveSince active_since_ns_;
};

}  // namespace etcd::node
