// ApplyStage: owns the replicated state machine. Committed entries go in as they come; once for each batch the new state is published to readers, and
// only then are those answered who wait for it - so whoever has an answer also finds it in every later read.
//
// Owner: the apply thread; ask() from any thread. Never waits for the disk.
// Invariants: flushed <= applied; at most one flush or installation under way; a raft snapshot names only an index that the db holds durably; one that
// is sent carries exactly the index that its db holds.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <functional>
#include <limits>
#include <memory>
#include <string_view>
#include <variant>
#include <vector>

#include "apply/state_machine.h"
#include "base/clock.h"
#include "base/log.h"
#include "node/board.h"
#include "node/compactions.h"
#include "node/disk_stage.h"
#include "node/flush_stage.h"
#include "node/inbox.h"
#include "node/waiters.h"
#include "node/worker.h"
#include "raft/entries.h"

namespace etcd::node {

// Calls back with a version of the db that holds everything applied when the request was taken in.
struct WantDb {
  base::UniqueFunction<void(bolt::ReadTx)> done;
};
// Runs with the state machine in hand, between two batches.
struct WithMachine {
  base::UniqueFunction<void(apply::StateMachine&, std::int64_t now_ns)> run;
};

// A leader's snapshot is durable in the log: the state machine is to become what it says.
struct InstallSnapshot {
  raft::SnapshotMetadata metadata;
};
// A snapshot is to be sent, this one or a newer one, together with the db as of its index.
struct SendSnapshot {
  raft::Message message;
};

using ApplyInput = std::variant<raft::Entries, FlushDone, DbMoved, DbInstalled, InstallSnapshot, SendSnapshot, WantDb, WantCompacted, CompactionHashed, WithMachine>;

class ApplyStage {
 public:
  struct Options {
    std::int64_t flush_interval_ns = 100'000'000;   // --backend-batch-interval
    std::size_t flush_bytes = 8 << 20;              // a flush does not wait for the interval once so much has gathered
    std::int64_t quota_bytes = 0;                   // for the log line alone
    std::uint64_t snapshot_count = 10'000;          // --snapshot-count
    std::uint64_t catchup_entries = 5'000;          // --snapshot-catchup-entries
    std::uint64_t forget_interval = 1'000;          // entries leave memory so many at a time: etcd's is 100, one batch of ours is often larger
    std::size_t background_keys = 1'000;            // --compaction-batch-limit: keys of background work in one step
    // --compaction-sleep-interval: between two such steps, and between two flushes of a compaction.
    std::int64_t background_pause_ns = 10'000'000;
    std::int64_t warn_apply_ns = 100'000'000;       // --warning-apply-duration: entries that take longer are logged
    LogIndex found_in_log;                          // last entry of the log at the start: up to it, an earlier run may have applied all
  };
  struct Outlets {
    Inbox<ReplicaInput>& replica;
    Inbox<FlushInput>& flush;
    Inbox<DiskInput>& disk;
    Transport& transport;
    std::function<void(Job then)> raise_no_space;        // propose the alarm; `then` runs once it is applied, or given up
    std::function<void()> first_of_term;                 // an entry that opens a term is applied
    std::function<void()> removed_self;                  // this member is no longer part of the cluster
    std::function<void(apply::StateMachine&)> before_publishing;  // something was applied: who may see what comes before what is to be seen
    std::function<void(apply::StateMachine&)> after_batch;  // something was applied and published
    std::function<void(const apply::OperationCounts&)> counted;  // what was done since the last time
    std::function<void(std::string_view operation, bool success, double seconds)> applied;  // a request, see apply::Applied
    std::function<void()> applied_slowly;                                                   // it took longer than warn_apply_ns
    std::function<void(double milliseconds)> index_paused;       // a step of background work kept entries waiting so long
    base::Clock& clock;                                          // for durations alone
    Compactions::Outlets compactions;
  };

  ApplyStage(std::unique_ptr<apply::StateMachine> machine, LogIndex snapshot_index, const Options& options, Outlets outlets, Waiters& waiters,
             Board& board, base::Logger& logger, Wakeup& wakeup);

