// The "message" stream between two members: each message as its length in eight bytes and its encoding. Pure.
//
// A heartbeat without sender and receiver keeps an idle stream alive; it never reaches raft.
#pragma once

#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "peer/byte_feed.h"
#include "raft/message.h"

namespace etcd::peer {

// etcd's limit for one message, in bytes.
inline constexpr std::uint64_t kMaxMessageBytes = 512 * 1024 * 1024;

// Appends one message with its length. Large payloads are shared.
void encode_framed(const raft::Message& message, base::Rope& out);
void encode_link_heartbeat(base::Rope& out);

class MessageDecoder {
 public:
  // Takes the stream's next bytes and appends the messages that they complete, link heartbeats left out. kInvalid for bytes that no member sends: the
  // stream can't be read on then. Kinds of message that this program does not know are passed over.
  Status decode(base::SharedBytes bytes, std::vector<raft::Message>& out);

 private:
  ByteFeed feed_;
  std::optional<std::uint64_t> length_;  // of the message that comes next
};

// One message out of `bytes`; nothing for one to pass over.
Result<std::optional<raft::Message>> decode_one(const base::SharedBytes& bytes);

}  // namespace etcd::peer
