#include "wal/log_reader.h"

#include <iterator>

#include "base/check.h"
#include "wal/segment_reader.h"

namespace etcd::wal {

namespace {

// The metadata of a log, which each segment repeats.
class MetadataCheck {
 public:
  Status take(const Record& record) {
    if (!record.is(RecordType::kMetadata)) return {};
    TRY_ASSIGN(const Metadata metadata, decode_metadata(record.data));
    if (first_ && *first_ != metadata) return fail(Errc::kCorrupt, "wal: conflicting metadata found");
    first_ = metadata;
    return {};
  }
  Metadata value() const { return first_.value_or(Metadata{}); }

 private:
  std::optional<Metadata> first_;
};

Status read_segment(SegmentReader& reader, MetadataCheck& metadata, const std::function<Status(const Record&)>& visit) {
  for (;;) {
    TRY_ASSIGN(const std::optional<Record> record, reader.next());
    if (!record) return {};
    TRY(metadata.take(*record));
    TRY(visit(*record));
  }
}

// All segments but the last were synced whole before the next got its name.
Status expect_whole(const OpenSegment& segment, const SegmentReader& reader) {
  if (reader.stop_reason() == StopReason::kEnd && reader.has_head()) return {};
  return fail(damage(*segment.file, reader));
}

}  // namespace

Result<std::vector<OpenSegment>> open_segments(base::FileSystem& files, const std::string& folder, const std::vector<SegmentName>& names,
                                               base::OpenMode mode) {
  std::vector<OpenSegment> segments;
  for (const SegmentName& name : names) {
    TRY_ASSIGN(auto file, files.open(base::join_path(folder, name.text()), mode));
    if (mode != base::OpenMode::kRead) TRY(file->try_lock());
    segments.push_back({name, std::move(file)});
  }
  return segments;
}

Result<LogEnd> read_log(const std::vector<OpenSegment>& segments, const std::function<Status(const Record&)>& visit) {
  CHECK(!segments.empty());
  MetadataCheck metadata;
  std::uint32_t crc = 0;
  for (const OpenSegment& segment : segments) {
    TRY_ASSIGN(const std::uint64_t size, segment.file->size());
    SegmentReader reader(*segment.file, size, crc);
    TRY(read_segment(reader, metadata, visit));
    crc = reader.crc();
    if (&segment == &segments.back()) {
      TRY_ASSIGN(const Tail tail, judge_tail(*segment.file, reader));
      return LogEnd{tail, crc, reader.marker(), metadata.value()};
    }
    TRY(expect_whole(segment, reader));
  }
  return LogEnd{};
}

Status read_last_segment(const OpenSegment& segment, const std::function<Status(const Record&)>& visit) {
  MetadataCheck metadata;
  TRY_ASSIGN(const std::uint64_t size, segment.file->size());
  SegmentReader reader(*segment.file, size, 0);
  TRY(read_segment(reader, metadata, visit));
  TRY_ASSIGN(const Tail tail, judge_tail(*segment.file, reader));
  (void)tail;
  return {};
}

Status read_whole_segment(const OpenSegment& segment, const std::function<Status(const Record&)>& visit) {
  MetadataCheck metadata;
  TRY_ASSIGN(const std::uint64_t size, segment.file->size());
  SegmentReader reader(*segment.file, size, 0);
  TRY(read_segment(reader, metadata, visit));
  return expect_whole(segment, reader);
}

std::vector<SegmentName> without_gap(std::vector<SegmentName> segments) {
  std::size_t first = segments.empty() ? 0 : segments.size() - 1;
  while (first > 0 && segments[first - 1].sequence + 1 == segments[first].sequence) --first;
  segments.erase(segments.begin(), std::next(segments.begin(), static_cast<std::ptrdiff_t>(first)));
  return segments;
}

}  // namespace etcd::wal
