#include "wal/wal.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "wal/testing/sample.h"

namespace etcd::wal {
namespace {

using base::CrashFs;
using raft::Entries;

const raft::ConfState kOneVoter{.voters = {MemberId(1)}, .learners = {}, .voters_outgoing = {}, .learners_next = {}};

Snapshot snapshot_of(std::uint64_t index, std::uint64_t term) { return {LogIndex(index), Term(term), kOneVoter}; }

TEST(Wal, ANewLogIsEmptyAndKnowsWhoseItIs) {
  const auto disk = empty_disk();
  EXPECT_FALSE(exists(*disk, kFolder));
  create_log(*disk);
  EXPECT_TRUE(exists(*disk, kFolder));
  const Opened opened = open_log(*disk);
  EXPECT_EQ(opened.metadata, kMetadata);
  EXPECT_EQ(opened.hard_state, raft::HardState{});
  EXPECT_TRUE(opened.entries.empty());
  EXPECT_FALSE(opened.repair);
  EXPECT_EQ(*valid_snapshots(*disk, kFolder), std::vector<Snapshot>{Snapshot{}});
}

TEST(Wal, ALogIsNotMadeOverAnother) {
  const auto disk = empty_disk();
  create_log(*disk);
  EXPECT_EQ(Wal::create(*disk, kFolder, kMetadata).error().code, Errc::kExists);
}

TEST(Wal, WithoutALogThereIsNothingToOpen) {
  const auto disk = empty_disk();
  EXPECT_EQ(Wal::open(*disk, kFolder, {}).error().code, Errc::kNotExist);
  EXPECT_EQ(valid_snapshots(*disk, kFolder).error().code, Errc::kNotExist);
}

TEST(Wal, WhatIsSavedIsReadBack) {
  const auto disk = empty_disk();
  const auto entries = entries_of(1, 1, 100, 300);
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(wal->save(state_of(1, 0), Entries(entries)));
    ASSERT_TRUE(wal->save(state_of(1, 100), {}));
    ASSERT_TRUE(wal->sync());
    EXPECT_GT(wal->bytes_written(), 30'000u);
  }
  const Opened opened = open_log(*disk);
  EXPECT_EQ(opened.entries, entries);
  EXPECT_EQ(opened.hard_state, state_of(1, 100));
}

TEST(Wal, AReopenedLogGoesOn) {
  const auto disk = empty_disk();
  create_log(*disk);
  for (std::uint64_t round = 0; round < 5; ++round) {
    const Opened opened = open_log(*disk);
    EXPECT_EQ(opened.entries, round == 0 ? std::vector<raft::Entry>{} : entries_of(1, 1, round * 10));
    ASSERT_TRUE(save_synced(*opened.wal, state_of(1, round), entries_of(1, round * 10 + 1, round * 10 + 10)));
  }
}

TEST(Wal, LaterEntriesReplaceWhatTheyOverlap) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(save_synced(*wal, state_of(1, 3), entries_of(1, 1, 10)));
  ASSERT_TRUE(save_synced(*wal, state_of(2, 3), entries_of(2, 5, 6)));
  disk->crash(base::lose_all());
  auto expected = entries_of(1, 1, 4);
  for (const auto& entry : entries_of(2, 5, 6)) expected.push_back(entry);
  EXPECT_EQ(open_log(*disk).entries, expected);
}

TEST(Wal, SegmentsAreCutAndReadAsOneLog) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    for (std::uint64_t index = 1; index <= 400; ++index) {
      ASSERT_TRUE(save_synced(*wal, state_of(1, index - 1), entries_of(1, index, index, 1000)));
    }
  }
  const auto segments = list_segments(*disk, kFolder);
  ASSERT_GE(segments->size(), 6u);
  for (std::size_t i = 0; i + 1 < segments->size(); ++i) {
    EXPECT_EQ((*segments)[i].sequence, i);
    EXPECT_LT(*disk->file_size(base::join_path(kFolder, (*segments)[i].text())), 70'000u);
  }
  EXPECT_EQ(*disk->file_size(last_segment(*disk)), kSmallOptions.segment_bytes);
  const Opened opened = open_log(*disk);
  EXPECT_EQ(opened.entries, entries_of(1, 1, 400, 1000));
  EXPECT_EQ(opened.hard_state, state_of(1, 399));
}

