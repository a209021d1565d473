// Tree::balance(): after deletions, so that what is written has neither empty leaves nor branches with a single
// child, which bbolt does not expect, nor many pages that hold little.
#include "base/check.h"
#include "bolt/tree.h"

namespace etcd::bolt {

Status Tree::balance() {
  path_leaf_ = nullptr;
  if (!root_node_ || root_node_->is_leaf) return {};
  TRY(balance_below(*root_node_));
  return collapse_root();
}

// Recursion is as deep as the tree is high, at most kMaxTreeDepth.
Status Tree::balance_below(Node& branch) {
  for (BranchItem& child : branch.children) {
    if (child.node && !child.node->is_leaf) TRY(balance_below(*child.node));
  }
  return merge_children(branch);
}

Status Tree::merge_children(Node& branch) {
  for (std::size_t i = 0; i < branch.children.size();) {
    const BranchItem& child = branch.children[i];
    if (child.node && child.node->count() == 0) {
      branch.remove_child(i);
      continue;
    }
    bool merged = false;
    if (child.node && wants_merge(*child.node)) {
      TRY_ASSIGN(merged, merge_child(branch, i));
    }
    if (!merged) {
      ++i;
    } else if (Node& grown = *branch.children[i].node; !grown.is_leaf) {
      TRY(merge_children(grown));  // an only child has neighbours now
    }
  }
  return {};
}

bool Tree::wants_merge(const Node& node) const {
  if (!node.is_leaf && node.count() < 2) return true;
  return node.shrunk && static_cast<double>(node.bytes) < context_.base.page_size() * fill_ / 2;
}

// Merges the child at `index` with a neighbour, preferably the left one, if both fit a page or it can't stay alone.
// Then `index` is the place of the merged child.
Result<bool> Tree::merge_child(Node& branch, std::size_t& index) {
  const Node& node = *branch.children[index].node;
  const bool must = !node.is_leaf && node.count() < 2;
  const auto try_with = [&](std::size_t left) -> Result<bool> {
    if (left + 1 >= branch.children.size()) return false;
    const std::size_t neighbour = left == index ? left + 1 : left;
    TRY_ASSIGN(const std::uint64_t neighbour_bytes, child_bytes(branch.children[neighbour]));
    if (!must && node.bytes + neighbour_bytes - kPageHeaderBytes > context_.base.page_size()) return false;
    if (!branch.children[neighbour].node) TRY(load_child(branch.children[neighbour]));
    if (branch.children[neighbour].node->is_leaf != node.is_leaf) {
      return fail(Errc::kCorrupt, "db: a tree is not level");
    }
    BranchItem right = branch.remove_child(left + 1);
    branch.children[left].node->append(std::move(*right.node));
    branch.children[left].node->shrunk = true;
    index = left;
    return true;
  };
  if (index > 0) {
    TRY_ASSIGN(const bool merged, try_with(index - 1));
    if (merged) return true;
  }
  return try_with(index);
}

Result<std::uint64_t> Tree::child_bytes(const BranchItem& child) const {
  if (child.node) return child.node->bytes;
  const auto page = context_.base.find(child.page);
  if (!page) return fail(corrupt_page(child.page));
  std::uint64_t bytes = kPageHeaderBytes;
  for (std::uint32_t i = 0; i < page->count(); ++i) {
    const auto leaf = page->is_leaf() ? page->leaf_element(i) : std::nullopt;
    const auto key = page->key(i);
    if (!key || (page->is_leaf() && !leaf)) return fail(corrupt_page(child.page));
    bytes += kElementBytes + key->size() + (leaf ? leaf->value.size() : 0);
  }
  return bytes;
}

// A root without children becomes an empty leaf, one with a single child gives way to it.
Status Tree::collapse_root() {
  while (!root_node_->is_leaf && root_node_->count() < 2) {
    if (root_node_->count() == 0) {
      root_node_ = std::make_unique<Node>();
      return {};
    }
    BranchItem only = root_node_->remove_child(0);
    if (!only.node) TRY(load_child(only));
    root_node_ = std::move(only.node);
  }
  return {};
}

}  // namespace etcd::bolt
