// The index's invariants as code, and its weight.
#include <string>

#include "mvcc/index.h"
#include "mvcc/index_node.h"

namespace etcd::mvcc {
namespace {

// Recurses once a level of the tree.
class Checker {
 public:
  std::vector<std::string> check(const IndexNode& root, std::size_t key_count) {
    visit(root, 0, std::nullopt, std::nullopt);
    expect(keys_ == key_count, "key count");
    return std::move(faults_);
  }

 private:
  using Bound = std::optional<std::string_view>;

  void expect(bool holds, const char* what) {
    if (!holds) faults_.emplace_back(what);
  }

  void visit(const IndexNode& node, std::uint32_t depth, Bound begin, Bound end) {
    expect(node.count <= kNodeSlots, "more slots than a node has");
    expect(depth == 0 || node.count > 0, "an empty node below the root");
    if (node.leaf) return visit_leaf(as_leaf(node), depth, begin, end);
    visit_branch(as_branch(node), depth, begin, end);
  }

  void visit_leaf(const IndexLeaf& leaf, std::uint32_t depth, Bound begin, Bound end) {
    if (!leaf_depth_) leaf_depth_ = depth;
    expect(leaf_depth_ == depth, "leaves at different depths");
    std::uint32_t live = 0;
    for (std::uint32_t i = 0; i < leaf.count; ++i) {
      visit_key(leaf, i, begin, end);
      live += leaf.seen[i].live;
    }
    expect(live == leaf.live_count, "live count of a leaf");
    keys_ += leaf.count;
  }

  void visit_key(const IndexLeaf& leaf, std::uint32_t slot, Bound begin, Bound end) {
    const std::string_view key = leaf.key(slot);
    expect(!last_ || *last_ < key, "keys out of order");
    expect((!begin || *begin <= key) && (!end || key < *end), "a key on the wrong side of a separator");
    expect(key.size() >= leaf.shared && key.substr(0, leaf.shared) == leaf.key(0).substr(0, leaf.shared),
           "shared prefix of a leaf");
    expect(leaf.word[slot] == word_at(key, leaf.shared), "word of a key");
    expect(leaf.seen[slot].length > 0 && leaf.seen[slot].length <= leaf.history[slot]->capacity(),
           "length of a history");
    expect(leaf.seen[slot].live == (leaf.view(slot).newest().tombstone == 0 ? 1 : 0), "live mark of a key");
    expect(leaf.view(slot).newest().main <= leaf.newest, "newest change of a leaf");
    visit_history(leaf.view(slot));
    last_ = key;
  }

  void visit_history(const HistoryView& history) {
    for (std::uint32_t i = 1; i < history.size(); ++i) {
      const HistoryEntry& before = history[i - 1];
      expect(before.revision() < history[i].revision(), "revisions of a key out of order");
      expect(history[i].generation == (before.tombstone != 0 ? i : before.generation), "generation of a revision");
    }
    expect(history[0].generation == 0, "generation of the first revision");
  }

  void visit_branch(const IndexBranch& branch, std::uint32_t depth, Bound begin, Bound end) {
    for (std::uint32_t i = 0; i < branch.count; ++i) {
      const Bound low = i == 0 ? begin : Bound(branch.key(i));
      const Bound high = i + 1u == branch.count ? end : Bound(branch.key(i + 1));
      if (i > 0) expect(branch.word[i] == word_at(branch.key(i), branch.shared), "word of a separator");
      visit(*branch.child[i], depth + 1, low, high);
      const NodeSummary summary = summarize(*branch.child[i]);
      expect(summary.live == branch.live[i], "live count of a child");
      expect(summary.newest <= branch.newest[i], "newest change of a child");
    }
  }

  std::vector<std::string> faults_;
  std::optional<std::uint32_t> leaf_depth_;
  Bound last_;
  std::size_t keys_ = 0;
};

// What the usual allocators take for a request: 8 bytes of their own, rounded up to 16.
std::size_t allocation(std::size_t bytes) {
  return (bytes + 8 + 15) / 16 * 16;
}

std::size_t allocated_below(const IndexNode& node) {
  if (node.leaf) {
    std::size_t sum = allocation(sizeof(IndexLeaf));
    for (std::uint32_t i = 0; i < node.count; ++i) {
      const History& history = *as_leaf(node).history[i];
      sum += allocation(History::bytes(history.key().size(), history.capacity()));
    }
    return sum;
  }
  std::size_t sum = allocation(sizeof(IndexBranch));
  for (std::uint32_t i = 0; i < node.count; ++i) {
    if (i > 0) sum += allocation(sizeof(IndexSeparator) + as_branch(node).key(i).size());
    sum += allocated_below(*as_branch(node).child[i]);
  }
  return sum;
}

}  // namespace

std::vector<std::string> Index::check() const {
  return Checker().check(*root_, key_count_);
}

std::size_t Index::allocated_bytes() const {
  return allocated_below(*root_);
}

}  // namespace etcd::mvcc
