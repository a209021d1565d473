#include "bolt/bucket_value.h"

#include <algorithm>

#include "bolt/page.h"

namespace etcd::bolt {

std::string bucket_value(PageId root, std::uint64_t sequence) {
  std::string value(kBucketHeaderBytes, '\0');
  store(value.data(), root.value);
  store(value.data() + 8, sequence);
  return value;
}

std::string inline_bucket_value(const Node& leaf, std::uint64_t sequence) {
  std::string value = bucket_value(PageId(0), sequence);
  value.resize(kBucketHeaderBytes + leaf.bytes);
  encode_page(leaf, 0, leaf.count(), PageId(0), 0, &value[kBucketHeaderBytes], leaf.bytes);
  return value;
}

bool fits_inline(const Node& root, std::uint32_t page_size) {
  return root.is_leaf && root.bytes <= page_size / 4 &&
         std::none_of(root.items.begin(), root.items.end(), [](const LeafItem& item) { return item.is_bucket(); });
}

std::optional<PageId> bucket_target(std::string_view value) {
  if (value.size() < kBucketHeaderBytes) return std::nullopt;
  const PageId root(load<std::uint64_t>(value.data()));
  if (root != PageId(0)) return root;
  const auto page = PageView::parse(value.substr(kBucketHeaderBytes));
  if (!page || !page->is_leaf()) return std::nullopt;
  for (std::uint32_t i = 0; i < page->count(); ++i) {
    const auto element = page->leaf_element(i);
    if (!element || element->is_bucket()) return std::nullopt;
  }
  return PageId(0);
}

}  // namespace etcd::bolt
