// Reads the segments of a log as one chain of records.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "wal/record.h"
#include "wal/segment.h"
#include "wal/tail.h"

namespace etcd::wal {

struct OpenSegment {
  SegmentName name;
  std::unique_ptr<base::File> file;
};

// Opens the segments, oldest first. With kReadWrite they are locked too: kLocked if somebody else has one.
Result<std::vector<OpenSegment>> open_segments(base::FileSystem& files, const std::string& folder, const std::vector<SegmentName>& names,
                                               base::OpenMode mode);

// How the last segment ends.
struct LogEnd {
  Tail tail;
  std::uint32_t crc = 0;
  std::optional<Marker> marker;  // the last one in the segment; none: Go's etcd began it
  Metadata metadata;             // the same in all segments
};

// Gives every record to `visit`, which may end the reading with an error. `segments` is not empty. kCorrupt for damage anywhere, see tail.h.
Result<LogEnd> read_log(const std::vector<OpenSegment>& segments, const std::function<Status(const Record&)>& visit);

// The same of one segment, whatever came before it: of the last one, or of one that others follow.
Status read_last_segment(const OpenSegment& segment, const std::function<Status(const Record&)>& visit);
Status read_whole_segment(const OpenSegment& segment, const std::function<Status(const Record&)>& visit);

// The newest segments without a gap in their sequence. A purge that a crash cut short may have left older ones before a gap.
std::vector<SegmentName> without_gap(std::vector<SegmentName> segments);

}  // namespace etcd::wal
