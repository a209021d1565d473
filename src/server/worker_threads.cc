#include "server/worker_threads.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

namespace etcd::server {

namespace {

constexpr int kNiceness = 3;  // above the process's own: half a share; with much more a busy neighbour would keep everybody from logging in

// On Linux niceness is each thread's own. Without it logins only compete as others do.
void give_way() {
  const auto self = static_cast<id_t>(::gettid());
  (void)::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kNiceness);
}

}  // namespace

WorkerThreads::WorkerThreads(const std::string& name, unsigned cores, base::Clock& clock) {
  const std::size_t count = std::clamp<std::size_t>(cores, 1, kMost);
  for (std::size_t i = 0; i < count; ++i) {
    threads_.push_back(std::make_unique<One>(name + "-" + std::to_string(i), clock));
    One& one = *threads_.back();
    one.worker.inbox().push([] { give_way(); });
    one.thread.add([&one](std::int64_t) { return one.worker.step(); });
  }
}

void WorkerThreads::start() {
  for (const auto& one : threads_) one->thread.start();
}

void WorkerThreads::stop() {
  for (const auto& one : threads_) one->thread.stop();
}

void WorkerThreads::push(node::Job job) { threads_[turn_.fetch_add(1, std::memory_order_relaxed) % threads_.size()]->worker.inbox().push(std::move(job)); }

}  // namespace etcd::server
