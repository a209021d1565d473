#include "bolt/search.h"

#include "bolt/node.h"

namespace etcd::bolt {

namespace {

using Found = Result<std::optional<LeafElement>>;

Found find_on_leaf(const PageView& leaf, PageId id, std::string_view key) {
  const auto index = leaf.lower_bound(key);
  if (!index) return fail(corrupt_page(id));
  if (*index == leaf.count()) return std::nullopt;
  const auto element = leaf.leaf_element(*index);
  if (!element) return fail(corrupt_page(id));
  if (element->key != key) return std::nullopt;
  return element;
}

Found find_on_pages(const Pages& pages, PageId id, std::string_view key) {
  for (std::uint32_t depth = 0; depth < kMaxTreeDepth; ++depth) {
    const auto page = pages.find(id);
    if (!page) return fail(corrupt_page(id));
    if (page->is_leaf()) return find_on_leaf(*page, id, key);
    const auto index = page->count() > 0 ? page->child_for(key) : std::nullopt;
    const auto child = index ? page->branch_element(*index) : std::nullopt;
    if (!child) return fail(corrupt_page(id));
    id = child->page;
  }
  return fail(corrupt_page(id));
}

}  // namespace

Found find_element(const Pages& pages, const TreeRoot& root, std::string_view key) {
  const Node* node = root.node;
  while (node != nullptr && !node->is_leaf) {
    const BranchItem& child = node->children[node->child_for(key)];
    if (!child.node) return find_on_pages(pages, child.page, key);
    node = child.node.get();
  }
  if (node != nullptr) {
    const std::size_t index = node->lower_bound(key);
    if (index == node->items.size() || node->items[index].key() != key) return std::nullopt;
    return node->items[index].element();
  }
  if (root.inline_page.empty()) return find_on_pages(pages, root.page, key);
  const auto page = PageView::parse(root.inline_page);
  if (!page || !page->is_leaf()) return fail(corrupt_page(PageId(0)));
  return find_on_leaf(*page, PageId(0), key);
}

}  // namespace etcd::bolt
