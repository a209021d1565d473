// Wal: etcd's write-ahead log, the truth about what this member has promised. Opened, appended to, cut into segments, and released from the front.
//
// Owner: one thread at a time (the disk stage). Every call blocks for the disk.
// Durability: what save() and save_snapshot() were given is durable once sync() returned success (save_snapshot() syncs by itself). A failed
// call leaves the log unusable: the caller must end the process, since what a failed sync left behind is unknown.
// Invariants: entries in the file are consecutive, but for a step back that replaces what it overlaps; the segment that is appended to was begun
// by this implementation and holds zeros behind its last record; a marker record stands wherever writing went on after a sync, and only there
// (docs/decisions/0001-torn-tail-or-damage.md).
// Format: docs/formats.md; Go's etcd 3.6 and 3.7 read what this writes, and the other way round.
// Errors: those of the file system; kCorrupt for damage, with etcd's text where it has one.
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

// Unsynced records at the end of the log that a crash had left incomplete, and that were removed when it was opened.
struct Repair {
  std::string path;           // the segment; a copy of how it was is beside it under <path>.broken
  std::uint64_t offset = 0;   // what is behind this was removed
  std::uint64_t removed = 0;  // bytes, up to the last that was not zero
};

struct Opened;

class Wal {
 public:
  // Makes `folder` with an empty log in it, durably and all at once: after a crash it is there whole or not at all. kExists if there is one.
  static Result<std::unique_ptr<Wal>> create(base::FileSystem& files, const std::string& folder, const Metadata& metadata,
                                             const Options& options = {});
  // Reads everything behind the snapshot `from`, which must be one that valid_snapshots() lists (index and term count) or {0, 0}; removes an
  // incomplete tail; makes durable what it returns. kNotExist without a log, kLocked if a process has it open, kCorrupt for damage: a log
  // with damage before its last sync is never changed.
  static Result<Opened> open(base::FileSystem& files, const std::string& folder, const Snapshot& from, const Options& options = {});
  // Releases the segments; syncs nothing.
  ~Wal();

  // Appends the entries, then the hard state, in one write. Entries are consecutive; they begin at most one behind the last entry, and replace
  // what the log has from their first index on. Starts a new segment, which also syncs, when the segment is full.
  Status save(const std::optional<raft::HardState>& hard_state, const raft::Entries& entries);
  // Appends a record of the snapshot, whose file is durable already, and syncs. conf_state is of that index.
  Status save_snapshot(const Snapshot& snapshot);
  // Makes everything saved durable; does nothing if it is.
  Status sync();

  // Allocates the next segment beforehand, so that save() need not. To be called between batches when wants_next_segment().
  Status prepare_next_segment();
  bool wants_next_segment() const;

  // Gives up the locks of all segments that hold nothing behind `index`, but one; purge_segments() may then remove them.
  void release_to(LogIndex index);

  // Bytes appended since the log was opened, for metrics.
  std::uint64_t bytes_written() const { return bytes_written_; }
  // Path of the segment that is appended to.
  const std::string& segment_path() const;

 private:
  struct Tail;
  Wal(base::FileSystem& files, std::string folder, const Metadata& metadata, const Options& options);

  base::FileSystem& files_;
  std::string folder_;
  Metadata metadata_;
  Options options_;
  std::uint64_t bytes_written_ = 0;
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
// The last of them; {0, 0} if there is none.
Result<Snapshot> newest_snapshot(base::FileSystem& files, const std::string& folder);

}  // namespace etcd::wal
