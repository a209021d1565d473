// ViewSignals: how threads that follow the published views (watching) learn of a new one, without the apply stage knowing them.
#pragma once

#include <algorithm>
#include <atomic>
#include <mutex>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/unique_function.h"

namespace etcd::node {

// One thread's. However many views are published, it is woken once after each arm().
class ViewSignal {
 public:
  // `wake` runs on the apply stage's thread: short, and it must not call the node.
  explicit ViewSignal(base::UniqueFunction<void()> wake) : wake_(std::move(wake)) {}

  // The thread that follows: call it, then look at Node::view() once more, then sleep. A view that this look does not see is signalled: both sides
  // exchange the same flag, so one of the two comes second and sees what the other did before it.
  void arm() { armed_.exchange(true); }
  // The node, after publishing.
  void published() {
    if (armed_.exchange(false)) wake_();
  }

 private:
  std::atomic<bool> armed_ = false;
  base::UniqueFunction<void()> wake_;
};

// Any thread.
class ViewSignals {
 public:
  ViewSignals() = default;
  ~ViewSignals() { CHECK(signals_.empty(), signals_.size()); }
  ViewSignals(const ViewSignals&) = delete;
  ViewSignals& operator=(const ViewSignals&) = delete;

  void add(ViewSignal& signal) {
    const std::lock_guard lock(mutex_);
    signals_.push_back(&signal);
  }
  // After this the signal is not touched any more.
  void remove(ViewSignal& signal) {
    const std::lock_guard lock(mutex_);
    std::erase(signals_, &signal);
  }
  void published() {
    const std::lock_guard lock(mutex_);
    for (ViewSignal* signal : signals_) signal->published();
  }

 private:
  std::mutex mutex_;
  std::vector<ViewSignal*> signals_;  // under mutex_
};

}  // namespace etcd::node
