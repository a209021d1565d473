// Files written by Go's bbolt (testdata/make.go): read, checked, changed.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

#include "base/testing/crash_fs.h"
#include "bolt/compacted_copy.h"
#include "bolt/snapshot_reader.h"
#include "bolt/stored_freelist.h"
#include "bolt/testing/model_bucket.h"
#include "bolt/version.h"

namespace etcd::bolt {
namespace {

// A copy of testdata/<name> on a disk in memory.
std::unique_ptr<Db> open_copy(base::CrashFs& disk, const std::string& name) {
  std::ifstream file("testdata/" + name, std::ios::binary);
  EXPECT_TRUE(file.good()) << name;
  const std::string bytes{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  EXPECT_TRUE(disk.open("/db", base::OpenMode::kCreateNew).value()->pwrite(0, bytes));
  Options options;
  options.map_bytes = 64 << 20;
  auto db = Db::open(disk, "/db", options);
  EXPECT_TRUE(db) << db.error().detail;
  return std::move(*db);
}

std::string go_key(int i) {
  std::string digits = std::to_string(i);
  return "key" + std::string(5 - digits.size(), '0') + digits;
}

std::string go_value(int i) {
  std::string value;
  for (int n = 0; n < i % 9; ++n) value += std::to_string(i) + ".";
  return value;
}

// What make.go's fill() leaves.
ModelBucket filled() {
  ModelBucket root;
  for (int i = 0; i < 100; ++i) {
    if (i % 3 != 0) root.buckets["key"].values[go_key(i)] = go_value(i);
  }
  root.buckets["meta"].values["first"] = "75";
  root.buckets["meta"].sequence = 42;
  root.buckets["outer"].buckets["inner"].values["large"] = std::string(3000, 'x');
  root.buckets["empty"];
  return root;
}

class GoFiles : public testing::TestWithParam<const char*> {};

TEST_P(GoFiles, AreReadAsGoWroteThem) {
  base::CrashFs disk;
  const auto db = open_copy(disk, GetParam());
  expect_sound(*db);
  expect_equal(db->begin_read().root(), filled());
}

TEST_P(GoFiles, AreChangedInPlace) {
  base::CrashFs disk;
  auto db = open_copy(disk, GetParam());
  ModelBucket model = filled();
  base::Rng rng(first_seed());
  for (int i = 0; i < 10; ++i) {
    WriteTx tx = db->begin_write().value();
    for (int erased = 0; erased < 15; ++erased) {
      const std::string key = go_key(static_cast<int>(rng.below(100)));
      EXPECT_EQ(tx.bucket("key").value()->erase(key).value(), model.buckets["key"].values.erase(key) > 0);
    }
    for (int changes = 0; changes < 50; ++changes) change_at_random(rng, tx, model);
    ASSERT_TRUE(tx.commit());
    expect_sound(*db);
    expect_equal(db->begin_read().root(), model);
  }
}

TEST_P(GoFiles, AreCopiedCompactly) {
  base::CrashFs disk;
  const auto db = open_copy(disk, GetParam());
  ASSERT_TRUE(copy_compacted(disk, "/copy", db->begin_read()));
  const auto copy = std::move(Db::open(disk, "/copy", {}).value());
  expect_sound(*copy);
  expect_equal(copy->begin_read().root(), filled());
  EXPECT_LT(copy->size_bytes(), db->size_bytes());
}

INSTANTIATE_TEST_SUITE_P(Testdata, GoFiles, testing::Values("etcd.db", "stored_freelist.db"), [](const auto& test) {
  return std::string(test.param, std::string_view(test.param).find('.'));
});

TEST(GoFiles, AStoredFreeListNamesThePagesThatNothingReaches) {
  base::CrashFs disk;
  const auto db = open_copy(disk, "stored_freelist.db");
  const ReadTx tx = db->begin_read();
  const auto list = stored_freelist(tx.version().pages(), tx.version().meta()).value();
  ASSERT_TRUE(list);
  EXPECT_GT(list->count(), 0u);
  EXPECT_EQ(check(tx).pages_free, list->count());
}

}  // namespace
}  // namespace etcd::bolt
