// Maintenance: etcd's Maintenance service.
#pragma once

#include "api/context.h"
#include "api/gate.h"
#include "api/health_service.h"
#include "api/messages.h"
#include "api/replies.h"
#include "rpc/service.h"

namespace etcd::api {

class Maintenance {
 public:
  // All must outlive it.
  Maintenance(Context& context, Gate& gate, Callers& callers, const Replies& replies, HealthService& health)
      : context_(context), gate_(gate), callers_(callers), replies_(replies), health_(health) {}

  void register_methods(Methods& methods);

  void alarm(rpc::UnaryCall call);
  void status(rpc::UnaryCall call);
  // Requests go on meanwhile; only with the StopGRPCServiceOnDefrag gate the health service says otherwise.
  void defragment(rpc::UnaryCall call);
  void hash(rpc::UnaryCall call);
  void hash_kv(rpc::UnaryCall call);
  void snapshot(rpc::StreamCall call, base::SharedBytes request);
  void move_leader(rpc::UnaryCall call);
  // Validates a downgrade, begins one, and calls one off.
  void downgrade(rpc::UnaryCall call);

 private:
  using Handler = void (Maintenance::*)(rpc::UnaryCall);

  void add(Methods& methods, const char* method, Rule rule, Handler handler);
  // False if the call was refused.
  bool admit(rpc::UnaryCall& call, ForLearner for_learner = ForLearner::kRefused);
  // Goes on with `next` on this loop once the membership is up to date.
  void after_barrier(rpc::UnaryCall call, base::UniqueFunction<void(rpc::UnaryCall)> next);
  apply::ResponseHeader header_at(Revision revision);
  void validate_downgrade(rpc::UnaryCall call, const cluster::Version& target);
  void begin_downgrade(rpc::UnaryCall call, const cluster::Version& target);
  void cancel_downgrade(rpc::UnaryCall call);
  void answer_downgrade(rpc::UnaryCall call);

  Context& context_;
  Gate& gate_;
  Callers& callers_;
  const Replies& replies_;
  HealthService& health_;
};

// "X.Y" or "X.Y.Z", the patch dropped. kWrongDowngradeVersionFormat.
Result<cluster::Version> parse_downgrade_target(const std::string& text);

}  // namespace etcd::api
