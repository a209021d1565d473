// OutputBatch: bytes on their way to one socket; OutputQueue: bytes that wait on one stream. Small pieces are copied
// once, into the batch; large ones are shared all the way to writev.
#pragma once

#include <sys/uio.h>

#include <cstddef>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/bytes.h"

namespace etcd::rpc {

// Owner: one connection, or the loop as scratch between connections.
class OutputBatch {
 public:
  // What one trip to the socket should carry at most; a batch may be a little larger.
  static constexpr std::size_t kFullBytes = 256 * 1024;

  void copy(std::string_view bytes);
  void share(base::SharedBytes bytes);
  // `count` bytes that `source` makes in place.
  void make(base::RopeSource& source, std::size_t count);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool is_full() const { return size_ >= kFullBytes; }

  // Describes the front of the batch for writev; returns how many of `out` were used. Valid until the batch changes.
  std::size_t describe(std::span<iovec> out) const;
  // Drops `count` bytes (at most size()) that were written.
  void drop(std::size_t count);
  // Empties it, keeping a moderate amount of memory.
  void clear();

 private:
  void add_to_text(std::size_t count);

  struct Piece {
    base::SharedBytes shared;  // empty: `length` bytes of text_ at `offset`
    std::size_t offset;
    std::size_t length;
  };

  std::string text_;
  std::vector<Piece> pieces_;
  std::size_t first_ = 0;  // pieces before it are written
  std::size_t size_ = 0;
};

// Owner: one stream.
class OutputQueue {
 public:
  // Queues `head` (at most kHeadBytes: a message's prefix) and then `body`.
  static constexpr std::size_t kHeadBytes = 5;
  void push(std::string_view head, base::Rope body);

  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  // For how many pushes there is memory.
  std::size_t capacity() const { return items_.capacity(); }
  // Moves the first `count` bytes (at most size()) into `batch`.
  void take(std::size_t count, OutputBatch& batch);
  void clear();

 private:
  struct Item {
    char head[kHeadBytes];
    std::uint8_t head_bytes;
    base::Rope body;
    std::size_t size() const { return head_bytes + body.size(); }
  };

  std::size_t take_part(Item& item, std::size_t count, OutputBatch& batch);
  std::size_t take_made(Item& item, std::size_t count, OutputBatch& batch);
  void end_item(Item& item);

  std::vector<Item> items_;
  std::size_t first_ = 0;   // items before it are taken
  std::size_t part_ = 0;    // of that item: where the next byte is
  std::size_t offset_ = 0;  // in that part
  std::size_t size_ = 0;
};

}  // namespace etcd::rpc
