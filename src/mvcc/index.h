// Index: every key of the key space with its revisions, as a copy-on-write ordered tree. IndexView: one version of it.
//
// A B+tree with wide nodes. Leaves hold, for each key, its history (mvcc/history.h) and how much of it this version
// sees. Branches know for each child how many live keys are below it and when one of them last changed, so that
// counting a range touches O(log n) nodes, at an older revision those too that changed since. A version costs nothing
// to take: it is the root. A change copies the nodes on its way that are part of a published version, and changes those
// in place that are not: a batch of changes copies each node at most once.
//
// Owner: the apply stage. IndexView may be read from any thread as long as its version is not reclaimed
// (mvcc/reclaimer.h).
// Invariants: keys ascend; a branch's separator i is <= every key below child i and > every key below child i - 1; a
//   branch's counts equal what is below; `newest` is never below a main revision in the subtree; leaves are all at one
//   depth. check() tests them.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "mvcc/history.h"
#include "mvcc/key_range.h"
#include "mvcc/reclaimer.h"

namespace etcd::mvcc {

class IndexRecords;
struct IndexNode;
struct IndexLeaf;
struct IndexBranch;
class IndexSeparator;

// Deeper than any tree can get: nodes below the root keep at least two keys or children on average, and memory ends
// first.
inline constexpr std::uint32_t kMaxIndexDepth = 32;

// Walks keys in order, live or not.
class IndexCursor {
 public:
  // At the first key >= `from`.
  IndexCursor(const IndexNode* root, std::string_view from);

  bool valid() const { return leaf_ != nullptr; }
  HistoryView history() const;
  // The key exists now, i.e. its newest entry is not a tombstone.
  bool live() const;
  void next();

 private:
  struct Step {
    const IndexBranch* branch;
    std::uint32_t child;
  };
  void climb();
  void prefetch() const;

  std::array<Step, kMaxIndexDepth> path_;
  std::uint32_t depth_ = 0;
  const IndexLeaf* leaf_ = nullptr;
  std::uint32_t slot_ = 0;
};

class IndexView {
 public:
  explicit IndexView(const IndexNode* root) : root_(root) {}

  std::optional<HistoryView> find(std::string_view key) const;
  // The key as of `at`, which must not be below a revision the index was compacted at.
  std::optional<KeyState> find(std::string_view key, Revision at) const;
  // Keys in range that exist at `at`.
  std::int64_t count(const KeyRange& range, Revision at) const;
  IndexCursor seek(std::string_view from) const { return IndexCursor(root_, from); }
  const IndexNode* root() const { return root_; }

 private:
  const IndexNode* root_;
};

class Index {
 public:
  // Empty. `reclaimer` must outlive the index.
  explicit Index(Reclaimer& reclaimer);
  ~Index();
  Index(const Index&) = delete;
  Index& operator=(const Index&) = delete;

  // Fills the index, which must be empty, with the histories that `records`, in order of revision, tell. A tombstone of
  // a key that is already deleted belongs to no history; those are returned, ascending. About 0.3 us a record.
  std::vector<ChangeId> build(const IndexRecords& records);

  // The working state; changes show in it at once.
  IndexView view() const { return IndexView(root_); }

  // `revision` must be above all revisions of the key. Returns the key as it was before, nothing if it did not exist.
  std::optional<KeyState> put(std::string_view key, RevisionPair revision);
  // The same for a deletion; the key must exist.
  void tombstone(std::string_view key, RevisionPair revision);

  // One step of a compaction: looks at keys from `cursor` on, at least `max_keys` of them if there are as many, drops
  // what a compaction at `at` drops, and moves the cursor. What was dropped is appended. Returns true once it has come
  // to the end.
  struct Trim {
    Revision at;
    std::string cursor;  // first key to look at; empty at the beginning
    std::vector<ChangeId> dropped;
  };
  bool trim(Trim& trim, std::size_t max_keys);

  // Hands the whole tree to the reclaimer, which frees it in one piece (some 0.1 us a key): for replacing an index that
  // readers still look at.
  void retire_all();

  // Every key of the tree, live or not.
  std::size_t key_count() const { return key_count_; }
  // Bytes that the working state takes, the keys' own and the allocator's overhead included; walks the whole tree.
  std::size_t allocated_bytes() const;
  // Tests all invariants; a line for each broken one. For tests.
  std::vector<std::string> check() const;

 private:
  friend class IndexBuilder;
  // The way from the root to a leaf, all of it born in the version being built.
  struct Path {
    struct Step {
      IndexBranch* branch;
      std::uint32_t child;
    };
    std::array<Step, kMaxIndexDepth> steps;
    std::uint32_t depth = 0;
    IndexLeaf* leaf = nullptr;
  };
  // A child that did not fit into its parent yet, and the lowest key below it.
  struct NewChild {
    IndexSeparator* separator = nullptr;
    IndexNode* node = nullptr;
  };

  std::uint64_t building() const { return reclaimer_.building(); }
  IndexNode* own(IndexNode* node);
  void retire(IndexNode* node);
  void retire(IndexSeparator* separator);
  void retire(History* history);

  Path own_path(std::string_view key);
  void append(IndexLeaf& leaf, std::uint32_t slot, const ChangeId& change);
  NewChild insert(IndexLeaf& leaf, std::uint32_t slot, std::string_view key, RevisionPair revision);
  NewChild split(IndexLeaf& leaf, std::uint32_t slot);
  NewChild add_child(IndexBranch& branch, std::uint32_t at, const NewChild& added);
  void note_change(const Path& path, std::int64_t live_delta, Revision newest, NewChild added);
  void grow_root(const NewChild& added);

  void trim_leaf(const std::string& first, Revision at, std::vector<ChangeId>& dropped);
  bool trim_slot(IndexLeaf& leaf, std::uint32_t slot, Revision at, std::vector<ChangeId>& dropped);
  void shrink(const Path& path);
  void shrink_root();
  void remove_child(IndexBranch& branch, std::uint32_t child);
  bool try_merge(IndexBranch& branch, std::uint32_t left);

  Reclaimer& reclaimer_;
  IndexNode* root_;
  std::size_t key_count_ = 0;
};

}  // namespace etcd::mvcc
