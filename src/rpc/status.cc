#include "rpc/status.h"

#include <array>

namespace etcd::rpc {

std::string_view name_of(GrpcCode code) {
  static constexpr std::array<std::string_view, kGrpcCodes> kNames = {
      "OK",       "Canceled",       "Unknown",          "InvalidArgument",   "DeadlineExceeded",
      "NotFound", "AlreadyExists",  "PermissionDenied", "ResourceExhausted", "FailedPrecondition",
      "Aborted",  "OutOfRange",     "Unimplemented",    "Internal",          "Unavailable",
      "DataLoss", "Unauthenticated"};
  return kNames[static_cast<std::size_t>(code)];
}

}  // namespace etcd::rpc
