// CatchUps: the members that a snapshot is on its way to, or that have had one and still need the entries after it. While there are any, the log keeps
// its entries: what a snapshot's sending took long enough to let go of would have to be made good by another snapshot, and so on without end.
//
// Owner: Replica, on its thread.
// Limit: a member that has had its snapshot holds the log for at most kPatienceNs, as in etcd; one that a snapshot could not be sent to, not at all.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "raft/status.h"

namespace etcd::node {

class CatchUps {
 public:
  static constexpr std::int64_t kPatienceNs = 30'000'000'000;

  // A snapshot goes out to the member.
  void sending(MemberId to);
  // The sending has ended; `arrived` if the member has the whole snapshot.
  void sent(MemberId to, bool arrived, std::int64_t now_ns);
  // Lets go of those that need no entry up to `compact_to`, of those that are no member or have been waited for long enough, and of all if this
  // member does not lead any more. True if there were some and none is left.
  bool settle(const raft::RaftStatus& status, LogIndex compact_to, std::int64_t now_ns);

  bool empty() const { return under_way_.empty(); }

 private:
  struct CatchUp {
    MemberId member;
    std::optional<std::int64_t> arrived_ns;
  };
  std::vector<CatchUp> under_way_;
};

}  // namespace etcd::node
