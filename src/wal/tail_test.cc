// Damage is told from a torn tail: what was synced before the last marker is never given up silently, and what was torn never stops a start.
#include "wal/tail.h"

#include <gtest/gtest.h>

#include "base/rng.h"
#include "raft/codec.h"
#include "wal/testing/sample.h"

namespace etcd::wal {
namespace {

using base::CrashFs;
using raft::Entries;

constexpr std::uint64_t kSector = 512;

// A log of `batches` synced batches of two entries each, and the offset of the last marker in its only segment.
struct Synced {
  std::unique_ptr<CrashFs> disk = empty_disk();
  std::vector<raft::Entry> entries;
  std::uint64_t last_marker = 0;
  std::uint64_t end = 0;

  // Each batch comes from a process of its own, which is given another key and must go on with the log's.
  explicit Synced(std::uint64_t batches, std::size_t data_bytes = 200) {
    create_log(*disk);
    for (std::uint64_t i = 0; i < batches; ++i) {
      const Opened opened = open_log(*disk, {}, {.segment_bytes = kSmallOptions.segment_bytes, .marker_key = i + 1});
      last_marker = end_of_data();
      const auto added = entries_of(1, 2 * i + 1, 2 * i + 2, data_bytes);
      entries.insert(entries.end(), added.begin(), added.end());
      EXPECT_TRUE(save_synced(*opened.wal, state_of(1, 2 * i), added));
    }
    end = end_of_data();
  }
  std::string path() const { return last_segment(*disk); }
  std::uint64_t end_of_data() const { return (disk->contents(path()).find_last_not_of('\0') + 8) / 8 * 8; }
};

// A damaged log is refused and left as it is; or the damage hit bytes that nobody reads.
void expect_nothing_given_up(CrashFs& disk, const std::vector<raft::Entry>& entries, const std::string& what) {
  const std::string path = last_segment(disk);
  const std::string before = disk.contents(path);
  const auto opened = Wal::open(disk, kFolder, {}, kSmallOptions);
  if (opened) {
    EXPECT_TRUE(opened->entries == entries) << what;
    EXPECT_FALSE(opened->repair) << what;
    return;
  }
  EXPECT_EQ(opened.error().code, Errc::kCorrupt) << what;
  EXPECT_EQ(disk.contents(path), before) << what;
  EXPECT_FALSE(disk.exists(path + ".broken")) << what;
}

TEST(Tail, AFlippedBitBeforeTheLastMarkerIsNeverTrimmed) {
  const Synced log(4);
  for (std::uint64_t offset = 0; offset < log.last_marker; ++offset) {
    const auto disk = log.disk->after_crash(base::keep_all());
    const char byte = disk->contents(log.path())[offset];
    disk->corrupt(log.path(), offset, std::string(1, static_cast<char>(byte ^ (1 << offset % 8))));
    expect_nothing_given_up(*disk, log.entries, "byte " + std::to_string(offset));
  }
}

TEST(Tail, AZeroedSectorBeforeTheLastMarkerIsNeverTrimmed) {
  const Synced log(8);
  ASSERT_GT(log.last_marker, 5 * kSector);
  for (std::uint64_t sector = 0; (sector + 1) * kSector <= log.last_marker; ++sector) {
    const auto disk = log.disk->after_crash(base::keep_all());
    disk->corrupt(log.path(), sector * kSector, std::string(kSector, '\0'));
    EXPECT_EQ(Wal::open(*disk, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt) << sector;
    expect_nothing_given_up(*disk, log.entries, "sector " + std::to_string(sector));
  }
}

TEST(Tail, RandomDamageBeforeTheLastMarkerIsNeverTrimmed) {
  base::Rng rng(5);
  const Synced log(6);
  for (int round = 0; round < 300; ++round) {
    const auto disk = log.disk->after_crash(base::keep_all());
    const std::uint64_t begin = rng.below(log.last_marker);
    std::string bytes(1 + rng.below(std::min<std::uint64_t>(600, log.last_marker - begin)), '\0');
    if (rng.one_in(2)) {
      for (char& byte : bytes) byte = static_cast<char>(rng.next());
    }
    disk->corrupt(log.path(), begin, bytes);
    expect_nothing_given_up(*disk, log.entries, "round " + std::to_string(round));
  }
}

TEST(Tail, DamageInAnEarlierSegmentIsRefused) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 3, 30'000)));
    ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 4, 4)));
  }
  const std::string first = base::join_path(kFolder, list_segments(*disk, kFolder)->front().text());
  ASSERT_NE(first, last_segment(*disk));
  for (std::uint64_t offset = 0; offset + kSector < *disk->file_size(first); offset += kSector) {
    const auto left = disk->after_crash(base::keep_all());
    left->corrupt(first, offset, std::string(kSector, '\0'));
    EXPECT_EQ(Wal::open(*left, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt) << offset;
    EXPECT_EQ(valid_snapshots(*left, kFolder).error().code, Errc::kCorrupt) << offset;
  }
}

