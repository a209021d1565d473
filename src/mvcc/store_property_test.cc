// The whole store against a model: random histories with transactions, reads of every kind, compactions, flushes and
// restarts in between.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <string>
#include <vector>

#include "base/rng.h"
#include "mvcc/changes.h"
#include "mvcc/testing/model_store.h"
#include "mvcc/testing/store_rig.h"

namespace etcd::mvcc::testing {
namespace {

class Story {
 public:
  explicit Story(std::uint64_t seed) : rng_(seed), rig_(options(rng_)) {}

  void step() {
    switch (rng_.below(14)) {
      case 0:
        return compact();
      case 1:
        return flush_step();
      case 2:
        return hold_or_drop_view();
      case 3:
        if (rng_.one_in(4)) restart();
        return;
      case 4:
      case 5:
      case 6:
        return check_range(*rig_.view(), model_);
      case 7:
        rig_.store().step_compaction(1 + rng_.below(40));
        return;
      case 8:
        if (rng_.one_in(2)) rig_.store().publish();
        return;
      default:
        return transaction();
    }
  }

  void check_all() {
    ASSERT_EQ(rig_.store().index().check(), std::vector<std::string>());
    ASSERT_EQ(rig_.store().revision().value, model_.revision);
    ASSERT_EQ(rig_.store().compact_revision().value, model_.compact_revision);
    for (Held& held : held_) check_view(held);
    Held now{rig_.view(), model_};
    check_view(now);
  }

 private:
  struct Held {
    ReadViewRef view;
    ModelStore model;
  };

  static StoreOptions options(base::Rng& rng) { return {.compaction_deletes_per_flush = 1 + rng.below(20)}; }

  // Few keys, so that they meet; some share long prefixes or end in zero bytes.
  std::string random_key() {
    static const std::vector<std::string> kStems{"", "/registry/pods/default/", "/registry/pods/",
                                                 std::string("z\0", 2)};
    const std::string stem = kStems[rng_.below(kStems.size())];
    std::string key = stem + static_cast<char>('a' + rng_.below(8)) + std::to_string(rng_.below(12));
    if (rng_.one_in(10)) key += std::string(rng_.below(3) + 1, '\0');
    return key;
  }
  std::string random_end() {
    if (rng_.one_in(4)) return {};
    if (rng_.one_in(3)) return std::string(1, '\0');
    return random_key();
  }
  std::string random_value() {
    if (rng_.one_in(40)) return std::string(rng_.below(20000), 'v');
    return std::string(rng_.below(60), static_cast<char>('a' + rng_.below(3)));
  }

  void transaction() {
    WriteTxn txn = rig_.store().begin();
    for (std::uint64_t ops = rng_.below(5); ops > 0; --ops) change(txn);
    if (rng_.one_in(3)) check_range(rig_.store().state(), model_);
    model_.commit();
    ASSERT_EQ(txn.commit().value, model_.revision);
  }

  void change(WriteTxn& txn) {
    const std::string key = random_key();
    if (rng_.one_in(4)) {
      const std::string end = random_end();
      std::vector<std::string> erased;
      for (const DeletedKey& deleted : txn.delete_range(key, end)) {
        erased.emplace_back(deleted.key);
        const auto previous = txn.read(deleted.previous);
        ASSERT_TRUE(previous);
        ASSERT_EQ(decode_key_value(*previous)->key, deleted.key);
      }
      ASSERT_EQ(erased, model_.erase(key, end));
    } else {
      const auto lease = static_cast<std::int64_t>(rng_.one_in(4) ? rng_.next() : 0);
      const std::string value = random_value();
      const auto before = model_.state(model_.revision + 1);
      const auto previous = txn.put(key, value, LeaseId(lease));
      model_.put(key, value, lease);
      ASSERT_EQ(previous.has_value(), before.contains(key));
      if (previous) {
        ASSERT_EQ(*txn.read(*previous), before.at(key).encoded());
      }
    }
    ASSERT_EQ(txn.revision().value, model_.revision + (model_.changes_in_txn() > 0 ? 1 : 0));
  }

  void compact() {
    const auto at = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(model_.revision) + 2));
    const Status status = rig_.store().compact(Revision(at));
    const auto error = model_.compact(at);
    ASSERT_EQ(status.has_value(), !error.has_value());
    if (error) {
      ASSERT_EQ(status.error().code, *error);
    }
  }

  // Any part of a flush: take it, write it, give it back, with other things in between.
  void flush_step() {
    if (!batch_) {
      batch_ = rig_.store().take_flush();
      flushed_model_ = model_;
    } else {
      ASSERT_TRUE(rig_.try_write(*batch_));
      ASSERT_TRUE(rig_.store().flushed(std::move(*batch_), rig_.db().begin_read()));
      batch_.reset();
      durable_model_ = flushed_model_;
    }
  }

