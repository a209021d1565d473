// .snap files: raft snapshots beside the db, <term:016x>-<index:016x>.snap. etcd 3.6 starts from them; 3.7 only writes them.
//
// A file is snappb.Snapshot{crc = 1, data = 2}, where data is an encoded raftpb.Snapshot and crc its CRC-32C. All calls block for the disk.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "base/file.h"
#include "base/result.h"
#include "raft/types.h"
#include "wal/record.h"

namespace etcd::wal {

// The content of a file. The snapshot must not be empty.
std::string encode_snap_file(const raft::Snapshot& snapshot);
// Writes the file of that content durably and all at once.
Status write_snap_file(base::FileSystem& files, const std::string& folder, const raft::SnapshotMetadata& metadata, std::string_view content);
// Both in one.
Status write_snap_file(base::FileSystem& files, const std::string& folder, const raft::Snapshot& snapshot);
// kCorrupt unless the checksum holds.
Result<raft::Snapshot> read_snap_file(base::FileSystem& files, const std::string& path);

// Names of the .snap files, newest first.
Result<std::vector<std::string>> list_snap_files(base::FileSystem& files, const std::string& folder);
// The newest readable one whose index and term are in `valid`; kNotExist if there is none.
Result<raft::Snapshot> newest_snap_file(base::FileSystem& files, const std::string& folder, const std::vector<Snapshot>& valid);
// Removes all but the `keep` newest .snap files. Returns the paths removed.
Result<std::vector<std::string>> purge_snap_files(base::FileSystem& files, const std::string& folder, std::size_t keep);

}  // namespace etcd::wal
