// Cursor: walks the leaf elements of one bucket in order of their keys, over pages of the file and nodes changed in
// memory alike.
//
// Owner: whoever made it; one thread. It reads only: any number of cursors may walk one bucket at once. A cursor of a
// ReadTx is valid while a copy of that ReadTx lives; one of a WriteTx until the next change of the transaction, after
// which it must seek again.
// Errors: on a page that can't be what it claims to be the cursor becomes invalid and status() says kCorrupt, so a
// loop reads
//   for (cursor.seek(from); cursor.valid(); cursor.next()) ...
//   TRY(cursor.status());
// Damaged pages never make a walk endless: it ends with kCorrupt after as many pages as the file has.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "base/check.h"
#include "base/result.h"
#include "bolt/page.h"

namespace etcd::bolt {

struct Node;

// Where the walk of a bucket starts: a page, the page inside the bucket's own value, or a node in memory.
struct TreeRoot {
  PageId page;  // used if the others are empty
  std::string_view inline_page = {};
  const Node* node = nullptr;
};

class Cursor {
 public:
  // `pages` and what `root` points to must outlive the cursor.
  Cursor(const Pages& pages, TreeRoot root) : pages_(&pages), root_(root) {}

  // Each moves the cursor and returns valid(): the first element with a key >= `key`; the first; the last.
  bool seek(std::string_view key);
  bool first();
  bool last();
  // The element after or before the current one. CHECKs valid().
  bool next() {
    CHECK(valid_);
    Frame& leaf = top();
    ++leaf.index;
    if (leaf.index < leaf.count && leaf.node == nullptr) return load_page_element(leaf);
    return settle_forward();
  }
  bool prev();

  bool valid() const { return valid_; }
  // Of the element under the cursor; the bytes live as long as what the cursor reads.
  std::string_view key() const { return element_.key; }
  // A bucket's raw header if is_bucket().
  std::string_view value() const { return element_.value; }
  bool is_bucket() const { return element_.is_bucket(); }
  // Success unless the walk met damage.
  Status status() const;
  // Pages entered since the last seek, first or last, or since the walk last turned round.
  std::uint64_t pages_entered() const { return entered_; }

 private:
  struct Frame {
    const Node* node = nullptr;  // else `page`
    PageView page;
    std::uint32_t index = 0;
    std::uint32_t count = 0;
    bool leaf = true;
  };

  Frame& top() { return stack_[depth_ - 1]; }
  bool restart();
  void turn(bool backward);
  bool push_child();
  bool push_node(const Node& node);
  bool push_page(PageId id);
  bool settle_forward();
  bool settle_backward();
  bool load_element(const Frame& leaf);
  bool load_page_element(const Frame& leaf) {
    const auto element = leaf.page.leaf_element(leaf.index);
    if (!element) return damaged();
    element_ = *element;
    return true;
  }
  bool damaged();

  const Pages* pages_;
  TreeRoot root_;
  std::array<Frame, kMaxTreeDepth> stack_;
  std::uint32_t depth_ = 0;
  std::uint64_t entered_ = 0;
  bool backward_ = false;  // the direction in which a page was last entered
  PageId current_page_;  // last page looked for, named in the error
  LeafElement element_;
  bool valid_ = false;
  bool damaged_ = false;
};

}  // namespace etcd::bolt
