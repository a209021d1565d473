#include "raft/message_codec.h"

#include <utility>

#include "base/wire.h"
#include "raft/codec.h"

namespace etcd::raft {

namespace {

using base::SharedBytes;
using base::WireField;
using base::WireReader;
using base::WireType;
using base::WireWriter;

// raftpb.MessageType, those that travel.
enum class WireKind : std::uint32_t {
  kProp = 2,
  kApp = 3,
  kAppResp = 4,
  kVote = 5,
  kVoteResp = 6,
  kSnap = 7,
  kHeartbeat = 8,
  kHeartbeatResp = 9,
  kTransferLeader = 13,
  kTimeoutNow = 14,
  kReadIndex = 15,
  kReadIndexResp = 16,
  kPreVote = 17,
  kPreVoteResp = 18,
};

constexpr std::string_view kTransferContext = "CampaignTransfer";
// An entry may take a few bytes on the wire and more than 50 in memory.
constexpr std::size_t kMaxEntries = 1024 * 1024;

// raftpb.Message as it lies on the wire: what each field means depends on the kind.
struct WireMessage {
  std::uint64_t kind = 0;
  std::uint64_t to = 0;
  std::uint64_t from = 0;
  std::uint64_t term = 0;
  std::uint64_t log_term = 0;
  std::uint64_t index = 0;
  std::vector<Entry> entries;
  std::uint64_t commit = 0;
  Snapshot snapshot;
  bool reject = false;
  std::uint64_t reject_hint = 0;
  SharedBytes context;
};

void append_entry(const Entry& entry, base::Rope& out) {
  std::string head;
  WireWriter writer(head);
  writer.bytes_header(7, encoded_size(entry));
  Entry frame{entry.term, entry.index, entry.type, {}};
  encode(frame, head);
  if (!entry.data.empty()) writer.bytes_header(4, entry.data.size());
  out.append(std::string_view(head));
  out.append(entry.data);
}

// An entry without a place in the log, which Go writes without term and index.
void append_proposed(EntryType type, const SharedBytes& data, base::Rope& out) {
  std::string fields;
  WireWriter inner(fields);
  inner.varint_if(1, static_cast<std::uint64_t>(type));
  if (!data.empty()) inner.bytes_header(4, data.size());
  std::string head;
  WireWriter(head).bytes_header(7, fields.size() + data.size());
  out.append(std::string_view(head));
  out.append(std::string_view(fields));
  out.append(data);
}

// Writes the fields in order of their numbers. type, to, from and term (where a message has one) are always there; the others if
// they are not zero.
class MessageWriter {
 public:
  MessageWriter(WireKind kind, const Message& message, base::Rope& out) : out_(out) {
    writer_.varint(1, static_cast<std::uint64_t>(kind));
    writer_.varint(2, message.to.value);
    writer_.varint(3, message.from.value);
    if (kind != WireKind::kProp && kind != WireKind::kReadIndex) writer_.varint(4, message.term.value);
  }
  ~MessageWriter() { flush(); }
  MessageWriter(const MessageWriter&) = delete;
  MessageWriter& operator=(const MessageWriter&) = delete;

  MessageWriter& number(std::uint32_t field, std::uint64_t value) {
    writer_.varint_if(field, value);
    return *this;
  }
  MessageWriter& context(const SharedBytes& context) {
    writer_.bytes_if(12, context.view());
    return *this;
  }
  MessageWriter& entry(const Entry& entry) {
    flush();
    append_entry(entry, out_);
    return *this;
  }
  MessageWriter& proposed(EntryType type, const SharedBytes& data) {
    flush();
    append_proposed(type, data, out_);
    return *this;
  }
  MessageWriter& snapshot(const Snapshot& snapshot) {
    std::string bytes;
    encode(snapshot, bytes);
    writer_.bytes_header(9, bytes.size());
    flush();
    out_.append(SharedBytes(std::move(bytes)));
    return *this;
  }

 private:
  void flush() {
    out_.append(std::string_view(text_));
    text_.clear();
  }

  base::Rope& out_;
  std::string text_;
  WireWriter writer_{text_};
};

struct Encoder {
  const Message& message;
  base::Rope& out;

