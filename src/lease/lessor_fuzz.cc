// Records of the lease bucket come from disk.
#include <cstdint>
#include <string_view>

#include "lease/lessor.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  etcd::lease::Lessor lessor;
  const std::size_t key_bytes = size < 8 ? size : 8;
  (void)lessor.load(bytes.substr(0, key_bytes), bytes.substr(key_bytes));
  lessor.promote({.term = etcd::Term(1), .extend_ns = 1, .now_ns = 2});
  (void)lessor.expire(1'000'000'000);
  return 0;
}
