// Flush: the changes between two entries of the log, on their way to the db.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/write_batch.h"
#include "bolt/write_tx.h"
#include "cluster/version.h"
#include "mvcc/store.h"

namespace etcd::apply {

// Immutable once cut. Holds what it needs by itself, so it may be written on another thread while apply goes on.
struct Flush {
  mvcc::FlushBatch revisions;
  bolt::WriteBatch others;  // lease, alarm, cluster, members, members_removed
  LogIndex index;           // the state is that after this entry
  Term term;
  std::string conf_state_json;
  std::optional<cluster::Version> storage_version;
  std::uint64_t generation = 0;  // how many restores came before

  // Puts everything into `tx`, which the caller commits. Missing buckets are made. CHECKs that the db's index does not go back.
  Status write_to(bolt::WriteTx& tx) const;
};

}  // namespace etcd::apply
