// Store: the key space of one replica, etcd's revisions over index, tail and db. WriteTxn: a transaction on it.
//
// Everything happens in memory; the flush stage carries it to the db in the background (FlushBatch). The way of a
// change: begin() - put(), delete_range() - commit() - publish() after the batch - take_flush() -
// FlushBatch::write_to() on the flush thread - flushed().
//
// Owner: the apply stage; only FlushBatch::write_to() is called elsewhere. Pure: no threads, clocks, random sources or
// disk access besides reading the db it was given.
// Leases: the store writes each key's lease into its KeyValue and reports at open() which key has which. From then on
//   the lessor keeps that map: it must be told of each put and each deleted key.
// Invariants: compact_revision <= revision; revision never goes back, across restarts too; the db after a flush holds
//   every change up to the flush's revision and, of those at or below the finished compaction, just what that keeps.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "bolt/write_tx.h"
#include "mvcc/compaction.h"
#include "mvcc/flush_batch.h"
#include "mvcc/index.h"
#include "mvcc/range.h"
#include "mvcc/read_view.h"
#include "mvcc/tail.h"

namespace etcd::mvcc {

class Store;

// A key that a transaction deleted, and the revision of the value it had: WriteTxn::read(previous) is that value.
struct DeletedKey {
  std::string_view key;
  RevisionPair previous;
};

// One transaction: all its changes get one main revision, and subs from 0 in order. It sees its own changes. Nothing
// can fail half way, so there is no rollback: check everything first, then change.
// Everything looked at is valid until the next Store::publish().
class WriteTxn {
 public:
  WriteTxn(WriteTxn&& other) noexcept
      : store_(std::exchange(other.store_, nullptr)), begin_(other.begin_), changes_(other.changes_) {}
  WriteTxn& operator=(WriteTxn&&) = delete;
  // An uncommitted transaction must have changed nothing (CHECK).
  ~WriteTxn();

  // The store's own until something changed, then one more: what etcd puts into the header.
  Revision revision() const;
  std::int64_t changes() const { return changes_; }

  // As mvcc::range() on the state as it is now, own changes included.
  Result<RangeResult> range(const RangeOptions& options) const;
  // The key as it is now: nothing if it does not exist. From the index alone.
  std::optional<KeyState> state(std::string_view key) const;
  // The encoded KeyValue at a revision that state(), put() or delete_range() named. Errors: kCorrupt if the db does not
  // have it.
  Result<std::string_view> read(RevisionPair revision) const;

  // Returns the revision of the value that was replaced; nothing if the key did not exist. `key` must not be empty.
  std::optional<RevisionPair> put(std::string_view key, std::string_view value, LeaseId lease);
  // Deletes every key in range that exists, in order. range_end as in KeyRange::of().
  std::vector<DeletedKey> delete_range(std::string_view key, std::string_view range_end);

  // Ends the transaction. The store's revision, which is returned, grew by one if something changed.
  Revision commit();

 private:
  friend class Store;
  explicit WriteTxn(Store& store);
  ChangeId next_change(bool tombstone);

  Store* store_;  // nothing once committed
  Revision begin_;
  std::int64_t changes_ = 0;
};

struct StoreOptions {
  // Dropped revisions that one flush takes out of the db at most. They are spread over the db, so that a page is written
  // for every few of them: a large number makes a flush that the WAL's fsyncs wait behind.
  std::size_t compaction_deletes_per_flush = 1'000;
};

// A key and the lease in its newest version.
struct LeaseAttachment {
  std::string_view key;
  LeaseId lease;
};

class Store {
 public:
  // Rebuilds the state from a db as etcd or we left it, a partly compacted one included, and resumes a compaction that
  // was not finished. Reads every record of the key bucket once: about half a second a million. Nothing is published
  // yet. `publisher` must outlive the store. Errors: kCorrupt.
  static Result<std::unique_ptr<Store>> open(ViewPublisher& publisher, bolt::ReadTx db, const StoreOptions& options);
  // What views can still see goes to the publisher's reclaimer: a store may be replaced while readers hold views and a
  // flush is under way.
  ~Store();
  Store(const Store&) = delete;
  Store& operator=(const Store&) = delete;

  // The leases that keys had at open(), in order of the keys' newest revisions. Moved out, so once; the views are valid
  // until flushed().
  std::vector<LeaseAttachment> take_restored_leases() { return std::move(restored_leases_); }

  Revision revision() const { return state_.revision(); }
  Revision compact_revision() const { return state_.compact_revision(); }
  // The working state, as a transaction would see it. Valid until the store changes.
  const ReadView& state() const { return state_; }

  // At most one at a time, and no other call to the store before it is committed (CHECK).
  WriteTxn begin();

  // Makes the working state the newest view.
  void publish();
  // True if something changed since the last publish().
  bool unpublished() const { return unpublished_; }

  // Later reads below `revision` fail with kCompacted; the space is freed in the background. Errors: kCompacted (at or
  // below the compact revision), kFutureRevision.
  Status compact(Revision revision);
  // Works on the compaction: looks at about `max_keys` keys of the index (some 50 ns each). True while there is more
  // for this call to do.
  bool step_compaction(std::size_t max_keys);
  CompactionProgress compaction() const;

  // Takes what is not yet in the db: publishes first if need be. At most one flush at a time: nothing until the last
  // one was flushed(). Its cost here does not depend on its size.
  std::optional<FlushBatch> take_flush();
  // Something is there for take_flush().
  bool needs_flush() const;
  // `batch` was committed and `db` sees it, in the same file or in the compacted copy that replaced it. Shows in the
  // next view. Errors: kCorrupt if the db does not have the key bucket.
  Status flushed(FlushBatch batch, bolt::ReadTx db);
  // `db` has the same key bucket as the one in use: a newer version of it, or a copy. Later views read it, and the old
  // one may go. Errors: kCorrupt, and nothing has changed.
  Status move_to(bolt::ReadTx db);
  // Bytes in memory that a flush still has to carry: the measure for refusing proposals.
  std::size_t pending_bytes() const { return tail_.pending_bytes(); }

  const Index& index() const { return index_; }

 private:
  friend class WriteTxn;
  Store(ViewPublisher& publisher, bolt::ReadTx db, const StoreOptions& options);
  Status restore();
  std::string_view append(const ChangeId& change, const KeyValue& kv);
  void refresh();

  ViewPublisher& publisher_;
  StoreOptions options_;
  Index index_;
  Tail tail_;
  ReadView state_;
  Compaction compaction_;
  std::vector<LeaseAttachment> restored_leases_;
  bool unpublished_ = true;
  bool in_txn_ = false;
  bool flushing_ = false;
};

}  // namespace etcd::mvcc
