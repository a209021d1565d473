// ViewCell: where the newest View is found; ViewReader: one thread's cheap way to it.
//
// The apply thread stores, any thread loads. A reader that finds nothing new costs one atomic load and no write to shared
// memory, so threads don't disturb each other.
//
// To check a read of keys: take the mvcc view first, then this one. The apply stage stores here before it publishes the
// keys of the same batch, so whoever sees a key also sees every change of permissions that came before it.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

#include "auth/view.h"

namespace etcd::auth {

class ViewCell {
 public:
  ViewCell() : view_(std::make_shared<const View>()) {}

  // The one thread that writes, so it may compare without the lock.
  void store(const std::shared_ptr<const View>& view) {
    if (view == view_) return;
    std::lock_guard lock(mutex_);
    view_ = view;
    count_.fetch_add(1, std::memory_order_release);
  }
  // Never null.
  std::shared_ptr<const View> load() const {
    std::lock_guard lock(mutex_);
    return view_;
  }
  // Rises with each new view.
  std::uint64_t count() const { return count_.load(std::memory_order_acquire); }

 private:
  mutable std::mutex mutex_;
  std::shared_ptr<const View> view_;
  std::atomic<std::uint64_t> count_ = 1;
};

// Owned by one thread.
class ViewReader {
 public:
  explicit ViewReader(const ViewCell& cell) : cell_(&cell) {}

  // The newest view. Valid until the next call.
  const View& get() {
    // The count first: should the view be newer than it, the next call just loads once more.
    if (const std::uint64_t count = cell_->count(); count != count_) {
      view_ = cell_->load();
      count_ = count;
    }
    return *view_;
  }

 private:
  const ViewCell* cell_;
  std::uint64_t count_ = 0;
  std::shared_ptr<const View> view_;
};

}  // namespace etcd::auth
