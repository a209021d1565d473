// LockService: v3lockpb.Lock. A lock is the oldest key under its name; each contender's is "name/<lease in hex>".
//
// etcd makes it of a client of its own inside the server; here it stands on the same proposals, views and watches as the other services. Who may be
// waiting when the server stops is told so. On the loops.
#pragma once

#include "api/concurrency/contender.h"
#include "api/concurrency/local_client.h"
#include "api/concurrency/stop_hooks.h"
#include "api/gate.h"
#include "rpc/service.h"

namespace etcd::api {

class LockService {
 public:
  // All must outlive it.
  LockService(Context& context, Gate& gate, Callers& callers, const Replies& replies)
      : context_(context), gate_(gate), callers_(callers), replies_(replies) {}

  void register_methods(Methods& methods);
  // Ends those that wait; any thread.
  void stop() { stops_.stop(); }

  void lock(rpc::UnaryCall call);
  void unlock(rpc::UnaryCall call);

 private:
  LocalClient client_for(const rpc::UnaryCall& call) { return {context_, callers_, callers_.caller(call.info())}; }

  Context& context_;
  Gate& gate_;
  Callers& callers_;
  const Replies& replies_;
  StopHooks stops_;
};

}  // namespace etcd::api
