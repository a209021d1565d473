// Any bytes are an answer of a name service, whose records are names of bounded length, or an error.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "server/srv_answer.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  constexpr std::size_t kMaxNameText = 1025;  // 255 bytes, each escaped
  const auto records = etcd::server::read_srv_answer({data, size});
  if (!records) return 0;
  for (const auto& record : *records) CHECK(record.target.size() <= kMaxNameText, record.target.size());
  return 0;
}
