// SegmentReader: the records of one segment, one after the other, until the end of the data or something that is no good record.
//
// Invariants: offset() only grows and is always behind a good record; every length is bounded by the rest of the file before it is believed.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/file.h"
#include "base/result.h"
#include "wal/record.h"

namespace etcd::wal {

// Reads any part of a file through a buffer that is good at reading on.
class ReadWindow {
 public:
  // `file` must outlive the window.
  explicit ReadWindow(base::File& file) : file_(file) {}
  // The bytes [offset, offset + size), fewer only at the end of the file; valid until the next call.
  Result<std::string_view> read(std::uint64_t offset, std::size_t size);

 private:
  base::File& file_;
  std::uint64_t begin_ = 0;
  std::string buffer_;
};

// Why a reader goes no further.
enum class StopReason : std::uint8_t {
  kEnd,          // the file's end, or a frame of length 0
  kTooLong,      // the frame does not fit into the file
  kMalformed,    // no record
  kChecksum,     // not the bytes that were written
  kChain,        // a crc record that does not fit what came before
  kUnknownType,  // a good record of a type that there is not
  kNoHead,       // the segment does not begin with crc and metadata
};

class SegmentReader {
 public:
  // `crc`: the chain of the segments before; 0: this is the first to be read, believe what it says. `file` must outlive the reader.
  SegmentReader(base::File& file, std::uint64_t size, std::uint32_t crc) : window_(file), size_(size), crc_(crc) {}

  // The next record, its data valid until the next call; nothing where the reader stops, for good. Errors are those of the file.
  Result<std::optional<Record>> next();

  // After the last record: why.
  StopReason stop_reason() const { return stop_reason_; }
  // The size of the frame that the reader stopped at: all there is to believe of it; 0 for kEnd.
  FrameSize stopped_at() const { return stopped_at_; }
  // Behind the last good record.
  std::uint64_t offset() const { return offset_; }
  std::uint64_t size() const { return size_; }
  std::uint32_t crc() const { return crc_; }
  // True once crc and metadata, which every segment begins with, were read.
  bool has_head() const { return records_ >= 2; }
  // The last marker read: everything before its offset was durable when it was written.
  const std::optional<Marker>& marker() const { return marker_; }

 private:
  std::optional<Record> stop(StopReason reason, FrameSize frame = {});
  // Why the record can't be the next; kEnd for none.
  StopReason check(const Record& record) const;
  void accept(const Record& record, FrameSize frame);

  ReadWindow window_;
  std::uint64_t size_;
  std::uint64_t offset_ = 0;
  std::uint32_t crc_;
  std::uint64_t records_ = 0;
  std::optional<Marker> marker_;
  StopReason stop_reason_ = StopReason::kEnd;
  FrameSize stopped_at_;
};

}  // namespace etcd::wal
