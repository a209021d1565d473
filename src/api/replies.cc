#include "api/replies.h"

#include <utility>

#include "api/errors.h"

namespace etcd::api {

void Replies::answer(rpc::UnaryCall call, RequestType type, Result<base::Rope> response, std::int64_t count) const {
  const std::int64_t took_ns = since_start_ns(call);
  metrics_.observe_request(type, response.has_value(), took_ns);
  stats_.note(call, type, took_ns, response ? &*response : nullptr, count);
  slow_reads_.note({.type = type, .request = call.request().view(), .took_ns = took_ns, .range_count = count}, response);
  if (response) {
    std::move(call).respond(std::move(*response));
  } else {
    std::move(call).fail(to_status(response.error()));
  }
}

void Replies::refuse(rpc::UnaryCall call, const Error& error) const { refuse(std::move(call), to_status(error)); }

void Replies::refuse(rpc::UnaryCall call, rpc::GrpcStatus status) const {
  stats_.note(call, RequestType::kOther, since_start_ns(call), nullptr);
  std::move(call).fail(std::move(status));
}

}  // namespace etcd::api
