#include "auth/key_ranges.h"

#include <algorithm>
#include <utility>

namespace etcd::auth {

namespace {

constexpr std::string_view kWithoutEnd{"\0", 1};

// Ends of ranges, where empty is beyond every key.
bool end_less(std::string_view a, std::string_view b) { return !a.empty() && (b.empty() || a < b); }

// True if `key` lies before `end`.
bool is_before(std::string_view key, std::string_view end) { return end.empty() || key < end; }

}  // namespace

void KeyRanges::add(std::string_view key, std::string_view range_end) {
  if (key.empty()) return;
  Range range{.begin = std::string(key), .end = {}};
  if (range_end.empty()) {
    range.end = range.begin + '\0';  // the next key after it
  } else if (range_end != kWithoutEnd) {
    if (range_end <= key) return;
    range.end = range_end;
  }
  ranges_.push_back(std::move(range));
}

void KeyRanges::merge() {
  std::sort(ranges_.begin(), ranges_.end(), [](const Range& a, const Range& b) { return a.begin < b.begin; });
  std::vector<Range> merged;
  for (Range& range : ranges_) {
    if (merged.empty() || (!merged.back().end.empty() && merged.back().end < range.begin)) {
      merged.push_back(std::move(range));
    } else if (end_less(merged.back().end, range.end)) {
      merged.back().end = std::move(range.end);
    }
  }
  merged.shrink_to_fit();
  ranges_ = std::move(merged);
}

bool KeyRanges::covers(std::string_view key, std::string_view range_end) const {
  if (key.empty()) return false;
  const auto after = std::upper_bound(ranges_.begin(), ranges_.end(), key,
                                      [](std::string_view sought, const Range& range) { return sought < range.begin; });
  if (after == ranges_.begin()) return false;
  const Range& range = *std::prev(after);
  if (!is_before(key, range.end)) return false;
  if (range_end.empty()) return true;
  return range_end == kWithoutEnd ? range.end.empty() : !end_less(range.end, range_end);
}

}  // namespace etcd::auth