TEST(Tail, AFlippedBitInTheLastBatchIsRefused) {
  const Synced log(3);
  const auto disk = log.disk->after_crash(base::keep_all());
  disk->corrupt(log.path(), log.last_marker + 100, "#");
  const auto opened = Wal::open(*disk, kFolder, {}, kSmallOptions);
  EXPECT_EQ(opened.error().code, Errc::kCorrupt);
  EXPECT_NE(opened.error().detail.find("crc mismatch"), std::string::npos) << opened.error().detail;
}

// Also in a length, where the record then seems to be cut short, or too long for the file. But a last byte that becomes zero is as a write leaves it that
// failed one byte early, and that has to start.
TEST(Tail, AnyFlippedBitInTheLastBatchIsRefused) {
  const Synced log(3);
  const std::uint64_t last_byte = log.disk->contents(log.path()).find_last_not_of('\0');
  for (std::uint64_t offset = log.last_marker; offset < log.end; ++offset) {
    for (int bit = 0; bit < 8; ++bit) {
      const auto disk = log.disk->after_crash(base::keep_all());
      const char flipped = static_cast<char>(disk->contents(log.path())[offset] ^ (1 << bit));
      if (offset == last_byte && flipped == 0) continue;
      disk->corrupt(log.path(), offset, std::string(1, flipped));
      expect_nothing_given_up(*disk, log.entries, "bit " + std::to_string(bit) + " of byte " + std::to_string(offset));
    }
  }
}

TEST(Tail, AWriteThatFailedAtAnyByteIsTorn) {
  const Synced log(3);
  const std::string whole = log.disk->contents(log.path());
  for (std::uint64_t cut = log.last_marker; cut < log.end; ++cut) {
    const auto disk = log.disk->after_crash(base::keep_all());
    disk->corrupt(log.path(), cut, std::string(log.end - cut, '\0'));
    const auto opened = Wal::open(*disk, kFolder, {}, kSmallOptions);
    ASSERT_TRUE(opened) << "cut at " << cut << ": " << describe(opened.error());
    EXPECT_GE(opened->entries.size(), log.entries.size() - 2) << cut;
  }
}

