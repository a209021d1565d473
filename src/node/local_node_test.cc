#include "node/local_node.h"

#include <gtest/gtest.h>

#include <map>

#include "node/testing/single_node.h"

namespace etcd::node::testing {
namespace {

constexpr std::int64_t kSecond = 1'000'000'000;

std::unique_ptr<SingleNode> start(base::CrashFs& disk, const SingleNode::Options& options = {}) {
  auto node = SingleNode::open(disk, options);
  EXPECT_TRUE(node) << node.error().detail;
  if (!node) return nullptr;
  EXPECT_TRUE((*node)->wait_ready());
  return std::move(*node);
}

TEST(LocalNode, AFreshNodeServesAndAnswersWhatWasPut) {
  base::CrashFs disk;
  auto node = start(disk);
  EXPECT_EQ(node->revision(), Revision(1));
  EXPECT_TRUE(node->put_now("a", "1"));
  EXPECT_EQ(node->get("a"), "1");
  EXPECT_EQ(node->revision(), Revision(2));
  EXPECT_TRUE(node->node().view_is_linearizable());
}

TEST(LocalNode, AMemberThatIsReadySaysItsStorageVersion) {
  base::CrashFs disk;
  auto node = start(disk);
  EXPECT_EQ(node->node().cluster()->cluster_version, "3.7.0");
  EXPECT_EQ(node->node().db_status().storage_version, "3.7.0");
}

TEST(LocalNode, AnAnswerComesOnlyAfterTheWalIsDurable) {
  base::CrashFs disk;
  auto node = start(disk);
  node->pass(kSecond);
  bool synced = false;
  bool acknowledged_early = false;
  std::shared_ptr<Outcome> outcome;
  disk.set_fault_rule([&](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == base::FileCall::kSyncData && operation.path.find("/wal/") != std::string_view::npos) synced = true;
    if (!synced && outcome && outcome->answered) acknowledged_early = true;
    return std::nullopt;
  });
  outcome = node->put("a", "1");
  node->settle();
  EXPECT_TRUE(outcome->ok());
  EXPECT_TRUE(synced);
  EXPECT_FALSE(acknowledged_early);
}

TEST(LocalNode, WhatWasAcknowledgedSurvivesACrashBeforeTheDbHasIt) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond});
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i % 7), std::to_string(i)));
  const Revision revision = node->revision();
  node.reset();
  disk.crash(base::lose_all());
  auto again = start(disk);
  EXPECT_EQ(again->revision(), revision);
  for (int i = 43; i < 50; ++i) EXPECT_EQ(again->get("key" + std::to_string(i % 7)), std::to_string(i));
}

TEST(LocalNode, AnOrderlyEndLeavesEverythingInTheDb) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond});
  EXPECT_TRUE(node->put_now("a", "1"));
  node->node().stop_waiting();
  node->node().close();
  node.reset();
  auto again = SingleNode::open(disk, {});
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->get("a"), "1");  // before a single entry was applied
}

TEST(LocalNode, ARequestOverTheLimitIsRefusedBeforeItEnters) {
  base::CrashFs disk;
  auto node = start(disk, {.max_request_bytes = 1000});
  auto outcome = node->put("a", std::string(1000, 'x'));
  ASSERT_TRUE(outcome->answered);
  EXPECT_EQ(outcome->response.error().code, Errc::kRequestTooLarge);
  EXPECT_TRUE(node->put_now("a", std::string(900, 'x')));
}

TEST(LocalNode, ProposalsAreRefusedWhileTheDbIsFarBehindAndNothingIsLost) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond, .max_tail_bytes = 10'000});
  int acknowledged = 0;
  std::shared_ptr<Outcome> outcome;
  for (int i = 0; i < 100; ++i) {
    outcome = node->put("key" + std::to_string(i), std::string(1000, 'x'));
    node->settle();
    if (!outcome->ok()) break;
    ++acknowledged;
  }
  EXPECT_EQ(outcome->response.error().code, Errc::kTooManyRequests);
  EXPECT_GT(acknowledged, 5);
  node->pass(1001 * kSecond);
  EXPECT_TRUE(node->put_now("later", "1"));
  for (int i = 0; i < acknowledged; ++i) EXPECT_TRUE(node->get("key" + std::to_string(i)));
}

