// Any bytes, cut as the first one says, through the decoders of both streams and of a snapshot's body. What they accept must come through its encoder
// and decoder again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/check.h"
#include "peer/append_stream.h"
#include "peer/message_stream.h"
#include "peer/snapshot_body.h"

namespace {

using namespace etcd;
using base::SharedBytes;

template <typename Decoder>
std::vector<raft::Message> decode(Decoder decoder, std::string_view bytes, std::size_t piece) {
  std::vector<raft::Message> out;
  while (!bytes.empty()) {
    const std::string_view part = bytes.substr(0, piece);
    if (!decoder.decode(SharedBytes::copy_of(part), out)) break;
    bytes.remove_prefix(part.size());
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace etcd::peer;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::size_t piece = std::max<std::size_t>(data[0], 1);
  const AppendDecoder append_decoder(MemberId(1), MemberId(2));

  const auto appends = decode(append_decoder, bytes, piece);
  CHECK(appends == decode(append_decoder, bytes, bytes.size() + 1));
  const auto messages = decode(MessageDecoder(), bytes, piece);
  CHECK(messages == decode(MessageDecoder(), bytes, bytes.size() + 1));

  base::Rope framed;
  for (const raft::Message& message : messages) encode_framed(message, framed);
  CHECK(decode(MessageDecoder(), framed.flatten(), piece) == messages);
  AppendEncoder encoder;
  base::Rope encoded;
  for (const raft::Message& message : appends) encoder.encode(message, encoded);
  CHECK(decode(append_decoder, encoded.flatten(), piece).size() == appends.size());

  SnapshotBodyDecoder body;
  for (std::string_view rest = bytes; !rest.empty(); rest.remove_prefix(std::min(piece, rest.size()))) {
    if (!body.decode(SharedBytes::copy_of(rest.substr(0, piece)))) break;
    (void)body.take_db();
  }
  return 0;
}
