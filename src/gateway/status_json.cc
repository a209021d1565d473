#include "gateway/status_json.h"

#include "base/log.h"

namespace etcd::gateway {

int http_status_of(rpc::GrpcCode code) {
  switch (code) {
    case rpc::GrpcCode::kOk:
      return 200;
    case rpc::GrpcCode::kCanceled:
      return 499;
    case rpc::GrpcCode::kInvalidArgument:
    case rpc::GrpcCode::kFailedPrecondition:
    case rpc::GrpcCode::kOutOfRange:
      return 400;
    case rpc::GrpcCode::kUnauthenticated:
      return 401;
    case rpc::GrpcCode::kPermissionDenied:
      return 403;
    case rpc::GrpcCode::kNotFound:
      return 404;
    case rpc::GrpcCode::kAlreadyExists:
    case rpc::GrpcCode::kAborted:
      return 409;
    case rpc::GrpcCode::kResourceExhausted:
      return 429;
    case rpc::GrpcCode::kUnimplemented:
      return 501;
    case rpc::GrpcCode::kUnavailable:
      return 503;
    case rpc::GrpcCode::kDeadlineExceeded:
      return 504;
    case rpc::GrpcCode::kUnknown:
    case rpc::GrpcCode::kInternal:
    case rpc::GrpcCode::kDataLoss:
      return 500;
  }
  return 500;
}

std::string to_json(const rpc::GrpcStatus& status) {
  std::string json = "{";
  if (!status.ok()) json += "\"code\":" + std::to_string(static_cast<int>(status.code));
  if (!status.message.empty()) {
    json += json.size() > 1 ? ",\"message\":" : "\"message\":";
    base::append_json_string(json, status.message);
  }
  return json + "}";
}

std::string result_json(const std::string& message_json) {
  return "{\"result\":" + message_json + "}";
}

std::string error_json(const rpc::GrpcStatus& status) {
  return "{\"error\":" + to_json(status) + "}";
}

}  // namespace etcd::gateway
