// FreeList: which pages may be written. TxSpace: the pages that one transaction takes and gives up.
//
// Life of a page: free -> taken by transaction A, whose version uses it -> given up by transaction F: it awaits until
// no version in [A, F) can be read any more -> free.
// Versions that somebody can still read are "live"; the list keeps them in order of age. A page given up waits with
// the youngest live version that sees it. When that one dies, the page goes on to the next older live version, or
// becomes free if it was taken after that one. So a single old reader holds back only the pages that it can see, not
// all that is given up in its lifetime.
// Owner: the writer.
// Invariants: free and awaiting pages are disjoint; no page of a live version is free.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <utility>

#include "bolt/page_set.h"
#include "bolt/version.h"

namespace etcd::bolt {

class FreeList {
 public:
  // `free` is what the newest version, pinned by `newest`, does not use.
  FreeList(PageSet free, std::shared_ptr<const Pin> newest);

  // `count` (> 0) free pages in a row at the lowest place; nothing if there are none.
  std::optional<PageId> take(std::uint64_t count);
  // Takes note of a commit: its new version uses the pages `taken` (from here or from above the old high-water mark)
  // and no longer `given_up`.
  void commit(PageSet taken, PageSet given_up, std::shared_ptr<const Pin> newest);
  // Puts back what take() gave to a transaction that was rolled back.
  void put_back(const PageSet& taken);
  // Makes pages free that no live version sees any more.
  void release();

  const PageSet& free() const { return free_; }
  std::uint64_t awaiting() const;
  bool is_awaiting(PageId page) const;

 private:
  struct LiveVersion {
    std::shared_ptr<const Pin> pin;
    PageSet taken_after;  // by the transactions between this version and the next live one
    PageSet awaiting;     // pages given up; this is the youngest live version that sees them
  };
  // Runs of up to this many pages are looked for from where the last search for as many ended; longer ones, rare,
  // from the beginning.
  static constexpr std::size_t kSearchPlaces = 64;
  static constexpr PageId kNowhere{std::uint64_t{1} << 60};

  void forget_search_places() { search_from_.fill(PageId(0)); }
  void bury(std::size_t index);

  PageSet free_;
  std::deque<LiveVersion> live_;  // oldest first; the last one is the newest version
  std::array<PageId, kSearchPlaces> search_from_{};
};

class TxSpace {
 public:
  TxSpace(FreeList& list, PageId high_water) : list_(list), base_high_water_(high_water), high_water_(high_water) {}

  // `count` (> 0) pages in a row, free ones or new ones at the end of the file.
  PageId take(std::uint64_t count);
  // The base version's pages that the transaction replaces; each is given up once (CHECK).
  void give_up(PageId first, std::uint64_t count);

  PageId high_water() const { return high_water_; }
  // The transaction is durable; `newest` pins its version. Or it is not to be. Nothing may be taken or given up after
  // either.
  void commit(std::shared_ptr<const Pin> newest) {
    list_.commit(std::move(taken_), std::move(given_up_), std::move(newest));
  }
  void roll_back();

 private:
  FreeList& list_;
  PageId base_high_water_;
  PageId high_water_;
  PageSet taken_;
  PageSet given_up_;
};

}  // namespace etcd::bolt
