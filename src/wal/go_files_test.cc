// Files that Go wrote. testdata/etcd-3.7.3: by an etcd 3.7.3 with --snapshot-count=20, killed, zeros at the end cut off. testdata/go-segments: by its
// wal package with segments of 4096 bytes. dump.txt is what Go's own reader printed of them.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <sstream>

#include "raft/codec.h"
#include "base/hex.h"
#include "wal/segment_reader.h"
#include "wal/snap_file.h"
#include "wal/testing/sample.h"

namespace etcd::wal {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  EXPECT_TRUE(file) << path;
  return {std::istreambuf_iterator<char>(file), {}};
}

const std::vector<std::string> kEtcdFiles{"0000000000000000-0000000000000000.wal"};
const std::vector<std::string> kSegmentFiles{
    "0000000000000000-0000000000000000.wal", "0000000000000001-000000000000000e.wal", "0000000000000002-000000000000001b.wal",
    "0000000000000003-0000000000000023.wal"};

// A disk with the files at kFolder.
std::unique_ptr<base::CrashFs> disk_with(const std::string& testdata, const std::vector<std::string>& names) {
  auto disk = empty_disk();
  EXPECT_TRUE(disk->make_directory(kFolder));
  for (const std::string& name : names) {
    auto file = disk->open(base::join_path(kFolder, name), base::OpenMode::kCreateNew);
    EXPECT_TRUE((*file)->pwrite(0, read_file("testdata/" + testdata + "/" + name)));
  }
  disk->sync_all();
  return disk;
}

void print(std::ostream& out, const Snapshot& snapshot) {
  out << "snapshot index=" << snapshot.index << " term=" << snapshot.term << " voters=[" << std::hex;
  const char* before = "";
  for (const MemberId voter : snapshot.conf_state.voters) {
    out << before << voter;
    before = " ";
  }
  out << std::dec << "]\n";
}

// The log in the words of Go's dump.
std::string dump(base::FileSystem& disk) {
  std::ostringstream out;
  const auto snapshots = valid_snapshots(disk, kFolder);
  EXPECT_TRUE(snapshots) << describe(snapshots.error());
  for (const Snapshot& snapshot : *snapshots) print(out, snapshot);
  const Opened opened = open_log(disk, snapshots->front());
  const raft::HardState& state = opened.hard_state;
  out << "metadata member=" << std::hex << opened.metadata.member << " cluster=" << opened.metadata.cluster << std::dec << "\n";
  out << "state term=" << state.term << " vote=" << std::hex << state.vote << std::dec << " commit=" << state.commit << "\n";
  for (const raft::Entry& entry : opened.entries) {
    out << "entry term=" << entry.term << " index=" << entry.index << " type=" << int(entry.type) << " data=" << base::to_hex(entry.data.view()) << "\n";
  }
  return out.str();
}

TEST(GoFiles, ALogOfEtcdIsReadAsGoReadsIt) {
  EXPECT_EQ(dump(*disk_with("etcd-3.7.3", kEtcdFiles)), read_file("testdata/etcd-3.7.3/dump.txt"));
}

TEST(GoFiles, ALogOfSeveralSegmentsIsReadAsGoReadsIt) {
  EXPECT_EQ(dump(*disk_with("go-segments", kSegmentFiles)), read_file("testdata/go-segments/dump.txt"));
}

TEST(GoFiles, WritingGoesOnInASegmentOfOurOwn) {
  const auto disk = disk_with("go-segments", kSegmentFiles);
  std::vector<raft::Entry> entries;
  {
    Opened opened = open_log(*disk);
    EXPECT_EQ(list_segments(*disk, kFolder)->back(), (SegmentName{4, LogIndex(35)}));
    entries = std::move(opened.entries);
    ASSERT_TRUE(save_synced(*opened.wal, state_of(2, 34), entries_of(2, 35, 36)));
  }
  for (const auto& entry : entries_of(2, 35, 36)) entries.push_back(entry);
  EXPECT_EQ(open_log(*disk).entries, entries);
  EXPECT_EQ(list_segments(*disk, kFolder)->size(), 5u);
}

// Takes the record's data apart and puts it together again.
std::string encoded_again(const Record& record) {
  std::string data;
  if (record.is(RecordType::kMetadata)) encode(*decode_metadata(record.data), data);
  if (record.is(RecordType::kEntry)) raft::encode(*raft::decode_entry(base::SharedBytes::copy_of(record.data)), data);
  if (record.is(RecordType::kHardState)) raft::encode(*raft::decode_hard_state(record.data), data);
  if (record.is(RecordType::kSnapshot)) encode(*decode_snapshot(record.data), data);
  return data;
}

void expect_same_bytes_written(base::CrashFs& disk, const std::string& path, std::uint32_t& crc) {
  const auto file = disk.open(path, base::OpenMode::kRead);
  SegmentReader reader(**file, *(*file)->size(), crc);
  FrameWriter writer(crc);
  for (auto record = reader.next(); record && *record; record = reader.next()) {
    if ((*record)->is(RecordType::kCrc)) {
      writer.append_crc();
    } else {
      writer.append(static_cast<RecordType>((*record)->type), encoded_again(**record));
    }
  }
  crc = reader.crc();
  EXPECT_GE(writer.bytes().size(), 64u);
  EXPECT_TRUE(writer.bytes() == disk.contents(path).substr(0, reader.offset())) << path;
}

TEST(GoFiles, OurFramesOfTheSameRecordsAreGosToTheByte) {
  const auto etcd = disk_with("etcd-3.7.3", kEtcdFiles);
  std::uint32_t crc = 0;
  expect_same_bytes_written(*etcd, base::join_path(kFolder, kEtcdFiles[0]), crc);
  const auto segments = disk_with("go-segments", kSegmentFiles);
  crc = 0;
  for (const std::string& name : kSegmentFiles) expect_same_bytes_written(*segments, base::join_path(kFolder, name), crc);
}

TEST(GoFiles, ASnapFileOfEtcdIsReadAndWrittenToTheByte) {
  const std::string name = "0000000000000002-0000000000000015.snap";
  const auto disk = disk_with("etcd-3.7.3", {name});
  const auto snapshot = read_snap_file(*disk, base::join_path(kFolder, name));
  ASSERT_TRUE(snapshot) << describe(snapshot.error());
  EXPECT_EQ(snapshot->metadata.index, LogIndex(21));
  EXPECT_EQ(snapshot->metadata.term, Term(2));
  EXPECT_EQ(snapshot->metadata.conf_state.voters, std::vector<MemberId>{MemberId(0x5e3803ccffc1b2ad)});
  EXPECT_EQ(snapshot->data.view().substr(0, 8), "{\"Root\":");
  ASSERT_TRUE(disk->make_directory("/again"));
  ASSERT_TRUE(write_snap_file(*disk, "/again", *snapshot));
  EXPECT_TRUE(disk->contents("/again/" + name) == read_file("testdata/etcd-3.7.3/" + name));
}

}  // namespace
}  // namespace etcd::wal
