// The members of a new cluster: as --initial-cluster names them, or as this member finds them when it starts for the first time.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"
#include "node/local_node.h"
#include "server/config.h"

namespace etcd::server {

// The flags leave it to --discovery-endpoints or --discovery-srv.
bool finds_members(const Config& config);
// What --initial-cluster says; of a member that still has to find the others, only itself.
std::string initial_cluster_text(const Config& config);
// For who finds_members() and has no data: sets the initial cluster of `start`, and its token. Blocks: with --discovery-endpoints until all members are there.
Status find_first_members(const Config& config, base::Logger& logger, node::StartOptions& start);

}  // namespace etcd::server
