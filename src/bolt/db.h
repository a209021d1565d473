// Db: etcd's db file (bbolt 1.5 format), one writer beside any number of readers.
//
// The file is a copy-on-write B+tree of buckets. A commit writes changed pages to unused places, syncs, then writes
// one of the two meta pages, and syncs: a crash at any point leaves the version before or after. Readers work on the
// mapping, which never moves.
//
// Owner: one stage (flush) calls load_freelist() and begin_write(); begin_read() and the sizes may be called from any
// thread. ReadTx and SnapshotReader may outlive the Db; a WriteTx may not.
// Invariants: a page visible to the newest version or to a live ReadTx is not written; high_water * page_size <= file
// size;
//   free, awaiting and reachable pages are disjoint and together all pages (verify_pages()).
// Errors: kLocked (another process has the file), kCorrupt, kNoSpace, kIo. After a failed write or sync nothing is
// known about the file: the
//   caller must stop the process; the Db refuses further writes.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "bolt/write_tx.h"

namespace etcd::bolt {

struct Options {
  std::uint32_t page_size = 4096;                        // of a new file; an existing one keeps its own
  std::uint64_t map_bytes = std::uint64_t{64} << 30;     // address space to reserve: the most that the file can grow to
  std::uint64_t growth_bytes = std::uint64_t{16} << 20;  // the file grows by this; a smaller file doubles
  bool no_sync = false;  // commits are not durable: for files that are synced by other means, or thrown away
};

class Db {
 public:
  // Opens the file and takes its lock; makes it, durably and all at once, if it is missing or empty. Reads the meta
  // pages only: takes no longer for a large file. `fs` must outlive the Db.
  static Result<std::unique_ptr<Db>> open(base::FileSystem& fs, const std::string& path, const Options& options);
  ~Db();
  Db(const Db&) = delete;
  Db& operator=(const Db&) = delete;

  // The newest committed version. Under a microsecond; never waits for a commit.
  ReadTx begin_read() const;

  // Finds the free pages by visiting every page in use; nothing to do if they are known. Takes time in proportion to
  // the file; readers are not held up. begin_write() does it if nobody has. Errors: kCorrupt if a page is damaged or
  // in use twice.
  Status load_freelist();
  // At most one WriteTx at a time (CHECK).
  Result<WriteTx> begin_write();

  // What etcd reports as dbSize: the end of the last page ever used. The file itself may be longer, by up to a growth
  // step.
  std::uint64_t size_bytes() const;
  // The part of it that the newest version uses; equal to size_bytes() until the free pages are known.
  std::uint64_t in_use_bytes() const;
  std::uint32_t page_size() const;
  const std::string& path() const;

  // Compares what the writer believes about pages with what is reachable: one line for each fault, none if all is
  // well. No WriteTx may be open. For tests.
  Result<std::vector<std::string>> verify_pages();

  struct State;  // bolt/db_state.h; not for users

 private:
  explicit Db(std::unique_ptr<State> state);

  std::unique_ptr<State> state_;
};

}  // namespace etcd::bolt
