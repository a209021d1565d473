// Loop: one event loop on the thread that calls run().
//
// A pass: wait for ready descriptors, serve them, run posted tasks, fire due timers, then the end-of-pass hooks in the
// order of their registration, then the flush hooks. So whatever a pass has gathered (proposals, answers, output)
// leaves it once.
//
// Owner: the thread in run(). post(), stop() and runs_here() may be called from any thread; everything else on the
// loop's thread, or before run() and after it. Tasks, handlers and hooks must not block and must not throw. Invariant:
// a task posted before run() returns is run or, once the loop is stopped, destroyed with it.
#pragma once

#include <sys/epoll.h>

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/unique_function.h"
#include "rpc/timer_wheel.h"

namespace etcd::rpc {

class Loop {
 public:
  using Task = base::UniqueFunction<void()>;
  // Called with epoll's event bits.
  using ReadyHandler = base::UniqueFunction<void(std::uint32_t events)>;

  // `clock` must outlive the loop. Ends the process if the system has no descriptors left for epoll and eventfd.
  explicit Loop(base::Clock& clock);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Serves until stop().
  void run();
  // One pass that waits at most `wait_ms` (0: not at all, below 0: as long as it takes). For tests and for threads
  // shared with a stage.
  void run_once(int wait_ms);
  // Makes run() return after the pass it is in. Any thread.
  void stop();

  // Runs `task` on the loop's thread in this pass or the next. Any thread. All that is posted while the loop is busy
  // costs one wake-up.
  void post(Task task);
  // True on the thread that is in run() or run_once().
  bool runs_here() const { return runner_->load(std::memory_order_relaxed) == std::this_thread::get_id(); }
  // What runs_here() asks; safe to keep and to ask beyond the loop's life.
  using Runner = std::shared_ptr<const std::atomic<std::thread::id>>;
  Runner runner() const { return runner_; }

  // `hook` is called once after each pass; what it answers is flushed in the same pass.
  void at_end_of_pass(Task hook) { end_hooks_.push_back(std::move(hook)); }
  // `hook` is called after all end-of-pass hooks: where output goes to its sockets. Returns a number for
  // remove_flush_hook.
  std::uint64_t at_flush(Task hook);
  void remove_flush_hook(std::uint64_t number);

  // Monotonic time at the start of this pass: cheap, at most one pass old.
  std::int64_t now_ns() const { return now_ns_; }
  base::Clock& clock() { return clock_; }
  TimerWheel& timers() { return timers_; }

  // Calls `ready` whenever one of `events` holds for `fd` (level-triggered). `fd` stays the caller's, who unwatches it
  // before closing it.
  void watch(int fd, std::uint32_t events, ReadyHandler ready);
  void change(int fd, std::uint32_t events);
  // After this `ready` is not called again, not even for events of the same pass; it is destroyed at the end of the
  // pass.
  void unwatch(int fd);

 private:
  struct Watch;
  struct FlushHook;

  void serve_ready(int wait_ms);
  void run_posted();
  void run_hooks();
  bool prepare_to_sleep();
  void wake();

  base::Clock& clock_;
  int epoll_fd_;
  int wake_fd_;
  std::int64_t now_ns_;
  TimerWheel timers_;
  std::vector<std::unique_ptr<Watch>> watches_;    // by descriptor
  std::vector<std::unique_ptr<Watch>> unwatched_;  // until the end of the pass
  std::vector<epoll_event> ready_;
  std::vector<Task> end_hooks_;
  std::vector<FlushHook> flush_hooks_;
  std::uint64_t hooks_made_ = 0;

  std::shared_ptr<std::atomic<std::thread::id>> runner_ = std::make_shared<std::atomic<std::thread::id>>();
  std::atomic<bool> stopping_ = false;
  std::atomic<bool> asleep_ = false;
  std::mutex mutex_;
  std::vector<Task> posted_;  // under mutex_
  std::vector<Task> running_;
};

}  // namespace etcd::rpc