TEST(Tail, JunkInTheSectorOfTheLastRecordIsRefused) {
  const Synced log(3);
  const std::uint64_t place = log.end + 16;
  ASSERT_EQ(place / kSector, log.end / kSector);
  const auto disk = log.disk->after_crash(base::keep_all());
  disk->corrupt(log.path(), place, "junk");
  EXPECT_EQ(Wal::open(*disk, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
}

TEST(Tail, JunkInALaterSectorIsRemovedAsTorn) {
  const Synced log(3);
  log.disk->corrupt(log.path(), (log.end / kSector + 2) * kSector, "junk");
  const Opened opened = open_log(*log.disk);
  EXPECT_EQ(opened.entries, log.entries);
  ASSERT_TRUE(opened.repair);
  EXPECT_EQ(opened.repair->offset, log.end);
}

// 2000 bytes full of markers that a log with this key would write at these places, the first of them at `place` or just behind. `off`: how far
// wrong the place is that they name.
std::string value_of_markers(std::uint64_t key, std::uint64_t place, std::uint64_t off) {
  std::string value((8 - place % 8) % 8, '-');
  while (value.size() < 2000) {
    FrameWriter forged(0x12345678);
    forged.append_crc(Marker{key, place + value.size() + off}.encode());
    value += forged.bytes();
  }
  value.resize(2000);
  return value;
}

// Appends an entry with the value, unsynced; returns the place of the value in the segment.
std::uint64_t append_value(CrashFs& disk, const std::string& value) {
  const Opened opened = open_log(disk);
  EXPECT_TRUE(opened.wal->save({}, Entries({entry_of(1, 3, value)})));
  return disk.contents(last_segment(disk)).find(value);
}

// What a client puts into a value may look like a marker. Torn off from the head of its entry it must not stop a start, unless it has the key.
void expect_opens_with_markers_in_a_torn_value(std::uint64_t key, std::uint64_t off, bool opens) {
  const Synced log(1);
  const std::uint64_t place = append_value(*log.disk->after_crash(base::keep_all()), std::string(2000, 'v'));
  EXPECT_EQ(append_value(*log.disk, value_of_markers(key, place, off)), place);
  const std::uint64_t lost = log.end / kSector * kSector;
  log.disk->crash([&](const base::Unsynced& item) { return item.offset == lost ? 0 : item.changes; });
  EXPECT_EQ(Wal::open(*log.disk, kFolder, {}, kSmallOptions).has_value(), opens);
}

TEST(Tail, AValueThatLooksLikeMarkersDoesNotStopAStart) {
  expect_opens_with_markers_in_a_torn_value(kSmallOptions.marker_key + 1, 0, true);
  expect_opens_with_markers_in_a_torn_value(kSmallOptions.marker_key, 64'000, true);
  expect_opens_with_markers_in_a_torn_value(kSmallOptions.marker_key, 0, false);  // else the two above would show nothing
}

// A segment as Go's etcd writes it: no markers.
std::string go_segment(const std::vector<raft::Entry>& entries) {
  FrameWriter frames(0);
  std::string data;
  encode(kMetadata, data);
  frames.append_crc();
  frames.append(RecordType::kMetadata, data);
  data.clear();
  encode(Snapshot{}, data);
  frames.append(RecordType::kSnapshot, data);
  for (const raft::Entry& entry : entries) {
    data.clear();
    raft::encode(entry, data);
    frames.append(RecordType::kEntry, data);
  }
  return frames.bytes();
}

std::unique_ptr<CrashFs> disk_with_segment(const std::string& bytes) {
  auto disk = empty_disk();
  EXPECT_TRUE(disk->make_directory(kFolder));
  const auto file = disk->open(base::join_path(kFolder, SegmentName{}.text()), base::OpenMode::kCreateNew);
  EXPECT_TRUE((*file)->allocate(64 * 1024));
  EXPECT_TRUE((*file)->pwrite(0, bytes));
  disk->sync_all();
  return disk;
}

TEST(Tail, WithoutMarkersTheRulesAreEtcds) {
  const auto entries = entries_of(1, 1, 6, 700);
  const std::string bytes = go_segment(entries);
  {
    std::string flipped = bytes;
    flipped[bytes.size() - 300] ^= 1;
    EXPECT_EQ(Wal::open(*disk_with_segment(flipped), kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
  }
  std::string zeroed = bytes;
  zeroed.replace(4 * kSector, kSector, std::string(kSector, '\0'));
  const auto disk = disk_with_segment(zeroed);
  const Opened opened = open_log(*disk);
  EXPECT_TRUE(opened.repair);
  EXPECT_LT(opened.entries.size(), entries.size());
  EXPECT_TRUE(std::equal(opened.entries.begin(), opened.entries.end(), entries.begin()));
  EXPECT_EQ(list_segments(*disk, kFolder)->size(), 2u);
}

TEST(Tail, ASegmentWithoutItsHeadIsRefused) {
  EXPECT_EQ(Wal::open(*disk_with_segment(""), kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
  EXPECT_EQ(Wal::open(*disk_with_segment(go_segment({}).substr(0, 20)), kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
}

TEST(Tail, ASegmentWhoseHeadIsLostIsRefused) {
  const auto disk = empty_disk();
  ASSERT_TRUE(save_synced(*create_log(*disk), {}, entries_of(1, 1, 3, 30'000)));
  ASSERT_EQ(list_segments(*disk, kFolder)->size(), 2u);
  disk->corrupt(last_segment(*disk), 0, std::string(kSector, '\0'));
  EXPECT_EQ(Wal::open(*disk, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
}

TEST(Tail, AMarkerWithADamagedKeyDoesNotHideDamageBehindIt) {
  const Synced log(5);
  const std::string key(reinterpret_cast<const char*>(&kSmallOptions.marker_key), 8);
  const std::string bytes = log.disk->contents(log.path());
  const std::size_t in_head = bytes.find(key);
  const std::size_t in_first_batch = bytes.find(key, in_head + 1);
  ASSERT_LT(in_first_batch, log.last_marker);
  log.disk->corrupt(log.path(), in_first_batch, "wrong");
  expect_nothing_given_up(*log.disk->after_crash(base::keep_all()), log.entries, "key");
  const std::uint64_t sector = in_first_batch / kSector + 1;
  ASSERT_LE((sector + 1) * kSector, log.last_marker);
  log.disk->corrupt(log.path(), sector * kSector, std::string(kSector, '\0'));
  EXPECT_EQ(Wal::open(*log.disk, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
}

// A log of one segment with these records behind crc.
std::string segment_of(const std::vector<std::pair<RecordType, std::string>>& records) {
  FrameWriter frames(0);
  frames.append_crc();
  for (const auto& [type, data] : records) frames.append(type, data);
  return frames.bytes();
}

std::string open_error(const std::string& segment) {
  const auto disk = disk_with_segment(segment);
  const auto opened = Wal::open(*disk, kFolder, {}, kSmallOptions);
  return opened ? "" : opened.error().detail;
}

TEST(Tail, RecordsThatMakeNoSenseAreRefused) {
  std::string metadata;
  encode(kMetadata, metadata);
  std::string other_metadata;
  encode(Metadata{MemberId(1), ClusterId(1)}, other_metadata);
  std::string snapshot;
  encode(Snapshot{}, snapshot);
  using enum RecordType;
  EXPECT_EQ(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, snapshot}})), "");
  EXPECT_NE(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, snapshot}, {RecordType(6), "x"}})).find("block type"), std::string::npos);
  EXPECT_NE(open_error(segment_of({{kSnapshot, snapshot}, {kMetadata, metadata}})).find("no metadata"), std::string::npos);
  EXPECT_EQ(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, snapshot}, {kMetadata, other_metadata}})),
            "wal: conflicting metadata found");
  EXPECT_EQ(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, snapshot}, {kEntry, "\x08"}})), "wal: entry: raftpb.Entry: malformed");
  EXPECT_EQ(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, snapshot}, {kHardState, "\x08"}})),
            "wal: hard state: raftpb.HardState: malformed");
  EXPECT_EQ(open_error(segment_of({{kMetadata, metadata}, {kSnapshot, "\x08"}})), "wal: malformed snapshot record");
}

