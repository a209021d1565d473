#include "apply/response.h"

#include "apply/txn_response.h"
#include "base/wire.h"
#include "mvcc/range.h"

namespace etcd::apply {

namespace {

using base::Rope;
using base::WireWriter;

// The messages of a KV response share their first field.
constexpr std::uint32_t kHeaderField = 1;

std::string header_field(const ResponseHeader& header) {
  std::string out;
  WireWriter(out).bytes(kHeaderField, encode_header(header));
  return out;
}

void append_bytes_field(Rope& out, std::uint32_t field, std::string_view bytes) {
  std::string tag;
  WireWriter(tag).bytes_header(field, bytes.size());
  out.append(tag);
  out.append(bytes);
}

}  // namespace

std::string encode_header(const ResponseHeader& header) {
  std::string out;
  WireWriter writer(out);
  writer.varint_if(1, header.cluster.value);
  writer.varint_if(2, header.member.value);
  writer.int64_if(3, header.revision.value);
  writer.varint_if(4, header.term.value);
  return out;
}

Rope encode_range_response(const ResponseHeader& header, const mvcc::RangeResult& result) {
  Rope out(range_response_start(header));
  std::string tag;
  for (const std::string_view kv : result.kvs) {
    tag.clear();
    append_range_kv_tag(tag, kv.size());
    out.append(tag);
    out.append(kv);
  }
  out.append(range_response_end(result));
  return out;
}

std::string range_response_start(const ResponseHeader& header) { return header_field(header); }

void append_range_kv_tag(std::string& out, std::size_t kv_bytes) { WireWriter(out).bytes_header(2, kv_bytes); }

std::string range_response_end(const mvcc::RangeResult& result) {
  std::string out;
  WireWriter writer(out);
  writer.bool_if(3, result.more);
  writer.int64_if(4, result.count);
  return out;
}

Rope encode_put_response(const ResponseHeader& header, std::optional<std::string_view> prev_kv) {
  Rope out(header_field(header));
  if (prev_kv) append_bytes_field(out, 2, *prev_kv);
  return out;
}

Rope encode_delete_range_response(const ResponseHeader& header, std::int64_t deleted,
                                  const std::vector<std::string_view>& prev_kvs) {
  std::string start = header_field(header);
  WireWriter(start).int64_if(2, deleted);
  Rope out(std::move(start));
  for (const std::string_view kv : prev_kvs) append_bytes_field(out, 3, kv);
  return out;
}

Rope encode_lease_grant_response(const ResponseHeader& header, LeaseId id, std::int64_t ttl_s) {
  std::string out = header_field(header);
  WireWriter writer(out);
  writer.int64_if(2, id.value);
  writer.int64_if(3, ttl_s);
  return Rope(std::move(out));
}

Rope encode_alarm_response(const ResponseHeader& header, const std::vector<cluster::Alarm>& alarms) {
  std::string out = header_field(header);
  WireWriter writer(out);
  for (const cluster::Alarm& alarm : alarms) {
    std::string member;
    WireWriter inner(member);
    inner.varint_if(1, alarm.member.value);
    inner.int64_if(2, static_cast<std::int64_t>(alarm.type));
    writer.bytes(2, member);
  }
  return Rope(std::move(out));
}

Rope encode_auth_status_response(const ResponseHeader& header, bool enabled, std::uint64_t revision) {
  std::string out = header_field(header);
  WireWriter writer(out);
  writer.bool_if(2, enabled);
  writer.varint_if(3, revision);
  return Rope(std::move(out));
}

Rope encode_authenticate_response(const ResponseHeader& header, std::string_view token) {
  std::string out = header_field(header);
  WireWriter(out).bytes_if(2, token);
  return Rope(std::move(out));
}

Rope encode_names_response(const ResponseHeader& header, const std::vector<std::string_view>& names) {
  std::string out = header_field(header);
  for (const std::string_view name : names) WireWriter(out).bytes(2, name);
  return Rope(std::move(out));
}

Rope encode_role_get_response(const ResponseHeader& header, const std::vector<auth::Permission>& permissions) {
  std::string out = header_field(header);
  for (const auth::Permission& permission : permissions) WireWriter(out).bytes(2, auth::encode(permission));
  return Rope(std::move(out));
}

Rope encode_header_response(const ResponseHeader& header) {
  return Rope(header_field(header));
}

void append_response_op(Rope& responses, TxnOp::Kind kind, Rope response) {
  std::string response_tag;
  if (kind != TxnOp::Kind::kNone)
    WireWriter(response_tag).bytes_header(static_cast<std::uint32_t>(kind), response.size());
  std::string op_tag;
  WireWriter(op_tag).bytes_header(3, response_tag.size() + response.size());
  responses.append(op_tag + response_tag);
  responses.append(std::move(response));
}

Rope encode_txn_response(const ResponseHeader& header, bool succeeded, Rope responses) {
  std::string start = header_field(header);
  WireWriter(start).bool_if(2, succeeded);
  Rope out(std::move(start));
  out.append(std::move(responses));
  return out;
}

}  // namespace etcd::apply
