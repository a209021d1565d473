// What a page looks like: bbolt's page header and the elements of leaf and branch pages, read in place.
//
// Page = 16 bytes of header {id u64, flags u16, count u16, overflow u32}, then `count` elements of 16 bytes, then
// their keys and values, all little endian. A leaf element is {flags u32, pos u32, key size u32, value size u32}, a
// branch element {pos u32, key size u32, page u64};
// pos counts from the element's own first byte to its key, and the value follows the key. A page that needs more room
// than one page is followed by `overflow` further pages.
//
// Every byte may be hostile. Pages::find() checks what concerns the page as a whole, and each access to an element
// checks that the element lies inside the page; both answer "nothing" for bytes that can't be what they claim to be.
// So a damaged file gives errors or wrong contents, never an access outside the mapping. That keys are in order is
// not checked here, see check.h.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "base/ids.h"

namespace etcd::bolt {

static_assert(std::endian::native == std::endian::little, "pages are read and written in place");

inline constexpr std::uint32_t kPageHeaderBytes = 16;
inline constexpr std::uint32_t kElementBytes = 16;
inline constexpr std::uint32_t kBucketHeaderBytes = 16;
// Page sizes that we read and write: those that some processor has, and smaller ones for tests. A power of two.
inline constexpr std::uint32_t kMinPageSize = 1024;
inline constexpr std::uint32_t kMaxPageSize = 65536;
inline constexpr std::uint32_t kMaxKeyBytes = 32768;
// bbolt writes up to 2^31 - 2, but four of those share a page, whose positions are 32 bits.
inline constexpr std::uint32_t kMaxValueBytes = 1u << 29;
// Deeper trees are not written by anyone: a branch page has at least two children.
inline constexpr std::uint32_t kMaxTreeDepth = 32;
// Buckets in buckets; etcd has one level of them.
inline constexpr std::uint32_t kMaxBucketDepth = 32;

inline constexpr std::uint32_t kCacheLineBytes = 64;

inline constexpr std::uint16_t kBranchPage = 0x01;
inline constexpr std::uint16_t kLeafPage = 0x02;
inline constexpr std::uint16_t kMetaPage = 0x04;
inline constexpr std::uint16_t kFreelistPage = 0x10;
// Flag of a leaf element whose value is a bucket.
inline constexpr std::uint32_t kBucketElement = 0x01;

// Bits of a leaf element's flags that have no meaning are kept and otherwise ignored.
inline bool is_bucket(std::uint32_t flags) {
  return (flags & kBucketElement) != 0;
}

template <typename Number>
Number load(const char* from) {
  Number number;
  std::memcpy(&number, from, sizeof number);
  return number;
}
template <typename Number>
void store(char* to, Number number) {
  std::memcpy(to, &number, sizeof number);
}

// Less than, equal to or greater than 0, bytewise. The first eight bytes decide between most keys and are compared at
// once.
inline int compare_keys(std::string_view a, std::string_view b) {
  if (a.size() >= 8 && b.size() >= 8) {
    const auto x = __builtin_bswap64(load<std::uint64_t>(a.data()));
    const auto y = __builtin_bswap64(load<std::uint64_t>(b.data()));
    if (x != y) return x < y ? -1 : 1;
  }
  return a.compare(b);
}

struct PageHeader {
  PageId id;
  std::uint16_t flags = 0;
  std::uint16_t count = 0;
  std::uint32_t overflow = 0;
};

inline PageHeader load_page_header(const char* page) {
  return {PageId(load<std::uint64_t>(page)), load<std::uint16_t>(page + 8), load<std::uint16_t>(page + 10),
          load<std::uint32_t>(page + 12)};
}
inline void store_page_header(char* page, const PageHeader& header) {
  store(page, header.id.value);
  store(page + 8, header.flags);
  store(page + 10, header.count);
  store(page + 12, header.overflow);
}

struct LeafElement {
  std::string_view key;
  std::string_view value;
  std::uint32_t flags = 0;

  bool is_bucket() const { return bolt::is_bucket(flags); }
};

struct BranchElement {
  std::string_view key;  // not greater than any key below `page`
  PageId page;
};

// A leaf or branch page, its overflow pages included; the bytes belong to the mapping or to whoever holds the buffer.
class PageView {
 public:
  PageView() = default;

