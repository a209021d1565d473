#include "server/threads.h"

#include <pthread.h>

#include <algorithm>
#include <limits>

namespace etcd::server {

namespace {

constexpr std::size_t kMaxIoThreads = 4;

void name_this_thread(const std::string& name) { ::pthread_setname_np(::pthread_self(), name.substr(0, 15).c_str()); }

}  // namespace

void StageThread::start() {
  thread_ = std::thread([this] { run(); });
}

void StageThread::stop() {
  stopping_.store(true);
  wakeup_.notify();
  if (thread_.joinable()) thread_.join();
}

void StageThread::run() {
  name_this_thread(name_);
  while (!stopping_.load(std::memory_order_relaxed)) {
    const std::int64_t now_ns = clock_.monotonic_ns();
    std::int64_t again_ns = std::numeric_limits<std::int64_t>::max();
    for (StageStep& stage : stages_) again_ns = std::min(again_ns, stage(now_ns));
    // A hand-over between two stages of this thread has notified its wakeup: then wait() returns at once and the next round takes it up.
    wakeup_.wait(std::min<std::int64_t>(again_ns - clock_.monotonic_ns(), 1'000'000'000));
  }
}

void LoopThread::start() {
  thread_ = std::thread([this] {
    name_this_thread(name_);
    loop_.run();
  });
}

void LoopThread::stop() {
  loop_.stop();
  if (thread_.joinable()) thread_.join();
}

std::size_t io_thread_count(unsigned cores) { return std::clamp<std::size_t>(cores / 2, 1, kMaxIoThreads); }

}  // namespace etcd::server
