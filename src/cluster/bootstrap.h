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
  MemberId local_id = {};
  std::vector<Member> members =
      {};  // by id; the log of a new cluster begins with one conf change for each, in this order

  const Member& local() const;
};

// Parses "name=url,name=url,...": a name may come several times, each adding a URL. kInvalid for a pair without '=' or
// an empty side. URLs are sorted within a member, members by name; that they are URLs is the configuration's check.
Result<std::vector<InitialMember>> parse_initial_cluster(std::string_view text);
// The opposite: pairs sorted.
std::string to_string(const std::vector<InitialMember>& initial);

// What must hold before a new cluster is made, in etcd's order and with its texts (kInvalid): the local name is among
// the initial members, with the peer URLs that this member advertises; no URL twice; not empty. URLs are compared as
// text: who wants host names and addresses to match resolves them before.
Status check_initial_cluster(const std::vector<InitialMember>& initial, std::string_view local_name,
                             std::vector<std::string> advertised_peer_urls);

// The members, their ids and the cluster's, for a new cluster that passed check_initial_cluster. Every member computes
// the same from the same
// --initial-cluster and token. kInvalid if two members get one id.
Result<Bootstrap> bootstrap(const std::vector<InitialMember>& initial, std::string_view token,
                            std::string_view local_name);

// Joining: takes over ids from the running cluster's members, matched by their sets of peer URLs. kInvalid with etcd's
// text "member count is unequal" or "PeerURLs: no match found for existing member (...)".
Result<Bootstrap> match_existing(const std::vector<InitialMember>& initial, ClusterId cluster_id,
                                 const std::vector<Member>& existing, std::string_view local_name);

}  // namespace etcd::cluster
