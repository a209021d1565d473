// Where member and cluster ids come from: SHA-1 over URLs and ids. They are computed once, at bootstrap or addition,
// and frozen from then on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"

namespace etcd::cluster {

// The id of a member with these peer URLs (any order). At bootstrap `token` is --initial-cluster-token; a member added
// at run time has an empty token and the time of its addition.
MemberId member_id(std::vector<std::string> peer_urls, std::string_view token,
                   std::optional<std::int64_t> added_at_unix_s = std::nullopt);
// The id of a cluster that starts with these members (any order).
ClusterId cluster_id(std::vector<MemberId> members);

}  // namespace etcd::cluster
