// LeasePages: what a leader is asked about leases by the other members, over the peer port (/leases, /leases/internal). See LeaderLeases for who asks.
//
// Owner: Api; on the peer port's loop.
#pragma once

#include <memory>

#include "node/node.h"
#include "rpc/http.h"
#include "rpc/loop.h"

namespace etcd::api {

class LeasePages {
 public:
  // `loop`: the one that calls; it does not run yet.
  LeasePages(node::Node& node, rpc::Loop& loop);

  static bool serves(const std::string& path);
  // 200 with a protobuf; 400 what can't be read, or who asks a member that does not lead; 404 there is no such lease; 405; 408 the node can't tell in time;
  // 413. With etcd's texts.
  void serve(const rpc::HttpRequest& request, rpc::HttpResponder responder);

 private:
  void renew(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void describe(const rpc::HttpRequest& request, rpc::HttpResponder responder);

  std::unique_ptr<node::LeaseQuestions> questions_;
};

}  // namespace etcd::api
