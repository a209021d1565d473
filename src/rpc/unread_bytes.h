// UnreadBytes: bytes that have come and that nobody has taken yet, first in, first out.
//
// Owner: one stream. Pure. Invariants: its memory is at most four times the most that has waited at once, however much
// goes through it while its reader stays a little behind; a byte is moved twice on the average, at most.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "base/free_memory.h"

namespace etcd::rpc {

class UnreadBytes {
 public:
  static constexpr std::size_t kKeptBytes = 64 * 1024;

  // Those that wait. Until the next call of anything else here.
  std::string_view view() const { return std::string_view(bytes_).substr(taken_); }
  bool empty() const { return taken_ == bytes_.size(); }
  std::size_t size() const { return bytes_.size() - taken_; }
  std::size_t capacity() const { return bytes_.capacity(); }

  void append(std::string_view bytes) {
    if (taken_ > bytes_.size() / 2) bytes_.erase(0, std::exchange(taken_, 0));
    bytes_.append(bytes);
  }
  // Drops the first `count` bytes, at most size().
  void take(std::size_t count) {
    CHECK(count <= size(), count, size());
    taken_ += count;
    if (empty()) clear();
  }
  std::string take_all() {
    bytes_.erase(0, std::exchange(taken_, 0));
    return std::exchange(bytes_, std::string());
  }
  void clear() {
    taken_ = 0;
    bytes_.capacity() > kKeptBytes ? base::free_memory(bytes_) : bytes_.clear();
  }

 private:
  std::string bytes_;
  std::size_t taken_ = 0;  // of their front
};

}  // namespace etcd::rpc
