#include "bolt/write_tx.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "bolt/testing/model_bucket.h"

namespace etcd::bolt {
namespace {

class WriteTxTest : public testing::Test {
 protected:
  WriteTxTest() {
    Options options;
    options.map_bytes = 512 << 20;
    db_ = std::move(Db::open(disk_, "/db", options).value());
  }

  WriteTx begin() { return db_->begin_write().value(); }
  BucketView view(std::string_view name) {
    tx_ = db_->begin_read();
    return *tx_->bucket(name).value();
  }
  std::uint64_t pages_in_use() { return check(db_->begin_read()).pages_in_use; }

  base::CrashFs disk_;
  std::unique_ptr<Db> db_;
  std::optional<ReadTx> tx_;
};

std::string number_key(int number) {
  std::string key = std::to_string(number);
  return std::string(8 - key.size(), '0') + key;
}

TEST_F(WriteTxTest, KeysAndValuesOfAllBoundarySizesComeBack) {
  std::map<std::string, std::string> model;
  WriteTx tx = begin();
  Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
  for (const std::size_t around : {0, 1, 16, 1024, 2048, 4032, 4048, 4064, 4096, 8192, 12288, 32768, 65536, 1 << 20}) {
    for (std::size_t size = around < 2 ? 0 : around - 2; size <= around + 2; ++size) {
      model["value" + std::to_string(size)] = std::string(size, 'v');
      if (size > 0 && size <= kMaxKeyBytes) model[std::string(size, 'k')] = "of a key";
    }
  }
  for (const auto& [key, value] : model) ASSERT_TRUE(bucket->put(key, value));
  ASSERT_TRUE(tx.commit());
  expect_equal(view("bucket"), {.values = model, .buckets = {}, .sequence = 0});
  expect_sound(*db_);
}

TEST_F(WriteTxTest, KeysAndValuesOutOfRangeAreRefused) {
  WriteTx tx = begin();
  Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
  EXPECT_EQ(bucket->put("", "value").error().code, Errc::kInvalid);
  EXPECT_EQ(bucket->put(std::string(kMaxKeyBytes + 1, 'k'), "value").error().code, Errc::kInvalid);
  EXPECT_EQ(tx.create_bucket_if_missing("").error().code, Errc::kInvalid);
  const std::string_view too_large("", std::size_t{kMaxValueBytes} + 1);  // refused before it is looked at
  EXPECT_EQ(bucket->put("key", too_large).error().code, Errc::kInvalid);
  EXPECT_EQ(tx.root().put("key", "value").error().code, Errc::kInvalid);
}

TEST_F(WriteTxTest, ABucketIsNoValueAndAValueNoBucket) {
  WriteTx tx = begin();
  Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
  ASSERT_TRUE(bucket->put("value", "v"));
  ASSERT_TRUE(bucket->create_bucket_if_missing("nested"));
  EXPECT_EQ(bucket->put("nested", "v").error().code, Errc::kInvalid);
  EXPECT_EQ(bucket->erase("nested").error().code, Errc::kInvalid);
  EXPECT_EQ(bucket->get("nested").value(), std::nullopt);
  EXPECT_EQ(bucket->create_bucket_if_missing("value").error().code, Errc::kInvalid);
  EXPECT_EQ(bucket->bucket("value").value(), nullptr);
  EXPECT_FALSE(bucket->delete_bucket("value").value());
  EXPECT_EQ(bucket->get("value").value(), "v");
}

TEST_F(WriteTxTest, ChangesAreSeenInsideAndNotOutsideUntilTheCommit) {
  WriteTx tx = begin();
  Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
  ASSERT_TRUE(bucket->put("key", "one"));
  ASSERT_TRUE(bucket->put("key", "two"));
  EXPECT_EQ(bucket->get("key").value(), "two");
  EXPECT_EQ(db_->begin_read().bucket("bucket").value().has_value(), false);
  ASSERT_TRUE(tx.commit());
  EXPECT_EQ(view("bucket").get("key").value(), "two");
}

TEST_F(WriteTxTest, ARollbackLeavesNothing) {
  {
    WriteTx tx = begin();
    ASSERT_TRUE(tx.create_bucket_if_missing("bucket").value()->put("key", std::string(100'000, 'v')));
  }
  EXPECT_FALSE(db_->begin_read().bucket("bucket").value());
  EXPECT_EQ(db_->size_bytes(), 4u * 4096);
  expect_sound(*db_);
}

TEST_F(WriteTxTest, SmallBucketsAreInlineAndLargeOnesAreNot) {
  WriteTx tx = begin();
  ASSERT_TRUE(tx.create_bucket_if_missing("small").value()->put("key", std::string(900, 'v')));
  ASSERT_TRUE(tx.create_bucket_if_missing("large").value()->put("key", std::string(1100, 'v')));
  ASSERT_TRUE(tx.create_bucket_if_missing("outer").value()->create_bucket_if_missing("inner").value()->put("key", "v"));
  ASSERT_TRUE(tx.commit());
  EXPECT_EQ(view("small").root().page, PageId(0));
  EXPECT_NE(view("large").root().page, PageId(0));
  EXPECT_NE(view("outer").root().page, PageId(0)) << "a bucket with buckets in it is never inline";
  EXPECT_EQ(view("outer").bucket("inner").value()->get("key").value(), "v");
  expect_sound(*db_);
}

TEST_F(WriteTxTest, ABucketGoesInlineAgainWhenItShrinks) {
  for (const std::size_t size : {3000u, 10u, 3000u}) {
    WriteTx tx = begin();
    ASSERT_TRUE(tx.create_bucket_if_missing("bucket").value()->put("key", std::string(size, 'v')));
    ASSERT_TRUE(tx.commit());
    EXPECT_EQ(view("bucket").root().page == PageId(0), size < 1000);
    EXPECT_EQ(view("bucket").get("key").value(), std::string(size, 'v'));
    expect_sound(*db_);
  }
}

TEST_F(WriteTxTest, SequencesAreKeptWithAndWithoutOtherChanges) {
  {
    WriteTx tx = begin();
    tx.create_bucket_if_missing("inline").value()->set_sequence(7);
    Bucket* large = tx.create_bucket_if_missing("large").value();
    ASSERT_TRUE(large->put("key", std::string(5000, 'v')));
    ASSERT_TRUE(tx.commit());
  }
  {
    WriteTx tx = begin();
    EXPECT_EQ(tx.bucket("inline").value()->sequence(), 7u);
    tx.bucket("inline").value()->set_sequence(8);
    tx.bucket("large").value()->set_sequence(1u << 31);
    ASSERT_TRUE(tx.commit());
  }
  EXPECT_EQ(view("inline").sequence(), 8u);
  EXPECT_EQ(view("large").sequence(), 1u << 31);
  EXPECT_EQ(view("large").get("key").value(), std::string(5000, 'v'));
}

TEST_F(WriteTxTest, AppendedKeysFillPagesAsTheFillSays) {
  for (const double fill : {0.5, 0.9}) {
    const std::string name = "fill" + std::to_string(fill);
    for (int batch = 0; batch < 10; ++batch) {
      WriteTx tx = begin();
      Bucket* bucket = tx.create_bucket_if_missing(name).value();
      bucket->set_fill(fill);
      for (int i = 0; i < 300; ++i) ASSERT_TRUE(bucket->put(number_key(batch * 300 + i), std::string(100, 'v')));
      ASSERT_TRUE(tx.commit());
    }
    // 3000 elements of 124 bytes.
    const double used = 3000 * 124.0 / (4096 * fill);
    const auto before = pages_in_use();
    WriteTx tx = begin();
    ASSERT_TRUE(tx.delete_bucket(name).value());
    ASSERT_TRUE(tx.commit());
    EXPECT_NEAR(static_cast<double>(before - pages_in_use()), used, used * 0.12);
  }
}

TEST_F(WriteTxTest, ErasingMostKeysMergesPages) {
  {
    WriteTx tx = begin();
    Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
    for (int i = 0; i < 20'000; ++i) ASSERT_TRUE(bucket->put(number_key(i), std::string(100, 'v')));
    ASSERT_TRUE(tx.commit());
  }
  const auto full = pages_in_use();
  {
    WriteTx tx = begin();
    Bucket* bucket = tx.bucket("bucket").value();
    for (int i = 0; i < 20'000; i += 50) {
      for (int erased = i + 1; erased < i + 50; ++erased) ASSERT_TRUE(bucket->erase(number_key(erased)).value());
    }
    ASSERT_TRUE(tx.commit());
  }
  EXPECT_LT(pages_in_use(), full / 20);
  expect_sound(*db_);
}

TEST_F(WriteTxTest, ErasingAllKeysLeavesAnEmptyBucket) {
  for (const int keys : {1, 100, 30'000}) {
    {
      WriteTx tx = begin();
      Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
      for (int i = 0; i < keys; ++i) ASSERT_TRUE(bucket->put(number_key(i), "value"));
      ASSERT_TRUE(tx.commit());
    }
    WriteTx tx = begin();
    Bucket* bucket = tx.bucket("bucket").value();
    for (int i = 0; i < keys; ++i) ASSERT_TRUE(bucket->erase(number_key(i)).value());
    EXPECT_FALSE(bucket->cursor().first());
    ASSERT_TRUE(tx.commit());
    EXPECT_FALSE(view("bucket").cursor().first());
    EXPECT_EQ(view("bucket").root().page, PageId(0));
    expect_sound(*db_);
  }
}

// What a branch loses on one level may leave a lonely child on the next.
TEST_F(WriteTxTest, ErasingStretchesOfADeepTreeKeepsItWellFormed) {
  constexpr int kKeys = 3000;
  const std::string long_tail(700, 't');  // five keys a branch
  {
    WriteTx tx = begin();
    Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
    for (int i = 0; i < kKeys; ++i) ASSERT_TRUE(bucket->put(number_key(i) + long_tail, "value"));
    ASSERT_TRUE(tx.commit());
  }
  expect_sound(*db_);
  base::Rng rng(first_seed());
  for (int left = kKeys; left > 0;) {
    WriteTx tx = begin();
    Bucket* bucket = tx.bucket("bucket").value();
    const auto from = static_cast<int>(rng.below(kKeys));
    const int to = from + static_cast<int>(rng.below(kKeys / 4));
    for (int i = from; i < to; ++i) left -= bucket->erase(number_key(i) + long_tail).value() ? 1 : 0;
    ASSERT_TRUE(tx.commit());
    ASSERT_EQ(check(db_->begin_read()).keys, static_cast<std::uint64_t>(left));
    expect_sound(*db_);
  }
}

TEST_F(WriteTxTest, ADeletedBucketGivesAllItsPagesBack) {
  const auto empty = pages_in_use();
  {
    WriteTx tx = begin();
    Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(bucket->put(number_key(i), std::string(500, 'v')));
    Bucket* nested = bucket->create_bucket_if_missing("nested").value();
    for (int i = 0; i < 1000; ++i) ASSERT_TRUE(nested->put(number_key(i), std::string(500, 'v')));
    ASSERT_TRUE(nested->create_bucket_if_missing("deeper").value()->put("key", std::string(9000, 'v')));
    ASSERT_TRUE(tx.commit());
  }
  WriteTx tx = begin();
  // Some of it is in memory, some is not.
  Bucket* bucket = tx.bucket("bucket").value();
  ASSERT_TRUE(bucket->put(number_key(500), "changed"));
  ASSERT_TRUE(bucket->bucket("nested").value()->put("new", "value"));
  EXPECT_TRUE(tx.delete_bucket("bucket").value());
  EXPECT_FALSE(tx.delete_bucket("bucket").value());
  EXPECT_EQ(tx.bucket("bucket").value(), nullptr);
  ASSERT_TRUE(tx.commit());
  EXPECT_LE(pages_in_use(), empty);
  expect_sound(*db_);
}

TEST_F(WriteTxTest, ABucketMadeAgainAfterDeletionIsEmpty) {
  WriteTx tx = begin();
  ASSERT_TRUE(tx.create_bucket_if_missing("bucket").value()->put("key", "value"));
  ASSERT_TRUE(tx.delete_bucket("bucket").value());
  EXPECT_EQ(tx.create_bucket_if_missing("bucket").value()->get("key").value(), std::nullopt);
  ASSERT_TRUE(tx.commit());
  EXPECT_EQ(view("bucket").get("key").value(), std::nullopt);
}

TEST_F(WriteTxTest, BucketsNestOnlySoDeep) {
  WriteTx tx = begin();
  Bucket* bucket = &tx.root();
  std::uint32_t depth = 0;
  for (;; ++depth) {
    const auto next = bucket->create_bucket_if_missing("bucket");
    if (!next) {
      EXPECT_EQ(next.error().code, Errc::kInvalid);
      break;
    }
    bucket = *next;
  }
  EXPECT_GE(depth, 8u);
  ASSERT_TRUE(bucket->put("key", "value"));
  ASSERT_TRUE(tx.commit());
  EXPECT_EQ(check(db_->begin_read()).buckets, depth);
  expect_sound(*db_);
}

TEST_F(WriteTxTest, MemoryAndPagesFollowWhatIsTouched) {
  {
    WriteTx tx = begin();
    Bucket* bucket = tx.create_bucket_if_missing("bucket").value();
    for (int i = 0; i < 50'000; ++i) ASSERT_TRUE(bucket->put(number_key(i), std::string(100, 'v')));
    ASSERT_TRUE(tx.commit());
  }
  const std::uint64_t size = db_->size_bytes();
  WriteTx tx = begin();
  ASSERT_TRUE(tx.bucket("bucket").value()->put(number_key(25'000), "changed"));
  ASSERT_TRUE(tx.commit());
  // A leaf, the branches above it, the bucket's entry.
  EXPECT_LE(db_->size_bytes(), size + 5 * 4096);
}

}  // namespace
}  // namespace etcd::bolt
