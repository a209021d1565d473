// The free list that bbolt stores when it is not told otherwise (etcd tells it): sorted page ids behind a page
// header. A count of 0xFFFF means that the first number is the count.
//
// We never go by it, see README.md; but its own pages are in use until the first commit, and the checker reads it.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/meta.h"
#include "bolt/page.h"

namespace etcd::bolt {

struct StoredFreelist {
  PageId page;
  std::uint64_t pages = 0;  // its own, overflow included
  std::string_view ids;     // 8 bytes each

  std::uint64_t count() const { return ids.size() / 8; }
  PageId id(std::uint64_t index) const { return PageId(load<std::uint64_t>(ids.data() + index * 8)); }
};

// Nothing if the version has none. Errors: kCorrupt if there is no free list where the meta page says.
Result<std::optional<StoredFreelist>> stored_freelist(const Pages& pages, const Meta& meta);

}  // namespace etcd::bolt
