// What a gateway request's HTTP fields mean for its gRPC call, by grpc-gateway's rules.
//
// `Authorization` goes through as it is; `Grpc-Metadata-<name>` becomes <name> (base64-decoded if it ends in "-Bin");
// fields of HTTP's own, like Accept and Cookie, become grpcgateway-<name>; the rest is left out, and so are values that
// gRPC doesn't allow. `Grpc-Timeout` is the deadline. Pure.
#pragma once

#include <cstdint>

#include "rpc/http.h"
#include "rpc/local_call.h"
#include "rpc/metadata.h"
#include "rpc/status.h"

namespace etcd::gateway {

struct RequestHead {
  rpc::LocalCallHead call;
  rpc::GrpcStatus fault = {};  // kInvalidArgument: a field that can't be understood
};

// `now_ns`: monotonic, for the deadline.
RequestHead read_request_head(const rpc::HttpRequest& request, std::int64_t now_ns);

}  // namespace etcd::gateway
