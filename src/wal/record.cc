#include "wal/record.h"

#include <bit>
#include <cstring>

#include "base/crc32c.h"
#include "base/wire.h"
#include "raft/codec.h"

namespace etcd::wal {

namespace {

using base::WireField;
using base::WireReader;
using base::WireType;
using base::WireWriter;

static_assert(std::endian::native == std::endian::little, "numbers in frames are little endian");

constexpr std::size_t kMarkerBytes = 16;
constexpr std::uint64_t kLengthMask = (std::uint64_t{1} << 56) - 1;
constexpr std::size_t kKeepBytes = std::size_t{1} << 20;  // a larger buffer is given back after use

std::uint64_t load_number(std::string_view bytes) {
  std::uint64_t number = 0;
  std::memcpy(&number, bytes.data(), sizeof number);
  return number;
}

void append_number(std::string& out, std::uint64_t number) {
  out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

bool is_varint(const WireField& field, std::uint32_t number) {
  return field.number == number && field.type == WireType::kVarint;
}

}  // namespace

std::string Marker::encode() const {
  std::string bytes;
  append_number(bytes, key);
  append_number(bytes, offset);
  return bytes;
}

std::optional<Marker> Marker::decode(const Record& record) {
  if (!record.is(RecordType::kCrc) || record.data.size() != kMarkerBytes) return std::nullopt;
  return Marker{load_number(record.data), load_number(record.data.substr(8))};
}

FrameSize FrameSize::decode(std::string_view head) {
  const std::uint64_t field = load_number(head);
  const bool padded = field >> 63 != 0;
  return {field & kLengthMask, padded ? field >> 56 & 7 : 0};
}

std::optional<Record> decode_record(std::string_view bytes) {
  Record record;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (is_varint(*field, 1)) record.type = field->varint;
    if (is_varint(*field, 2)) record.crc = static_cast<std::uint32_t>(field->varint);
    if (field->number == 3 && field->type == WireType::kBytes) record.data = field->bytes;
  }
  if (reader.failed()) return std::nullopt;
  return record;
}

void encode(const Metadata& metadata, std::string& out) {
  WireWriter writer(out);
  writer.varint(1, metadata.member.value);
  writer.varint(2, metadata.cluster.value);
}

// etcd gives the first snapshot, of nothing, no configuration.
void encode(const Snapshot& snapshot, std::string& out) {
  WireWriter writer(out);
  writer.varint(1, snapshot.index.value);
  writer.varint(2, snapshot.term.value);
  if (snapshot.index == LogIndex(0)) return;
  std::string conf_state;
  raft::encode(snapshot.conf_state, conf_state);
  writer.bytes(3, conf_state);
}

Result<Metadata> decode_metadata(std::string_view bytes) {
  Metadata metadata;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (is_varint(*field, 1)) metadata.member = MemberId(field->varint);
    if (is_varint(*field, 2)) metadata.cluster = ClusterId(field->varint);
  }
  if (reader.failed()) return fail(Errc::kCorrupt, "wal: malformed metadata record");
  return metadata;
}

Result<Snapshot> decode_snapshot(std::string_view bytes) {
  Snapshot snapshot;
  WireReader reader(bytes);
  while (const auto field = reader.next()) {
    if (is_varint(*field, 1)) snapshot.index = LogIndex(field->varint);
    if (is_varint(*field, 2)) snapshot.term = Term(field->varint);
    if (field->number != 3 || field->type != WireType::kBytes) continue;
    auto conf_state = raft::decode_conf_state(field->bytes);
    if (!conf_state) return fail(Errc::kCorrupt, "wal: malformed snapshot record");
    snapshot.conf_state = std::move(*conf_state);
  }
  if (reader.failed()) return fail(Errc::kCorrupt, "wal: malformed snapshot record");
  return snapshot;
}

void FrameWriter::append(RecordType type, std::string_view head, std::string_view body) {
  crc_ = base::crc32c(base::crc32c(crc_, head), body);
  append_frame(type, head, body);
}

void FrameWriter::append_crc(std::string_view data) { append_frame(RecordType::kCrc, data, {}); }

void FrameWriter::append_frame(RecordType type, std::string_view head, std::string_view body) {
  const std::size_t frame = bytes_.size();
  append_number(bytes_, 0);
  WireWriter writer(bytes_);
  writer.varint(1, static_cast<std::uint64_t>(type));
  writer.varint(2, crc_);
  if (!head.empty() || !body.empty()) writer.bytes_header(3, head.size() + body.size());
  bytes_.append(head).append(body);

  const std::uint64_t record = bytes_.size() - frame - kFrameHeadBytes;
  const std::uint64_t padding = (kFrameAlignment - record % kFrameAlignment) % kFrameAlignment;
  const std::uint64_t field = record | (padding != 0 ? (0x80 | padding) << 56 : 0);
  std::memcpy(&bytes_[frame], &field, sizeof field);
  bytes_.append(padding, '\0');
}

void FrameWriter::clear() {
  bytes_.clear();
  if (bytes_.capacity() > kKeepBytes) bytes_.shrink_to_fit();
}

}  // namespace etcd::wal