  void hold_or_drop_view() {
    if (rng_.one_in(2) || held_.empty()) {
      held_.push_back({rig_.view(), model_});
    } else {
      held_.erase(held_.begin() + static_cast<std::ptrdiff_t>(rng_.below(held_.size())));
      rig_.views().reclaim();
    }
  }

  // Killed: the last finished flush is what there is.
  void restart() {
    held_.clear();
    batch_.reset();
    rig_.restart();
    model_ = durable_model_;
    check_leases();
  }

  void check_leases() {
    std::map<std::string, std::int64_t> leases;
    for (const LeaseAttachment& one : rig_.store().take_restored_leases())
      leases[std::string(one.key)] = one.lease.value;
    std::map<std::string, std::int64_t> expected;
    for (const auto& [key, kv] : model_.state(model_.revision)) {
      if (kv.lease != 0) expected[key] = kv.lease;
    }
    ASSERT_EQ(leases, expected);
  }

  void check_range(const ReadView& view, const ModelStore& model) {
    const std::string key = random_key();
    const std::string end = random_end();
    const auto some_revision = [&] {
      return Revision(
          rng_.one_in(2) ? 0 : static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(model.revision) + 3)));
    };
    RangeOptions options{.key = key, .range_end = end};
    options.revision = some_revision();
    if (rng_.one_in(2)) options.limit = static_cast<std::int64_t>(rng_.below(20));
    options.sort_order = static_cast<SortOrder>(rng_.below(3));
    options.sort_target = static_cast<SortTarget>(rng_.below(5));
    options.keys_only = rng_.one_in(3);
    options.count_only = rng_.one_in(6);
    if (rng_.one_in(4)) options.min_mod_revision = some_revision();
    if (rng_.one_in(4)) options.max_mod_revision = some_revision();
    if (rng_.one_in(4)) options.min_create_revision = some_revision();
    if (rng_.one_in(4)) options.max_create_revision = some_revision();
    compare(range(view, options), model.range(options));
  }

  static void compare(const Result<RangeResult>& result, const ModelRange& expected) {
    ASSERT_EQ(result.has_value(), !expected.error.has_value());
    if (!result) {
      ASSERT_EQ(result.error().code, *expected.error);
      return;
    }
    ASSERT_EQ(std::vector<std::string>(result->kvs.begin(), result->kvs.end()), expected.kvs);
    ASSERT_EQ(result->count, expected.count);
    ASSERT_EQ(result->more, expected.more);
  }

  void check_view(Held& held) {
    ASSERT_EQ(held.view->revision().value, held.model.revision);
    ASSERT_EQ(held.view->compact_revision().value, held.model.compact_revision);
    for (int i = 0; i < 5; ++i) check_range(*held.view, held.model);
    check_changes(held);
  }

  // From the compact revision on nothing may be missing.
  void check_changes(const Held& held) {
    const std::int64_t lowest = std::max<std::int64_t>(held.model.compact_revision, 0);
    const std::int64_t from =
        lowest + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(held.model.revision - lowest) + 1));
    const std::int64_t to = from + static_cast<std::int64_t>(rng_.below(30));
    std::vector<std::pair<ChangeId, std::string>> expected;
    for (const ModelChange& change : held.model.changes) {
      const std::int64_t main = change.id.revision.main.value;
      const bool gone = main == held.model.compact_revision;
      if (main >= from && main <= to && !gone) expected.emplace_back(change.id, change.kv.encoded());
    }
    std::vector<std::pair<ChangeId, std::string>> seen;
    ChangesCursor cursor = changes(*held.view, Revision(from), Revision(to));
    while (const auto change = cursor.next()) {
      if (change->id.revision.main.value != held.model.compact_revision) seen.emplace_back(change->id, change->kv);
    }
    ASSERT_TRUE(cursor.status());
    ASSERT_EQ(seen, expected);
  }

  base::Rng rng_;
  StoreRig rig_;
  ModelStore model_;
  ModelStore flushed_model_;
  ModelStore durable_model_;
  std::optional<FlushBatch> batch_;  // under way
  std::vector<Held> held_;
};

TEST(StoreProperty, RandomHistoriesReadLikeTheModel) {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    for (int i = 0; i < 300; ++i) {
      story.step();
      if (i % 25 == 0) story.check_all();
      if (::testing::Test::HasFatalFailure()) return;
    }
    story.check_all();
    if (::testing::Test::HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace etcd::mvcc::testing
