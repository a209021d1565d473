#include "node/apply_stage.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "apply/snapshot.h"
#include "base/check.h"
#include "base/failpoint.h"
#include "base/plant.h"
#include "base/wire.h"
#include "cluster/v2_store.h"
#include "node/slow_entry.h"
#include "raft/codec.h"
#include "raft/membership.h"

namespace etcd::node {

namespace {

// The id under which somebody may wait for the entry: InternalRaftRequest.header.ID, 0 for none.
std::uint64_t request_id_of(const raft::Entry& entry) {
  if (entry.type != raft::EntryType::kNormal) {
    auto change = raft::decode_conf_change(entry.data);
    return change ? change->id : 0;
  }
  constexpr std::uint32_t kHeader = 100, kHeaderId = 1;
  base::WireReader request(entry.data.view());
  while (auto field = request.next()) {
    if (field->number != kHeader || field->type != base::WireType::kBytes) continue;
    base::WireReader header(field->bytes);
    while (auto part = header.next()) {
      if (part->number == kHeaderId) return part->varint;
    }
  }
  return 0;
}

std::uint64_t less_floored(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

ApplyStage::ApplyStage(std::unique_ptr<apply::StateMachine> machine, LogIndex snapshot_index, const Options& options, Outlets outlets,
                       Waiters& waiters, Board& board, base::Logger& logger, Wakeup& wakeup)
    : machine_(std::move(machine)),
      options_(options),
      outlets_(std::move(outlets)),
      waiters_(waiters),
      board_(board),
      logger_(logger),
      inbox_(wakeup),
      reported_(machine_->applied()),
      snapshot_index_(snapshot_index),
      memory_snapshot_index_(snapshot_index),
      compactions_(machine_->store().compaction(), outlets_.compactions, logger) {
  board_.applied.store(machine_->applied().value);
  machine_->publish();
}

std::int64_t ApplyStage::step(std::int64_t now_ns) {
  inbox_.drain(drained_);
  for (ApplyInput& input : drained_) take_in(input, now_ns);
  drained_.clear();
  publish_and_answer();
  const std::int64_t background_at = work_in_background(now_ns);
  install_if_due();
  if (flush_is_due(now_ns)) start_flush(now_ns);
  compactions_.step(machine_->store().compaction(), now_ns);
  board_.tail_bytes.store(static_cast<std::int64_t>(machine_->unflushed_bytes()), std::memory_order_relaxed);
  board_.live_views.store(machine_->views().live_views(), std::memory_order_relaxed);
  const bool flush_waits = !is_flushing() && machine_->needs_flush();
  return std::min(background_at, flush_waits ? next_flush_ns() : std::numeric_limits<std::int64_t>::max());
}

void ApplyStage::take_in(ApplyInput& input, std::int64_t now_ns) {
  if (auto* entries = std::get_if<raft::Entries>(&input)) return apply_entries(*entries, now_ns);
  if (auto* done = std::get_if<FlushDone>(&input)) return on_flushed(*done, now_ns);
  if (auto* install = std::get_if<InstallSnapshot>(&input)) return installs_.push_back(std::move(install->metadata));
  if (auto* done = std::get_if<DbInstalled>(&input)) return on_installed(*done, now_ns);
  if (auto* send = std::get_if<SendSnapshot>(&input)) return sends_.push_back(std::move(*send));
  if (auto* want = std::get_if<WantDb>(&input)) return want_db_.push_back(std::move(*want));
  if (auto* want = std::get_if<WantCompacted>(&input)) return compactions_.wait(std::move(*want));
  if (auto* done = std::get_if<CompactionHashed>(&input)) return compactions_.hashed(*done);
  if (auto* with = std::get_if<WithMachine>(&input)) return with->run(*machine_, now_ns);
  const DbMoved& moved = std::get<DbMoved>(input);
  if (Status taken = machine_->move_to(moved.db, moved.db_bytes); !taken) {
    logger_.fatal("failed to read the defragmented database", {base::LogField(taken.error())});
  }
  unpublished_ = true;
}

void ApplyStage::apply_entries(const raft::Entries& entries, std::int64_t now_ns) {
  CHECK(installs_.empty(), entries.front().index, installs_.front().index);  // raft waits until the snapshot is applied
  std::vector<std::uint64_t> ids;
  ids.reserve(entries.size());
  for (const raft::Entry& entry : entries) ids.push_back(request_id_of(entry));
  std::vector<ProposeCallback> waiting;
  waiters_.take(ids, waiting);
  std::size_t place = 0;
  measured_ns_ = outlets_.clock.monotonic_ns();
  for (const raft::Entry& entry : entries) apply_one(entry, std::move(waiting[place++]), now_ns);
  unpublished_ = true;
}

void ApplyStage::apply_one(const raft::Entry& entry, ProposeCallback waiter, std::int64_t now_ns) {
  entry.type == raft::EntryType::kNormal ? FAILPOINT(beforeApplyOneEntryNormal) : FAILPOINT(beforeApplyOneConfChange);
  const bool wanted = static_cast<bool>(waiter);
  const Revision compacted = machine_->store().compact_revision();
  auto applied = machine_->apply(entry, {.wants_reply = wanted, .now_ns = now_ns});
  if (!applied) {
    logger_.fatal("failed to apply an entry that the cluster has committed", {{"index", entry.index}, base::LogField(applied.error())});
  }
  measure(entry, *applied);
  if (const Revision now = machine_->store().compact_revision(); now != compacted) {
    entry.index > options_.found_in_log ? compactions_.begun(now, compacted, now_ns) : compactions_.resumed(now, now_ns);
  }
  if (applied->first_of_term) outlets_.first_of_term();
  if (applied->cluster_version_lowered) force_snapshot(entry.index);
  if (applied->conf_change) return on_conf_change(*applied->conf_change, std::move(waiter));
  if (applied->raise_no_space) {
    logger_.warn("message exceeded backend quota; raising alarm", {{"quota-size-bytes", options_.quota_bytes}});
    outlets_.raise_no_space([waiter = std::move(waiter), reply = std::move(applied->reply)]() mutable {
      if (waiter) waiter(std::move(reply->response));
    });
    return;
  }
  if (!wanted) return;
  if (!applied->reply) return waiter(fail(Errc::kUnknownOutcome));
  answers_.push_back({std::move(waiter), std::move(applied->reply->response)});
}

// One look at the clock for each request: its end is the beginning of the next.
void ApplyStage::measure(const raft::Entry& entry, const apply::Applied& applied) {
  if (applied.operation.empty()) return;
  const std::int64_t begun_ns = std::exchange(measured_ns_, outlets_.clock.monotonic_ns());
  const std::int64_t took_ns = measured_ns_ - begun_ns;
  outlets_.applied(applied.operation, applied.succeeded, static_cast<double>(took_ns) / 1e9);
  if (took_ns <= options_.warn_apply_ns) return;
  outlets_.applied_slowly();
  logger_.warn("apply request took too long",
               describe(SlowEntry{.entry = entry, .applied = applied, .took_ns = took_ns, .expected_ns = options_.warn_apply_ns}));
}

void ApplyStage::on_conf_change(apply::ConfChangeOutcome& outcome, ProposeCallback waiter) {
  if (PLANTED(raft_does_not_hear_of_learners) && outcome.change.type == raft::ConfChangeType::kAddLearnerNode) outcome.change.node_id = MemberId(0);
  outlets_.replica.push(raft::ApplyConfChange{raft::as_v2(outcome.change)});
  if (outcome.removed_self) outlets_.removed_self();
  if (!waiter) return;
  Result<base::Rope> response = base::Rope();
  if (!outcome.status) response = fail(outcome.status.error());
  answers_.push_back({std::move(waiter), std::move(response)});
}

void ApplyStage::publish_and_answer() {
  if (!unpublished_) return;
  unpublished_ = false;
  outlets_.before_publishing(*machine_);
  FAILPOINT(beforeWritebackBuf);
  machine_->publish();
  FAILPOINT(afterWritebackBuf);
  compactions_.published([this] { return machine_->views().acquire(); });
  board_.applied.store(machine_->applied().value);
  outlets_.after_batch(*machine_);
  outlets_.counted(machine_->take_counts());
  for (Answer& answer : answers_) answer.done(std::move(answer.response));
  answers_.clear();
  if (machine_->applied() == reported_) return;
  reported_ = machine_->applied();
  outlets_.replica.push(raft::Applied{reported_});
  forget_entries_if_due();
}

// Entries that every member of the cluster may still need stay in memory; a cluster of one needs none.
void ApplyStage::forget_entries_if_due() {
  // Where snapshots are taken more often, their entries go as often, as in etcd.
  const std::uint64_t interval = std::min(options_.forget_interval, std::max<std::uint64_t>(options_.snapshot_count, 1));
  if (reported_.value - memory_snapshot_index_.value < interval) return;
  memory_snapshot_index_ = reported_;
  raft::Snapshot snapshot;
  snapshot.metadata = {.conf_state = machine_->conf_state(), .index = reported_, .term = machine_->applied_term()};
  const bool alone = machine_->cluster_view()->members.size() == 1;
  const LogIndex compact(alone ? reported_.value : less_floored(reported_.value, options_.catchup_entries));
  outlets_.replica.push(SnapshotMade{std::move(snapshot), compact});
}

bool ApplyStage::flush_is_due(std::int64_t now_ns) const {
  if (is_flushing()) return false;
  // As soon as it is due: the log is cut behind the same entries as etcd's, or few more.
  if (!want_db_.empty() || !sends_.empty() || snapshot_is_due(machine_->applied())) return true;
  if (!machine_->needs_flush()) return false;
  return now_ns >= next_flush_ns() || machine_->unflushed_bytes() >= options_.flush_bytes;
}

// A compaction takes its records out of the db in many small flushes with pauses between them, even when somebody waits for it: the WAL's fsyncs
// share the disk with them.
std::int64_t ApplyStage::next_flush_ns() const {
  const bool compacting = machine_->store().compaction().deleting || (compactions_.is_waited_for() && !background_left_);
  return compacting ? flush_ended_ns_ + options_.background_pause_ns : flush_begun_ns_ + options_.flush_interval_ns;
}

void ApplyStage::start_flush(std::int64_t now_ns) {
  flush_begun_ns_ = now_ns;
  std::move(want_db_.begin(), want_db_.end(), std::back_inserter(want_db_flushing_));
  want_db_.clear();
  std::move(sends_.begin(), sends_.end(), std::back_inserter(sends_flushing_));
  sends_.clear();
  flushing_ = Cut{{.conf_state = machine_->conf_state(), .index = machine_->applied(), .term = machine_->applied_term()},
                  machine_->cluster_view()};
  outlets_.flush.push(WriteFlush{machine_->take_flush()});
}

void ApplyStage::on_flushed(FlushDone& done, std::int64_t now_ns) {
  CHECK(flushing_);
  flush_ended_ns_ = now_ns;
  const Cut cut = *std::exchange(flushing_, std::nullopt);
  if (Status taken = machine_->flushed(std::move(done.flush), done.db, done.db_bytes); !taken) {
    logger_.fatal("failed to read the database that was just written", {base::LogField(taken.error())});
  }
  unpublished_ = true;
  snapshot_if_due(cut);
  send_snapshots(cut, done.db);
  for (WantDb& want : std::exchange(want_db_flushing_, {})) want.done(done.db);
}

// What raft put into the message may be old by now, and has no data: the state as of this flush takes its place.
void ApplyStage::send_snapshots(const Cut& cut, const bolt::ReadTx& db) {
  if (sends_flushing_.empty()) return;
  raft::Snapshot snapshot;
  snapshot.data = base::SharedBytes(cluster::v2_store_json(*cut.members));
  snapshot.metadata = cut.metadata;
  for (SendSnapshot& send : std::exchange(sends_flushing_, {})) {
    logger_.info("sending database snapshot", {{"snapshot-index", cut.metadata.index}, {"remote-peer-id", cluster::to_hex(send.message.to)}});
    send.message.body = raft::InstallSnapshot{snapshot};
    outlets_.transport.send_snapshot({std::move(send.message), db});
  }
}

// The db changes its file between two flushes, and nothing is flushed until the state machine has followed.
void ApplyStage::install_if_due() {
  if (installs_.empty() || is_flushing()) return;
  const raft::SnapshotMetadata& metadata = installs_.front();
  // A snapshot of the past would take back what clients were told.
  CHECK(metadata.index > machine_->applied(), metadata.index, machine_->applied());
  logger_.info("applying snapshot", {{"current-snapshot-index", snapshot_index_},
                                     {"current-applied-index", machine_->applied()},
                                     {"incoming-leader-snapshot-index", metadata.index},
                                     {"incoming-leader-snapshot-term", metadata.term}});
  installing_ = true;
  board_.snapshots_installing.store(1);
  outlets_.flush.push(InstallDb{metadata});
}

// Who waits for a proposal that the snapshot covers will not learn its outcome: that is for their deadlines.
void ApplyStage::on_installed(const DbInstalled& done, std::int64_t now_ns) {
  CHECK(installing_ && done.metadata.index == installs_.front().index, done.metadata.index);
  if (Status installed = apply::install_state(*machine_, done.db, done.metadata, logger_); !installed) {
    logger_.fatal("failed to read the database of the leader's snapshot", {base::LogField(installed.error())});
  }
  installs_.pop_front();
  installing_ = false;
  board_.snapshots_installing.store(0);
  snapshot_index_ = memory_snapshot_index_ = done.metadata.index;
  compactions_.restored(machine_->store().compaction(), now_ns);
  unpublished_ = true;
}

bool ApplyStage::snapshot_is_due(LogIndex index) const {
  if (index <= snapshot_index_) return false;
  const bool forced = forced_snapshot_ > snapshot_index_ && index >= forced_snapshot_;
  return forced || index.value - snapshot_index_.value > options_.snapshot_count;
}

void ApplyStage::snapshot_if_due(const Cut& cut) {
  if (!snapshot_is_due(cut.metadata.index)) return;
  snapshot_index_ = cut.metadata.index;
  raft::Snapshot snapshot;
  snapshot.data = base::SharedBytes(cluster::v2_store_json(*cut.members));
  snapshot.metadata = cut.metadata;
  outlets_.disk.push(SaveSnapshot{std::move(snapshot)});
}

std::int64_t ApplyStage::work_in_background(std::int64_t now_ns) {
  bool garbage_left = false;
  if (now_ns >= next_background_ns_ || compactions_.is_waited_for()) {
    step_compaction();
    // What readers of old views left behind goes even when nothing new is published.
    garbage_left = machine_->views().reclaim();
    next_background_ns_ = compactions_.is_waited_for() ? now_ns : now_ns + options_.background_pause_ns;
  }
  return background_left_ || garbage_left ? next_background_ns_ : std::numeric_limits<std::int64_t>::max();
}

void ApplyStage::step_compaction() {
  const bool compacting = machine_->store().compaction().needs_steps;
  const std::int64_t begun_ns = outlets_.clock.monotonic_ns();
  background_left_ = machine_->step_background(options_.background_keys);
  if (compacting) outlets_.index_paused(static_cast<double>(outlets_.clock.monotonic_ns() - begun_ns) / 1e6);
}

bool ApplyStage::start_last_flush(std::int64_t now_ns) {
  CHECK(!is_flushing());
  if (!machine_->needs_flush()) return false;
  start_flush(now_ns);
  return true;
}

}  // namespace etcd::node
