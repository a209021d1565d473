// Kv: etcd's KV service. Each method checks what the client asks for, then reads the node's newest state or proposes the bytes as they came.
//
// Handlers run on the loops; answers to proposals come from the node's threads. Requests and responses are bytes throughout: no message object
// is built.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "api/long_reads.h"
#include "api/quota_gate.h"
#include "api/replies.h"
#include "apply/request.h"
#include "rpc/service.h"

namespace etcd::api {

class Kv {
 public:
  // All must outlive it.
  Kv(Context& context, Gate& gate, Callers& callers, const QuotaGate& quota, const Replies& replies)
      : context_(context), gate_(gate), callers_(callers), quota_(quota), replies_(replies), long_reads_(context, callers, replies) {}

  void register_methods(Methods& methods);

  void range(rpc::UnaryCall call);
  void put(rpc::UnaryCall call);
  void delete_range(rpc::UnaryCall call);
  void txn(rpc::UnaryCall call);
  void compact(rpc::UnaryCall call);

 private:
  using Read = void (*)(Kv& kv, rpc::UnaryCall call);

  bool may_read_now(bool serializable);
  // Calls `read` on this loop once the newest view is linearizable.
  void after_barrier(rpc::UnaryCall call, RequestType type, Read read);
  void range_now(rpc::UnaryCall call, const apply::RangeRequest& request);
  void txn_now(rpc::UnaryCall call, apply::TxnRequest request);
  void propose(rpc::UnaryCall call, RequestType type, node::RequestKind kind);
  void wait_for_compaction(rpc::UnaryCall call, base::Rope response);

  Context& context_;
  Gate& gate_;
  Callers& callers_;
  const QuotaGate& quota_;
  const Replies& replies_;
  LongReads long_reads_;
};

}  // namespace etcd::api
