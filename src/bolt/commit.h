// The commit of a write transaction: the order in which things reach the disk.
#pragma once

#include "base/result.h"

namespace etcd::bolt {

struct CommitTimer;
struct WriteTxState;

// balance -> write to new pages in memory -> grow the file -> write pages -> fdatasync -> write the meta page ->
// fdatasync -> publish. The old version stays whole until the new meta page is durable, since only pages that no
// version uses are written before. Without changes nothing is written and no version is made. On an error the caller
// rolls back; if anything was written by then, the Db is broken.
// `timer` may be null.
Status commit_changes(WriteTxState& tx, CommitTimer* timer);

}  // namespace etcd::bolt
