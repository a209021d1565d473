#include "mvcc/index_node.h"

#include <algorithm>
#include <new>

namespace etcd::mvcc {
namespace {

// Keys [first, count) of a node, ascending.
template <typename Node>
NodePosition search(const Node& node, std::uint32_t first, std::string_view key) {
  const std::uint32_t count = node.count;
  if (first >= count) return {count, false};
  if (node.shared > 0) {
    const int order = key.substr(0, node.shared).compare(node.key(first).substr(0, node.shared));
    if (order != 0) return {order < 0 ? first : count, false};
  }
  const std::uint64_t word = word_at(key, node.shared);
  const auto [low, high] = std::equal_range(node.word.begin() + first, node.word.begin() + count, word);
  // Equal words leave keys that are longer, or that end in zero bytes: the keys themselves decide.
  auto begin = static_cast<std::uint32_t>(low - node.word.begin());
  auto end = static_cast<std::uint32_t>(high - node.word.begin());
  while (begin < end) {
    const std::uint32_t middle = begin + (end - begin) / 2;
    const int order = node.key(middle).compare(key);
    if (order == 0) return {middle, true};
    if (order < 0) {
      begin = middle + 1;
    } else {
      end = middle;
    }
  }
  return {begin, false};
}

template <typename Node>
void rekey_from(Node& node, std::uint32_t first) {
  if (first >= node.count) {
    node.shared = 0;
    return;
  }
  node.shared = static_cast<std::uint32_t>(shared_prefix(node.key(first), node.key(node.count - 1u)));
  for (std::uint32_t i = first; i < node.count; ++i) node.word[i] = word_at(node.key(i), node.shared);
}

template <typename Array>
void shift_up(Array& array, std::uint32_t from, std::uint32_t count) {
  std::copy_backward(array.begin() + from, array.begin() + count, array.begin() + count + 1);
}

template <typename Array>
void shift_down(Array& array, std::uint32_t from, std::uint32_t count) {
  std::copy(array.begin() + from + 1, array.begin() + count, array.begin() + from);
}

// `key` will be one of the node's keys from `first` on: shortens the shared prefix if it must, and returns the key's
// word.
template <typename Node>
std::uint64_t admit(Node& node, std::uint32_t first, std::string_view key) {
  if (first >= node.count) {
    node.shared = static_cast<std::uint32_t>(key.size());
  } else if (const std::size_t shared = shared_prefix(key, node.key(first)); shared < node.shared) {
    node.shared = static_cast<std::uint32_t>(shared);
    for (std::uint32_t i = first; i < node.count; ++i) node.word[i] = word_at(node.key(i), shared);
  }
  return word_at(key, node.shared);
}

}  // namespace

IndexSeparator* IndexSeparator::make(std::uint64_t born, std::string_view key) {
  void* memory = ::operator new(sizeof(IndexSeparator) + key.size());
  auto* separator = new (memory) IndexSeparator(born, static_cast<std::uint32_t>(key.size()));
  if (!key.empty()) std::memcpy(static_cast<char*>(memory) + sizeof(IndexSeparator), key.data(), key.size());
  return separator;
}

void IndexSeparator::free(void* separator) {
  ::operator delete(separator);
}

NodePosition find_slot(const IndexLeaf& leaf, std::string_view key) {
  return search(leaf, 0, key);
}

std::uint32_t find_child(const IndexBranch& branch, std::string_view key) {
  const NodePosition position = search(branch, 1, key);
  return position.exact ? position.index : position.index - 1;
}

void rekey(IndexLeaf& leaf) {
  rekey_from(leaf, 0);
}
void rekey(IndexBranch& branch) {
  rekey_from(branch, 1);
}

NodeSummary summarize(const IndexNode& node) {
  if (node.leaf) return {as_leaf(node).live_count, as_leaf(node).newest};
  const IndexBranch& branch = as_branch(node);
  NodeSummary summary{0, Revision(0)};
  for (std::uint32_t i = 0; i < branch.count; ++i) {
    summary.live += branch.live[i];
    summary.newest = std::max(summary.newest, branch.newest[i]);
  }
  return summary;
}

void open_slot(IndexLeaf& leaf, std::uint32_t slot, std::string_view key) {
  const std::uint64_t word = admit(leaf, 0, key);
  shift_up(leaf.word, slot, leaf.count);
  shift_up(leaf.history, slot, leaf.count);
  shift_up(leaf.seen, slot, leaf.count);
  leaf.word[slot] = word;
  ++leaf.count;
}

void open_child(IndexBranch& branch, std::uint32_t child, std::string_view separator) {
  const std::uint64_t word = admit(branch, 1, separator);
  shift_up(branch.word, child, branch.count);
  shift_up(branch.separator, child, branch.count);
  shift_up(branch.child, child, branch.count);
  shift_up(branch.live, child, branch.count);
  shift_up(branch.newest, child, branch.count);
  branch.word[child] = word;
  ++branch.count;
}

void close_child(IndexBranch& branch, std::uint32_t child) {
  shift_down(branch.word, child, branch.count);
  shift_down(branch.separator, child, branch.count);
  shift_down(branch.child, child, branch.count);
  shift_down(branch.live, child, branch.count);
  shift_down(branch.newest, child, branch.count);
  --branch.count;
}

}  // namespace etcd::mvcc
