// Waiters: who waits for the outcome of which proposal.
//
// Any thread. A waiter is answered exactly once: by apply with the response, by expiry with kTimeout, or by stop with kStopped. Invariant: an id
// that is not here has been answered or was proposed by another member (or another life of this one).
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "node/node.h"

namespace etcd::node {

class Waiters {
 public:
  struct Waiter {
    std::uint64_t id = 0;
    std::int64_t deadline_ns = 0;
    ProposeCallback done;
    std::int64_t asked_ns = 0;  // when the proposal was made
    std::size_t bytes = 0;      // of the proposal
  };

  // Takes over all of `waiters` (left empty).
  void add(std::vector<Waiter>& waiters);
  // For each id the callback that waits for it, or an empty one; they are the caller's to run from here on.
  void take(const std::vector<std::uint64_t>& ids, std::vector<ProposeCallback>& out);
  // Fails every waiter whose deadline is not after `now_ns` with what `why` says of one that has waited since `asked_ns`; returns how many.
  std::size_t expire(std::int64_t now_ns, const std::function<Error(std::int64_t asked_ns)>& why);
  // Fails every waiter, now and later, with kStopped.
  void stop();
  std::size_t size() const;
  // Bytes of all proposals that somebody waits for: neither applied, nor rejected, nor given up.
  std::size_t bytes() const { return bytes_.load(std::memory_order_relaxed); }

 private:
  mutable std::mutex mutex_;
  bool stopped_ = false;
  std::atomic<std::size_t> bytes_{0};  // changed under mutex_
  std::unordered_map<std::uint64_t, Waiter> waiting_;
};

}  // namespace etcd::node
