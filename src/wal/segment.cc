#include "wal/segment.h"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace etcd::wal {

namespace {

constexpr std::string_view kSuffix = ".wal";
constexpr std::size_t kDigits = 16;

std::optional<std::uint64_t> parse_hex(std::string_view digits) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number, 16);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return number;
}

}  // namespace

std::string SegmentName::text() const {
  char text[2 * kDigits + 1 + kSuffix.size() + 1];
  std::snprintf(text, sizeof text, "%016llx-%016llx.wal", static_cast<unsigned long long>(sequence),
                static_cast<unsigned long long>(first_index.value));
  return text;
}

std::optional<SegmentName> SegmentName::parse(std::string_view name) {
  if (name.size() != 2 * kDigits + 1 + kSuffix.size() || name[kDigits] != '-' || !name.ends_with(kSuffix)) return std::nullopt;
  const auto sequence = parse_hex(name.substr(0, kDigits));
  const auto first_index = parse_hex(name.substr(kDigits + 1, kDigits));
  if (!sequence || !first_index) return std::nullopt;
  return SegmentName{*sequence, LogIndex(*first_index)};
}

Result<std::vector<SegmentName>> list_segments(base::FileSystem& files, const std::string& folder) {
  std::vector<SegmentName> segments;
  if (!files.exists(folder)) return segments;
  TRY_ASSIGN(const auto names, files.list(folder));
  for (const std::string& name : names) {
    if (const auto segment = SegmentName::parse(name)) segments.push_back(*segment);
  }
  std::sort(segments.begin(), segments.end(),
            [](const SegmentName& a, const SegmentName& b) { return a.sequence < b.sequence; });
  return segments;
}

Result<std::vector<std::string>> purge_segments(base::FileSystem& files, const std::string& folder, std::size_t keep) {
  TRY_ASSIGN(const auto segments, list_segments(files, folder));
  std::vector<std::string> removed;
  for (std::size_t i = 0; i + keep < segments.size(); ++i) {
    const std::string path = base::join_path(folder, segments[i].text());
    TRY_ASSIGN(const auto file, files.open(path, base::OpenMode::kReadWrite));
    const Status locked = file->try_lock();
    if (!locked && locked.error().code == Errc::kLocked) break;
    TRY(locked);
    TRY(files.remove(path));
    TRY(files.sync_directory(folder));  // one by one, so that a crash leaves no gap in the sequence
    removed.push_back(path);
  }
  return removed;
}

}  // namespace etcd::wal
