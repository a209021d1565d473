#include "wal/record.h"

#include <gtest/gtest.h>

#include "base/crc32c.h"
#include "base/hex.h"
#include "wal/segment.h"

namespace etcd::wal {
namespace {

template <typename Message>
std::string hex_of(const Message& message) {
  std::string bytes;
  encode(message, bytes);
  return base::to_hex(bytes);
}

// Printed by Go's walpb and etcdserverpb of etcd 3.7.3.
TEST(Record, MessagesHaveGosBytes) {
  const Metadata metadata{MemberId(0x8e9e05c52164694d), ClusterId(0xcdf818194e3a8c32)};
  EXPECT_EQ(hex_of(metadata), "08cdd2918bd2b881cf8e0110b298eaf1948386fccd01");
  EXPECT_EQ(hex_of(Snapshot{}), "08001000");
  const raft::ConfState conf_state{
      .voters = {MemberId(1), MemberId(300)}, .learners = {MemberId(7)}, .voters_outgoing = {}, .learners_next = {}};
  EXPECT_EQ(hex_of(Snapshot{LogIndex(100), Term(4), conf_state}), "086410041a09080108ac0210072800");
}

TEST(Record, MessagesAreReadBack) {
  std::string bytes;
  encode(Metadata{MemberId(5), ClusterId(6)}, bytes);
  EXPECT_EQ(decode_metadata(bytes), (Metadata{MemberId(5), ClusterId(6)}));
  EXPECT_EQ(decode_metadata("\x08").error().code, Errc::kCorrupt);
  const Snapshot snapshot{LogIndex(100), Term(4), {.voters = {MemberId(1)}, .learners = {}, .voters_outgoing = {}, .learners_next = {}}};
  bytes.clear();
  encode(snapshot, bytes);
  EXPECT_EQ(decode_snapshot(bytes), snapshot);
  EXPECT_EQ(decode_snapshot("\x1a\x01\x08").error().code, Errc::kCorrupt);
}

TEST(Record, AFrameIsFilledToEightBytes) {
  FrameWriter frames(0);
  frames.append_crc();
  EXPECT_EQ(base::to_hex(frames.bytes()), "0400000000000084" "0804100000000000");
  EXPECT_EQ(FrameSize::decode(frames.bytes()).total(), 16u);
  for (std::size_t size = 0; size < 40; ++size) {
    frames.clear();
    frames.append(RecordType::kEntry, std::string(size, 'd'));
    const FrameSize frame = FrameSize::decode(frames.bytes());
    EXPECT_EQ(frame.total(), frames.bytes().size());
    EXPECT_EQ(frame.total() % kFrameAlignment, 0u);
    const auto record = decode_record(std::string_view(frames.bytes()).substr(kFrameHeadBytes, frame.record));
    ASSERT_TRUE(record);
    EXPECT_TRUE(record->is(RecordType::kEntry));
    EXPECT_EQ(record->data, std::string(size, 'd'));
    EXPECT_EQ(record->crc, frames.crc());
  }
}

TEST(Record, TheChainCountsAllDataButThatOfCrcRecords) {
  FrameWriter frames(7);
  frames.append(RecordType::kEntry, "ab", "cd");
  frames.append_crc("not counted");
  frames.append(RecordType::kHardState, "ef");
  EXPECT_EQ(frames.crc(), base::crc32c(7, "abcdef"));
}

TEST(Record, AMarkerIsACrcRecordThatNamesItsPlace) {
  FrameWriter frames(99);
  frames.append_crc(Marker{5, 1024}.encode());
  const FrameSize frame = FrameSize::decode(frames.bytes());
  const auto record = decode_record(std::string_view(frames.bytes()).substr(kFrameHeadBytes, frame.record));
  ASSERT_TRUE(record);
  const auto marker = Marker::decode(*record);
  ASSERT_TRUE(marker);
  EXPECT_EQ(marker->key, 5u);
  EXPECT_EQ(marker->offset, 1024u);
  EXPECT_FALSE(Marker::decode({4, 0, "short"}));
  EXPECT_FALSE(Marker::decode({2, 0, "sixteen bytes..."}));
}

TEST(SegmentName, IsReadAndWritten) {
  const SegmentName name{0x1a, LogIndex(0xffffffffffffffff)};
  EXPECT_EQ(name.text(), "000000000000001a-ffffffffffffffff.wal");
  EXPECT_EQ(SegmentName::parse(name.text()), name);
  for (const std::string_view bad :
       {"", "0.tmp", "000000000000001a-ffffffffffffffff.wal.broken", "000000000000001a_ffffffffffffffff.wal",
        "00000000000000xa-ffffffffffffffff.wal", "000000000000001a-fffffffffffffff.wal", "+00000000000001a-ffffffffffffffff.wal"}) {
    EXPECT_FALSE(SegmentName::parse(bad)) << bad;
  }
}

}  // namespace
}  // namespace etcd::wal
