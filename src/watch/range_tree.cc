#include "watch/range_tree.h"

#include <algorithm>
#include <compare>

#include "base/check.h"

namespace etcd::watch {

namespace {

struct Bounds {
  std::string_view begin;
  std::string_view end;
  bool is_open;
};

Bounds bounds_of(const RangeNode& node) { return {node.begin, node.end, node.is_open}; }

std::strong_ordering compare(const Bounds& a, const Bounds& b) {
  if (const auto order = a.begin <=> b.begin; order != 0) return order;
  if (a.is_open || b.is_open) return a.is_open <=> b.is_open;
  return a.end <=> b.end;
}

bool ends_later(const RangeNode& a, const RangeNode& b) {
  return !b.is_open && (a.is_open || a.end > b.end);
}

int height_of(const RangeNode* node) { return node == nullptr ? 0 : node->height; }

RangeNode* furthest_of(RangeNode& node) {
  RangeNode* furthest = &node;
  for (RangeNode* child : {node.left, node.right}) {
    if (child != nullptr && ends_later(*child->furthest, *furthest)) furthest = child->furthest;
  }
  return furthest;
}

void update(RangeNode& node) {
  node.height = 1 + std::max(height_of(node.left), height_of(node.right));
  node.furthest = furthest_of(node);
}

RangeNode* rotate_right(RangeNode* node) {
  RangeNode* const top = node->left;
  node->left = top->right;
  top->right = node;
  update(*node);
  update(*top);
  return top;
}

RangeNode* rotate_left(RangeNode* node) {
  RangeNode* const top = node->right;
  node->right = top->left;
  top->left = node;
  update(*node);
  update(*top);
  return top;
}

// The root of the subtree after a change below `node`.
RangeNode* balanced(RangeNode* node) {
  const int tilt = height_of(node->left) - height_of(node->right);
  if (tilt > 1) {
    if (height_of(node->left->left) < height_of(node->left->right)) node->left = rotate_left(node->left);
    return rotate_right(node);
  }
  if (tilt < -1) {
    if (height_of(node->right->right) < height_of(node->right->left)) node->right = rotate_right(node->right);
    return rotate_left(node);
  }
  update(*node);
  return node;
}

RangeNode* inserted(RangeNode* root, RangeNode& node) {
  if (root == nullptr) return &node;
  const auto order = compare(bounds_of(node), bounds_of(*root));
  CHECK(order != 0, "a range is in the tree twice");
  RangeNode*& child = order < 0 ? root->left : root->right;
  child = inserted(child, node);
  return balanced(root);
}

// Takes the leftmost node out of the subtree.
RangeNode* without_first(RangeNode* root, RangeNode*& first) {
  if (root->left == nullptr) {
    first = root;
    return root->right;
  }
  root->left = without_first(root->left, first);
  return balanced(root);
}

RangeNode* without_root(RangeNode* root) {
  if (root->right == nullptr) return root->left;
  RangeNode* next = nullptr;
  RangeNode* const right = without_first(root->right, next);
  next->right = right;
  next->left = root->left;
  return balanced(next);
}

RangeNode* erased(RangeNode* root, const RangeNode& node) {
  CHECK(root != nullptr, "a range is not in the tree");
  const auto order = compare(bounds_of(node), bounds_of(*root));
  if (order == 0) return without_root(root);
  RangeNode*& child = order < 0 ? root->left : root->right;
  child = erased(child, node);
  return balanced(root);
}

bool holds_below(const RangeNode* node, std::size_t& count) {
  if (node == nullptr) return true;
  ++count;
  RangeNode copy = *node;
  update(copy);
  const bool order = (node->left == nullptr || compare(bounds_of(*node->left), bounds_of(*node)) < 0) &&
                     (node->right == nullptr || compare(bounds_of(*node), bounds_of(*node->right)) < 0);
  const bool furthest = !ends_later(*copy.furthest, *node->furthest) && !ends_later(*node->furthest, *copy.furthest);
  return order && furthest && copy.height == node->height &&
         std::abs(height_of(node->left) - height_of(node->right)) <= 1 && holds_below(node->left, count) &&
         holds_below(node->right, count);
}

}  // namespace

RangeNode* RangeTree::find(const mvcc::KeyRange& range) const {
  const Bounds wanted{range.begin, range.end, range.kind == mvcc::KeyRange::Kind::kFrom};
  RangeNode* node = root_;
  while (node != nullptr) {
    const auto order = compare(wanted, bounds_of(*node));
    if (order == 0) return node;
    node = order < 0 ? node->left : node->right;
  }
  return nullptr;
}

void RangeTree::insert(RangeNode& node) {
  node.left = node.right = nullptr;
  update(node);
  root_ = inserted(root_, node);
  ++size_;
}

void RangeTree::erase(RangeNode& node) {
  root_ = erased(root_, node);
  --size_;
}

bool RangeTree::check() const {
  std::size_t count = 0;
  return holds_below(root_, count) && count == size_;
}

}  // namespace etcd::watch
