#include "lease/deadline_queue.h"

#include <algorithm>
#include <functional>

namespace etcd::lease {

void DeadlineQueue::push(Entry entry) {
  heap_.push_back(entry);
  std::push_heap(heap_.begin(), heap_.end(), std::greater<>());
}

bool DeadlineQueue::pop_due(std::int64_t now_ns, Entry& entry) {
  if (heap_.empty() || heap_.front().due_ns > now_ns) return false;
  std::pop_heap(heap_.begin(), heap_.end(), std::greater<>());
  entry = heap_.back();
  heap_.pop_back();
  return true;
}

}  // namespace etcd::lease
