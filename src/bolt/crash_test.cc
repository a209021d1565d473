// Power cuts at every call to the disk, leaving any part of what was not synced.
#include <gtest/gtest.h>

#include <vector>

#include "base/testing/crash_fs.h"
#include "bolt/compacted_copy.h"
#include "bolt/testing/model_bucket.h"

namespace etcd::bolt {
namespace {

constexpr int kTransactions = 8;

Options small_options() {
  Options options;
  options.page_size = 1024;
  options.map_bytes = 64 << 20;
  options.growth_bytes = 16 * 1024;
  return options;
}

// The same transactions each time, so that the n-th call to the disk is the same one. States[i] is what i commits
// leave.
struct Story {
  std::vector<ModelBucket> states{ModelBucket()};
  std::size_t committed = 0;  // acknowledged

  // Until the end, or until the power goes.
  void run(base::CrashFs& disk) {
    auto db = Db::open(disk, "/db", small_options());
    if (!db) return;
    base::Rng rng(7);
    for (int i = 0; i < kTransactions; ++i) {
      WriteTx tx = (*db)->begin_write().value();
      ModelBucket next = states.back();
      for (int changes = 0; changes < 60; ++changes) change_at_random(rng, tx, next);
      states.push_back(std::move(next));
      if (!tx.commit()) return;
      ++committed;
    }
  }
};

// After the crash: all that was acknowledged, and at most the one transaction that was under way.
void expect_recovered(base::CrashFs& disk, const Story& story) {
  auto opened = Db::open(disk, "/db", small_options());
  ASSERT_TRUE(opened) << opened.error().detail;
  Db& db = **opened;
  expect_sound(db);
  const std::uint64_t txid = db.begin_read().txid();
  ASSERT_GE(txid, story.committed + 1);
  ASSERT_LT(txid - 1, story.states.size());
  expect_equal(db.begin_read().root(), story.states[txid - 1]);

  WriteTx tx = db.begin_write().value();
  ASSERT_TRUE(tx.create_bucket_if_missing("b0").value()->put("after", "crash"));
  ASSERT_TRUE(tx.commit());
  expect_sound(db);
}

TEST(BoltCrash, EveryCutLeavesTheVersionBeforeOrAfter) {
  base::CrashFs whole;
  Story{}.run(whole);
  const std::uint64_t calls = whole.operations();
  ASSERT_GT(calls, 4u * kTransactions);
  base::Rng rng(first_seed());
  for (std::uint64_t call = 1; call <= calls + 1; ++call) {
    SCOPED_TRACE("power goes at call " + std::to_string(call));
    base::CrashFs disk;
    disk.lose_power_at(call);
    Story story;
    story.run(disk);
    expect_recovered(*disk.after_crash(base::lose_all()), story);
    expect_recovered(*disk.after_crash(base::keep_all()), story);
    for (int i = 0; i < 6; ++i) expect_recovered(*disk.after_crash(base::survive_at_random(rng)), story);
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(BoltCrash, ACrashAfterACrashRecoversToo) {
  base::Rng rng(first_seed() + 1);
  for (std::uint64_t call = 20; call < 50; call += 3) {
    base::CrashFs disk;
    disk.lose_power_at(call);
    Story story;
    story.run(disk);
    auto once = disk.after_crash(base::survive_at_random(rng));
    once->lose_power_at(5);
    {
      auto db = Db::open(*once, "/db", small_options());
      ASSERT_TRUE(db);
      WriteTx tx = (*db)->begin_write().value();
      ASSERT_TRUE(tx.create_bucket_if_missing("b1").value()->put("key", std::string(5000, 'x')));
      (void)tx.commit();
    }
    auto twice = once->after_crash(base::survive_at_random(rng));
    auto db = Db::open(*twice, "/db", small_options());
    ASSERT_TRUE(db) << db.error().detail;
    expect_sound(**db);
  }
}

// Until the power goes.
void write_much(Db& db) {
  for (int transaction = 0; transaction < 3; ++transaction) {
    WriteTx tx = db.begin_write().value();
    auto bucket = tx.create_bucket_if_missing("much").value();
    for (int key = 0; key < 20; ++key) ASSERT_TRUE(bucket->put("key" + std::to_string(key), std::string(300, 'x')));
    if (!tx.commit()) return;
  }
}

// The next life finds a version in the cache that the disk may not have, and builds on it.
TEST(BoltCrash, AFailedSyncAndACrashInTheNextLifeLeaveAWholeVersion) {
  base::Rng rng(first_seed() + 2);
  base::CrashFs whole;
  Story{}.run(whole);
  for (std::uint64_t failing = 8; failing <= whole.operations(); ++failing) {
    for (std::uint64_t calls = 1; calls <= 8; ++calls) {
      SCOPED_TRACE("call " + std::to_string(failing) + " fails if it is a sync; the power goes " + std::to_string(calls) + " calls later");
      base::CrashFs disk{base::Rng(failing)};
      disk.set_fault_rule([&](const base::FileOperation& operation) -> std::optional<base::Fault> {
        const bool fails = operation.call == base::FileCall::kSyncData && operation.number == failing;
        return fails ? std::optional(base::Fault{}) : std::nullopt;
      });
      Story story;
      story.run(disk);
      disk.set_fault_rule(nullptr);
      disk.lose_power_at(disk.operations() + calls);
      if (auto db = Db::open(disk, "/db", small_options())) write_much(**db);
      auto after = disk.after_crash(base::survive_at_random(rng));
      auto db = Db::open(*after, "/db", small_options());
      ASSERT_TRUE(db) << db.error().detail;
      expect_sound(**db);
      if (testing::Test::HasFatalFailure()) return;
    }
  }
}

TEST(BoltCrash, AFinishedCopyIsDurable) {
  base::CrashFs disk;
  Story story;
  story.run(disk);
  {
    auto db = Db::open(disk, "/db", small_options());
    ASSERT_TRUE(copy_compacted(disk, "/copy", (*db)->begin_read()));
    ASSERT_TRUE(disk.rename("/copy", "/db"));
    ASSERT_TRUE(disk.sync_directory("/"));
  }
  auto after = disk.after_crash(base::lose_all());
  auto db = Db::open(*after, "/db", small_options());
  ASSERT_TRUE(db);
  expect_sound(**db);
  expect_equal((*db)->begin_read().root(), story.states.back());
}

}  // namespace
}  // namespace etcd::bolt
