// The messages of the Lease service that are no requests of the log, read and written by hand as those of messages.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "apply/response.h"
#include "base/bytes.h"
#include "base/result.h"
#include "node/node.h"

namespace etcd::api {

// Requests. kInvalid for what is not protobuf.
Result<LeaseId> decode_lease_keep_alive(std::string_view bytes);
struct LeaseTimeToLiveRequest {
  LeaseId id;
  bool keys = false;
};
Result<LeaseTimeToLiveRequest> decode_lease_time_to_live(std::string_view bytes);

// Responses. A TTL of 0: there is no such lease.
base::Rope encode_lease_keep_alive(const apply::ResponseHeader& header, LeaseId id, std::int64_t ttl_s);
base::Rope encode_lease_time_to_live(const apply::ResponseHeader& header, LeaseId id, const node::LeaseDescription& lease);
base::Rope encode_lease_leases(const apply::ResponseHeader& header, const std::vector<LeaseId>& leases);

}  // namespace etcd::api
