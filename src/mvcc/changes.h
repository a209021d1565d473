// ChangesCursor: every change of the key space between two revisions, in order: what watchers are told.
#pragma once

#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/cursor.h"
#include "mvcc/read_view.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

struct Change {
  ChangeId id;
  std::string_view kv;  // the encoded KeyValue; of a tombstone only the key is set. Valid as long as the view.
};

// Walks changes with from <= revision.main <= to, first those in the db, then those in the tail. Owner: whoever made
// it, one thread; the view must outlive it.
//   for (auto cursor = changes(view, from, to); auto change = cursor.next();) ...
//   TRY(cursor.status());
// Take as many as there is time for: the rest needs no more than the cursor, or a new one from the last revision on.
class ChangesCursor {
 public:
  // The next change; nothing at the end or after damage.
  std::optional<Change> next();
  // Success unless the walk met a record that can't be one: kCorrupt.
  const Status& status() const { return status_; }

 private:
  friend ChangesCursor changes(const ReadView& view, Revision from, Revision to);
  ChangesCursor(const ReadView& view, Revision from, Revision to);
  std::optional<Change> next_in_db();
  std::optional<Change> next_in_tail();

  std::optional<bolt::Cursor> db_;  // nothing: done with the db
  Revision db_to_;
  TailCursor tail_;
  Revision to_;
  Status status_;
};

// Nothing is missing from view.complete_from() on. Below it a compaction has left some changes and taken others.
ChangesCursor changes(const ReadView& view, Revision from, Revision to);

}  // namespace etcd::mvcc
