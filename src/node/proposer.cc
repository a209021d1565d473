#include "node/proposer.h"

#include <algorithm>
#include <utility>

#include "apply/request.h"

namespace etcd::node {

namespace {

constexpr int kMemberShift = 48;
constexpr int kCountBits = 8;

}  // namespace

// etcd's layout: 16 bits of the member, 40 of the milliseconds at start, 8 of a count that may run over into the time.
RequestIds::RequestIds(MemberId member, std::int64_t wall_ns)
    : prefix_(member.value << kMemberShift), count_(static_cast<std::uint64_t>(wall_ns / 1'000'000) << kCountBits) {}

std::uint64_t RequestIds::next() {
  constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kMemberShift) - 1;
  for (;;) {
    const std::uint64_t id = prefix_ | (count_.fetch_add(1, std::memory_order_relaxed) & kCountMask);
    if (id != 0) return id;
  }
}

void RaftProposer::propose(Proposal proposal) {
  if (Status within = check_limits(proposal.request.size()); !within) {
    if (proposal.done) proposal.done(fail(within.error()));
    return;
  }
  const std::uint64_t id = parts_.ids.next();
  base::SharedBytes entry(apply::encode_internal(id, proposal.who, proposal.kind, proposal.request.view()));
  const std::int64_t now_ns = parts_.clock.monotonic_ns();
  const std::int64_t own_limit = now_ns + parts_.limits.timeout_ns;
  const std::int64_t deadline = proposal.deadline_ns == 0 ? own_limit : std::min(proposal.deadline_ns, own_limit);
  if (proposal.done) {
    waiters_.push_back({id, deadline, std::move(proposal.done), now_ns, entry.size()});
    gathered_bytes_ += entry.size();
  }
  if (proposal.leader_term != Term(0) && proposal.leader_term != leaders_batch_.leader_term) {
    hand_over(leaders_batch_);
    leaders_batch_.leader_term = proposal.leader_term;
  }
  ProposedBatch& batch = proposal.leader_term == Term(0) ? batch_ : leaders_batch_;
  batch.entries.push_back(std::move(entry));
  batch.ids.push_back(id);
  batch.deadlines_ns.push_back(deadline);
}

void RaftProposer::submit() {
  hand_over(batch_);
  hand_over(leaders_batch_);
}

void RaftProposer::hand_over(ProposedBatch& batch) {
  if (batch.entries.empty()) return;
  parts_.waiters.add(waiters_);
  gathered_bytes_ = 0;
  const Term leader_term = batch.leader_term;
  parts_.replica.push(std::exchange(batch, {}));
  batch.leader_term = leader_term;
}

Status RaftProposer::check_limits(std::size_t bytes) const {
  if (bytes > parts_.limits.max_request_bytes) return fail(Errc::kRequestTooLarge);
  const std::size_t proposed = parts_.waiters.bytes() + gathered_bytes_;
  const std::int64_t tail = parts_.board.tail_bytes.load(std::memory_order_relaxed);
  if (proposed > parts_.limits.max_proposed_bytes || tail > parts_.limits.max_tail_bytes) return fail(Errc::kTooManyRequests);
  return {};
}

}  // namespace etcd::node