TEST(Tail, JunkBehindAClosedSegmentIsRefused) {
  const auto disk = empty_disk();
  ASSERT_TRUE(save_synced(*create_log(*disk), {}, entries_of(1, 1, 3, 30'000)));
  const std::string first = base::join_path(kFolder, list_segments(*disk, kFolder)->front().text());
  const std::uint64_t size = *disk->file_size(first);
  ASSERT_TRUE((*disk->open(first, base::OpenMode::kReadWrite))->pwrite(size, std::string(600, 'j')));
  EXPECT_EQ(Wal::open(*disk, kFolder, {}, kSmallOptions).error().code, Errc::kCorrupt);
}

TEST(Tail, AHugeLengthIsBoundedByTheFile) {
  const Synced log(2);
  for (const std::string_view length : {std::string_view("\xff\xff\xff\xff\xff\xff\xff\x7f", 8), std::string_view("\xff\xff\xff\xff\xff\xff\xff\xff", 8),
                                        std::string_view("\x00\x00\x01\x00\x00\x00\x00\x00", 8)}) {
    const auto disk = log.disk->after_crash(base::keep_all());
    disk->corrupt(log.path(), log.end, length);
    const auto opened = Wal::open(*disk, kFolder, {}, kSmallOptions);
    ASSERT_TRUE(opened) << describe(opened.error());
    EXPECT_EQ(opened->entries, log.entries);
  }
}

}  // namespace
}  // namespace etcd::wal
