// Joining a cluster that runs: what its members say about it, asked before this member has anything.
#pragma once

#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "cluster/bootstrap.h"
#include "server/ask_now.h"

namespace etcd::server {

// For --initial-cluster-state=existing and a member without data: asks the other members of --initial-cluster for the list of members and takes over its
// ids. Blocks, up to 10 s for each URL. kInvalid with etcd's texts if nobody answers, if the answer does not fit the flags, or if this program's version does
// not fit in with the cluster's.
Result<cluster::Bootstrap> find_cluster(const std::vector<cluster::InitialMember>& initial, const std::string& local_name, const MemberTls& tls,
                                        base::Logger& logger);

// For a new cluster of several: kInvalid with etcd's text if another member says that this one has been there before - then its data was lost, and a vote
// it has given may be forgotten.
Status check_not_bootstrapped(const std::vector<cluster::InitialMember>& initial, const cluster::Bootstrap& bootstrap, const MemberTls& tls);

}  // namespace etcd::server
