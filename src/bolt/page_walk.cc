#include "bolt/page_walk.h"

#include "bolt/bucket_value.h"

namespace etcd::bolt {

bool PageWalk::next() {
  if (next_) {
    const PageId root = *next_;
    next_.reset();
    return enter(root);
  }
  while (!stack_.empty() && !damaged_) {
    Frame& frame = stack_.back();
    if (frame.index == frame.page.count()) {
      stack_.pop_back();
      continue;
    }
    const auto to = target(frame);
    if (!to) return damaged(frame.id);
    ++frame.index;
    if (*to != PageId(0)) return enter(*to);
  }
  return false;
}

bool PageWalk::enter(PageId id) {
  const auto page = pages_.find(id);
  if (!page || stack_.size() == std::size_t{kMaxTreeDepth} * kMaxBucketDepth) return damaged(id);
  page_ = id;
  count_ = page->bytes().size() / pages_.page_size();
  stack_.push_back({.id = id, .page = *page});
  return true;
}

std::optional<PageId> PageWalk::target(const Frame& frame) const {
  if (!frame.page.is_leaf()) {
    const auto element = frame.page.branch_element(frame.index);
    if (!element || element->page == PageId(0)) return std::nullopt;
    return element->page;
  }
  const auto element = frame.page.leaf_element(frame.index);
  if (!element) return std::nullopt;
  return element->is_bucket() ? bucket_target(element->value) : PageId(0);
}

bool PageWalk::damaged(PageId id) {
  damaged_ = id;
  return false;
}

Status PageWalk::status() const {
  if (damaged_) return fail(corrupt_page(*damaged_));
  return {};
}

}  // namespace etcd::bolt
