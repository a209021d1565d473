// Replay: from the records of a log to the state that a member restarts from.
//
// Invariant: entries() is consecutive and begins one behind the snapshot. A later record replaces what it overlaps.
#pragma once

#include <optional>
#include <vector>

#include "base/result.h"
#include "raft/types.h"
#include "wal/record.h"

namespace etcd::wal {

class Replay {
 public:
  // Only what lies behind the snapshot `from` is kept.
  explicit Replay(const Snapshot& from) : from_(from) {}

  // kCorrupt for a malformed record, a gap between entries, or a record of `from` with another term; and for an entry that was written as a hard state, or
  // the other way round: no checksum covers a record's type.
  Status take(const Record& record);

  bool found_snapshot() const { return found_; }
  const raft::HardState& hard_state() const { return hard_state_; }
  // The index that the next entry must not go past by more than one.
  LogIndex last_index() const { return last_index_; }
  std::vector<raft::Entry>& entries() { return entries_; }

 private:
  Status take_hard_state(const Record& record);
  Status take_entry(const Record& record);
  bool can_be(const raft::Entry& entry, const raft::Entry* before) const;
  Status take_snapshot(const Record& record);

  Snapshot from_;
  bool found_ = false;
  std::optional<Term> term_at_snapshot_;  // of the entry at the snapshot's index, if the log has it
  LogIndex last_index_;
  Term last_term_;  // of the entry read last
  raft::HardState hard_state_;
  std::vector<raft::Entry> entries_;
};

}  // namespace etcd::wal