TEST(LocalNode, StoppingEndsEveryWait) {
  base::CrashFs disk;
  auto node = start(disk);
  auto outcome = node->put("a", "1");  // never handed to the replica
  Status barrier;
  node->node().read_barrier(0, [&](Status status) { barrier = std::move(status); });
  node->node().stop_waiting();
  ASSERT_FALSE(barrier);
  EXPECT_EQ(barrier.error().code, Errc::kStopped);
  node->settle();
  ASSERT_TRUE(outcome->answered);
  EXPECT_EQ(outcome->response.error().code, Errc::kStopped);
}

TEST(LocalNode, ADefragmentLeavesEveryAnswerAsItWas) {
  base::CrashFs disk;
  auto node = start(disk);
  for (int i = 0; i < 200; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i % 20), std::string(500, 'x') + std::to_string(i)));
  node->pass(kSecond);
  const auto compacted = node->compact(Revision(190));
  node->pass(5 * kSecond);
  ASSERT_TRUE(compacted->ok());
  const std::int64_t before = node->node().db_status().size;
  Status defragmented = fail(Errc::kUnknownOutcome);
  node->node().defragment([&](Status status) { defragmented = std::move(status); });
  EXPECT_TRUE(node->put_now("during", "1"));
  node->pass(kSecond);
  ASSERT_TRUE(defragmented) << defragmented.error().detail;
  EXPECT_LT(node->node().db_status().size, before);
  EXPECT_TRUE(node->put_now("after", "1"));
  node.reset();
  disk.crash(base::lose_all());
  auto again = start(disk);
  EXPECT_EQ(again->get("during"), "1");
  EXPECT_EQ(again->get("after"), "1");
  EXPECT_EQ(again->get("key5"), std::string(500, 'x') + "185");
}

TEST(LocalNode, TheFreePagesAreFoundBeforeTheFirstFlush) {
  base::CrashFs disk;
  auto node = start(disk);
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i), std::string(1000, 'x')));
  node->compact(node->revision());
  node->pass(kSecond);
  node->node().stop_waiting();
  node->node().close();
  node.reset();
  auto again = SingleNode::open(disk, {});
  ASSERT_TRUE(again);
  LocalNode& opened = (*again)->node();
  EXPECT_EQ(opened.db_status().in_use, opened.db_status().size) << "not known yet";
  opened.step_flush();
  EXPECT_LT(opened.db_status().in_use, opened.db_status().size);
}

TEST(LocalNode, AViewThatIsLetGoIsFreedThoughNothingNewIsPublished) {
  base::CrashFs disk;
  auto node = start(disk);
  mvcc::ReadViewRef held = node->node().view();
  EXPECT_TRUE(node->put_now("a", "1"));
  node->pass(20 * kSecond);  // whatever a member does after its start is done
  EXPECT_EQ(node->node().db_status().open_reads, 2U);
  held = {};
  node->pass(kSecond / 10);
  EXPECT_EQ(node->node().db_status().open_reads, 1U);
}

TEST(LocalNode, TheRaftSnapshotLetsOldSegmentsGoAndARestartBeginsThere) {
  base::CrashFs disk;
  auto node = start(disk, {.snapshot_count = 20});
  for (int i = 0; i < 200; ++i) {
    EXPECT_TRUE(node->put_now("key" + std::to_string(i), "x"));
    node->pass(kSecond / 10);
  }
  const Revision revision = node->revision();
  node.reset();
  disk.crash(base::lose_all());
  auto newest = wal::newest_snapshot(disk, "/one.etcd/member/wal");
  ASSERT_TRUE(newest);
  EXPECT_GT(newest->index, LogIndex(150));
  EXPECT_EQ(start(disk)->revision(), revision);
}

