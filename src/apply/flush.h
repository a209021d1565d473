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
#include "mvcc/flush_batch.h"
#include "raft/types.h"

namespace etcd::apply {

// Immutable once cut. Holds what it needs by itself, so it may be written on another thread while apply goes on.
struct Flush {
  std::optional<mvcc::FlushBatch> revisions;  // nothing: the key space did not change
  bolt::WriteBatch others;                    // of the other buckets
  LogIndex index;                             // the state is that after this entry
  Term term;
  raft::ConfState conf_state;
  std::optional<cluster::Version> storage_version;

  // Puts everything into `tx`, which the caller commits: the state and, in the same transaction, the index it belongs
  // to. Missing buckets are made. CHECKs that the db's index does not go back. Errors: those of bolt; then roll back.
  Status write_to(bolt::WriteTx& tx) const;
};

}  // namespace etcd::apply
