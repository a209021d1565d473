#include "rpc/output.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/free_memory.h"

namespace etcd::rpc {

namespace {
// Below this a copy is cheaper than an entry of writev and a reference.
constexpr std::size_t kShareBytes = 1024;
constexpr std::size_t kKeptTextBytes = 2 * OutputBatch::kFullBytes;
constexpr std::size_t kKeptPieces = 1024;
constexpr std::size_t kKeptItems = 8;
}  // namespace

void OutputBatch::copy(std::string_view bytes) {
  if (bytes.empty()) return;
  add_to_text(bytes.size());
  text_.append(bytes);
}

void OutputBatch::make(base::RopeSource& source, std::size_t count) {
  if (count == 0) return;
  add_to_text(count);
  source.append_next(count, text_);
}

// Describes the next `count` bytes of text_, which the caller is about to append.
void OutputBatch::add_to_text(std::size_t count) {
  if (pieces_.size() > first_ && pieces_.back().shared.empty()) {
    pieces_.back().length += count;
  } else {
    pieces_.push_back({{}, text_.size(), count});
  }
  size_ += count;
}

void OutputBatch::share(base::SharedBytes bytes) {
  if (bytes.size() < kShareBytes) return copy(bytes.view());
  size_ += bytes.size();
  const std::size_t length = bytes.size();
  pieces_.push_back({std::move(bytes), 0, length});
}

std::size_t OutputBatch::describe(std::span<iovec> out) const {
  std::size_t used = 0;
  for (std::size_t i = first_; i < pieces_.size() && used < out.size(); ++i, ++used) {
    const Piece& piece = pieces_[i];
    const char* base = piece.shared.empty() ? text_.data() : piece.shared.data();
    out[used] = {const_cast<char*>(base + piece.offset), piece.length};
  }
  return used;
}

void OutputBatch::drop(std::size_t count) {
  CHECK(count <= size_, count, size_);
  size_ -= count;
  if (size_ == 0) return clear();
  while (count > 0) {
    Piece& piece = pieces_[first_];
    const std::size_t part = std::min(count, piece.length);
    piece.offset += part;
    piece.length -= part;
    count -= part;
    if (piece.length > 0) break;
    piece.shared = {};
    ++first_;
  }
}

void OutputBatch::clear() {
  if (text_.capacity() > kKeptTextBytes) base::free_memory(text_);
  if (pieces_.capacity() > kKeptPieces) pieces_ = std::vector<Piece>();
  text_.clear();
  pieces_.clear();
  first_ = 0;
  size_ = 0;
}

void OutputQueue::push(std::string_view head, base::Rope body) {
  CHECK(head.size() <= kHeadBytes, head.size());
  // A reader that is slow but steady may never empty the queue.
  if (first_ > items_.size() / 2) items_.erase(items_.begin(), items_.begin() + static_cast<std::ptrdiff_t>(std::exchange(first_, 0)));
  Item& item = items_.emplace_back();
  head.copy(item.head, kHeadBytes);
  item.head_bytes = static_cast<std::uint8_t>(head.size());
  item.body = std::move(body);
  size_ += item.size();
}

void OutputQueue::take(std::size_t count, OutputBatch& batch) {
  CHECK(count <= size_, count, size_);
  size_ -= count;
  while (count > 0) count -= take_part(items_[first_], count, batch);
  if (size_ == 0) clear();
}

// Takes from the part of `item` at hand, at most to its end: part 0 is the head, then come the body's finished pieces,
// then its tail; or what its source makes.
std::size_t OutputQueue::take_part(Item& item, std::size_t count, OutputBatch& batch) {
  if (part_ > 0 && item.body.source() != nullptr) return take_made(item, count, batch);
  const auto& pieces = item.body.sealed();
  const bool is_piece = part_ > 0 && part_ <= pieces.size();
  const std::string_view bytes = part_ == 0 ? std::string_view(item.head, item.head_bytes)
                                 : is_piece ? pieces[part_ - 1].view()
                                            : item.body.tail();
  count = std::min(count, bytes.size() - offset_);
  if (is_piece) {
    batch.share(pieces[part_ - 1].slice(offset_, count));
  } else {
    batch.copy(bytes.substr(offset_, count));
  }
  offset_ += count;
  if (offset_ < bytes.size()) return count;
  offset_ = 0;
  if (++part_ > pieces.size() + 1) end_item(item);
  return count;
}

std::size_t OutputQueue::take_made(Item& item, std::size_t count, OutputBatch& batch) {
  base::RopeSource& source = *item.body.source();
  count = std::min(count, source.size());
  batch.make(source, count);
  if (source.size() == 0) end_item(item);
  return count;
}

void OutputQueue::end_item(Item& item) {
  item.body = base::Rope();
  part_ = 0;
  ++first_;
}

void OutputQueue::clear() {
  if (items_.capacity() > kKeptItems) items_ = std::vector<Item>();
  items_.clear();
  first_ = part_ = offset_ = size_ = 0;
}

}  // namespace etcd::rpc
