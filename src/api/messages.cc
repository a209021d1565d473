#include "api/messages.h"

#include "api/wire_fields.h"
#include "base/wire.h"

namespace etcd::api {

namespace {

using base::WireField;
using base::WireWriter;

void append_header(std::string& out, const apply::ResponseHeader& header) { WireWriter(out).bytes(1, apply::encode_header(header)); }

std::string encode_member(const cluster::Member& member) {
  std::string out;
  WireWriter writer(out);
  writer.varint_if(1, member.id.value);
  writer.bytes_if(2, member.name);
  for (const std::string& url : member.peer_urls) writer.bytes(3, url);
  for (const std::string& url : member.client_urls) writer.bytes(4, url);
  writer.bool_if(5, member.is_learner);
  return out;
}

std::string encode_downgrade_info(const cluster::Downgrade& downgrade) {
  std::string out;
  WireWriter writer(out);
  writer.bool_if(1, downgrade.enabled);
  writer.bytes_if(2, downgrade.target_version);
  return out;
}

std::string health_bytes(Health health) {
  std::string out;
  WireWriter(out).varint(1, static_cast<std::uint64_t>(health));
  return out;
}

}  // namespace

Result<DowngradeRequest> decode_downgrade(std::string_view bytes) {
  DowngradeRequest request;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kVarint)) request.action = static_cast<DowngradeRequest::Action>(field.as_int32());
    if (is_field(field, 2, base::WireType::kBytes)) request.version = field.bytes;
  }));
  if (!base::is_utf8(request.version)) return fail(Errc::kInvalid, "string field contains invalid UTF-8");
  return request;
}

Result<Revision> decode_hash_kv(std::string_view bytes) {
  Revision revision;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kVarint)) revision = Revision(field.as_int64());
  }));
  return revision;
}

Result<MemberId> decode_move_leader(std::string_view bytes) {
  MemberId target;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kVarint)) target = MemberId(field.varint);
  }));
  return target;
}

Result<bool> decode_member_list(std::string_view bytes) {
  bool linearizable = false;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kVarint)) linearizable = field.as_bool();
  }));
  return linearizable;
}

// No two of the four requests use a field of one number and one wire type differently.
Result<MemberChangeRequest> decode_member_change(std::string_view bytes) {
  MemberChangeRequest request;
  bool is_text = true;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kVarint)) request.id = MemberId(field.varint);
    if (is_field(field, 2, base::WireType::kVarint)) request.is_learner = field.as_bool();
    if (!is_field(field, 1, base::WireType::kBytes) && !is_field(field, 2, base::WireType::kBytes)) return;
    is_text = is_text && base::is_utf8(field.bytes);
    request.peer_urls.emplace_back(field.bytes);
  }));
  if (!is_text) return fail(Errc::kInvalid, "string field contains invalid UTF-8");
  return request;
}

Result<std::string> decode_health_check(std::string_view bytes) {
  std::string service;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, base::WireType::kBytes)) service = field.bytes;
  }));
  if (!base::is_utf8(service)) return fail(Errc::kInvalid, "string field contains invalid UTF-8");
  return service;
}

Status decode_empty(std::string_view bytes) {
  return read_fields(bytes, [](const WireField&) {});
}

base::Rope encode_status(const StatusAnswer& answer) {
  std::string out;
  append_header(out, answer.header);
  WireWriter writer(out);
  writer.bytes_if(2, answer.version);
  writer.int64_if(3, answer.db.size);
  writer.varint_if(4, answer.node.leader.value);
  writer.varint_if(5, answer.node.committed.value);
  writer.varint_if(6, answer.node.term.value);
  writer.varint_if(7, answer.node.applied.value);
  for (const std::string& error : answer.errors) writer.bytes(8, error);
  writer.int64_if(9, answer.db.in_use);
  writer.bool_if(10, answer.node.is_learner);
  writer.bytes_if(11, answer.db.storage_version);
  writer.int64_if(12, answer.quota_bytes);
  writer.bytes(13, encode_downgrade_info(answer.downgrade));
  return base::Rope(std::move(out));
}

base::Rope encode_hash(const apply::ResponseHeader& header, std::uint32_t hash) {
  std::string out;
  append_header(out, header);
  WireWriter(out).varint_if(2, hash);
  return base::Rope(std::move(out));
}

base::Rope encode_hash_kv(const apply::ResponseHeader& header, const node::HashKvResult& result) {
  std::string out;
  append_header(out, header);
  WireWriter writer(out);
  writer.varint_if(2, result.hash);
  writer.int64_if(3, result.compact_revision.value);
  writer.int64_if(4, result.hash_revision.value);
  return base::Rope(std::move(out));
}

base::Rope encode_snapshot(std::uint64_t remaining_bytes, base::SharedBytes blob, std::string_view version) {
  std::string front;
  WireWriter front_writer(front);
  front_writer.varint_if(2, remaining_bytes);
  if (!blob.empty()) front_writer.bytes_header(3, blob.size());
  std::string back;
  WireWriter(back).bytes_if(4, version);
  base::Rope out;
  out.append(front);
  out.append(std::move(blob));
  out.append(back);
  return out;
}

base::Rope encode_member_list(const apply::ResponseHeader& header, const std::vector<cluster::Member>& members) {
  std::string out;
  append_header(out, header);
  for (const cluster::Member& member : members) WireWriter(out).bytes(2, encode_member(member));
  return base::Rope(std::move(out));
}

base::Rope encode_member_add(const apply::ResponseHeader& header, const cluster::Member& added, const std::vector<cluster::Member>& members) {
  std::string out;
  append_header(out, header);
  WireWriter(out).bytes(2, encode_member(added));
  for (const cluster::Member& member : members) WireWriter(out).bytes(3, encode_member(member));
  return base::Rope(std::move(out));
}

base::Rope encode_downgrade(const apply::ResponseHeader& header, std::string_view version) {
  std::string out;
  append_header(out, header);
  WireWriter(out).bytes_if(2, version);
  return base::Rope(std::move(out));
}

base::Rope encode_health(Health health) { return base::Rope(health_bytes(health)); }

base::Rope encode_health_list(Health health) {
  std::string entry;
  WireWriter(entry).bytes(2, health_bytes(health));
  std::string out;
  WireWriter(out).bytes(1, entry);
  return base::Rope(std::move(out));
}

// A type that nobody knows, which a request may well ask for, goes by its number.
std::string name_of(cluster::AlarmType type) {
  switch (type) {
    case cluster::AlarmType::kNone: return "NONE";
    case cluster::AlarmType::kNoSpace: return "NOSPACE";
    case cluster::AlarmType::kCorrupt: return "CORRUPT";
  }
  return std::to_string(static_cast<std::int32_t>(type));
}

std::string describe(const cluster::Alarm& alarm) {
  std::string out;
  if (alarm.member != MemberId()) out += "memberID:" + std::to_string(alarm.member.value);
  if (alarm.type != cluster::AlarmType::kNone) out.append(out.empty() ? "" : " ").append("alarm:").append(name_of(alarm.type));
  return out;
}

}  // namespace etcd::api
