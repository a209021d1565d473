// Entries: a run of log entries, shared and immutable - what log, disk, peers and apply hand to each other without copying one.
//
// Cheap to copy: a few pointers for each 256 entries. Safe to read from any thread once handed over. Holding one keeps alive the blocks it
// touches (each at most about 1 MiB of payload more than asked for), so nobody should keep one for long.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <vector>

#include "raft/types.h"

namespace etcd::raft {

class Entries {
 public:
  // `count` entries from `first` on, kept alive by `owner`. Invariant: count > 0.
  struct Piece {
    std::shared_ptr<const void> owner;
    const Entry* first = nullptr;
    std::size_t count = 0;
  };

  class Iterator {
   public:
    using iterator_category = std::forward_iterator_tag;
    using value_type = Entry;
    using difference_type = std::ptrdiff_t;
    using pointer = const Entry*;
    using reference = const Entry&;

    Iterator() = default;
    Iterator(const Piece* piece, std::size_t offset) : piece_(piece), offset_(offset) {}
    reference operator*() const { return piece_->first[offset_]; }
    pointer operator->() const { return &piece_->first[offset_]; }
    Iterator& operator++() {
      if (++offset_ == piece_->count) {
        ++piece_;
        offset_ = 0;
      }
      return *this;
    }
    Iterator operator++(int) {
      Iterator before = *this;
      ++*this;
      return before;
    }
    friend bool operator==(const Iterator&, const Iterator&) = default;

   private:
    const Piece* piece_ = nullptr;
    std::size_t offset_ = 0;
  };

  Entries() = default;
  // Takes over `entries`; the entries themselves are not copied.
  explicit Entries(std::vector<Entry> entries);

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // The i-th entry; i < size(). Constant time in i, linear in the number of pieces.
  const Entry& operator[](std::size_t i) const;
  // Not on an empty run.
  const Entry& front() const { return *pieces_.front().first; }
  const Entry& back() const { return pieces_.back().first[pieces_.back().count - 1]; }
  Iterator begin() const { return Iterator(pieces_.data(), 0); }
  Iterator end() const { return Iterator(pieces_.data() + pieces_.size(), 0); }
  // The contiguous parts, in order.
  const std::vector<Piece>& pieces() const& { return pieces_; }

  // The part [from, size()); from <= size(). Shares.
  Entries suffix(std::size_t from) const;
  // Adds a piece at the end; an empty one is ignored.
  void add(Piece piece);

  friend bool operator==(const Entries& a, const Entries& b);

 private:
  std::vector<Piece> pieces_;
  std::size_t size_ = 0;
};

// What an entry counts against limits in bytes: its payload and about as much as its framing takes.
inline std::size_t weight(const Entry& entry) { return entry.data.size() + 24; }
// Sum of the payloads.
std::size_t payload_bytes(const Entries& entries);

}  // namespace etcd::raft
