// DropList: what a compaction dropped, gathered in order of key, taken in order of revision, never sorted all at once.
//
// Owner: Compaction. Gathers sorted runs of a bounded length and merges them as they are taken.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "mvcc/revision_key.h"

namespace etcd::mvcc {

class DropList {
 public:
  // Gathers `changes`, each of which is in the list at most once. Not after the first take().
  void add(std::vector<ChangeId> changes);
  // The `count` lowest that are left, ascending; fewer if there are no more. Log of the number of runs a change.
  std::vector<ChangeId> take(std::size_t count);

  // Changes ever added.
  std::size_t size() const { return size_; }
  bool empty() const { return taken_ == size_; }

 private:
  static constexpr std::size_t kRunLength = 4096;
  struct Run {
    std::vector<ChangeId> changes;
    std::size_t next = 0;  // first one that is not taken
    const ChangeId& head() const { return changes[next]; }
  };
  // Makes a heap's top of the lowest head.
  static bool later(const Run& a, const Run& b) { return a.head() > b.head(); }
  void seal();

  std::vector<ChangeId> gathering_;  // not sorted yet
  std::vector<Run> runs_;            // a heap; none is used up
  std::size_t size_ = 0;
  std::size_t taken_ = 0;
};

}  // namespace etcd::mvcc
