// Worker: runs long jobs (hashes, copies) one after the other on a thread that nobody waits for.
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "base/unique_function.h"
#include "node/inbox.h"

namespace etcd::node {

using Job = base::UniqueFunction<void()>;

class Worker {
 public:
  explicit Worker(Wakeup& wakeup) : inbox_(wakeup) {}

  Inbox<Job>& inbox() { return inbox_; }
  std::int64_t step() {
    inbox_.drain(jobs_);
    for (Job& job : jobs_) job();
    jobs_.clear();
    return std::numeric_limits<std::int64_t>::max();
  }

 private:
  Inbox<Job> inbox_;
  std::vector<Job> jobs_;
};

}  // namespace etcd::node
