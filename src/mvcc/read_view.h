// ReadView: the key space as of one revision. ReadViewRef: a reader's hold on a published one. ViewPublisher: publishes
// and reclaims them.
//
// The apply stage publishes a view after each batch of entries; any thread acquires the newest one and reads it without
// locks for as long as it likes. What only old views can see is freed by the apply stage after their last reader is
// gone.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/read_tx.h"
#include "mvcc/index.h"
#include "mvcc/reclaimer.h"
#include "mvcc/tail.h"

namespace etcd::mvcc {

// Immutable once published; reading is safe from any thread. Everything it returns is valid as long as the view.
// Invariants: the db holds every change at or below flushed(), the tail every change above; compact_revision() <=
//   revision().
class ReadView {
 public:
  ReadView(IndexView index, TailView tail, bolt::ReadTx db, std::optional<bolt::BucketView> keys)
      : index_(index), tail_(tail), db_(std::move(db)), keys_(keys) {}

  // Main revision of the newest change in the view; 1 for an empty store.
  Revision revision() const { return revision_; }
  // Lower revisions can't be read any more; -1 before any compaction.
  Revision compact_revision() const { return compact_revision_; }
  // Newest main revision that db() has.
  Revision flushed() const { return flushed_; }
  // Changes at this revision and above are all there: no compaction has taken any of them away yet. Often below
  // compact_revision(), whose work is done later.
  Revision complete_from() const { return complete_from_; }

  const IndexView& index() const { return index_; }
  const TailView& tail() const { return tail_; }
  const bolt::ReadTx& db() const { return db_; }
  // The db's key bucket; nothing in a db that is new.
  const std::optional<bolt::BucketView>& keys() const { return keys_; }

  // The encoded KeyValue that the index says is at `revision`. Errors: kCorrupt if the db does not have it.
  Result<std::string_view> read(RevisionPair revision) const;
  // The encoded KeyValue of `key` now; nothing if it does not exist. Errors: kCorrupt.
  Result<std::optional<std::string_view>> find(std::string_view key) const;

 private:
  friend class Store;

  IndexView index_;
  TailView tail_;
  bolt::ReadTx db_;
  std::optional<bolt::BucketView> keys_;
  Revision revision_{1};
  Revision compact_revision_{-1};
  Revision flushed_{0};
  Revision complete_from_{0};
};

// A published view and who holds it.
struct PublishedView {
  std::optional<ReadView> view;
  // Holders, once the view is replaced; until then less by those that ViewPublisher::current_ counts, so it may be
  // negative.
  std::atomic<std::int64_t> holders{0};

  // The apply stage's own.
  std::uint64_t version = 0;
  std::uint32_t slot = 0;
  std::vector<Retired> garbage;  // newest version to see these is this one
};

// Holds a view. Copying is an atomic increment, destroying a decrement, from any thread. Must not outlive the
// ViewPublisher.
class ReadViewRef {
 public:
  ReadViewRef() = default;
  ReadViewRef(const ReadViewRef& other) : published_(other.published_) {
    if (published_ != nullptr) published_->holders.fetch_add(1, std::memory_order_relaxed);
  }
  ReadViewRef(ReadViewRef&& other) noexcept : published_(std::exchange(other.published_, nullptr)) {}
  ReadViewRef& operator=(ReadViewRef other) noexcept {
    std::swap(published_, other.published_);
    return *this;
  }
  ~ReadViewRef() {
    if (published_ != nullptr) published_->holders.fetch_sub(1, std::memory_order_release);
  }

  explicit operator bool() const { return published_ != nullptr; }
  const ReadView& operator*() const { return *published_->view; }
  const ReadView* operator->() const { return &*published_->view; }

 private:
  friend class ViewPublisher;
  explicit ReadViewRef(PublishedView* published) : published_(published) {}

  PublishedView* published_ = nullptr;
};

// Owner: the apply stage, which alone publishes and reclaims; acquire() is for any thread.
//
// current_ packs the slot of the newest view with how often that was acquired: one atomic addition finds the view and
// holds it, so no reader ever waits and none makes the publisher wait. When a view is replaced its count moves to the
// view itself.
class ViewPublisher {
 public:
  ViewPublisher();
  // Every ReadViewRef must be gone (CHECK).
  ~ViewPublisher();
  ViewPublisher(const ViewPublisher&) = delete;
  ViewPublisher& operator=(const ViewPublisher&) = delete;

  // The newest view. Something must have been published. One atomic addition.
  ReadViewRef acquire() const;

  // Makes `view` the newest, and reclaims. Called by Store::publish().
  void publish(ReadView view);
  // Frees what no view can see any more, a bounded part of it at a time: a reader who held a view for long leaves much.
  // Called now and then when nothing is published, so that nothing stays behind. Cheap if there is nothing to do; true
  // if there is more.
  bool reclaim();
  // Views that are held or newest: 1 when nobody reads an old one.
  std::size_t live_views() const { return live_.size(); }
  Reclaimer& reclaimer() { return reclaimer_; }

 private:
  static constexpr std::uint32_t kSlots = 1u << 20;  // more views at a time than anyone can hold
  static constexpr std::uint32_t kCountBits = 44;    // of current_; the slot is above
  static constexpr std::uint64_t kCountMask = (std::uint64_t{1} << kCountBits) - 1;

  PublishedView* take_slot();
  void replace_current(PublishedView* next);
  void fold_current();
  void release_unheld();
  void release(PublishedView& published, std::size_t older);
  void free_some(std::size_t count);

  mutable std::atomic<std::uint64_t> current_;
  std::unique_ptr<PublishedView*[]> slots_;  // by slot; set before the slot's first use, then never changed
  std::uint32_t slots_used_ = 0;
  std::vector<PublishedView*> free_;
  std::vector<PublishedView*> live_;  // ascending by version; the last is the newest
  std::vector<Retired> dead_;         // seen by no view
  Reclaimer reclaimer_;
};

}  // namespace etcd::mvcc
