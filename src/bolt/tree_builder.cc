#include "bolt/tree_builder.h"

#include <utility>

namespace etcd::bolt {

Result<PageId> PageAppender::append(const Node& node, std::size_t from, std::size_t to) {
  const std::uint64_t count = (encoded_bytes(node, from, to) + page_size_ - 1) / page_size_;
  const PageId id = next_;
  const std::size_t at = buffer_.size();
  buffer_.resize(at + count * page_size_);
  encode_page(node, from, to, id, static_cast<std::uint32_t>(count - 1), &buffer_[at], count * page_size_);
  next_ = PageId(next_.value + count);
  if (buffer_.size() >= kBufferBytes) TRY(flush());
  return id;
}

Status PageAppender::flush() {
  TRY(file_.pwrite(next_.value * page_size_ - buffer_.size(), buffer_));
  buffer_.clear();
  return {};
}

Status TreeBuilder::add(const LeafItem& item) {
  Node& leaf = levels_[0];
  if (item.key_size == 0 || (!leaf.items.empty() && compare_keys(leaf.items.back().key(), item.key()) >= 0)) {
    return fail(Errc::kCorrupt, "db: keys are out of order");
  }
  leaf.insert_item(leaf.count(), item);
  return write_first_pages(0, false);
}

Result<PageId> TreeBuilder::finish() {
  for (std::size_t level = 0;; ++level) {
    const bool top = level + 1 == levels_.size();
    const bool fits_one_page = cut_point(levels_[level], 0, out_.page_size(), fill_) == levels_[level].count();
    if (top && fits_one_page) return out_.append(levels_[level], 0, levels_[level].count());
    TRY(write_first_pages(level, true));
  }
}

// Writes what makes whole pages, as long as enough is left for the next one; or all that there is.
Status TreeBuilder::write_first_pages(std::size_t level, bool all) {
  while (all ? levels_[level].count() > 0 : levels_[level].bytes > out_.page_size()) {
    Node& node = levels_[level];
    const std::size_t cut = cut_point(node, 0, out_.page_size(), fill_);
    if (cut == node.count() && !all) return {};
    auto rest = node.split_off(cut);
    TRY_ASSIGN(const PageId page, out_.append(node, 0, cut));
    BranchItem written{.key = node.key(0), .page = page, .node = nullptr};
    node = std::move(*rest);
    TRY(add_child(level + 1, std::move(written)));
  }
  return {};
}

// Recursion is as deep as the tree is high: at most kMaxTreeDepth, since a level has at most half the pages of the
// one below.
Status TreeBuilder::add_child(std::size_t level, BranchItem child) {
  leaf_written_ = true;
  if (level == levels_.size()) levels_.emplace_back().is_leaf = false;
  Node& node = levels_[level];
  node.insert_child(node.count(), std::move(child));
  return write_first_pages(level, false);
}

}  // namespace etcd::bolt
