#include "mvcc/index.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

// Where a full node is split: in the middle, but near the end when it grows there, since keys that come in order never
// come back.
std::uint32_t split_point(std::uint32_t insert_at) {
  return insert_at == kNodeSlots ? kNodeSlots * 7 / 8 : kNodeSlots / 2;
}

// The shortest key that is above `left` and not above `right`.
std::string_view separating_key(std::string_view left, std::string_view right) {
  return right.substr(0, shared_prefix(left, right) + 1);
}

void move_slots(IndexLeaf& from, std::uint32_t first, IndexLeaf& to) {
  for (std::uint32_t i = first; i < from.count; ++i) {
    to.history[to.count] = from.history[i];
    to.seen[to.count] = from.seen[i];
    to.live_count += from.seen[i].live;
    from.live_count -= from.seen[i].live;
    ++to.count;
  }
  from.count = static_cast<std::uint16_t>(first);
  to.newest = from.newest;
}

void move_children(IndexBranch& from, std::uint32_t first, IndexBranch& to) {
  for (std::uint32_t i = first; i < from.count; ++i) {
    to.separator[to.count] = from.separator[i];
    to.child[to.count] = from.child[i];
    to.live[to.count] = from.live[i];
    to.newest[to.count] = from.newest[i];
    ++to.count;
  }
  from.count = static_cast<std::uint16_t>(first);
}

void set_child(IndexBranch& branch, std::uint32_t at, IndexNode* node) {
  const NodeSummary summary = summarize(*node);
  branch.child[at] = node;
  branch.live[at] = summary.live;
  branch.newest[at] = summary.newest;
}

HistoryEntry make_entry(const ChangeId& change, std::uint32_t generation) {
  return {.main = change.revision.main,
          .sub = static_cast<std::uint32_t>(change.revision.sub) & 0x7fffffffu,
          .tombstone = change.tombstone ? 1u : 0u,
          .generation = generation};
}

void free_tree(IndexNode* node) {
  if (node->leaf) {
    IndexLeaf& leaf = as_leaf(*node);
    for (std::uint32_t i = 0; i < leaf.count; ++i) History::free(leaf.history[i]);
    return IndexLeaf::free(node);
  }
  IndexBranch& branch = as_branch(*node);
  for (std::uint32_t i = 0; i < branch.count; ++i) {
    if (i > 0) IndexSeparator::free(branch.separator[i]);
    free_tree(branch.child[i]);
  }
  IndexBranch::free(node);
}

}  // namespace

Index::Index(Reclaimer& reclaimer) : reclaimer_(reclaimer), root_(new IndexLeaf(reclaimer.building())) {}

Index::~Index() {
  if (root_ != nullptr) free_tree(root_);
}

void Index::retire_all() {
  reclaimer_.retire({std::exchange(root_, nullptr), [](void* root) { free_tree(static_cast<IndexNode*>(root)); }, 0});
}

void Index::retire(IndexNode* node) {
  reclaimer_.retire({node, node->leaf ? &IndexLeaf::free : &IndexBranch::free, node->born});
}
void Index::retire(IndexSeparator* separator) {
  reclaimer_.retire({separator, &IndexSeparator::free, separator->born()});
}
void Index::retire(History* history) {
  reclaimer_.retire({history, &History::free, history->born()});
}

// The node itself if it is not published yet, else a copy of it, with the original retired.
IndexNode* Index::own(IndexNode* node) {
  if (node->born == building()) return node;
  IndexNode* copy =
      node->leaf ? static_cast<IndexNode*>(new IndexLeaf(as_leaf(*node))) : new IndexBranch(as_branch(*node));
  copy->born = building();
  retire(node);
  return copy;
}

Index::Path Index::own_path(std::string_view key) {
  Path path;
  IndexNode* node = root_ = own(root_);
  while (!node->leaf) {
    IndexBranch& branch = as_branch(*node);
    const std::uint32_t child = find_child(branch, key);
    node = branch.child[child] = own(branch.child[child]);
    CHECK(path.depth < kMaxIndexDepth);
    path.steps[path.depth++] = {&branch, child};
  }
  path.leaf = &as_leaf(*node);
  return path;
}

std::optional<KeyState> Index::put(std::string_view key, RevisionPair revision) {
  const Path path = own_path(key);
  const auto [slot, exact] = find_slot(*path.leaf, key);
  if (!exact) {
    note_change(path, 1, revision.main, insert(*path.leaf, slot, key, revision));
    return std::nullopt;
  }
  std::optional<KeyState> before;
  if (path.leaf->seen[slot].live) before = path.leaf->view(slot).state_of(path.leaf->seen[slot].length - 1);
  append(*path.leaf, slot, {revision, false});
  note_change(path, before ? 0 : 1, revision.main, {});
  return before;
}

