// Keys of the db's "key" bucket: where each change of the key space lies.
//
//   main (8 bytes big endian)  '_'  sub (8 bytes big endian)  [ 't' if the change is a deletion ]
//
// Order of bytes is order of revisions. The same 17 bytes hold the compaction marks in the "meta" bucket.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/ids.h"
#include "base/result.h"

namespace etcd::mvcc {

// A change in the key space: its place and whether it deleted the key.
struct ChangeId {
  RevisionPair revision;
  bool tombstone = false;

  friend constexpr auto operator<=>(const ChangeId&, const ChangeId&) = default;
};

inline constexpr std::size_t kRevisionKeyBytes = 17;
inline constexpr std::size_t kTombstoneKeyBytes = 18;

class RevisionKey {
 public:
  explicit RevisionKey(RevisionPair revision, bool tombstone = false);
  explicit RevisionKey(const ChangeId& change) : RevisionKey(change.revision, change.tombstone) {}

  std::string_view view() const { return {bytes_.data(), size_}; }

 private:
  std::array<char, kTombstoneKeyBytes> bytes_;
  std::size_t size_;
};

// Errors: kCorrupt unless it is 17 bytes, or 18 that end in 't', with '_' between two numbers that are not negative.
Result<ChangeId> parse_revision_key(std::string_view key);

}  // namespace etcd::mvcc
