// The first membership of a cluster, from --initial-cluster.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/result.h"
#include "cluster/member.h"

namespace etcd::cluster {

// --initial-cluster as parsed: each member's name with its peer URLs.
struct InitialMember {
  std::string name;
  std::vector<std::string> peer_urls;
};

struct Bootstrap {
  ClusterId cluster_id;
  MemberId local_id;
  std::vector<Member> members;  // by id; the log of a new cluster begins with one conf change for each, in this order

  const Member& local() const;
};

// Parses "name=url,name=url,...": a name may come several times, each adding a URL. kInvalid for a pair without '=' or an empty side. URLs are
// sorted within a member, members by name; whether they are URLs at all is the configuration's check.
Result<std::vector<InitialMember>> parse_initial_cluster(std::string_view text);

// The members, their ids and the cluster's, for a new cluster. Every member computes the same from the same --initial-cluster and token.
// kInvalid with etcd's text: no member, `local_name` missing, a URL given twice, two members with one id.
Result<Bootstrap> bootstrap(const std::vector<InitialMember>& initial, std::string_view token, std::string_view local_name);

// Joining: takes over ids from the running cluster's members, matched by their sets of peer URLs. kInvalid "member count is unequal" or
// "PeerURLs: no match found for existing member (...)".
Result<Bootstrap> match_existing(const std::vector<InitialMember>& initial, ClusterId cluster_id, const std::vector<Member>& existing,
                                 std::string_view local_name);

}  // namespace etcd::cluster
