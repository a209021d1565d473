// Tree: the tree of one bucket inside a write transaction: pages of the base version with changed nodes over them.
//
// A node comes into memory when something below it changes, and with it all nodes above; its page is given up at that
// moment. commit() of the transaction calls balance(), then write_pages(): nodes that were emptied are merged, and
// what is in memory goes to new pages.
// Owner: one WriteTx. Errors: kCorrupt (of the base), after which only rollback is left; kInvalid.
// Invariant: all nodes above a node in memory are in memory.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/result.h"
#include "bolt/arena.h"
#include "bolt/cursor.h"
#include "bolt/dirty_pages.h"
#include "bolt/freelist.h"
#include "bolt/node.h"
#include "bolt/page.h"

namespace etcd::bolt {

// What the trees of one transaction share.
struct TreeContext {
  const Pages& base;
  TxSpace& space;
  Arena& arena;
};

class Tree {
 public:
  Tree(TreeContext& context, TreeRoot root) : context_(context), root_(root) {}

  // Adds or replaces. kInvalid if the key is there and `flags` differ from its own.
  Status put(std::string_view key, std::string_view value, std::uint32_t flags);
  // True if the key was there. kInvalid if its flags differ.
  Result<bool> erase(std::string_view key, std::uint32_t flags);
  Result<std::optional<LeafElement>> find(std::string_view key) const;

  void set_fill(double fill) { fill_ = fill; }
  // Where a Cursor starts.
  TreeRoot root() const { return {root_.page, root_.inline_page, root_node_.get()}; }
  bool changed() const { return root_node_ != nullptr; }

  // Merges nodes that got small and drops empty ones.
  Status balance();
  // Writes all that changed to new pages; the root's. The tree is over.
  PageId write_pages(DirtyPages& out);
  // Gives up all pages, those of the buckets inside it too. The tree is over.
  Status give_up_pages();

 private:
  struct Step {
    Node* node;
    std::size_t child;
  };

  Result<Node*> leaf_for(std::string_view key);
  Status load_root();
  Status load_child(BranchItem& child);
  Result<std::unique_ptr<Node>> load_page(PageId id);
  bool on_path(std::string_view key) const;
  void narrow_path(const Node& branch, std::size_t child);
  void split_path();

  Status balance_below(Node& branch);
  Status merge_children(Node& branch);
  bool wants_merge(const Node& node) const;
  Result<bool> merge_child(Node& branch, std::size_t& index);
  Result<std::uint64_t> child_bytes(const BranchItem& child) const;
  Status collapse_root();

  void write_node(Node& node, std::vector<BranchItem>& written, DirtyPages& out);
  Status give_up_below(const Node& node);
  Status give_up_tree(PageId root);

  TreeContext& context_;
  TreeRoot root_;  // as in the base; `node` unused
  std::unique_ptr<Node> root_node_;
  double fill_ = 0.5;

  // The way to the leaf of the last change, kept as long as no node is split: keys in [path_low_, path_high_) go to
  // the same leaf.
  std::array<Step, kMaxTreeDepth> path_{};
  std::size_t path_depth_ = 0;
  Node* path_leaf_ = nullptr;
  std::optional<std::string_view> path_low_;
  std::optional<std::string_view> path_high_;
};

}  // namespace etcd::bolt
