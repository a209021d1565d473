#include "bolt/page.h"

#include <string>

namespace etcd::bolt {

namespace {

constexpr std::uint32_t kFewElements = 32;

}  // namespace

std::optional<std::uint32_t> PageView::lower_bound(std::string_view wanted) const {
  std::uint32_t low = 0;
  std::uint32_t high = count_;
  // A page with few elements has long ones, whose keys lie far apart: better to wait for all of them at once than for
  // one after the other.
  if (count_ <= kFewElements) {
    for (std::uint32_t i = 0; i < count_; ++i) {
      if (const auto found = key(i)) __builtin_prefetch(found->data());
    }
  }
  while (low < high) {
    const std::uint32_t middle = (low + high) / 2;
    const auto found = key(middle);
    if (!found) return std::nullopt;
    if (compare_keys(*found, wanted) < 0) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}

std::optional<std::uint32_t> PageView::child_for(std::string_view wanted) const {
  // The last child whose key is not greater; keys below the first child's belong there too.
  std::uint32_t low = 0;
  std::uint32_t high = count_;
  while (high - low > 1) {
    const std::uint32_t middle = (low + high) / 2;
    const auto found = key(middle);
    if (!found) return std::nullopt;
    if (compare_keys(*found, wanted) <= 0) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

Error corrupt_page(PageId id) {
  return Error{Errc::kCorrupt, "db: page " + std::to_string(id.value) + " is damaged"};
}

}  // namespace etcd::bolt
