#include "node/disk_stage.h"

#include <limits>
#include <utility>

#include "apply/snapshot.h"
#include "base/check.h"
#include "base/failpoint.h"
#include "base/plant.h"
#include "wal/segment.h"
#include "wal/snap_file.h"

namespace etcd::node {

namespace {

constexpr std::int64_t kSlowSyncNs = 1'000'000'000;
// Snapshot files are small, and who looks for what has happened finds more of them this way; etcd purges as often.
constexpr std::int64_t kPurgeSnapshotsNs = 30'000'000'000;

}  // namespace

DiskStage::DiskStage(base::FileSystem& files, std::unique_ptr<wal::Wal> wal, Options options, Outlets outlets, Timings timings,
                     base::Clock& clock, base::Logger& logger, Wakeup& wakeup)
    : files_(files),
      wal_(std::move(wal)),
      options_(std::move(options)),
      outlets_(outlets),
      timings_(std::move(timings)),
      clock_(clock),
      logger_(logger),
      inbox_(wakeup),
      snapshot_index_(options_.snapshot_index),
      saved_snapshot_(options_.snapshot_index.value) {}

std::int64_t DiskStage::step() {
  constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();
  if (!inbox_.drain(drained_)) return kNever;
  const std::int64_t start_ns = clock_.monotonic_ns();
  for (const DiskInput& input : drained_) {
    if (const auto* batch = std::get_if<raft::PersistBatch>(&input)) append(*batch);
  }
  timings_.write(static_cast<double>(clock_.monotonic_ns() - start_ns) / 1e9);
  if (std::exchange(must_sync_, false) && !PLANTED(acknowledges_before_fsync)) sync();
  FAILPOINT(raftAfterSave);
  wal_bytes_written_.store(wal_->bytes_written(), std::memory_order_relaxed);
  confirm();
  // After the entries around them, so that nobody waits for a snapshot.
  for (const DiskInput& input : drained_) {
    if (const auto* save = std::get_if<SaveSnapshot>(&input)) save_snapshot(save->snapshot);
  }
  drained_.clear();
  if (!wal_->wants_next_segment()) return kNever;
  const Status prepared = wal_->prepare_next_segment();
  if (!prepared) logger_.warn("failed to preallocate space when creating a new WAL", {base::LogField(prepared.error())});
  return kNever;
}

void DiskStage::append(const raft::PersistBatch& batch) {
  if (batch.snapshot && !PLANTED(leaders_snapshot_is_not_recorded)) begin_log_at(batch);
  if (!batch.append.empty() || batch.hard_state) must(wal_->save(batch.hard_state, batch.append), "failed to save Raft hard state and entries");
  must_sync_ = must_sync_ || (batch.must_sync && !(PLANTED(votes_without_fsync) && batch.append.empty()));
}

// The record counts only once the log has a commit index that covers it, and entries behind a record that does not count are a gap. So these are durable
// before the first of them is written.
void DiskStage::begin_log_at(const raft::PersistBatch& batch) {
  CHECK(batch.hard_state, batch.number);
  FAILPOINT(raftBeforeSaveSnap);
  record_snapshot(*batch.snapshot);
  FAILPOINT(raftAfterSaveSnap);
  raft::HardState state = *batch.hard_state;
  state.commit = batch.snapshot->metadata.index;
  must(wal_->save(state, {}), "failed to save Raft hard state and entries");
  must(wal_->sync(), "failed to sync the WAL");
}

void DiskStage::sync() {
  const std::int64_t start_ns = clock_.monotonic_ns();
  must(wal_->sync(), "failed to sync the WAL");
  const std::int64_t took_ns = clock_.monotonic_ns() - start_ns;
  timings_.fsync(static_cast<double>(took_ns) / 1e9);
  if (took_ns > kSlowSyncNs) {
    logger_.warn("slow fdatasync", {{"took", std::to_string(took_ns / 1'000'000) + "ms"}, {"expected-duration", "1s"}});
  }
}

// Only now may messages leave that promise what was written, and the entries count.
void DiskStage::confirm() {
  std::uint64_t last = 0;
  for (DiskInput& input : drained_) {
    auto* batch = std::get_if<raft::PersistBatch>(&input);
    if (batch == nullptr) continue;
    // Before the replica hears of it: the next thing that apply is given comes after the snapshot.
    if (batch->snapshot) begin_anew(*batch->snapshot);
    if (!batch->then_send.empty()) FAILPOINT(raftBeforeFollowerSend);  // a leader's messages need not wait for the disk
    if (!batch->then_send.empty()) outlets_.transport.send(std::move(batch->then_send));
    last = batch->number;
  }
  if (last != 0) outlets_.replica.push(raft::Persisted{last});
}

// The file first: the WAL must never name a snapshot that is not there.
void DiskStage::record_snapshot(const raft::Snapshot& snapshot) {
  const std::int64_t start_ns = clock_.monotonic_ns();
  const std::string content = wal::encode_snap_file(snapshot);
  const std::int64_t encoded_ns = clock_.monotonic_ns();
  must(wal::write_snap_file(files_, options_.snap_folder, snapshot.metadata, content), "failed to save Raft snapshot");
  timings_.snap_file(static_cast<double>(encoded_ns - start_ns) / 1e9, static_cast<double>(clock_.monotonic_ns() - encoded_ns) / 1e9);
  snapshot_index_ = snapshot.metadata.index;
  FAILPOINT(raftBeforeWALSaveSnaphot);
  must(wal_->save_snapshot({snapshot.metadata.index, snapshot.metadata.term, snapshot.metadata.conf_state}), "failed to save Raft snapshot");
}

// The state machine has what the log before it was for. But the leader may have sent a newer one while the db was written: the log begins anew there, and
// must not be led back.
void DiskStage::save_snapshot(const raft::Snapshot& snapshot) {
  if (snapshot.metadata.index <= snapshot_index_) return;
  record_snapshot(snapshot);
  wal_->release_to(snapshot.metadata.index);
  FAILPOINT(raftAfterWALRelease);
  saved_snapshot_.store(snapshot.metadata.index.value);
  logger_.info("saved snapshot to disk", {{"snapshot-index", snapshot.metadata.index}});
  purge();
}

// The record counts from when the hard state that commits it is durable too. Older segments stay until the member takes a snapshot of its own: the
// state machine is still where they end.
void DiskStage::begin_anew(const raft::Snapshot& snapshot) {
  logger_.info("saved the leader's snapshot to disk", {{"snapshot-index", snapshot.metadata.index}});
  saved_snapshot_.store(snapshot.metadata.index.value);
  FAILPOINT(raftBeforeApplySnap);
  outlets_.install(snapshot.metadata);
  FAILPOINT(raftAfterApplySnap);
}

void DiskStage::purge() {
  auto report = [&](const Result<std::vector<std::string>>& removed) {
    if (!removed) return logger_.warn("failed to purge old files", {base::LogField(removed.error())});
    for (const std::string& path : *removed) logger_.info("purged", {{"path", path}});
  };
  const Status received = apply::remove_received_dbs_below(files_, options_.snap_folder, snapshot_index_);
  if (!received) logger_.warn("failed to remove old received databases", {base::LogField(received.error())});
  if (options_.keep_wals != 0) report(wal::purge_segments(files_, options_.wal_folder, options_.keep_wals));
  const std::int64_t now_ns = clock_.monotonic_ns();
  if (options_.keep_snapshots == 0 || now_ns < next_snapshot_purge_ns_) return;
  next_snapshot_purge_ns_ = now_ns + kPurgeSnapshotsNs;
  report(wal::purge_snap_files(files_, options_.snap_folder, options_.keep_snapshots));
}

void DiskStage::must(const Status& status, const char* what) {
  if (PLANTED(ignores_failed_writes)) return;
  if (!status) logger_.fatal(what, {base::LogField(status.error())});
}

}  // namespace etcd::node
