// Meta: one of the two pages that say where the newest version of the db is.
//
// After the page header, little endian: magic u32, version u32, page size u32, flags u32, root bucket {page u64,
// sequence u64}, free list page u64, high-water mark u64 (the first page never used), transaction id u64, FNV-1a-64
// of all that. A transaction's meta goes to page txid % 2; the valid one with the larger txid counts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"

namespace etcd::bolt {

// The free list is not stored; it is what no page in use covers.
inline constexpr PageId kNoFreelist{0xFFFFFFFFFFFFFFFFu};
inline constexpr std::uint32_t kMetaBytes = 64;
// With header and meta, what must be read of a meta page.
inline constexpr std::uint32_t kMetaPageBytes = 80;

struct Meta {
  std::uint32_t page_size = 0;
  std::uint32_t flags = 0;
  PageId root;
  std::uint64_t root_sequence = 0;
  PageId freelist = kNoFreelist;
  PageId high_water;
  std::uint64_t txid = 0;

  friend bool operator==(const Meta&, const Meta&) = default;
};

// The meta in a page's first kMetaPageBytes bytes (or more); nothing unless magic, version and checksum are right.
// The values are as stored: a checksum is no proof of sense.
std::optional<Meta> parse_meta(std::string_view page);
// Page `id` (0 or 1) with the meta, meta.page_size bytes long.
std::string meta_page(PageId id, const Meta& meta);
// The page that a transaction's meta goes to.
inline PageId meta_slot(std::uint64_t txid) {
  return PageId(txid % 2);
}

}  // namespace etcd::bolt
