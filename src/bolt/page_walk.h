// PageWalk: visits every page of a tree, and of the buckets inside it, parents before children.
//
// Follows what pages say about other pages and nothing else: keys are not looked at. The caller must stop the walk
// when it meets a page twice; a walk over such pages would not end. Owner: one thread. Errors: kCorrupt in status().
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "base/result.h"
#include "bolt/page.h"

namespace etcd::bolt {

class PageWalk {
 public:
  // `pages` must outlive the walk.
  PageWalk(const Pages& pages, PageId root) : pages_(pages), next_(root) {}

  // Moves to the next page; false at the end, or on damage.
  bool next();
  // The page and its overflow pages.
  PageId page() const { return page_; }
  std::uint64_t count() const { return count_; }
  Status status() const;

 private:
  struct Frame {
    PageId id;
    PageView page;
    std::uint32_t index = 0;
  };

  bool enter(PageId id);
  // The page that the element at frame.index leads to; PageId(0) if it leads nowhere, nothing on damage.
  std::optional<PageId> target(const Frame& frame) const;
  bool damaged(PageId id);

  const Pages& pages_;
  std::optional<PageId> next_;
  std::vector<Frame> stack_;
  PageId page_;
  std::uint64_t count_ = 0;
  std::optional<PageId> damaged_;
};

}  // namespace etcd::bolt