  Inbox<ApplyInput>& inbox() { return inbox_; }
  // Works off the inbox, then background work; returns when it wants to be called again if nothing comes in.
  std::int64_t step(std::int64_t now_ns);
  // At the end: sends off whatever is not in the db yet, if no flush is under way; false if there was nothing.
  bool start_last_flush(std::int64_t now_ns);
  // Before the next step: a raft snapshot of an index not below `index` is to be saved, however few entries there are since the last.
  void force_snapshot(LogIndex index) { forced_snapshot_ = std::max(forced_snapshot_, index); }
  LogIndex forced_snapshot() const { return forced_snapshot_; }
  // The flush stage is at work for this one.
  bool is_flushing() const { return flushing_.has_value() || installing_; }
  apply::StateMachine& machine() { return *machine_; }
  // Where readers get the newest view; any thread.
  mvcc::ViewPublisher& views() { return machine_->views(); }

 private:
  struct Answer {
    ProposeCallback done;
    Result<base::Rope> response;
  };
  // The state that a flush under way will make durable, for the raft snapshot that may follow.
  struct Cut {
    raft::SnapshotMetadata metadata;
    std::shared_ptr<const cluster::View> members;
  };

  void take_in(ApplyInput& input, std::int64_t now_ns);
  void apply_entries(const raft::Entries& entries, std::int64_t now_ns);
  void apply_one(const raft::Entry& entry, ProposeCallback waiter, std::int64_t now_ns);
  void measure(const raft::Entry& entry, const apply::Applied& applied);
  void on_conf_change(apply::ConfChangeOutcome& outcome, ProposeCallback waiter);
  void on_flushed(FlushDone& done, std::int64_t now_ns);
  void install_if_due();
  void on_installed(const DbInstalled& done, std::int64_t now_ns);
  void send_snapshots(const Cut& cut, const bolt::ReadTx& db);
  void publish_and_answer();
  void snapshot_if_due(const Cut& cut);
  // Whether the state as of `index`, once the db holds it, is to become a raft snapshot.
  bool snapshot_is_due(LogIndex index) const;
  void forget_entries_if_due();
  bool flush_is_due(std::int64_t now_ns) const;
  std::int64_t next_flush_ns() const;
  void start_flush(std::int64_t now_ns);
  std::int64_t work_in_background(std::int64_t now_ns);
  void step_compaction();

  std::unique_ptr<apply::StateMachine> machine_;
  Options options_;
  Outlets outlets_;
  Waiters& waiters_;
  Board& board_;
  base::Logger& logger_;
  Inbox<ApplyInput> inbox_;
  std::vector<ApplyInput> drained_;

  std::vector<Answer> answers_;            // of this batch, until it is published
  bool unpublished_ = false;
  std::int64_t measured_ns_ = 0;           // when the last request had been applied, or the batch began
  LogIndex reported_;                      // the index last told to the replica
  LogIndex snapshot_index_;                // of the last raft snapshot on disk
  LogIndex forced_snapshot_;               // one as new as this is wanted
  LogIndex memory_snapshot_index_;         // up to which raft may send a snapshot, and entries have left memory
  std::optional<Cut> flushing_;            // set while a flush is under way
  std::deque<raft::SnapshotMetadata> installs_;  // the first is under way if installing_
  bool installing_ = false;
  std::int64_t flush_begun_ns_ = std::numeric_limits<std::int64_t>::min() / 2;
  std::int64_t flush_ended_ns_ = std::numeric_limits<std::int64_t>::min() / 2;
  std::int64_t next_background_ns_ = 0;
  bool background_left_ = false;           // of compactions
  std::vector<WantDb> want_db_;            // wait for a flush to begin
  std::vector<WantDb> want_db_flushing_;   // wait for the flush under way
  std::vector<SendSnapshot> sends_;        // as want_db_
  std::vector<SendSnapshot> sends_flushing_;
  Compactions compactions_;
};

}  // namespace etcd::node
