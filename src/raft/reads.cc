// ReadIndex: the commit index as of now, confirmed by a quorum to be no other leader's past (thesis 6.4).

#include "base/plant.h"
#include "raft/core.h"

namespace etcd::raft {

namespace {

constexpr std::size_t kMaxWaitingReads = 64 * 1024;

}  // namespace

void Raft::Core::on(ReadIndex event) {
  if (role_ == Role::kLeader) return handle_read({MemberId(0), std::move(event.context)});
  if (role_ == Role::kFollower && leader_ != MemberId(0)) {
    out_.send_now.push_back({config_.id, leader_, Term(0), ReadIndexRequest{std::move(event.context)}});
    return;
  }
  if (role_ == Role::kFollower) {
    note(NoteLevel::kInfo, "%llx no leader at term %llu; dropping index reading msg", number(config_.id), number(term_));
  }
  out_.reads_dropped.push_back(std::move(event.context));
}

bool Raft::Core::committed_in_own_term() const { return log_.term(committed_) == term_; }

// Before its term's first commit a leader does not know what is committed: a read waits for that, even with a single voter.
void Raft::Core::handle_read(ReadRequest request) {
  if (reads_.size() + postponed_reads_.size() >= kMaxWaitingReads) {
    if (request.from == MemberId(0)) out_.reads_dropped.push_back(std::move(request.context));
  } else if (PLANTED(reads_without_a_quorum)) {
    answer_read(request, committed_);
  } else if (!committed_in_own_term()) {
    postponed_reads_.push_back(std::move(request));
  } else if (members_.singleton() && members_.is_voter(config_.id)) {
    answer_read(request, committed_);
  } else {
    reads_.add(std::move(request), committed_);
    confirm_reads_ = true;
  }
}

// One round of heartbeats for all reads since the last flush.
void Raft::Core::confirm_reads() {
  confirm_reads_ = false;
  if (reads_.empty()) return;
  reads_.acknowledge(config_.id, reads_.asked());
  broadcast_heartbeat();
}

void Raft::Core::answer_read(const ReadRequest& request, LogIndex index) {
  if (request.from == MemberId(0)) {
    out_.reads.push_back({index, request.context});
  } else {
    send(request.from, ReadIndexResponse{index, request.context});
  }
}

void Raft::Core::release_postponed_reads() {
  if (postponed_reads_.empty() || !committed_in_own_term()) return;
  for (ReadRequest& request : std::exchange(postponed_reads_, {})) handle_read(std::move(request));
}

// A new term or role: nobody will confirm these any more. Members that asked from afar ask again.
void Raft::Core::drop_reads() {
  std::vector<ReadRequest> lost = reads_.take_all();
  for (ReadRequest& request : std::exchange(postponed_reads_, {})) lost.push_back(std::move(request));
  for (ReadRequest& request : lost) {
    if (request.from == MemberId(0)) out_.reads_dropped.push_back(std::move(request.context));
  }
  reads_ = ReadQueue();
  confirm_reads_ = false;
}

}  // namespace etcd::raft
