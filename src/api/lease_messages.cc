#include "api/lease_messages.h"

#include <string>
#include <utility>

#include "api/wire_fields.h"
#include "base/wire.h"

namespace etcd::api {

using base::WireField;
using base::WireType;
using base::WireWriter;

namespace {

constexpr std::uint32_t kWrapped = 1;  // the field of the one message in LeaseInternalRequest and LeaseInternalResponse

std::string wrap(std::string_view message) {
  std::string out;
  WireWriter(out).bytes(kWrapped, message);
  return out;
}

Result<std::string_view> unwrap(std::string_view bytes) {
  std::string_view message;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, kWrapped, WireType::kBytes)) message = field.bytes;
  }));
  return message;
}

}  // namespace

Result<LeaseId> decode_lease_keep_alive(std::string_view bytes) {
  LeaseId id;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kVarint)) id = LeaseId(field.as_int64());
  }));
  return id;
}

Result<LeaseTimeToLiveRequest> decode_lease_time_to_live(std::string_view bytes) {
  LeaseTimeToLiveRequest request;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 1, WireType::kVarint)) request.id = LeaseId(field.as_int64());
    if (is_field(field, 2, WireType::kVarint)) request.keys = field.as_bool();
  }));
  return request;
}

Result<LeaseTimeToLiveRequest> decode_lease_internal(std::string_view bytes) {
  TRY_ASSIGN(const std::string_view message, unwrap(bytes));
  return decode_lease_time_to_live(message);
}

base::Rope encode_lease_keep_alive(const apply::ResponseHeader& header, LeaseId id, std::int64_t ttl_s) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, apply::encode_header(header));
  writer.int64_if(2, id.value);
  writer.int64_if(3, ttl_s);
  return base::Rope(std::move(out));
}

base::Rope encode_lease_time_to_live(const apply::ResponseHeader& header, LeaseId id, const node::LeaseDescription& lease) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, apply::encode_header(header));
  writer.int64_if(2, id.value);
  writer.int64_if(3, lease.left_s);
  writer.int64_if(4, lease.granted_s);
  for (const std::string& key : lease.keys) writer.bytes(5, key);
  return base::Rope(std::move(out));
}

base::Rope encode_lease_leases(const apply::ResponseHeader& header, const std::vector<LeaseId>& leases) {
  std::string out;
  WireWriter writer(out);
  writer.bytes(1, apply::encode_header(header));
  for (const LeaseId id : leases) {
    std::string status;
    WireWriter(status).int64_if(1, id.value);
    writer.bytes(2, status);
  }
  return base::Rope(std::move(out));
}

std::string encode_lease_internal_response(LeaseId id, const node::LeaseDescription& lease) {
  return wrap(encode_lease_time_to_live({}, id, lease).flatten());
}

std::string encode_lease_keep_alive_request(LeaseId id) {
  std::string out;
  WireWriter(out).int64_if(1, id.value);
  return out;
}

std::string encode_lease_internal(const LeaseTimeToLiveRequest& request) {
  std::string out;
  WireWriter writer(out);
  writer.int64_if(1, request.id.value);
  writer.bool_if(2, request.keys);
  return wrap(out);
}

Result<RenewedLease> decode_lease_keep_alive_response(std::string_view bytes) {
  RenewedLease renewed;
  TRY(read_fields(bytes, [&](const WireField& field) {
    if (is_field(field, 2, WireType::kVarint)) renewed.id = LeaseId(field.as_int64());
    if (is_field(field, 3, WireType::kVarint)) renewed.ttl_s = field.as_int64();
  }));
  return renewed;
}

Result<DescribedLease> decode_lease_internal_response(std::string_view bytes) {
  TRY_ASSIGN(const std::string_view message, unwrap(bytes));
  DescribedLease described;
  TRY(read_fields(message, [&](const WireField& field) {
    if (is_field(field, 2, WireType::kVarint)) described.id = LeaseId(field.as_int64());
    if (is_field(field, 3, WireType::kVarint)) described.lease.left_s = field.as_int64();
    if (is_field(field, 4, WireType::kVarint)) described.lease.granted_s = field.as_int64();
    if (is_field(field, 5, WireType::kBytes)) described.lease.keys.emplace_back(field.bytes);
  }));
  return described;
}

}  // namespace etcd::api
