#include "api/concurrency/lock_service.h"

#include <utility>

#include "api/concurrency/messages.h"
#include "api/errors.h"

namespace etcd::api {

void LockService::register_methods(Methods& methods) {
  methods.add("v3lockpb.Lock", "Lock", Rule::kByLog, [this](rpc::UnaryCall call) { lock(std::move(call)); });
  methods.add("v3lockpb.Lock", "Unlock", Rule::kByLog, [this](rpc::UnaryCall call) { unlock(std::move(call)); });
}

void LockService::lock(rpc::UnaryCall call) {
  const auto request = decode_lock(call.request().view());
  if (!request) return replies_.refuse(std::move(call), malformed_request(request.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  Contender::Request contender{.kind = Contender::Kind::kLock, .name = std::string(request->name), .lease = request->lease, .value = {}};
  const Contender::Parts parts{client_for(call), context_, replies_, stops_};
  Contender::start(parts, std::move(contender), std::move(call));
}

void LockService::unlock(rpc::UnaryCall call) {
  const auto key = decode_unlock(call.request().view());
  if (!key) return replies_.refuse(std::move(call), malformed_request(key.error()));
  if (const Status admitted = gate_.admit_unary(call.info(), ForLearner::kRefused); !admitted) {
    return replies_.refuse(std::move(call), admitted.error());
  }
  const std::string copy(*key);
  const std::int64_t deadline_ns = call.info().deadline_ns;
  const LocalClient client = client_for(call);
  client.erase(copy, deadline_ns, [this, call = std::move(call)](Result<std::string> header) mutable {
    if (!header) return replies_.refuse(std::move(call), client_status(header.error()));
    replies_.answer(std::move(call), RequestType::kOther, encode_only_header(*header));
  });
}

}  // namespace etcd::api
