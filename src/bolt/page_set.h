// PageSet: a set of page ids, one bit a page.
//
// Kept in blocks of 32,768 pages that exist only where a bit is set: 10 GB of pages take 325 KB at most, and sets
// with few pages next to nothing. Value type; not for use from two threads at once.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "base/ids.h"

namespace etcd::bolt {

class PageSet {
 public:
  // Adds [first, first + count). False, with nothing changed, if one of them is there already.
  bool insert(PageId first, std::uint64_t count = 1);
  // Removes [first, first + count), which must all be there (CHECK).
  void erase(PageId first, std::uint64_t count = 1);
  bool contains(PageId page) const;
  std::uint64_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  void clear();

  // The first page >= from in the set; nothing if there is none.
  std::optional<PageId> next(PageId from) const;
  // The first page >= from that is not in the set.
  PageId next_absent(PageId from) const;
  // The first page >= from at which `count` (> 0) pages in a row begin.
  std::optional<PageId> find_run(std::uint64_t count, PageId from) const;

  // Adds all pages of `other`; some may be there already.
  void unite(const PageSet& other);
  // Removes the pages that are in `other` too and returns them.
  PageSet extract(const PageSet& other);
  bool intersects(const PageSet& other) const;

 private:
  static constexpr std::uint64_t kWordBits = 64;
  static constexpr std::uint64_t kBlockWords = 512;
  static constexpr std::uint64_t kBlockPages = kBlockWords * kWordBits;
  using Block = std::array<std::uint64_t, kBlockWords>;

  // 64 pages from page number word * 64 on.
  std::uint64_t word(std::uint64_t index) const;
  std::uint64_t& word_to_change(std::uint64_t index);
  std::uint64_t words() const { return blocks_.size() * kBlockWords; }
  // Calls `change(word, mask)` for each word that [first, first + count) touches.
  template <typename Change>
  static void for_each_mask(PageId first, std::uint64_t count, Change change);

  std::vector<std::unique_ptr<Block>> blocks_;
  std::uint64_t size_ = 0;
};

}  // namespace etcd::bolt
