#include "mvcc/key_value.h"

#include <cstring>

#include "base/check.h"
#include "base/wire.h"

namespace etcd::mvcc {
namespace {

enum Field : std::uint32_t { kKey = 1, kCreateRevision = 2, kModRevision = 3, kVersion = 4, kValue = 5, kLease = 6 };

// Every field number is below 16, so a tag is one byte.
constexpr std::size_t kTagBytes = 1;

std::size_t bytes_size(std::string_view bytes) {
  return bytes.empty() ? 0 : kTagBytes + base::varint_size(bytes.size()) + bytes.size();
}

std::size_t number_size(std::int64_t number) {
  return number == 0 ? 0 : kTagBytes + base::varint_size(static_cast<std::uint64_t>(number));
}

char* write_varint(char* out, std::uint64_t value) {
  while (value >= 0x80) {
    *out++ = static_cast<char>(value | 0x80);
    value >>= 7;
  }
  *out++ = static_cast<char>(value);
  return out;
}

char* write_tag(char* out, Field field, base::WireType type) {
  *out++ = static_cast<char>(field << 3 | static_cast<std::uint32_t>(type));
  return out;
}

char* write_bytes(char* out, Field field, std::string_view bytes) {
  if (bytes.empty()) return out;
  out = write_varint(write_tag(out, field, base::WireType::kBytes), bytes.size());
  std::memcpy(out, bytes.data(), bytes.size());
  return out + bytes.size();
}

char* write_number(char* out, Field field, std::int64_t number) {
  if (number == 0) return out;
  return write_varint(write_tag(out, field, base::WireType::kVarint), static_cast<std::uint64_t>(number));
}

void set_field(KeyValue& kv, const base::WireField& field) {
  if (field.type == base::WireType::kBytes) {
    if (field.number == kKey) kv.key = field.bytes;
    if (field.number == kValue) kv.value = field.bytes;
  } else if (field.type == base::WireType::kVarint) {
    if (field.number == kCreateRevision) kv.create_revision = Revision(field.as_int64());
    if (field.number == kModRevision) kv.mod_revision = Revision(field.as_int64());
    if (field.number == kVersion) kv.version = field.as_int64();
    if (field.number == kLease) kv.lease = LeaseId(field.as_int64());
  }
}

}  // namespace

std::size_t encoded_size(const KeyValue& kv) {
  return bytes_size(kv.key) + number_size(kv.create_revision.value) + number_size(kv.mod_revision.value) +
         number_size(kv.version) + bytes_size(kv.value) + number_size(kv.lease.value);
}

char* encode_to(char* out, const KeyValue& kv) {
  out = write_bytes(out, kKey, kv.key);
  out = write_number(out, kCreateRevision, kv.create_revision.value);
  out = write_number(out, kModRevision, kv.mod_revision.value);
  out = write_number(out, kVersion, kv.version);
  out = write_bytes(out, kValue, kv.value);
  return write_number(out, kLease, kv.lease.value);
}

void append_encoded(std::string& out, const KeyValue& kv) {
  const std::size_t start = out.size();
  out.resize(start + encoded_size(kv));
  const char* end = encode_to(out.data() + start, kv);
  CHECK(end == out.data() + out.size(), out.size());
}

Result<KeyValue> decode_key_value(std::string_view bytes) {
  KeyValue kv;
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) set_field(kv, *field);
  if (reader.failed()) return fail(Errc::kCorrupt, "malformed KeyValue of " + std::to_string(bytes.size()) + " bytes");
  return kv;
}

}  // namespace etcd::mvcc
