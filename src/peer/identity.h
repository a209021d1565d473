// Who this member is to the others, and whether a request may come from one of them. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "cluster/member.h"
#include "rpc/http.h"

namespace etcd::peer {

struct Identity {
  ClusterId cluster;
  MemberId member;
  std::vector<std::string> peer_urls;  // where the others reach this member
};

// The fields by which a request says where it comes from: cluster, member, versions, URLs.
rpc::HttpFields request_fields(const Identity& identity);
// Why a request is refused with status 412: "incompatible version" or "cluster ID mismatch"; nothing if it may be served.
std::optional<std::string_view> refusal(const Identity& identity, const rpc::Metadata& fields);

// "8e9e05c52164694d" -> its id; nothing for what is none.
std::optional<std::uint64_t> parse_hex_id(std::string_view text);
using cluster::to_hex;  // the other way round

}  // namespace etcd::peer
