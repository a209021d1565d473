#include "watch/stream.h"

#include <utility>

#include "mvcc/key_range.h"

namespace etcd::watch {

namespace {

constexpr std::string_view kLowestKey("\0", 1);

std::uint8_t flavor_of(const WatchRequest& request) {
  return static_cast<std::uint8_t>((request.prev_kv ? kPrevKv : 0) | (request.no_put ? kNoPut : 0) |
                                   (request.no_delete ? kNoDelete : 0));
}

}  // namespace

Stream::Stream(Hub& hub, Sink& sink) : hub_(hub), sink_(sink) {
  ++hub_.streams_;
  hub_.metrics_.streams.add(1);
}

Stream::~Stream() {
  for (auto& [id, watcher] : watchers_) hub_.leave(watcher);
  hub_.forget(*this);
  --hub_.streams_;
  hub_.metrics_.streams.add(-1);
}

Result<Stream::Started> Stream::watch(WatchId id, const WatchRequest& request) {
  const auto range = mvcc::KeyRange::of(request.key.empty() ? kLowestKey : request.key, request.range_end);
  if (range.kind == mvcc::KeyRange::Kind::kInterval && range.begin >= range.end) return fail(Errc::kEmptyWatcherRange);
  if (id == kAutoWatchId) id = next_free_id();
  const auto [place, is_new] = watchers_.try_emplace(id);
  if (!is_new) return fail(Errc::kDuplicateWatchId);
  Watcher& watcher = place->second;
  watcher.stream = this;
  watcher.id = id;
  watcher.flavor = flavor_of(request);
  watcher.fragment = request.fragment;
  watcher.progress_notify = watcher.progress_due = request.progress_notify;
  return Started{id, hub_.place(watcher, range, request.start)};
}

WatchId Stream::next_free_id() {
  while (watchers_.contains(next_id_)) next_id_ = next_id_.next();
  return std::exchange(next_id_, next_id_.next());
}

bool Stream::cancel(WatchId id) {
  const auto found = watchers_.find(id);
  if (found == watchers_.end()) return false;
  hub_.leave(found->second);
  watchers_.erase(found);
  return true;
}

void Stream::ask_progress() {
  wants_progress_ = true;
  hub_.ask_progress(*this);
}

void Stream::tick() {
  for (auto& [id, watcher] : watchers_) {
    if (!watcher.progress_notify) continue;
    watcher.progress_asked = std::exchange(watcher.progress_due, true);
    ticked_ |= watcher.progress_asked;
  }
  if (ticked_) hub_.ask_progress(*this);
}

void Stream::sink_is_ready() {
  ready_ = true;
  hub_.resume(*this);
  if (is_asking_) hub_.host_.wake();
}

}  // namespace etcd::watch
