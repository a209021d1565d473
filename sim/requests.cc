#include "sim/requests.h"

#include <charconv>

#include "base/wire.h"
#include "mvcc/key_value.h"

namespace etcd::sim {

namespace {

using base::WireField;
using base::WireReader;
using base::WireWriter;

std::string message(std::string_view bytes, std::uint32_t field) {
  std::string out;
  WireWriter(out).bytes(field, bytes);
  return out;
}

std::int64_t header_revision(std::string_view header) {
  constexpr std::uint32_t kRevision = 3;
  WireReader reader(header);
  while (auto field = reader.next()) {
    if (field->number == kRevision) return field->as_int64();
  }
  return 0;
}

// The key-value of a RangeResponse of one key.
void read_range(std::string_view response, Answer& answer) {
  constexpr std::uint32_t kKvs = 2;
  WireReader reader(response);
  while (auto field = reader.next()) {
    if (field->number != kKvs) continue;
    const auto kv = mvcc::decode_key_value(field->bytes);
    if (!kv) continue;
    answer.seen = value_number(kv->value);
    answer.mod_revision = kv->mod_revision.value;
  }
}

}  // namespace

std::string key_name(int key) { return "key-" + std::to_string(key); }

std::string value_text(std::uint64_t number, std::size_t bytes) {
  std::string text = std::to_string(number) + ":";
  if (text.size() < bytes) text.append(bytes - text.size(), static_cast<char>('a' + number % 26));
  return text;
}

std::uint64_t value_number(std::string_view text) {
  std::uint64_t number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

std::string put_request(int key, std::string_view value) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, key_name(key));
  writer.bytes_if(2, value);
  return out;
}

std::string delete_request(int key) { return message(key_name(key), 1); }

std::string swap_request(int key, const std::optional<std::string>& expected, std::string_view value) {
  constexpr std::uint64_t kVersion = 0, kValue = 3;
  std::string compare;
  WireWriter writer(compare);
  writer.varint_if(2, expected ? kValue : kVersion);
  writer.bytes(3, key_name(key));
  if (expected) {
    writer.bytes(7, *expected);
  } else {
    writer.int64(4, 0);
  }
  std::string out = message(compare, 1);
  out += message(message(put_request(key, value), 2), 2);
  out += message(message(message(key_name(key), 1), 1), 3);
  return out;
}

std::string put_both_request(std::string_view first, std::string_view second, LeaseId lease) {
  std::string out;
  for (const std::string_view key : {first, second}) {
    std::string put;
    WireWriter writer(put);
    writer.bytes(1, key);
    writer.bytes(2, "held");
    writer.int64(3, lease.value);
    out += message(message(put, 2), 2);
  }
  return out;
}

std::string compaction_request(Revision revision) {
  std::string out;
  WireWriter(out).int64(1, revision.value);
  return out;
}

Answer read_put_answer(std::string_view bytes) {
  Answer answer;
  WireReader reader(bytes);
  while (auto field = reader.next()) {
    if (field->number == 1) answer.revision = header_revision(field->bytes);
  }
  return answer;
}

Answer read_delete_answer(std::string_view bytes) {
  Answer answer = read_put_answer(bytes);
  WireReader reader(bytes);
  while (auto field = reader.next()) {
    if (field->number == 2) answer.did = field->as_int64() > 0;
  }
  return answer;
}

Answer read_swap_answer(std::string_view bytes) {
  Answer answer = read_put_answer(bytes);
  WireReader reader(bytes);
  while (auto field = reader.next()) {
    if (field->number == 2) answer.did = field->as_bool();
    if (field->number != 3) continue;
    WireReader op(field->bytes);
    while (auto response = op.next()) {
      if (response->number == 1) read_range(response->bytes, answer);
    }
  }
  return answer;
}

}  // namespace etcd::sim
