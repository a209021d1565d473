#include "api/concurrency/stop_hooks.h"

namespace etcd::api {

std::uint64_t StopHooks::add(rpc::Loop& loop, base::UniqueFunction<void()> hook) {
  const std::lock_guard lock(mutex_);
  const std::uint64_t number = ++made_;
  hooks_.emplace(number, Hook{&loop, std::move(hook)});
  if (stopped_) loop.post([this, number] { run(number); });
  return number;
}

void StopHooks::remove(std::uint64_t number) {
  std::map<std::uint64_t, Hook>::node_type gone;  // let go of outside the lock
  const std::lock_guard lock(mutex_);
  gone = hooks_.extract(number);
}

void StopHooks::stop() {
  const std::lock_guard lock(mutex_);
  stopped_ = true;
  for (auto& [number, hook] : hooks_) hook.loop->post([this, number = number] { run(number); });
}

void StopHooks::run(std::uint64_t number) {
  std::unique_lock lock(mutex_);
  auto hook = hooks_.extract(number);
  lock.unlock();
  if (hook) hook.mapped().run();
}

}  // namespace etcd::api
