// KeyRanges: a set of keys, made of ranges.
//
// Immutable once built: any thread. Invariants: ranges are sorted, none is empty, and between two of them lies at least
// one key that is in neither - so a range of keys is covered by the set only if it is covered by a single one of them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etcd::auth {

class KeyRanges {
 public:
  // [key, range_end) as requests and permissions write it: `range_end` empty is the key alone, one zero byte is without
  // end. Empty keys and ranges that end before they begin add nothing.
  void add(std::string_view key, std::string_view range_end);
  // Sorts and merges what was added; call once, before the first question.
  void merge();

  // True if every key of [key, range_end) is in the set. O(log n), allocates nothing. A range that ends before it begins
  // counts as its first key; an empty key is never covered.
  bool covers(std::string_view key, std::string_view range_end) const;

  std::size_t size() const { return ranges_.size(); }
  bool empty() const { return ranges_.empty(); }

 private:
  struct Range {
    std::string begin;
    std::string end;  // first key after it; empty: without end
  };

  std::vector<Range> ranges_;
};

}  // namespace etcd::auth
