// Reads the header fields of a gRPC request, and refuses in grpc-go's order, codes and words what is not one. Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "rpc/message_reader.h"
#include "rpc/metadata.h"
#include "rpc/status.h"

namespace etcd::rpc {

// An answer given before any handler is asked.
struct Refusal {
  int http_status = 200;
  GrpcStatus status;
};

// Views point into the Metadata that was read.
struct GrpcHead {
  std::string_view path;
  std::string_view content_subtype;
  std::string_view encoding;  // grpc-encoding as sent
  std::optional<std::int64_t> timeout_ns;
  std::optional<Refusal> refusal;

  // Which compression the messages may use; kUnimplemented for one that is not known here.
  std::optional<GrpcStatus> refuse_encoding() const;
  Encoding message_encoding() const { return encoding == "gzip" ? Encoding::kGzip : Encoding::kIdentity; }
};

// Decodes the values of "-bin" fields in place.
GrpcHead read_grpc_head(Metadata& fields);
// True if the request is to be answered as gRPC at all: its content-type begins with application/grpc.
bool looks_like_grpc(const Metadata& fields);

}  // namespace etcd::rpc
