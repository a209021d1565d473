// How stages hand work to each other: an Inbox gathers items from any thread; the owner drains all of them at once. Stages that share a thread
// share its Wakeup, so that one wake-up carries everything that has gathered.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <iterator>
#include <mutex>
#include <utility>
#include <vector>

namespace etcd::node {

// Lets one thread sleep until somebody has work for it. Notifying a thread that is awake costs one atomic exchange.
class Wakeup {
 public:
  // Any thread.
  void notify() {
    if (state_.exchange(State::kNotified, std::memory_order_acq_rel) != State::kSleeping) return;
    std::lock_guard lock(mutex_);
    wake_.notify_one();
  }

  // The owner: sleeps for at most `timeout_ns`, or returns at once if notify() was called since the last return.
  void wait(std::int64_t timeout_ns) {
    State expected = State::kAwake;
    if (timeout_ns > 0 && state_.compare_exchange_strong(expected, State::kSleeping, std::memory_order_acq_rel)) {
      std::unique_lock lock(mutex_);
      wake_.wait_for(lock, std::chrono::nanoseconds(timeout_ns),
                     [&] { return state_.load(std::memory_order_acquire) != State::kSleeping; });
    }
    state_.store(State::kAwake, std::memory_order_release);
  }

  // The owner, if it never sleeps (as in the simulator): was notify() called since the last time?
  bool consume() { return state_.exchange(State::kAwake, std::memory_order_acq_rel) == State::kNotified; }

 private:
  enum class State : std::uint8_t { kAwake, kSleeping, kNotified };

  std::atomic<State> state_{State::kAwake};
  std::mutex mutex_;
  std::condition_variable wake_;
};

// Not bounded by itself: what enters the node is bounded by the proposer's limits, and each stage produces at most in proportion to that.
template <typename Item>
class Inbox {
 public:
  // `wakeup` is the one of the thread that drains; it must outlive the inbox.
  explicit Inbox(Wakeup& wakeup) : wakeup_(wakeup) {}

  // Any thread.
  void push(Item item) {
    {
      std::lock_guard lock(mutex_);
      items_.push_back(std::move(item));
    }
    wakeup_.notify();
  }

  // The owner: replaces `out` by all items in order of arrival; false if there were none.
  bool drain(std::vector<Item>& out) {
    out.clear();
    std::lock_guard lock(mutex_);
    out.swap(items_);
    return !out.empty();
  }

 private:
  Wakeup& wakeup_;
  std::mutex mutex_;
  std::vector<Item> items_;
};

}  // namespace etcd::node