TEST(Wal, APreparedSegmentIsUsedForTheNextCut) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  EXPECT_FALSE(wal->wants_next_segment());
  ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 1, 40'000)));
  EXPECT_TRUE(wal->wants_next_segment());
  ASSERT_TRUE(wal->prepare_next_segment());
  ASSERT_TRUE(wal->prepare_next_segment());
  EXPECT_FALSE(wal->wants_next_segment());
  EXPECT_TRUE(disk->exists(kFolder + "/next.tmp"));
  ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 2, 2, 40'000)));
  EXPECT_FALSE(disk->exists(kFolder + "/next.tmp"));
  EXPECT_EQ(wal->segment_path(), kFolder + "/0000000000000001-0000000000000003.wal");
}

TEST(Wal, AFullDiskIsNoHarmUntilTheSegmentIsFull) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 1, 40'000)));
  disk->set_fault_rule([](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == base::FileCall::kAllocate) return base::Fault{Errc::kNoSpace, 0};
    return std::nullopt;
  });
  ASSERT_TRUE(wal->wants_next_segment());
  EXPECT_EQ(wal->prepare_next_segment().error().code, Errc::kNoSpace);
  EXPECT_FALSE(wal->wants_next_segment());
  EXPECT_EQ(disk->list(kFolder)->size(), 1u);
  EXPECT_TRUE(save_synced(*wal, {}, entries_of(1, 2, 2, 10'000)));
  EXPECT_EQ(wal->save({}, Entries(entries_of(1, 3, 3, 40'000))).error().code, Errc::kNoSpace);
  disk->crash(base::lose_all());
  EXPECT_EQ(open_log(*disk).entries.size(), 3u) << "the cut had synced the old segment";
}

TEST(Wal, OpeningAtASnapshotGivesWhatIsBehindIt) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, state_of(1, 20), entries_of(1, 1, 25)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(20, 1)));
    ASSERT_TRUE(save_synced(*wal, state_of(1, 30), entries_of(1, 26, 30)));
  }
  EXPECT_EQ(*valid_snapshots(*disk, kFolder), (std::vector<Snapshot>{{}, snapshot_of(20, 1)}));
  EXPECT_EQ(*newest_snapshot(*disk, kFolder), snapshot_of(20, 1));
  const Opened opened = open_log(*disk, snapshot_of(20, 1));
  EXPECT_EQ(opened.entries, entries_of(1, 21, 30));
}

TEST(Wal, ASnapshotBeyondTheCommitIndexIsNotValid) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(save_synced(*wal, state_of(1, 5), entries_of(1, 1, 5)));
  ASSERT_TRUE(wal->save_snapshot(snapshot_of(100, 2)));
  EXPECT_EQ(*newest_snapshot(*disk, kFolder), Snapshot{});
  ASSERT_TRUE(save_synced(*wal, state_of(2, 100), {}));
  EXPECT_EQ(*newest_snapshot(*disk, kFolder), snapshot_of(100, 2));
}

TEST(Wal, TheNewestSnapshotIsFoundInWhicheverSegmentItIs) {
  for (const std::uint64_t segments_behind : {0U, 1U, 3U}) {
    const auto disk = empty_disk();
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, state_of(1, 1), entries_of(1, 1, 4)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(1, 1)));
    ASSERT_TRUE(save_synced(*wal, state_of(1, 4), {}));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(3, 1)));
    std::uint64_t index = 5;
    for (std::uint64_t i = 0; i < 2 * segments_behind; ++i, ++index) {
      ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, index, index, 40'000)));
    }
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(100, 1)));
    ASSERT_GE(disk->list(kFolder)->size(), segments_behind + 1);
    EXPECT_EQ(*newest_snapshot(*disk, kFolder), snapshot_of(3, 1)) << segments_behind;
    EXPECT_EQ(valid_snapshots(*disk, kFolder)->back(), snapshot_of(3, 1));
  }
}

TEST(Wal, ASnapshotFromTheLeaderVoidsTheEntriesBehindIt) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(save_synced(*wal, state_of(1, 2), entries_of(1, 1, 50)));
  ASSERT_TRUE(wal->save_snapshot(snapshot_of(40, 3)));
  ASSERT_TRUE(save_synced(*wal, state_of(3, 40), {}));
  disk->crash(base::lose_all());
  {
    const Opened opened = open_log(*disk, snapshot_of(40, 3));
    EXPECT_TRUE(opened.entries.empty());
    ASSERT_TRUE(save_synced(*opened.wal, state_of(3, 41), entries_of(3, 41, 42)));
  }
  EXPECT_EQ(open_log(*disk, snapshot_of(40, 3)).entries, entries_of(3, 41, 42));
}

