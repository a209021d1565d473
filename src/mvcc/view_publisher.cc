// Publishing views and freeing what the last reader of one leaves behind.
#include "base/check.h"
#include "mvcc/read_view.h"

namespace etcd::mvcc {
namespace {

// Garbage of a usual batch; room for more is given back.
constexpr std::size_t kGarbageKept = 4096;
// Some tens of microseconds.
constexpr std::size_t kFreedAtOnce = 500;

}  // namespace

// No view has the last slot: it stands for "nothing published".
ViewPublisher::ViewPublisher()
    : current_(std::uint64_t{kSlots - 1} << kCountBits), slots_(new PublishedView*[kSlots]) {}

ViewPublisher::~ViewPublisher() {
  if (!live_.empty()) {
    fold_current();
    for (const PublishedView* published : live_) {
      CHECK(published->holders.load(std::memory_order_acquire) == 0, "a view is still held", published->version);
    }
  }
  Reclaimer::free_all(dead_);
  for (std::uint32_t i = 0; i < slots_used_; ++i) {
    Reclaimer::free_all(slots_[i]->garbage);
    delete slots_[i];
  }
}

ReadViewRef ViewPublisher::acquire() const {
  const std::uint64_t before = current_.fetch_add(1, std::memory_order_acquire);
  const std::uint64_t slot = before >> kCountBits;
  CHECK(slot < kSlots - 1, "nothing is published");
  return ReadViewRef(slots_[slot]);
}

void ViewPublisher::publish(ReadView view) {
  CHECK(view.compact_revision() <= view.revision(), view.compact_revision(), view.revision());
  PublishedView* next = take_slot();
  next->view.emplace(std::move(view));
  next->version = reclaimer_.building();
  std::vector<Retired> garbage = reclaimer_.publish();
  if (live_.empty()) {
    Reclaimer::free_all(garbage);
  } else {
    auto& last = live_.back()->garbage;
    last.insert(last.end(), garbage.begin(), garbage.end());
  }
  replace_current(next);
  live_.push_back(next);
  release_unheld();
  free_some(kFreedAtOnce + 2 * garbage.size());
}

PublishedView* ViewPublisher::take_slot() {
  if (!free_.empty()) {
    PublishedView* published = free_.back();
    free_.pop_back();
    return published;
  }
  CHECK(slots_used_ < kSlots - 1, "too many views are held");
  auto* published = new PublishedView;
  published->slot = slots_used_;
  slots_[slots_used_++] = published;
  return published;
}

// From here on readers get `next`; the view before it learns how many readers it has.
void ViewPublisher::replace_current(PublishedView* next) {
  const std::uint64_t before = current_.exchange(std::uint64_t{next->slot} << kCountBits, std::memory_order_acq_rel);
  if (live_.empty()) return;
  live_.back()->holders.fetch_add(static_cast<std::int64_t>(before & kCountMask), std::memory_order_relaxed);
}

// Moves the count of the newest view to the view, so that it never runs into the bits of the slot.
void ViewPublisher::fold_current() {
  const std::uint64_t slot = std::uint64_t{live_.back()->slot} << kCountBits;
  const std::uint64_t before = current_.exchange(slot, std::memory_order_acq_rel);
  live_.back()->holders.fetch_add(static_cast<std::int64_t>(before & kCountMask), std::memory_order_relaxed);
}

bool ViewPublisher::reclaim() {
  if (!live_.empty()) release_unheld();
  free_some(kFreedAtOnce);
  return !dead_.empty();
}

void ViewPublisher::free_some(std::size_t count) {
  for (; count > 0 && !dead_.empty(); --count) {
    dead_.back().free(dead_.back().object);
    dead_.pop_back();
  }
}

void ViewPublisher::release_unheld() {
  if ((current_.load(std::memory_order_relaxed) & kCountMask) > kCountMask / 2) fold_current();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < live_.size(); ++i) {
    PublishedView* published = live_[i];
    const bool newest = i + 1 == live_.size();
    if (newest || published->holders.load(std::memory_order_acquire) != 0) {
      live_[kept++] = published;
      continue;
    }
    release(*published, kept);
  }
  live_.resize(kept);
}

// Nobody holds `published` any more; live_[0, older) are the older views that somebody does. What they still see goes
// to the newest of them.
void ViewPublisher::release(PublishedView& published, std::size_t older) {
  published.view.reset();
  PublishedView* below = older > 0 ? live_[older - 1] : nullptr;
  for (const Retired& retired : published.garbage) {
    const bool seen = below != nullptr && retired.born <= below->version;
    (seen ? below->garbage : dead_).push_back(retired);
  }
  published.garbage.clear();
  if (published.garbage.capacity() > kGarbageKept) published.garbage.shrink_to_fit();
  published.holders.store(0, std::memory_order_relaxed);
  free_.push_back(&published);
}

}  // namespace etcd::mvcc
