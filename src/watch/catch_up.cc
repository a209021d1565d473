// The part of the hub that tells late watchers what they missed.
#include <algorithm>
#include <utility>

#include "base/plant.h"
#include "watch/hub.h"
#include "watch/stream.h"

namespace etcd::watch {

// The walk that has the least way to go until it meets a watcher there; null if all are past it.
Walk* Hub::walk_for(Revision next) {
  Walk* nearest = nullptr;
  for (const auto& walk : walks_) {
    if (walk->next <= next && (nearest == nullptr || walk->next > nearest->next)) nearest = walk.get();
  }
  return nearest;
}

// Finds a walk for a watcher that is behind and in no list. Who is near the end joins nobody who has a long way to go, if
// there is a choice.
void Hub::enroll(Watcher& watcher) {
  Walk* const nearest = walk_for(watcher.next);
  const bool near = is_near(watcher.next);
  const std::int64_t join_distance = near ? std::min(limits_.join_distance, limits_.near) : limits_.join_distance;
  if (nearest != nullptr && watcher.next.value - nearest->next.value <= join_distance) return join(*nearest, watcher);
  if (walks_.size() < (near ? 2 : 1) * limits_.walks) return join(begin_walk(watcher.next), watcher);
  nearest != nullptr ? join(*nearest, watcher) : waiting_.add(watcher);
}

Walk& Hub::begin_walk(Revision next) {
  walks_.push_back(std::make_unique<Walk>());
  walks_.back()->next = next;
  return *walks_.back();
}

void Hub::join(Walk& walk, Watcher& watcher) {
  walk.members.add(watcher);
  watcher.walk = &walk;
}

// One slice of one walk.
bool Hub::catch_up(const mvcc::ReadView& view, History history) {
  drop_empty_walks();
  begin_waiting_walks();
  Walk* const walk = next_walk(history);
  if (walk == nullptr) return false;
  const bool is_gentle = history == History::kGentle && !is_near(walk->next);
  if (walk->next < view.compact_revision()) end_compacted(*walk, view);
  if (walk->next < next_) advance(*walk, view, is_gentle ? limits_.gentle_slice : limits_.slice);
  if (walk->next == next_) sync_some(*walk);
  drop_empty_walks();
  if (history == History::kFast) return !walks_.empty() || !waiting_.empty();
  return std::ranges::any_of(walks_, [&](const auto& left) { return is_near(left->next); });
}

// In turn, of those that may go on; null if there is none.
Walk* Hub::next_walk(History history) {
  for (std::size_t i = walks_.size(); i > 0; --i) {
    Walk& walk = *walks_[turn_++ % walks_.size()];
    if (history != History::kWaits || is_near(walk.next)) return &walk;
  }
  return nullptr;
}

std::int64_t Hub::way_to_go() const {
  std::int64_t longest = 0;
  for (const auto& walk : walks_) {
    if (!is_near(walk->next) && !walk->members.empty()) longest = std::max(longest, next_.value - walk->next.value);
  }
  return longest;
}

void Hub::drop_empty_walks() {
  std::erase_if(walks_, [](const std::unique_ptr<Walk>& walk) { return walk->members.empty(); });
}

void Hub::begin_waiting_walks() {
  while (!waiting_.empty() && walks_.size() < limits_.walks) {
    const std::vector<Watcher*> waiting = waiting_.items();
    const auto first = std::ranges::min_element(waiting, {}, [](const Watcher* watcher) { return watcher->next; });
    waiting_.remove(**first);
    join(begin_walk((*first)->next), **first);
    for (Watcher* watcher : waiting) {
      if (watcher->list != &waiting_) continue;
      waiting_.remove(*watcher);
      enroll(*watcher);
    }
  }
}

void Hub::end_compacted(Walk& walk, const mvcc::ReadView& view) {
  std::vector<Watcher*> ended;
  for (Watcher* watcher : walk.members.items()) {
    if (watcher->next < view.compact_revision() && !PLANTED(watchers_miss_what_is_compacted)) ended.push_back(watcher);
  }
  for (Watcher* watcher : ended) end(*watcher, view.compact_revision());
  walk.next = view.compact_revision();
}

void Hub::advance(Walk& walk, const mvcc::ReadView& view, const SliceLimits& limits) {
  const Revision from =
      std::exchange(walk.next, slice_.read(view, walk.next, next_.prev(), ranges_, Audience::kBehind, limits));
  const Revision newest = view.revision();
  for (WatchedRange* range : slice_.matched()) {
    for (Watcher* watcher : range->behind.items()) {
      if (watcher->walk == &walk) deliver(*watcher, *range, &newest);
    }
  }
  slice_.clear();
  park_refused(from);
}

// Its members have been told all that the synced ones have.
void Hub::sync_some(Walk& walk) {
  for (std::size_t moves = limits_.moves; moves > 0 && !walk.members.empty(); --moves) {
    Watcher& watcher = walk.members.back();
    walk.members.remove(watcher);
    watcher.walk = nullptr;
    watcher.next = std::max(watcher.next, walk.next);
    watcher.range->behind.remove(watcher);
    watcher.range->synced.add(watcher);
    ++synced_;
    --behind_;
    --watcher.stream->behind_;
    metrics_.slow_watchers.add(-1);
  }
}

}  // namespace etcd::watch
