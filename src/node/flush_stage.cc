#include "node/flush_stage.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "apply/snapshot.h"
#include "base/failpoint.h"
#include "base/plant.h"
#include "bolt/compacted_copy.h"

namespace etcd::node {

namespace {

// Defragment copies so much, has it written out, and leaves the disk to the WAL for a multiple of the time that took - less as apply's tail grows, which
// waits for the copy to end.
constexpr std::uint64_t kCopyStepBytes = 64 << 10;
constexpr double kRestPerWork = 3.0;
constexpr double kUrgent = 0.25;  // the pressure from which on there is no rest

// What a compaction has several commits for in etcd is a part of a flush here.
struct CompactionPart {
  explicit CompactionPart(const apply::Flush& flush)
      : begins(flush.revisions && flush.revisions->begins_compaction()),
        ends(flush.revisions && flush.revisions->ends_compaction()),
        removes_some(!ends && flush.revisions && flush.revisions->deletes() > 0) {}

  bool begins;
  bool ends;
  bool removes_some;
};

// The places where etcd's tests let a commit fail; nothing in other builds.
void about_to_commit(const apply::Flush& flush) {
  const CompactionPart part(flush);
  if (part.begins) FAILPOINT(compactBeforeCommitScheduledCompact);
  if (part.removes_some) FAILPOINT(compactBeforeCommitBatch);
  FAILPOINT(beforeCommit);
}

void committed(const apply::Flush& flush) {
  const CompactionPart part(flush);
  FAILPOINT(afterCommit);
  if (part.begins) FAILPOINT(compactAfterCommitScheduledCompact);
  if (part.removes_some) FAILPOINT(compactAfterCommitBatch);
  if (part.ends) FAILPOINT(compactAfterSetFinishedCompact);
}

double seconds(std::int64_t from_ns, std::int64_t to_ns) { return static_cast<double>(to_ns - from_ns) / 1e9; }

}  // namespace

FlushStage::FlushStage(base::FileSystem& files, std::unique_ptr<bolt::Db> db, Options options, Outlets outlets, Timings timings, base::Clock& clock,
                       base::Logger& logger, Wakeup& wakeup)
    : files_(files),
      options_(std::move(options)),
      outlets_(std::move(outlets)),
      timings_(std::move(timings)),
      clock_(clock),
      logger_(logger),
      inbox_(wakeup),
      db_(std::move(db)) {}

std::int64_t FlushStage::step() {
  if (!std::exchange(knows_free_pages_, true)) find_free_pages();
  inbox_.drain(drained_);
  for (FlushInput& input : drained_) {
    if (auto* job = std::get_if<WriteFlush>(&input)) write(*job);
    if (auto* job = std::get_if<Defragment>(&input)) defragment(*job);
    if (auto* job = std::get_if<InstallDb>(&input)) install(*job);
  }
  drained_.clear();
  return std::numeric_limits<std::int64_t>::max();
}

// It reads every page in use, which takes a while where the file is large and not cached: before anybody waits for a flush.
void FlushStage::find_free_pages() {
  if (Status found = db_->load_freelist(); !found) {
    logger_.fatal("failed to find the free pages of the database", {base::LogField(found.error())});
  }
}

void FlushStage::write(WriteFlush& job) {
  const std::int64_t start_ns = clock_.monotonic_ns();
  bolt::CommitTimer timer{clock_};
  auto commit = [&]() -> Status {
    if (PLANTED(index_committed_before_its_effects)) {
      TRY_ASSIGN(bolt::WriteTx early, db_->begin_write());
      const apply::Flush index{.revisions = {},
                               .others = {},
                               .index = job.flush.index,
                               .term = job.flush.term,
                               .conf_state = job.flush.conf_state,
                               .storage_version = job.flush.storage_version};
      TRY(index.write_to(early));
      TRY(early.commit());
    }
    FAILPOINT(beforeStartDBTxn);
    TRY_ASSIGN(bolt::WriteTx tx, db_->begin_write());
    FAILPOINT(afterStartDBTxn);
    TRY(job.flush.write_to(tx));
    about_to_commit(job.flush);
    TRY(tx.commit(&timer));
    committed(job.flush);
    return {};
  };
  if (Status committed = commit(); !committed) {
    logger_.fatal("failed to commit to the database", {base::LogField(committed.error())});
  }
  const double took = seconds(start_ns, clock_.monotonic_ns());
  timings_.commit(took, timer);
  if (job.flush.revisions && job.flush.revisions->deletes() > 0) timings_.compaction(took * 1e3);
  outlets_.flushed({std::move(job.flush), db_->begin_read(), static_cast<std::int64_t>(db_->size_bytes())});
}

void FlushStage::defragment(Defragment& job) {
  const std::int64_t start_ns = clock_.monotonic_ns();
  const Sizes before = db_sizes();
  logger_.info("defragmenting", {{"path", db_path()}, {"current-db-size-bytes", before.total}, {"current-db-size-in-use-bytes", before.in_use}});
  Status exchanged = exchange_db();
  const double took = seconds(start_ns, clock_.monotonic_ns());
  timings_.defragment(took);
  if (!exchanged) {
    logger_.warn("failed to defragment", {base::LogField(exchanged.error())});
    return job.done(std::move(exchanged));
  }
  const Sizes after = db_sizes();
  logger_.info("finished defragmenting directory",
               {{"path", db_path()},
                {"current-db-size-bytes-diff", after.total - before.total},
                {"current-db-size-bytes", after.total},
                {"current-db-size-in-use-bytes", after.in_use},
                {"took", std::to_string(took) + "s"}});
  outlets_.moved({db_->begin_read(), after.total});
  job.done({});
}

// The copy becomes the db by one rename: before it the old file is in place, after it the new one, both with the same content.
Status FlushStage::exchange_db() {
  const std::string copy_path = db_path() + ".tmp.defragment";
  if (Status copied = copy_db(copy_path); !copied) {
    if (Status removed = files_.remove(copy_path); !removed) logger_.warn("failed to remove a temporary file", {base::LogField(removed.error())});
    return copied;
  }
  TRY_ASSIGN(auto copy, bolt::Db::open(files_, copy_path, options_.db));
  FAILPOINT(defragBeforeRename);
  TRY(files_.rename(copy_path, db_path()));
  if (Status synced = files_.sync_directory(options_.snap_folder); !synced) {
    logger_.fatal("failed to sync the snapshot folder", {base::LogField(synced.error())});
  }
  use(std::move(copy));
  return {};
}

void FlushStage::install(const InstallDb& job) {
  FAILPOINT(applyBeforeOpenSnapshot);
  auto db = apply::install_received_db({.files = files_,
                                        .log = logger_,
                                        .snap_folder = options_.snap_folder,
                                        .db_options = options_.db,
                                        .metadata = job.metadata});
  if (!db) logger_.fatal("failed to open snapshot backend", {base::LogField(db.error())});
  FAILPOINT(applyAfterOpenSnapshot);
  use(std::move(*db));
  const Status removed = apply::remove_received_dbs_below(files_, options_.snap_folder, job.metadata.index);
  if (!removed) logger_.warn("failed to remove old received databases", {base::LogField(removed.error())});
  outlets_.installed({job.metadata, db_->begin_read(), static_cast<std::int64_t>(db_->size_bytes())});
}

// The old file has no name any more; it goes when its last reader does.
void FlushStage::use(std::unique_ptr<bolt::Db> db) {
  std::lock_guard lock(mutex_);
  db_ = std::move(db);
}

Status FlushStage::copy_db(const std::string& path) {
  FAILPOINT_ERROR(defragOpenFileError, Errc::kIo);
  TRY_ASSIGN(auto copy, bolt::CompactedCopy::start(files_, path, db_->begin_read()));
  FAILPOINT(defragBeforeCopy);
  FAILPOINT_ERROR(defragdbFail, Errc::kIo);
  while (!stopping_.load()) {
    const std::int64_t began_ns = clock_.monotonic_ns();
    TRY_ASSIGN(const bool finished, copy->step(kCopyStepBytes));
    if (finished) return copy->finish();
    TRY(copy->write_back());
    pace(began_ns);
  }
  return fail(Errc::kStopped);
}

void FlushStage::pace(std::int64_t step_began_ns) {
  const double rest = kRestPerWork * std::max(0.0, 1.0 - outlets_.pressure() / kUrgent);
  const auto worked_ns = static_cast<double>(clock_.monotonic_ns() - step_began_ns);
  if (rest > 0) outlets_.sleep(static_cast<std::int64_t>(rest * worked_ns));
}

FlushStage::Sizes FlushStage::db_sizes() const {
  std::lock_guard lock(mutex_);
  return {static_cast<std::int64_t>(db_->size_bytes()), static_cast<std::int64_t>(db_->in_use_bytes())};
}

std::string FlushStage::db_path() const { return apply::db_path(options_.snap_folder); }

}  // namespace etcd::node
