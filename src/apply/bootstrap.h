// The first entries of a new cluster's log.
#pragma once

#include <vector>

#include "cluster/bootstrap.h"
#include "raft/types.h"

namespace etcd::apply {

// One ConfChangeAddNode for each member in order of ids, from index 1 on, all of term 1: byte for byte what every
// member of a Go cluster begins its log with. They count as committed.
std::vector<raft::Entry> bootstrap_entries(const std::vector<cluster::Member>& members);

}  // namespace etcd::apply
