// Lane: what the services keep for one event loop, so that the requests of one pass share it: the loop's Proposer and one look at the node.
//
// Owner of a Lane: its loop's thread. Lanes is built before the loops run and finds the lane of the thread that asks.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "api/auth/caller.h"
#include "api/leader_leases.h"
#include "api/loop_hub.h"
#include "apply/response.h"
#include "auth/view_cell.h"
#include "base/metrics.h"
#include "node/node.h"
#include "rpc/loop.h"

namespace etcd::api {

class Lane {
 public:
  Lane(rpc::Loop& loop, node::Node& node, const Options& options, const WatchMetrics& metrics);

  rpc::Loop& loop() { return loop_; }
  watch::Hub& hub() { return hub_.hub(); }
  // Gathers; the loop hands over at the end of the pass.
  void propose(node::Proposal proposal) { proposer_->propose(std::move(proposal)); }
  // Likewise.
  node::LeaseQuestions& leases() { return leases_; }

  // As of this pass.
  const node::NodeStatus& status();
  const node::DbStatus& db_status();
  // The newest there is. Until the next call.
  const auth::View& users() { return users_.get(); }
  CallerMemory& callers() { return callers_; }
  // With revision 0.
  apply::ResponseHeader header();

  // Series of etcd_server_client_requests_total by client version, looked up without a lock.
  struct RequestCounts {
    std::string last_version;
    base::Counter last;
    std::unordered_map<std::string, base::Counter> by_version;
  };
  RequestCounts unary_counts;
  RequestCounts stream_counts;

 private:
  void end_pass();

  rpc::Loop& loop_;
  node::Node& node_;
  LoopHub hub_;
  std::unique_ptr<node::Proposer> proposer_;
  LeaderLeases leases_;
  auth::ViewReader users_;
  CallerMemory callers_;
  node::NodeStatus status_;
  node::DbStatus db_status_;
  bool status_is_fresh_ = false;
  bool db_status_is_fresh_ = false;
};

class Lanes {
 public:
  // All must outlive it. Before the loops run.
  Lanes(const std::vector<rpc::Loop*>& loops, node::Node& node, const Options& options, const WatchMetrics& metrics);

  // The lane of the loop whose thread this is; CHECKs that there is one.
  Lane& here();
  Lane& first() { return *lanes_.front(); }
  const std::vector<std::unique_ptr<Lane>>& all() const { return lanes_; }

 private:
  std::vector<std::unique_ptr<Lane>> lanes_;
};

}  // namespace etcd::api
