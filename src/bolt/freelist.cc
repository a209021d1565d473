#include "bolt/freelist.h"

#include <algorithm>

#include "base/check.h"

namespace etcd::bolt {

FreeList::FreeList(PageSet free, std::shared_ptr<const Pin> newest) : free_(std::move(free)) {
  live_.push_back({.pin = std::move(newest), .taken_after = {}, .awaiting = {}});
}

std::optional<PageId> FreeList::take(std::uint64_t count) {
  PageId beginning;
  PageId& from = count <= kSearchPlaces ? search_from_[count - 1] : beginning;
  const auto first = free_.find_run(count, from);
  from = first.value_or(kNowhere);
  if (first) free_.erase(*first, count);
  return first;
}

void FreeList::commit(PageSet taken, PageSet given_up, std::shared_ptr<const Pin> newest) {
  live_.back().taken_after = std::move(taken);
  live_.back().awaiting = std::move(given_up);
  live_.push_back({.pin = std::move(newest), .taken_after = {}, .awaiting = {}});
}

void FreeList::put_back(const PageSet& taken) {
  free_.unite(taken);
  forget_search_places();
}

void FreeList::release() {
  for (std::size_t i = live_.size(); i-- > 0;) {
    if (live_[i].pin->dead.load(std::memory_order_acquire)) bury(i);
  }
}

void FreeList::bury(std::size_t index) {
  CHECK(index + 1 < live_.size(), index, live_.size());
  LiveVersion dead = std::move(live_[index]);
  live_.erase(live_.begin() + static_cast<std::ptrdiff_t>(index));
  forget_search_places();
  if (index == 0) {
    free_.unite(dead.awaiting);
    return;
  }
  LiveVersion& older = live_[index - 1];
  free_.unite(dead.awaiting.extract(older.taken_after));
  older.awaiting.unite(dead.awaiting);
  older.taken_after.unite(dead.taken_after);
}

std::uint64_t FreeList::awaiting() const {
  std::uint64_t pages = 0;
  for (const LiveVersion& version : live_) pages += version.awaiting.size();
  return pages;
}

bool FreeList::is_awaiting(PageId page) const {
  return std::any_of(live_.begin(), live_.end(), [&](const LiveVersion& v) { return v.awaiting.contains(page); });
}

PageId TxSpace::take(std::uint64_t count) {
  PageId first;
  if (const auto free = list_.take(count)) {
    first = *free;
  } else {
    first = high_water_;
    high_water_ = PageId(high_water_.value + count);
  }
  CHECK(taken_.insert(first, count), first, count);
  return first;
}

void TxSpace::give_up(PageId first, std::uint64_t count) {
  CHECK(first.value >= 2 && given_up_.insert(first, count), first, count);
}

void TxSpace::roll_back() {
  PageSet from_list;
  for (auto page = taken_.next(PageId(0)); page && *page < base_high_water_; page = taken_.next(page->next())) {
    from_list.insert(*page);
  }
  list_.put_back(from_list);
}

}  // namespace etcd::bolt
