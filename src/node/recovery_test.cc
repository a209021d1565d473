#include "node/recovery.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "cluster/bootstrap.h"
#include "raft/codec.h"

namespace etcd::node {
namespace {

StartOptions options() {
  StartOptions options;
  options.data_folder = "/m.etcd";
  options.name = "a";
  options.initial_cluster = {{"a", {"http://a"}}, {"b", {"http://b"}}, {"c", {"http://c"}}};
  options.initial_cluster_token = "token";
  options.db.map_bytes = 64 << 20;
  return options;
}

cluster::Bootstrap bootstrap() { return *cluster::bootstrap(options().initial_cluster, "token", "a"); }

TEST(Recovery, AnEmptyDiskUnderTheIdOfAMemberThatWasThereIsRefused) {
  StartOptions start = options();
  std::vector<cluster::Member> known = bootstrap().members;
  start.ask_members = [&] { return known; };
  {
    base::CrashFs disk;
    EXPECT_TRUE(recover(disk, start, base::null_logger())) << "nobody has been there yet";
  }
  for (cluster::Member& member : known) member.client_urls = {"http://client"};
  base::CrashFs disk;
  const auto refused = recover(disk, start, base::null_logger());
  ASSERT_FALSE(refused);
  EXPECT_EQ(describe(refused.error()), "member " + cluster::to_hex(bootstrap().local_id) + " has already been bootstrapped");
}

TEST(Recovery, AnEmptyDiskUnderTheIdOfAMemberThatWasThereIsRefusedWhenItJoins) {
  StartOptions start = options();
  start.join = bootstrap();
  {
    base::CrashFs disk;
    EXPECT_TRUE(recover(disk, start, base::null_logger())) << "it was added and has never been started";
  }
  for (cluster::Member& member : start.join->members) member.client_urls = {"http://client"};
  base::CrashFs disk;
  const auto refused = recover(disk, start, base::null_logger());
  ASSERT_FALSE(refused);
  EXPECT_EQ(describe(refused.error()), "member " + cluster::to_hex(start.join->local_id) + " has already been bootstrapped");
}

TEST(Recovery, AMemberWithItsDiskAsksNobody) {
  base::CrashFs disk;
  StartOptions start = options();
  EXPECT_TRUE(recover(disk, start, base::null_logger()));
  start.ask_members = []() -> std::vector<cluster::Member> {
    ADD_FAILURE();
    return {};
  };
  EXPECT_TRUE(recover(disk, start, base::null_logger()));
}

TEST(Recovery, AMemberThatWasRemovedCanNotBeForcedToGoOnAlone) {
  base::CrashFs disk;
  StartOptions start = options();
  {
    auto first = recover(disk, start, base::null_logger());
    ASSERT_TRUE(first);
    std::string removal;
    raft::encode(raft::ConfChange{.id = 0, .type = raft::ConfChangeType::kRemoveNode, .node_id = first->member_id, .context = {}}, removal);
    const raft::Entry entry{.term = Term(1), .index = LogIndex(4), .type = raft::EntryType::kConfChange, .data = base::SharedBytes(removal)};
    ASSERT_TRUE(first->wal->save(raft::HardState{.term = Term(1), .vote = {}, .commit = LogIndex(4)}, raft::Entries(std::vector{entry})));
    ASSERT_TRUE(first->wal->sync());
  }
  start.force_new_cluster = true;
  const auto refused = recover(disk, start, base::null_logger());
  ASSERT_FALSE(refused);
  EXPECT_NE(describe(refused.error()).find("permanently removed"), std::string::npos);
}

TEST(Recovery, WhatIsNotCommittedIsDroppedByWhoGoesOnAlone) {
  base::CrashFs disk;
  StartOptions start = options();
  {
    auto first = recover(disk, start, base::null_logger());
    ASSERT_TRUE(first);
    const raft::Entry entry{.term = Term(1), .index = LogIndex(4), .type = raft::EntryType::kNormal, .data = base::SharedBytes(std::string("x"))};
    ASSERT_TRUE(first->wal->save(std::nullopt, raft::Entries(std::vector{entry})));
    ASSERT_TRUE(first->wal->sync());
  }
  start.force_new_cluster = true;
  const auto alone = recover(disk, start, base::null_logger());
  ASSERT_TRUE(alone) << describe(alone.error());
  ASSERT_EQ(alone->raft.entries.size(), 5u);
  EXPECT_EQ(alone->raft.entries[3].type, raft::EntryType::kConfChange);
  EXPECT_EQ(alone->raft.hard_state.commit, LogIndex(5));
}

TEST(Recovery, WhoJoinsBeginsWithAnEmptyLogAndStaysThatWayOverARestart) {
  base::CrashFs disk;
  StartOptions start = options();
  start.initial_cluster.clear();
  start.join = bootstrap();
  for (int i = 0; i < 2; ++i) {
    const auto joined = recover(disk, start, base::null_logger());
    ASSERT_TRUE(joined) << describe(joined.error());
    EXPECT_EQ(joined->member_id, bootstrap().local_id);
    EXPECT_EQ(joined->cluster_id, bootstrap().cluster_id);
    EXPECT_TRUE(joined->raft.entries.empty());
    EXPECT_TRUE(joined->raft.conf_state.voters.empty());
  }
}

}  // namespace
}  // namespace etcd::node
