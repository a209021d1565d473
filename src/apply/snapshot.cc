#include "apply/snapshot.h"

#include <charconv>
#include <cinttypes>
#include <cstdio>
#include <optional>
#include <string_view>

#include "apply/db_meta.h"
#include "base/check.h"

namespace etcd::apply {

namespace {

constexpr std::string_view kReceivedSuffix = ".snap.db";
constexpr const char* kNoReceivedDb = "failed to find database snapshot file (snap: snapshot file doesn't exist)";

// The index that a db is at; 0 if there is no db. The file must not be open elsewhere.
Result<LogIndex> index_of(base::FileSystem& files, const std::string& path, const bolt::Options& options) {
  if (!files.exists(path)) return LogIndex(0);
  TRY_ASSIGN(const auto db, bolt::Db::open(files, path, options));
  TRY_ASSIGN(const DbMeta meta, read_db_meta(db->begin_read()));
  return meta.index;
}

// From the moment the directory is synced the received db is the member's, whatever happens.
Status take_place(base::FileSystem& files, const std::string& snap_folder, const std::string& received) {
  TRY(files.rename(received, db_path(snap_folder)));
  return files.sync_directory(snap_folder);
}

// The index that the name of a received db says; nothing for another name.
std::optional<LogIndex> received_index(const std::string& name) {
  constexpr std::size_t kDigits = 16;
  if (name.size() != kDigits + kReceivedSuffix.size() || !name.ends_with(kReceivedSuffix)) return std::nullopt;
  std::uint64_t index = 0;
  const auto parsed = std::from_chars(name.data(), name.data() + kDigits, index, 16);
  if (parsed.ec != std::errc() || parsed.ptr != name.data() + kDigits) return std::nullopt;
  return LogIndex(index);
}

}  // namespace

std::string db_path(const std::string& snap_folder) {
  return base::join_path(snap_folder, "db");
}

std::string received_db_path(const std::string& snap_folder, LogIndex index) {
  char name[32];
  std::snprintf(name, sizeof name, "%016" PRIx64 "%s", index.value, kReceivedSuffix.data());
  return base::join_path(snap_folder, name);
}

// Everything that can be wrong with a received db shows here, while the present one is still in place.
Status check_received_db(base::FileSystem& files, const std::string& path, const bolt::Options& db_options,
                         const raft::SnapshotMetadata& metadata) {
  if (!files.exists(path)) return fail(Errc::kNotExist, kNoReceivedDb);
  TRY_ASSIGN(const auto db, bolt::Db::open(files, path, db_options));
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

// The WAL's snapshot record is durable, and the db that it asks for is found under its own name before the rename and as
// "db" after it: a crash on either side starts with the right one. The old file lives on as long as somebody reads it.
Result<std::unique_ptr<bolt::Db>> install_received_db(const InstallInput& input) {
  const std::string received = received_db_path(input.snap_folder, input.metadata.index);
  TRY(check_received_db(input.files, received, input.db_options, input.metadata));
  TRY(take_place(input.files, input.snap_folder, received));
  TRY_ASSIGN(auto db, bolt::Db::open(input.files, db_path(input.snap_folder), input.db_options));
  input.log.info("applySnapshot: opened snapshot backend");
  return db;
}

// Nothing is written on the way, so no transaction can carry the old index into the new db: that comes with the first
// flush, cut after this. Within restore(): index and term, then leases, then the key space, which attaches its keys to
// them, then the cluster's members, alarms and versions. Readers keep the views that they hold; later ones see the new
// state.
Status install_state(StateMachine& machine, const bolt::ReadTx& db, const raft::SnapshotMetadata& metadata,
                     base::Logger& log) {
  const LogIndex before = machine.applied();
  // A snapshot of the past would take back what clients were told.
  CHECK(metadata.index > before, metadata.index, before);
  TRY(machine.restore(db));
  CHECK(machine.applied() == metadata.index, machine.applied(), metadata.index);
  log.info("applied snapshot", {{"current-applied-index", before},
                                {"incoming-leader-snapshot-index", metadata.index},
                                {"incoming-leader-snapshot-term", metadata.term}});
  return {};
}

Status remove_received_dbs_below(base::FileSystem& files, const std::string& snap_folder, LogIndex index) {
  TRY_ASSIGN(const std::vector<std::string> names, files.list(snap_folder));
  for (const std::string& name : names) {
    const std::optional<LogIndex> received = received_index(name);
    if (received && *received < index) TRY(files.remove(base::join_path(snap_folder, name)));
  }
  return {};
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
