// The nodes of the index tree and how to search one. Only the index's own files include this.
//
// Keys of one node mostly share a long prefix. A node knows how long that is and keeps the next 8 bytes of each key
// beside each other, so that a search looks at one or two keys themselves.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "mvcc/history.h"

namespace etcd::mvcc {

inline constexpr std::uint32_t kNodeSlots = 64;

// The lowest key that may lie below a branch's child. Immutable; shared by all versions of the branch.
class IndexSeparator {
 public:
  static IndexSeparator* make(std::uint64_t born, std::string_view key);
  static void free(void* separator);
  std::uint64_t born() const { return born_; }
  std::string_view key() const { return {reinterpret_cast<const char*>(this + 1), size_}; }

 private:
  IndexSeparator(std::uint64_t born, std::uint32_t size) : born_(born), size_(size) {}
  std::uint64_t born_;
  std::uint32_t size_;
};

struct IndexNode {
  IndexNode(std::uint64_t version, bool is_leaf) : born(version), leaf(is_leaf) {}

  std::uint64_t born;        // first version that has it
  std::uint32_t shared = 0;  // every key in it begins with the same `shared` bytes
  std::uint16_t count = 0;   // keys of a leaf, children of a branch
  bool leaf;
};

struct IndexLeaf : IndexNode {
  explicit IndexLeaf(std::uint64_t version) : IndexNode(version, true) {}
  static void free(void* leaf) { delete static_cast<IndexLeaf*>(leaf); }

  // What this version sees of a history.
  struct Seen {
    std::uint32_t length : 31 = 0;
    std::uint32_t live : 1 = 0;  // the newest entry is a put
  };

  std::string_view key(std::uint32_t slot) const { return history[slot]->key(); }
  HistoryView view(std::uint32_t slot) const { return {history[slot], seen[slot].length}; }

  std::uint32_t live_count = 0;
  Revision newest;
  std::array<std::uint64_t, kNodeSlots> word;  // of key i: the 8 bytes after the shared ones
  std::array<History*, kNodeSlots> history;
  std::array<Seen, kNodeSlots> seen;
};

struct IndexBranch : IndexNode {
  explicit IndexBranch(std::uint64_t version) : IndexNode(version, false) {}
  static void free(void* branch) { delete static_cast<IndexBranch*>(branch); }

  std::string_view key(std::uint32_t child_index) const { return separator[child_index]->key(); }

  // Index 0 of `word` and `separator` is unused: the first child has no lower bound.
  std::array<std::uint64_t, kNodeSlots> word;
  std::array<IndexSeparator*, kNodeSlots> separator;
  std::array<IndexNode*, kNodeSlots> child;
  std::array<std::int64_t, kNodeSlots> live;  // live keys below the child
  std::array<Revision, kNodeSlots> newest;    // no change below the child is newer
};

inline const IndexLeaf& as_leaf(const IndexNode& node) {
  return static_cast<const IndexLeaf&>(node);
}
inline IndexLeaf& as_leaf(IndexNode& node) {
  return static_cast<IndexLeaf&>(node);
}
inline const IndexBranch& as_branch(const IndexNode& node) {
  return static_cast<const IndexBranch&>(node);
}
inline IndexBranch& as_branch(IndexNode& node) {
  return static_cast<IndexBranch&>(node);
}

// The 8 bytes of `key` from `offset` on as a number that orders as they do; missing bytes read as 0.
inline std::uint64_t word_at(std::string_view key, std::size_t offset) {
  std::uint64_t word = 0;
  if (key.size() >= offset + sizeof(word)) {
    std::memcpy(&word, key.data() + offset, sizeof(word));
  } else if (key.size() > offset) {
    std::memcpy(&word, key.data() + offset, key.size() - offset);
  }
  static_assert(std::endian::native == std::endian::little);
  return __builtin_bswap64(word);
}

inline std::size_t shared_prefix(std::string_view a, std::string_view b) {
  const std::size_t most = a.size() < b.size() ? a.size() : b.size();
  std::size_t length = 0;
  for (; length + sizeof(std::uint64_t) <= most; length += sizeof(std::uint64_t)) {
    const std::uint64_t differs = word_at(a, length) ^ word_at(b, length);
    if (differs != 0) return length + static_cast<std::size_t>(std::countl_zero(differs)) / 8;
  }
  while (length < most && a[length] == b[length]) ++length;
  return length;
}

struct NodePosition {
  std::uint32_t index;  // of the first key not below the one searched
  bool exact;           // it is that key
};

// Among a leaf's keys.
NodePosition find_slot(const IndexLeaf& leaf, std::string_view key);
// The child below which `key` belongs.
std::uint32_t find_child(const IndexBranch& branch, std::string_view key);

// Recompute `shared` and `word` after keys changed.
void rekey(IndexLeaf& leaf);
void rekey(IndexBranch& branch);

// Live keys and newest change below a node.
struct NodeSummary {
  std::int64_t live;
  Revision newest;
};
NodeSummary summarize(const IndexNode& node);

// Make or take away room; the caller fills the slot and keeps counts right. insert: count < kNodeSlots.
void open_slot(IndexLeaf& leaf, std::uint32_t slot, std::string_view key);
void open_child(IndexBranch& branch, std::uint32_t child, std::string_view separator);
void close_child(IndexBranch& branch, std::uint32_t child);

}  // namespace etcd::mvcc
