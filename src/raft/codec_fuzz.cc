// Any bytes through every decoder: what is accepted must encode and decode to the same value again.
#include "raft/codec.h"

#include <cstddef>
#include <cstdint>

#include "base/check.h"

namespace {

using etcd::base::SharedBytes;

template <typename Message, typename Decode>
void check_round_trip(const etcd::Result<Message>& decoded, Decode decode) {
  if (!decoded) return;
  std::string bytes;
  etcd::raft::encode(*decoded, bytes);
  const auto again = decode(SharedBytes(bytes));
  CHECK(again && *again == *decoded);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::raft;
  const auto input = SharedBytes::copy_of({reinterpret_cast<const char*>(data), size});
  check_round_trip(decode_entry(input), decode_entry);
  check_round_trip(decode_snapshot(input), decode_snapshot);
  check_round_trip(decode_conf_change(input), decode_conf_change);
  check_round_trip(decode_hard_state(input.view()), [](const SharedBytes& bytes) { return decode_hard_state(bytes.view()); });
  check_round_trip(decode_conf_state(input.view()), [](const SharedBytes& bytes) { return decode_conf_state(bytes.view()); });
  if (const auto entry = decode_entry(input)) {
    std::string bytes;
    encode(*entry, bytes);
    CHECK(bytes.size() == encoded_size(*entry));
  }
  return 0;
}
