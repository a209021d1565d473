// PeerPages: what members ask each other over the peer port beside raft's own traffic.
//
// Owner: Api; called on the peer port's loop.
#pragma once

#include "api/auth/callers.h"
#include "api/membership_changes.h"
#include "base/log.h"
#include "node/node.h"
#include "rpc/http.h"

namespace etcd::api {

class PeerPages {
 public:
  // All must outlive it.
  PeerPages(node::Node& node, MembershipChanges& changes, const Callers& callers, base::Logger& logger)
      : node_(node), changes_(changes), callers_(callers), logger_(logger) {}

  // /members, /members/hashkv, /members/promote/, /version, /downgrade/enabled; 404 for the rest.
  void serve(rpc::HttpRequest request, rpc::HttpResponder responder);

 private:
  rpc::HttpResponse members(const rpc::HttpRequest& request) const;
  void hash_kv(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void downgrade_enabled(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  void promote(const rpc::HttpRequest& request, rpc::HttpResponder responder);
  rpc::HttpFields cluster_field() const;

  node::Node& node_;
  MembershipChanges& changes_;
  const Callers& callers_;
  base::Logger& logger_;
};

}  // namespace etcd::api
