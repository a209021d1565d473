// Small logs for tests.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "base/testing/crash_fs.h"
#include "wal/wal.h"

namespace etcd::wal {

inline const std::string kFolder = "/member/wal";
inline const Metadata kMetadata{MemberId(0x8e9e05c52164694d), ClusterId(0xcdf818194e3a8c32)};
inline constexpr Options kSmallOptions{.segment_bytes = 64 * 1024, .marker_key = 0x1122334455667788};

inline raft::Entry entry_of(std::uint64_t term, std::uint64_t index, std::string_view data) {
  return {Term(term), LogIndex(index), raft::EntryType::kNormal, base::SharedBytes::copy_of(data)};
}

// Entries first .. last whose data name their place.
inline std::vector<raft::Entry> entries_of(std::uint64_t term, std::uint64_t first, std::uint64_t last, std::size_t data_bytes = 8) {
  std::vector<raft::Entry> entries;
  for (std::uint64_t index = first; index <= last; ++index) {
    std::string data = std::to_string(term) + "/" + std::to_string(index) + "/";
    data.resize(std::max(data.size(), data_bytes), 'x');
    entries.push_back(entry_of(term, index, data));
  }
  return entries;
}

inline raft::HardState state_of(std::uint64_t term, std::uint64_t commit) { return {Term(term), MemberId(1), LogIndex(commit)}; }

// `seed` decides what failed syncs leave.
inline std::unique_ptr<base::CrashFs> empty_disk(std::uint64_t seed = 1) {
  auto disk = std::make_unique<base::CrashFs>(base::Rng(seed));
  EXPECT_TRUE(disk->make_directories("/member"));
  disk->sync_all();
  return disk;
}

inline std::unique_ptr<Wal> create_log(base::FileSystem& disk, const Options& options = kSmallOptions) {
  auto wal = Wal::create(disk, kFolder, kMetadata, options);
  EXPECT_TRUE(wal) << describe(wal.error());
  return wal ? std::move(*wal) : nullptr;
}

inline Opened open_log(base::FileSystem& disk, const Snapshot& from = {}, const Options& options = kSmallOptions) {
  auto opened = Wal::open(disk, kFolder, from, options);
  EXPECT_TRUE(opened) << describe(opened.error());
  return opened ? std::move(*opened) : Opened{};
}

inline Status save_synced(Wal& wal, const std::optional<raft::HardState>& state, std::vector<raft::Entry> entries) {
  TRY(wal.save(state, raft::Entries(std::move(entries))));
  return wal.sync();
}

// The path of the last segment.
inline std::string last_segment(base::FileSystem& disk) {
  const auto segments = list_segments(disk, kFolder);
  return base::join_path(kFolder, segments->back().text());
}

}  // namespace etcd::wal
