// GrpcStatus: how a call ended, in gRPC's own terms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace etcd::rpc {

// gRPC's status codes, with their numbers on the wire.
enum class GrpcCode : std::uint8_t {
  kOk = 0,
  kCanceled = 1,
  kUnknown = 2,
  kInvalidArgument = 3,
  kDeadlineExceeded = 4,
  kNotFound = 5,
  kAlreadyExists = 6,
  kPermissionDenied = 7,
  kResourceExhausted = 8,
  kFailedPrecondition = 9,
  kAborted = 10,
  kOutOfRange = 11,
  kUnimplemented = 12,
  kInternal = 13,
  kUnavailable = 14,
  kDataLoss = 15,
  kUnauthenticated = 16,
};
inline constexpr std::size_t kGrpcCodes = 17;

// The code's name as grpc-go prints it, also the label of its metrics: "OK", "Canceled", "DeadlineExceeded", ...
std::string_view name_of(GrpcCode code);

// `message` is plain text, any bytes; it is percent-encoded on the wire.
struct GrpcStatus {
  GrpcCode code = GrpcCode::kOk;
  std::string message = {};

  bool ok() const { return code == GrpcCode::kOk; }
  friend bool operator==(const GrpcStatus&, const GrpcStatus&) = default;
};

}  // namespace etcd::rpc
