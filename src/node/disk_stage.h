// DiskStage: the only writer of WAL and .snap files. One fdatasync carries all that has gathered; only then do the messages leave that depend on it,
// only then is a leader's snapshot installed, and only then does the replica count the entries as its own.
//
// Owner: the disk's thread. A write or sync that fails ends the process (STYLE.md, Errors): after it nothing is known about the log.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "node/inbox.h"
#include "node/replica.h"
#include "node/transport.h"
#include "wal/wal.h"

namespace etcd::node {

// Write a .snap file and the WAL's snapshot record for a state that the db holds durably; then older segments may go.
struct SaveSnapshot {
  raft::Snapshot snapshot;
};

using DiskInput = std::variant<raft::PersistBatch, SaveSnapshot>;

class DiskStage {
 public:
  struct Options {
    std::string wal_folder;
    std::string snap_folder;
    std::size_t keep_wals = 5;       // --max-wals; 0: all
    std::size_t keep_snapshots = 5;  // --max-snapshots; 0: all
    LogIndex snapshot_index = {};    // of the newest snapshot that the WAL names
  };
  struct Outlets {
    Inbox<ReplicaInput>& replica;
    Transport& transport;
    std::function<void(raft::SnapshotMetadata)> install;  // a leader's snapshot is durable, and its db has been received
  };
  struct Timings {
    std::function<void(double seconds)> fsync;
    std::function<void(double seconds)> write;
    std::function<void(double marshal_seconds, double write_seconds)> snap_file;
  };

  DiskStage(base::FileSystem& files, std::unique_ptr<wal::Wal> wal, Options options, Outlets outlets, Timings timings, base::Clock& clock,
            base::Logger& logger, Wakeup& wakeup);

  Inbox<DiskInput>& inbox() { return inbox_; }
  // Works off the inbox; blocks for the disk.
  std::int64_t step();
  // Index of the newest snapshot that is durable, as file and in the WAL. Any thread.
  LogIndex saved_snapshot() const { return LogIndex(saved_snapshot_.load()); }
  std::uint64_t wal_bytes_written() const { return wal_bytes_written_.load(std::memory_order_relaxed); }

 private:
  void append(const raft::PersistBatch& batch);
  void begin_log_at(const raft::PersistBatch& batch);
  void begin_anew(const raft::Snapshot& snapshot);
  void sync();
  void confirm();
  void save_snapshot(const raft::Snapshot& snapshot);
  void record_snapshot(const raft::Snapshot& snapshot);
  void purge();
  // Ends the process unless `status` is success.
  void must(const Status& status, const char* what);

  base::FileSystem& files_;
  std::unique_ptr<wal::Wal> wal_;
  Options options_;
  Outlets outlets_;
  Timings timings_;
  base::Clock& clock_;
  base::Logger& logger_;
  Inbox<DiskInput> inbox_;
  std::vector<DiskInput> drained_;
  bool must_sync_ = false;
  LogIndex snapshot_index_;  // of the newest one in the log
  std::int64_t next_snapshot_purge_ns_ = 0;
  std::atomic<std::uint64_t> saved_snapshot_;
  std::atomic<std::uint64_t> wal_bytes_written_{0};
};

}  // namespace etcd::node
