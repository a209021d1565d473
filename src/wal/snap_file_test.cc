#include "wal/snap_file.h"

#include <gtest/gtest.h>

#include "base/testing/crash_fs.h"

namespace etcd::wal {
namespace {

using base::CrashFs;

const std::string kSnap = "/snap";

raft::Snapshot snapshot_of(std::uint64_t term, std::uint64_t index) {
  const raft::ConfState conf_state{.voters = {MemberId(1)}, .learners = {}, .voters_outgoing = {}, .learners_next = {}};
  return {base::SharedBytes::copy_of("{\"at\":" + std::to_string(index) + std::string(1500, ' ') + "}"),
          {conf_state, LogIndex(index), Term(term)}};
}

std::unique_ptr<CrashFs> disk_with(const std::vector<raft::Snapshot>& snapshots) {
  auto disk = std::make_unique<CrashFs>();
  EXPECT_TRUE(disk->make_directory(kSnap));
  disk->sync_all();
  for (const raft::Snapshot& snapshot : snapshots) EXPECT_TRUE(write_snap_file(*disk, kSnap, snapshot));
  return disk;
}

TEST(SnapFile, IsNamedByTermAndIndexAndReadBack) {
  const auto disk = disk_with({snapshot_of(2, 0x15)});
  EXPECT_EQ(*disk->list(kSnap), std::vector<std::string>{"0000000000000002-0000000000000015.snap"});
  EXPECT_EQ(read_snap_file(*disk, kSnap + "/0000000000000002-0000000000000015.snap"), snapshot_of(2, 0x15));
}

TEST(SnapFile, IsThereWholeOrNotAtAllAndDurableOnceWritten) {
  const auto finished = disk_with({});
  const std::uint64_t before = finished->operations();
  ASSERT_TRUE(write_snap_file(*finished, kSnap, snapshot_of(1, 5)));
  const std::uint64_t calls = finished->operations() - before;
  for (std::uint64_t call = 1; call <= calls + 1; ++call) {
    const auto disk = disk_with({});
    disk->lose_power_at(disk->operations() + call);
    const bool written = write_snap_file(*disk, kSnap, snapshot_of(1, 5)).has_value();
    EXPECT_EQ(written, call == calls + 1);
    every_crash(*disk, 1000, [&](CrashFs& left) {
      const auto names = list_snap_files(left, kSnap);
      EXPECT_TRUE(!written || names->size() == 1);
      for (const std::string& name : *names) EXPECT_EQ(read_snap_file(left, kSnap + "/" + name), snapshot_of(1, 5));
    });
  }
}

TEST(SnapFile, DamageIsFound) {
  const auto disk = disk_with({snapshot_of(1, 5)});
  const std::string path = kSnap + "/" + list_snap_files(*disk, kSnap)->front();
  for (std::uint64_t offset = 0; offset < *disk->file_size(path); offset += 7) {
    const auto left = disk->after_crash(base::keep_all());
    left->corrupt(path, offset, "\x7f");
    if (left->contents(path) == disk->contents(path)) continue;
    EXPECT_EQ(read_snap_file(*left, path).error().code, Errc::kCorrupt) << offset;
  }
  const auto file = disk->open(path, base::OpenMode::kReadWrite);
  ASSERT_TRUE((*file)->truncate(0));
  EXPECT_EQ(read_snap_file(*disk, path).error().code, Errc::kCorrupt);
  EXPECT_EQ(read_snap_file(*disk, kSnap + "/none").error().code, Errc::kNotExist);
}

TEST(SnapFile, TheNewestThatTheLogKnowsAndThatIsReadableIsFound) {
  const auto disk = disk_with({snapshot_of(1, 5), snapshot_of(1, 9), snapshot_of(2, 20), snapshot_of(3, 30)});
  const std::vector<Snapshot> valid{{LogIndex(5), Term(1)}, {LogIndex(9), Term(1)}, {LogIndex(20), Term(2)}, {LogIndex(30), Term(9)}};
  EXPECT_EQ(newest_snap_file(*disk, kSnap, valid), snapshot_of(2, 20));
  disk->corrupt(kSnap + "/0000000000000002-0000000000000014.snap", 100, "#");
  EXPECT_EQ(newest_snap_file(*disk, kSnap, valid), snapshot_of(1, 9));
  EXPECT_EQ(newest_snap_file(*disk, kSnap, {}).error().code, Errc::kNotExist);
}

TEST(SnapFile, OldOnesArePurged) {
  const auto disk = disk_with({snapshot_of(1, 5), snapshot_of(1, 9), snapshot_of(2, 20), snapshot_of(3, 30)});
  EXPECT_EQ(*purge_snap_files(*disk, kSnap, 3), std::vector<std::string>{kSnap + "/0000000000000001-0000000000000005.snap"});
  EXPECT_TRUE(purge_snap_files(*disk, kSnap, 3)->empty());
  EXPECT_EQ(list_snap_files(*disk, kSnap)->front(), "0000000000000003-000000000000001e.snap");
}

}  // namespace
}  // namespace etcd::wal
