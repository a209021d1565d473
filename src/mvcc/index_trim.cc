// Compaction's part of the index: dropping old revisions, and keys that nothing is left of.
#include <algorithm>
#include <utility>

#include "mvcc/index.h"
#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

// A node with fewer keys or children looks for a neighbour to join, which happens if both together leave room.
constexpr std::uint32_t kSparse = kNodeSlots / 4;
constexpr std::uint32_t kJoined = kNodeSlots * 3 / 4;

struct LeafRange {
  const IndexLeaf* leaf;
  std::optional<std::string> next;  // lowest key above the leaf; nothing if it is the last
};

LeafRange find_leaf_range(const IndexNode* root, std::string_view key) {
  const IndexNode* node = root;
  std::optional<std::string_view> next;
  while (!node->leaf) {
    const IndexBranch& branch = as_branch(*node);
    const std::uint32_t child = find_child(branch, key);
    if (child + 1 < branch.count) next = branch.key(child + 1);
    node = branch.child[child];
  }
  return {&as_leaf(*node), next ? std::optional<std::string>(*next) : std::nullopt};
}

// One live revision can't be dropped, which settles most slots without a look at the history.
bool may_drop(const IndexLeaf& leaf, std::uint32_t slot) {
  return leaf.seen[slot].length > 1 || !leaf.seen[slot].live;
}

bool needs_trim(const IndexLeaf& leaf, Revision at) {
  for (std::uint32_t i = 0; i < leaf.count; ++i) {
    if (may_drop(leaf, i) && leaf.view(i).dropped_by_compaction(at) > 0) return true;
  }
  return false;
}

// A history of what is left of `old` without its first `dropped` entries.
History* make_suffix(std::uint64_t born, const HistoryView& old, std::uint32_t dropped) {
  History* history = History::make(born, old.key(), old.size() - dropped);
  const KeyState first = old.state_of(dropped);
  history->set_base(first.created, first.version);
  for (std::uint32_t i = dropped; i < old.size(); ++i) {
    HistoryEntry entry = old[i];
    entry.generation = entry.generation > dropped ? entry.generation - dropped : 0;
    history->entries()[i - dropped] = entry;
  }
  return history;
}

void join(IndexLeaf& left, const IndexLeaf& right) {
  for (std::uint32_t i = 0; i < right.count; ++i) {
    left.history[left.count + i] = right.history[i];
    left.seen[left.count + i] = right.seen[i];
  }
  left.count = static_cast<std::uint16_t>(left.count + right.count);
  left.live_count += right.live_count;
  left.newest = std::max(left.newest, right.newest);
  rekey(left);
}

void join(IndexBranch& left, const IndexBranch& right, IndexSeparator* between) {
  for (std::uint32_t i = 0; i < right.count; ++i) {
    const std::uint32_t to = left.count + i;
    left.separator[to] = i == 0 ? between : right.separator[i];
    left.child[to] = right.child[i];
    left.live[to] = right.live[i];
    left.newest[to] = right.newest[i];
  }
  left.count = static_cast<std::uint16_t>(left.count + right.count);
  rekey(left);
}

}  // namespace

bool Index::trim(Trim& trim, std::size_t max_keys) {
  for (std::size_t looked = 0; looked < max_keys;) {
    LeafRange range = find_leaf_range(root_, trim.cursor);
    looked += std::max<std::size_t>(range.leaf->count, 1);
    if (needs_trim(*range.leaf, trim.at)) trim_leaf(trim.cursor, trim.at, trim.dropped);
    if (!range.next) return true;
    trim.cursor = std::move(*range.next);
  }
  return false;
}

// `first`: any key that belongs into the leaf.
void Index::trim_leaf(const std::string& first, Revision at, std::vector<ChangeId>& dropped) {
  const Path path = own_path(first);
  IndexLeaf& leaf = *path.leaf;
  std::uint16_t kept = 0;
  for (std::uint32_t i = 0; i < leaf.count; ++i) {
    if (!trim_slot(leaf, i, at, dropped)) continue;
    leaf.history[kept] = leaf.history[i];
    leaf.seen[kept] = leaf.seen[i];
    leaf.word[kept] = leaf.word[i];
    ++kept;
  }
  key_count_ -= leaf.count - kept;
  leaf.count = kept;
  shrink(path);
}

// Returns false if nothing is left of the key.
bool Index::trim_slot(IndexLeaf& leaf, std::uint32_t slot, Revision at, std::vector<ChangeId>& dropped) {
  if (!may_drop(leaf, slot)) return true;
  const HistoryView old = leaf.view(slot);
  const std::uint32_t drop = old.dropped_by_compaction(at);
  if (drop == 0) return true;
  for (std::uint32_t i = 0; i < drop; ++i) dropped.push_back(old[i].id());
  const bool left = drop < old.size();
  History* rest = left ? make_suffix(building(), old, drop) : nullptr;
  retire(std::exchange(leaf.history[slot], rest));
  leaf.seen[slot].length = (old.size() - drop) & 0x7fffffffu;
  return left;
}

// Keys went from the path's leaf, none of them live: joins or removes nodes that became sparse or empty.
void Index::shrink(const Path& path) {
  const IndexNode* node = path.leaf;
  for (std::uint32_t level = path.depth; level-- > 0 && node->count < kSparse;) {
    const auto [branch, child] = path.steps[level];
    if (node->count == 0) {
      retire(branch->child[child]);
      remove_child(*branch, child);
    } else if (child == 0 || !try_merge(*branch, child - 1)) {
      if (child + 1 < branch->count) try_merge(*branch, child);
    }
    node = branch;
  }
  shrink_root();
}

void Index::shrink_root() {
  while (!root_->leaf && root_->count <= 1) {
    IndexNode* old = root_;
    root_ = old->count == 1 ? as_branch(*old).child[0] : new IndexLeaf(building());
    retire(old);
  }
}

// Forgets a child whose node is already taken care of.
void Index::remove_child(IndexBranch& branch, std::uint32_t child) {
  const std::uint32_t separator = child > 0 ? child : 1;  // without the first child the next has no lower bound
  if (separator < branch.count) retire(branch.separator[separator]);
  close_child(branch, child);
}

// Joins the children `left` and `left + 1` if there is room for both in one node.
bool Index::try_merge(IndexBranch& branch, std::uint32_t left) {
  const std::uint32_t right = left + 1;
  if (branch.child[left]->count + branch.child[right]->count > kJoined) return false;
  IndexNode* target = branch.child[left] = own(branch.child[left]);
  IndexNode* source = branch.child[right];
  branch.live[left] += branch.live[right];
  branch.newest[left] = std::max(branch.newest[left], branch.newest[right]);
  if (target->leaf) {
    join(as_leaf(*target), as_leaf(*source));
    retire(branch.separator[right]);
  } else {
    join(as_branch(*target), as_branch(*source), branch.separator[right]);
  }
  close_child(branch, right);
  retire(source);
  return true;
}

}  // namespace etcd::mvcc
