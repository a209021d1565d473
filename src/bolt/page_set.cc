#include "bolt/page_set.h"

#include <algorithm>
#include <bit>

#include "base/check.h"

namespace etcd::bolt {

std::uint64_t PageSet::word(std::uint64_t index) const {
  const std::uint64_t block = index / kBlockWords;
  if (block >= blocks_.size() || !blocks_[block]) return 0;
  return (*blocks_[block])[index % kBlockWords];
}

std::uint64_t& PageSet::word_to_change(std::uint64_t index) {
  const std::uint64_t block = index / kBlockWords;
  if (block >= blocks_.size()) blocks_.resize(block + 1);
  if (!blocks_[block]) blocks_[block] = std::make_unique<Block>();
  return (*blocks_[block])[index % kBlockWords];
}

template <typename Change>
void PageSet::for_each_mask(PageId first, std::uint64_t count, Change change) {
  for (std::uint64_t page = first.value, end = first.value + count; page < end;) {
    const std::uint64_t bit = page % kWordBits;
    const std::uint64_t bits = std::min(kWordBits - bit, end - page);
    const std::uint64_t ones = bits == kWordBits ? ~std::uint64_t{0} : (std::uint64_t{1} << bits) - 1;
    change(page / kWordBits, ones << bit);
    page += bits;
  }
}

bool PageSet::insert(PageId first, std::uint64_t count) {
  bool fresh = true;
  for_each_mask(first, count,
                [&](std::uint64_t index, std::uint64_t mask) { fresh = fresh && (word(index) & mask) == 0; });
  if (!fresh) return false;
  for_each_mask(first, count, [&](std::uint64_t index, std::uint64_t mask) { word_to_change(index) |= mask; });
  size_ += count;
  return true;
}

void PageSet::erase(PageId first, std::uint64_t count) {
  for_each_mask(first, count, [&](std::uint64_t index, std::uint64_t mask) {
    CHECK((word(index) & mask) == mask, first, count);
    word_to_change(index) &= ~mask;
  });
  size_ -= count;
}

bool PageSet::contains(PageId page) const {
  return (word(page.value / kWordBits) >> (page.value % kWordBits) & 1) != 0;
}

void PageSet::clear() {
  blocks_.clear();
  size_ = 0;
}

std::optional<PageId> PageSet::next(PageId from) const {
  std::uint64_t index = from.value / kWordBits;
  std::uint64_t bits = word(index) & (~std::uint64_t{0} << (from.value % kWordBits));
  while (bits == 0) {
    ++index;
    while (index % kBlockWords == 0 && index < words() && !blocks_[index / kBlockWords]) index += kBlockWords;
    if (index >= words()) return std::nullopt;
    bits = word(index);
  }
  return PageId(index * kWordBits + static_cast<std::uint64_t>(std::countr_zero(bits)));
}

PageId PageSet::next_absent(PageId from) const {
  std::uint64_t index = from.value / kWordBits;
  std::uint64_t bits = ~word(index) & (~std::uint64_t{0} << (from.value % kWordBits));
  while (bits == 0) bits = ~word(++index);
  return PageId(index * kWordBits + static_cast<std::uint64_t>(std::countr_zero(bits)));
}

std::optional<PageId> PageSet::find_run(std::uint64_t count, PageId from) const {
  for (;;) {
    const auto start = next(from);
    if (!start || count == 1) return start;
    const PageId end = next_absent(*start);
    if (end.value - start->value >= count) return start;
    from = end;
  }
}

void PageSet::unite(const PageSet& other) {
  for (std::uint64_t block = 0; block < other.blocks_.size(); ++block) {
    if (!other.blocks_[block]) continue;
    for (std::uint64_t i = 0; i < kBlockWords; ++i) {
      const std::uint64_t bits = (*other.blocks_[block])[i];
      if (bits == 0) continue;
      std::uint64_t& mine = word_to_change(block * kBlockWords + i);
      size_ += static_cast<std::uint64_t>(std::popcount(bits & ~mine));
      mine |= bits;
    }
  }
}

PageSet PageSet::extract(const PageSet& other) {
  PageSet common;
  const std::uint64_t blocks = std::min(blocks_.size(), other.blocks_.size());
  for (std::uint64_t block = 0; block < blocks; ++block) {
    if (!blocks_[block] || !other.blocks_[block]) continue;
    for (std::uint64_t i = 0; i < kBlockWords; ++i) {
      const std::uint64_t bits = (*blocks_[block])[i] & (*other.blocks_[block])[i];
      if (bits == 0) continue;
      (*blocks_[block])[i] &= ~bits;
      common.word_to_change(block * kBlockWords + i) |= bits;
      common.size_ += static_cast<std::uint64_t>(std::popcount(bits));
    }
  }
  size_ -= common.size_;
  return common;
}

bool PageSet::intersects(const PageSet& other) const {
  const std::uint64_t blocks = std::min(blocks_.size(), other.blocks_.size());
  for (std::uint64_t block = 0; block < blocks; ++block) {
    if (!blocks_[block] || !other.blocks_[block]) continue;
    for (std::uint64_t i = 0; i < kBlockWords; ++i) {
      if (((*blocks_[block])[i] & (*other.blocks_[block])[i]) != 0) return true;
    }
  }
  return false;
}

}  // namespace etcd::bolt