HashKvResult hash_kv(SingleNode& node, std::int64_t revision) {
  HashKvResult answer;
  node.node().hash_kv(Revision(revision), [&](Result<HashKvResult> hash) { answer = hash ? *hash : HashKvResult(); });
  node.settle();
  return answer;
}

TEST(LocalNode, WhoWaitsForACompactionIsAnsweredOnceItIsInTheDb) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond});
  // More keys than one step of background work looks at.
  for (int i = 0; i < 2'400; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i % 1'200), std::to_string(i)));
  const auto compacted = node->compact(Revision(2'400));
  node->settle();
  ASSERT_TRUE(compacted->ok());
  bool answered = false;
  node->node().wait_compaction([&](Status status) { answered = status.has_value(); });
  node->pass(kSecond);  // no flush is due for long
  EXPECT_TRUE(answered);
  // It is in the db: the next start has nothing left to remove.
  node.reset();
  disk.crash(base::lose_all());
  auto again = start(disk);
  again->pass(kSecond / 5);  // the first flush, of what the start itself has put into the log
  bool nothing_left = false;
  again->node().wait_compaction([&](Status) { nothing_left = true; });
  again->settle();
  EXPECT_TRUE(nothing_left);
}

TEST(LocalNode, ACompactionLeavesItsHashWithTheCompactRevisionBeforeIt) {
  base::CrashFs disk;
  auto node = start(disk);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i % 3), std::to_string(i)));
  const std::uint32_t before = hash_kv(*node, 8).hash;
  node->compact(Revision(8));
  node->pass(kSecond);
  EXPECT_EQ(hash_kv(*node, 8).hash, before);
  EXPECT_EQ(hash_kv(*node, 8).compact_revision, Revision(-1));
  node->compact(Revision(12));
  node->pass(kSecond);
  EXPECT_EQ(hash_kv(*node, 12).compact_revision, Revision(8));
  // Still there, though 8 can't be read any more.
  EXPECT_EQ(hash_kv(*node, 8).hash, before);
  EXPECT_EQ(hash_kv(*node, 8).current_revision, Revision(21));
  EXPECT_EQ(hash_kv(*node, 9).hash, 0u);
}

TEST(LocalNode, TheHashesOfTheTenNewestCompactionsAreKept) {
  base::CrashFs disk;
  auto node = start(disk);
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(node->put_now("a", std::to_string(i)));
  for (int at = 2; at <= 12; ++at) node->compact(Revision(at));
  node->pass(kSecond);
  EXPECT_EQ(hash_kv(*node, 2).hash, 0u);
  for (int at = 3; at <= 12; ++at) EXPECT_EQ(hash_kv(*node, at).compact_revision, Revision(at - 1)) << at;
}

TEST(LocalNode, ACompactionThatIsResumedLeavesNoHash) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond});
  // The clock stands, so of the keys only those of the first step are looked at.
  for (int i = 0; i < 1'200; ++i) EXPECT_TRUE(node->put_now("key" + std::to_string(i), std::to_string(i)));
  node->compact(Revision(8));
  node->settle();
  bool flushed = false;
  node->node().hash([&](Result<std::uint32_t> hash) { flushed = hash.has_value(); });
  node->settle();
  ASSERT_TRUE(flushed);
  node.reset();
  disk.crash(base::lose_all());
  auto again = start(disk, {.flush_interval_ns = 1000 * kSecond});
  EXPECT_EQ(hash_kv(*again, 8).compact_revision, Revision(8));
  again->compact(Revision(12));
  again->settle();
  EXPECT_EQ(hash_kv(*again, 12).compact_revision, Revision(8));
}

