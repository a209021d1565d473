// Freed<free_function>: the deleter of a std::unique_ptr that owns an object of a C library. For .cc files and headers of a room's inside alone.
#pragma once

namespace etcd::base {

template <auto kFree>
struct Freed {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

}  // namespace etcd::base
