// StoreRig: a Store on a db on a disk in memory, with a flush stage that runs when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

#include "base/testing/crash_fs.h"
#include "bolt/db.h"
#include "bolt/schema.h"
#include "mvcc/store.h"

namespace etcd::mvcc::testing {

inline bolt::Options small_db() {
  bolt::Options options;
  options.map_bytes = 256 << 20;
  options.growth_bytes = 64 * 1024;
  return options;
}

class StoreRig {
 public:
  explicit StoreRig(StoreOptions options = {}, std::unique_ptr<base::CrashFs> disk = std::make_unique<base::CrashFs>())
      : options_(options), disk_(std::move(disk)) {
    if (const Status opened = try_open(); !opened) ADD_FAILURE() << describe(opened.error());
  }
  ~StoreRig() { close(); }

  Store& store() { return *store_; }
  ViewPublisher& views() { return *publisher_; }
  bolt::Db& db() { return *db_; }
  base::CrashFs& disk() { return *disk_; }

  Revision put(std::string_view key, std::string_view value, std::int64_t lease = 0) {
    WriteTxn txn = store_->begin();
    txn.put(key, value, LeaseId(lease));
    return txn.commit();
  }
  Revision erase(std::string_view key, std::string_view range_end = {}) {
    WriteTxn txn = store_->begin();
    txn.delete_range(key, range_end);
    return txn.commit();
  }

  // All of a flush; false if there was nothing to do.
  bool flush() {
    auto batch = store_->take_flush();
    if (!batch) return false;
    if (const Status written = try_write(*batch); !written) ADD_FAILURE() << describe(written.error());
    if (const Status done = store_->flushed(std::move(*batch), db_->begin_read()); !done)
      ADD_FAILURE() << describe(done.error());
    return true;
  }
  Status try_write(const FlushBatch& batch) {
    TRY_ASSIGN(auto tx, db_->begin_write());
    TRY(batch.write_to(tx));
    return tx.commit();
  }
  // Compacts all the way to the db.
  void finish_compaction() {
    while (store_->step_compaction(1000) || flush()) {
    }
  }

  // Stops as a process does that is killed: what was not flushed is gone. Views held must be gone too.
  void restart() {
    close();
    if (const Status opened = try_open(); !opened) ADD_FAILURE() << describe(opened.error());
  }
  ReadViewRef view() {
    if (store_->unpublished()) store_->publish();
    return publisher_->acquire();
  }
  // Another db takes the place of this one's, as an installed snapshot does.
  void replace_store_by(bolt::Db& db) {
    store_.reset();
    auto opened = Store::open(*publisher_, db.begin_read(), options_);
    if (!opened) return ADD_FAILURE() << describe(opened.error()), void();
    store_ = std::move(*opened);
    db_.reset();
  }
  void close() {
    store_.reset();
    publisher_.reset();
    db_.reset();
  }

 private:
  Status try_open() {
    TRY_ASSIGN(db_, bolt::Db::open(*disk_, "/db", small_db()));
    TRY(create_buckets());
    publisher_ = std::make_unique<ViewPublisher>();
    TRY_ASSIGN(store_, Store::open(*publisher_, db_->begin_read(), options_));
    store_->publish();
    return {};
  }

  // The apply stage's first flush makes all buckets.
  Status create_buckets() {
    TRY_ASSIGN(auto tx, db_->begin_write());
    TRY(tx.create_bucket_if_missing(bolt::schema::kKey));
    TRY(tx.create_bucket_if_missing(bolt::schema::kMeta));
    return tx.commit();
  }

  StoreOptions options_;
  std::unique_ptr<base::CrashFs> disk_;
  std::unique_ptr<bolt::Db> db_;
  std::unique_ptr<ViewPublisher> publisher_;
  std::unique_ptr<Store> store_;
};

}  // namespace etcd::mvcc::testing
