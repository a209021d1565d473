// The membership as JSON of etcd's v2 store: the `data` of every raft snapshot. etcd 3.7 writes it and no longer reads
// it; 3.6 and etcd's own tools do, so it must be byte for byte what Go writes.
#pragma once

#include <string>

#include "cluster/cluster.h"

namespace etcd::cluster {

// Members in the order of their ids. (Go walks a map: its bytes differ from run to run in the *Index numbers, ours do
// not.)
std::string v2_store_json(const View& view);

}  // namespace etcd::cluster
