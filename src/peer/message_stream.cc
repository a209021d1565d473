#include "peer/message_stream.h"

#include <utility>

#include "raft/message_codec.h"

namespace etcd::peer {

namespace {

// raftpb.Message{type: MsgHeartbeat}, all else left out.
constexpr std::string_view kHeartbeat = "\x08\x08";

bool is_link_heartbeat(const raft::Message& message) {
  return message.from == MemberId(0) && message.to == MemberId(0) && std::holds_alternative<raft::Heartbeat>(message.body);
}

}  // namespace

void encode_framed(const raft::Message& message, base::Rope& out) {
  base::Rope encoded;
  raft::encode(message, encoded);
  append_number(encoded.size(), out);
  out.append(std::move(encoded));
}

void encode_link_heartbeat(base::Rope& out) {
  append_number(kHeartbeat.size(), out);
  out.append(kHeartbeat);
}

Result<std::optional<raft::Message>> decode_one(const base::SharedBytes& bytes) {
  Result<raft::Message> message = raft::decode_message(bytes);
  if (!message && message.error().code == Errc::kUnsupported) return std::nullopt;
  if (!message) return fail(message.error());
  if (is_link_heartbeat(*message)) return std::nullopt;
  return std::optional(std::move(*message));
}

Status MessageDecoder::decode(base::SharedBytes bytes, std::vector<raft::Message>& out) {
  feed_.add(std::move(bytes));
  for (;;) {
    if (!length_) length_ = feed_.take_number();
    if (!length_) return {};
    if (*length_ > kMaxMessageBytes) return fail(Errc::kInvalid, "a message of " + std::to_string(*length_) + " bytes");
    const auto encoded = feed_.take(*length_);
    if (!encoded) return {};
    length_.reset();
    TRY_ASSIGN(std::optional<raft::Message> message, decode_one(*encoded));
    if (message) out.push_back(std::move(*message));
  }
}

}  // namespace etcd::peer
