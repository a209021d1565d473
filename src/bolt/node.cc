#include "bolt/node.h"

#include <algorithm>
#include <iterator>

#include "base/check.h"

namespace etcd::bolt {

namespace {

// bbolt's: fewer elements are never cut off.
constexpr std::size_t kMinPerPage = 2;
// No more than fit a page are written to one, so that their number always fits the header.
static_assert(kMaxPageSize / (kElementBytes + 1) < 0xFFFF);

}  // namespace

std::size_t Node::lower_bound(std::string_view wanted) const {
  // Most changes are appended.
  if (items.empty() || compare_keys(items.back().key(), wanted) < 0) return items.size();
  const auto less = [](const LeafItem& item, std::string_view key) { return compare_keys(item.key(), key) < 0; };
  return static_cast<std::size_t>(std::lower_bound(items.begin(), items.end(), wanted, less) - items.begin());
}

std::size_t Node::child_for(std::string_view wanted) const {
  const auto less = [](std::string_view key, const BranchItem& child) { return compare_keys(key, child.key) < 0; };
  const auto behind = std::upper_bound(children.begin(), children.end(), wanted, less);
  return behind == children.begin() ? 0 : static_cast<std::size_t>(behind - children.begin()) - 1;
}

void Node::insert_item(std::size_t index, const LeafItem& item) {
  items.insert(items.begin() + static_cast<std::ptrdiff_t>(index), item);
  bytes += item.page_bytes();
}

void Node::replace_item(std::size_t index, const LeafItem& item) {
  bytes = bytes - items[index].page_bytes() + item.page_bytes();
  items[index] = item;
}

void Node::erase_item(std::size_t index) {
  bytes -= items[index].page_bytes();
  items.erase(items.begin() + static_cast<std::ptrdiff_t>(index));
  shrunk = true;
}

void Node::insert_child(std::size_t index, BranchItem child) {
  bytes += child.page_bytes();
  children.insert(children.begin() + static_cast<std::ptrdiff_t>(index), std::move(child));
}

BranchItem Node::remove_child(std::size_t index) {
  BranchItem child = std::move(children[index]);
  children.erase(children.begin() + static_cast<std::ptrdiff_t>(index));
  bytes -= child.page_bytes();
  shrunk = true;
  return child;
}

void Node::append(Node&& right) {
  CHECK(is_leaf == right.is_leaf);
  items.insert(items.end(), right.items.begin(), right.items.end());
  std::move(right.children.begin(), right.children.end(), std::back_inserter(children));
  bytes += right.bytes - kPageHeaderBytes;
}

std::unique_ptr<Node> Node::split_off(std::size_t index) {
  auto right = std::make_unique<Node>();
  right->is_leaf = is_leaf;
  right->bytes = encoded_bytes(*this, index, count());
  bytes -= right->bytes - kPageHeaderBytes;
  const auto at = static_cast<std::ptrdiff_t>(index);
  if (is_leaf) {
    right->items.assign(items.begin() + at, items.end());
    items.resize(index);
  } else {
    right->children.assign(std::make_move_iterator(children.begin() + at), std::make_move_iterator(children.end()));
    children.resize(index);
  }
  return right;
}

Result<std::unique_ptr<Node>> load_node(const PageView& page, PageId id) {
  auto node = std::make_unique<Node>();
  node->is_leaf = page.is_leaf();
  std::string_view last;
  const auto in_order = [&last](std::string_view key) {
    const bool fits = !key.empty() && key.size() <= kMaxKeyBytes && compare_keys(last, key) < 0;
    last = key;
    return fits;
  };
  if (page.is_leaf()) {
    node->items.reserve(page.count() + 4);
    for (std::uint32_t i = 0; i < page.count(); ++i) {
      const auto element = page.leaf_element(i);
      if (!element || !in_order(element->key)) return fail(corrupt_page(id));
      node->insert_item(i, {.bytes = element->key.data(),
                            .key_size = static_cast<std::uint32_t>(element->key.size()),
                            .value_size = static_cast<std::uint32_t>(element->value.size()),
                            .flags = element->flags});
    }
  } else {
    node->children.reserve(page.count() + 4);
    for (std::uint32_t i = 0; i < page.count(); ++i) {
      const auto element = page.branch_element(i);
      if (!element || !in_order(element->key)) return fail(corrupt_page(id));
      node->insert_child(i, {.key = element->key, .page = element->page, .node = nullptr});
    }
    if (node->children.empty()) return fail(corrupt_page(id));
  }
  // More than the page has: elements share bytes.
  if (node->bytes > page.bytes().size()) return fail(corrupt_page(id));
  return node;
}

std::size_t cut_point(const Node& node, std::size_t from, std::uint32_t page_size, double fill) {
  const std::size_t count = node.count();
  if (count - from <= 2 * kMinPerPage) return count;
  const auto threshold = static_cast<std::uint64_t>(page_size * std::clamp(fill, 0.1, 1.0));
  std::uint64_t size = kPageHeaderBytes;
  std::size_t cut = 0;
  for (std::size_t i = from; i < count; ++i) {
    size += node.page_bytes(i);
    if (cut == 0 && i - from >= kMinPerPage && size > threshold) cut = i;
    if (cut != 0 && size > page_size) return std::min(cut, count - kMinPerPage);
  }
  return count;
}

std::uint64_t encoded_bytes(const Node& node, std::size_t from, std::size_t to) {
  std::uint64_t size = kPageHeaderBytes;
  for (std::size_t i = from; i < to; ++i) size += node.page_bytes(i);
  return size;
}

void encode_page(const Node& node, std::size_t from, std::size_t to, PageId id, std::uint32_t overflow, char* out,
                 std::uint64_t size) {
  store_page_header(out, {.id = id,
                          .flags = node.is_leaf ? kLeafPage : kBranchPage,
                          .count = static_cast<std::uint16_t>(to - from),
                          .overflow = overflow});
  char* element = out + kPageHeaderBytes;
  char* data = element + (to - from) * kElementBytes;
  for (std::size_t i = from; i < to; ++i, element += kElementBytes) {
    CHECK(data - element <= 0xFFFFFFFF, id);
    const auto pos = static_cast<std::uint32_t>(data - element);
    if (node.is_leaf) {
      const LeafItem& item = node.items[i];
      store(element, item.flags);
      store(element + 4, pos);
      store(element + 8, item.key_size);
      store(element + 12, item.value_size);
      data = std::copy_n(item.bytes, std::size_t{item.key_size} + item.value_size, data);
    } else {
      const BranchItem& child = node.children[i];
      CHECK(!child.node && child.page.value >= 2 && child.page != id, child.page, id);
      store(element, pos);
      store(element + 4, static_cast<std::uint32_t>(child.key.size()));
      store(element + 8, child.page.value);
      data = std::copy(child.key.begin(), child.key.end(), data);
    }
  }
  CHECK(static_cast<std::uint64_t>(data - out) <= size, id, size);
  std::fill(data, out + size, '\0');
}

}  // namespace etcd::bolt
