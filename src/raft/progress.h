// Progress: how far one member's log is, as the leader sees it, and how eagerly to send to it.
//
// Owner: Raft. A member is probed (one message a heartbeat until it answers where its log ends), then replicated to (messages follow each
// other without waiting, as many as Inflights allows), or, when its next entry is gone from the log, waits for a snapshot.
// Invariants: match < next;  kSnapshot: next == pending_snapshot + 1;  kReplicate: Inflights holds last indices in (match, next), rising.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <string>

#include "raft/status.h"
#include "raft/types.h"

namespace etcd::raft {

// The AppendRequests sent and not yet answered, bounded by number and (softly: the last one may go over) by bytes.
class Inflights {
 public:
  Inflights(std::uint32_t max_messages, std::uint64_t max_bytes) : max_messages_(max_messages), max_bytes_(max_bytes) {}

  bool full() const { return sent_.size() >= max_messages_ || bytes_ >= max_bytes_; }
  std::size_t count() const { return sent_.size(); }
  std::uint64_t bytes() const { return bytes_; }
  // A message whose last entry is `last` goes out; not full(), and `last` above all before.
  void add(LogIndex last, std::uint64_t bytes);
  // All messages up to the one that ends with `index` have arrived.
  void free_upto(LogIndex index);
  void clear();

 private:
  struct Sent {
    LogIndex last;
    std::uint64_t bytes;
  };
  std::deque<Sent> sent_;
  std::uint64_t bytes_ = 0;
  std::uint32_t max_messages_;
  std::uint64_t max_bytes_;
};

class Progress {
 public:
  // Probing from `next`.
  Progress(LogIndex next, Inflights inflights) : next_(next), inflights_(std::move(inflights)) {}

  ProgressState state() const { return state_; }
  LogIndex match() const { return match_; }
  LogIndex next() const { return next_; }
  LogIndex pending_snapshot() const { return pending_snapshot_; }
  bool inflight_full() const { return inflights_.full(); }
  // Nothing but heartbeats now.
  bool paused() const { return state_ == ProgressState::kSnapshot || flow_paused_; }
  // Would sending this commit index now tell the member something it can use?
  bool can_bump_commit(LogIndex commit) const { return commit > sent_commit_ && sent_commit_ < next_.prev(); }

  void become_probe();
  void become_replicate();
  void become_snapshot(LogIndex index);
  // The snapshot did not arrive: what was hoped to follow it is void.
  void snapshot_failed() { pending_snapshot_ = LogIndex(0); }

  // `count` entries from next() went out, `bytes` of payload; not in kSnapshot.
  void sent_entries(std::size_t count, std::uint64_t bytes);
  void sent_commit(LogIndex commit) { sent_commit_ = commit; }
  // The member has everything up to `index`; false if that is no news.
  bool acknowledge(LogIndex index);
  // The member refused an append after `rejected` and says that nothing after `hint` can match; false if the news is old.
  bool reject(LogIndex rejected, LogIndex hint);
  void free_inflights(LogIndex index) { inflights_.free_upto(index); }
  // A probe or a full window holds back until the next heartbeat's answer (or an acknowledgement).
  void pause_flow() { flow_paused_ = true; }
  void resume_flow() { flow_paused_ = false; }

  // It was heard from since the last quorum check.
  bool recent_active = false;

  ProgressStatus status(MemberId id, bool learner) const;

 private:
  void enter(ProgressState state);

  LogIndex match_;
  LogIndex next_;
  LogIndex sent_commit_;  // highest commit index on its way; falls back when messages seem lost
  LogIndex pending_snapshot_;
  ProgressState state_ = ProgressState::kProbe;
  bool flow_paused_ = false;
  Inflights inflights_;
};

using ProgressMap = std::map<MemberId, Progress>;

// etcd's one-line form: "StateReplicate match=3 next=4 inflight=1".
std::string describe(const ProgressStatus& progress);

}  // namespace etcd::raft
