#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "node/worker.h"
#include "server/threads.h"

namespace etcd::server {

// Threads for jobs that may take long and that nobody orders: each job goes to the next thread in turn. They give way to all other threads of the
// process where cores are scarce.
class WorkerThreads {
 public:
  // Up to kMost threads, one for each core; `name` as StageThread's. `clock` must outlive them.
  static constexpr std::size_t kMost = 4;
  WorkerThreads(const std::string& name, unsigned cores, base::Clock& clock);
  ~WorkerThreads() { stop(); }
  WorkerThreads(const WorkerThreads&) = delete;
  WorkerThreads& operator=(const WorkerThreads&) = delete;

  void start();
  // Ends after the jobs under way; those that wait are dropped.
  void stop();
  // Any thread.
  void push(node::Job job);
  std::size_t size() const { return threads_.size(); }

 private:
  struct One {
    One(const std::string& name, base::Clock& clock) : thread(name, clock) {}

    StageThread thread;
    node::Worker worker{thread.wakeup()};
  };

  std::vector<std::unique_ptr<One>> threads_;
  std::atomic<std::size_t> turn_ = 0;
};

}  // namespace etcd::server
