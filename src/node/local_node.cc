#include "node/local_node.h"

#include <algorithm>
#include <utility>

#include "base/plant.h"
#include "base/rng.h"
#include "bolt/snapshot_reader.h"
#include "mvcc/hash.h"

namespace etcd::node {

namespace {

constexpr std::uint32_t kStalledElections = 5;  // election timeouts that one write may take before the leader steps down
constexpr std::int64_t kElectionsWithoutLeader = 3;   // after so many timeouts of it, reads no longer wait for a leader
constexpr std::int64_t kExpireEveryNs = 100'000'000;
constexpr std::size_t kHashStep = 10'000;  // records between two looks at nothing: hashes run on a thread of their own

// There is nobody to send to in a cluster of one.
class NoTransport : public Transport {
 public:
  void send(std::vector<raft::Message>) override {}
  void send_snapshot(OutgoingSnapshot) override {}
  void members_changed(std::shared_ptr<const cluster::View>) override {}
};

class DbSnapshotStream : public SnapshotStream {
 public:
  DbSnapshotStream(bolt::ReadTx db, std::string version) : reader_(std::move(db)), version_(std::move(version)) {}

  std::uint64_t total_bytes() const override { return reader_.total_bytes(); }
  Result<std::string> read(std::size_t limit) override { return std::string(reader_.next(limit)); }
  const std::string& storage_version() const override { return version_; }