  // The page in `bytes` (of an inline bucket, or of a buffer); nothing unless it is a leaf or a branch whose elements
  // fit.
  static std::optional<PageView> parse(std::string_view bytes) {
    if (bytes.size() < kPageHeaderBytes) return std::nullopt;
    const PageHeader header = load_page_header(bytes.data());
    if (header.flags != kLeafPage && header.flags != kBranchPage) return std::nullopt;
    if (kPageHeaderBytes + std::uint64_t{header.count} * kElementBytes > bytes.size()) return std::nullopt;
    return PageView(bytes, header);
  }

  bool is_leaf() const { return leaf_; }
  std::uint32_t count() const { return count_; }
  std::string_view bytes() const { return {data_, size_}; }

  // index < count(). Nothing if the element's bytes leave the page.
  std::optional<std::string_view> key(std::uint32_t index) const {
    const char* element = data_ + kPageHeaderBytes + std::size_t{index} * kElementBytes;
    const std::uint64_t from =
        static_cast<std::uint64_t>(element - data_) + load<std::uint32_t>(element + (leaf_ ? 4 : 0));
    const std::uint32_t size = load<std::uint32_t>(element + (leaf_ ? 8 : 4));
    if (from + size > size_) return std::nullopt;
    return std::string_view(data_ + from, size);
  }
  // index < count(), on a leaf.
  std::optional<LeafElement> leaf_element(std::uint32_t index) const {
    const char* element = data_ + kPageHeaderBytes + std::size_t{index} * kElementBytes;
    const std::uint64_t from = static_cast<std::uint64_t>(element - data_) + load<std::uint32_t>(element + 4);
    const std::uint64_t key_size = load<std::uint32_t>(element + 8);
    const std::uint64_t value_size = load<std::uint32_t>(element + 12);
    if (from + key_size + value_size > size_) return std::nullopt;
    return LeafElement{{data_ + from, key_size}, {data_ + from + key_size, value_size}, load<std::uint32_t>(element)};
  }
  // index < count(), on a branch.
  std::optional<BranchElement> branch_element(std::uint32_t index) const {
    const auto found = key(index);
    if (!found) return std::nullopt;
    const char* element = data_ + kPageHeaderBytes + std::size_t{index} * kElementBytes;
    return BranchElement{*found, PageId(load<std::uint64_t>(element + 8))};
  }

  // The first index in [0, count()] whose key is not less than `key`; nothing if an element leaves the page.
  std::optional<std::uint32_t> lower_bound(std::string_view key) const;
  // On a branch with count() > 0: the index of the child below which `key` would be.
  std::optional<std::uint32_t> child_for(std::string_view key) const;

 private:
  friend class Pages;
  PageView(std::string_view bytes, const PageHeader& header)
      : data_(bytes.data()), size_(bytes.size()), count_(header.count), leaf_(header.flags == kLeafPage) {}

  const char* data_ = nullptr;
  std::uint64_t size_ = 0;
  std::uint32_t count_ = 0;
  bool leaf_ = true;
};

// The pages of one version of the file: [2, high_water) of a mapping.
class Pages {
 public:
  // The mapping behind `base` must hold high_water * page_size bytes and outlive this and all that is read through
  // it.
  Pages(const char* base, std::uint32_t page_size, PageId high_water)
      : base_(base), page_size_(page_size), high_water_(high_water) {}

  std::uint32_t page_size() const { return page_size_; }
  PageId high_water() const { return high_water_; }

  // The page with its overflow pages; nothing if the id is out of range or the header can't be that of a leaf or
  // branch page there.
  std::optional<PageView> find(PageId id) const {
    if (id.value < 2 || id.value >= high_water_.value) return std::nullopt;
    const char* page = base_ + id.value * page_size_;
    // The first elements are asked for together with the header: a search waits for memory more than for anything
    // else.
    for (std::uint32_t line = 1; line < 4; ++line) __builtin_prefetch(page + line * kCacheLineBytes);
    const PageHeader header = load_page_header(page);
    if (header.id != id || header.overflow >= high_water_.value - id.value) return std::nullopt;
    return PageView::parse({page, (std::uint64_t{header.overflow} + 1) * page_size_});
  }
  // The raw bytes of pages [first, first + count); the range must lie below high_water().
  std::string_view raw(PageId first, std::uint64_t count) const {
    return {base_ + first.value * page_size_, count * page_size_};
  }

 private:
  const char* base_;
  std::uint32_t page_size_;
  PageId high_water_;
};

// kCorrupt, naming the page.
Error corrupt_page(PageId id);

}  // namespace etcd::bolt
