// CompactedCopy: writes the contents of a version of the db to a new file without its free pages (what Defragment
// does).
//
// Works in steps, so that a background thread can yield between them. The copy is written front to back, each page
// once, 0.9 full; it holds all buckets, nested ones and sequences included. After finish() the file is whole and
// durable but not yet in place: renaming it over the old one, and syncing the folder, is the caller's.
// Owner: one thread; holds its ReadTx. Dropped before finish(), it leaves a file that is no db: the caller removes
// it.
// Errors: kCorrupt from the source, kNoSpace and kIo from the destination.
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "bolt/read_tx.h"

namespace etcd::bolt {

class CompactedCopy {
 public:
  // Starts a copy at `path`, emptying a file that is there. `fs` must outlive it.
  static Result<std::unique_ptr<CompactedCopy>> start(base::FileSystem& fs, const std::string& path, ReadTx source);
  ~CompactedCopy();

  // Copies about `bytes` more; true when all is copied.
  Result<bool> step(std::uint64_t bytes);
  // Writes out what was copied so far, without making it durable: called now and then, it keeps finish() from leaving
  // the disk busy for long at once.
  Status write_back();
  // Once step() has answered true: writes the meta pages and syncs.
  Status finish();

 private:
  struct State;
  explicit CompactedCopy(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// All steps at once.
Status copy_compacted(base::FileSystem& fs, const std::string& path, ReadTx source);

}  // namespace etcd::bolt