TEST(LocalNode, ACompactionThatIsAppliedAgainLeavesNoHash) {
  base::CrashFs disk;
  auto node = start(disk, {.flush_interval_ns = 1000 * kSecond});
  for (int i = 0; i < 20; ++i) EXPECT_TRUE(node->put_now("a", std::to_string(i)));
  node->compact(Revision(8));
  node->settle();
  EXPECT_EQ(hash_kv(*node, 8).compact_revision, Revision(-1));
  node.reset();
  disk.crash(base::lose_all());
  auto again = start(disk);
  EXPECT_EQ(hash_kv(*again, 8).compact_revision, Revision(8));
  again->compact(Revision(12));
  again->settle();
  EXPECT_EQ(hash_kv(*again, 12).compact_revision, Revision(8));
}

TEST(LocalNode, ADowngradeLowersTheClusterThenTheLogThenTheDbAndComesBackWhenCalledOff) {
  base::CrashFs disk;
  auto node = start(disk);
  EXPECT_TRUE(node->put_now("a", "1"));
  const auto enabled = node->propose(RequestKind::kDowngradeInfoSet, apply::encode_downgrade_info_set(true, "3.6.0"));
  bool db_went_first = false;
  for (int i = 0; i < 100; ++i) {
    node->pass(50'000'000);
    const bool log_is_clean = disk.list("/one.etcd/member/snap")->size() > 1;  // beside the db there is a .snap file
    db_went_first = db_went_first || (!log_is_clean && node->node().db_status().storage_version == "3.6.0");
  }
  EXPECT_TRUE(enabled->ok());
  EXPECT_EQ(node->node().cluster()->cluster_version, "3.6.0");
  EXPECT_EQ(node->node().db_status().storage_version, "3.6.0");
  EXPECT_FALSE(db_went_first);
  node.reset();
  node = start(disk);
  node->pass(10 * kSecond);
  EXPECT_EQ(node->node().cluster()->cluster_version, "3.6.0");
  EXPECT_EQ(node->node().db_status().storage_version, "3.6.0");
  EXPECT_EQ(node->get("a"), "1");
  node->propose(RequestKind::kDowngradeInfoSet, apply::encode_downgrade_info_set(false, ""));
  node->pass(10 * kSecond);
  EXPECT_EQ(node->node().cluster()->cluster_version, "3.7.0");
  EXPECT_EQ(node->node().db_status().storage_version, "3.7.0");
}

TEST(LocalNode, AMemberOfSeveralGoesOnAloneWhenForcedTo) {
  base::CrashFs disk;
  SingleNode::Options options{.other_members = {"two", "three"}};
  {
    auto node = SingleNode::open(disk, options);
    ASSERT_TRUE(node);
    EXPECT_FALSE((*node)->wait_ready()) << "one of three leads nobody";
  }
  options.force_new_cluster = true;
  {
    auto node = start(disk, options);
    ASSERT_EQ(node->node().cluster()->members.size(), 1u);
    EXPECT_EQ(node->node().cluster()->members[0].id, node->node().status().member_id);
    EXPECT_EQ(node->node().cluster()->removed.size(), 2u);
    EXPECT_TRUE(node->put_now("a", "1"));
  }
  auto again = start(disk, options);  // the flag may stay
  EXPECT_EQ(again->get("a"), "1");
  EXPECT_EQ(again->node().cluster()->members.size(), 1u);
}

TEST(LocalNode, ATimeoutSaysWhetherTheLeaderWasInReach) {
  for (const bool in_reach : {true, false}) {
    base::CrashFs disk;
    auto node = *SingleNode::open(disk, {.other_members = {"two", "three"}, .active_since_ns = [in_reach](MemberId) { return in_reach ? 1 : 0; }});
    node->settle();
    const MemberId self = node->node().status().member_id;
    const auto& members = node->node().cluster()->members;
    ASSERT_EQ(members.size(), 3U);
    const MemberId leader = members[0].id == self ? members[1].id : members[0].id;
    const auto hear_of_leader = [&] {
      node->node().receive({leader, self, Term(2), raft::Heartbeat{LogIndex(0), {}}});
      node->pass(100'000'000);
    };
    hear_of_leader();
    const auto put = node->put("a", "1");
    for (int i = 0; i < 100 && !put->answered; ++i) hear_of_leader();
    ASSERT_TRUE(put->answered);
    ASSERT_FALSE(put->ok());
    EXPECT_EQ(put->response.error().code, in_reach ? Errc::kTimeout : Errc::kTimeoutDueToConnectionLost);
  }
}

