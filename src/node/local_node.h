// LocalNode: builds the stages of one replica from what the disk holds, and is the Node that the services talk to.
//
// Owner: the server, which also owns the threads: it steps replica(), apply(), disk(), flush() and worker() - on one thread or several - from
// after open() until before close().
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "node/apply_stage.h"
#include "node/board.h"
#include "node/compaction_hashes.h"
#include "node/contact.h"
#include "node/disk_stage.h"
#include "node/duties.h"
#include "node/flush_stage.h"
#include "node/lease_desk.h"
#include "node/node.h"
#include "node/proposer.h"
#include "node/recovery.h"
#include "node/replica.h"
#include "node/snapshot_receiver.h"
#include "node/waiters.h"
#include "node/worker.h"

namespace etcd::node {

struct NodeOptions {
  StartOptions start;
  std::string name;
  std::vector<std::string> advertise_client_urls;
  std::int64_t heartbeat_ns = 100'000'000;
  std::int64_t election_ns = 1'000'000'000;
  bool pre_vote = true;
  std::uint64_t max_message_bytes = 1 << 20;  // entries in one message to another member; a single larger one still goes
  AutoCompactionMode auto_compaction;
  ProposalLimits limits;
  ApplyStage::Options apply;
  DiskStage::Options disk;
  // To the other members; must outlive the node. None: there are no others.
  Transport* transport = nullptr;
  // Asks every member but this one, which `view` names too, for its version; `told` may be called on any thread. None: nobody is asked.
  std::function<void(std::shared_ptr<const ClusterView> view, VersionsTold told)> ask_versions = {};
  // Since when each other member answers, see Contact; any thread. None: nobody can tell.
  Contact::ActiveSince active_since_ns = {};
  bool shorten_first_wait = false;                  // --initial-election-tick-advance
  std::int64_t downgrade_check_ns = 5'000'000'000;  // --downgrade-check-time
  // How the flush thread rests during a Defragment; the simulation does not.
  std::function<void(std::int64_t ns)> sleep = [](std::int64_t) {};
};

// Which thread's Wakeup each stage uses.
struct NodeWakeups {
  Wakeup& replica;
  Wakeup& apply;
  Wakeup& disk;
  Wakeup& flush;
  Wakeup& worker;
};

// How long things took and how often; each called on the stage's thread.
struct NodeObserver {
  std::function<void(double seconds)> wal_fsync = [](double) {};
  std::function<void(double seconds)> wal_write = [](double) {};
  std::function<void(double seconds, const bolt::CommitTimer& parts)> db_commit = [](double, const bolt::CommitTimer&) {};
  std::function<void(double seconds)> db_defragment = [](double) {};
  std::function<void(double milliseconds)> db_compaction = [](double) {};     // see FlushStage::Timings
  std::function<void(double milliseconds)> index_compaction = [](double) {};  // see ApplyStage::Outlets
  std::function<void(double marshal_seconds, double write_seconds)> snap_file = [](double, double) {};
  std::function<void(const FinishedCompaction&)> compaction = [](const FinishedCompaction&) {};
  std::function<void(std::string_view operation, bool success, double seconds)> applied = [](std::string_view, bool, double) {};
  std::function<void(const apply::OperationCounts&)> operations = [](const apply::OperationCounts&) {};
  std::function<void()> applied_slowly = [] {};
};

class LocalNode : public Node {
 public:
  // Recovers or bootstraps. `ready` is called once, on the apply thread, when the member has published itself and may serve clients.
  static Result<std::unique_ptr<LocalNode>> open(base::FileSystem& files, const NodeOptions& options, const NodeWakeups& wakeups,
                                                 const NodeObserver& observer, std::function<void()> ready, base::Clock& clock,
                                                 base::Logger& logger);
  ~LocalNode() override;

  // The stages' steps.
  std::int64_t step_replica(std::int64_t now_ns) { return replica_->step(now_ns); }
  std::int64_t step_apply(std::int64_t now_ns);
  std::int64_t step_disk() { return disk_->step(); }
  std::int64_t step_flush() { return flush_->step(); }
  std::int64_t step_worker() { return worker_.step(); }

  // From the other members, any thread. A leader's snapshot comes here once its db has been received.
  void receive(raft::Message message) { replica_->inbox().push(raft::Receive{std::move(message)}); }
  // Takes in the db of a leader's snapshot, on the caller's thread.
  Result<std::unique_ptr<SnapshotReceiver>> begin_receiving(const raft::SnapshotMetadata& metadata);
  // How a snapshot that the transport was given has ended; once for each.
  void snapshot_sent(MemberId to, bool sent) { replica_->inbox().push(ReportSnapshot{to, sent}); }
  // What was sent to the member last has probably not arrived.
  void unreachable(MemberId to) { replica_->inbox().push(ReportUnreachable{to}); }

