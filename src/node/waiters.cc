#include "node/waiters.h"

#include "base/check.h"

namespace etcd::node {

void Waiters::add(std::vector<Waiter>& waiters) {
  {
    std::lock_guard lock(mutex_);
    if (!stopped_) {
      for (Waiter& waiter : waiters) {
        const std::uint64_t id = waiter.id;
        bytes_ += waiter.bytes;
        CHECK(waiting_.emplace(id, std::move(waiter)).second, id);
      }
      waiters.clear();
    }
  }
  for (Waiter& waiter : waiters) waiter.done(fail(Errc::kStopped));
  waiters.clear();
}

void Waiters::take(const std::vector<std::uint64_t>& ids, std::vector<ProposeCallback>& out) {
  out.clear();
  out.reserve(ids.size());
  std::lock_guard lock(mutex_);
  for (std::uint64_t id : ids) {
    auto found = waiting_.find(id);
    if (found == waiting_.end()) {
      out.emplace_back();
      continue;
    }
    bytes_ -= found->second.bytes;
    out.push_back(std::move(found->second.done));
    waiting_.erase(found);
  }
}

std::size_t Waiters::expire(std::int64_t now_ns, const std::function<Error(std::int64_t asked_ns)>& why) {
  std::vector<Waiter> expired;
  {
    std::lock_guard lock(mutex_);
    for (auto at = waiting_.begin(); at != waiting_.end();) {
      if (at->second.deadline_ns > now_ns) {
        ++at;
        continue;
      }
      bytes_ -= at->second.bytes;
      expired.push_back(std::move(at->second));
      at = waiting_.erase(at);
    }
  }
  for (Waiter& waiter : expired) waiter.done(fail(why(waiter.asked_ns)));
  return expired.size();
}

void Waiters::stop() {
  std::unordered_map<std::uint64_t, Waiter> left;
  {
    std::lock_guard lock(mutex_);
    stopped_ = true;
    left.swap(waiting_);
    bytes_ = 0;
  }
  for (auto& [id, waiter] : left) waiter.done(fail(Errc::kStopped));
}

std::size_t Waiters::size() const {
  std::lock_guard lock(mutex_);
  return waiting_.size();
}

}  // namespace etcd::node