TEST(LocalNode, TheDbOfAnotherClusterIsRefused) {
  base::CrashFs disk;
  const auto fill_and_close = [&](const SingleNode::Options& options) {
    auto node = start(disk, options);
    EXPECT_TRUE(node->put_now("a", "1"));
    node->node().stop_waiting();
    node->node().close();
  };
  fill_and_close({.cluster_token = "other"});
  ASSERT_TRUE(disk.rename("/one.etcd/member/snap/db", "/one.etcd/member/snap/other"));
  ASSERT_TRUE(disk.remove_all("/one.etcd/member/wal"));
  fill_and_close({});
  ASSERT_TRUE(disk.rename("/one.etcd/member/snap/other", "/one.etcd/member/snap/db"));
  const auto node = SingleNode::open(disk, {});
  ASSERT_FALSE(node);
  EXPECT_EQ(node.error().code, Errc::kClusterIdMismatch);
}

// The heart of durability: the power goes at every single operation of the disk, any part of what was not synced is lost, and whatever had been
// acknowledged is there after the restart; the revision never goes back.
class PowerCut : public ::testing::TestWithParam<int> {};

TEST_P(PowerCut, AtAnyOperationKeepsWhatWasAcknowledged) {
  const auto run = [](base::CrashFs& disk, std::map<std::string, int>& acknowledged, Revision& revision) {
    auto node = SingleNode::open(disk, {.snapshot_count = 6, .flush_interval_ns = kSecond / 5});
    if (!node || !(*node)->wait_ready()) return;
    for (int i = 0; i < 24; ++i) {
      const std::string key = "key" + std::to_string(i % 5);
      if ((*node)->put_now(key, std::to_string(i))) acknowledged[key] = i;
      revision = std::max(revision, (*node)->revision());
      if (i == 12) (*node)->compact(Revision(6));
      if (i == 16) (*node)->node().defragment([](Status) {});
      (*node)->pass(kSecond / 10);
    }
  };
  base::CrashFs rehearsal;
  std::map<std::string, int> all;
  Revision last;
  run(rehearsal, all, last);
  ASSERT_EQ(all.size(), 5u);

  base::Rng rng(static_cast<std::uint64_t>(GetParam()));
  const std::uint64_t operations = rehearsal.operations();
  for (std::uint64_t at = 1 + static_cast<std::uint64_t>(GetParam()); at <= operations; at += 4) {
    base::CrashFs disk;
    disk.lose_power_at(at);
    std::map<std::string, int> acknowledged;
    Revision revision;
    try {
      run(disk, acknowledged, revision);
    } catch (const ProcessEnded&) {
    }
    disk.crash(base::survive_at_random(rng));
    auto again = start(disk);
    ASSERT_NE(again, nullptr) << "operation " << at;
    ASSERT_GE(again->revision(), revision) << "operation " << at;
    for (const auto& [key, value] : acknowledged) {
      const auto found = again->get(key);
      ASSERT_TRUE(found) << key << " at operation " << at;
      ASSERT_GE(std::stoi(*found), value) << key << " at operation " << at;
    }
    ASSERT_TRUE(again->put_now("after", "1")) << "operation " << at;
  }
}

INSTANTIATE_TEST_SUITE_P(FourthOperations, PowerCut, ::testing::Range(0, 4));

}  // namespace
}  // namespace etcd::node::testing
