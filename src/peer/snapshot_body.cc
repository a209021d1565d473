#include "peer/snapshot_body.h"

#include <string>
#include <utility>

#include "raft/message_codec.h"

namespace etcd::peer {

Status SnapshotBodyDecoder::decode(base::SharedBytes bytes) {
  feed_.add(std::move(bytes));
  if (message_) return {};
  if (!length_) length_ = feed_.take_number();
  if (!length_) return {};
  if (*length_ > kMaxSnapshotMessageBytes) return fail(Errc::kInvalid, "error limit exceeded: a message of " + std::to_string(*length_) + " bytes");
  const auto encoded = feed_.take(*length_);
  if (!encoded) return {};
  TRY_ASSIGN(raft::Message message, raft::decode_message(*encoded));
  if (!std::holds_alternative<raft::InstallSnapshot>(message.body)) return fail(Errc::kInvalid, "wrong raft message type");
  message_ = std::move(message);
  return {};
}

}  // namespace etcd::peer
