// The small messages of the API, read and written by hand: fields in order, zeros left out, as Go writes them. The tests read them back with
// protobuf's own classes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "apply/response.h"
#include "base/bytes.h"
#include "base/result.h"
#include "cluster/cluster.h"
#include "node/node.h"

namespace etcd::api {

// Requests. kInvalid for what is not protobuf.
struct DowngradeRequest {
  enum class Action : std::int32_t { kValidate = 0, kEnable = 1, kCancel = 2 };
  Action action = Action::kValidate;  // any number, as sent
  std::string version;
};
Result<DowngradeRequest> decode_downgrade(std::string_view bytes);
Result<Revision> decode_hash_kv(std::string_view bytes);
Result<MemberId> decode_move_leader(std::string_view bytes);
// Whether the list is to be linearizable.
Result<bool> decode_member_list(std::string_view bytes);
// MemberAdd, -Remove, -Update, -Promote: each has some of these.
struct MemberChangeRequest {
  MemberId id;
  std::vector<std::string> peer_urls;
  bool is_learner = false;
};
Result<MemberChangeRequest> decode_member_change(std::string_view bytes);
// The service asked about.
Result<std::string> decode_health_check(std::string_view bytes);
// A request without fields that matter here.
Status decode_empty(std::string_view bytes);

// Responses.
struct StatusAnswer {
  apply::ResponseHeader header;
  std::string version;
  node::NodeStatus node;
  node::DbStatus db;
  std::int64_t quota_bytes = 0;
  cluster::Downgrade downgrade;
  std::vector<std::string> errors;
};
base::Rope encode_status(const StatusAnswer& answer);
base::Rope encode_hash(const apply::ResponseHeader& header, std::uint32_t hash);
base::Rope encode_hash_kv(const apply::ResponseHeader& header, const node::HashKvResult& result);
// The blob is shared, not copied.
base::Rope encode_snapshot(std::uint64_t remaining_bytes, base::SharedBytes blob, std::string_view version);
base::Rope encode_member_list(const apply::ResponseHeader& header, const std::vector<cluster::Member>& members);
base::Rope encode_member_add(const apply::ResponseHeader& header, const cluster::Member& added, const std::vector<cluster::Member>& members);
base::Rope encode_downgrade(const apply::ResponseHeader& header, std::string_view version);

enum class Health : std::uint8_t { kServing = 1, kNotServing = 2, kServiceUnknown = 3 };
base::Rope encode_health(Health health);
// The only service is "".
base::Rope encode_health_list(Health health);

// "memberID:5 alarm:NOSPACE": an alarm as Status lists it.
std::string describe(const cluster::Alarm& alarm);
std::string name_of(cluster::AlarmType type);

}  // namespace etcd::api
