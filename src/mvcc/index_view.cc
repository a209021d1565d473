// Reading a version of the index: lookups, counts, walks.
#include "base/check.h"
#include "mvcc/index.h"
#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

// Part of the key order: from `begin` on, up to but without `end`; either may be open.
struct Bounds {
  std::optional<std::string_view> begin;
  std::optional<std::string_view> end;
};

std::int64_t count_below(const IndexNode& node, const Bounds& bounds, Revision at);

std::int64_t count_leaf(const IndexLeaf& leaf, const Bounds& bounds, Revision at) {
  const std::uint32_t first = bounds.begin ? find_slot(leaf, *bounds.begin).index : 0;
  const std::uint32_t last = bounds.end ? find_slot(leaf, *bounds.end).index : leaf.count;
  const bool unchanged = leaf.newest <= at;
  std::int64_t count = 0;
  for (std::uint32_t i = first; i < last; ++i) {
    count += unchanged ? leaf.seen[i].live : (leaf.view(i).state(at) ? 1 : 0);
  }
  return count;
}

// A child that is in range as a whole.
std::int64_t count_child(const IndexBranch& branch, std::uint32_t child, Revision at) {
  return branch.newest[child] <= at ? branch.live[child] : count_below(*branch.child[child], {}, at);
}

std::int64_t count_branch(const IndexBranch& branch, const Bounds& bounds, Revision at) {
  const std::uint32_t first = bounds.begin ? find_child(branch, *bounds.begin) : 0;
  const std::uint32_t last = bounds.end ? find_child(branch, *bounds.end) : branch.count - 1u;
  if (first == last) return count_below(*branch.child[first], bounds, at);
  std::int64_t count =
      bounds.begin ? count_below(*branch.child[first], {bounds.begin, {}}, at) : count_child(branch, first, at);
  for (std::uint32_t i = first + 1; i < last; ++i) count += count_child(branch, i, at);
  return count + (bounds.end ? count_below(*branch.child[last], {{}, bounds.end}, at) : count_child(branch, last, at));
}

// Recurses once a level of the tree.
std::int64_t count_below(const IndexNode& node, const Bounds& bounds, Revision at) {
  return node.leaf ? count_leaf(as_leaf(node), bounds, at) : count_branch(as_branch(node), bounds, at);
}

const IndexLeaf& find_leaf(const IndexNode* root, std::string_view key) {
  const IndexNode* node = root;
  while (!node->leaf) node = as_branch(*node).child[find_child(as_branch(*node), key)];
  return as_leaf(*node);
}

}  // namespace

std::optional<HistoryView> IndexView::find(std::string_view key) const {
  const IndexLeaf& leaf = find_leaf(root_, key);
  const NodePosition position = find_slot(leaf, key);
  if (!position.exact) return std::nullopt;
  return leaf.view(position.index);
}

std::optional<KeyState> IndexView::find(std::string_view key, Revision at) const {
  const auto history = find(key);
  return history ? history->state(at) : std::nullopt;
}

std::int64_t IndexView::count(const KeyRange& range, Revision at) const {
  switch (range.kind) {
    case KeyRange::Kind::kSingle:
      return find(range.begin, at) ? 1 : 0;
    case KeyRange::Kind::kFrom:
      return count_below(*root_, {range.begin, {}}, at);
    case KeyRange::Kind::kInterval:
      break;
  }
  return range.begin < range.end ? count_below(*root_, {range.begin, range.end}, at) : 0;
}

IndexCursor::IndexCursor(const IndexNode* root, std::string_view from) {
  const IndexNode* node = root;
  while (!node->leaf) {
    const IndexBranch& branch = as_branch(*node);
    const std::uint32_t child = find_child(branch, from);
    path_[depth_++] = {&branch, child};
    node = branch.child[child];
  }
  leaf_ = &as_leaf(*node);
  slot_ = find_slot(*leaf_, from).index;
  if (slot_ == leaf_->count) climb();
  if (leaf_ != nullptr) prefetch();
}

HistoryView IndexCursor::history() const {
  return leaf_->view(slot_);
}
bool IndexCursor::live() const {
  return leaf_->seen[slot_].live != 0;
}

void IndexCursor::next() {
  if (++slot_ == leaf_->count) climb();
  if (leaf_ != nullptr) prefetch();
}

// To the first key of the next leaf; no leaf but an empty root is empty.
void IndexCursor::climb() {
  leaf_ = nullptr;
  while (depth_ > 0 && path_[depth_ - 1].child + 1 == path_[depth_ - 1].branch->count) --depth_;
  if (depth_ == 0) return;
  Step& step = path_[depth_ - 1];
  const IndexNode* node = step.branch->child[++step.child];
  while (!node->leaf) {
    path_[depth_++] = {&as_branch(*node), 0};
    node = as_branch(*node).child[0];
  }
  leaf_ = &as_leaf(*node);
  slot_ = 0;
}

// The histories lie all over the memory: ask for one some steps ahead.
void IndexCursor::prefetch() const {
  constexpr std::uint32_t kAhead = 8;
  if (slot_ + kAhead < leaf_->count) __builtin_prefetch(leaf_->history[slot_ + kAhead]);
}

}  // namespace etcd::mvcc
