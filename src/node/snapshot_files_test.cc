// When a member takes raft snapshots of its own, and how many of their files stay.
#include <gtest/gtest.h>

#include <algorithm>

#include "node/testing/single_node.h"
#include "wal/snap_file.h"

namespace etcd::node {
namespace {

using testing::SingleNode;

constexpr std::int64_t kSecond = 1'000'000'000;

std::vector<std::uint64_t> snapshot_indexes(base::CrashFs& disk) {
  const auto names = wal::list_snap_files(disk, "/one.etcd/member/snap");
  std::vector<std::uint64_t> indexes;
  for (const std::string& name : names.value()) {
    const std::string number = name.substr(name.rfind('-') + 1);
    indexes.push_back(std::stoull(number.substr(0, number.find('.')), nullptr, 16));
  }
  std::ranges::sort(indexes);
  return indexes;
}

std::unique_ptr<SingleNode> start(base::CrashFs& disk) {
  auto node = SingleNode::open(disk, {.snapshot_count = 10, .flush_interval_ns = 3600 * kSecond});
  EXPECT_TRUE(node && (*node)->wait_ready());
  return std::move(*node);
}

void put_some(SingleNode& node, int count) {
  for (int i = 0; i < count; ++i) EXPECT_TRUE(node.put_now("key" + std::to_string(i), "x"));
}

TEST(SnapshotFiles, ASnapshotIsTakenAtTheEntryThatMakesItDueWithoutWaitingForAFlush) {
  base::CrashFs disk;
  auto node = start(disk);
  put_some(*node, 40);
  const std::vector<std::uint64_t> indexes = snapshot_indexes(disk);
  ASSERT_GE(indexes.size(), 4U);
  for (std::size_t i = 1; i < indexes.size(); ++i) EXPECT_EQ(indexes[i] - indexes[i - 1], 11U) << "the snapshot at " << indexes[i];
}

TEST(SnapshotFiles, OldOnesGoEveryThirtySeconds) {
  base::CrashFs disk;
  auto node = start(disk);
  put_some(*node, 120);
  EXPECT_GT(snapshot_indexes(disk).size(), 8U);
  node->pass(30 * kSecond);
  put_some(*node, 12);
  EXPECT_EQ(snapshot_indexes(disk).size(), 5U);
}

}  // namespace
}  // namespace etcd::node
