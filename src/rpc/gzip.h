// gzip (RFC 1952), for gRPC's grpc-encoding and HTTP's Content-Encoding. Pure.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

#include "base/result.h"

namespace etcd::rpc {

// The inflated bytes; several members one after the other are taken as one, as Go does. The output is never larger than
// max_bytes + 1: a result of that size means that there is more. kInvalid for anything that is not whole gzip.
Result<std::string> gunzip(std::string_view compressed, std::size_t max_bytes);

// One member; fast rather than small, since it is done between other requests.
std::string gzip(std::string_view plain);

}  // namespace etcd::rpc
