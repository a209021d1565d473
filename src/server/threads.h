// Every thread of the process is made here.
//
// A stage is a function that works off what has gathered and says when it wants to be called again. Stages that share a thread share its Wakeup and are
// stepped in turn until none has anything left; then the thread sleeps.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "node/inbox.h"
#include "rpc/loop.h"

namespace etcd::server {

// Works off what has gathered; returns when (monotonic) it wants to be called again if nobody wakes it.
using StageStep = std::function<std::int64_t(std::int64_t now_ns)>;

// A thread that steps stages. Owner: the server. start() once, stop() once; the stages are not stepped after stop() returned.
class StageThread {
 public:
  // `name` shows in ps and perf; at most 15 characters. `clock` must outlive the thread.
  StageThread(std::string name, base::Clock& clock) : name_(std::move(name)), clock_(clock) {}
  ~StageThread() { stop(); }
  StageThread(const StageThread&) = delete;
  StageThread& operator=(const StageThread&) = delete;

  node::Wakeup& wakeup() { return wakeup_; }
  // Stages are stepped in the order in which they were added.
  void add(StageStep stage) { stages_.push_back(std::move(stage)); }
  void start();
  void stop();

 private:
  void run();

  std::string name_;
  base::Clock& clock_;
  node::Wakeup wakeup_;
  std::vector<StageStep> stages_;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

// A thread that runs an event loop.
class LoopThread {
 public:
  LoopThread(std::string name, base::Clock& clock) : name_(std::move(name)), loop_(clock) {}
  ~LoopThread() { stop(); }
  LoopThread(const LoopThread&) = delete;
  LoopThread& operator=(const LoopThread&) = delete;

  rpc::Loop& loop() { return loop_; }
  void start();
  void stop();

 private:
  std::string name_;
  rpc::Loop loop_;
  std::thread thread_;
};

// How many I/O threads a machine gets: one while the writing side needs the other core, more on larger ones.
std::size_t io_thread_count(unsigned cores);

}  // namespace etcd::server
