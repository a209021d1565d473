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

struct InstallInput {
  base::FileSystem& files;
  base::Logger& log;
  std::string snap_folder;
  bolt::Options db_options;
  raft::SnapshotMetadata metadata;  // durable: the WAL has its snapshot record (and the folder its .snap file)
};

struct Installed {
  std::unique_ptr<bolt::Db> db;  // the new one; the caller's old Db may go now, its readers keep what they need of it
  Revision revision_before;      // for the watch hub: watchers go on from where they were, through the new db's history
};

// Puts the received db in the place of the present one and `machine` into its state. The caller has made sure that the
// snapshot record is durable, that no flush is under way, and tells raft, peers and waiters afterwards. CHECKs that
// metadata.index is above the applied index. Errors: kNotExist (no received db), kCorrupt (it is not what metadata
// says), kUnsupported, kIo. Up to the rename nothing has been touched; after an error past it the process must stop,
// and its next start completes the installation.
Result<Installed> install_snapshot(StateMachine& machine, const InstallInput& input);

// At start, before the db is opened: if the db is older than the WAL's newest snapshot, the received one takes its
// place. `snapshot_index` 0 does nothing. Returns whether it did. kNotExist with etcd's text "failed to find database
// snapshot file (snap: snapshot file doesn't exist)" if the received db is not there either; nothing is touched then.
Result<bool> finish_interrupted_install(base::FileSystem& files, base::Logger& log, const std::string& snap_folder,
                                        LogIndex snapshot_index, const bolt::Options& db_options);

}  // namespace etcd::apply
