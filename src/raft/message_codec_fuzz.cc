// Any bytes: decoding never fails otherwise than with an error, and what was decoded survives the way back.

#include <cstdint>

#include "base/check.h"
#include "raft/message_codec.h"

using namespace etcd;        // NOLINT
using namespace etcd::raft;  // NOLINT

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  base::SharedBytes input = base::SharedBytes::copy_of({reinterpret_cast<const char*>(data), size});
  if (Result<Message> message = decode_message(input)) {
    base::Rope rope;
    encode(*message, rope);
    Result<Message> again = decode_message(base::SharedBytes(rope.flatten()));
    // A Proposal's and a ReadIndex's term is not sent.
    if (again) again->term = message->term;
    CHECK(again.has_value() && *again == *message);
  }
  if (Result<ConfChangeV2> change = decode_conf_change_v2(input)) {
    std::string bytes;
    encode(*change, bytes);
    CHECK(*decode_conf_change_v2(base::SharedBytes(bytes)) == *change);
  }
  return 0;
}
