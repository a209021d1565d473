#include "mvcc/compaction.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "bolt/schema.h"
#include "mvcc/changes.h"
#include "mvcc/hash.h"
#include "mvcc/testing/model_store.h"
#include "mvcc/testing/store_rig.h"

namespace etcd::mvcc::testing {
namespace {

using Records = std::vector<std::pair<ChangeId, std::string>>;

Records records_in(bolt::Db& db) {
  Records records;
  const bolt::ReadTx tx = db.begin_read();
  const auto keys = *tx.bucket(bolt::schema::kKey);
  bolt::Cursor cursor = keys->cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) {
    records.emplace_back(*parse_revision_key(cursor.key()), cursor.value());
  }
  return records;
}

Records kept_by(const ModelStore& model) {
  Records records;
  for (const ModelChange& change : model.kept()) records.emplace_back(change.id, change.kv.encoded());
  return records;
}

Records changes_in(const ReadView& view, std::int64_t from, std::int64_t to) {
  Records records;
  ChangesCursor cursor = changes(view, Revision(from), Revision(to));
  while (const auto change = cursor.next()) records.emplace_back(change->id, change->kv);
  EXPECT_TRUE(cursor.status());
  return records;
}

HashKv finish(KeySpaceHash hash) {
  for (;;) {
    const auto done = hash.step(7);
    if (!done) return ADD_FAILURE(), HashKv();
    if (*done) return hash.result();
  }
}

HashKv hash_of(StoreRig& rig, std::int64_t revision) {
  auto hash = KeySpaceHash::begin(rig.view(), Revision(revision));
  if (!hash) return ADD_FAILURE() << revision, HashKv();
  return finish(std::move(*hash));
}

// A record of the key bucket and a mark of the meta bucket, as other programs may have left them.
void write_record(bolt::Db& db, const ChangeId& change, std::string_view value) {
  auto tx = db.begin_write();
  ASSERT_TRUE((*tx->create_bucket_if_missing(bolt::schema::kKey))->put(RevisionKey(change).view(), value));
  ASSERT_TRUE(tx->commit());
}
void write_mark(bolt::Db& db, std::string_view name, std::int64_t revision) {
  auto tx = db.begin_write();
  ASSERT_TRUE((*tx->create_bucket_if_missing(bolt::schema::kMeta))
                  ->put(name, RevisionKey(RevisionPair{Revision(revision), 0}).view()));
  ASSERT_TRUE(tx->commit());
}

// A store and its model under random writes, with compactions that go on step by step.
class Story {
 public:
  explicit Story(std::uint64_t seed)
      : rng_(seed), options_{.compaction_deletes_per_flush = 1 + rng_.below(12)}, rig_(options_) {}

  void write() {
    const std::string key = "k" + std::to_string(rng_.below(15));
    WriteTxn txn = rig_.store().begin();
    if (rng_.one_in(3)) {
      const std::string end = rng_.one_in(5) ? std::string(1, '\0') : std::string();
      txn.delete_range(key, end);
      model_.erase(key, end);
    } else {
      txn.put(key, std::to_string(model_.revision), LeaseId(0));
      model_.put(key, std::to_string(model_.revision), 0);
    }
    txn.commit();
    model_.commit();
  }

  void compact() {
    const std::int64_t at = model_.revision - static_cast<std::int64_t>(rng_.below(6));
    ASSERT_EQ(rig_.store().compact(Revision(at)).has_value(), !model_.compact(at).has_value());
  }

  void step() { rig_.store().step_compaction(1 + rng_.below(20)); }

  // After each flush the power may go: what then starts must be the store as it was flushed, and end its compaction as
  // this one does.
  void flush_and_crash() {
    if (!rig_.flush()) return;
    StoreRig after(options_, rig_.disk().after_crash(base::lose_all()));
    check(after);
    after.finish_compaction();
    check(after);
    ASSERT_EQ(records_in(after.db()), kept_by(model_));
    ASSERT_EQ(after.store().compaction().finished.value, model_.compact_revision);
    after.restart();
    check(after);
  }

  void finish() {
    rig_.finish_compaction();
    ASSERT_EQ(records_in(rig_.db()), kept_by(model_));
  }

 private:
  void check(StoreRig& rig) {
    ASSERT_EQ(rig.store().index().check(), std::vector<std::string>());
    ASSERT_EQ(rig.store().revision().value, model_.revision);
    ASSERT_EQ(rig.store().compact_revision().value, model_.compact_revision);
    const std::int64_t lowest = std::max<std::int64_t>(model_.compact_revision, 1);
    for (std::int64_t at = lowest; at <= model_.revision; at += 1 + static_cast<std::int64_t>(rng_.below(4))) {
      RangeOptions options{.key = "k", .range_end = std::string_view("\0", 1)};
      options.revision = Revision(at);
      const auto result = range(*rig.view(), options);
      ASSERT_TRUE(result);
      ASSERT_EQ(std::vector<std::string>(result->kvs.begin(), result->kvs.end()), model_.range(options).kvs);
      ASSERT_EQ(hash_of(rig, at).hash, hash_of(rig_, at).hash) << at;
    }
    check_changes(rig, lowest);
  }

