#include "api/concurrency/messages.h"

#include <utility>

#include "api/wire_fields.h"
#include "base/wire.h"

namespace etcd::api {

namespace {

using base::WireField;
using base::WireType;
using base::WireWriter;

// Parts of a message that comes several times are one, as in protobuf.
Status merge_leader(std::string_view bytes, std::optional<LeaderKey>& leader) {
  if (!leader) leader.emplace();
  return read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes)) leader->name = field.bytes;
    if (is_field(field, 2, WireType::kBytes)) leader->key = field.bytes;
    if (is_field(field, 3, WireType::kVarint)) leader->revision = Revision(field.as_int64());
    if (is_field(field, 4, WireType::kVarint)) leader->lease = LeaseId(field.as_int64());
  });
}

Result<std::string_view> decode_one_field(std::string_view bytes) {
  std::string_view value;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes)) value = field.bytes;
  }));
  return value;
}

}  // namespace

Result<LockRequest> decode_lock(std::string_view bytes) {
  LockRequest request;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes)) request.name = field.bytes;
    if (is_field(field, 2, WireType::kVarint)) request.lease = LeaseId(field.as_int64());
  }));
  return request;
}

Result<std::string_view> decode_unlock(std::string_view bytes) { return decode_one_field(bytes); }

Result<CampaignRequest> decode_campaign(std::string_view bytes) {
  CampaignRequest request;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes)) request.name = field.bytes;
    if (is_field(field, 2, WireType::kVarint)) request.lease = LeaseId(field.as_int64());
    if (is_field(field, 3, WireType::kBytes)) request.value = field.bytes;
  }));
  return request;
}

Result<ProclaimRequest> decode_proclaim(std::string_view bytes) {
  ProclaimRequest request;
  Status leader_read;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes) && leader_read) leader_read = merge_leader(field.bytes, request.leader);
    if (is_field(field, 2, WireType::kBytes)) request.value = field.bytes;
  }));
  TRY(std::move(leader_read));
  return request;
}

Result<std::string_view> decode_leader(std::string_view bytes) { return decode_one_field(bytes); }

Result<std::optional<LeaderKey>> decode_resign(std::string_view bytes) {
  std::optional<LeaderKey> leader;
  Status leader_read;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kBytes) && leader_read) leader_read = merge_leader(field.bytes, leader);
  }));
  TRY(std::move(leader_read));
  return leader;
}

base::Rope encode_lock(std::string_view header, std::string_view key) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, header);
  writer.bytes_if(2, key);
  return base::Rope(std::move(out));
}

base::Rope encode_only_header(std::string_view header) {
  std::string out;
  WireWriter(out).bytes(1, header);
  return base::Rope(std::move(out));
}

base::Rope encode_campaign(std::string_view header, const LeaderKey& leader) {
  std::string inner;
  WireWriter fields(inner);
  fields.bytes_if(1, leader.name);
  fields.bytes_if(2, leader.key);
  fields.int64_if(3, leader.revision.value);
  fields.int64_if(4, leader.lease.value);
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, header);
  writer.bytes(2, inner);
  return base::Rope(std::move(out));
}

base::Rope encode_leader(std::string_view header, std::string_view kv) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, header);
  writer.bytes(2, kv);
  return base::Rope(std::move(out));
}

}  // namespace etcd::api
