// TreeBuilder: builds the tree of one bucket from its elements in order, bottom up. PageAppender: hands out pages one
// behind the other and writes them so.
//
// Only the right edge of the tree is in memory, about a page a level.
// Owner: one copy.
#pragma once

#include <cstdint>
#include <deque>
#include <string>

#include "base/file.h"
#include "base/result.h"
#include "bolt/node.h"
#include "bolt/page.h"

namespace etcd::bolt {

class PageAppender {
 public:
  // Writes to `file` from page 2 on; it must outlive the appender.
  PageAppender(base::File& file, std::uint32_t page_size) : file_(file), page_size_(page_size) {}

  // Writes the node's elements [from, to) to the next pages; returns the first of them.
  Result<PageId> append(const Node& node, std::size_t from, std::size_t to);
  // Everything appended goes to the file; not durable.
  Status flush();
  PageId high_water() const { return next_; }
  std::uint32_t page_size() const { return page_size_; }

 private:
  static constexpr std::size_t kBufferBytes = 64 * 1024;

  base::File& file_;
  std::uint32_t page_size_;
  PageId next_{2};
  std::string buffer_;  // the last pages before next_
};

class TreeBuilder {
 public:
  // `fill` as in cut_point().
  TreeBuilder(PageAppender& out, double fill) : out_(out), fill_(fill), levels_(1) {}

  // The item's key must be greater than the last one's (kCorrupt if not); its bytes must live until finish().
  Status add(const LeafItem& item);
  // The only leaf so far; nullptr if there is more than one.
  const Node* single_leaf() const { return levels_.size() == 1 && !leaf_written_ ? &levels_[0] : nullptr; }
  // Writes what is left and returns the tree's root.
  Result<PageId> finish();

 private:
  Status write_first_pages(std::size_t level, bool all);
  Status add_child(std::size_t level, BranchItem child);

  PageAppender& out_;
  double fill_;
  std::deque<Node> levels_;  // what is not yet written of each; 0: leaves
  bool leaf_written_ = false;
};

}  // namespace etcd::bolt
