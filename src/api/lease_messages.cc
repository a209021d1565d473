#include "api/lease_messages.h"

#include <string>
#include <utility>

#include "api/wire_fields.h"
#include "base/wire.h"

namespace etcd::api {

using base::WireField;
using base::WireType;
using base::WireWriter;

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

}  // namespace etcd::api
