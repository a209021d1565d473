// KeyRange: which keys a request means by `key` and `range_end`.
#pragma once

#include <string_view>

namespace etcd::mvcc {

// Looks at somebody else's bytes.
struct KeyRange {
  enum class Kind { kSingle, kInterval, kFrom };

  std::string_view begin;
  std::string_view end;  // of an interval: the first key that is not in it
  Kind kind = Kind::kSingle;

  // etcd's rules: no range_end is the one key; a single zero byte is every key from `key` on; else [key, range_end),
  // which may be empty.
  static KeyRange of(std::string_view key, std::string_view range_end) {
    if (range_end.empty()) return {key, {}, Kind::kSingle};
    if (range_end == std::string_view("\0", 1)) return {key, {}, Kind::kFrom};
    return {key, range_end, Kind::kInterval};
  }
  static KeyRange all() { return {{}, {}, Kind::kFrom}; }

  bool contains(std::string_view key) const {
    if (kind == Kind::kSingle) return key == begin;
    return key >= begin && (kind == Kind::kFrom || key < end);
  }
};

}  // namespace etcd::mvcc
