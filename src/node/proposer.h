// RaftProposer: encodes proposals, registers who waits for them, and hands all of one pass to the replica.
//
// Owner: one I/O thread (node.h: Proposer).
#pragma once

#include <atomic>
#include <cstdint>
#include <vector>

#include "base/clock.h"
#include "node/board.h"
#include "node/replica.h"
#include "node/waiters.h"

namespace etcd::node {

// Limits on what may wait in this member, in bytes, checked before a request enters.
struct ProposalLimits {
  std::size_t max_request_bytes = 1536 * 1024;          // --max-request-bytes
  std::size_t max_proposed_bytes = 256 * 1024 * 1024;   // proposed, and somebody waits for it
  std::int64_t max_tail_bytes = 512 * 1024 * 1024;      // applied and not yet in the db
  std::int64_t timeout_ns = 7'000'000'000;              // of a proposal without a deadline of its own
};

// Gives out request ids: unique in the cluster across restarts, by member, start time and a count.
class RequestIds {
 public:
  RequestIds(MemberId member, std::int64_t wall_ns);
  // Any thread; never 0.
  std::uint64_t next();

 private:
  std::uint64_t prefix_;
  std::atomic<std::uint64_t> count_;
};

class RaftProposer : public Proposer {
 public:
  struct Parts {
    const ProposalLimits& limits;
    RequestIds& ids;
    Waiters& waiters;
    Board& board;
    Inbox<ReplicaInput>& replica;
    base::Clock& clock;
  };

  explicit RaftProposer(const Parts& parts) : parts_(parts) {}

  void propose(Proposal proposal) override;
  void submit() override;

 private:
  Status check_limits(std::size_t bytes) const;
  void hand_over(ProposedBatch& batch);

  Parts parts_;
  ProposedBatch batch_;
  ProposedBatch leaders_batch_;  // those of one leader_term
  std::size_t gathered_bytes_ = 0;  // of those in waiters_
  std::vector<Waiters::Waiter> waiters_;
};

}  // namespace etcd::node
