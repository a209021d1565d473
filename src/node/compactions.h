// Compactions: follows each compaction from the entry that asked for it to the end: has it hashed, says so in the log, and answers who waits for it.
//
// The state is hashed as the compaction found it: the view published right after the entry is handed out before background work removes anything.
//
// Owner: ApplyStage, on its thread.
// Invariant: nobody is answered before the removals are in the db and the hash is stored, so who asks next for the hash gets the stored one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "mvcc/hash.h"
#include "mvcc/store.h"

namespace etcd::node {

// A compaction to be hashed; see mvcc::KeySpaceHash::of_compaction().
struct HashCompaction {
  mvcc::ReadViewRef view;
  Revision revision;
  Revision previous;
};

// The hash is stored; nothing if it could not be had.
struct CompactionHashed {
  Revision revision;
  std::optional<std::uint32_t> hash;
};

// Calls back once no compaction is under way, its removals are in the db and its hash is stored.
struct WantCompacted {
  base::UniqueFunction<void(Status)> done;
};

// For the metrics.
struct FinishedCompaction {
  std::optional<double> took_ms;  // nothing if an earlier run of the process began it
  std::uint64_t deleted = 0;      // records
};

class Compactions {
 public:
  struct DbSizes {
    std::int64_t total = 0;
    std::int64_t in_use = 0;
  };
  struct Outlets {
    std::function<void(HashCompaction)> hash;  // each is answered with hashed()
    std::function<DbSizes()> db_sizes;
    std::function<void(const FinishedCompaction&)> finished;
  };

  // `found`: where the store is at the start; it may resume a compaction.
  Compactions(const mvcc::CompactionProgress& found, Outlets outlets, base::Logger& logger);

  // An entry asked for a compaction. `previous`: the compact revision before, -1 for none.
  void begun(Revision revision, Revision previous, std::int64_t now_ns);
  // One that an earlier run of the process had begun, or may have: it is followed, but leaves no hash, as in etcd.
  void resumed(Revision revision, std::int64_t now_ns);
  // The store was replaced by another one, which may have to resume a compaction.
  void restored(const mvcc::CompactionProgress& progress, std::int64_t now_ns);
  // `view` was published and is not behind the last begun().
  void published(const std::function<mvcc::ReadViewRef()>& view);
  void hashed(const CompactionHashed& done);
  void wait(WantCompacted want) { waiting_.push_back(std::move(want)); }
  // Somebody waits: the work is to be done without pauses.
  bool is_waited_for() const { return !waiting_.empty(); }
  // Ends those that are through.
  void step(const mvcc::CompactionProgress& progress, std::int64_t now_ns);

 private:
  enum class Hash : std::uint8_t { kNone, kToDo, kRunning, kDone };
  struct Running {
    Revision revision;
    Revision previous{-1};
    std::int64_t begun_ns = 0;
    Hash state = Hash::kNone;
    std::optional<std::uint32_t> hash;
  };
  void log_finished(const Running& one, std::uint64_t deleted, std::int64_t now_ns);

  Outlets outlets_;
  base::Logger& logger_;
  std::vector<Running> running_;  // ascending
  std::vector<WantCompacted> waiting_;
};

}  // namespace etcd::node
