#include "apply/state_machine.h"

#include <gtest/gtest.h>

#include <map>

#include "apply/db_meta.h"
#include "apply/testing/encode.h"
#include "apply/testing/replica.h"

namespace etcd::apply {
namespace {

using testing::Buckets;
using testing::read_buckets;
using testing::Replica;
using testing::small_db;

std::string put(std::string_view key, std::string_view value) {
  PutRequest request;
  request.key = key;
  request.value = value;
  return encode_internal(1, RequestKind::kPut, testing::encode(request));
}

std::string refused_put() {
  PutRequest request;
  request.key = "x";
  request.lease = LeaseId(99);
  return encode_internal(1, RequestKind::kPut, testing::encode(request));
}

TEST(StateMachine, AFreshDbIsSmallAndHasEveryBucket) {
  Replica replica;
  EXPECT_TRUE(replica.machine().needs_flush());
  replica.settle();
  EXPECT_EQ(read_buckets(replica.db().begin_read()).size(), std::size(bolt::schema::kAll));
  // etcd's tests set a quota of 13 pages.
  EXPECT_LT(replica.db().size_bytes(), 13u * 4096 / 2);
}

TEST(StateMachine, TheIndexMovesForFailedRequestsToo) {
  Replica replica;
  const auto applied = replica.apply_normal(refused_put());
  ASSERT_TRUE(applied);
  EXPECT_EQ(applied->reply->response.error().code, Errc::kLeaseNotFound);
  EXPECT_EQ(replica.machine().applied(), LogIndex(1));
  EXPECT_TRUE(replica.machine().needs_flush());
  replica.settle();
  EXPECT_EQ(read_db_meta(replica.db().begin_read())->index, LogIndex(1));
}

TEST(StateMachine, ARequestIsNamedAndItsOutcomeTold) {
  Replica replica;
  const auto done = replica.apply_normal(put("k", "v"));
  EXPECT_EQ(done->operation, "Put");
  EXPECT_TRUE(done->succeeded);
  const auto refused = replica.apply_normal(refused_put());
  EXPECT_EQ(refused->operation, "Put");
  EXPECT_FALSE(refused->succeeded);
  EXPECT_TRUE(replica.apply_normal("")->operation.empty());
}

TEST(StateMachine, AnEntryIsAppliedOnce) {
  Replica replica;
  const raft::Entry entry = replica.next_entry(raft::EntryType::kNormal, put("k", "v"));
  ASSERT_TRUE(replica.apply(entry)->reply);
  const auto again = replica.machine().apply(entry, {.wants_reply = true, .now_ns = 0});
  ASSERT_TRUE(again);
  EXPECT_FALSE(again->reply);
  EXPECT_EQ(replica.machine().store().revision(), Revision(2));
}

TEST(StateMachine, OperationsAreCountedAsEtcdCountsThem) {
  Replica replica;
  const auto counts_of = [&](RequestKind kind, const std::string& request) {
    (void)replica.machine().take_counts();
    EXPECT_TRUE(replica.request(kind, request));
    return replica.machine().take_counts();
  };
  PutRequest plain;
  plain.key = "key";
  plain.value = "value";
  EXPECT_EQ(counts_of(RequestKind::kPut, testing::encode(plain)), (OperationCounts{.puts = 1, .put_bytes = 8}));
  PutRequest keeping;
  keeping.key = "key";
  keeping.ignore_value = true;
  EXPECT_EQ(counts_of(RequestKind::kPut, testing::encode(keeping)),
            (OperationCounts{.ranges = 1, .puts = 1, .transactions = 1, .put_bytes = 8}));
  DeleteRangeRequest nothing;
  nothing.key = "none";
  EXPECT_EQ(counts_of(RequestKind::kDeleteRange, testing::encode(nothing)), (OperationCounts{.deletes = 1}));
  nothing.prev_kv = true;
  EXPECT_EQ(counts_of(RequestKind::kDeleteRange, testing::encode(nothing)),
            (OperationCounts{.ranges = 1, .deletes = 1, .transactions = 1}));

  // A compare alone and a put alone are one operation each, of two transactions.
  Compare exists;
  exists.key = "key";
  exists.target = CompareTarget::kVersion;
  exists.result = CompareResult::kGreater;
  testing::TxnBuilder guarded;
  guarded.compare(exists).success(plain);
  EXPECT_EQ(counts_of(RequestKind::kTxn, guarded.bytes()), (OperationCounts{.ranges = 1, .puts = 1, .put_bytes = 8}));
  // The look at the previous value counts when it is checked and when it is done.
  EXPECT_EQ(counts_of(RequestKind::kTxn, testing::TxnBuilder().compare(exists).success(keeping).bytes()),
            (OperationCounts{.ranges = 3, .puts = 1, .transactions = 2, .put_bytes = 8}));
  // Compares end with the first that does not hold.
  exists.result = CompareResult::kLess;
  EXPECT_EQ(counts_of(RequestKind::kTxn, testing::TxnBuilder().compare(exists).compare(exists).failure(nothing).bytes()),
            (OperationCounts{.ranges = 2, .deletes = 1, .transactions = 1}));
}

TEST(StateMachine, AGapInTheLogIsABrokenInvariant) {
  Replica replica;
  raft::Entry entry = replica.next_entry(raft::EntryType::kNormal, put("k", "v"));
  entry.index = LogIndex(2);
  EXPECT_DEATH((void)replica.machine().apply(entry, {}), "entry.index == state_.applied.next()");
}

TEST(StateMachine, WhatItCannotApplyChangesNothing) {
  Replica replica;
  raft::Entry v2 = replica.next_entry(raft::EntryType::kConfChangeV2, "");
  EXPECT_EQ(replica.machine().apply(v2, {}).error().code, Errc::kUnsupported);
  EXPECT_EQ(replica.machine().apply(replica.next_entry(raft::EntryType::kNormal, "\xff"), {}).error().code,
            Errc::kCorrupt);
  EXPECT_EQ(replica.machine().apply(replica.next_entry(raft::EntryType::kConfChange, "\xff"), {}).error().code,
            Errc::kCorrupt);
  for (const std::string& unreadable : {encode_internal(1, RequestKind::kClusterVersionSet, encode_cluster_version_set("new")),
                                        encode_internal(1, RequestKind::kDowngradeInfoSet, encode_downgrade_info_set(true, "old"))}) {
    const raft::Entry entry = replica.next_entry(raft::EntryType::kNormal, unreadable);
    EXPECT_EQ(replica.machine().apply(entry, {}).error().code, Errc::kCorrupt);
  }
  EXPECT_EQ(replica.machine().applied(), LogIndex(0));
}

TEST(StateMachine, ReadersSeeABatchWhenItIsPublished) {
  Replica replica;
  replica.apply_normal(put("k", "v")).value();
  EXPECT_EQ(replica.machine().views().acquire()->revision(), Revision(1));
  EXPECT_EQ(replica.machine().publish()->revision(), Revision(2));
  const auto committed = replica.machine().take_committed();
  EXPECT_EQ(committed.after, Revision(1));
  EXPECT_EQ(committed.last, Revision(2));
  EXPECT_EQ(replica.machine().take_committed().after, Revision(2));
}

TEST(StateMachine, HeadersNameClusterMemberRevisionAndTerm) {
  Replica replica;
  replica.apply_normal(put("k", "v")).value();
  const ResponseHeader header = replica.machine().header();
  EXPECT_EQ(header.cluster, ClusterId(0xc1));
  EXPECT_EQ(header.member, MemberId(1));
  EXPECT_EQ(header.revision, Revision(2));
  EXPECT_EQ(header.term, Term(2));
}

TEST(StateMachine, AReplyIsBuiltOnlyForThoseWhoWait) {
  Replica replica;
  EXPECT_FALSE(replica.apply_normal(put("k", "v"), {.wants_reply = false, .now_ns = 0})->reply);
  EXPECT_EQ(replica.machine().store().revision(), Revision(2));
}

TEST(StateMachine, TheStorageVersionIsStoredWithTheNextFlush) {
  Replica replica;
  replica.settle();
  EXPECT_FALSE(replica.machine().storage_version());
  replica.machine().set_storage_version({3, 7, 0});
  EXPECT_TRUE(replica.machine().needs_flush());
  replica.settle();
  EXPECT_EQ(replica.buckets()["meta"]["storageVersion"], "3.7.0");
  replica.restart();
  EXPECT_EQ(replica.machine().storage_version(), (cluster::Version{3, 7, 0}));
  replica.machine().set_storage_version({3, 5, 0});
  replica.settle();
  EXPECT_EQ(replica.buckets()["meta"].count("storageVersion"), 0u);
}

TEST(StateMachine, AFlushCarriesWhatWasAppliedBeforeTheCutAndNothingAfter) {
  Replica replica;
  replica.apply_normal(put("a", "1")).value();
  Flush flush = replica.machine().take_flush();
  replica.apply_normal(put("b", "2")).value();
  ASSERT_TRUE(replica.write(flush));
  EXPECT_EQ(read_db_meta(replica.db().begin_read())->index, LogIndex(1));
  EXPECT_EQ(read_buckets(replica.db().begin_read())["key"].size(), 1u);
  ASSERT_TRUE(replica.machine().flushed(std::move(flush), replica.db().begin_read(), 0));
  EXPECT_TRUE(replica.machine().needs_flush());
}

TEST(StateMachine, NothingIsLeftToFlushOnceAllIsFlushed) {
  Replica replica;
  replica.apply_normal(put("a", "1")).value();
  replica.settle();
  EXPECT_FALSE(replica.machine().needs_flush());
  EXPECT_EQ(replica.machine().unflushed_bytes(), 0u);
}

// A view on an old version would keep that version's pages from being used again.
TEST(StateMachine, ChangesOfOtherBucketsAloneDoNotMakeTheFileGrow) {
  Replica replica;
  replica.settle();
  const auto size_after = [&](int rounds) {
    for (int i = 0; i < rounds; ++i) {
      const std::string lease =
          i % 2 == 0 ? encode_internal(1, RequestKind::kLeaseGrant, testing::encode(LeaseGrantRequest{60, LeaseId(1)}))
                     : encode_internal(1, RequestKind::kLeaseRevoke, encode_lease_revoke(LeaseId(1)));
      EXPECT_TRUE(replica.apply_normal(lease));
      replica.flush();
    }
    return replica.db().size_bytes();
  };
  const std::uint64_t settled = size_after(20);
  EXPECT_EQ(size_after(200), settled);
}

TEST(StateMachine, FutureStorageVersionsAreRefusedAtOpen) {
  struct Case {
    std::string_view bucket, key, value;
  };
  for (const Case& refused : {Case{bolt::schema::kMeta, bolt::schema::kStorageVersion, "3.8.0"},
                              Case{bolt::schema::kMeta, bolt::schema::kStorageVersion, "3.4.0"},
                              Case{bolt::schema::kCluster, bolt::schema::kClusterVersion, "3.8.0"}}) {
    Replica replica;
    replica.settle();
    auto tx = replica.db().begin_write();
    ASSERT_TRUE(tx && (*tx->bucket(refused.bucket))->put(refused.key, refused.value) && tx->commit());
    const auto opened = StateMachine::open(replica.db().begin_read(), testing::test_options());
    ASSERT_FALSE(opened) << refused.value;
    EXPECT_EQ(opened.error().code, Errc::kUnsupported);
  }
}

TEST(StateMachine, DamagedRecordsAreCorrupt) {
  struct Case {
    std::string_view bucket, key, value;
  };
  for (const Case& damage :
       {Case{bolt::schema::kMeta, bolt::schema::kConsistentIndex, "short"}, Case{bolt::schema::kLease, "short", "x"},
        Case{bolt::schema::kMembers, "1", "{"}, Case{bolt::schema::kAlarm, "\xff", ""},
        Case{bolt::schema::kKey, "not a revision", ""}, Case{bolt::schema::kCluster, bolt::schema::kDowngrade, "[]"}}) {
    Replica replica;
    replica.settle();
    auto tx = replica.db().begin_write();
    ASSERT_TRUE(tx && (*tx->bucket(damage.bucket))->put(damage.key, damage.value) && tx->commit());
    const auto opened = StateMachine::open(replica.db().begin_read(), testing::test_options());
    ASSERT_FALSE(opened) << damage.bucket;
    EXPECT_EQ(opened.error().code, Errc::kCorrupt);
  }
}

// Etcd's worst data loss came from an index that was durable before what it stood for. Whatever a power cut leaves of a
// flush, the db holds the state of exactly the index that it names.
TEST(StateMachine, StateAndIndexAreOnDiskTogetherWhereverTheFlushIsCut) {
  std::map<LogIndex, Buckets> states;  // as each flush leaves the db
  const auto run = [&](std::uint64_t power_lost_at) -> std::unique_ptr<base::CrashFs> {
    auto disk = std::make_unique<base::CrashFs>();
    base::CrashFs& fs = *disk;
    Replica replica(testing::test_options(), std::move(disk));
    replica.settle();
    fs.sync_all();
    states[LogIndex(0)] = read_buckets(replica.db().begin_read());
    fs.lose_power_at(fs.operations() + power_lost_at);
    for (int i = 0; i < 6; ++i) {
      EXPECT_TRUE(replica.apply_normal(put("k" + std::to_string(i), std::string(300, 'v'))));
      EXPECT_TRUE(replica.apply_normal(refused_put()));
      EXPECT_TRUE(replica.apply_normal(
          encode_internal(1, RequestKind::kLeaseGrant, testing::encode(LeaseGrantRequest{60, LeaseId(i + 1)}))));
      Flush flush = replica.machine().take_flush();
      if (!replica.write(flush)) {
        EXPECT_TRUE(replica.machine().flushed(std::move(flush), replica.db().begin_read(), 0));
        return replica.take_disk();
      }
      EXPECT_TRUE(replica.machine().flushed(std::move(flush), replica.db().begin_read(), 0));
      states[replica.machine().applied()] = read_buckets(replica.db().begin_read());
    }
    return nullptr;
  };
  ASSERT_EQ(run(UINT64_MAX / 2), nullptr);
  const std::size_t flushes = states.size();
  int crashes = 0;
  for (std::uint64_t at = 1;; ++at) {
    const auto disk = run(at);
    if (!disk) break;
    base::every_crash(*disk, 20, [&](base::CrashFs& after) {
      ++crashes;
      auto db = bolt::Db::open(after, "/db", small_db());
      ASSERT_TRUE(db) << describe(db.error());
      const LogIndex index = read_db_meta((*db)->begin_read())->index;
      ASSERT_EQ(states.count(index), 1u) << index;
      EXPECT_EQ(read_buckets((*db)->begin_read()), states[index]);
    });
  }
  EXPECT_EQ(states.size(), flushes);
  EXPECT_GT(crashes, 20);
}

TEST(ConfStateJson, IsWrittenAsGoWritesIt) {
  raft::ConfState state;
  state.voters = {MemberId(1), MemberId(UINT64_MAX)};
  EXPECT_EQ(conf_state_json(state), R"({"voters":[1,18446744073709551615],"auto_leave":false})");
  state.learners = {MemberId(99)};
  EXPECT_EQ(conf_state_json(state), R"({"voters":[1,18446744073709551615],"learners":[99],"auto_leave":false})");
}

}  // namespace
}  // namespace etcd::apply
