#include "bolt/cursor.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "bolt/testing/model_bucket.h"
#include "bolt/version.h"

namespace etcd::bolt {
namespace {

std::string even_key(int i) {
  std::string digits = std::to_string(2 * i);
  return std::string(6 - digits.size(), '0') + digits;
}

// A bucket with even numbers as keys, several levels deep with 1 KiB pages.
class CursorTest : public testing::Test {
 protected:
  static constexpr int kKeys = 5000;

  CursorTest() {
    Options options;
    options.page_size = 1024;
    options.map_bytes = 64 << 20;
    db_ = std::move(Db::open(disk_, "/db", options).value());
    WriteTx tx = db_->begin_write().value();
    Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
    for (int i = 0; i < kKeys; ++i) EXPECT_TRUE(bucket->put(even_key(i), "value"));
    EXPECT_TRUE(tx.commit());
    tx_ = db_->begin_read();
  }
  Cursor cursor() { return tx_->bucket("bucket").value()->cursor(); }

  base::CrashFs disk_;
  std::unique_ptr<Db> db_;
  std::optional<ReadTx> tx_;
};

TEST_F(CursorTest, WalksForwardsAndBackwardsOverAllKeys) {
  Cursor walk = cursor();
  int i = 0;
  for (walk.first(); walk.valid(); walk.next()) ASSERT_EQ(walk.key(), even_key(i++));
  EXPECT_EQ(i, kKeys);
  for (walk.last(); walk.valid(); walk.prev()) ASSERT_EQ(walk.key(), even_key(--i));
  EXPECT_EQ(i, 0);
  EXPECT_TRUE(walk.status());
}

TEST_F(CursorTest, SeekFindsTheKeyOrTheNextOne) {
  Cursor walk = cursor();
  for (int i = 0; i < kKeys; ++i) {
    ASSERT_TRUE(walk.seek(even_key(i)));
    ASSERT_EQ(walk.key(), even_key(i));
    ASSERT_EQ(walk.seek(even_key(i) + "~"), i + 1 < kKeys);
    ASSERT_TRUE(!walk.valid() || walk.key() == even_key(i + 1));
  }
  ASSERT_TRUE(walk.seek(""));
  EXPECT_EQ(walk.key(), even_key(0));
  EXPECT_FALSE(walk.seek("x"));
  EXPECT_TRUE(walk.status());
}

TEST_F(CursorTest, TurnsRoundAnywhere) {
  Cursor walk = cursor();
  for (int i = 1; i + 1 < kKeys; i += 7) {
    ASSERT_TRUE(walk.seek(even_key(i)));
    ASSERT_TRUE(walk.next());
    ASSERT_TRUE(walk.prev());
    ASSERT_TRUE(walk.prev());
    ASSERT_EQ(walk.key(), even_key(i - 1));
  }
}

TEST_F(CursorTest, AnEmptyBucketHasNoElements) {
  WriteTx tx = db_->begin_write().value();
  Cursor walk = tx.create_bucket_if_missing("empty").value()->cursor();
  EXPECT_FALSE(walk.first());
  EXPECT_FALSE(walk.last());
  EXPECT_FALSE(walk.seek("a"));
}

TEST_F(CursorTest, InATransactionItPassesOverEmptiedLeaves) {
  WriteTx tx = db_->begin_write().value();
  Bucket* bucket = tx.bucket("bucket").value();
  for (int i = 100; i < kKeys - 100; ++i) ASSERT_TRUE(bucket->erase(even_key(i)).value());
  Cursor walk = bucket->cursor();
  ASSERT_TRUE(walk.seek(even_key(100)));
  EXPECT_EQ(walk.key(), even_key(kKeys - 100));
  ASSERT_TRUE(walk.prev());
  EXPECT_EQ(walk.key(), even_key(99));
}

TEST_F(CursorTest, SkipsTheLastLeafIfItIsEmptied) {
  WriteTx tx = db_->begin_write().value();
  Bucket* bucket = tx.bucket("bucket").value();
  for (int i = kKeys - 200; i < kKeys; ++i) ASSERT_TRUE(bucket->erase(even_key(i)).value());
  Cursor walk = bucket->cursor();
  ASSERT_TRUE(walk.last());
  EXPECT_EQ(walk.key(), even_key(kKeys - 201));
}

// Finds the bucket's root page and lets its first child be the page itself.
TEST_F(CursorTest, ACycleOfPagesEndsAsDamage) {
  const PageId root = tx_->bucket("bucket").value()->root().page;
  tx_.reset();
  db_.reset();
  std::string id(8, '\0');
  store(id.data(), root.value);
  disk_.corrupt("/db", root.value * 1024 + kPageHeaderBytes + 8, id);
  db_ = std::move(Db::open(disk_, "/db", {}).value());
  tx_ = db_->begin_read();
  Cursor walk = cursor();
  EXPECT_FALSE(walk.first());
  EXPECT_EQ(walk.status().error().code, Errc::kCorrupt);
  EXPECT_EQ(tx_->bucket("bucket").value()->get(even_key(0)).error().code, Errc::kCorrupt);
  EXPECT_EQ(db_->load_freelist().error().code, Errc::kCorrupt);
}

TEST_F(CursorTest, PagesUsedAgainAndAgainEndAsDamage) {
  const PageId root = tx_->bucket("bucket").value()->root().page;
  const auto page = tx_->version().pages().find(root);
  ASSERT_FALSE(page->is_leaf());
  const PageId first_child = page->branch_element(0)->page;
  const std::uint32_t children = page->count();
  tx_.reset();
  db_.reset();
  // A thousand roots' worth of walking: every child, and every child's child, is the same page.
  std::string id(8, '\0');
  store(id.data(), first_child.value);
  for (std::uint32_t i = 0; i < children; ++i) {
    disk_.corrupt("/db", root.value * 1024 + kPageHeaderBytes + i * kElementBytes + 8, id);
  }
  db_ = std::move(Db::open(disk_, "/db", {}).value());
  tx_ = db_->begin_read();
  Cursor walk = cursor();
  std::uint64_t elements = 0;
  for (walk.first(); walk.valid(); walk.next()) ++elements;
  EXPECT_LE(walk.pages_entered(), tx_->size_bytes() / 1024 + 1);
  EXPECT_FALSE(check(*tx_).faults.empty());
}

}  // namespace
}  // namespace etcd::bolt
