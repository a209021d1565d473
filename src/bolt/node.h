// Node: a leaf or branch of a bucket's tree in memory, made from a page or new, to be written to new pages.
//
// Bytes of keys and values stay where they are: in the mapping, or in the transaction's arena. A node owns the nodes
// below it.
// Invariants: keys ascend; a branch's child, unless it is the first, holds no key below the child's own; `bytes` is
// what the node would take on a page.
// How it is cut into pages follows bbolt, whose code relies upon it: a branch never gets fewer than two children, a
// page that is cut keeps at least two elements on either side, and up to four elements share one page however large
// they are.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "bolt/page.h"

namespace etcd::bolt {

struct Node;

// A leaf's element; the value follows the key in memory.
struct LeafItem {
  const char* bytes = nullptr;
  std::uint32_t key_size = 0;
  std::uint32_t value_size = 0;
  std::uint32_t flags = 0;

  std::string_view key() const { return {bytes, key_size}; }
  std::string_view value() const { return {bytes + key_size, value_size}; }
  bool is_bucket() const { return bolt::is_bucket(flags); }
  LeafElement element() const { return {key(), value(), flags}; }
  std::uint64_t page_bytes() const { return kElementBytes + std::uint64_t{key_size} + value_size; }
};

// A branch's element: a page, or the node that will replace it.
struct BranchItem {
  std::string_view key;
  PageId page;
  std::unique_ptr<Node> node;

  std::uint64_t page_bytes() const { return kElementBytes + key.size(); }
};

struct Node {
  bool is_leaf = true;
  bool shrunk = false;  // something was taken out of it: balancing must look at it
  std::uint64_t bytes = kPageHeaderBytes;
  std::vector<LeafItem> items;       // of a leaf
  std::vector<BranchItem> children;  // of a branch

  std::size_t count() const { return is_leaf ? items.size() : children.size(); }
  std::string_view key(std::size_t index) const { return is_leaf ? items[index].key() : children[index].key; }
  // On a leaf: the first index whose key is not less.
  std::size_t lower_bound(std::string_view key) const;
  // On a branch with children: the index of the child below which `key` is or would be.
  std::size_t child_for(std::string_view key) const;
  std::uint64_t page_bytes(std::size_t index) const {
    return is_leaf ? items[index].page_bytes() : children[index].page_bytes();
  }

  void insert_item(std::size_t index, const LeafItem& item);
  void replace_item(std::size_t index, const LeafItem& item);
  void erase_item(std::size_t index);
  void insert_child(std::size_t index, BranchItem child);
  // Takes the child out and returns it.
  BranchItem remove_child(std::size_t index);
  // Moves all elements of `right`, whose keys are greater, behind this node's own.
  void append(Node&& right);
  // Moves the elements from `index` on to a new node.
  std::unique_ptr<Node> split_off(std::size_t index);
};

// A node with the page's elements. kCorrupt unless its elements lie inside without sharing bytes, and its keys are
// not empty, of legal size, and ascend.
Result<std::unique_ptr<Node>> load_node(const PageView& page, PageId id);

// Where to cut a node whose elements [from, count()) are to be written: the end of the first page's share; count() if
// one page takes all. `fill` is the share of a page to use when there is more than one.
std::size_t cut_point(const Node& node, std::size_t from, std::uint32_t page_size, double fill);
// What elements [from, to) take on a page, header included.
std::uint64_t encoded_bytes(const Node& node, std::size_t from, std::size_t to);
// Writes the elements [from, to) as page `id` to `out`, which has `size` >= encoded_bytes() bytes, a multiple of
// page_size (or, for an inline page with id 0, exactly encoded_bytes()); what is left is zeroed. Children must be
// pages.
void encode_page(const Node& node, std::size_t from, std::size_t to, PageId id, std::uint32_t overflow, char* out,
                 std::uint64_t size);

}  // namespace etcd::bolt