 private:
  bolt::SnapshotReader reader_;
  std::string version_;
};

Result<std::uint32_t> hash_of(bolt::ReadTx db) {
  mvcc::BucketsHash hash(std::move(db));
  for (;;) {
    TRY_ASSIGN(const bool finished, hash.step(kHashStep));
    if (finished) return hash.result();
  }
}

Result<mvcc::HashKv> hash_kv_of(mvcc::ReadViewRef view, Revision revision) {
  TRY_ASSIGN(mvcc::KeySpaceHash hash, mvcc::KeySpaceHash::begin(std::move(view), revision));
  for (;;) {
    TRY_ASSIGN(const bool finished, hash.step(kHashStep));
    if (finished) return hash.result();
  }
}

// etcd's rule: nine tenths of what the leader has.
Status learner_readiness(const raft::RaftStatus& status, MemberId learner) {
  constexpr double kReady = 0.9;
  if (status.role != raft::Role::kLeader) return fail(Errc::kNotLeader);
  const auto found = std::ranges::find(status.progress, learner, &raft::ProgressStatus::id);
  const auto leader = std::ranges::find(status.progress, status.id, &raft::ProgressStatus::id);
  if (found == status.progress.end() || leader == status.progress.end()) return fail(Errc::kMemberNotFound);
  const bool ready = static_cast<double>(found->match.value) >= kReady * static_cast<double>(leader->match.value);
  return ready ? Status() : Status(fail(Errc::kLearnerNotReady));
}

// At least 5: the configuration is checked.
std::uint32_t election_ticks(const NodeOptions& options) { return static_cast<std::uint32_t>(options.election_ns / options.heartbeat_ns); }

raft::Config raft_config(const NodeOptions& options, MemberId member) {
  raft::Config config;
  config.id = member;
  config.election_tick = election_ticks(options);
  config.pre_vote = options.pre_vote;
  config.max_message_bytes = options.max_message_bytes;
  // A leader that can't write is of no use, however well it sends heartbeats: somebody else is elected.
  config.disk_stall_ticks = kStalledElections * config.election_tick;
  return config;
}

}  // namespace

LocalNode::LocalNode(base::FileSystem& files, const NodeOptions& options, const NodeWakeups& wakeups, base::Clock& clock, base::Logger& logger)
    : options_(options),
      clock_(clock),
      logger_(logger),
      no_transport_(options.transport == nullptr ? std::make_unique<NoTransport>() : nullptr),
      transport_(options.transport == nullptr ? *no_transport_ : *options.transport),
      files_(files),
      worker_(wakeups.worker) {}

LocalNode::~LocalNode() = default;

Result<std::unique_ptr<LocalNode>> LocalNode::open(base::FileSystem& files, const NodeOptions& options, const NodeWakeups& wakeups,
                                                   const NodeObserver& observer, std::function<void()> ready, base::Clock& clock,
                                                   base::Logger& logger) {
  TRY_ASSIGN(Recovery recovery, recover(files, options.start, logger));
  const raft::Config config = raft_config(options, recovery.member_id);
  const base::Rng rng(recovery.member_id.value ^ static_cast<std::uint64_t>(clock.wall_ns()));
  const LogIndex found_in_log = recovery.raft.entries.empty() ? LogIndex(0) : recovery.raft.entries.back().index;
  TRY_ASSIGN(raft::Raft raft, raft::Raft::create(config, std::move(recovery.raft), rng));
  std::unique_ptr<LocalNode> node(new LocalNode(files, options, wakeups, clock, logger));
  node->options_.apply.found_in_log = found_in_log;
  node->build(std::move(recovery), std::move(raft), wakeups, observer, std::move(ready));
  return node;
}

void LocalNode::build(Recovery recovery, raft::Raft raft, const NodeWakeups& wakeups, const NodeObserver& observer,
                      std::function<void()> ready) {
  cluster_id_ = recovery.cluster_id;
  member_id_ = recovery.member_id;
  ids_ = std::make_unique<RequestIds>(member_id_, clock_.wall_ns());
  contact_ = std::make_unique<Contact>(member_id_, options_.active_since_ns);
  replica_ = std::make_unique<Replica>(
      std::move(raft),
      Replica::Options{.tick_ns = options_.heartbeat_ns,
                       .first_question = ids_->next(),
                       .leaderless_patience_ns = kElectionsWithoutLeader * options_.election_ns,
                       .skipped_ticks = options_.shorten_first_wait && contact_->is_known() ? election_ticks(options_) - 2 : 0},
      Replica::Outlets{.disk = [this](raft::PersistBatch batch) { disk_->inbox().push(std::move(batch)); },
                       .apply = [this](raft::Entries entries) { apply_->inbox().push(std::move(entries)); },
                       .transport = transport_,
                       .snapshot = [this](raft::Message message) { apply_->inbox().push(SendSnapshot{std::move(message)}); },
                       .reject = [this](const std::vector<std::uint64_t>& ids, const Error& error) { reject(ids, error); },
                       .others_answering = [this] { return contact_->others(*cluster()); }},
      board_, logger_, wakeups.replica);
  options_.disk.snapshot_index = recovery.snapshot_index;
  options_.disk.snap_folder = recovery.snap_folder;
  options_.disk.wal_folder = recovery.wal_folder;
  disk_ = std::make_unique<DiskStage>(files_, std::move(recovery.wal), options_.disk,
                                      DiskStage::Outlets{replica_->inbox(), transport_,
                                                         [this](raft::SnapshotMetadata metadata) {
                                                           apply_->inbox().push(InstallSnapshot{std::move(metadata)});
                                                         }},
                                      DiskStage::Timings{observer.wal_fsync, observer.wal_write, observer.snap_file}, clock_, logger_, wakeups.disk);
  flush_ = std::make_unique<FlushStage>(
      files_, std::move(recovery.db), FlushStage::Options{recovery.snap_folder, options_.start.db},
      FlushStage::Outlets{[this](FlushDone done) { apply_->inbox().push(std::move(done)); },
                          [this](DbMoved moved) { apply_->inbox().push(std::move(moved)); },
                          [this](DbInstalled installed) { apply_->inbox().push(std::move(installed)); },
                          [this] {
                            return static_cast<double>(board_.tail_bytes.load(std::memory_order_relaxed)) /
                                   static_cast<double>(options_.limits.max_tail_bytes);
                          },
                          options_.sleep},
      FlushStage::Timings{observer.db_commit, observer.db_defragment, observer.db_compaction}, clock_, logger_, wakeups.flush);
  publish_cluster(*recovery.machine);
  publish_auth(*recovery.machine);
  // Who joins knows the others from the one that it asked, until the log tells.
  if (options_.start.join && recovery.machine->cluster_view()->members.empty()) {
    auto known = std::make_shared<ClusterView>();
    known->members = options_.start.join->members;
    transport_.members_changed(std::move(known));
  }
  apply_ = std::make_unique<ApplyStage>(std::move(recovery.machine), recovery.snapshot_index, options_.apply, apply_outlets(observer), waiters_, board_, logger_,
                                        wakeups.apply);
  follow_lowered_version();
  duties_ = std::make_unique<Duties>(Duties::Options{.member = member_id_,
                                                     .name = options_.name,
                                                     .client_urls = options_.advertise_client_urls,
                                                     .election_ns = options_.election_ns,
                                                     .retry_ns = options_.limits.timeout_ns,
                                                     .auto_compaction = options_.auto_compaction,
                                                     .downgrade_check_ns = options_.downgrade_check_ns,
                                                     .ask_versions = version_question(),
                                                     .log_is_ready_to_downgrade =
                                                         [this] { return disk_->saved_snapshot() >= apply_->forced_snapshot(); }},
                                     make_proposer(), std::move(ready), board_, logger_);
  constexpr std::int64_t kTicksOfPause = 3;  // as in etcd
  auto clear_checkpoint = [this](LeaseId id) { duties_->clear_lease_checkpoint(id, apply_->machine().lessor().primary_term()); };
  lease_desk_ = std::make_unique<LeaseDesk>(
      LeaseDesk::Options{.timeout_ns = options_.limits.timeout_ns, .replica_pause_ns = kTicksOfPause * options_.heartbeat_ns},
      LeaseDesk::Outlets{std::move(clear_checkpoint)}, board_);
}

// An earlier run ended after the cluster version had gone down, and before the db's could follow.
void LocalNode::follow_lowered_version() {
  const apply::StateMachine& machine = apply_->machine();
  const auto& decided = machine.cluster().version();
  if (decided && machine.storage_version() && cluster::minor_of(*decided) < *machine.storage_version()) apply_->force_snapshot(machine.applied());
}

// The answer comes back to the apply thread.
std::function<void(VersionsTold)> LocalNode::version_question() {
  if (!options_.ask_versions) return {};
  return [this](VersionsTold told) {
    options_.ask_versions(cluster(), [this, told = std::move(told)](std::optional<cluster::VersionSpan> members) mutable {
      apply_->inbox().push(WithMachine{[told = std::move(told), members](apply::StateMachine&, std::int64_t) mutable { told(members); }});
    });
  };
}

ApplyStage::Outlets LocalNode::apply_outlets(const NodeObserver& observer) {
  return {.replica = replica_->inbox(),
          .flush = flush_->inbox(),
          .disk = disk_->inbox(),
          .transport = transport_,
          .raise_no_space = [this](Job then) { duties_->raise_no_space(std::move(then)); },
          .first_of_term =
              [this] {
                duties_->on_first_of_term();
                duties_at_ns_ = 0;  // the leader takes over the leases
              },
          .removed_self = [this] { logger_.warn("the member has been permanently removed from the cluster"); },
          .before_publishing = [this](apply::StateMachine& machine) { publish_auth(machine); },
          .after_batch =
              [this](apply::StateMachine& machine) {
                publish_cluster(machine);
                signals_.published();
              },
          .counted = observer.operations,
          .applied = observer.applied,
          .applied_slowly = observer.applied_slowly,
          .index_paused = observer.index_compaction,
          .clock = clock_,
          .compactions = {.hash = [this](HashCompaction job) { hash_compaction(std::move(job)); },
                          .db_sizes = [this] {
                            const FlushStage::Sizes sizes = flush_->db_sizes();
                            return Compactions::DbSizes{sizes.total, sizes.in_use};
                          },
                          .finished = observer.compaction}};
}

std::int64_t LocalNode::step_apply(std::int64_t now_ns) {
  std::int64_t again_ns = apply_->step(now_ns);
  again_ns = std::min(again_ns, lease_desk_->step(apply_->machine().lessor(), now_ns));
  if (now_ns >= duties_at_ns_) {
    duties_at_ns_ = duties_->step(apply_->machine(), now_ns);
    publish_cluster(apply_->machine());  // they may have raised the storage version
  }
  if (now_ns >= expire_at_ns_) {
    expire_at_ns_ = now_ns + kExpireEveryNs;
    board_.proposals_failed.fetch_add(waiters_.expire(now_ns, [this](std::int64_t asked_ns) { return why_late(asked_ns); }));
  }
  again_ns = std::min(again_ns, duties_at_ns_);
  return waiters_.size() == 0 ? again_ns : std::min(again_ns, expire_at_ns_);
}

// In every case the outcome is unknown; but what was asked for in the last two election timeouts before this leader was known was probably lost with the one
// before.
Error LocalNode::why_late(std::int64_t asked_ns) const {
  if (PLANTED(calls_the_unknown_refused)) return Error{Errc::kNoLeader};
  const std::int64_t elected_ns = board_.leader_since_ns.load(std::memory_order_relaxed);
  const bool leader_lost = asked_ns > elected_ns - 2 * options_.election_ns && asked_ns < elected_ns;
  if (leader_lost) return Error{Errc::kTimeoutDueToLeaderFail};
  const MemberId leader(board_.leader.load());
  if (!contact_->is_known() || leader == MemberId(0)) return Error{Errc::kTimeout};
  const bool connected = leader == member_id_ ? contact_->with_quorum(*cluster_, asked_ns) : contact_->with(leader, asked_ns);
  return Error{connected ? Errc::kTimeout : Errc::kTimeoutDueToConnectionLost};
}

void LocalNode::reject(const std::vector<std::uint64_t>& ids, const Error& error) {
  std::vector<ProposeCallback> rejected;
  waiters_.take(ids, rejected);
  for (ProposeCallback& done : rejected) {
    if (done) done(fail(error));
  }
  board_.proposals_failed.fetch_add(ids.size());
}

// What Cluster and Maintenance answer from; renewed whenever the state machine has a new view of it.
void LocalNode::publish_cluster(apply::StateMachine& machine) {
  std::shared_ptr<const ClusterView> view = machine.cluster_view();
  const auto& version = machine.storage_version();
  if (view != told_transport_) {
    transport_.members_changed(told_transport_ = view);
    duties_at_ns_ = 0;  // a new cluster version asks for a storage version
  }
  std::lock_guard lock(shared_mutex_);
  cluster_ = std::move(view);
  storage_version_ = version ? cluster::to_string(*version) : std::string();
}

// The users before the tokens: who finds a token finds its user, too.
void LocalNode::publish_auth(apply::StateMachine& machine) {
  auth_views_.store(machine.auth_view());
  for (const auth::TokenEvent& event : machine.take_token_events()) token_listener_(event);
}

// A batch is taken in after the entries that were committed when it was asked: the replica has handed them over before it said that they are.
std::unique_ptr<LeaseQuestions> LocalNode::make_lease_questions(std::function<void(Job)> post) {
  return std::make_unique<GatheredLeaseQuestions>(std::move(post), [this](LeaseBatch batch) {
    apply_->inbox().push(WithMachine{[this, batch = std::move(batch)](apply::StateMachine& machine, std::int64_t now_ns) mutable {
      lease_desk_->take_in(std::move(batch), machine.lessor(), now_ns);
    }});
  });
}

void LocalNode::stop_waiting() {
  flush_->stop();
  stopping_.store(true);
  replica_->stop();
  waiters_.stop();
  apply_->inbox().push(WithMachine{[this](apply::StateMachine&, std::int64_t) { lease_desk_->stop(); }});
}

void LocalNode::close() {
  while (apply_->is_flushing()) {
    flush_->step();
    apply_->step(clock_.monotonic_ns());
  }
  if (apply_->start_last_flush(clock_.monotonic_ns())) {
    flush_->step();
    apply_->step(clock_.monotonic_ns());
  }
  worker_.step();
}

std::unique_ptr<Proposer> LocalNode::make_proposer() {
  return std::make_unique<RaftProposer>(
      RaftProposer::Parts{options_.limits, *ids_, waiters_, board_, replica_->inbox(), clock_});
}

void LocalNode::read_barrier(std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) {
  const std::int64_t own_limit = clock_.monotonic_ns() + options_.limits.timeout_ns;
  replica_->inbox().push(ReadBarrier::Reader{deadline_ns == 0 ? own_limit : std::min(deadline_ns, own_limit), std::move(done)});
}

NodeStatus LocalNode::status() {
  NodeStatus status;
  status.cluster_id = cluster_id_;
  status.member_id = member_id_;
  status.term = Term(board_.term.load());
  status.leader = MemberId(board_.leader.load());
  // In this order, so that applied <= committed also in the answer.
  status.applied = LogIndex(board_.applied.load());
  status.committed = LogIndex(std::max(board_.committed.load(), status.applied.value));
  if (const auto* self = cluster()->find(member_id_)) status.is_learner = self->is_learner;
  status.leader_changes = board_.leader_changes.load();
  status.late_heartbeats = board_.late_heartbeats.load(std::memory_order_relaxed);
  status.proposals_pending = waiters_.size();
  status.proposals_failed = board_.proposals_failed.load();
  status.snapshots_installing = board_.snapshots_installing.load();
  status.reads_failed = board_.reads_failed.load();
  status.slow_reads = board_.slow_reads.load();
  return status;
}

DbStatus LocalNode::db_status() {
  const FlushStage::Sizes sizes = flush_->db_sizes();
  DbStatus status{.size = sizes.total, .in_use = sizes.in_use, .quota = options_.start.machine.quota_bytes, .storage_version = {}};
  status.wal_bytes_written = disk_->wal_bytes_written();
  status.open_reads = board_.live_views.load(std::memory_order_relaxed);
  std::lock_guard lock(shared_mutex_);
  status.storage_version = storage_version_;
  return status;
}

std::shared_ptr<const ClusterView> LocalNode::cluster() {
  std::lock_guard lock(shared_mutex_);
  return cluster_;
}

void LocalNode::defragment(base::UniqueFunction<void(Status)> done) { flush_->inbox().push(Defragment{std::move(done)}); }

void LocalNode::snapshot(base::UniqueFunction<void(Result<std::unique_ptr<SnapshotStream>>)> done) {
  apply_->inbox().push(WantDb{[this, done = std::move(done)](bolt::ReadTx db) mutable {
    std::unique_lock lock(shared_mutex_);
    std::string version = storage_version_;
    lock.unlock();
    done(std::make_unique<DbSnapshotStream>(std::move(db), std::move(version)));
  }});
}

void LocalNode::hash(base::UniqueFunction<void(Result<std::uint32_t>)> done) {
  apply_->inbox().push(WantDb{[this, done = std::move(done)](bolt::ReadTx db) mutable {
    worker_.inbox().push([db = std::move(db), done = std::move(done)]() mutable { done(hash_of(std::move(db))); });
  }});
}

// The worker does one job after the other: who asks after a compaction finds what it left.
void LocalNode::hash_kv(Revision revision, base::UniqueFunction<void(Result<HashKvResult>)> done) {
  worker_.inbox().push([this, view = view(), revision, done = std::move(done)]() mutable {
    const Revision current = view->revision();
    const auto stored = compaction_hashes_.find(revision);
    const Result<mvcc::HashKv> hash = stored ? Result<mvcc::HashKv>(*stored) : hash_kv_of(std::move(view), revision);
    if (!hash) return done(fail(hash.error()));
    done(HashKvResult{hash->hash, hash->compact_revision, hash->revision, current, hash->other_hash});
  });
}

void LocalNode::compaction_hashes(base::UniqueFunction<void(std::vector<HashKvResult>)> done) {
  worker_.inbox().push([this, done = std::move(done)]() mutable {
    std::vector<HashKvResult> hashes;
    for (const mvcc::HashKv& hash : compaction_hashes_.all()) {
      hashes.push_back({.hash = hash.hash, .compact_revision = hash.compact_revision, .hash_revision = hash.revision, .current_revision = hash.current_revision,
                        .other_hash = hash.other_hash});
    }
    done(std::move(hashes));
  });
}

// At the end nobody waits for it any more; then it is given up.
void LocalNode::hash_compaction(HashCompaction job) {
  worker_.inbox().push([this, job = std::move(job)]() mutable {
    CompactionHashed hashed{job.revision, {}};
    mvcc::KeySpaceHash hash = mvcc::KeySpaceHash::of_compaction(std::move(job.view), job.revision, job.previous);
    Result<bool> finished = false;
    while (finished && !*finished && !stopping_.load(std::memory_order_relaxed)) finished = hash.step(kHashStep);
    if (!finished) logger_.warn("failed to hash a compaction", {{"compact-revision", job.revision}, base::LogField(finished.error())});
    if (finished && *finished) {
      const mvcc::HashKv result = hash.result();
      logger_.info("storing new hash",
                   {{"hash", result.hash}, {"revision", result.revision}, {"compact-revision", result.compact_revision}});
      compaction_hashes_.store(result);
      hashed.hash = result.hash;
    }
    apply_->inbox().push(hashed);
  });
}

void LocalNode::wait_compaction(base::UniqueFunction<void(Status)> done) { apply_->inbox().push(WantCompacted{std::move(done)}); }

void LocalNode::move_leader(MemberId transferee, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) {
  replica_->inbox().push(TransferLeader{transferee, deadline_ns, std::move(done)});
}

Result<std::unique_ptr<SnapshotReceiver>> LocalNode::begin_receiving(const raft::SnapshotMetadata& metadata) {
  const SnapshotReceiver::Options options{.snap_folder = options_.disk.snap_folder, .db = options_.start.db, .number = receptions_.fetch_add(1)};
  return SnapshotReceiver::begin(files_, options, metadata);
}

// The change goes the way of every proposal, with somebody who waits for its id.
void LocalNode::change_membership(raft::ConfChange change, std::int64_t deadline_ns, base::UniqueFunction<void(Status)> done) {
  const std::int64_t own_limit = clock_.monotonic_ns() + options_.limits.timeout_ns;
  change.id = ids_->next();
  const std::int64_t limit = deadline_ns == 0 ? own_limit : std::min(deadline_ns, own_limit);
  std::vector<Waiters::Waiter> waiter;
  waiter.push_back({.id = change.id,
                    .deadline_ns = limit,
                    .done = [done = std::move(done)](Result<base::Rope> applied) mutable { done(applied ? Status() : Status(fail(applied.error()))); },
                    .asked_ns = own_limit - options_.limits.timeout_ns});
  waiters_.add(waiter);
  replica_->inbox().push(ProposedChange{std::move(change), limit});
}

void LocalNode::check_learner(MemberId learner, base::UniqueFunction<void(Status)> done) {
  replica_->inbox().push(LookAtRaft{[learner, done = std::move(done)](const raft::RaftStatus& status) mutable { done(learner_readiness(status, learner)); }});
}

void LocalNode::run_in_background(base::UniqueFunction<void()> job) { worker_.inbox().push(std::move(job)); }

}  // namespace etcd::node
