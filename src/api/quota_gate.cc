#include "api/quota_gate.h"

#include <utility>

#include "apply/request.h"

namespace etcd::api {

bool QuotaGate::admit(rpc::UnaryCall& call, std::int64_t cost) const {
  Lane& lane = context_.lanes.here();
  const node::DbStatus& db = lane.db_status();
  if (cost == 0 || db.quota <= 0 || db.size + cost < db.quota) return true;
  const apply::AlarmRequest alarm{.action = apply::AlarmAction::kActivate,
                                  .member = lane.status().member_id,
                                  .alarm = node::AlarmType::kNoSpace};
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto raised = [&replies = replies_, refused = std::move(call)](const Result<base::Rope>&) mutable {
    replies.refuse(std::move(refused), Error{Errc::kNoSpaceQuota});
  };
  lane.propose({.kind = node::RequestKind::kAlarm,
                .request = base::SharedBytes(apply::encode_alarm(alarm)),
                .deadline_ns = deadline_ns,
                .done = std::move(raised)});
  return false;
}

}  // namespace etcd::api