  void operator()(const Proposal& body) const {
    MessageWriter writer(WireKind::kProp, message, out);
    for (const ProposedEntry& entry : body.entries) writer.proposed(entry.type, entry.data);
  }
  void operator()(const AppendRequest& body) const {
    MessageWriter writer(WireKind::kApp, message, out);
    writer.number(5, body.prev_term.value).number(6, body.prev_index.value);
    for (const Entry& entry : body.entries) writer.entry(entry);
    writer.number(8, body.commit.value);
  }
  void operator()(const AppendAccepted& body) const { MessageWriter(WireKind::kAppResp, message, out).number(6, body.match.value); }
  void operator()(const AppendRejected& body) const {
    MessageWriter writer(WireKind::kAppResp, message, out);
    writer.number(5, body.hint_term.value).number(6, body.rejected.value).number(10, 1).number(11, body.hint.value);
  }
  void operator()(const VoteRequest& body) const {
    MessageWriter writer(body.kind == VoteKind::kPreVote ? WireKind::kPreVote : WireKind::kVote, message, out);
    writer.number(5, body.last_term.value).number(6, body.last_index.value);
    if (body.transfer) writer.context(SharedBytes::copy_of(kTransferContext));
  }
  void operator()(const VoteResponse& body) const {
    MessageWriter writer(body.kind == VoteKind::kPreVote ? WireKind::kPreVoteResp : WireKind::kVoteResp, message, out);
    writer.number(10, body.granted ? 0 : 1);
  }
  void operator()(const InstallSnapshot& body) const { MessageWriter(WireKind::kSnap, message, out).snapshot(body.snapshot); }
  void operator()(const Heartbeat& body) const {
    MessageWriter(WireKind::kHeartbeat, message, out).number(8, body.commit.value).context(body.context);
  }
  void operator()(const HeartbeatResponse& body) const { MessageWriter(WireKind::kHeartbeatResp, message, out).context(body.context); }
  void operator()(const ReadIndexRequest& body) const {
    MessageWriter(WireKind::kReadIndex, message, out).proposed(EntryType::kNormal, body.context);
  }
  void operator()(const ReadIndexResponse& body) const {
    MessageWriter writer(WireKind::kReadIndexResp, message, out);
    writer.number(6, body.index.value).proposed(EntryType::kNormal, body.context);
  }
  void operator()(const TransferRequest&) const { MessageWriter(WireKind::kTransferLeader, message, out); }
  void operator()(const TimeoutNow&) const { MessageWriter(WireKind::kTimeoutNow, message, out); }
};

etcd::Status take_number(const WireField& field, WireMessage& wire) {
  switch (field.number) {
    case 1: wire.kind = field.varint; break;
    case 2: wire.to = field.varint; break;
    case 3: wire.from = field.varint; break;
    case 4: wire.term = field.varint; break;
    case 5: wire.log_term = field.varint; break;
    case 6: wire.index = field.varint; break;
    case 8: wire.commit = field.varint; break;
    case 10: wire.reject = field.as_bool(); break;
    case 11: wire.reject_hint = field.varint; break;
    default: break;
  }
  return {};
}

etcd::Status take_bytes(const WireField& field, const SharedBytes& input, WireMessage& wire) {
  if (field.number == 7) {
    if (wire.entries.size() >= kMaxEntries) return fail(Errc::kInvalid, "raftpb.Message: too many entries");
    TRY_ASSIGN(Entry entry, decode_entry(input.slice(field.bytes)));
    wire.entries.push_back(std::move(entry));
  } else if (field.number == 9) {
    TRY_ASSIGN(wire.snapshot, decode_snapshot(input.slice(field.bytes)));
  } else if (field.number == 12) {
    wire.context = input.slice(field.bytes);
  }
  return {};
}

Result<WireMessage> read_wire(const SharedBytes& bytes) {
  WireMessage wire;
  WireReader reader(bytes.view());
  while (auto field = reader.next()) {
    if (field->type == WireType::kVarint) TRY(take_number(*field, wire));
    if (field->type == WireType::kBytes) TRY(take_bytes(*field, bytes, wire));
  }
  if (reader.failed()) return fail(Errc::kInvalid, "raftpb.Message: malformed");
  return wire;
}

MessageBody vote_request(VoteKind kind, const WireMessage& wire) {
  return VoteRequest{kind, LogIndex(wire.index), Term(wire.log_term), wire.context.view() == kTransferContext};
}

MessageBody append_response(const WireMessage& wire) {
  if (!wire.reject) return AppendAccepted{LogIndex(wire.index)};
  return AppendRejected{LogIndex(wire.index), LogIndex(wire.reject_hint), Term(wire.log_term)};
}

Result<MessageBody> append_request(WireMessage& wire) {
  std::uint64_t index = wire.index;
  for (const Entry& entry : wire.entries) {
    if (index == ~std::uint64_t{0} || entry.index.value != ++index) return fail(Errc::kInvalid, "raftpb.Message: entries are not consecutive");
  }
  return AppendRequest{LogIndex(wire.index), Term(wire.log_term), LogIndex(wire.commit), Entries(std::move(wire.entries))};
}

Result<MessageBody> proposal(WireMessage& wire) {
  if (wire.entries.empty()) return fail(Errc::kInvalid, "raftpb.Message: empty proposal");
  Proposal proposal;
  proposal.entries.reserve(wire.entries.size());
  for (Entry& entry : wire.entries) proposal.entries.push_back({entry.type, std::move(entry.data)});
  return proposal;
}

// The context of a ReadIndex travels as the payload of its only entry.
Result<SharedBytes> read_context(const WireMessage& wire) {
  if (wire.entries.size() != 1) return fail(Errc::kInvalid, "raftpb.Message: a ReadIndex has one entry");
  return wire.entries.front().data;
}

Result<MessageBody> body_of(WireMessage& wire) {
  switch (static_cast<WireKind>(wire.kind <= 0xffffffffu ? wire.kind : 0)) {
    case WireKind::kProp: return proposal(wire);
    case WireKind::kApp: return append_request(wire);
    case WireKind::kAppResp: return append_response(wire);
    case WireKind::kVote: return vote_request(VoteKind::kVote, wire);
    case WireKind::kPreVote: return vote_request(VoteKind::kPreVote, wire);
    case WireKind::kVoteResp: return VoteResponse{VoteKind::kVote, !wire.reject};
    case WireKind::kPreVoteResp: return VoteResponse{VoteKind::kPreVote, !wire.reject};
    case WireKind::kSnap: return InstallSnapshot{std::move(wire.snapshot)};
    case WireKind::kHeartbeat: return Heartbeat{LogIndex(wire.commit), std::move(wire.context)};
    case WireKind::kHeartbeatResp: return HeartbeatResponse{std::move(wire.context)};
    case WireKind::kTransferLeader: return TransferRequest{};
    case WireKind::kTimeoutNow: return TimeoutNow{};
    case WireKind::kReadIndex: {
      TRY_ASSIGN(SharedBytes context, read_context(wire));
      return ReadIndexRequest{std::move(context)};
    }
    case WireKind::kReadIndexResp: {
      TRY_ASSIGN(SharedBytes context, read_context(wire));
      return ReadIndexResponse{LogIndex(wire.index), std::move(context)};
    }
  }
  return fail(Errc::kUnsupported, "raftpb.Message: type " + std::to_string(wire.kind));
}

}  // namespace

void encode(const ConfChangeV2& change, std::string& out) {
  WireWriter writer(out);
  writer.varint_if(1, static_cast<std::uint64_t>(change.transition));
  for (const ConfChangeSingle& single : change.changes) {
    std::string bytes;
    WireWriter inner(bytes);
    inner.varint(1, static_cast<std::uint64_t>(single.type));
    inner.varint(2, single.node_id.value);
    writer.bytes(2, bytes);
  }
  writer.bytes_if(3, change.context.view());
}

namespace {

Result<ConfChangeSingle> decode_single(std::string_view bytes) {
  ConfChangeSingle single;
  WireReader reader(bytes);
  while (auto field = reader.next()) {
    if (field->type != WireType::kVarint) continue;
    if (field->number == 1 && field->varint > static_cast<std::uint64_t>(ConfChangeType::kAddLearnerNode)) {
      return fail(Errc::kInvalid, "raftpb.ConfChangeSingle: unknown type");
    }
    if (field->number == 1) single.type = static_cast<ConfChangeType>(field->varint);
    if (field->number == 2) single.node_id = MemberId(field->varint);
  }
  if (reader.failed()) return fail(Errc::kInvalid, "raftpb.ConfChangeSingle: malformed");
  return single;
}

}  // namespace

Result<ConfChangeV2> decode_conf_change_v2(const SharedBytes& bytes) {
  ConfChangeV2 change;
  WireReader reader(bytes.view());
  while (auto field = reader.next()) {
    if (field->number == 1 && field->type == WireType::kVarint) {
      if (field->varint > static_cast<std::uint64_t>(ConfChangeTransition::kJointExplicit)) {
        return fail(Errc::kInvalid, "raftpb.ConfChangeV2: unknown transition");
      }
      change.transition = static_cast<ConfChangeTransition>(field->varint);
    } else if (field->number == 2 && field->type == WireType::kBytes) {
      TRY_ASSIGN(ConfChangeSingle single, decode_single(field->bytes));
      change.changes.push_back(single);
    } else if (field->number == 3 && field->type == WireType::kBytes) {
      change.context = bytes.slice(field->bytes);
    }
  }
  if (reader.failed()) return fail(Errc::kInvalid, "raftpb.ConfChangeV2: malformed");
  return change;
}

void encode(const Message& message, base::Rope& out) { std::visit(Encoder{message, out}, message.body); }

Result<Message> decode_message(const SharedBytes& bytes) {
  TRY_ASSIGN(WireMessage wire, read_wire(bytes));
  TRY_ASSIGN(MessageBody body, body_of(wire));
  return Message{MemberId(wire.from), MemberId(wire.to), Term(wire.term), std::move(body)};
}

}  // namespace etcd::raft
