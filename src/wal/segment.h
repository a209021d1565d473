// The files of a log: <sequence:016x>-<first index:016x>.wal, sequence numbers without gaps.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/ids.h"
#include "base/result.h"

namespace etcd::wal {

struct SegmentName {
  std::uint64_t sequence = 0;
  LogIndex first_index;  // no entry in the segment, but a replaced one, has a smaller index

  std::string text() const;
  static std::optional<SegmentName> parse(std::string_view name);
  friend bool operator==(const SegmentName&, const SegmentName&) = default;
};

// The segments in a folder, oldest first; other files are passed over. Empty where there is no folder.
Result<std::vector<SegmentName>> list_segments(base::FileSystem& files, const std::string& folder);

// Removes the oldest segments until `keep` are left, and stops at the first that a log has open. Returns the paths removed.
Result<std::vector<std::string>> purge_segments(base::FileSystem& files, const std::string& folder, std::size_t keep);

}  // namespace etcd::wal
