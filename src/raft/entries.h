// Entries: a run of log entries, shared and immutable - what log, disk, peers and apply hand to each other without copying one.
//
// Cheap to copy: a few pointers for each 256 entries. Safe to read from any thread once handed over. Holding one keeps alive the blocks it
// touches (each at most about 1 MiB of payload more than asked for), so nobody should keep one for long.
#pragma once

#include <cstddef>
#include <iterator>
#include <memory>
#include <span>
#include <utility>
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
  Entries(const Entries&) = default;
  Entries& operator=(const Entries&) = default;
  // The other one is empty then.
  Entries(Entries&& other) noexcept { *this = std::move(other); }
  Entries& operator=(Entries&& other) noexcept {
    only_ = std::exchange(other.only_, {});
    several_ = std::exchange(other.several_, {});
    size_ = std::exchange(other.size_, 0);
    return *this;
  }

  bool empty() const { return size_ == 0; }
  std::size_t size() const { return size_; }
  // The i-th entry; i < size(). Constant time in i, linear in the number of pieces.
  const Entry& operator[](std::size_t i) const;
  // Not on an empty run.
  const Entry& front() const { return *pieces().front().first; }
  const Entry& back() const { return pieces().back().first[pieces().back().count - 1]; }
  Iterator begin() const { return Iterator(pieces().data(), 0); }
  Iterator end() const { return Iterator(pieces().data() + pieces().size(), 0); }
  // The contiguous parts, in order; as long as this object stays where it is.
  std::span<const Piece> pieces() const { return several_.empty() ? std::span(&only_, size_ > 0 ? 1 : 0) : std::span(several_); }

  // The part [from, size()); from <= size(). Shares.
  Entries suffix(std::size_t from) const;
  // Adds a piece at the end; an empty one is ignored.
  void add(Piece piece);

  friend bool operator==(const Entries& a, const Entries& b);

 private:
  Piece only_;                  // unless there are several
  std::vector<Piece> several_;
  std::size_t size_ = 0;
};

// What an entry counts against limits in bytes: its payload and about as much as its framing takes.
inline std::size_t weight(const Entry& entry) { return entry.data.size() + 24; }
// Sum of the payloads.
std::size_t payload_bytes(const Entries& entries);

}  // namespace etcd::raft
