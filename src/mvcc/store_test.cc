#include "mvcc/store.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>

#include "mvcc/testing/store_rig.h"

namespace etcd::mvcc::testing {
namespace {

TEST(Store, ATransactionWithoutChangesTakesNoRevision) {
  StoreRig rig;
  EXPECT_EQ(rig.store().revision(), Revision(1));
  EXPECT_EQ(rig.erase("nothing"), Revision(1));
  EXPECT_EQ(rig.store().begin().commit(), Revision(1));
  EXPECT_EQ(rig.put("a", "1"), Revision(2));
  EXPECT_FALSE(rig.store().take_flush()->to() == Revision(1));
}

TEST(Store, ADroppedTransactionThatChangedNothingIsFine) {
  StoreRig rig;
  { const WriteTxn txn = rig.store().begin(); }
  EXPECT_EQ(rig.put("a", "1"), Revision(2));
}

TEST(StoreDeathTest, ATransactionMustNotBeForgottenHalfWay) {
  StoreRig rig;
  EXPECT_DEATH(
      {
        WriteTxn txn = rig.store().begin();
        txn.put("a", "1", LeaseId(0));
      },
      "was not committed");
  EXPECT_DEATH(
      {
        const WriteTxn one = rig.store().begin();
        const WriteTxn two = rig.store().begin();
      },
      "in_txn_");
}

TEST(Store, ReadsOfATransactionSeeItsOwnChanges) {
  StoreRig rig;
  rig.put("a", "1");
  WriteTxn txn = rig.store().begin();
  EXPECT_EQ(txn.put("a", "2", LeaseId(0)), (RevisionPair{Revision(2), 0}));
  EXPECT_EQ(txn.put("a", "3", LeaseId(0)), (RevisionPair{Revision(3), 0}));
  EXPECT_EQ(txn.put("b", "4", LeaseId(0)), std::nullopt);
  const auto result = txn.range({.key = "a", .range_end = "z"});
  ASSERT_TRUE(result);
  ASSERT_EQ(result->kvs.size(), 2u);
  EXPECT_EQ(decode_key_value(result->kvs[0])->version, 3);
  EXPECT_EQ(decode_key_value(*txn.read({Revision(2), 0}))->value, "1");
  EXPECT_EQ(txn.state("b"), (KeyState{{Revision(3), 2}, Revision(3), 1}));
  const std::vector<DeletedKey> deleted = txn.delete_range("a", "z");
  ASSERT_EQ(deleted.size(), 2u);
  EXPECT_EQ(deleted[0].key, "a");
  EXPECT_EQ(deleted[0].previous, (RevisionPair{Revision(3), 1}));
  EXPECT_TRUE(txn.delete_range("a", "z").empty());
  EXPECT_EQ(txn.changes(), 5);
  EXPECT_EQ(txn.commit(), Revision(3));
}

TEST(Store, OnlyOneFlushIsUnderWayAtATime) {
  StoreRig rig;
  rig.put("a", "1");
  auto batch = rig.store().take_flush();
  ASSERT_TRUE(batch);
  rig.put("b", "2");
  EXPECT_FALSE(rig.store().take_flush());
  ASSERT_TRUE(rig.try_write(*batch));
  ASSERT_TRUE(rig.store().flushed(std::move(*batch), rig.db().begin_read()));
  EXPECT_TRUE(rig.store().needs_flush());
  EXPECT_TRUE(rig.flush());
  EXPECT_FALSE(rig.store().needs_flush());
  EXPECT_EQ(rig.store().pending_bytes(), 0u);
}

TEST(Store, AFlushIsWrittenByAnotherThreadWhileTheStoreGoesOn) {
  StoreRig rig;
  for (int round = 0; round < 20; ++round) {
    for (int i = 0; i < 50; ++i) rig.put("k" + std::to_string(i), std::to_string(round));
    auto batch = rig.store().take_flush();
    ASSERT_TRUE(batch);
    std::optional<Status> written;
    std::thread flusher([&] { written = rig.try_write(*batch); });
    for (int i = 0; i < 400; ++i) {
      rig.put("k" + std::to_string(i), "later");
      if (i % 10 == 0) rig.store().publish();
    }
    flusher.join();
    ASSERT_TRUE(*written);
    ASSERT_TRUE(rig.store().flushed(std::move(*batch), rig.db().begin_read()));
  }
  const std::size_t unflushed = rig.store().pending_bytes();
  EXPECT_GT(unflushed, 0u);
  rig.restart();
  EXPECT_EQ(range(*rig.view(), {.key = "k", .range_end = "l"})->count, 400);
}

TEST(Store, ADamagedRecordIsReportedAndNotRestored) {
  StoreRig rig;
  rig.put("a", "1");
  rig.flush();
  auto tx = rig.db().begin_write();
  ASSERT_TRUE((*tx->bucket(bolt::schema::kKey))->put(RevisionKey(RevisionPair{Revision(3), 0}).view(), "\x0a\xff"));
  ASSERT_TRUE(tx->commit());
  ViewPublisher views;
  const auto store = Store::open(views, rig.db().begin_read(), {});
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, Errc::kCorrupt);
}

TEST(Store, ARecordThatIsGoneFromTheDbIsReportedWhenItIsRead) {
  StoreRig rig;
  rig.put("a", "1");
  rig.put("b", "1");
  rig.flush();
  auto tx = rig.db().begin_write();
  ASSERT_TRUE((*tx->bucket(bolt::schema::kKey))->erase(RevisionKey(RevisionPair{Revision(2), 0}).view()));
  ASSERT_TRUE(tx->commit());
  ASSERT_TRUE(rig.store().move_to(rig.db().begin_read()));
  EXPECT_TRUE(rig.view()->find("b"));
  EXPECT_EQ(rig.view()->find("a").error().code, Errc::kCorrupt);
  EXPECT_EQ(range(*rig.view(), {.key = "a", .range_end = "c"}).error().code, Errc::kCorrupt);
}

// Reads of many keys go through the db in order of revision, and jump.
TEST(Store, ManyKeysAreReadFromADbWithGapsAsOneByOne) {
  StoreRig rig;
  for (int i = 0; i < 3000; ++i) rig.put("k" + std::to_string(i * 7919 % 500), std::to_string(i));
  for (int i = 0; i < 400; i += 3) rig.put("x" + std::to_string(i * 31 % 400), "x");
  ASSERT_TRUE(rig.store().compact(Revision(2800)));
  rig.finish_compaction();
  for (int i = 0; i < 100; ++i) rig.put("k" + std::to_string(i * 7), "tail");
  const ReadViewRef view = rig.view();
  for (const std::string_view end : {"l", "z"}) {
    const auto result = range(*view, {.key = "k", .range_end = end});
    ASSERT_TRUE(result) << describe(result.error());
    for (const std::string_view kv : result->kvs) ASSERT_EQ(*view->find(decode_key_value(kv)->key), kv);
    EXPECT_GE(result->count, 500);
  }
}

}  // namespace
}  // namespace etcd::mvcc::testing
