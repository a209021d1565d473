#include "api/cluster_service.h"

#include <utility>

#include "api/errors.h"
#include "api/messages.h"
#include "api/unsupported.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.Cluster";

}  // namespace

void ClusterService::register_methods(rpc::ServiceTable& table) {
  table.add(kService, "MemberList", [this](rpc::UnaryCall call) { member_list(std::move(call)); });
  const Unsupported unsupported(gate_, replies_);
  for (const char* method : {"MemberAdd", "MemberRemove", "MemberUpdate", "MemberPromote"}) {
    unsupported.add_unary(table, kService, method, "changing the membership");
  }
}

void ClusterService::member_list(rpc::UnaryCall call) {
  const auto linearizable = decode_member_list(call.request().view());
  if (!linearizable) return replies_.refuse(std::move(call), malformed_request(linearizable.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!*linearizable) return list_now(std::move(call));
  rpc::Loop& loop = context_.lanes.here().loop();
  const std::int64_t deadline_ns = call.info().deadline_ns;
  context_.node.read_barrier(deadline_ns, [this, &loop, call = std::move(call)](Status barrier) mutable {
    if (!barrier) return replies_.answer(std::move(call), RequestType::kOther, fail(barrier.error()));
    loop.post([this, call = std::move(call)]() mutable { list_now(std::move(call)); });
  });
}

// The header has no revision: membership is none of the key space's.
void ClusterService::list_now(rpc::UnaryCall call) {
  replies_.answer(std::move(call), RequestType::kOther,
                  encode_member_list(context_.lanes.here().header(), context_.node.cluster()->members));
}

}  // namespace etcd::api
