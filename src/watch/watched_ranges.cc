#include "watch/watched_ranges.h"

#include "base/check.h"

namespace etcd::watch {

WatchedRanges::~WatchedRanges() { CHECK(size() == 0, size()); }

WatchedRange& WatchedRanges::get(const mvcc::KeyRange& range) {
  if (range.kind == mvcc::KeyRange::Kind::kSingle) {
    auto found = singles_.find(range.begin);
    if (found == singles_.end()) {
      found = singles_.try_emplace(std::string(range.begin)).first;
      found->second.key = found->first;
    }
    return found->second;
  }
  if (RangeNode* const found = tree_.find(range)) return static_cast<Interval&>(*found);
  auto* const made = new Interval;
  made->begin = range.begin;
  made->end = range.end;
  made->is_open = range.kind == mvcc::KeyRange::Kind::kFrom;
  made->is_single = false;
  tree_.insert(*made);
  return *made;
}

void WatchedRanges::release(WatchedRange& range) {
  if (range.is_watched()) return;
  if (range.is_single) {
    singles_.erase(singles_.find(range.key));
    return;
  }
  auto& interval = static_cast<Interval&>(range);
  tree_.erase(interval);
  delete &interval;
}

}  // namespace etcd::watch
