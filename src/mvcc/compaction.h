// Compaction: the background job that takes revisions nobody may read any more out of the index, then out of the db.
//
// A compaction shows to readers at once, through ReadView::compact_revision(). The job trims the index in steps and
// gathers what it dropped; then flushes delete that from the db, in order of revision and a bounded number each. In
// order, so that a crash in between leaves of each key a suffix of its history, which the next start can build an index
// of. "scheduledCompactRev" goes to the db with the first flush after compact(), "finishedCompactRev" with the last
// delete: a start that finds the first above the second resumes.
//
// Owner: Store.
// Invariants: finished <= running <= scheduled.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/ids.h"
#include "mvcc/drop_list.h"
#include "mvcc/index.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

// Where the compactions are; revisions are -1 before the first.
struct CompactionProgress {
  Revision scheduled;         // what compact() was last called with
  Revision finished;          // removed from the db durably, up to here
  std::uint64_t deleted = 0;  // records that the job which ended at `finished` took out of the db
  bool needs_steps = false;   // Store::step_compaction() has work
  bool deleting = false;      // flushes have records to take out of the db
};

class Compaction {
 public:
  // As found in the db, -1 for a mark that is not there. Records that belong to no key's history go with the first
  // compaction at or above them.
  void restore(Revision scheduled, Revision finished, std::vector<ChangeId> orphans);

  void schedule(Revision revision) { scheduled_ = revision; }
  // See Store::step_compaction().
  bool step(Index& index, std::size_t max_keys);
  bool needs_steps() const;

  struct FlushPart {
    std::vector<ChangeId> deletes;
    std::optional<Revision> scheduled;  // marks to write
    std::optional<Revision> finished;
  };
  FlushPart take_flush(std::size_t max_deletes);
  bool needs_flush() const;
  // The part taken last is durable.
  void flushed();

  CompactionProgress progress() const;

 private:
  enum class Phase : std::uint8_t { kIdle, kTrimming, kDeleting };
  void finish_trimming();

  Revision scheduled_{-1};
  Revision scheduled_written_{-1};  // the mark in the db, or on its way there
  Revision finished_{-1};
  Phase phase_ = Phase::kIdle;
  Index::Trim trim_;                   // of the running job
  DropList dropped_;                   // by the running job, and not yet deleted
  std::vector<ChangeId> orphans_;      // ascending
  std::optional<Revision> finishing_;  // the mark in the flush under way
  std::uint64_t deleted_ = 0;
};

}  // namespace etcd::mvcc
