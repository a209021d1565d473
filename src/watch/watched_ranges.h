// WatchedRanges: which keys are watched, and by whom. A key finds its watchers by hash where they watch it alone, by an
// interval tree where they watch a range.
//
// Owner: one hub. Pure; everything on the hub's thread. Watchers of the same range share one WatchedRange, so a change
// is matched once however many there are.
// Invariants: a range that nobody watches is not here; each watcher of a range is in one of its lists.
// Costs: find O(1) for single keys, O(log n) and O(log n) each that contains the key for ranges.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "mvcc/key_range.h"
#include "watch/range_tree.h"
#include "watch/watcher.h"

namespace etcd::watch {

// Watchers in any order, by their place in the range.
class RangeMembers {
 public:
  void add(Watcher& watcher) {
    watcher.place_in_range = static_cast<std::uint32_t>(items_.size());
    items_.push_back(&watcher);
  }
  void remove(const Watcher& watcher) {
    items_[watcher.place_in_range] = items_.back();
    items_[watcher.place_in_range]->place_in_range = watcher.place_in_range;
    items_.pop_back();
  }
  const std::vector<Watcher*>& items() const { return items_; }
  bool empty() const { return items_.empty(); }
  std::size_t size() const { return items_.size(); }

 private:
  std::vector<Watcher*> items_;
};

struct WatchedRange {
  RangeMembers synced;
  RangeMembers behind;
  // The slice's: what it matched, as a list in Slice; 0 is none.
  std::uint32_t first_match = 0;
  std::uint32_t last_match = 0;
  bool is_single = true;
  std::string_view key;  // of a single key: where the map has it

  bool is_watched() const { return !synced.empty() || !behind.empty(); }
};

class WatchedRanges {
 public:
  WatchedRanges() = default;
  // Nobody watches any more (CHECK).
  ~WatchedRanges();
  WatchedRanges(const WatchedRanges&) = delete;
  WatchedRanges& operator=(const WatchedRanges&) = delete;

  // The range, made if nobody watches it yet: add a watcher to it at once. It stays where it is.
  WatchedRange& get(const mvcc::KeyRange& range);
  // Forgets the range if nobody watches it any more.
  void release(WatchedRange& range);

  // Calls visit(WatchedRange&) for each range that has `key` in it. `visit` must not get or release ranges.
  template <typename Visit>
  void match(std::string_view key, Visit&& visit) {
    if (const auto found = singles_.find(key); found != singles_.end()) visit(found->second);
    tree_.stab(key, [&](RangeNode& node) { visit(static_cast<Interval&>(node)); });
  }
  // Calls visit(WatchedRange&) for each, in any order; the same rule.
  template <typename Visit>
  void for_each(Visit&& visit) {
    for (auto& [key, range] : singles_) visit(range);
    tree_.for_each([&](RangeNode& node) { visit(static_cast<Interval&>(node)); });
  }
  std::size_t size() const { return singles_.size() + tree_.size(); }

 private:
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>{}(key); }
  };
  struct Interval : RangeNode, WatchedRange {};

  std::unordered_map<std::string, WatchedRange, KeyHash, std::equal_to<>> singles_;
  RangeTree tree_;
};

}  // namespace etcd::watch
