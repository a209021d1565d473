#include "apply/snapshot.h"

#include <cinttypes>
#include <cstdio>
#include <utility>

#include "apply/db_meta.h"
#include "base/check.h"

namespace etcd::apply {

namespace {

constexpr const char* kNoReceivedDb = "failed to find database snapshot file (snap: snapshot file doesn't exist)";

// The index that a db is at; 0 if there is no db. The file must not be open elsewhere.
Result<LogIndex> index_of(base::FileSystem& files, const std::string& path, const bolt::Options& options) {
  if (!files.exists(path)) return LogIndex(0);
  TRY_ASSIGN(const auto db, bolt::Db::open(files, path, options));
  TRY_ASSIGN(const DbMeta meta, read_db_meta(db->begin_read()));
  return meta.index;
}

// Everything that can be wrong with a received db shows here, while the present one is still in place.
Status check_received(base::FileSystem& files, const std::string& path, const bolt::Options& options,
                      const raft::SnapshotMetadata& metadata) {
  if (!files.exists(path)) return fail(Errc::kNotExist, kNoReceivedDb);
  TRY_ASSIGN(const auto db, bolt::Db::open(files, path, options));
  TRY_ASSIGN(const DbMeta meta, read_db_meta(db->begin_read()));
  TRY(check_supported(meta));
  if (meta.index != metadata.index) {
    return fail(Errc::kCorrupt, "received db is at index " + std::to_string(meta.index.value) + ", its snapshot at " +
                                    std::to_string(metadata.index.value));
  }
  TRY_ASSIGN(const cluster::Cluster cluster, cluster::Cluster::load(db->begin_read()));
  if (cluster.membership().voters() != metadata.conf_state.voters ||
      cluster.membership().learners() != metadata.conf_state.learners) {
    return fail(Errc::kCorrupt, "received db and its snapshot disagree about the members of the cluster");
  }
  return {};
}

// From the moment the directory is synced the received db is the member's, whatever happens.
Status take_place(base::FileSystem& files, const std::string& snap_folder, const std::string& received) {
  TRY(files.rename(received, db_path(snap_folder)));
  return files.sync_directory(snap_folder);
}

base::Logger::Fields log_fields(LogIndex applied, const raft::SnapshotMetadata& metadata) {
  return {{"current-applied-index", applied},
          {"incoming-leader-snapshot-index", metadata.index},
          {"incoming-leader-snapshot-term", metadata.term}};
}

}  // namespace

std::string db_path(const std::string& snap_folder) {
  return base::join_path(snap_folder, "db");
}

std::string received_db_path(const std::string& snap_folder, LogIndex index) {
  char name[32];
  std::snprintf(name, sizeof name, "%016" PRIx64 ".snap.db", index.value);
  return base::join_path(snap_folder, name);
}

Result<Installed> install_snapshot(StateMachine& machine, const InstallInput& input) {
  const raft::SnapshotMetadata& metadata = input.metadata;
  const LogIndex before = machine.applied();
  // A snapshot of the past would take back what clients were told.
  CHECK(metadata.index > before, metadata.index, before);
  input.log.info("applying snapshot", log_fields(before, metadata));

  // Last look, first touch: a db that does not fit its snapshot is refused while the present one is still in place.
  const std::string received = received_db_path(input.snap_folder, metadata.index);
  TRY(check_received(input.files, received, input.db_options, metadata));

  // The received db becomes the member's. The WAL's snapshot record is durable, and the db that it asks for is found
  // under its own name before the rename and as "db" after it: a crash on either side starts with the right one. The
  // old file lives on as long as somebody reads it.
  TRY(take_place(input.files, input.snap_folder, received));
  Installed installed;
  installed.revision_before = machine.store().revision();
  TRY_ASSIGN(installed.db, bolt::Db::open(input.files, db_path(input.snap_folder), input.db_options));
  input.log.info("applySnapshot: opened snapshot backend");

  // The state in memory follows. Nothing is written on the way, so no transaction can carry the old index into the new
  // db: that comes with the first flush, cut after this. Within: index and term, then leases, then the key space, which
  // attaches its keys to them, then the cluster's members, alarms and versions. Readers keep the views that they hold;
  // later ones see the new state.
  TRY(machine.restore(installed.db->begin_read()));
  CHECK(machine.applied() == metadata.index, machine.applied(), metadata.index);

  input.log.info("applied snapshot", log_fields(before, metadata));
  return installed;
}

Result<bool> finish_interrupted_install(base::FileSystem& files, base::Logger& log, const std::string& snap_folder,
                                        LogIndex snapshot_index, const bolt::Options& db_options) {
  if (snapshot_index == LogIndex(0)) return false;
  TRY_ASSIGN(const LogIndex present, index_of(files, db_path(snap_folder), db_options));
  if (present >= snapshot_index) return false;
  const std::string received = received_db_path(snap_folder, snapshot_index);
  if (!files.exists(received)) return fail(Errc::kNotExist, kNoReceivedDb);
  TRY_ASSIGN(const LogIndex index, index_of(files, received, db_options));
  if (index < snapshot_index) {
    return fail(Errc::kCorrupt,
                received + " is at index " + std::to_string(index.value) + ", older than its name says");
  }
  TRY(take_place(files, snap_folder, received));
  log.info("the received database took the place of the present one",
           {{"snapshot-index", snapshot_index}, {"present-index", present}, {"path", db_path(snap_folder)}});
  return true;
}

}  // namespace etcd::apply