  // Ends every wait with kStopped. Not while another thread steps the replica.
  void stop_waiting();
  // After the last step of every stage: writes what is not in the db yet, so that the next start has nothing to replay.
  void close();

  // Node.
  std::unique_ptr<Proposer> make_proposer() override;
  std::unique_ptr<LeaseQuestions> make_lease_questions(std::function<void(Job)> post) override;
  std::uint64_t make_id() override { return ids_->next(); }
  mvcc::ReadViewRef view() override { return apply_->views().acquire(); }
  void add_signal(ViewSignal& signal) override { signals_.add(signal); }
  void remove_signal(ViewSignal& signal) override { signals_.remove(signal); }
  bool view_is_linearizable() override { return board_.reads_are_local.load(std::memory_order_acquire); }
  void read_barrier(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  NodeStatus status() override;
  DbStatus db_status() override;
  std::shared_ptr<const ClusterView> cluster() override;
  const auth::ViewCell& auth_views() const override { return auth_views_; }
  void on_token_events(std::function<void(const auth::TokenEvent&)> listener) override { token_listener_ = std::move(listener); }
  void defragment(base::UniqueFunction<void(Status)> done) override;
  void snapshot(base::UniqueFunction<void(Result<std::unique_ptr<SnapshotStream>>)> done) override;
  void hash(base::UniqueFunction<void(Result<std::uint32_t>)> done) override;
  void hash_kv(Revision revision, base::UniqueFunction<void(Result<HashKvResult>)> done) override;
  void compaction_hashes(base::UniqueFunction<void(std::vector<HashKvResult>)> done) override;
  void wait_compaction(base::UniqueFunction<void(Status)> done) override;
  void move_leader(MemberId transferee, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  void change_membership(raft::ConfChange change, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) override;
  void check_learner(MemberId learner, base::UniqueFunction<void(Status)> done) override;
  void run_in_background(base::UniqueFunction<void()> job) override;

  // A copy of raft's state. On the replica's thread.
  raft::RaftStatus raft_status() const { return replica_->raft_status(); }
  // On the apply thread.
  apply::StateMachine& machine() { return apply_->machine(); }

 private:
  LocalNode(base::FileSystem& files, const NodeOptions& options, const NodeWakeups& wakeups, base::Clock& clock, base::Logger& logger);
  void build(Recovery recovery, raft::Raft raft, const NodeWakeups& wakeups, const NodeObserver& observer,
             std::function<void()> ready);
  ApplyStage::Outlets apply_outlets(const NodeObserver& observer);
  void follow_lowered_version();
  std::function<void(VersionsTold)> version_question();
  void hash_compaction(HashCompaction job);
  void publish_cluster(apply::StateMachine& machine);
  void publish_auth(apply::StateMachine& machine);
  Error why_late(std::int64_t asked_ns) const;
  void reject(const std::vector<std::uint64_t>& ids, const Error& error);

  NodeOptions options_;
  base::Clock& clock_;
  base::Logger& logger_;
  Board board_;
  Waiters waiters_;
  ViewSignals signals_;
  auth::ViewCell auth_views_;
  std::function<void(const auth::TokenEvent&)> token_listener_ = [](const auth::TokenEvent&) {};
  ClusterId cluster_id_;
  MemberId member_id_;
  std::unique_ptr<RequestIds> ids_;
  std::unique_ptr<Contact> contact_;
  std::unique_ptr<Transport> no_transport_;
  Transport& transport_;
  base::FileSystem& files_;
  std::atomic<std::uint64_t> receptions_ = 0;
  std::unique_ptr<Replica> replica_;
  std::unique_ptr<DiskStage> disk_;
  // In this order: what waits in the inboxes of those below holds views of the state in apply.
  std::unique_ptr<ApplyStage> apply_;
  std::unique_ptr<FlushStage> flush_;
  Worker worker_;
  CompactionHashes compaction_hashes_;  // the worker's
  std::unique_ptr<Duties> duties_;
  std::unique_ptr<LeaseDesk> lease_desk_;
  std::atomic<bool> stopping_ = false;
  std::shared_ptr<const ClusterView> told_transport_;  // apply's
  std::int64_t duties_at_ns_ = 0;
  std::int64_t expire_at_ns_ = 0;

  std::mutex shared_mutex_;  // guards the two below
  std::shared_ptr<const ClusterView> cluster_;
  std::string storage_version_;
};

}  // namespace etcd::node
