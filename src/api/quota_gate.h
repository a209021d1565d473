// QuotaGate: refuses what would take the db over its quota before it is proposed, and raises the alarm.
//
// A member's own estimate: the state machine looks again when the request is applied. On the loops.
#pragma once

#include <cstdint>

#include "api/context.h"
#include "api/replies.h"
#include "rpc/call.h"

namespace etcd::api {

class QuotaGate {
 public:
  // Both must outlive it.
  QuotaGate(Context& context, const Replies& replies) : context_(context), replies_(replies) {}

  // False if a request of this cost (apply/check.h) would take the db over its quota; then the call is answered once the alarm is raised.
  bool admit(rpc::UnaryCall& call, std::int64_t cost) const;

 private:
  Context& context_;
  const Replies& replies_;
};

}  // namespace etcd::api
