// Arena: bytes that all live until the arena goes. Owner: one transaction or copy; one thread.
#pragma once

#include <algorithm>
#include <cstring>
#include <memory>
#include <string_view>
#include <vector>

namespace etcd::bolt {

class Arena {
 public:
  char* allocate(std::size_t size) {
    if (size > left_) add_block(size);
    char* bytes = next_;
    next_ += size;
    left_ -= size;
    return bytes;
  }
  // `first` and `second` one behind the other.
  const char* copy(std::string_view first, std::string_view second) {
    char* to = allocate(first.size() + second.size());
    std::copy(second.begin(), second.end(), std::copy(first.begin(), first.end(), to));
    return to;
  }

 private:
  static constexpr std::size_t kBlockBytes = 256 * 1024;

  void add_block(std::size_t at_least) {
    left_ = std::max(at_least, kBlockBytes);
    blocks_.push_back(std::unique_ptr<char[]>(new char[left_]));
    next_ = blocks_.back().get();
  }

  std::vector<std::unique_ptr<char[]>> blocks_;
  char* next_ = nullptr;
  std::size_t left_ = 0;
};

}  // namespace etcd::bolt
