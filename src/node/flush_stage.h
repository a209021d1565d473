// FlushStage: carries applied state to the db file, and exchanges that file for a compacted copy (Defragment) or for the one that came with a leader's
// snapshot. Readers and apply never wait for it.
//
// Owner: the flush thread; db_sizes() and begin_read() from any thread. One flush is under way at a time (apply's rule), so a Defragment simply holds
// the next one back: what is applied meanwhile stays in apply's tail and goes to the new file.
// Invariant: the file named <snap>/db always holds one whole applied state with its index; what a flush holds is in it before `done` is called.
// A write or sync of the db that fails ends the process; a Defragment that fails leaves the old file in place.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <variant>
#include <vector>

#include "apply/flush.h"
#include "base/file.h"
#include "base/log.h"
#include "bolt/commit_timer.h"
#include "bolt/db.h"
#include "node/inbox.h"
#include "node/node.h"
#include "raft/types.h"

namespace etcd::node {

struct WriteFlush {
  apply::Flush flush;
};

struct Defragment {
  base::UniqueFunction<void(Status)> done;
};

// The db received with the snapshot takes the place of the present one. Between a flush and a Defragment, so that neither ever meets a half exchanged
// file. What cannot be installed ends the process.
struct InstallDb {
  raft::SnapshotMetadata metadata;
};

using FlushInput = std::variant<WriteFlush, Defragment, InstallDb>;

// What the flush stage tells apply. `db` sees the new state.
struct FlushDone {
  apply::Flush flush;
  bolt::ReadTx db;
  std::int64_t db_bytes = 0;
};
struct DbMoved {
  bolt::ReadTx db;
  std::int64_t db_bytes = 0;
};
struct DbInstalled {
  raft::SnapshotMetadata metadata;
  bolt::ReadTx db;
  std::int64_t db_bytes = 0;
};

class FlushStage {
 public:
  struct Options {
    std::string snap_folder;
    bolt::Options db;
  };
  struct Outlets {
    std::function<void(FlushDone)> flushed;
    std::function<void(DbMoved)> moved;
    std::function<void(DbInstalled)> installed;
    // How urgently apply waits for its next flush: 0 not at all, 1 proposals are being refused.
    std::function<double()> pressure;
    std::function<void(std::int64_t ns)> sleep;
  };
  struct Timings {
    std::function<void(double seconds, const bolt::CommitTimer& parts)> commit;
    std::function<void(double seconds)> defragment;
    std::function<void(double milliseconds)> compaction;  // a commit that removes what a compaction dropped
  };

  FlushStage(base::FileSystem& files, std::unique_ptr<bolt::Db> db, Options options, Outlets outlets, Timings timings, base::Clock& clock,
             base::Logger& logger, Wakeup& wakeup);

  Inbox<FlushInput>& inbox() { return inbox_; }
  // Gives up a Defragment that is under way. Any thread.
  void stop() { stopping_.store(true); }
  // Works off the inbox; blocks for the disk. The first one finds the free pages of the db, so that no flush has to.
  std::int64_t step();

  struct Sizes {
    std::int64_t total = 0;
    std::int64_t in_use = 0;
  };
  Sizes db_sizes() const;

 private:
  void find_free_pages();
  void write(WriteFlush& job);
  void defragment(Defragment& job);
  void install(const InstallDb& job);
  void use(std::unique_ptr<bolt::Db> db);
  Status exchange_db();
  Status copy_db(const std::string& path);
  void pace(std::int64_t step_began_ns);
  std::string db_path() const;

  base::FileSystem& files_;
  Options options_;
  Outlets outlets_;
  Timings timings_;
  base::Clock& clock_;
  base::Logger& logger_;
  Inbox<FlushInput> inbox_;
  std::vector<FlushInput> drained_;
  std::atomic<bool> stopping_{false};
  bool knows_free_pages_ = false;

  mutable std::mutex mutex_;          // guards the pointer, not what it points to
  std::unique_ptr<bolt::Db> db_;
};

}  // namespace etcd::node
