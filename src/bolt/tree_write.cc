// How a tree ends: its changed nodes go to new pages, or all its pages are given up.
#include "base/check.h"
#include "bolt/bucket_value.h"
#include "bolt/page_walk.h"
#include "bolt/tree.h"

namespace etcd::bolt {

PageId Tree::write_pages(DirtyPages& out) {
  CHECK(root_node_);
  path_leaf_ = nullptr;
  for (;;) {
    std::vector<BranchItem> written;
    write_node(*root_node_, written, out);
    if (written.size() == 1) return written[0].page;
    // The root was cut: it needs one above it.
    auto root = std::make_unique<Node>();
    root->is_leaf = false;
    for (BranchItem& page : written) root->insert_child(root->count(), std::move(page));
    root_node_ = std::move(root);
  }
}

// Writes the node and all below it that is in memory; appends the pages it became with their first keys. Recursion is
// as deep as the tree is high, at most kMaxTreeDepth.
void Tree::write_node(Node& node, std::vector<BranchItem>& written, DirtyPages& out) {
  if (!node.is_leaf) {
    std::vector<BranchItem> pages;
    pages.reserve(node.children.size());
    for (BranchItem& child : node.children) {
      if (child.node) {
        write_node(*child.node, pages, out);
      } else {
        pages.push_back(std::move(child));
      }
    }
    node.children = std::move(pages);
    node.bytes = encoded_bytes(node, 0, node.count());
  }
  const std::uint32_t page_size = context_.base.page_size();
  std::size_t from = 0;
  do {
    const std::size_t to = cut_point(node, from, page_size, fill_);
    const std::uint64_t count = (encoded_bytes(node, from, to) + page_size - 1) / page_size;
    const PageId id = context_.space.take(count);
    encode_page(node, from, to, id, static_cast<std::uint32_t>(count - 1), out.add(id, count), count * page_size);
    written.push_back({.key = node.count() > 0 ? node.key(from) : std::string_view(), .page = id, .node = nullptr});
    from = to;
  } while (from < node.count());
}

Status Tree::give_up_pages() {
  path_leaf_ = nullptr;
  if (root_node_) return give_up_below(*root_node_);
  return root_.inline_page.empty() ? give_up_tree(root_.page) : Status();
}

// The pages of nodes in memory were given up when they were loaded. Recursion is as deep as the tree is high, at most
// kMaxTreeDepth.
Status Tree::give_up_below(const Node& node) {
  for (const LeafItem& item : node.items) {
    if (!item.is_bucket()) continue;
    const auto root = bucket_target(item.value());
    if (!root) return fail(Errc::kCorrupt, "db: a bucket's header is damaged");
    if (*root != PageId(0)) TRY(give_up_tree(*root));
  }
  for (const BranchItem& child : node.children) {
    TRY(child.node ? give_up_below(*child.node) : give_up_tree(child.page));
  }
  return {};
}

Status Tree::give_up_tree(PageId root) {
  PageWalk walk(context_.base, root);
  while (walk.next()) context_.space.give_up(walk.page(), walk.count());
  return walk.status();
}

}  // namespace etcd::bolt
