// Elsewhere: long jobs on a thread where nobody else waits, and no more of them than a named number: a flood of them costs those who ask for none nothing.
#pragma once

#include <atomic>
#include <functional>
#include <utility>

#include "base/unique_function.h"

namespace etcd::api {

class Elsewhere {
 public:
  using Run = std::function<void(base::UniqueFunction<void()>)>;

  // `run` has jobs done on other threads, until this goes; empty: they are done on the spot. It must outlive this.
  Elsewhere(Run run, int most) : run_(std::move(run)), most_(most) {}

  bool exists() const { return static_cast<bool>(run_); }
  // False if as many as may wait do so already. Else a run() has to follow. Any thread.
  bool take_place() {
    if (waiting_.fetch_add(1) < most_) return true;
    waiting_.fetch_sub(1);
    return false;
  }
  // Gives the place back once the job is done.
  void run(base::UniqueFunction<void()> job) {
    auto in_place = [this, job = std::move(job)]() mutable {
      job();
      waiting_.fetch_sub(1);
    };
    if (!run_) return in_place();
    run_(std::move(in_place));
  }

 private:
  const Run run_;
  const int most_;
  std::atomic<int> waiting_ = 0;
};

}  // namespace etcd::api
