// Replica: a state machine on a db on a disk in memory, fed with entries, flushed and restarted when the test says so.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "apply/state_machine.h"
#include "base/testing/crash_fs.h"
#include "bolt/check.h"
#include "bolt/db.h"
#include "bolt/schema.h"

namespace etcd::apply::testing {

inline bolt::Options small_db() {
  bolt::Options options;
  options.map_bytes = 256 << 20;
  options.growth_bytes = 64 * 1024;
  return options;
}

inline Options test_options() {
  Options options;
  options.cluster = ClusterId(0xc1);
  options.member = MemberId(1);
  return options;
}

// The records of every bucket.
using Buckets = std::map<std::string, std::map<std::string, std::string>>;

inline Buckets read_buckets(const bolt::ReadTx& db) {
  Buckets buckets;
  bolt::Cursor names = db.root().cursor();
  for (names.first(); names.valid(); names.next()) {
    auto& records = buckets[std::string(names.key())];
    const auto bucket = db.bucket(names.key());
    EXPECT_TRUE(bucket && *bucket);
    bolt::Cursor cursor = (*bucket)->cursor();
    for (cursor.first(); cursor.valid(); cursor.next()) records.emplace(cursor.key(), cursor.value());
    EXPECT_TRUE(cursor.status());
  }
  return buckets;
}

class Replica {
 public:
  explicit Replica(const Options& options = test_options(),
                   std::unique_ptr<base::CrashFs> disk = std::make_unique<base::CrashFs>(), std::string path = "/db")
      : options_(options), disk_(std::move(disk)), path_(std::move(path)) {
    open();
  }
  ~Replica() { close(); }

  StateMachine& machine() { return *machine_; }
  bolt::Db& db() { return *db_; }
  base::CrashFs& disk() { return *disk_; }

  // Applies the entry, which is taken to be committed, and keeps it for a restart.
  Result<Applied> apply(const raft::Entry& entry, const ApplyOptions& options = {.wants_reply = true, .now_ns = 0}) {
    log_.push_back(entry);
    return machine_->apply(entry, options);
  }
  Result<Applied> apply_normal(std::string data, const ApplyOptions& options = {.wants_reply = true, .now_ns = 0}) {
    return apply(next_entry(raft::EntryType::kNormal, std::move(data)), options);
  }
  // The reply to a request, which is proposed and committed here.
  Result<base::Rope> request(RequestKind kind, std::string_view request) {
    auto applied = apply_normal(encode_internal(log_.size() + 1, kind, request));
    if (!applied) return fail(applied.error());
    EXPECT_TRUE(applied->reply);
    EXPECT_EQ(applied->reply->request_id, log_.size());
    return std::move(applied->reply->response);
  }
  raft::Entry next_entry(raft::EntryType type, std::string data) const {
    raft::Entry entry;
    entry.index = machine_->applied().next();
    entry.term = Term(2);
    entry.type = type;
    entry.data = base::SharedBytes(std::move(data));
    return entry;
  }

  void flush() {
    Flush flush = machine_->take_flush();
    const Status written = write(flush);
    ASSERT_TRUE(written) << describe(written.error());
    const Status taken =
        machine_->flushed(std::move(flush), db_->begin_read(), static_cast<std::int64_t>(db_->size_bytes()));
    ASSERT_TRUE(taken) << describe(taken.error());
    machine_->publish();
  }
  Status write(const Flush& flush) {
    TRY_ASSIGN(auto tx, db_->begin_write());
    TRY(flush.write_to(tx));
    return tx.commit();
  }
  // Until the db holds everything, finished compactions included.
  void settle() {
    while (machine_->step_background(1000) || machine_->needs_flush()) flush();
  }
  Buckets buckets() {
    settle();
    return read_buckets(db_->begin_read());
  }

  // Stops as a process does that is killed, starts again and replays its log from the beginning.
  void restart() {
    close();
    open();
    for (const raft::Entry& entry : log_) {
      const auto applied = machine_->apply(entry, {.wants_reply = false, .now_ns = 0});
      ASSERT_TRUE(applied) << describe(applied.error());
    }
  }
  void close() {
    machine_.reset();
    db_.reset();
  }
  // Closes, and hands over the disk as it is.
  std::unique_ptr<base::CrashFs> take_disk() {
    close();
    return std::move(disk_);
  }
  void open() {
    auto db = bolt::Db::open(*disk_, path_, small_db());
    ASSERT_TRUE(db) << describe(db.error());
    db_ = std::move(*db);
    auto machine = StateMachine::open(db_->begin_read(), options_);
    ASSERT_TRUE(machine) << describe(machine.error());
    machine_ = std::move(*machine);
    machine_->publish();
  }
  void check_db() {
    const bolt::CheckReport report = bolt::check(db_->begin_read());
    EXPECT_TRUE(report.faults.empty()) << report.faults.front();
  }

 private:
  Options options_;
  std::unique_ptr<base::CrashFs> disk_;
  std::string path_;
  std::unique_ptr<bolt::Db> db_;
  std::unique_ptr<StateMachine> machine_;
  std::vector<raft::Entry> log_;
};

}  // namespace etcd::apply::testing
