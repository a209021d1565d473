#include "mvcc/drop_list.h"

#include <algorithm>

namespace etcd::mvcc {

void DropList::add(std::vector<ChangeId> changes) {
  size_ += changes.size();
  gathering_.insert(gathering_.end(), changes.begin(), changes.end());
  if (gathering_.size() >= kRunLength) seal();
}

// What was gathered becomes a run.
void DropList::seal() {
  if (gathering_.empty()) return;
  std::ranges::sort(gathering_);
  runs_.push_back({std::exchange(gathering_, {})});
  std::ranges::push_heap(runs_, later);
}

std::vector<ChangeId> DropList::take(std::size_t count) {
  seal();
  std::vector<ChangeId> lowest;
  lowest.reserve(std::min(count, size_ - taken_));
  while (lowest.size() < count && !runs_.empty()) {
    std::ranges::pop_heap(runs_, later);
    Run& run = runs_.back();
    lowest.push_back(run.changes[run.next++]);
    if (run.next == run.changes.size()) {
      runs_.pop_back();
    } else {
      std::ranges::push_heap(runs_, later);
    }
  }
  taken_ += lowest.size();
  return lowest;
}

}  // namespace etcd::mvcc
