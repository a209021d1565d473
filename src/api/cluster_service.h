// ClusterService: etcd's Cluster service. Lists the members; changing them is refused until clusters of several members are there.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class ClusterService {
 public:
  // All must outlive it.
  ClusterService(Context& context, Gate& gate, const Replies& replies) : context_(context), gate_(gate), replies_(replies) {}

  void register_methods(rpc::ServiceTable& table);

  void member_list(rpc::UnaryCall call);

 private:
  void list_now(rpc::UnaryCall call);

  Context& context_;
  Gate& gate_;
  const Replies& replies_;
};

}  // namespace etcd::api
