// RangeTree: key ranges, and which of them contain a key: an AVL tree in order of (begin, end) in which every node knows
// which range below it ends last.
//
// Owner: WatchedRanges. Holds its nodes, does not own them. Ranges may be empty (end <= begin); they contain nothing.
// Invariants: no two nodes have the same range; heights of siblings differ by at most one; check() tests them.
// Recursion is as deep as the tree is high: below 1.45 log2(n).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "mvcc/key_range.h"

namespace etcd::watch {

struct RangeNode {
  std::string begin;
  std::string end;       // first key that is not in it
  bool is_open = false;  // no end: every key from `begin` on

  // The tree's own.
  RangeNode* left = nullptr;
  RangeNode* right = nullptr;
  RangeNode* furthest = nullptr;  // of this subtree, one that ends last
  int height = 1;

  bool reaches(std::string_view key) const { return is_open || key < end; }
  bool contains(std::string_view key) const { return begin <= key && reaches(key); }
};

class RangeTree {
 public:
  // The node of exactly this range, null if there is none. `range` is no single key.
  RangeNode* find(const mvcc::KeyRange& range) const;
  // `node`'s range must not be there yet; it stays where it is until it is erased.
  void insert(RangeNode& node);
  // `node` must be in the tree.
  void erase(RangeNode& node);

  // Calls visit(RangeNode&) for each range that contains `key`, in order.
  template <typename Visit>
  void stab(std::string_view key, Visit&& visit) const {
    stab(root_, key, visit);
  }
  template <typename Visit>
  void for_each(Visit&& visit) const {
    for_each(root_, visit);
  }

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // Whether all invariants hold. For tests; walks the whole tree.
  bool check() const;

 private:
  template <typename Visit>
  static void stab(RangeNode* node, std::string_view key, Visit&& visit) {
    if (node == nullptr || !node->furthest->reaches(key)) return;
    stab(node->left, key, visit);
    if (key < node->begin) return;
    if (node->reaches(key)) visit(*node);
    stab(node->right, key, visit);
  }
  template <typename Visit>
  static void for_each(RangeNode* node, Visit&& visit) {
    if (node == nullptr) return;
    for_each(node->left, visit);
    visit(*node);
    for_each(node->right, visit);
  }

  RangeNode* root_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace etcd::watch
