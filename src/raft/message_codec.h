// raftpb.Message and ConfChangeV2 on the wire; see codec.h for the rest of raftpb.
//
// Decoders take hostile bytes: kInvalid for malformed ones; kUnsupported for kinds of message that never travel (etcd's local ones). Decoded
// payloads share the input.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "raft/message.h"
#include "raft/types.h"

namespace etcd::raft {

void encode(const ConfChangeV2& change, std::string& out);
Result<ConfChangeV2> decode_conf_change_v2(const base::SharedBytes& bytes);

// Large payloads are shared with the message, not copied.
void encode(const Message& message, base::Rope& out);
Result<Message> decode_message(const base::SharedBytes& bytes);

}  // namespace etcd::raft