void Index::tombstone(std::string_view key, RevisionPair revision) {
  const Path path = own_path(key);
  const NodePosition position = find_slot(*path.leaf, key);
  CHECK(position.exact && path.leaf->seen[position.index].live, "deleting a key that does not exist", revision.main);
  append(*path.leaf, position.index, {revision, true});
  note_change(path, -1, revision.main, {});
}

// Adds a change to the key in `slot`, in a larger history if its own is full.
void Index::append(IndexLeaf& leaf, std::uint32_t slot, const ChangeId& change) {
  History* history = leaf.history[slot];
  IndexLeaf::Seen& seen = leaf.seen[slot];
  const HistoryEntry newest = history->entries()[seen.length - 1];
  CHECK(newest.revision() < change.revision && change.revision.sub <= kMaxSub, newest.main, change.revision.main);
  CHECK(seen.length < (1u << 30), "a key with more revisions than an index can hold", change.revision.main);
  if (seen.length == history->capacity()) {
    History* larger = History::make(building(), history->key(), history->capacity() * 2);
    larger->set_base(history->base_created(), history->base_version());
    std::copy_n(history->entries(), seen.length, larger->entries());
    retire(std::exchange(history, larger));
    leaf.history[slot] = larger;
  }
  history->entries()[seen.length] = make_entry(change, newest.tombstone ? seen.length : newest.generation);
  ++seen.length;
  leaf.live_count += (change.tombstone ? 0u : 1u) - seen.live;
  seen.live = change.tombstone ? 0 : 1;
  leaf.newest = change.revision.main;
}

// Puts a new key into `leaf`, or into the leaf that a split made of its upper part.
Index::NewChild Index::insert(IndexLeaf& leaf, std::uint32_t slot, std::string_view key, RevisionPair revision) {
  CHECK(revision.sub <= kMaxSub, revision.main, revision.sub);
  NewChild added;
  IndexLeaf* target = &leaf;
  if (leaf.count == kNodeSlots) {
    added = split(leaf, slot);
    if (slot > leaf.count || (slot == leaf.count && key >= added.separator->key())) {
      slot -= leaf.count;
      target = &as_leaf(*added.node);
    }
  }
  History* history = History::make(building(), key, 1);
  history->set_base(revision.main, 1);
  history->entries()[0] = make_entry({revision, false}, 0);
  open_slot(*target, slot, key);
  target->history[slot] = history;
  target->seen[slot] = {.length = 1, .live = 1};
  ++target->live_count;
  target->newest = revision.main;
  ++key_count_;
  return added;
}

// Splits a full leaf that a key is to go into at `slot`.
Index::NewChild Index::split(IndexLeaf& leaf, std::uint32_t slot) {
  auto* right = new IndexLeaf(building());
  move_slots(leaf, split_point(slot), *right);
  rekey(leaf);
  rekey(*right);
  return {IndexSeparator::make(building(), separating_key(leaf.key(leaf.count - 1u), right->key(0))), right};
}

// Puts a child into `branch` at `at` or, if that is full, into a new branch beside it, which is returned.
Index::NewChild Index::add_child(IndexBranch& branch, std::uint32_t at, const NewChild& added) {
  NewChild beside;
  IndexBranch* target = &branch;
  if (branch.count == kNodeSlots) {
    auto* right = new IndexBranch(building());
    move_children(branch, split_point(at), *right);
    beside = {right->separator[0], right};
    rekey(branch);
    rekey(*right);
    if (at > branch.count) {
      at -= branch.count;
      target = right;
    }
  }
  open_child(*target, at, added.separator->key());
  target->separator[at] = added.separator;
  set_child(*target, at, added.node);
  return beside;
}

// Carries what changed in the path's leaf up to the root: counts, and a new leaf beside it.
void Index::note_change(const Path& path, std::int64_t live_delta, Revision newest, NewChild added) {
  for (std::uint32_t level = path.depth; level-- > 0;) {
    const auto [branch, child] = path.steps[level];
    if (added.node == nullptr) {
      branch->live[child] += live_delta;
      branch->newest[child] = std::max(branch->newest[child], newest);
    } else {
      set_child(*branch, child, branch->child[child]);
      added = add_child(*branch, child + 1, added);
    }
  }
  if (added.node != nullptr) grow_root(added);
}

void Index::grow_root(const NewChild& added) {
  auto* root = new IndexBranch(building());
  root->count = 1;
  set_child(*root, 0, root_);
  open_child(*root, 1, added.separator->key());
  root->separator[1] = added.separator;
  set_child(*root, 1, added.node);
  root_ = root;
}

}  // namespace etcd::mvcc
