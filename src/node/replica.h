// Replica: the stage that owns the raft core. It feeds in what has gathered, once, and hands what comes out to disk, peers and apply in the order that
// raft/output.h demands.
//
// Owner: the replica's thread (any single thread that calls step()). Everybody else speaks to it through inbox().
// Invariants: a proposal is fed to raft at most once, and not after its deadline; one whose leader is not known waits until there is one. While a
// snapshot is on its way to a member, the entries that follow it stay in memory.
#pragma once

#include <cstdint>
#include <functional>
#include <variant>
#include <vector>

#include "base/log.h"
#include "node/board.h"
#include "node/catch_ups.h"
#include "node/heartbeat_pace.h"
#include "node/inbox.h"
#include "node/read_barrier.h"
#include "node/transport.h"
#include "raft/raft.h"

namespace etcd::node {

// Encoded entries with the ids their waiters have and when these give up, in order.
struct ProposedBatch {
  std::vector<base::SharedBytes> entries;
  std::vector<std::uint64_t> ids;
  std::vector<std::int64_t> deadlines_ns;
  Term leader_term = {};  // see Proposal
};

struct ProposedChange {
  raft::ConfChange change;
  std::int64_t deadline_ns = 0;
};

// A snapshot of the state machine is durable; entries up to `compact` may go from memory.
struct SnapshotMade {
  raft::Snapshot snapshot;
  LogIndex compact;
};

// The transport could not deliver to the member lately.
using raft::ReportUnreachable;
// Sending a snapshot to a member has ended, one way or the other.
using raft::ReportSnapshot;

struct TransferLeader {
  MemberId to;
  std::int64_t deadline_ns = 0;
  BarrierCallback done;
};

// Wants a copy of raft's state.
struct LookAtRaft {
  base::UniqueFunction<void(const raft::RaftStatus&)> look;
};

using ReplicaInput = std::variant<ProposedBatch, ReadBarrier::Reader, raft::Persisted, raft::Applied, raft::ApplyConfChange, ProposedChange,
                                  raft::Receive, SnapshotMade, TransferLeader, ReportUnreachable, ReportSnapshot,
                                  LookAtRaft>;

class Replica {
 public:
  struct Options {
    std::int64_t tick_ns = 100'000'000;  // one raft tick: the heartbeat interval
    std::uint64_t first_question = 0;    // see ReadBarrier
    // Reads wait for a leader as long as there has been none for less than this; from then on they are refused at once, so that who asks may ask elsewhere.
    std::int64_t leaderless_patience_ns = 3'000'000'000;
    std::uint32_t skipped_ticks = 0;     // of the first wait for a leader, once the others answer; etcd's --initial-election-tick-advance
  };
  struct Outlets {
    std::function<void(raft::PersistBatch)> disk;  // writes
    std::function<void(raft::Entries)> apply;      // committed entries
    Transport& transport;
    std::function<void(raft::Message)> snapshot;   // an InstallSnapshot to be sent, to which the state machine adds its state
    std::function<void(const std::vector<std::uint64_t>& ids, const Error& error)> reject;  // proposals that raft will never take
    std::function<std::size_t()> others_answering = {};  // members; asked while there are ticks to skip
  };

  Replica(raft::Raft raft, const Options& options, Outlets outlets, Board& board, base::Logger& logger, Wakeup& wakeup);

  Inbox<ReplicaInput>& inbox() { return inbox_; }
  // Works off the inbox and the clock; returns when it wants to be called again if nothing comes in. Never blocks.
  std::int64_t step(std::int64_t now_ns);
  // Ends every wait with kStopped.
  void stop();

  raft::RaftStatus raft_status() const { return raft_.status(); }

 private:
  void take_in(ReplicaInput& input);
  void shorten_first_wait();
  void hold(ProposedBatch batch);
  void feed_proposals();
  void drop_late();
  void feed_membership_changes();
  void carry_out_all();
  void admit_as_leader();
  void carry_out(raft::Output output);
  void send(std::vector<raft::Message> messages);
  void note_heartbeat(MemberId to);
  void compact();
  void take_note(const raft::Note& note);
  void on_soft_state(const raft::SoftState& state);
  void on_conf_state(const raft::ConfState& state);
  void on_applied(LogIndex index);
  void settle_transfer(std::int64_t now_ns);
  void ask_for_readers();
  void report_reads(const ReadBarrier::Counts& before);
  void publish();

  raft::Raft raft_;
  Options options_;
  Outlets outlets_;
  Board& board_;
  base::Logger& logger_;
  Inbox<ReplicaInput> inbox_;
  std::vector<ReplicaInput> drained_;

  std::int64_t now_ns_ = 0;  // of this step
  std::int64_t next_tick_ns_ = 0;
  HeartbeatPace pace_;
  std::int64_t first_wait_ends_ns_ = 0;
  ReadBarrier barrier_;
  MemberId asked_leader_;                 // whom the barrier's last question went to
  std::int64_t leaderless_since_ns_ = 0;  // 0: there is a leader
  ProposedBatch held_;  // proposals that wait for a leader, or for the end of this step
  std::vector<ProposedBatch> held_for_leader_;  // those with a leader_term, until the end of this step
  std::vector<std::uint64_t> fed_ids_;
  std::vector<ProposedChange> held_changes_;  // as held_
  CatchUps catch_ups_;
  LogIndex compact_to_;  // entries up to here are not needed once nobody is being caught up
  std::vector<TransferLeader> transfers_;
  LogIndex applied_;
  bool only_voter_ = false;
  Term led_term_;           // the term this member leads in, 0 if it does not
  LogIndex led_from_;       // the last index when it was elected: applied > led_from_ means an entry of its term is applied
};

}  // namespace etcd::node
