// KeyValues and revision keys of any bytes: what is read must read the same once written again.
#include <cstddef>
#include <cstdint>

#include "base/check.h"
#include "mvcc/key_value.h"
#include "mvcc/revision_key.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  if (const auto kv = etcd::mvcc::decode_key_value(bytes)) {
    const std::string again = etcd::mvcc::encode(*kv);
    CHECK(again.size() == etcd::mvcc::encoded_size(*kv));
    CHECK(etcd::mvcc::decode_key_value(again) == *kv);
  }
  if (const auto id = etcd::mvcc::parse_revision_key(bytes)) {
    CHECK(etcd::mvcc::RevisionKey(*id).view() == bytes);
  }
  return 0;
}
