// Wal: etcd's write-ahead log, the truth about what this member has promised. Opened, appended to, cut into segments, and released from the front.
//
// Owner: one thread at a time (the disk stage). Every call blocks for the disk.
// Durability: what save() was given is durable once sync() returned success; save_snapshot() syncs by itself. After a failure of one of these three
// all of them fail: the caller must end the process, since what a failed sync left behind is unknown.
// Invariants: entries in the file are consecutive, but for a step back that replaces what it overlaps; the segment that is appended to was begun
// by this implementation and holds zeros behind its last record; a marker stands wherever writing went on after a sync, and only there
// (docs/decisions/0001-torn-tail-or-damage.md).
// Format: record.h; Go's etcd 3.6 and 3.7 read what this writes, and the other way round.
// Errors: those of the file system; kCorrupt for damage.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "raft/entries.h"
#include "raft/types.h"
#include "wal/log_reader.h"
#include "wal/record.h"
#include "wal/segment.h"

namespace etcd::wal {

struct Options {
  // A segment is cut once it is this long; so much is allocated for it beforehand.
  std::uint64_t segment_bytes = 64'000'000;
  // A number that no client can guess; it tells our markers from bytes that a client put into a value. 0: drawn from the machine's random
  // source. Used only for a log that has none yet.
  std::uint64_t marker_key = 0;
};

// Unsynced writes at the end of the log that a crash had left incomplete, and that were removed when it was opened.
struct Repair {
  std::string path;           // the segment; a copy of how it was is beside it under <path>.broken
  std::uint64_t offset = 0;   // what was behind this was removed
  std::uint64_t removed = 0;  // bytes, up to the last that was not zero
};

struct Opened;

class Wal {
 public:
  // Makes `folder` with an empty log in it, durably and all at once: after a crash it is there whole or not at all. kExists if there is one.
  static Result<std::unique_ptr<Wal>> create(base::FileSystem& files, const std::string& folder, const Metadata& metadata,
                                             const Options& options = {});
  // Reads everything behind the snapshot `from`, which must be one that valid_snapshots() lists (index and term count) or {0, 0}; removes a torn
  // tail; makes durable what it returns. kNotExist without a log, kLocked if a process has it open, kCorrupt for damage: a damaged log is not
  // changed.
  static Result<Opened> open(base::FileSystem& files, const std::string& folder, const Snapshot& from, const Options& options = {});
  // Releases the segments; syncs nothing.
  ~Wal();
  Wal(const Wal&) = delete;
  Wal& operator=(const Wal&) = delete;

  // Appends the entries, then the hard state, in one write. Entries begin at most one behind the last entry, and replace what the log has from
  // their first index on. Starts a new segment, which also syncs, when this one is full.
  Status save(const std::optional<raft::HardState>& hard_state, const raft::Entries& entries);
  // Appends a record of the snapshot, whose file is durable already, and syncs. conf_state is that of its index.
  Status save_snapshot(const Snapshot& snapshot);
  // Makes everything saved durable; does nothing if it is.
  Status sync();

  // Allocates the next segment beforehand, so that save() need not. For a quiet moment, when wants_next_segment(). A failure (kNoSpace, above all)
  // does no harm yet: the log goes on in the segment that it has, and save() tries once more when that is full.
  Status prepare_next_segment();
  bool wants_next_segment() const { return !next_ && !prepare_failed_ && offset_ > options_.segment_bytes / 2; }

  // Gives up the locks of the segments that hold nothing behind `index`, but for the last of those; purge_segments() may then remove them.
  void release_to(LogIndex index);

  // Bytes appended since the log was opened, for metrics.
  std::uint64_t bytes_written() const { return bytes_written_; }
  // The segment that is appended to.
  const std::string& segment_path() const { return segments_.back().file->path(); }

 private:
  Wal(base::FileSystem& files, std::string folder, const Metadata& metadata, const Options& options);

  base::File& tail() { return *segments_.back().file; }
  Status write_first_segment(const std::string& folder);
  Status resume(const LogEnd& end);
  Status settle_tail(const LogEnd& end);
  // Appends what `fill` gives to the frames, behind a marker where one is due.
  template <typename Fill>
  Status append(Fill fill);
  void append_head();
  void append_entry(const raft::Entry& entry);
  void append_hard_state();
  void append_snapshot(const Snapshot& snapshot);
  Status flush(base::File& file);
  Status cut();
  Status add_segment(const SegmentName& name);

  // Runs `change` unless an earlier one failed, and remembers if it fails.
  template <typename Change>
  Status guarded(Change change);

  base::FileSystem& files_;
  std::string folder_;
  Metadata metadata_;
  Options options_;
  std::uint64_t marker_key_;
  std::vector<OpenSegment> segments_;  // those with a lock, oldest first; the last is appended to
  std::unique_ptr<base::File> next_;   // allocated, not yet part of the log
  bool prepare_failed_ = false;        // since the last cut
  FrameWriter frames_{0};              // gathered, not yet written
  std::uint64_t offset_ = 0;           // where the next frame goes
  bool synced_ = true;                 // everything before offset_ is durable
  LogIndex last_index_;
  raft::HardState hard_state_;
  std::uint64_t bytes_written_ = 0;
  std::optional<Error> failure_;
};

struct Opened {
  std::unique_ptr<Wal> wal;
  Metadata metadata;
  raft::HardState hard_state;
  std::vector<raft::Entry> entries;  // consecutive, from the first behind the snapshot
  std::optional<Repair> repair;
};

// True if there is a log in the folder.
bool exists(base::FileSystem& files, const std::string& folder);

// The snapshots that the log has records of and that are committed (index at most the last hard state's commit), oldest first. Reads all of it,
// changes nothing. {0, 0} is in it while the first segment is.
Result<std::vector<Snapshot>> valid_snapshots(base::FileSystem& files, const std::string& folder);
// The last of them; {0, 0} if there is none. Reads no older segments than the one that it is in.
Result<Snapshot> newest_snapshot(base::FileSystem& files, const std::string& folder);

}  // namespace etcd::wal
