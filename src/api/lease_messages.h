// The messages of the Lease service that are no requests of the log, read and written by hand as those of messages.h.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apply/response.h"
#include "base/bytes.h"
#include "base/result.h"
#include "node/node.h"

namespace etcd::api {

// Where the leader's peer port takes requests about leases.
inline constexpr const char* kLeasesPath = "/leases";                    // a LeaseKeepAliveRequest
inline constexpr const char* kLeaseInternalPath = "/leases/internal";  // a LeaseInternalRequest: a LeaseTimeToLiveRequest in its field 1

// Requests. kInvalid for what is not protobuf.
Result<LeaseId> decode_lease_keep_alive(std::string_view bytes);
struct LeaseTimeToLiveRequest {
  LeaseId id;
  bool keys = false;
};
Result<LeaseTimeToLiveRequest> decode_lease_time_to_live(std::string_view bytes);
Result<LeaseTimeToLiveRequest> decode_lease_internal(std::string_view bytes);

// Responses. A TTL of 0: there is no such lease.
base::Rope encode_lease_keep_alive(const apply::ResponseHeader& header, LeaseId id, std::int64_t ttl_s);
base::Rope encode_lease_time_to_live(const apply::ResponseHeader& header, LeaseId id, const node::LeaseDescription& lease);
base::Rope encode_lease_leases(const apply::ResponseHeader& header, const std::vector<LeaseId>& leases);
// Without a header, as the leader answers other members.
std::string encode_lease_internal_response(LeaseId id, const node::LeaseDescription& lease);

// What other members ask the leader, and read in its answer.
std::string encode_lease_keep_alive_request(LeaseId id);
std::string encode_lease_internal(const LeaseTimeToLiveRequest& request);
struct RenewedLease {
  LeaseId id;
  std::int64_t ttl_s = 0;
};
Result<RenewedLease> decode_lease_keep_alive_response(std::string_view bytes);
struct DescribedLease {
  LeaseId id;
  node::LeaseDescription lease;
};
Result<DescribedLease> decode_lease_internal_response(std::string_view bytes);

}  // namespace etcd::api
