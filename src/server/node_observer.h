// make_node_observer: where the node's timings and counts go, by etcd's names, help texts and buckets.
#pragma once

#include "base/metrics.h"
#include "lease/lessor.h"
#include "node/local_node.h"

namespace etcd::server {

// `metrics` must outlive the observer. Also registers the families that stay at zero on a member without peers.
node::NodeObserver make_node_observer(base::Metrics& metrics);

// What leases count; likewise.
lease::LessorMetrics make_lessor_metrics(base::Metrics& metrics);

}  // namespace etcd::server
