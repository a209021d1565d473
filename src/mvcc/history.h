// History: a key and the revisions at which it changed. HistoryView: the part of one that a version of the index sees.
//
// A history is shared by all versions of the index and only ever appended to: a version knows how long it was, and
// never looks further. So a key with a million revisions takes a new one in the same time as any other. When there is
// no room left, or compaction takes revisions away, the key gets a new History and the old one is retired.
//
// Owner: the index (the apply stage). Readers look at entries below their version's length, which never change again.
// Invariants: revisions ascend; a generation begins after a tombstone and at index 0; the first entry of a generation
//   is a tombstone only if it is the only one (what a compaction at a tombstone leaves).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/ids.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {

// Largest `sub` of a revision: more changes than a transaction can hold.
inline constexpr std::int64_t kMaxSub = (std::int64_t{1} << 31) - 1;

// One change of a key, in 16 bytes.
struct HistoryEntry {
  Revision main;
  std::uint32_t sub : 31;
  std::uint32_t tombstone : 1;
  std::uint32_t generation;  // index of the generation's first entry

  RevisionPair revision() const { return {main, sub}; }
  ChangeId id() const { return {revision(), tombstone != 0}; }
};

// What the index knows of a key at some revision.
struct KeyState {
  RevisionPair modified;
  Revision created;
  std::int64_t version = 0;

  friend bool operator==(const KeyState&, const KeyState&) = default;
};

class History {
 public:
  // Room for `capacity` entries and a copy of the key. `born`: see Reclaimer.
  static History* make(std::uint64_t born, std::string_view key, std::uint32_t capacity);
  // The bytes make() asks for, for the memory budget.
  static std::size_t bytes(std::size_t key_size, std::uint32_t capacity);
  static void free(void* history);

  std::string_view key() const { return {reinterpret_cast<const char*>(entries() + capacity_), key_size_}; }
  std::uint32_t capacity() const { return capacity_; }
  std::uint64_t born() const { return born_; }
  const HistoryEntry* entries() const { return reinterpret_cast<const HistoryEntry*>(this + 1); }
  HistoryEntry* entries() { return reinterpret_cast<HistoryEntry*>(this + 1); }

  // For the generation that starts at index 0, whose first entries compaction may have taken away: when the key was
  // created and the version of entry 0. Other generations start with the put that created the key.
  void set_base(Revision created, std::int64_t version) {
    base_created_ = created;
    base_version_ = version;
  }
  Revision base_created() const { return base_created_; }
  std::int64_t base_version() const { return base_version_; }

 private:
  History(std::uint64_t born, std::uint32_t key_size, std::uint32_t capacity)
      : born_(born), key_size_(key_size), capacity_(capacity) {}

  std::uint64_t born_;
  std::uint32_t key_size_;
  std::uint32_t capacity_;
  Revision base_created_;
  std::int64_t base_version_ = 1;
};

// A key as one version of the index has it. A small value; valid as long as the version.
class HistoryView {
 public:
  HistoryView(const History* history, std::uint32_t length) : history_(history), length_(length) {}

  std::string_view key() const { return history_->key(); }
  std::uint32_t size() const { return length_; }
  const HistoryEntry& operator[](std::uint32_t index) const { return history_->entries()[index]; }
  const HistoryEntry& newest() const { return history_->entries()[length_ - 1]; }
  // Index of the newest entry at or below `at`; nothing if all are above.
  std::optional<std::uint32_t> find(Revision at) const;
  // The key as of `at`: nothing if it did not exist, or was deleted.
  std::optional<KeyState> state(Revision at) const;
  // What entry `index`, not a tombstone, made of the key.
  KeyState state_of(std::uint32_t index) const;
  // How many of the first entries a compaction at `at` drops: all below the newest at or below `at`, and that one too
  // if it is a tombstone below `at` (a tombstone at exactly `at` is kept, so that a watcher who starts there sees the
  // deletion).
  std::uint32_t dropped_by_compaction(Revision at) const;

 private:
  const History* history_;
  std::uint32_t length_;
};

}  // namespace etcd::mvcc
