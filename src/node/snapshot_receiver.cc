#include "node/snapshot_receiver.h"

#include "apply/snapshot.h"
#include "base/failpoint.h"
#include "base/plant.h"

namespace etcd::node {

SnapshotReceiver::SnapshotReceiver(base::FileSystem& files, const Options& options, const raft::SnapshotMetadata& metadata)
    : files_(files),
      options_(options),
      metadata_(metadata),
      path_(base::join_path(options.snap_folder, "tmp.snapshot." + std::to_string(options.number))) {}

Result<std::unique_ptr<SnapshotReceiver>> SnapshotReceiver::begin(base::FileSystem& files, const Options& options,
                                                                  const raft::SnapshotMetadata& metadata) {
  std::unique_ptr<SnapshotReceiver> receiver(new SnapshotReceiver(files, options, metadata));
  TRY_ASSIGN(receiver->file_, files.open(receiver->path_, base::OpenMode::kCreateNew));
  return receiver;
}

SnapshotReceiver::~SnapshotReceiver() {
  if (!file_) return;
  file_.reset();
  (void)files_.remove(path_);
}

Status SnapshotReceiver::write(std::string_view bytes) {
  TRY(file_->pwrite(written_, bytes));
  written_ += bytes.size();
  return {};
}

// The name comes last, and is durable before anybody relies on it.
Status SnapshotReceiver::finish() {
  if (!PLANTED(received_db_is_not_synced)) TRY(file_->sync());
  TRY(apply::check_received_db(files_, path_, options_.db, metadata_));
  TRY(files_.rename(path_, apply::received_db_path(options_.snap_folder, metadata_.index)));
  file_.reset();
  FAILPOINT(snapDBRenameBeforeDirSync);
  FAILPOINT_ERROR(snapDBDirSyncError, Errc::kIo);
  return files_.sync_directory(options_.snap_folder);
}

}  // namespace etcd::node
