#include "bolt/cursor.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "bolt/node.h"
#include "bolt/testing/model_bucket.h"

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

// A walk to and fro over the boundary between two pages enters them again and again, and is no cycle.
TEST_F(CursorTest, TurningRoundOftenIsNoDamage) {
  Cursor walk = cursor();
  ASSERT_TRUE(walk.seek(even_key(kKeys / 2)));
  for (int i = 0; i < 5000; ++i) {
    for (int step = 0; step < 60; ++step) ASSERT_TRUE(walk.next()) << i;
    for (int step = 0; step < 60; ++step) ASSERT_TRUE(walk.prev()) << i;
    ASSERT_EQ(walk.key(), even_key(kKeys / 2));
  }
  EXPECT_TRUE(walk.status());
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

// Three branches of sixty children each, all of them the same page: 216,000 ways to a leaf in a file of seven pages.
TEST(Cursor, PagesUsedAgainAndAgainEndAsDamage) {
  constexpr std::uint64_t kPages = 7;
  std::string file(kPages * kMaxPageSize, '\0');
  Node leaf;
  leaf.insert_item(0, {.bytes = "key", .key_size = 2, .value_size = 1, .flags = 0});
  encode_page(leaf, 0, 1, PageId(6), 0, &file[6 * kMaxPageSize], kMaxPageSize);
  for (std::uint64_t page = 3; page < 6; ++page) {
    Node branch;
    branch.is_leaf = false;
    for (std::size_t i = 0; i < 60; ++i)
      branch.insert_child(i, {.key = "ke", .page = PageId(page + 1), .node = nullptr});
    encode_page(branch, 0, 60, PageId(page), 0, &file[page * kMaxPageSize], kMaxPageSize);
  }
  const Pages pages(file.data(), kMaxPageSize, PageId(kPages));
  Cursor walk(pages, {.page = PageId(3)});
  EXPECT_TRUE(walk.first());
  while (walk.valid()) walk.next();
  EXPECT_EQ(walk.status().error().code, Errc::kCorrupt);
  EXPECT_TRUE(walk.last());
  while (walk.valid()) walk.prev();
  EXPECT_EQ(walk.status().error().code, Errc::kCorrupt);
  EXPECT_LE(walk.pages_entered(), kPages + 1);
}

}  // namespace
}  // namespace etcd::bolt
