#include <utility>

#include "raft/codec.h"
#include "wal/wal.h"

namespace etcd::wal {

Result<std::vector<Snapshot>> valid_snapshots(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(auto names, list_segments(files, folder));
  if (names.empty()) return fail(Errc::kNotExist, "wal: file not found");
  TRY_ASSIGN(const auto segments, open_segments(files, folder, without_gap(std::move(names)), base::OpenMode::kRead));
  std::vector<Snapshot> snapshots;
  LogIndex committed;
  TRY(read_log(segments, [&](const Record& record) -> Status {
    if (record.is(RecordType::kSnapshot)) {
      TRY_ASSIGN(snapshots.emplace_back(), decode_snapshot(record.data));
    } else if (record.is(RecordType::kHardState)) {
      const auto state = raft::decode_hard_state(record.data);
      if (!state) return fail(Errc::kCorrupt, "wal: hard state: " + state.error().detail);
      committed = state->commit;
    }
    return {};
  }));
  std::erase_if(snapshots, [&](const Snapshot& snapshot) { return snapshot.index > committed; });
  return snapshots;
}

Result<Snapshot> newest_snapshot(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(const auto snapshots, valid_snapshots(files, folder));
  return snapshots.empty() ? Snapshot{} : snapshots.back();
}

}  // namespace etcd::wal
