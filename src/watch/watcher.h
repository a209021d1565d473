// Watcher: one watch of one stream. Inside the watch room only.
//
// Owner: its Stream, on the hub's thread. Every watcher is in exactly one place:
//   synced       in its range's `synced`: has been told everything below the hub's next revision, shares that;
//   catching up  in its range's `behind` and in one list: of a walk that tells it what it missed, of those that wait for
//                a walk, or (parked) of its stream, which does not take more at present;
//   ended        in no list: history it needs is compacted. Only its id is still taken.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "base/ids.h"
#include "watch/watch.h"

namespace etcd::watch {

class Stream;
struct Walk;
struct Watcher;
struct WatchedRange;

// Watchers in any order; each knows its place, so that leaving costs nothing.
class WatcherList {
 public:
  void add(Watcher& watcher);
  void remove(Watcher& watcher);
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }
  Watcher& back() const { return *items_.back(); }
  const std::vector<Watcher*>& items() const { return items_; }

 private:
  std::vector<Watcher*> items_;
};

// What decides which events a watcher is told, and how they look.
enum Flavor : std::uint8_t { kPrevKv = 1, kNoPut = 2, kNoDelete = 4 };
inline constexpr std::size_t kFlavors = 8;

struct Watcher {
  Stream* stream = nullptr;
  WatchedRange* range = nullptr;  // null: ended
  WatcherList* list = nullptr;    // null: synced or ended
  Walk* walk = nullptr;           // the one that `list` belongs to, if it does
  WatchId id;
  Revision next;  // it is told nothing below; as of when it last changed its place
  std::uint32_t place_in_range = 0;
  std::uint32_t place_in_list = 0;
  std::uint8_t flavor = 0;  // of Flavor
  bool fragment = false;
  bool progress_notify = false;
  bool progress_due = false;  // no event since the last tick
  bool progress_asked = false;  // the next step tells it how far it is, if it is synced

  bool is_ended() const { return range == nullptr; }
  bool is_synced() const { return range != nullptr && list == nullptr; }
};

inline void WatcherList::add(Watcher& watcher) {
  watcher.list = this;
  watcher.place_in_list = static_cast<std::uint32_t>(items_.size());
  items_.push_back(&watcher);
}

inline void WatcherList::remove(Watcher& watcher) {
  items_[watcher.place_in_list] = items_.back();
  items_[watcher.place_in_list]->place_in_list = watcher.place_in_list;
  items_.pop_back();
  watcher.list = nullptr;
}

}  // namespace etcd::watch