  // A watcher may start at the compact revision itself.
  void check_changes(StoreRig& rig, std::int64_t lowest) {
    Records expected;
    for (const ModelChange& change : model_.kept()) {
      if (change.id.revision.main.value >= lowest) expected.emplace_back(change.id, change.kv.encoded());
    }
    ASSERT_EQ(changes_in(*rig.view(), lowest, model_.revision), expected);
  }

  base::Rng rng_;
  StoreOptions options_;
  StoreRig rig_;
  ModelStore model_;
};

TEST(Compaction, AViewSaysFromWhereOnNothingIsTakenAway) {
  StoreRig rig;
  for (const char* value : {"2", "3", "4", "5"}) rig.put("k", value);
  rig.flush();
  ASSERT_TRUE(rig.store().compact(Revision(4)));
  EXPECT_LT(rig.view()->complete_from(), Revision(2));  // all is still there
  EXPECT_EQ(changes_in(*rig.view(), 2, 5).size(), 4U);
  rig.finish_compaction();
  EXPECT_EQ(rig.view()->complete_from(), Revision(4));
  EXPECT_EQ(changes_in(*rig.view(), 2, 5).size(), 2U);
  rig.restart();
  EXPECT_EQ(rig.view()->complete_from(), Revision(4));
}

TEST(Compaction, AStopAfterAnyFlushResumesAndEndsInTheSameDb) {
  for (std::uint64_t seed = 1; seed <= 12; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    Story story(seed);
    base::Rng rng(seed);
    for (int i = 0; i < 150; ++i) {
      story.write();
      if (rng.one_in(12)) story.compact();
      if (rng.one_in(2)) story.step();
      if (rng.one_in(5)) story.flush_and_crash();
      if (::testing::Test::HasFatalFailure()) return;
    }
    story.finish();
  }
}

TEST(Compaction, TheHashOfARevisionIsTheSameBeforeDuringAndAfterTheRemoval) {
  StoreRig rig({.compaction_deletes_per_flush = 1});
  for (int i = 0; i < 40; ++i)
    i % 5 == 4 ? rig.erase("k" + std::to_string(i % 3)) : rig.put("k" + std::to_string(i % 3), "v");
  rig.flush();
  ASSERT_TRUE(rig.store().compact(Revision(30)));
  const std::uint32_t hash = hash_of(rig, 35).hash;
  const std::uint32_t at_compacted = hash_of(rig, 30).hash;
  while (rig.store().step_compaction(1) || rig.flush()) {
    ASSERT_EQ(hash_of(rig, 35).hash, hash);
    ASSERT_EQ(hash_of(rig, 30).hash, at_compacted);
  }
  rig.restart();
  EXPECT_EQ(hash_of(rig, 35).hash, hash);
  EXPECT_EQ(hash_of(rig, 30).hash, at_compacted);
}

// At each revision: the key space may be hashed before a compaction there, or the compaction be asked for its hash. Both know the other's.
TEST(Compaction, BothHashesOfARevisionAreKnownWhicheverIsMade) {
  int different = 0;
  for (std::int64_t at = 6; at <= 14; ++at) {
    StoreRig rig;
    for (int i = 0; i < 14; ++i) i % 4 == 3 ? rig.erase("k") : rig.put("k", "v");
    ASSERT_TRUE(rig.store().compact(Revision(4)));
    const HashKv of_keys = hash_of(rig, at);
    ASSERT_TRUE(rig.store().compact(Revision(at)));
    const HashKv of_compaction = finish(KeySpaceHash::of_compaction(rig.view(), Revision(at), Revision(4)));
    EXPECT_EQ(of_keys.compact_revision, of_compaction.compact_revision);
    EXPECT_EQ(of_keys.hash, of_compaction.other_hash) << at;
    EXPECT_EQ(of_keys.other_hash, of_compaction.hash) << at;
    different += of_keys.hash == of_compaction.hash ? 0 : 1;
  }
  EXPECT_EQ(different, 2);  // where the only key is deleted
}

TEST(Compaction, ADeletionAtTheCompactedRevisionIsKeptForWatchers) {
  StoreRig rig;
  rig.put("a", "1");
  rig.erase("a");  // revision 3
  rig.put("b", "1");
  ASSERT_TRUE(rig.store().compact(Revision(3)));
  rig.finish_compaction();
  rig.restart();
  const Records seen = changes_in(*rig.view(), 3, 4);
  ASSERT_EQ(seen.size(), 2u);
  EXPECT_EQ(seen[0].first, (ChangeId{{Revision(3), 0}, true}));
  ASSERT_TRUE(rig.store().compact(Revision(4)));
  rig.finish_compaction();
  EXPECT_EQ(records_in(rig.db()).size(), 1u);
}

TEST(Compaction, TheRevisionStaysWhenTheNewestChangesWereAllCompactedAway) {
  StoreRig rig;
  rig.put("a", "1");
  rig.erase("a");
  rig.put("b", "1");
  rig.erase("b");  // revision 5
  rig.put("c", "1");
  rig.erase("c");  // revision 7
  ASSERT_TRUE(rig.store().compact(Revision(7)));
  rig.finish_compaction();
  rig.restart();
  EXPECT_EQ(rig.store().revision(), Revision(7));
  EXPECT_EQ(rig.store().compact_revision(), Revision(7));
}

TEST(Compaction, ADbWithoutRecordsWhoseCompactionDidNotGetItsFinishedMarkKeepsItsRevision) {
  StoreRig rig;
  write_mark(rig.db(), bolt::schema::kScheduledCompactRev, 20);
  write_mark(rig.db(), bolt::schema::kFinishedCompactRev, 10);
  rig.restart();
  EXPECT_EQ(rig.store().revision(), Revision(20));
  EXPECT_EQ(rig.store().compact_revision(), Revision(20));
  EXPECT_EQ(rig.store().compaction().finished, Revision(10));
  rig.finish_compaction();
  EXPECT_EQ(rig.store().compaction().finished, Revision(20));
  EXPECT_EQ(rig.put("a", "1"), Revision(21));
}

TEST(Compaction, ARestoreThatBumpedTheRevisionLeavesARecordWithoutAKey) {
  StoreRig rig;
  rig.put("a", "1");
  rig.flush();
  write_record(rig.db(), {{Revision(1'000'000'002), 0}, false}, "");
  write_mark(rig.db(), bolt::schema::kScheduledCompactRev, 1'000'000'002);
  rig.restart();
  EXPECT_EQ(rig.store().revision(), Revision(1'000'000'002));
  EXPECT_EQ(rig.store().compact_revision(), Revision(1'000'000'002));
  RangeOptions options{.key = std::string_view("\0", 1), .range_end = std::string_view("\0", 1)};
  EXPECT_EQ(range(*rig.view(), options)->count, 1);
  rig.finish_compaction();
  rig.put("b", "2");
  rig.flush();
  rig.restart();
  EXPECT_EQ(range(*rig.view(), options)->count, 2);
  EXPECT_EQ(rig.store().revision(), Revision(1'000'000'003));
}

TEST(Compaction, ADeletionOfWhatIsDeletedGoesWithTheNextCompactionAboveIt) {
  StoreRig rig;
  rig.put("a", "1");
  rig.erase("a");
  rig.flush();
  write_record(rig.db(), {{Revision(4), 0}, true}, encode({.key = "a"}));
  rig.restart();
  rig.put("b", "1");
  ASSERT_TRUE(rig.store().compact(Revision(5)));
  rig.finish_compaction();
  const Records left = records_in(rig.db());
  ASSERT_EQ(left.size(), 1u);
  EXPECT_EQ(left[0].first.revision.main, Revision(5));
}

TEST(Compaction, OnesThatComeWhileOneRunsAreDoneAfterItTogether) {
  StoreRig rig({.compaction_deletes_per_flush = 3});
  for (int i = 0; i < 30; ++i) rig.put("a", std::to_string(i));
  ASSERT_TRUE(rig.store().compact(Revision(10)));
  rig.store().step_compaction(1000);
  rig.flush();
  ASSERT_TRUE(rig.store().compact(Revision(15)));
  ASSERT_TRUE(rig.store().compact(Revision(20)));
  rig.store().step_compaction(1000);
  EXPECT_EQ(rig.store().compaction().finished, Revision(-1));
  rig.flush();
  rig.flush();
  EXPECT_EQ(rig.store().compaction().finished, Revision(10));
  rig.finish_compaction();
  EXPECT_EQ(rig.store().compaction().finished, Revision(20));
  EXPECT_EQ(rig.store().compaction().deleted, 10u);
  EXPECT_EQ(records_in(rig.db()).size(), 12u);
}

TEST(Compaction, ShowsAtOnceAndIsRefusedTwiceOrInTheFuture) {
  StoreRig rig;
  rig.put("a", "1");
  rig.put("a", "2");
  ASSERT_TRUE(rig.store().compact(Revision(3)));
  EXPECT_EQ(rig.view()->compact_revision(), Revision(3));
  EXPECT_EQ(rig.store().compact(Revision(3)).error().code, Errc::kCompacted);
  EXPECT_EQ(rig.store().compact(Revision(2)).error().code, Errc::kCompacted);
  EXPECT_EQ(rig.store().compact(Revision(4)).error().code, Errc::kFutureRevision);
}

}  // namespace
}  // namespace etcd::mvcc::testing
