// The body of a POST to /raft/snapshot: the message's length in eight bytes, the message (an InstallSnapshot), then the db file to the end. Pure.
#pragma once

#include <optional>

#include "base/bytes.h"
#include "base/result.h"
#include "peer/byte_feed.h"
#include "raft/message.h"

namespace etcd::peer {

// etcd's limit for the message, in bytes; the db has none.
inline constexpr std::uint64_t kMaxSnapshotMessageBytes = 64 * 1024 * 1024;

class SnapshotBodyDecoder {
 public:
  // Takes the body's next bytes. kInvalid if it begins with something else than an InstallSnapshot.
  Status decode(base::SharedBytes bytes);
  // Whether the message has come, and then the message.
  const std::optional<raft::Message>& message() const { return message_; }
  // The bytes of the db that have come since the last call.
  base::SharedBytes take_db() { return message_ ? feed_.take_rest() : base::SharedBytes(); }

 private:
  ByteFeed feed_;
  std::optional<std::uint64_t> length_;
  std::optional<raft::Message> message_;
};

}  // namespace etcd::peer
