#include "wal/segment_reader.h"

#include <algorithm>

#include "base/crc32c.h"

namespace etcd::wal {

Result<std::string_view> ReadWindow::read(std::uint64_t offset, std::size_t size) {
  constexpr std::size_t kAhead = 256 * 1024;
  const bool inside = offset >= begin_ && offset - begin_ <= buffer_.size() && size <= buffer_.size() - (offset - begin_);
  if (!inside) {
    buffer_.resize(std::max(size, kAhead));
    begin_ = offset;
    TRY_ASSIGN(const std::size_t got, file_.pread(offset, buffer_.data(), buffer_.size()));
    buffer_.resize(got);
  }
  return std::string_view(buffer_).substr(offset - begin_, size);
}

Result<std::optional<Record>> SegmentReader::next() {
  TRY_ASSIGN(const std::string_view head, window_.read(offset_, kFrameHeadBytes));
  if (head.empty()) return stop(StopReason::kEnd);
  if (head.size() < kFrameHeadBytes) return stop(StopReason::kTooLong);
  if (head == std::string_view("\0\0\0\0\0\0\0\0", kFrameHeadBytes)) return stop(StopReason::kEnd);
  const FrameSize frame = FrameSize::decode(head);
  if (frame.total() % kFrameAlignment != 0) return stop(StopReason::kMalformed, frame);
  if (frame.total() > size_ - offset_) return stop(StopReason::kTooLong, frame);

  TRY_ASSIGN(const std::string_view bytes, window_.read(offset_ + kFrameHeadBytes, frame.record));
  if (bytes.size() < frame.record) return stop(StopReason::kTooLong, frame);
  const std::optional<Record> record = decode_record(bytes);
  if (!record) return stop(StopReason::kMalformed, frame);
  const StopReason fault = check(*record);
  if (fault != StopReason::kEnd) return stop(fault, frame);
  accept(*record, frame);
  return record;
}

StopReason SegmentReader::check(const Record& record) const {
  if (record.is(RecordType::kCrc)) {
    if (crc_ != 0 && record.crc != crc_) return StopReason::kChain;
  } else if (record.crc != base::crc32c(crc_, record.data)) {
    return StopReason::kChecksum;
  }
  const bool known = record.type >= static_cast<std::uint64_t>(RecordType::kMetadata) &&
                     record.type <= static_cast<std::uint64_t>(RecordType::kSnapshot);
  if (!known) return StopReason::kUnknownType;
  if (records_ == 0 && !record.is(RecordType::kCrc)) return StopReason::kNoHead;
  if (records_ == 1 && !record.is(RecordType::kMetadata)) return StopReason::kNoHead;
  return StopReason::kEnd;
}

void SegmentReader::accept(const Record& record, FrameSize frame) {
  const auto marker = Marker::decode(record);
  const bool own = marker && (!marker_ || marker->key == marker_->key);  // the segment's head says which key is the log's
  if (own && marker->offset == offset_) marker_ = marker;
  crc_ = record.crc;
  ++records_;
  offset_ += frame.total();
}

std::optional<Record> SegmentReader::stop(StopReason reason, FrameSize frame) {
  stop_reason_ = reason;
  stopped_at_ = frame;
  return std::nullopt;
}

}  // namespace etcd::wal
