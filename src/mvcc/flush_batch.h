// FlushBatch: what one flush carries from memory to the db.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/write_tx.h"
#include "mvcc/read_view.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

// The changes in (from, to], revisions that compaction takes away, and the compaction marks. All go into one
// transaction of the db, together with the consistent index of the same moment.
// Owner: whoever carries it; made by Store::take_flush(), given back to Store::flushed(). Holds the view it was cut
// from. Movable.
class FlushBatch {
 public:
  // Writes everything; the caller commits. Runs on any one thread, while the store goes on. Errors: those of bolt; then
  // roll back.
  Status write_to(bolt::WriteTx& tx) const;

  Revision from() const { return from_; }
  Revision to() const { return view_->revision(); }
  // Records it takes out of the db.
  std::size_t deletes() const { return deletes_.size(); }
  // What it has of a compaction: the mark of a new one, a part of the removals, the end.
  bool begins_compaction() const { return scheduled_compaction_.has_value(); }
  bool ends_compaction() const { return finished_compaction_.has_value(); }
  bool compacts() const { return !deletes_.empty() || ends_compaction(); }
  // It takes none away from here on.
  Revision complete_from() const { return deletes_.empty() ? Revision(0) : deletes_.back().revision.main.next(); }

 private:
  friend class Store;
  FlushBatch(ReadViewRef view, Revision from) : view_(std::move(view)), from_(from) {}
  Status write_changes(bolt::Bucket& keys) const;
  Status write_marks(bolt::WriteTx& tx) const;

  ReadViewRef view_;
  Revision from_;
  std::vector<ChangeId> deletes_;                 // ascending
  std::optional<Revision> scheduled_compaction_;  // new marks, if they changed
  std::optional<Revision> finished_compaction_;
};

}  // namespace etcd::mvcc
