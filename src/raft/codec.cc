#include "raft/codec.h"

#include <algorithm>
#include <vector>

#include "base/wire.h"

namespace etcd::raft {

namespace {

using base::SharedBytes;
using base::WireField;
using base::WireReader;
using base::WireType;
using base::WireWriter;

// What Go writes: a field that its code assigns is on the wire even if it is zero (proto2 presence), one that it never assigns is not. So
// terms, indexes, votes and auto_leave are always there; the type of an entry only when it is a configuration change.
void encode_fields(const ConfState& state, WireWriter& writer) {
  for (const MemberId id : state.voters) writer.varint(1, id.value);
  for (const MemberId id : state.learners) writer.varint(2, id.value);
  for (const MemberId id : state.voters_outgoing) writer.varint(3, id.value);
  for (const MemberId id : state.learners_next) writer.varint(4, id.value);
  writer.varint(5, state.auto_leave ? 1 : 0);
}

void encode_metadata(const SnapshotMetadata& metadata, std::string& out) {
  std::string conf_state;
  encode(metadata.conf_state, conf_state);
  WireWriter writer(out);
  writer.bytes(1, conf_state);
  writer.varint(2, metadata.index.value);
  writer.varint(3, metadata.term.value);
}

// Gives each field of a message to `take`, which returns false for a value that cannot be. A known field of the wrong wire type counts as
// unknown, as protobuf has it: `take` asks for the type it expects.
template <typename Take>
Status read_fields(const char* what, std::string_view bytes, Take take) {
  WireReader reader(bytes);
  while (auto field = reader.next()) {
    if (!take(*field)) return fail(Errc::kInvalid, std::string("raftpb.") + what + ": impossible value");
  }
  if (reader.failed()) return fail(Errc::kInvalid, std::string("raftpb.") + what + ": malformed");
  return {};
}

bool is_varint(const WireField& field, std::uint32_t number) {
  return field.number == number && field.type == WireType::kVarint;
}
bool is_bytes(const WireField& field, std::uint32_t number) {
  return field.number == number && field.type == WireType::kBytes;
}

// An enum of the values 0 .. last.
template <typename Enum>
bool take_enum(const WireField& field, Enum last, Enum& out) {
  if (field.varint > static_cast<std::uint64_t>(last)) return false;
  out = static_cast<Enum>(field.varint);
  return true;
}

// A repeated number, packed or not.
bool take_ids(const WireField& field, std::vector<MemberId>& out) {
  if (field.type == WireType::kVarint) out.emplace_back(field.varint);
  if (field.type != WireType::kBytes) return true;
  for (std::string_view rest = field.bytes; !rest.empty();) {
    const auto id = base::take_varint(rest);
    if (!id) return false;
    out.emplace_back(*id);
  }
  return true;
}

// Keeps ConfState's promise whatever the order on the wire was.
void sort_unique(std::vector<MemberId>& ids) {
  std::sort(ids.begin(), ids.end());
  ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
}

bool take_conf_state(const WireField& field, ConfState& state) {
  switch (field.number) {
    case 1: return take_ids(field, state.voters);
    case 2: return take_ids(field, state.learners);
    case 3: return take_ids(field, state.voters_outgoing);
    case 4: return take_ids(field, state.learners_next);
    case 5:
      if (field.type == WireType::kVarint) state.auto_leave = field.as_bool();
      return true;
    default: return true;
  }
}

Status decode_metadata(std::string_view bytes, SnapshotMetadata& metadata) {
  TRY(read_fields("SnapshotMetadata", bytes, [&](const WireField& field) {
    if (is_varint(field, 2)) metadata.index = LogIndex(field.varint);
    if (is_varint(field, 3)) metadata.term = Term(field.varint);
    if (!is_bytes(field, 1)) return true;
    auto conf_state = decode_conf_state(field.bytes);
    if (!conf_state) return false;
    metadata.conf_state = std::move(*conf_state);
    return true;
  }));
  return {};
}

}  // namespace

void encode(const Entry& entry, std::string& out) {
  WireWriter writer(out);
  writer.varint_if(1, static_cast<std::uint64_t>(entry.type));
  writer.varint(2, entry.term.value);
  writer.varint(3, entry.index.value);
  writer.bytes_if(4, entry.data.view());
}

std::size_t encoded_size(const Entry& entry) {
  constexpr std::size_t kTag = 1;
  std::size_t size = kTag + base::varint_size(entry.term.value) + kTag + base::varint_size(entry.index.value);
  if (entry.type != EntryType::kNormal) size += kTag + 1;
  if (!entry.data.empty()) size += kTag + base::varint_size(entry.data.size()) + entry.data.size();
  return size;
}

void encode(const HardState& state, std::string& out) {
  WireWriter writer(out);
  writer.varint(1, state.term.value);
  writer.varint(2, state.vote.value);
  writer.varint(3, state.commit.value);
}

void encode(const ConfState& state, std::string& out) {
  WireWriter writer(out);
  encode_fields(state, writer);
}

void encode(const Snapshot& snapshot, std::string& out) {
  std::string metadata;
  encode_metadata(snapshot.metadata, metadata);
  WireWriter writer(out);
  writer.bytes_if(1, snapshot.data.view());
  writer.bytes(2, metadata);
}

void encode(const ConfChange& change, std::string& out) {
  WireWriter writer(out);
  writer.varint_if(1, change.id);
  writer.varint(2, static_cast<std::uint64_t>(change.type));
  writer.varint(3, change.node_id.value);
  writer.bytes_if(4, change.context.view());
}

Result<Entry> decode_entry(const SharedBytes& bytes) {
  Entry entry;
  TRY(read_fields("Entry", bytes.view(), [&](const WireField& field) {
    if (is_varint(field, 1)) return take_enum(field, EntryType::kConfChangeV2, entry.type);
    if (is_varint(field, 2)) entry.term = Term(field.varint);
    if (is_varint(field, 3)) entry.index = LogIndex(field.varint);
    if (is_bytes(field, 4)) entry.data = bytes.slice(field.bytes);
    return true;
  }));
  return entry;
}

Result<HardState> decode_hard_state(std::string_view bytes) {
  HardState state;
  TRY(read_fields("HardState", bytes, [&](const WireField& field) {
    if (is_varint(field, 1)) state.term = Term(field.varint);
    if (is_varint(field, 2)) state.vote = MemberId(field.varint);
    if (is_varint(field, 3)) state.commit = LogIndex(field.varint);
    return true;
  }));
  return state;
}

Result<ConfState> decode_conf_state(std::string_view bytes) {
  ConfState state;
  TRY(read_fields("ConfState", bytes, [&](const WireField& field) { return take_conf_state(field, state); }));
  for (auto* ids : {&state.voters, &state.learners, &state.voters_outgoing, &state.learners_next}) sort_unique(*ids);
  return state;
}

Result<Snapshot> decode_snapshot(const SharedBytes& bytes) {
  Snapshot snapshot;
  TRY(read_fields("Snapshot", bytes.view(), [&](const WireField& field) {
    if (is_bytes(field, 1)) snapshot.data = bytes.slice(field.bytes);
    if (is_bytes(field, 2)) return decode_metadata(field.bytes, snapshot.metadata).has_value();
    return true;
  }));
  return snapshot;
}

Result<ConfChange> decode_conf_change(const SharedBytes& bytes) {
  ConfChange change;
  TRY(read_fields("ConfChange", bytes.view(), [&](const WireField& field) {
    if (is_varint(field, 1)) change.id = field.varint;
    if (is_varint(field, 2)) return take_enum(field, ConfChangeType::kAddLearnerNode, change.type);
    if (is_varint(field, 3)) change.node_id = MemberId(field.varint);
    if (is_bytes(field, 4)) change.context = bytes.slice(field.bytes);
    return true;
  }));
  return change;
}

}  // namespace etcd::raft
