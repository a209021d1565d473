// The messages of the Lock and Election services, by hand as those of api/messages.h. Headers and key-values go through as the bytes they are.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"

namespace etcd::api {

// Requests; views into the bytes they were decoded from. kInvalid for what is not protobuf.
struct LockRequest {
  std::string_view name;
  LeaseId lease;
};
Result<LockRequest> decode_lock(std::string_view bytes);
// The key.
Result<std::string_view> decode_unlock(std::string_view bytes);

struct LeaderKey {
  std::string_view name;
  std::string_view key;
  Revision revision;
  LeaseId lease;
};
struct CampaignRequest {
  std::string_view name;
  LeaseId lease;
  std::string_view value;
};
Result<CampaignRequest> decode_campaign(std::string_view bytes);
struct ProclaimRequest {
  std::optional<LeaderKey> leader;
  std::string_view value;
};
Result<ProclaimRequest> decode_proclaim(std::string_view bytes);
// The election's name. Also of an Observe.
Result<std::string_view> decode_leader(std::string_view bytes);
Result<std::optional<LeaderKey>> decode_resign(std::string_view bytes);

// Responses. `header`: an encoded ResponseHeader.
base::Rope encode_lock(std::string_view header, std::string_view key);
// UnlockResponse, ProclaimResponse, ResignResponse: nothing but a header.
base::Rope encode_only_header(std::string_view header);
base::Rope encode_campaign(std::string_view header, const LeaderKey& leader);
// `kv`: an encoded KeyValue.
base::Rope encode_leader(std::string_view header, std::string_view kv);

}  // namespace etcd::api
