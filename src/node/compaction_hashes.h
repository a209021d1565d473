// CompactionHashes: the hashes of the newest compactions. HashKV gives them for their revisions, also for those that can't be read any more: members
// that compacted at the same revision can be compared by it however far each of them has got since.
//
// Owner: the worker's thread.
#pragma once

#include <cstddef>
#include <optional>
#include <vector>

#include "mvcc/hash.h"

namespace etcd::node {

class CompactionHashes {
 public:
  static constexpr std::size_t kKept = 10;  // etcd keeps as many

  // Revisions ascend from call to call.
  void store(const mvcc::HashKv& hash) {
    if (stored_.size() == kKept) stored_.erase(stored_.begin());
    stored_.push_back(hash);
  }

  // Oldest first.
  const std::vector<mvcc::HashKv>& all() const { return stored_; }
  // current_revision in it is that of the time of the compaction.
  std::optional<mvcc::HashKv> find(Revision revision) const {
    for (const mvcc::HashKv& hash : stored_) {
      if (hash.revision == revision) return hash;
    }
    return std::nullopt;
  }

 private:
  std::vector<mvcc::HashKv> stored_;
};

}  // namespace etcd::node
