// LoopHub: a loop's watch::Hub, stepped on that loop whenever there is something to tell.
//
// Owner: the loop's Lane. Steps of the hub are tasks of the loop, one at a time: between two of them the loop serves its connections.
#pragma once

#include <cstdint>

#include "base/metrics.h"
#include "node/node.h"
#include "rpc/loop.h"
#include "rpc/timer_wheel.h"
#include "watch/hub.h"
#include "watch/pace.h"

namespace etcd::api {

// What all loops count together, with etcd's names.
struct WatchMetrics {
  explicit WatchMetrics(base::Metrics& metrics);

  watch::HubMetrics hub;
  // How long a step took in which events were told, and that for each event; a request of a stream; a tick of progress notices.
  base::Histogram step_seconds;
  base::Histogram event_seconds;
  base::Histogram control_seconds;
  base::Histogram progress_seconds;
};

class LoopHub : private watch::Host {
 public:
  // All must outlive it. Before the loop runs.
  LoopHub(rpc::Loop& loop, node::Node& node, const WatchMetrics& metrics);
  ~LoopHub() override;
  LoopHub(const LoopHub&) = delete;
  LoopHub& operator=(const LoopHub&) = delete;

  watch::Hub& hub() { return hub_; }

 private:
  mvcc::ReadViewRef view() override { return node_.view(); }
  void wake() override;
  void run();
  void step();
  void await_history(std::int64_t now_ns);

  rpc::Loop& loop_;
  node::Node& node_;
  const WatchMetrics& metrics_;
  watch::Hub hub_;
  bool is_scheduled_ = false;
  watch::Pace pace_;
  rpc::Timer pause_;  // until the next slice of history
  node::ViewSignal signal_;
};

}  // namespace etcd::api
