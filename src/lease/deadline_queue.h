// DeadlineQueue: which lease is due next.
//
// A deadline that moves into the future costs nothing here: the entry stays where it is, and its owner puts it back
// when it comes up too early. So a million renewals a second never touch the heap.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/ids.h"

namespace etcd::lease {

class DeadlineQueue {
 public:
  struct Entry {
    std::int64_t due_ns = 0;
    LeaseId id;
    friend constexpr auto operator<=>(const Entry&, const Entry&) = default;
  };

  void push(Entry entry);
  // Takes out the earliest entry that is due at `now_ns` into `entry`; false if there is none.
  bool pop_due(std::int64_t now_ns, Entry& entry);
  // INT64_MAX for an empty queue.
  std::int64_t next_due_ns() const {
    return heap_.empty() ? std::numeric_limits<std::int64_t>::max() : heap_.front().due_ns;
  }
  std::size_t size() const { return heap_.size(); }
  void clear() { heap_ = {}; }

 private:
  std::vector<Entry> heap_;  // earliest first
};

}  // namespace etcd::lease
