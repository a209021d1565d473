#include "bolt/tree.h"

#include <string>

#include "base/check.h"
#include "bolt/search.h"

namespace etcd::bolt {

namespace {

Error other_kind(std::string_view key) {
  return Error{Errc::kInvalid, "db: \"" + std::string(key.substr(0, 64)) +
                                   "\" is a bucket where a value is meant, or a value where a bucket is"};
}

}  // namespace

Result<std::optional<LeafElement>> Tree::find(std::string_view key) const {
  return find_element(context_.base, root(), key);
}

Status Tree::put(std::string_view key, std::string_view value, std::uint32_t flags) {
  TRY_ASSIGN(Node* const leaf, leaf_for(key));
  const std::size_t index = leaf->lower_bound(key);
  const bool there = index < leaf->items.size() && leaf->items[index].key() == key;
  if (there && leaf->items[index].is_bucket() != is_bucket(flags)) return fail(other_kind(key));
  const LeafItem item{.bytes = context_.arena.copy(key, value),
                      .key_size = static_cast<std::uint32_t>(key.size()),
                      .value_size = static_cast<std::uint32_t>(value.size()),
                      .flags = flags};
  if (there) {
    leaf->replace_item(index, item);
  } else {
    leaf->insert_item(index, item);
  }
  split_path();
  return {};
}

Result<bool> Tree::erase(std::string_view key, std::uint32_t flags) {
  // A key that is not there brings nothing into memory.
  if (!on_path(key)) {
    TRY_ASSIGN(const auto found, find(key));
    if (!found) return false;
  }
  TRY_ASSIGN(Node* const leaf, leaf_for(key));
  const std::size_t index = leaf->lower_bound(key);
  if (index == leaf->items.size() || leaf->items[index].key() != key) return false;
  if (leaf->items[index].is_bucket() != is_bucket(flags)) return fail(other_kind(key));
  leaf->erase_item(index);
  return true;
}

bool Tree::on_path(std::string_view key) const {
  return path_leaf_ != nullptr && (!path_low_ || compare_keys(*path_low_, key) <= 0) &&
         (!path_high_ || compare_keys(key, *path_high_) < 0);
}

Result<Node*> Tree::leaf_for(std::string_view key) {
  if (on_path(key)) return path_leaf_;
  path_leaf_ = nullptr;
  path_low_.reset();
  path_high_.reset();
  path_depth_ = 0;
  if (!root_node_) TRY(load_root());
  Node* node = root_node_.get();
  while (!node->is_leaf) {
    // One level is kept for the root that a split may add.
    if (path_depth_ + 2 >= kMaxTreeDepth) return fail(Errc::kCorrupt, "db: a tree is too deep");
    const std::size_t index = node->child_for(key);
    BranchItem& child = node->children[index];
    if (!child.node) TRY(load_child(child));
    path_[path_depth_++] = {.node = node, .child = index};
    narrow_path(*node, index);
    node = child.node.get();
  }
  path_leaf_ = node;
  return node;
}

void Tree::narrow_path(const Node& branch, std::size_t child) {
  if (child > 0) path_low_ = branch.children[child].key;
  if (child + 1 < branch.children.size()) path_high_ = branch.children[child + 1].key;
}

Status Tree::load_root() {
  if (root_.inline_page.empty()) {
    TRY_ASSIGN(root_node_, load_page(root_.page));
    return {};
  }
  const auto page = PageView::parse(root_.inline_page);
  if (!page || !page->is_leaf()) return fail(corrupt_page(PageId(0)));
  TRY_ASSIGN(root_node_, load_node(*page, PageId(0)));
  return {};
}

Status Tree::load_child(BranchItem& child) {
  TRY_ASSIGN(child.node, load_page(child.page));
  return {};
}

Result<std::unique_ptr<Node>> Tree::load_page(PageId id) {
  const auto page = context_.base.find(id);
  if (!page) return fail(corrupt_page(id));
  TRY_ASSIGN(auto node, load_node(*page, id));
  context_.space.give_up(id, page->bytes().size() / context_.base.page_size());
  return node;
}

void Tree::split_path() {
  const std::uint32_t page_size = context_.base.page_size();
  Node* node = path_leaf_;
  while (node->bytes > page_size) {
    const std::size_t cut = cut_point(*node, 0, page_size, fill_);
    if (cut == node->count()) return;
    path_leaf_ = nullptr;  // what follows moves nodes
    auto right = node->split_off(cut);
    const std::string_view right_key = right->key(0);
    if (path_depth_ == 0) {
      auto root = std::make_unique<Node>();
      root->is_leaf = false;
      root->insert_child(0, {.key = node->key(0), .page = {}, .node = std::move(root_node_)});
      root->insert_child(1, {.key = right_key, .page = {}, .node = std::move(right)});
      root_node_ = std::move(root);
      return;
    }
    const Step parent = path_[--path_depth_];
    parent.node->insert_child(parent.child + 1, {.key = right_key, .page = {}, .node = std::move(right)});
    node = parent.node;
  }
}

}  // namespace etcd::bolt
