#include "bolt/read_tx.h"

#include "bolt/search.h"
#include "bolt/version.h"

namespace etcd::bolt {

std::optional<BucketView> BucketView::parse(const Pages& pages, std::string_view value) {
  if (value.size() < kBucketHeaderBytes) return std::nullopt;
  TreeRoot root{.page = PageId(load<std::uint64_t>(value.data()))};
  if (root.page == PageId(0)) {
    root.inline_page = value.substr(kBucketHeaderBytes);
    const auto page = PageView::parse(root.inline_page);
    if (!page || !page->is_leaf()) return std::nullopt;
  }
  return BucketView(pages, root, load<std::uint64_t>(value.data() + 8));
}

Result<std::optional<std::string_view>> BucketView::get(std::string_view key) const {
  TRY_ASSIGN(const auto element, find_element(*pages_, root_, key));
  if (!element || element->is_bucket()) return std::nullopt;
  return element->value;
}

Result<std::optional<BucketView>> BucketView::bucket(std::string_view name) const {
  TRY_ASSIGN(const auto element, find_element(*pages_, root_, name));
  if (!element || !element->is_bucket()) return std::nullopt;
  const auto view = parse(*pages_, element->value);
  if (!view) return fail(Errc::kCorrupt, "db: the header of a bucket is damaged");
  return view;
}

BucketView ReadTx::root() const {
  const Meta& meta = version_->meta();
  return BucketView(version_->pages(), {.page = meta.root}, meta.root_sequence);
}

std::uint64_t ReadTx::txid() const {
  return version_->meta().txid;
}

std::uint64_t ReadTx::size_bytes() const {
  return version_->size_bytes();
}

}  // namespace etcd::bolt
