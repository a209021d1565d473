#include "node/catch_ups.h"

#include <algorithm>

namespace etcd::node {

void CatchUps::sending(MemberId to) {
  std::erase_if(under_way_, [&](const CatchUp& one) { return one.member == to; });
  under_way_.push_back({.member = to, .arrived_ns = {}});
}

void CatchUps::sent(MemberId to, bool arrived, std::int64_t now_ns) {
  const auto one = std::ranges::find(under_way_, to, &CatchUp::member);
  if (one == under_way_.end()) return;
  if (arrived) {
    one->arrived_ns = now_ns;
  } else {
    under_way_.erase(one);
  }
}

bool CatchUps::settle(const raft::RaftStatus& status, LogIndex compact_to, std::int64_t now_ns) {
  const auto is_settled = [&](const CatchUp& one) {
    if (!one.arrived_ns) return false;  // its end is always told
    if (status.role != raft::Role::kLeader || now_ns >= *one.arrived_ns + kPatienceNs) return true;
    const auto progress = std::ranges::find(status.progress, one.member, &raft::ProgressStatus::id);
    return progress == status.progress.end() || progress->match >= compact_to;
  };
  return std::erase_if(under_way_, is_settled) > 0 && under_way_.empty();
}

}  // namespace etcd::node
