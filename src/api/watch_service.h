// WatchService: etcd's Watch service. Each stream is a WatchSession on the hub of its loop.
#pragma once

#include <memory>
#include <vector>

#include "api/context.h"
#include "api/gate.h"
#include "api/watch_session.h"
#include "rpc/service.h"

namespace etcd::api {

class WatchService {
 public:
  // All must outlive it. Before the loops run.
  WatchService(Context& context, Gate& gate, Callers& callers);

  void register_methods(Methods& methods);
  void watch(rpc::StreamCall call);
  // The node is stopping: ends all streams. Any thread.
  void stop();

 private:
  WatchLane& here();

  Gate& gate_;
  std::vector<std::unique_ptr<WatchLane>> lanes_;
};

}  // namespace etcd::api