TEST(Wal, ASnapshotThatTheLogHasNoRecordOfIsRefused) {
  const auto disk = empty_disk();
  ASSERT_TRUE(save_synced(*create_log(*disk), state_of(1, 9), entries_of(1, 1, 9)));
  EXPECT_EQ(Wal::open(*disk, kFolder, snapshot_of(5, 1)).error().detail, "wal: snapshot not found");
}

TEST(Wal, ASnapshotOfAnotherTermIsRefused) {
  const auto disk = empty_disk();
  ASSERT_TRUE(create_log(*disk)->save_snapshot(snapshot_of(5, 1)));
  EXPECT_EQ(Wal::open(*disk, kFolder, snapshot_of(5, 2)).error().detail, "wal: snapshot mismatch");
}

TEST(Wal, AnOpenLogIsLocked) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  EXPECT_EQ(Wal::open(*disk, kFolder, {}).error().code, Errc::kLocked);
  EXPECT_TRUE(valid_snapshots(*disk, kFolder));
}

TEST(Wal, OnlyReleasedSegmentsArePurged) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  for (std::uint64_t index = 1; index <= 9; ++index) ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, index, index, 70'000)));
  ASSERT_EQ(list_segments(*disk, kFolder)->size(), 10u);  // of first index 0, 2, 3 ... 10
  EXPECT_TRUE(purge_segments(*disk, kFolder, 5)->empty());
  wal->release_to(LogIndex(5));
  EXPECT_EQ(purge_segments(*disk, kFolder, 5)->size(), 3u);
  EXPECT_EQ(list_segments(*disk, kFolder)->front().first_index, LogIndex(4));
  wal->release_to(LogIndex(100));
  EXPECT_EQ(purge_segments(*disk, kFolder, 5)->size(), 2u);
  EXPECT_EQ(purge_segments(*disk, kFolder, 1)->size(), 4u);
  EXPECT_TRUE(purge_segments(*disk, kFolder, 0)->empty());
}

TEST(Wal, ALogWithoutItsFirstSegmentsOpensAtALaterSnapshot) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    for (std::uint64_t index = 1; index <= 9; ++index) ASSERT_TRUE(save_synced(*wal, state_of(1, index), entries_of(1, index, index, 70'000)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(8, 1)));
    wal->release_to(LogIndex(8));
    ASSERT_FALSE(purge_segments(*disk, kFolder, 1)->empty());
  }
  EXPECT_EQ(*valid_snapshots(*disk, kFolder), std::vector<Snapshot>{snapshot_of(8, 1)});
  EXPECT_EQ(open_log(*disk, snapshot_of(8, 1)).entries, entries_of(1, 9, 9, 70'000));
  EXPECT_EQ(Wal::open(*disk, kFolder, {}).error().code, Errc::kCorrupt);
}

TEST(Wal, AGapInTheSequenceHidesWhatIsBeforeIt) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    for (std::uint64_t index = 1; index <= 4; ++index) ASSERT_TRUE(save_synced(*wal, state_of(1, index), entries_of(1, index, index, 70'000)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(4, 1)));
  }
  ASSERT_TRUE(disk->remove(kFolder + "/" + (*list_segments(*disk, kFolder))[1].text()));
  EXPECT_EQ(*valid_snapshots(*disk, kFolder), std::vector<Snapshot>{snapshot_of(4, 1)});
  EXPECT_TRUE(Wal::open(*disk, kFolder, snapshot_of(4, 1), kSmallOptions));
}

TEST(Wal, AMissingEntryIsCorruption) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 5)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(9, 1)));
    ASSERT_TRUE(save_synced(*wal, state_of(1, 9), entries_of(1, 10, 11)));
  }
  const auto opened = Wal::open(*disk, kFolder, {});
  EXPECT_EQ(opened.error().code, Errc::kCorrupt);
  EXPECT_EQ(opened.error().detail,
            "wal: slice bounds out of range, snapshot[Index: 0, Term: 0], current entry[Index: 10, Term: 1], len(ents): 5");
  EXPECT_EQ(open_log(*disk, snapshot_of(9, 1)).entries, entries_of(1, 10, 11));
}

TEST(Wal, WritingPastTheLastEntryEndsTheProcess) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  EXPECT_DEATH((void)wal->save({}, Entries(entries_of(1, 2, 2))), "CHECK failed");
}

