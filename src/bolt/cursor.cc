#include "bolt/cursor.h"

#include <utility>

#include "base/check.h"
#include "bolt/node.h"

namespace etcd::bolt {

namespace {

// The index before the first, for a walk backwards.
constexpr std::uint32_t kBeforeFirst = ~std::uint32_t{0};

}  // namespace

bool Cursor::seek(std::string_view key) {
  if (!restart()) return false;
  while (!top().leaf) {
    Frame& branch = top();
    if (branch.node != nullptr) {
      branch.index = static_cast<std::uint32_t>(branch.node->child_for(key));
    } else {
      const auto index = branch.page.child_for(key);
      if (!index) return damaged();
      branch.index = *index;
    }
    if (!push_child()) return false;
  }
  Frame& leaf = top();
  if (leaf.node != nullptr) {
    leaf.index = static_cast<std::uint32_t>(leaf.node->lower_bound(key));
  } else {
    const auto index = leaf.page.lower_bound(key);
    if (!index) return damaged();
    leaf.index = *index;
  }
  return settle_forward();
}

bool Cursor::first() {
  return restart() && settle_forward();
}

bool Cursor::last() {
  if (!restart()) return false;
  top().index = top().count - 1;
  return settle_backward();
}

bool Cursor::prev() {
  CHECK(valid_);
  --top().index;
  return settle_backward();
}

Status Cursor::status() const {
  if (damaged_) return fail(corrupt_page(current_page_));
  return {};
}

bool Cursor::restart() {
  valid_ = false;
  damaged_ = false;
  depth_ = 0;
  entered_ = 0;
  backward_ = false;
  if (root_.node != nullptr) return push_node(*root_.node);
  if (root_.inline_page.empty()) return push_page(root_.page);
  current_page_ = PageId(0);
  const auto page = PageView::parse(root_.inline_page);
  if (!page || !page->is_leaf()) return damaged();
  stack_[depth_++] = {.node = nullptr, .page = *page, .index = 0, .count = page->count(), .leaf = true};
  return true;
}

// A walk in one direction enters each page of a good file once. One that turns round enters some of them again.
void Cursor::turn(bool backward) {
  if (std::exchange(backward_, backward) != backward) entered_ = 0;
}

// Below the branch on top, at its index.
bool Cursor::push_child() {
  const Frame& branch = top();
  if (branch.node != nullptr) {
    const BranchItem& child = branch.node->children[branch.index];
    return child.node ? push_node(*child.node) : push_page(child.page);
  }
  const auto element = branch.page.branch_element(branch.index);
  return element ? push_page(element->page) : damaged();
}

bool Cursor::push_node(const Node& node) {
  CHECK(depth_ < kMaxTreeDepth);
  stack_[depth_++] = {
      .node = &node, .page = {}, .index = 0, .count = static_cast<std::uint32_t>(node.count()), .leaf = node.is_leaf};
  return true;
}

bool Cursor::push_page(PageId id) {
  current_page_ = id;
  const auto page = pages_->find(id);
  if (!page || depth_ == kMaxTreeDepth || ++entered_ > pages_->high_water().value) return damaged();
  if (!page->is_leaf() && page->count() == 0) return damaged();
  stack_[depth_++] = {.node = nullptr, .page = *page, .index = 0, .count = page->count(), .leaf = page->is_leaf()};
  return true;
}

// Moves on from the place on top, if there is no element there, to the next one that there is.
bool Cursor::settle_forward() {
  while (depth_ > 0) {
    Frame& frame = top();
    if (frame.index >= frame.count) {
      if (--depth_ > 0) ++top().index;
    } else if (frame.leaf) {
      return load_element(frame);
    } else if (turn(false); !push_child()) {
      return false;
    }
  }
  valid_ = false;
  return false;
}

bool Cursor::settle_backward() {
  while (depth_ > 0) {
    Frame& frame = top();
    if (frame.index == kBeforeFirst) {
      if (--depth_ > 0) --top().index;
    } else if (frame.leaf) {
      return load_element(frame);
    } else if (turn(true); push_child()) {
      top().index = top().count - 1;  // of an empty leaf: kBeforeFirst
    } else {
      return false;
    }
  }
  valid_ = false;
  return false;
}

bool Cursor::load_element(const Frame& leaf) {
  valid_ = true;
  if (leaf.node == nullptr) return load_page_element(leaf);
  element_ = leaf.node->items[leaf.index].element();
  return true;
}

bool Cursor::damaged() {
  valid_ = false;
  damaged_ = true;
  depth_ = 0;
  return false;
}

}  // namespace etcd::bolt
