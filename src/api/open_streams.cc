#include "api/open_streams.h"

#include <utility>

#include "api/errors.h"

namespace etcd::api {

std::optional<OpenStreams::Place> OpenStreams::add(rpc::StreamCall call, LeaderWatch watch) {
  std::unique_lock lock(mutex_);
  if (!stopped_) {
    open_.emplace(++made_, Open{std::move(call), std::move(watch)});
    return std::optional<Place>(std::in_place, *this, made_);
  }
  lock.unlock();
  call.finish(to_status(Error{Errc::kStopped}));
  return std::nullopt;
}

void OpenStreams::forget(std::uint64_t number) {
  std::map<std::uint64_t, Open>::node_type gone;  // let go of outside the lock
  const std::lock_guard lock(mutex_);
  gone = open_.extract(number);
}

std::size_t OpenStreams::size() const {
  const std::lock_guard lock(mutex_);
  return open_.size();
}

void OpenStreams::stop() {
  std::map<std::uint64_t, Open> ended;
  {
    const std::lock_guard lock(mutex_);
    stopped_ = true;
    ended.swap(open_);
  }
  for (auto& [number, open] : ended) open.call.finish(to_status(Error{Errc::kStopped}));
}

}  // namespace etcd::api
