#include "api/lane.h"

#include "base/check.h"

namespace etcd::api {

Lane::Lane(rpc::Loop& loop, node::Node& node, const Options& options, const WatchMetrics& metrics)
    : loop_(loop),
      node_(node),
      hub_(loop, node, metrics),
      proposer_(node.make_proposer()),
      leases_(node.make_lease_questions([&loop](rpc::Loop::Task answers) { loop.post(std::move(answers)); }), node, options, loop),
      users_(node.auth_views()) {
  loop_.at_end_of_pass([this] { end_pass(); });
}

void Lane::end_pass() {
  proposer_->submit();
  leases_.submit();
  status_is_fresh_ = false;
  db_status_is_fresh_ = false;
}

const node::NodeStatus& Lane::status() {
  if (!status_is_fresh_) status_ = node_.status();
  status_is_fresh_ = true;
  return status_;
}

const node::DbStatus& Lane::db_status() {
  if (!db_status_is_fresh_) db_status_ = node_.db_status();
  db_status_is_fresh_ = true;
  return db_status_;
}

apply::ResponseHeader Lane::header() {
  const node::NodeStatus& now = status();
  return {.cluster = now.cluster_id, .member = now.member_id, .revision = {}, .term = now.term};
}

Lanes::Lanes(const std::vector<rpc::Loop*>& loops, node::Node& node, const Options& options, const WatchMetrics& metrics) {
  CHECK(!loops.empty());
  for (rpc::Loop* loop : loops) lanes_.push_back(std::make_unique<Lane>(*loop, node, options, metrics));
}

Lane& Lanes::here() {
  for (const auto& lane : lanes_) {
    if (lane->loop().runs_here()) return *lane;
  }
  CHECK(false, "not on a loop's thread");
  return *lanes_.front();
}

}  // namespace etcd::api
