// --feature-gates=InitialCorruptCheck=true: a member compares its data with the others' before it serves anybody.
#pragma once

#include "base/log.h"
#include "base/result.h"
#include "node/local_node.h"
#include "server/ask_now.h"

namespace etcd::server {

// Before any stage of `node` has been stepped; asks the other members over the network and blocks, up to `limit_ns` for each of their URLs. kCorrupt with
// etcd's text if one of them has other data at the same revision, with the same history below it. Who does not answer does not count.
Status check_corruption_at_start(node::LocalNode& node, std::int64_t limit_ns, const MemberTls& tls, base::Logger& logger);

}  // namespace etcd::server
