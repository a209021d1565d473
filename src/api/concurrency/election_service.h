// ElectionService: v3electionpb.Election. The leader is the oldest key under the election's name, its value what it proclaims.
//
// As LockService. On the loops.
#pragma once

#include "api/concurrency/contender.h"
#include "api/concurrency/local_client.h"
#include "api/concurrency/messages.h"
#include "api/concurrency/stop_hooks.h"
#include "api/gate.h"
#include "rpc/service.h"

namespace etcd::api {

class ElectionService {
 public:
  // All must outlive it.
  ElectionService(Context& context, Gate& gate, Callers& callers, const Replies& replies)
      : context_(context), gate_(gate), callers_(callers), replies_(replies) {}

  void register_methods(Methods& methods);
  // Ends campaigns that wait, and observations; any thread.
  void stop() { stops_.stop(); }

  void campaign(rpc::UnaryCall call);
  void proclaim(rpc::UnaryCall call);
  void leader(rpc::UnaryCall call);
  void observe(rpc::StreamCall call, base::SharedBytes request);
  void resign(rpc::UnaryCall call);

 private:
  LocalClient client_for(const rpc::CallInfo& info) { return {context_, callers_, callers_.caller(info)}; }
  bool admit(rpc::UnaryCall& call);
  // Does one thing to the leader's key if it is still the one that was created when the caller says.
  void change_leader(rpc::UnaryCall call, const CreatedTxn& txn, const char* error_if_not);
  void answer_leader(rpc::UnaryCall call, std::string_view prefix);

  Context& context_;
  Gate& gate_;
  Callers& callers_;
  const Replies& replies_;
  StopHooks stops_;
};

}  // namespace etcd::api
