// EventLoop: what of a member's I/O threads its watchers live on - a watch::Hub, and when it is stepped: soon after the node has published something, or
// a client has asked for something, one step at a time.
//
// Owner: the Member, one for each of its lives.
#pragma once

#include "base/rng.h"
#include "node/local_node.h"
#include "sim/scheduler.h"
#include "watch/hub.h"

namespace etcd::sim {

class Member;

class EventLoop : private watch::Host {
 public:
  // `member` has a node, which goes after this.
  EventLoop(Member& member, Scheduler& scheduler, std::uint64_t seed);
  ~EventLoop() override;

  // Only inside Member::run().
  watch::Hub& hub() { return hub_; }

 private:
  mvcc::ReadViewRef view() override;
  void wake() override;
  void run();

  Member& member_;
  node::LocalNode& node_;
  Scheduler& scheduler_;
  base::Rng rng_;
  watch::Hub hub_;
  bool is_scheduled_ = false;
  node::ViewSignal signal_;
};

}  // namespace etcd::sim
