// Installing a leader's snapshot: the received db takes the place of this member's, in an order that survives a crash
// at any point.
//
// Files: <snap>/db is the member's db; <snap>/<index as 16 hex digits>.snap.db is a received one, complete and durable
// under that name before the WAL says a word about it. The WAL's snapshot record is what decides: a db older than it
// must be replaced at the next start (finish_interrupted_install), and until the record is durable the old db stays.
#pragma once

#include <memory>
#include <string>

#include "apply/state_machine.h"
#include "base/file.h"
#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"
#include "bolt/db.h"
#include "raft/types.h"

namespace etcd::apply {

// "<folder>/db" and "<folder>/<index>.snap.db".
std::string db_path(const std::string& snap_folder);
std::string received_db_path(const std::string& snap_folder, LogIndex index);

// Whether the file is a db that can take this member's place as the snapshot `metadata`: before it is made durable under its
// name, and once more before it is. Errors: kCorrupt (it is not what metadata says), kUnsupported, kIo.
Status check_received_db(base::FileSystem& files, const std::string& path, const bolt::Options& db_options,
                         const raft::SnapshotMetadata& metadata);

struct InstallInput {
  base::FileSystem& files;
  base::Logger& log;
  std::string snap_folder;
  bolt::Options db_options;
  raft::SnapshotMetadata metadata;  // durable: the WAL has its snapshot record (and the folder its .snap file)
};

// An installation has two halves, one after the other: the file's, on the thread that owns the db, and the memory's, on
// the one that owns the state machine. No flush is under way from before the first until after the second.

// First: the received db becomes the member's. The old Db may go now, its readers keep what they need of it. Up to the
// rename nothing has been touched; after an error past it the process must stop, and its next start completes the
// installation. Errors: kNotExist (no received db), and those of check_received_db().
Result<std::unique_ptr<bolt::Db>> install_received_db(const InstallInput& input);

// Second: `machine` takes over the state of the new db; the caller publishes it and then tells raft, peers and waiters.
// CHECKs that metadata.index is above the applied index. After an error the process must stop.
Status install_state(StateMachine& machine, const bolt::ReadTx& db, const raft::SnapshotMetadata& metadata,
                     base::Logger& log);

// Removes received dbs whose index is below `index`: no start will ask for them any more.
Status remove_received_dbs_below(base::FileSystem& files, const std::string& snap_folder, LogIndex index);

// At start, before the db is opened: if the db is older than the WAL's newest snapshot, the received one takes its
// place. `snapshot_index` 0 does nothing. Returns whether it did. kNotExist with etcd's text "failed to find database
// snapshot file (snap: snapshot file doesn't exist)" if the received db is not there either; nothing is touched then.
Result<bool> finish_interrupted_install(base::FileSystem& files, base::Logger& log, const std::string& snap_folder,
                                        LogIndex snapshot_index, const bolt::Options& db_options);

}  // namespace etcd::apply
