// The one table from our error codes to what clients see: gRPC code and etcd's exact text. Clients tell errors apart by that text.
#pragma once

#include <string>

#include "base/error.h"
#include "rpc/status.h"

namespace etcd::api {

// Codes without a row (errors of the disk, say) become kUnknown with their detail, as etcd does with errors that it doesn't know.
rpc::GrpcStatus to_status(const Error& error);
// etcd's text alone, e.g. "etcdserver: leader changed".
std::string text_of(const Error& error);
// For a request message that is not even protobuf.
rpc::GrpcStatus malformed_request(const Error& error);

}  // namespace etcd::api
