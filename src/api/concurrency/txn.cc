#include "api/concurrency/txn.h"

#include <charconv>
#include <utility>

#include "api/wire_fields.h"
#include "apply/request.h"
#include "base/wire.h"

namespace etcd::api {

namespace {

using base::WireField;
using base::WireType;
using base::WireWriter;

// Kinds of RequestOp.
constexpr std::uint32_t kRange = 1, kPut = 2, kDeleteRange = 3;

std::string op(std::uint32_t kind, const std::string& request) {
  std::string out;
  WireWriter(out).bytes(kind, request);
  return out;
}

std::string encode_compare(std::string_view key, Revision created) {
  std::string out;
  WireWriter writer(out);
  writer.varint(2, static_cast<std::uint64_t>(apply::CompareTarget::kCreate));
  writer.bytes_if(3, key);
  writer.int64(5, created.value);
  return out;
}

Result<std::string_view> first_kv(std::string_view response_op) {
  std::string_view kv;
  TRY(read_fields(response_op, [&](const WireField& field) {
    if (!is_field(field, kRange, WireType::kBytes)) return;
    base::WireReader range(field.bytes);
    while (const auto inner = range.next()) {
      if (kv.empty() && is_field(*inner, 2, WireType::kBytes)) kv = inner->bytes;
    }
  }));
  return kv;
}

}  // namespace

std::string put_op(std::string_view key, std::string_view value, LeaseId lease) {
  std::string out;
  WireWriter writer(out);
  writer.bytes_if(1, key);
  writer.bytes_if(2, value);
  writer.int64_if(3, lease.value);
  return op(kPut, out);
}

std::string get_op(std::string_view key) {
  std::string out;
  WireWriter(out).bytes_if(1, key);
  return op(kRange, out);
}

std::string delete_op(std::string_view key) {
  std::string out;
  WireWriter(out).bytes_if(1, key);
  return op(kDeleteRange, out);
}

std::string oldest_op(std::string_view prefix) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, prefix);
  writer.bytes(2, prefix_end(prefix));
  writer.int64(3, 1);
  writer.varint(5, static_cast<std::uint64_t>(apply::SortOrder::kAscend));
  writer.varint(6, static_cast<std::uint64_t>(apply::SortTarget::kCreate));
  return op(kRange, out);
}

std::string encode(const CreatedTxn& txn) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, encode_compare(txn.key, txn.created));
  for (const std::string& one : txn.success) writer.bytes(2, one);
  for (const std::string& one : txn.failure) writer.bytes(3, one);
  return out;
}

Result<TxnAnswer> decode_txn_answer(base::SharedBytes response) {
  TxnAnswer answer;
  answer.bytes = std::move(response);
  std::vector<std::string_view> ops;
  TRY(read_fields(answer.bytes.view(), [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes)) answer.header = field.bytes;
    if (is_field(field, 2, WireType::kVarint)) answer.succeeded = field.as_bool();
    if (is_field(field, 3, WireType::kBytes)) ops.push_back(field.bytes);
  }));
  TRY(read_fields(answer.header, [&](const WireField& field) {
    if (is_field(field, 3, WireType::kVarint)) answer.revision = Revision(field.as_int64());
  }));
  for (const std::string_view one : ops) {
    TRY_ASSIGN(const std::string_view kv, first_kv(one));
    answer.first_kvs.push_back(kv);
  }
  return answer;
}

std::string prefix_end(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty()) {
    if (end.back() != '\xff') {
      end.back() = static_cast<char>(static_cast<unsigned char>(end.back()) + 1);
      return end;
    }
    end.pop_back();
  }
  return std::string(1, '\0');
}

std::string contender_key(std::string_view prefix, LeaseId lease) {
  char text[24];
  const auto end = std::to_chars(text, text + sizeof text, lease.value, 16).ptr;
  return std::string(prefix).append(text, end);
}

}  // namespace etcd::api
