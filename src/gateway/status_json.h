// How a gRPC status looks to an HTTP client: grpc-gateway's status codes and JSON.
#pragma once

#include <string>

#include "rpc/status.h"

namespace etcd::gateway {

// 400 for kInvalidArgument, 499 for kCanceled, ...
int http_status_of(rpc::GrpcCode code);
// {"code":5,"message":"Not Found"}; fields that are 0 or empty are left out.
std::string to_json(const rpc::GrpcStatus& status);
// {"result":...}: a message of a stream; {"error":...}: its end, if it is not a good one.
std::string result_json(const std::string& message_json);
std::string error_json(const rpc::GrpcStatus& status);

}  // namespace etcd::gateway
