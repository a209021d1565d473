#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "bolt/compacted_copy.h"
#include "bolt/meta.h"
#include "bolt/snapshot_reader.h"
#include "bolt/testing/model_bucket.h"

namespace etcd::bolt {
namespace {

class Copies : public testing::TestWithParam<std::uint32_t> {
 protected:
  Copies() {
    options_.page_size = GetParam();
    options_.map_bytes = 64 << 20;
    db_ = open("/db");
  }
  std::unique_ptr<Db> open(const std::string& path) {
    auto db = Db::open(disk_, path, options_);
    EXPECT_TRUE(db) << db.error().detail;
    return std::move(*db);
  }
  void change(int changes) {
    WriteTx tx = db_->begin_write().value();
    for (int i = 0; i < changes; ++i) change_at_random(rng_, tx, model_);
    ASSERT_TRUE(tx.commit());
  }
  std::string stream(const ReadTx& tx, std::size_t piece_bytes) {
    SnapshotReader reader(tx);
    std::string bytes;
    for (auto piece = reader.next(piece_bytes); !piece.empty(); piece = reader.next(piece_bytes)) {
      EXPECT_LE(piece.size(), piece_bytes);
      bytes += piece;
    }
    EXPECT_EQ(bytes.size(), reader.total_bytes());
    return bytes;
  }

  base::CrashFs disk_;
  base::Rng rng_{first_seed()};
  Options options_;
  std::unique_ptr<Db> db_;
  ModelBucket model_;
};

TEST_P(Copies, ASnapshotIsTheVersionWithBothMetaPagesMadeNew) {
  for (int i = 0; i < 5; ++i) change(300);
  const ReadTx tx = db_->begin_read();
  const std::string bytes = stream(tx, 1000);
  EXPECT_EQ(bytes, stream(tx, 1 << 20));
  const std::string file = disk_.contents("/db");
  const std::size_t data = 2 * std::size_t{GetParam()};
  EXPECT_EQ(bytes.size(), db_->size_bytes());
  EXPECT_TRUE(bytes.substr(data) == file.substr(data, bytes.size() - data));
  EXPECT_EQ(parse_meta(bytes)->txid, tx.txid());
  EXPECT_EQ(parse_meta(bytes.substr(GetParam()))->txid, tx.txid() - 1);
}

TEST_P(Copies, ASnapshotTakenWhileTheDbGoesOnIsWhole) {
  change(500);
  const ModelBucket then = model_;
  SnapshotReader reader(db_->begin_read());
  std::string bytes;
  for (auto piece = reader.next(5000); !piece.empty(); piece = reader.next(5000)) {
    bytes += piece;
    change(50);
  }
  ASSERT_TRUE(disk_.open("/copy", base::OpenMode::kCreate).value()->pwrite(0, bytes));
  const auto copy = open("/copy");
  expect_sound(*copy);
  expect_equal(copy->begin_read().root(), then);
}

TEST_P(Copies, ACompactedCopyHoldsTheSameWithoutFreePages) {
  for (int i = 0; i < 8; ++i) change(600);
  ASSERT_TRUE(copy_compacted(disk_, "/copy", db_->begin_read()));
  const auto copy = open("/copy");
  expect_sound(*copy);
  expect_equal(copy->begin_read().root(), model_);
  EXPECT_EQ(check(copy->begin_read()).pages_free, 0u);
  EXPECT_EQ(copy->begin_read().txid(), db_->begin_read().txid());
  EXPECT_LE(copy->size_bytes(), db_->size_bytes());
}

TEST_P(Copies, ACopyInSmallStepsIsOfTheVersionItBeganWith) {
  change(1000);
  const ModelBucket then = model_;
  auto copy = std::move(CompactedCopy::start(disk_, "/copy", db_->begin_read()).value());
  int steps = 0;
  for (; !copy->step(500).value(); ++steps) {
    if (steps % 20 == 0) change(30);
  }
  EXPECT_GT(steps, 2);
  ASSERT_TRUE(copy->finish());
  copy.reset();
  const auto opened = open("/copy");
  expect_sound(*opened);
  expect_equal(opened->begin_read().root(), then);
}

TEST_P(Copies, ACopyReplacesWhatWasLeftThere) {
  change(100);
  ASSERT_TRUE(disk_.open("/copy", base::OpenMode::kCreate).value()->pwrite(0, std::string(1 << 20, 'x')));
  ASSERT_TRUE(copy_compacted(disk_, "/copy", db_->begin_read()));
  EXPECT_LT(disk_.file_size("/copy").value(), 1u << 20);
  expect_equal(open("/copy")->begin_read().root(), model_);
}

TEST_P(Copies, ACopyCanBeWrittenTo) {
  for (int i = 0; i < 5; ++i) change(500);
  ASSERT_TRUE(copy_compacted(disk_, "/copy", db_->begin_read()));
  db_ = open("/copy");
  for (int i = 0; i < 10; ++i) change(300);
  expect_sound(*db_);
  expect_equal(db_->begin_read().root(), model_);
}

TEST_P(Copies, AnEmptyDbIsCopiedToo) {
  ASSERT_TRUE(copy_compacted(disk_, "/copy", db_->begin_read()));
  const auto copy = open("/copy");
  expect_sound(*copy);
  EXPECT_FALSE(copy->begin_read().root().cursor().first());
}

TEST_P(Copies, AFullDiskStopsACopy) {
  change(500);
  disk_.set_fault_rule([](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == base::FileCall::kWrite) return base::Fault{.code = Errc::kNoSpace};
    return std::nullopt;
  });
  EXPECT_EQ(copy_compacted(disk_, "/copy", db_->begin_read()).error().code, Errc::kNoSpace);
}

INSTANTIATE_TEST_SUITE_P(PageSizes, Copies, testing::Values(1024u, 4096u, 65536u),
                         [](const auto& test) { return "PageSize" + std::to_string(test.param); });

}  // namespace
}  // namespace etcd::bolt
