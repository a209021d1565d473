// The core under arbitrary events and lying members; see raft/testing/hostile.h.

#include <cstdint>

#include "raft/testing/hostile.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  etcd::raft::testing::run_hostile({reinterpret_cast<const char*>(data), size});
  return 0;
}
