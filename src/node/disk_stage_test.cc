#include "node/disk_stage.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"
#include "node/testing/single_node.h"

namespace etcd::node {
namespace {

const std::string kWal = "/wal";
const std::string kSnap = "/snap";
const wal::Options kOptions{.segment_bytes = 64 << 10, .marker_key = 7};

class DropLines : public base::LogSink {
 public:
  void write(std::string_view) override {}
};

struct NoOne : Transport {
  void send(std::vector<raft::Message>) override {}
  void send_snapshot(OutgoingSnapshot) override {}
  void members_changed(std::shared_ptr<const cluster::View>) override {}
};

raft::Entry entry(std::uint64_t term, std::uint64_t index) {
  return {Term(term), LogIndex(index), raft::EntryType::kNormal, base::SharedBytes(std::string(600, 'x'))};
}

// A leader's snapshot at 50, entries behind it and what is committed of them, in one batch: as it comes when both arrive in one step of the replica.
raft::PersistBatch snapshot_and_entries() {
  raft::PersistBatch batch;
  batch.number = 1;
  batch.snapshot.emplace();
  raft::SnapshotMetadata& metadata = batch.snapshot->metadata;
  metadata.conf_state.voters = {MemberId(1)};
  metadata.index = LogIndex(50);
  metadata.term = Term(3);
  batch.append = raft::Entries({entry(3, 51), entry(3, 52), entry(3, 53)});
  batch.hard_state = raft::HardState{Term(3), MemberId(2), LogIndex(52)};
  batch.must_sync = true;
  return batch;
}

// Writes the batch behind a log of ten entries; the power goes at an operation `after` that. False if the process ended on the way.
bool write(base::CrashFs& disk, std::uint64_t after, const raft::Snapshot* then_save = nullptr) {
  testing::ManualClock clock;
  base::Logger logger(std::make_shared<DropLines>(), base::LogLevel::kFatal, base::LogFormat::kJson, clock);
  logger.on_fatal([] { throw testing::ProcessEnded(); });
  NoOne nobody;
  Wakeup wakeup;
  Inbox<ReplicaInput> replica(wakeup);
  auto log = wal::Wal::create(disk, kWal, {MemberId(1), ClusterId(1)}, kOptions);
  EXPECT_TRUE(log);
  std::vector<raft::Entry> old;
  for (std::uint64_t index = 1; index <= 10; ++index) old.push_back(entry(1, index));
  EXPECT_TRUE((*log)->save(raft::HardState{Term(1), MemberId(0), LogIndex(10)}, raft::Entries(std::move(old))) && (*log)->sync());
  DiskStage stage(disk, std::move(*log), {.wal_folder = kWal, .snap_folder = kSnap}, {replica, nobody, [](raft::SnapshotMetadata) {}},
                  {[](double) {}, [](double) {}, [](double, double) {}}, clock, logger, wakeup);
  disk.lose_power_at(disk.operations() + after);
  stage.inbox().push(snapshot_and_entries());
  try {
    stage.step();
    if (then_save != nullptr) stage.inbox().push(SaveSnapshot{*then_save});
    stage.step();
  } catch (const testing::ProcessEnded&) {
    return false;
  }
  return true;
}

TEST(DiskStage, WhereverACrashCutsASnapshotWithItsEntriesTheLogOpens) {
  for (std::uint64_t after = 1; after < 100; ++after) {
    base::CrashFs disk;
    ASSERT_TRUE(disk.make_directory(kSnap));
    const bool finished = write(disk, after);
    const std::size_t crashes = base::every_crash(disk, 300, [&](base::CrashFs& left) {
      const auto newest = wal::newest_snapshot(left, kWal);
      ASSERT_TRUE(newest) << describe(newest.error());
      const auto opened = wal::Wal::open(left, kWal, *newest, kOptions);
      ASSERT_TRUE(opened) << "power lost at operation " << after << ": " << describe(opened.error());
      const LogIndex last = opened->entries.empty() ? newest->index : opened->entries.back().index;
      EXPECT_LE(opened->hard_state.commit, last) << "power lost at operation " << after;
    });
    EXPECT_GT(crashes, 0U);
    if (finished) return;
  }
  FAIL() << "the batch takes too many operations";
}

// A flush of the state before was under way when the leader's snapshot came.
TEST(DiskStage, ASnapshotOlderThanTheLeadersIsNotRecordedBehindIt) {
  base::CrashFs disk;
  ASSERT_TRUE(disk.make_directory(kSnap));
  raft::Snapshot older;
  older.metadata.index = LogIndex(9);
  older.metadata.term = Term(1);
  ASSERT_TRUE(write(disk, 1'000'000, &older));
  const auto newest = wal::newest_snapshot(disk, kWal);
  ASSERT_TRUE(newest);
  EXPECT_EQ(newest->index, LogIndex(50));
  EXPECT_TRUE(wal::Wal::open(disk, kWal, *newest, kOptions));
}

}  // namespace
}  // namespace etcd::node
