// run: one etcd server from its configuration to its end.
#pragma once

#include "base/log.h"
#include "server/config.h"

namespace etcd::server {

// Builds everything, serves until SIGTERM or SIGINT, ends in order. Returns the exit code. Call on the main thread before any other thread exists,
// since it blocks the signals that it waits for.
int run(const Config& config, base::Logger& logger);

}  // namespace etcd::server
