#include "rpc/loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "base/check.h"

namespace etcd::rpc {

namespace {
constexpr std::size_t kReadyAtOnce = 256;
}  // namespace

struct Loop::Watch {
  int fd;
  ReadyHandler ready;
};

struct Loop::FlushHook {
  std::uint64_t number;
  Task hook;
};

Loop::Loop(base::Clock& clock)
    : clock_(clock),
      epoll_fd_(epoll_create1(EPOLL_CLOEXEC)),
      wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      now_ns_(clock.monotonic_ns()),
      timers_(now_ns_),
      ready_(kReadyAtOnce) {
  CHECK(epoll_fd_ >= 0 && wake_fd_ >= 0, errno);
  watch(wake_fd_, EPOLLIN, [this](std::uint32_t) {
    std::uint64_t count;
    [[maybe_unused]] const auto got = read(wake_fd_, &count, sizeof count);
  });
}

Loop::~Loop() {
  close(wake_fd_);
  close(epoll_fd_);
}

void Loop::run() {
  while (!stopping_.load(std::memory_order_acquire)) run_once(-1);
}

void Loop::run_once(int wait_ms) {
  runner_->store(std::this_thread::get_id(), std::memory_order_relaxed);
  serve_ready(wait_ms);
  run_posted();
  timers_.advance(now_ns_);
  run_hooks();
  unwatched_.clear();
  runner_->store(std::thread::id(), std::memory_order_relaxed);
}

void Loop::stop() {
  stopping_.store(true, std::memory_order_seq_cst);
  wake();
}

void Loop::serve_ready(int wait_ms) {
  const int until_timer = timers_.wait_ms(clock_.monotonic_ns());
  if (until_timer >= 0 && (wait_ms < 0 || until_timer < wait_ms)) wait_ms = until_timer;
  if (wait_ms != 0 && !prepare_to_sleep()) wait_ms = 0;
  const int count = epoll_wait(epoll_fd_, ready_.data(), static_cast<int>(ready_.size()), wait_ms);
  asleep_.store(false, std::memory_order_relaxed);
  now_ns_ = clock_.monotonic_ns();
  CHECK(count >= 0 || errno == EINTR, errno);
  for (int i = 0; i < count; ++i) {
    const epoll_event& event = ready_[static_cast<std::size_t>(i)];
    // An event of this batch may have unwatched it, and its descriptor may already be another's; the pointer cannot be.
    auto* const watch = static_cast<Watch*>(event.data.ptr);
    if (watch->fd >= 0) watch->ready(event.events);
  }
}

void Loop::run_posted() {
  {
    const std::lock_guard lock(mutex_);
    running_.swap(posted_);
  }
  for (Task& task : running_) task();
  running_.clear();
}

void Loop::run_hooks() {
  for (std::size_t i = 0; i < end_hooks_.size(); ++i) end_hooks_[i]();
  for (std::size_t i = 0; i < flush_hooks_.size(); ++i) flush_hooks_[i].hook();
}

// Announces the sleep first and looks for work second, while wake() does the reverse: one of the two sees the other.
bool Loop::prepare_to_sleep() {
  asleep_.store(true, std::memory_order_seq_cst);
  std::unique_lock lock(mutex_);
  if (posted_.empty() && !stopping_.load(std::memory_order_seq_cst)) return true;
  lock.unlock();
  asleep_.store(false, std::memory_order_relaxed);
  return false;
}

void Loop::wake() {
  if (!asleep_.exchange(false, std::memory_order_seq_cst)) return;
  const std::uint64_t one = 1;
  [[maybe_unused]] const auto put = write(wake_fd_, &one, sizeof one);
}

void Loop::post(Task task) {
  {
    const std::lock_guard lock(mutex_);
    posted_.push_back(std::move(task));
  }
  wake();
}

std::uint64_t Loop::at_flush(Task hook) {
  flush_hooks_.push_back({++hooks_made_, std::move(hook)});
  return hooks_made_;
}

void Loop::remove_flush_hook(std::uint64_t number) {
  std::erase_if(flush_hooks_, [number](const FlushHook& hook) { return hook.number == number; });
}

void Loop::watch(int fd, std::uint32_t events, ReadyHandler ready) {
  const auto place = static_cast<std::size_t>(fd);
  if (place >= watches_.size()) watches_.resize(std::max(place + 1, watches_.size() * 2));
  CHECK(watches_[place] == nullptr, fd);
  watches_[place] = std::make_unique<Watch>(Watch{fd, std::move(ready)});
  epoll_event event{};
  event.events = events;
  event.data.ptr = watches_[place].get();
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_ADD, fd, &event) == 0, fd, errno);
}

void Loop::change(int fd, std::uint32_t events) {
  epoll_event event{};
  event.events = events;
  event.data.ptr = watches_[static_cast<std::size_t>(fd)].get();
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_MOD, fd, &event) == 0, fd, errno);
}

void Loop::unwatch(int fd) {
  auto& place = watches_[static_cast<std::size_t>(fd)];
  CHECK(place != nullptr, fd);
  CHECK(epoll_ctl(epoll_fd_, EPOLL_CTL_DEL, fd, nullptr) == 0, fd, errno);
  place->fd = -1;
  unwatched_.push_back(std::move(place));
}

}  // namespace etcd::rpc
