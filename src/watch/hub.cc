#include "watch/hub.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/plant.h"
#include "watch/local_watch.h"
#include "watch/stream.h"

namespace etcd::watch {

Hub::Hub(Host& host, const HubMetrics& metrics, const HubLimits& limits)
    : host_(host), metrics_(metrics), limits_(limits) {}

Hub::~Hub() { CHECK(streams_ == 0, streams_); }

bool Hub::step(History history) {
  CHECK(!stepping_, "a sink called its hub");
  const std::uint64_t told_before = told_;
  bool more = false;
  {
    stepping_ = true;
    const mvcc::ReadViewRef view = host_.view();
    readmit();
    more = tell_synced(*view);
    more |= catch_up(*view, history);
    more |= !resumed_.empty();
    tell_progress(*view);
    stepping_ = false;
  }
  metrics_.events.add(static_cast<double>(told_ - told_before));
  run_callbacks();
  return more;
}

// ---- Watchers come and go

// Puts a new watcher where it belongs; returns the newest published revision.
Revision Hub::place(Watcher& watcher, const mvcc::KeyRange& range, Revision start) {
  const Revision newest = host_.view()->revision();
  if (synced_ == 0) next_ = newest.next();
  watcher.next = start.value > 0 ? start : newest.next();
  watcher.range = &ranges_.get(range);
  ++watchers_;
  metrics_.watchers.add(1);
  if (watcher.next >= next_) {
    watcher.range->synced.add(watcher);
    ++synced_;
  } else {
    watcher.range->behind.add(watcher);
    ++behind_;
    ++watcher.stream->behind_;
    metrics_.slow_watchers.add(1);
    enroll(watcher);
  }
  host_.wake();
  return newest;
}

void Hub::leave(Watcher& watcher) {
  if (!watcher.is_ended()) leave_range(watcher);
  --watchers_;
  metrics_.watchers.add(-1);
}

void Hub::leave_range(Watcher& watcher) {
  WatchedRange& range = *std::exchange(watcher.range, nullptr);
  if (watcher.list == nullptr) {
    range.synced.remove(watcher);
    --synced_;
  } else {
    range.behind.remove(watcher);
    watcher.list->remove(watcher);
    watcher.walk = nullptr;
    --behind_;
    --watcher.stream->behind_;
    metrics_.slow_watchers.add(-1);
  }
  ranges_.release(range);
}

// The history that it needs is gone.
void Hub::end(Watcher& watcher, Revision compact_revision) {
  leave_range(watcher);
  Stream& stream = *watcher.stream;
  stream.ready_ = stream.sink_.on_compacted(watcher.id, compact_revision) && stream.ready_;
}

void Hub::resume(Stream& stream) {
  if (stream.is_resumed_ || stream.parked_.empty()) return;
  stream.is_resumed_ = true;
  resumed_.push_back(&stream);
  host_.wake();
}

void Hub::ask_progress(Stream& stream) {
  if (!std::exchange(stream.is_asking_, true)) asking_.push_back(&stream);
  host_.wake();
}

void Hub::forget(Stream& stream) {
  std::erase(resumed_, &stream);
  std::erase(asking_, &stream);
}

// Parked watchers of streams that take more again look for a walk.
void Hub::readmit() {
  std::size_t moves = limits_.moves;
  while (!resumed_.empty() && moves > 0) {
    Stream& stream = *resumed_.back();
    if (!stream.ready_ || stream.parked_.empty()) {
      stream.is_resumed_ = false;
      resumed_.pop_back();
      continue;
    }
    Watcher& watcher = stream.parked_.back();
    stream.parked_.remove(watcher);
    enroll(watcher);
    --moves;
  }
}

// ---- Synced watchers

bool Hub::tell_synced(const mvcc::ReadView& view) {
  if (synced_ == 0) next_ = view.revision().next();
  if (next_ < view.complete_from()) end_missed(view);
  if (next_ > view.revision()) return false;
  const Revision from =
      std::exchange(next_, slice_.read(view, next_, view.revision(), ranges_, Audience::kSynced, limits_.slice));
  for (WatchedRange* range : slice_.matched()) {
    for (Watcher* watcher : range->synced.items()) deliver(*watcher, *range, nullptr);
  }
  slice_.clear();
  park_refused(from);
  return next_ <= view.revision();
}

// This hub was so late that a compaction took away what it had not told yet. Those who may have missed something are
// told that it is compacted, as etcd tells its slow watchers.
void Hub::end_missed(const mvcc::ReadView& view) {
  std::vector<Watcher*> missed;
  ranges_.for_each([&](WatchedRange& range) {
    for (Watcher* watcher : range.synced.items()) {
      if (watcher->next < view.complete_from()) missed.push_back(watcher);
    }
  });
  for (Watcher* watcher : missed) end(*watcher, view.compact_revision());
  next_ = view.complete_from();
}

// `revision`: for the header; null for that of the last event.
void Hub::deliver(Watcher& watcher, const WatchedRange& range, const Revision* revision) {
  Stream& stream = *watcher.stream;
  if (!stream.ready_) return refused_.push_back(&watcher);
  const Payload& events = slice_.payload(range, watcher.flavor, watcher.next);
  if (events.empty()) return;
  told_ += events.count();
  told_bytes_ += events.bytes().size();
  watcher.progress_due = false;
  stream.ready_ = stream.sink_.on_events({.id = watcher.id,
                                          .revision = revision != nullptr ? *revision : events.last(),
                                          .fragment = watcher.fragment,
                                          .events = events});
}

// Those who were to be told of a slice that began at `from`, but whose sinks took no more.
void Hub::park_refused(Revision from) {
  for (Watcher* watcher : refused_) {
    watcher->next = std::max(watcher->next, from);
    fall_behind(*watcher);
    watcher->stream->parked_.add(*watcher);
  }
  refused_.clear();
}

// Out of the list of its walk, or out of the synced ones.
void Hub::fall_behind(Watcher& watcher) {
  if (watcher.list != nullptr) {
    watcher.list->remove(watcher);
    watcher.walk = nullptr;
    return;
  }
  watcher.range->synced.remove(watcher);
  watcher.range->behind.add(watcher);
  --synced_;
  ++behind_;
  ++watcher.stream->behind_;
  metrics_.slow_watchers.add(1);
}

// ---- Progress

void Hub::tell_progress(const mvcc::ReadView& view) {
  if (asking_.empty() || next_ <= view.revision()) return;
  std::erase_if(asking_, [&](Stream* stream) {
    if (!tell_progress(*stream, view.revision())) return false;
    stream->is_asking_ = false;
    return true;
  });
}

// False if the answer for the whole stream has to wait. Notices for single watches do not wait: there will be a next
// tick.
bool Hub::tell_progress(Stream& stream, Revision revision) {
  const auto is_told = [&](const Watcher& watcher) { return watcher.is_synced() && watcher.next <= revision.next(); };
  if (std::exchange(stream.ticked_, false)) {
    for (auto& [id, watcher] : stream.watchers_) {
      const bool asked = std::exchange(watcher.progress_asked, false);
      if (asked && stream.ready_ && is_told(watcher)) stream.ready_ = stream.sink_.on_progress(id, revision);
    }
  }
  if (!stream.wants_progress_) return true;
  if ((stream.behind_ > 0 && !PLANTED(progress_ahead_of_events)) || !stream.ready_) return false;
  stream.wants_progress_ = false;
  bool any = false;
  for (const auto& [id, watcher] : stream.watchers_) {
    if (watcher.is_ended()) continue;
    if (!is_told(watcher) && !PLANTED(progress_ahead_of_events)) return true;
    any = true;
  }
  if (any) stream.ready_ = stream.sink_.on_progress(kNoWatchId, revision);
  return true;
}

// ---- In-process watches

Result<std::unique_ptr<LocalWatch>> Hub::watch(const WatchRequest& request, LocalWatch::Callback callback) {
  std::unique_ptr<LocalWatch> watch(new LocalWatch(*this, std::move(callback)));
  TRY_ASSIGN(const Stream::Started started, watch->stream_.watch(kAutoWatchId, request));
  watch->revision_ = started.revision;
  return watch;
}

void Hub::run_callbacks() {
  for (std::size_t i = 0; i < to_call_.size(); ++i) {
    if (LocalWatch* const watch = std::exchange(to_call_[i], nullptr)) watch->call();
  }
  to_call_.clear();
}

}  // namespace etcd::watch
