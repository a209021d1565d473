// The records of a log: what they hold, and how they look as bytes (walpb, framed, chained by a checksum).
//
// A frame is 8 bytes, little endian: the length of the record in the low 56 bits and, if zeros were added to fill the last 8 bytes, 0x80 | their
// number in the top byte; then the record and those zeros. A frame of length 0 is the end. Every record carries the CRC-32C of the data of all
// records since the log began, its own included; a crc record lets a reader begin in the middle, and does not count itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"
#include "raft/types.h"

namespace etcd::wal {

// Whose log it is; at the head of every segment.
struct Metadata {
  MemberId member;
  ClusterId cluster;

  friend bool operator==(const Metadata&, const Metadata&) = default;
};

// Says that a snapshot of the state at `index` is on disk.
struct Snapshot {
  LogIndex index;
  Term term;
  raft::ConfState conf_state = {};

  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

enum class RecordType : std::uint8_t { kMetadata = 1, kEntry = 2, kHardState = 3, kCrc = 4, kSnapshot = 5 };

// A record as it was read. `data` points into the reader's buffer.
struct Record {
  std::uint64_t type = 0;  // a RecordType, or anything else in a file that is not ours
  std::uint32_t crc = 0;
  std::string_view data = {};

  bool is(RecordType wanted) const { return type == static_cast<std::uint64_t>(wanted); }
};

// A crc record whose data names its own place: it is written only after a sync, so whoever finds one knows that all before it was durable.
// Go's readers ignore the data of crc records. `key` is the log's own, so that no value a client wrote can pass for a marker.
struct Marker {
  std::uint64_t key = 0;
  std::uint64_t offset = 0;  // of its frame in the segment

  std::string encode() const;
  // Nothing if the record is not a marker.
  static std::optional<Marker> decode(const Record& record);
};

inline constexpr std::size_t kFrameHeadBytes = 8;
inline constexpr std::size_t kFrameAlignment = 8;

// What the first 8 bytes of a frame say.
struct FrameSize {
  std::uint64_t record = 0;   // bytes
  std::uint64_t padding = 0;  // bytes of zeros behind it, 0 .. 7

  std::uint64_t total() const { return kFrameHeadBytes + record + padding; }  // no overflow: record < 2^56
  // `head` has kFrameHeadBytes.
  static FrameSize decode(std::string_view head);
};

// Nothing if the bytes are no record.
std::optional<Record> decode_record(std::string_view bytes);

void encode(const Metadata& metadata, std::string& out);
void encode(const Snapshot& snapshot, std::string& out);
// kCorrupt for malformed bytes.
Result<Metadata> decode_metadata(std::string_view bytes);
Result<Snapshot> decode_snapshot(std::string_view bytes);

// Gathers frames and keeps the chain of checksums. One owner.
class FrameWriter {
 public:
  // `crc`: the chain so far.
  explicit FrameWriter(std::uint32_t crc) : crc_(crc) {}

  // The record's data is `head` followed by `body`.
  void append(RecordType type, std::string_view head, std::string_view body = {});
  // A crc record of the chain so far; `data` is not counted.
  void append_crc(std::string_view data = {});

  std::uint32_t crc() const { return crc_; }
  const std::string& bytes() const { return bytes_; }
  // Forgets the bytes, not the chain.
  void clear();

 private:
  void append_frame(RecordType type, std::string_view head, std::string_view body);

  std::string bytes_;
  std::uint32_t crc_;
};

}  // namespace etcd::wal
