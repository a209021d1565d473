// Recovery: from a data folder to the parts of a running replica; or a new cluster, or a new member of one, where the folder is empty.
//
// What holds afterwards: the db's consistent index is somewhere in the log (or at its snapshot); everything the WAL holds above it will be applied again;
// raft begins at the applied index with the configuration of that index.
// A folder is made whole or not at all: the db first, then the WAL under a temporary name, and only the WAL's rename makes the member exist.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apply/state_machine.h"
#include "base/file.h"
#include "base/log.h"
#include "base/result.h"
#include "bolt/db.h"
#include "cluster/bootstrap.h"
#include "raft/config.h"
#include "wal/wal.h"

namespace etcd::node {

struct StartOptions {
  std::string data_folder;
  std::string wal_folder;  // empty: <data_folder>/member/wal
  std::string name;
  std::vector<cluster::InitialMember> initial_cluster;  // used where there is no WAL
  std::string initial_cluster_token;
  // Joins this running cluster, which has added the member, instead of making a new one (--initial-cluster-state=existing); used where there is no WAL.
  std::optional<cluster::Bootstrap> join;
  // What the other members, if any answers, say who is in the cluster; asked where there is no WAL, to refuse an empty disk under the id of a member that
  // has been part of the cluster: it no longer knows what it has promised. None: nobody is asked.
  std::function<std::vector<cluster::Member>()> ask_members = {};
  // --force-new-cluster: where there is a WAL, this member goes on as the only one of its cluster, with what is committed as far as it knows.
  bool force_new_cluster = false;
  wal::Options wal;
  bolt::Options db;
  apply::Options machine;  // cluster and member are filled in
  std::uint64_t bootstrap_defragment_bytes = 0;  // defragment at start if that many bytes would be freed; 0: never
};

struct Recovery {
  ClusterId cluster_id;
  MemberId member_id;
  bool is_new = false;
  std::string snap_folder;
  std::string wal_folder;
  LogIndex snapshot_index;  // of the newest raft snapshot on disk
  std::unique_ptr<wal::Wal> wal;
  std::unique_ptr<bolt::Db> db;
  std::unique_ptr<apply::StateMachine> machine;
  raft::Recovered raft;
};

// Errors carry etcd's text where it has one. Blocks for the disk.
Result<Recovery> recover(base::FileSystem& files, const StartOptions& options, base::Logger& logger);

}  // namespace etcd::node
