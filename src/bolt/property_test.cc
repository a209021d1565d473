// The whole engine against ordinary maps.
#include <gtest/gtest.h>

#include <optional>
#include <vector>

#include "base/testing/crash_fs.h"
#include "bolt/testing/model_bucket.h"

namespace etcd::bolt {
namespace {

struct Seen {
  ReadTx tx;
  ModelBucket model;
};

class Story {
 public:
  Story(std::uint64_t seed, std::uint32_t page_size) : rng_(seed) {
    options_.page_size = page_size;
    options_.map_bytes = 256 << 20;
    options_.growth_bytes = 64 * 1024;
    open();
  }

  void transaction() {
    auto tx = db_->begin_write();
    ASSERT_TRUE(tx);
    ModelBucket changed = model_;
    for (std::uint64_t changes = rng_.below(rng_.one_in(5) ? 2000 : 100); changes > 0; --changes) {
      change_at_random(rng_, *tx, changed);
    }
    if (rng_.one_in(4)) expect_equal(tx->root(), changed);
    if (rng_.one_in(6)) return tx->rollback();
    const Status committed = tx->commit();
    ASSERT_TRUE(committed) << committed.error().detail;
    model_ = std::move(changed);
  }

  // Readers of several ages must see what they saw at first.
  void hold_or_drop_readers() {
    if (rng_.one_in(3)) readers_.push_back({db_->begin_read(), model_});
    if (!readers_.empty() && rng_.one_in(4)) {
      const auto at = readers_.begin() + static_cast<std::ptrdiff_t>(rng_.below(readers_.size()));
      expect_equal(at->tx.root(), at->model);
      readers_.erase(at);
    }
  }

  void verify() {
    expect_equal(db_->begin_read().root(), model_);
    expect_sound(*db_);
  }

  void reopen() {
    readers_.clear();
    db_.reset();
    open();
  }

 private:
  void open() {
    auto db = Db::open(disk_, "/db", options_);
    ASSERT_TRUE(db) << db.error().detail;
    db_ = std::move(*db);
  }

  base::Rng rng_;
  base::CrashFs disk_;
  Options options_;
  std::unique_ptr<Db> db_;
  ModelBucket model_;
  std::vector<Seen> readers_;
};

class BoltProperty : public testing::TestWithParam<std::uint32_t> {};

TEST_P(BoltProperty, RandomTransactionsLeaveWhatMapsHold) {
  for (std::uint64_t seed = first_seed(); seed < first_seed() + 3; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed, GetParam());
    for (int i = 0; i < 60 && !HasFatalFailure(); ++i) {
      story.transaction();
      story.hold_or_drop_readers();
      if (i % 6 == 0) story.verify();
      if (i % 20 == 19) story.reopen();
    }
    story.verify();
  }
}

INSTANTIATE_TEST_SUITE_P(PageSizes, BoltProperty, testing::Values(1024u, 4096u, 16384u),
                         [](const auto& test) { return "PageSize" + std::to_string(test.param); });

}  // namespace
}  // namespace etcd::bolt
