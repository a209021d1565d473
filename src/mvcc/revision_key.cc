#include "mvcc/revision_key.h"

namespace etcd::mvcc {
namespace {

constexpr std::size_t kMarkAt = 8;
constexpr std::size_t kSubAt = 9;
constexpr std::size_t kTombstoneAt = 17;

void store_big_endian(char* out, std::uint64_t number) {
  for (int i = 7; i >= 0; --i) {
    out[i] = static_cast<char>(number);
    number >>= 8;
  }
}

std::int64_t load_big_endian(const char* bytes) {
  std::uint64_t number = 0;
  for (int i = 0; i < 8; ++i) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return static_cast<std::int64_t>(number);
}

}  // namespace

RevisionKey::RevisionKey(RevisionPair revision, bool tombstone)
    : size_(tombstone ? kTombstoneKeyBytes : kRevisionKeyBytes) {
  store_big_endian(bytes_.data(), static_cast<std::uint64_t>(revision.main.value));
  bytes_[kMarkAt] = '_';
  store_big_endian(bytes_.data() + kSubAt, static_cast<std::uint64_t>(revision.sub));
  bytes_[kTombstoneAt] = 't';
}

Result<ChangeId> parse_revision_key(std::string_view key) {
  const bool tombstone = key.size() == kTombstoneKeyBytes && key[kTombstoneAt] == 't';
  if (key.size() != kRevisionKeyBytes && !tombstone)
    return fail(Errc::kCorrupt, "a revision key of wrong length or mark");
  const RevisionPair revision{Revision(load_big_endian(key.data())), load_big_endian(key.data() + kSubAt)};
  if (key[kMarkAt] != '_' || revision.main.value < 0 || revision.sub < 0) {
    return fail(Errc::kCorrupt, "a revision key that holds no revision");
  }
  return ChangeId{revision, tombstone};
}

}  // namespace etcd::mvcc
