// The responses of the KV, Lease, Maintenance and Auth services, encoded straight to bytes. Key-values are spliced in as they
// are stored.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "apply/request.h"
#include "auth/records.h"
#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "cluster/alarms.h"

namespace etcd::mvcc {
class ReadView;
struct RangeOptions;
struct RangeResult;
}  // namespace etcd::mvcc

namespace etcd::apply {

// ResponseHeader. Zero fields are left out, as proto3 does.
struct ResponseHeader {
  ClusterId cluster = {};
  MemberId member = {};
  Revision revision = {};
  Term term = {};
};

// `count` is left out where it is zero; key-values of `result` are copied or shared, so it may go afterwards.
base::Rope encode_range_response(const ResponseHeader& header, const mvcc::RangeResult& result);
// The same in parts: the start, each key-value's tag before its bytes, the end.
std::string range_response_start(const ResponseHeader& header);
void append_range_kv_tag(std::string& out, std::size_t kv_bytes);
std::string range_response_end(const mvcc::RangeResult& result);
base::Rope encode_put_response(const ResponseHeader& header, std::optional<std::string_view> prev_kv);
base::Rope encode_delete_range_response(const ResponseHeader& header, std::int64_t deleted,
                                        const std::vector<std::string_view>& prev_kvs);
base::Rope encode_lease_grant_response(const ResponseHeader& header, LeaseId id, std::int64_t ttl_s);
base::Rope encode_alarm_response(const ResponseHeader& header, const std::vector<cluster::Alarm>& alarms);
base::Rope encode_auth_status_response(const ResponseHeader& header, bool enabled, std::uint64_t revision);
// An empty token is left out: the api appends a signed one as field 2.
base::Rope encode_authenticate_response(const ResponseHeader& header, std::string_view token);
// AuthUserGetResponse, AuthUserListResponse, AuthRoleListResponse: names of roles or users.
base::Rope encode_names_response(const ResponseHeader& header, const std::vector<std::string_view>& names);
base::Rope encode_role_get_response(const ResponseHeader& header, const std::vector<auth::Permission>& permissions);
// CompactionResponse, LeaseRevokeResponse, LeaseCheckpointResponse, the other AuthResponses: nothing but a header.
base::Rope encode_header_response(const ResponseHeader& header);

// The bytes of ResponseHeader alone, for those who build other messages around it.
std::string encode_header(const ResponseHeader& header);

}  // namespace etcd::apply
