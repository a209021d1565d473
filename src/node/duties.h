// Duties: what a member does of its own accord through the log - says its name and addresses, decides the cluster version, brings the storage version
// after it, and as the leader lets leases end and history go.
//
// Owner: the apply thread, stepped between batches with the state machine in hand. Each duty is retried until the state shows that it is done; the
// leader's are given up as soon as this member does not lead.
// Invariant: the lessor is primary for a term only while this member leads in it and has applied an entry of it; what it decides enters the log in that
// term or not at all, so that a leader that was replaced without knowing ends no lease.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/state_machine.h"
#include "base/log.h"
#include "cluster/version_policy.h"
#include "node/auto_compaction.h"
#include "node/board.h"
#include "node/node.h"

namespace etcd::node {

// Told the members' versions; nothing if one of them did not say its own.
using VersionsTold = base::UniqueFunction<void(std::optional<cluster::VersionSpan>)>;

class Duties {
 public:
  struct Options {
    MemberId member;
    std::string name;
    std::vector<std::string> client_urls;
    std::int64_t election_ns = 1'000'000'000;  // leases are extended by it after a change of leader
    std::int64_t retry_ns = 5'000'000'000;     // a proposal that did not take effect is made again after this
    AutoCompactionMode auto_compaction;
    std::int64_t downgrade_check_ns = 5'000'000'000;  // --downgrade-check-time
    // Asks every member for its version; `told` is called on the apply thread. None: there are no other members.
    std::function<void(VersionsTold told)> ask_versions = {};
    // False while the log that a restart would read still holds what made the cluster version go down.
    std::function<bool()> log_is_ready_to_downgrade = [] { return true; };
  };

  // `proposer` is for these proposals alone. `published` is called once, when the member's name and addresses are in the cluster's state.
  Duties(const Options& options, std::unique_ptr<Proposer> proposer, std::function<void()> published, const Board& board, base::Logger& logger);

  // An entry that opens a term was applied: a new leader looks at the members' versions at once.
  void on_first_of_term() { version_at_ns_ = 0; }
  // Does what is due; returns when it has something to do again, if nothing else happens.
  std::int64_t step(apply::StateMachine& machine, std::int64_t now_ns);
  // Proposes that this member has no space left; `then` runs when that is applied, or has failed.
  void raise_no_space(base::UniqueFunction<void()> then);
  // Proposes that the checkpointed remaining TTL of a lease is forgotten, if this member leads in `term`.
  void clear_lease_checkpoint(LeaseId id, Term term);

 private:
  void publish_attributes(const cluster::View& view, std::int64_t now_ns);
  void decide_cluster_version(const cluster::View& view, std::int64_t now_ns);
  void go_on_with_versions(const cluster::View& view, const std::optional<cluster::VersionSpan>& members);
  void follow_storage_version(apply::StateMachine& machine);
  void keep_leases(apply::StateMachine& machine, std::int64_t now_ns);
  void revoke_lease(LeaseId id, apply::StateMachine& machine);
  void compact(Revision revision, base::UniqueFunction<void(Status)> done);
  void propose(RequestKind kind, std::string request, Term leader_term = {});

  Options options_;
  std::unique_ptr<Proposer> proposer_;
  std::function<void()> published_;
  const Board& board_;
  base::Logger& logger_;
  AutoCompaction auto_compaction_;
  bool is_published_ = false;
  std::int64_t publish_at_ns_ = 0;
  std::int64_t version_at_ns_ = 0;
  std::shared_ptr<const cluster::View> view_;  // as of the last step
};

}  // namespace etcd::node
