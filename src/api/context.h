// What every service works with. All of it outlives the services.
#pragma once

#include "api/api.h"
#include "api/api_metrics.h"
#include "api/lane.h"
#include "base/clock.h"
#include "base/log.h"
#include "node/node.h"

namespace etcd::api {

struct Context {
  node::Node& node;
  const Options& options;
  Lanes& lanes;
  ApiMetrics& metrics;
  const WatchMetrics& watch_metrics;
  base::Clock& clock;
  base::Logger& logger;
};

}  // namespace etcd::api
