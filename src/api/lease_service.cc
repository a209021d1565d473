#include "api/lease_service.h"

#include <cstdint>
#include <memory>
#include <utility>
#include <vector>

#include "api/errors.h"
#include "api/keep_alive_stream.h"
#include "api/lease_ids.h"
#include "api/lease_messages.h"
#include "api/messages.h"
#include "apply/check.h"
#include "apply/request.h"

namespace etcd::api {

namespace {

constexpr const char* kService = "etcdserverpb.Lease";

apply::ResponseHeader header_now(Context& context) {
  apply::ResponseHeader header = context.lanes.here().header();
  header.revision = context.node.view()->revision();
  return header;
}

}  // namespace

void LeaseService::register_methods(Methods& methods) {
  methods.add(kService, "LeaseGrant", Rule::kKnown, [this](rpc::UnaryCall call) { grant(std::move(call)); });
  // The state machine asks besides whether they may write the keys that go with it.
  methods.add(kService, "LeaseRevoke", Rule::kKnown, [this](rpc::UnaryCall call) { revoke(std::move(call)); });
  methods.add(kService, "LeaseKeepAlive", Rule::kByKeys, [this](rpc::StreamCall call) { keep_alive(std::move(call)); });
  methods.add(kService, "LeaseTimeToLive", Rule::kKnown, [this](rpc::UnaryCall call) { time_to_live(std::move(call)); });
  methods.add(kService, "LeaseLeases", Rule::kByKeys, [this](rpc::UnaryCall call) { leases(std::move(call)); });
}

void LeaseService::grant(rpc::UnaryCall call) {
  auto request = apply::decode_lease_grant(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  if (!quota_.admit(call, apply::kLeaseQuotaCost)) return;
  base::SharedBytes bytes = call.request();
  if (request->id == LeaseId(0)) {
    request->id = new_lease_id(context_.node);
    bytes = base::SharedBytes(apply::encode_lease_grant(*request));
  }
  propose(std::move(call), RequestType::kLeaseGrant, node::RequestKind::kLeaseGrant, std::move(bytes));
}

void LeaseService::revoke(rpc::UnaryCall call) {
  const auto request = apply::decode_lease_revoke(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  base::SharedBytes bytes = call.request();
  propose(std::move(call), RequestType::kLeaseRevoke, node::RequestKind::kLeaseRevoke, std::move(bytes));
}

void LeaseService::propose(rpc::UnaryCall call, RequestType type, node::RequestKind kind, base::SharedBytes request) {
  auto who = callers_.identity(call.info());
  if (!who) return replies_.refuse(std::move(call), who.error());
  const std::int64_t deadline_ns = call.info().deadline_ns;
  auto done = [this, type, call = std::move(call)](Result<base::Rope> response) mutable {
    replies_.answer(std::move(call), type, std::move(response));
  };
  context_.lanes.here().propose(
      {.kind = kind, .request = std::move(request), .deadline_ns = deadline_ns, .done = std::move(done), .who = std::move(*who)});
}

// A lease that is not there is no error.
void LeaseService::time_to_live(rpc::UnaryCall call) {
  const auto request = decode_lease_time_to_live(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  using Keys = node::LeaseQuestions::Keys;
  auto done = [this, id = request->id, call = std::move(call)](Result<node::LeaseDescription> lease) mutable {
    if (!lease && lease.error().code == Errc::kLeaseNotFound) lease = node::LeaseDescription{.left_s = -1, .granted_s = 0, .keys = {}};
    if (!lease) return replies_.answer(std::move(call), RequestType::kOther, fail(lease.error()));
    if (const Status may = callers_.check_lease_keys(call.info(), lease->keys, auth::Access::Kind::kRead); !may) {
      return replies_.answer(std::move(call), RequestType::kOther, fail(may.error()));
    }
    replies_.answer(std::move(call), RequestType::kOther, encode_lease_time_to_live(header_now(context_), id, *lease));
  };
  context_.lanes.here().leases().describe(request->id, request->keys ? Keys::kInclude : Keys::kLeaveOut, std::move(done));
}

void LeaseService::leases(rpc::UnaryCall call) {
  if (const Status decoded = decode_empty(call.request().view()); !decoded) {
    return replies_.refuse(std::move(call), malformed_request(decoded.error()));
  }
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  const rpc::CallInfo& info = call.info();
  callers_.check_lease(info, std::nullopt, auth::Access::Kind::kRead, [this, call = std::move(call)](const Status& may) mutable {
    may ? list(std::move(call)) : replies_.answer(std::move(call), RequestType::kOther, fail(may.error()));
  });
}

void LeaseService::list(rpc::UnaryCall call) {
  context_.lanes.here().leases().list([this, call = std::move(call)](Result<std::vector<LeaseId>> all) mutable {
    if (!all) return replies_.answer(std::move(call), RequestType::kOther, fail(all.error()));
    replies_.answer(std::move(call), RequestType::kOther, encode_lease_leases(header_now(context_), *all));
  });
}

void LeaseService::keep_alive(rpc::StreamCall call) {
  auto admitted = gate_.admit_stream(call, ForLearner::kRefused);
  if (!admitted) return call.finish(to_status(admitted.error()));
  auto place = streams_.add(call, std::move(*admitted));
  if (place) std::make_shared<KeepAliveStream>(context_, callers_, std::move(call))->start(std::move(*place));
}

}  // namespace etcd::api
