// What a Bucket and a WriteTx are made of.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "bolt/arena.h"
#include "bolt/db_state.h"
#include "bolt/freelist.h"
#include "bolt/tree.h"
#include "bolt/version.h"
#include "bolt/write_tx.h"

namespace etcd::bolt {

// A bucket in use by a write transaction. The root bucket, which holds the others, has no header of its own but the
// meta page.
struct BucketState {
  BucketState(TreeContext& tree_context, TreeRoot root, std::uint64_t header_sequence, std::uint32_t nesting)
      : context(tree_context), tree(tree_context, root), sequence(header_sequence), depth(nesting) {}
  BucketState(const BucketState&) = delete;
  BucketState& operator=(const BucketState&) = delete;

  // The sub-bucket, opened if it isn't yet; nullptr if there is none.
  Result<BucketState*> open(std::string_view name);
  // Forgets a sub-bucket and gives up all its pages; its element is erased from the tree. It must be there.
  Status drop(std::string_view name);
  // Writes all that changed in and below this bucket; what remains to be stored is its own value in the bucket above.
  // `timer` may be null.
  Status write(DirtyPages& out, CommitTimer* timer);
  bool changed() const { return tree.changed() || sequence_changed; }

  TreeContext& context;
  Tree tree;
  std::uint64_t sequence;
  std::uint32_t depth;  // 0: the root bucket
  bool sequence_changed = false;
  std::map<std::string, std::unique_ptr<BucketState>, std::less<>> open_buckets;
  Bucket handle{*this};

  // After write(): the root page, 0 if the bucket is inline, and the bucket's value in the one above.
  PageId written_root;
  std::string written_value;

 private:
  Status give_up();
  void write_tree(DirtyPages& out);
};

struct WriteTxState {
  WriteTxState(Db::State& owner, std::shared_ptr<const Version> base_version);

  Db::State& db;
  std::shared_ptr<const Version> base;
  Arena arena;
  TxSpace space;
  TreeContext context;
  BucketState root;
};

}  // namespace etcd::bolt
