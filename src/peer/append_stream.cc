#include "peer/append_stream.h"

#include <string>
#include <utility>
#include <variant>

#include "base/wire.h"
#include "peer/message_stream.h"
#include "raft/codec.h"
#include "raft/message_codec.h"

namespace etcd::peer {

namespace {

constexpr char kHeartbeatType = 0;
constexpr char kEntriesType = 1;
constexpr char kMessageType = 2;
constexpr std::uint32_t kDataField = 4;              // of raftpb.Entry, its last
constexpr std::uint64_t kMaxEntries = 1 << 20;       // of one request; members send at most about 1 MiB
constexpr std::size_t kCopiedBytes = 1024;           // payloads up to here are cheaper to copy than to share

void append_type(char type, base::Rope& out) { out.append(std::string_view(&type, 1)); }

void append_entry(const raft::Entry& entry, base::Rope& out) {
  std::string text;
  if (entry.data.size() <= kCopiedBytes) {
    raft::encode(entry, text);
    append_number(text.size(), out);
    return out.append(std::string_view(text));
  }
  raft::encode(raft::Entry{entry.term, entry.index, entry.type, {}}, text);
  base::WireWriter(text).bytes_header(kDataField, entry.data.size());
  append_number(text.size() + entry.data.size(), out);
  out.append(std::string_view(text));
  out.append(entry.data);
}

LogIndex end_of(const raft::AppendRequest& request) { return request.entries.empty() ? request.prev_index : request.entries.back().index; }

}  // namespace

void AppendEncoder::encode_link_heartbeat(base::Rope& out) { append_type(kHeartbeatType, out); }

void AppendEncoder::encode(const raft::Message& message, base::Rope& out) {
  const auto& request = std::get<raft::AppendRequest>(message.body);
  const bool continues = at_.index == request.prev_index && at_.term == request.prev_term && request.prev_term == message.term;
  if (continues) {
    append_type(kEntriesType, out);
    append_number(request.entries.size(), out);
    for (const raft::Entry& entry : request.entries) append_entry(entry, out);
    append_number(request.commit.value, out);
  } else {
    append_type(kMessageType, out);
    encode_framed(message, out);
  }
  at_ = {message.term, end_of(request)};
}

Status AppendDecoder::decode(base::SharedBytes bytes, std::vector<raft::Message>& out) {
  feed_.add(std::move(bytes));
  for (;;) {
    TRY_ASSIGN(const bool went_on, step(out));
    if (!went_on) return {};
  }
}

// False when more bytes are needed.
Result<bool> AppendDecoder::step(std::vector<raft::Message>& out) {
  switch (next_) {
    case Next::kType: return take_type();
    case Next::kCount: return take_count();
    case Next::kEntryLength: return take_length(Next::kEntry);
    case Next::kEntry: return take_entry();
    case Next::kCommit: return take_commit(out);
    case Next::kMessageLength: return take_length(Next::kMessage);
    case Next::kMessage: return take_message(out);
  }
  return false;
}

Result<bool> AppendDecoder::take_type() {
  const auto type = feed_.take(1);
  if (!type) return false;
  switch (type->view().front()) {
    case kHeartbeatType: return true;
    case kEntriesType: next_ = Next::kCount; break;
    case kMessageType: next_ = Next::kMessageLength; break;
    default: return fail(Errc::kInvalid, "unhandled message type in msgappv2 stream");
  }
  request_bytes_ = 0;
  return true;
}

Result<bool> AppendDecoder::take_count() {
  const auto count = feed_.take_number();
  if (!count) return false;
  if (at_.term == Term(0)) return fail(Errc::kInvalid, "entries that follow no append request");
  if (*count > kMaxEntries) return fail(Errc::kInvalid, "an append request of " + std::to_string(*count) + " entries");
  entries_left_ = *count;
  entries_.clear();
  next_ = entries_left_ == 0 ? Next::kCommit : Next::kEntryLength;
  return true;
}

Result<bool> AppendDecoder::take_length(Next then) {
  const auto length = feed_.take_number();
  if (!length) return false;
  if (*length > kMaxMessageBytes - request_bytes_) return fail(Errc::kInvalid, "an append request of over 512 MB");
  request_bytes_ += *length;
  length_ = *length;
  next_ = then;
  return true;
}

Result<bool> AppendDecoder::take_entry() {
  const auto encoded = feed_.take(length_);
  if (!encoded) return false;
  TRY_ASSIGN(raft::Entry entry, raft::decode_entry(*encoded));
  if (entry.index != at_.index.next()) return fail(Errc::kInvalid, "an append request whose entries are not consecutive");
  at_.index = entry.index;
  entries_.push_back(std::move(entry));
  next_ = --entries_left_ == 0 ? Next::kCommit : Next::kEntryLength;
  return true;
}

bool AppendDecoder::take_commit(std::vector<raft::Message>& out) {
  const auto commit = feed_.take_number();
  if (!commit) return false;
  const LogIndex before(at_.index.value - entries_.size());
  raft::AppendRequest request{before, at_.term, LogIndex(*commit), raft::Entries(std::exchange(entries_, {}))};
  out.push_back({from_, to_, at_.term, std::move(request)});
  next_ = Next::kType;
  return true;
}

Result<bool> AppendDecoder::take_message(std::vector<raft::Message>& out) {
  const auto encoded = feed_.take(length_);
  if (!encoded) return false;
  next_ = Next::kType;
  TRY_ASSIGN(raft::Message message, raft::decode_message(*encoded));
  const auto* request = std::get_if<raft::AppendRequest>(&message.body);
  if (request == nullptr) return fail(Errc::kInvalid, "a message other than an append request in the msgappv2 stream");
  at_ = {message.term, end_of(*request)};
  out.push_back(std::move(message));
  return true;
}

}  // namespace etcd::peer
