// Building the index from the records of a db, bottom up.
#include <algorithm>
#include <span>
#include <utility>

#include "base/check.h"
#include "mvcc/index.h"
#include "mvcc/index_node.h"
#include "mvcc/index_records.h"
#include "mvcc/index_sort.h"

namespace etcd::mvcc {
namespace {

// Nodes are built this full, so that the first keys that come after do not split every one of them.
constexpr std::uint32_t kBuiltSlots = kNodeSlots * 7 / 8;

}  // namespace

class IndexBuilder {
 public:
  IndexBuilder(Index& index, const IndexRecords& records) : index_(index), records_(records) {}

  std::vector<ChangeId> build() {
    const std::vector<SortedRecord> sorted = sort_by_key(records_);
    for (std::size_t begin = 0; begin < sorted.size();) {
      std::size_t end = begin + 1;
      while (end < sorted.size() && !sorted[end].first_of_key) ++end;
      prefetch(sorted, begin);
      add_key({sorted.data() + begin, end - begin});
      begin = end;
    }
    while (level_.size() > 1) level_ = build_branches(std::exchange(level_, {}));
    if (!level_.empty()) replace_root(level_.front().node);
    std::sort(orphans_.begin(), orphans_.end());
    return std::move(orphans_);
  }

 private:
  // A finished node, and the lowest and highest key below it.
  struct Child {
    IndexNode* node;
    std::string_view first;
    std::string_view last;
  };

  // In order of key the records lie all over the memory: ask for them ahead of time.
  void prefetch(const std::vector<SortedRecord>& sorted, std::size_t at) const {
    constexpr std::size_t kAhead = 16;
    if (at + kAhead >= sorted.size()) return;
    const IndexRecord* record = &records_[sorted[at + kAhead].place];
    __builtin_prefetch(record);
    __builtin_prefetch(record + 1);
  }

  void add_key(std::span<const SortedRecord> of_key) {
    std::vector<HistoryEntry>& entries = scratch_;
    entries.clear();
    for (const SortedRecord& record : of_key) add_entry(entries, records_[record.place].change());
    const IndexRecord& first = records_[of_key.front().place];
    History* history = History::make(index_.building(), first.key(), static_cast<std::uint32_t>(entries.size()));
    // A lone tombstone's key was created at a revision that is gone.
    if (first.tombstone == 0) history->set_base(first.created, first.version);
    std::copy(entries.begin(), entries.end(), history->entries());
    add_slot(history, entries);
  }

  void add_entry(std::vector<HistoryEntry>& entries, const ChangeId& change) {
    CHECK(entries.size() < (1u << 30), change.revision.main);
    const bool deleted = !entries.empty() && entries.back().tombstone != 0;
    if (deleted && change.tombstone) return orphans_.push_back(change);
    const auto index = static_cast<std::uint32_t>(entries.size());
    entries.push_back({.main = change.revision.main,
                       .sub = static_cast<std::uint32_t>(change.revision.sub) & 0x7fffffffu,
                       .tombstone = change.tombstone ? 1u : 0u,
                       .generation = entries.empty() || deleted ? index : entries.back().generation});
  }

  void add_slot(History* history, const std::vector<HistoryEntry>& entries) {
    if (leaf_ == nullptr || leaf_->count == kBuiltSlots) leaf_ = add_leaf();
    const bool live = entries.back().tombstone == 0;
    leaf_->history[leaf_->count] = history;
    leaf_->seen[leaf_->count] = {.length = static_cast<std::uint32_t>(entries.size()) & 0x7fffffffu,
                                 .live = live ? 1u : 0u};
    leaf_->live_count += live ? 1 : 0;
    leaf_->newest = std::max(leaf_->newest, entries.back().main);
    ++leaf_->count;
    ++index_.key_count_;
  }

  IndexLeaf* add_leaf() {
    auto* leaf = new IndexLeaf(index_.building());
    level_.push_back({leaf, {}, {}});
    return leaf;
  }

  std::vector<Child> build_branches(std::vector<Child> below) {
    std::vector<Child> level;
    IndexBranch* branch = nullptr;
    for (Child& child : below) {
      if (child.node->leaf) finish_leaf(child);
      if (branch == nullptr || branch->count == kBuiltSlots) {
        branch = new IndexBranch(index_.building());
        level.push_back({branch, child.first, child.last});
      }
      add_child(*branch, child, level.back().last);
      level.back().last = child.last;
    }
    for (const Child& child : level) rekey(as_branch(*child.node));
    return level;
  }

  static void finish_leaf(Child& child) {
    IndexLeaf& leaf = as_leaf(*child.node);
    rekey(leaf);
    child.first = leaf.key(0);
    child.last = leaf.key(leaf.count - 1u);
  }

  void add_child(IndexBranch& branch, const Child& child, std::string_view last_before) {
    const std::uint32_t at = branch.count++;
    const std::size_t shared = shared_prefix(last_before, child.first);
    if (at > 0) branch.separator[at] = IndexSeparator::make(index_.building(), child.first.substr(0, shared + 1));
    const NodeSummary summary = summarize(*child.node);
    branch.child[at] = child.node;
    branch.live[at] = summary.live;
    branch.newest[at] = summary.newest;
  }

  void replace_root(IndexNode* root) {
    if (root->leaf) rekey(as_leaf(*root));
    index_.retire(std::exchange(index_.root_, root));
  }

  Index& index_;
  const IndexRecords& records_;
  IndexLeaf* leaf_ = nullptr;
  std::vector<Child> level_;  // nodes of the level being built
  std::vector<HistoryEntry> scratch_;
  std::vector<ChangeId> orphans_;
};

std::vector<ChangeId> Index::build(const IndexRecords& records) {
  CHECK(key_count_ == 0, key_count_);
  return IndexBuilder(*this, records).build();
}

}  // namespace etcd::mvcc
