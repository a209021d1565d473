// LeaseService: etcd's Lease service. Grants and revocations go through the log; renewals and questions go to the lessor of the leader, those of all
// streams of a loop together (node.h: LeaseQuestions).
//
// Handlers run on the loops, answers to questions come back to them.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "api/open_streams.h"
#include "api/quota_gate.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class LeaseService {
 public:
  // All must outlive it.
  LeaseService(Context& context, Gate& gate, Callers& callers, const QuotaGate& quota, const Replies& replies)
      : context_(context), gate_(gate), callers_(callers), quota_(quota), replies_(replies) {}

  void register_methods(Methods& methods);
  // Ends the keep-alive streams; any thread.
  void stop() { streams_.stop(); }

  void grant(rpc::UnaryCall call);
  void revoke(rpc::UnaryCall call);
  void time_to_live(rpc::UnaryCall call);
  void leases(rpc::UnaryCall call);
  void keep_alive(rpc::StreamCall call);

 private:
  void list(rpc::UnaryCall call);
  void propose(rpc::UnaryCall call, RequestType type, node::RequestKind kind, base::SharedBytes request);

  Context& context_;
  Gate& gate_;
  Callers& callers_;
  const QuotaGate& quota_;
  const Replies& replies_;
  OpenStreams streams_;
};

}  // namespace etcd::api
