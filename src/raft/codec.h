// raftpb's wire format: byte for byte what etcd 3.7 writes, and accepting what 3.6 writes (every scalar present) too.
//
// Decoders take hostile bytes: kInvalid for malformed ones, never more memory than a small multiple of the input. Decoded `data` shares `bytes`.
#pragma once

#include <string>

#include "base/bytes.h"
#include "base/result.h"
#include "raft/types.h"

namespace etcd::raft {

void encode(const Entry& entry, std::string& out);
void encode(const HardState& state, std::string& out);
void encode(const ConfState& state, std::string& out);
void encode(const Snapshot& snapshot, std::string& out);
void encode(const ConfChange& change, std::string& out);
std::size_t encoded_size(const Entry& entry);

Result<Entry> decode_entry(const base::SharedBytes& bytes);
Result<HardState> decode_hard_state(std::string_view bytes);
Result<ConfState> decode_conf_state(std::string_view bytes);
Result<Snapshot> decode_snapshot(const base::SharedBytes& bytes);
Result<ConfChange> decode_conf_change(const base::SharedBytes& bytes);

}  // namespace etcd::raft
