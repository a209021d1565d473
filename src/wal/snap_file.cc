#include "wal/snap_file.h"

#include <algorithm>
#include <cstdio>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/wire.h"
#include "raft/codec.h"

namespace etcd::wal {

namespace {

constexpr std::string_view kSuffix = ".snap";

std::string name_of(const raft::SnapshotMetadata& metadata) {
  char text[48];
  std::snprintf(text, sizeof text, "%016llx-%016llx.snap", static_cast<unsigned long long>(metadata.term.value),
                static_cast<unsigned long long>(metadata.index.value));
  return text;
}

tl::unexpected<Error> corrupt(const std::string& path, const char* text) {
  return fail(Errc::kCorrupt, "snap: " + std::string(text) + " in " + path);
}

Result<std::string> read_whole(base::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const auto file, files.open(path, base::OpenMode::kRead));
  TRY_ASSIGN(const std::uint64_t size, file->size());
  std::string bytes(size, '\0');
  TRY_ASSIGN(const std::size_t got, file->pread(0, bytes.data(), bytes.size()));
  bytes.resize(got);
  return bytes;
}

}  // namespace

std::string encode_snap_file(const raft::Snapshot& snapshot) {
  CHECK(!snapshot.empty());
  std::string data;
  raft::encode(snapshot, data);
  std::string bytes;
  base::WireWriter writer(bytes);
  writer.varint(1, base::crc32c(0, data));
  writer.bytes(2, data);
  return bytes;
}

Status write_snap_file(base::FileSystem& files, const std::string& folder, const raft::SnapshotMetadata& metadata, std::string_view content) {
  const std::string path = base::join_path(folder, name_of(metadata));
  const std::string temporary = path + ".tmp";
  {
    TRY_ASSIGN(const auto file, files.open(temporary, base::OpenMode::kCreateTruncate));
    TRY(file->pwrite(0, content));
    TRY(file->sync());
  }
  TRY(files.rename(temporary, path));
  return files.sync_directory(folder);
}

Status write_snap_file(base::FileSystem& files, const std::string& folder, const raft::Snapshot& snapshot) {
  return write_snap_file(files, folder, snapshot.metadata, encode_snap_file(snapshot));
}

Result<raft::Snapshot> read_snap_file(base::FileSystem& files, const std::string& path) {
  TRY_ASSIGN(const std::string bytes, read_whole(files, path));
  std::uint32_t crc = 0;
  std::string_view data;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (field->number == 1 && field->type == base::WireType::kVarint) crc = static_cast<std::uint32_t>(field->varint);
    if (field->number == 2 && field->type == base::WireType::kBytes) data = field->bytes;
  }
  if (reader.failed()) return corrupt(path, "malformed file");
  if (data.empty() || crc == 0) return corrupt(path, "empty snapshot");
  if (base::crc32c(0, data) != crc) return corrupt(path, "crc mismatch");
  auto snapshot = raft::decode_snapshot(base::SharedBytes::copy_of(data));
  if (!snapshot) return corrupt(path, "malformed snapshot");
  return snapshot;
}

Result<std::vector<std::string>> list_snap_files(base::FileSystem& files, const std::string& folder) {
  TRY_ASSIGN(auto names, files.list(folder));
  std::erase_if(names, [](const std::string& name) { return !name.ends_with(kSuffix); });
  std::reverse(names.begin(), names.end());
  return names;
}

Result<raft::Snapshot> newest_snap_file(base::FileSystem& files, const std::string& folder, const std::vector<Snapshot>& valid) {
  TRY_ASSIGN(const auto names, list_snap_files(files, folder));
  for (const std::string& name : names) {
    auto snapshot = read_snap_file(files, base::join_path(folder, name));
    if (!snapshot) continue;
    const bool wanted = std::any_of(valid.begin(), valid.end(), [&](const Snapshot& record) {
      return record.index == snapshot->metadata.index && record.term == snapshot->metadata.term;
    });
    if (wanted) return snapshot;
  }
  return fail(Errc::kNotExist, "snap: no available snapshot");
}

Result<std::vector<std::string>> purge_snap_files(base::FileSystem& files, const std::string& folder, std::size_t keep) {
  TRY_ASSIGN(const auto names, list_snap_files(files, folder));
  std::vector<std::string> removed;
  for (std::size_t i = names.size(); i > keep; --i) {
    removed.push_back(base::join_path(folder, names[i - 1]));
    TRY(files.remove(removed.back()));
  }
  return removed;
}

}  // namespace etcd::wal
