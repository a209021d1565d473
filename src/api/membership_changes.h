// MembershipChanges: adding, removing, updating and promoting members, with etcd's checks before anything is proposed (--strict-reconfig-check): a
// change must not leave a quorum that can't work.
//
// Owner: Api. Any thread; `done` runs on one of the node's threads, or within the call, with the members after the change.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "api/api.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "cluster/member.h"
#include "node/node.h"

namespace etcd::api {

class MembershipChanges {
 public:
  using Done = base::UniqueFunction<void(Result<std::vector<cluster::Member>>)>;

  // All must outlive it.
  MembershipChanges(node::Node& node, const Options& options, base::Metrics& metrics, base::Clock& clock, base::Logger& logger);

  // kMemberNotEnoughStarted, kUnhealthy before proposing; then what a proposal and cluster::Membership's checks give.
  void add(const cluster::Member& member, std::int64_t deadline_ns, Done done);
  void remove(MemberId id, std::int64_t deadline_ns, Done done);
  void update(const cluster::Member& member, std::int64_t deadline_ns, Done done);
  // Only the leader knows whether a learner is ready: elsewhere the leader is asked, and shown the caller's token (empty: none).
  void promote(MemberId id, std::string token, std::int64_t deadline_ns, Done done);
  // The same, but kNotLeader elsewhere.
  void promote_here(MemberId id, std::int64_t deadline_ns, Done done);

 private:
  Status may_add(const cluster::Member& member) const;
  Status may_remove(MemberId id) const;
  std::size_t connected(const std::vector<cluster::Member>& voters) const;
  void change(raft::ConfChangeType type, MemberId id, std::string context, std::int64_t deadline_ns, Done done);
  void promote_at_leader(MemberId id, const std::string& token, std::int64_t deadline_ns, Done done);

  void count_promotion(const Status& outcome);

  node::Node& node_;
  const Options& options_;
  base::Clock& clock_;
  base::Logger& logger_;
  base::Metrics& metrics_;
  const base::Counter promotions_;
};

}  // namespace etcd::api