// The last segment of a log of one entry with this data.
std::string second_segment(const std::string& data, const Metadata& metadata) {
  const auto disk = empty_disk();
  auto wal = Wal::create(*disk, kFolder, metadata, kSmallOptions);
  EXPECT_TRUE(save_synced(**wal, {}, {entry_of(1, 1, data)}));
  return disk->contents(last_segment(*disk));
}

TEST(Wal, SegmentsOfTwoLogsDoNotMix) {
  const std::string data(70'000, 'd');
  const auto disk = empty_disk();
  ASSERT_TRUE(save_synced(*create_log(*disk), {}, {entry_of(1, 1, data)}));
  const auto with_last = [&](const std::string& bytes) {
    const auto left = disk->after_crash(base::keep_all());
    EXPECT_TRUE((*left->open(last_segment(*left), base::OpenMode::kReadWrite))->pwrite(0, bytes));
    return Wal::open(*left, kFolder, {}, kSmallOptions).has_value();
  };
  EXPECT_TRUE(with_last(second_segment(data, kMetadata)));
  EXPECT_FALSE(with_last(second_segment(data + "d", kMetadata)));
  EXPECT_FALSE(with_last(second_segment(data, {MemberId(1), ClusterId(2)})));
}

TEST(Wal, AStepBackBelowTheSnapshotVoidsWhatWasBehindIt) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, state_of(1, 2), entries_of(1, 1, 10)));
    ASSERT_TRUE(save_synced(*wal, state_of(2, 5), entries_of(2, 3, 5)));
    ASSERT_TRUE(wal->save_snapshot(snapshot_of(5, 2)));
  }
  EXPECT_TRUE(open_log(*disk, snapshot_of(5, 2)).entries.empty());
}

TEST(Wal, ASnapshotRecordIsDurableAtOnce) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(wal->save(state_of(1, 5), Entries(entries_of(1, 1, 5))));
  ASSERT_TRUE(wal->save_snapshot(snapshot_of(5, 1)));
  disk->crash(base::lose_all());
  EXPECT_EQ(*newest_snapshot(*disk, kFolder), snapshot_of(5, 1));
}

TEST(Wal, WhatWasPreparedAndNotUsedIsRemoved) {
  const auto disk = empty_disk();
  create_log(*disk);
  for (const char* name : {"/0.tmp", "/1.tmp", "/next.tmp"}) ASSERT_TRUE(disk->open(kFolder + name, base::OpenMode::kCreate));
  open_log(*disk);
  EXPECT_EQ(disk->list(kFolder)->size(), 1u);
  ASSERT_TRUE(open_log(*disk).wal->prepare_next_segment());
  EXPECT_EQ(disk->list(kFolder)->size(), 1u);
}

TEST(Wal, APurgeLeavesNoGapAfterACrash) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  for (std::uint64_t index = 1; index <= 6; ++index) ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, index, index, 70'000)));
  wal->release_to(LogIndex(7));
  for (std::uint64_t call = 1; call <= 8; ++call) {
    const auto left = disk->after_crash(base::keep_all());
    left->lose_power_at(left->operations() + call);
    (void)purge_segments(*left, kFolder, 2);
    every_crash(*left, 100, [&](CrashFs& crashed) {
      const auto segments = *list_segments(crashed, kFolder);
      EXPECT_EQ(segments.back().sequence - segments.front().sequence + 1, segments.size());
    });
  }
}

TEST(Wal, AfterAFailedSyncNothingSucceeds) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  ASSERT_TRUE(wal->save({}, Entries(entries_of(1, 1, 1))));
  disk->set_fault_rule([](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == base::FileCall::kSyncData) return base::Fault{};
    return std::nullopt;
  });
  EXPECT_EQ(wal->sync().error().code, Errc::kIo);
  disk->set_fault_rule(nullptr);
  EXPECT_FALSE(wal->sync());
  EXPECT_FALSE(wal->save({}, Entries(entries_of(1, 2, 2))));
  EXPECT_FALSE(wal->save_snapshot(snapshot_of(1, 1)));
}

TEST(Wal, OneSyncCoversAllThatWasSaved) {
  const auto disk = empty_disk();
  const auto wal = create_log(*disk);
  const std::uint64_t before = disk->operations();
  for (std::uint64_t index = 1; index <= 10; ++index) ASSERT_TRUE(wal->save({}, Entries(entries_of(1, index, index))));
  ASSERT_TRUE(wal->sync());
  ASSERT_TRUE(wal->sync());
  EXPECT_EQ(disk->operations() - before, 11u);
}

}  // namespace
}  // namespace etcd::wal
