#include <optional>
#include <utility>

#include "raft/codec.h"
#include "wal/wal.h"

namespace etcd::wal {

namespace {

Result<std::vector<OpenSegment>> open_all(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(auto names, list_segments(files, folder));
  if (names.empty()) return fail(Errc::kNotExist, "wal: file not found");
  return open_segments(files, folder, without_gap(std::move(names)), base::OpenMode::kRead);
}

// The snapshots of some part of the log, and the commit index that it ends with.
struct Found {
  std::vector<Snapshot> snapshots;
  std::optional<LogIndex> committed;

  Status take(const Record& record) {
    if (record.is(RecordType::kSnapshot)) {
      TRY_ASSIGN(snapshots.emplace_back(), decode_snapshot(record.data));
    } else if (record.is(RecordType::kHardState)) {
      const auto state = raft::decode_hard_state(record.data);
      if (!state) return fail(Errc::kCorrupt, "wal: hard state: " + state.error().detail);
      committed = state->commit;
    }
    return {};
  }
};

std::vector<Snapshot> up_to(LogIndex committed, std::vector<Snapshot> snapshots) {
  std::erase_if(snapshots, [&](const Snapshot& snapshot) { return snapshot.index > committed; });
  return snapshots;
}

}  // namespace

Result<std::vector<Snapshot>> valid_snapshots(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const auto segments, open_all(files, folder));
  Found found;
  TRY(read_log(segments, [&](const Record& record) { return found.take(record); }));
  return up_to(found.committed.value_or(LogIndex(0)), std::move(found.snapshots));
}

// From the newest segment back, since what it looks for is most often in there.
Result<Snapshot> newest_snapshot(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const auto segments, open_all(files, folder));
  Found behind;
  for (std::size_t i = segments.size(); i-- > 0;) {
    Found found;
    const auto visit = [&](const Record& record) { return found.take(record); };
    TRY(i + 1 == segments.size() ? read_last_segment(segments[i], visit) : read_whole_segment(segments[i], visit));
    if (!behind.committed) behind.committed = found.committed;
    behind.snapshots.insert(behind.snapshots.begin(), found.snapshots.begin(), found.snapshots.end());
    if (!behind.committed) continue;
    const auto valid = up_to(*behind.committed, behind.snapshots);
    if (!valid.empty()) return valid.back();
  }
  return Snapshot{};
}

}  // namespace etcd::wal
