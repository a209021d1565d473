#include "rpc/grpc_head.h"

#include <string>

#include "base/go_text.h"
#include "rpc/grpc_text.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kBinarySuffix = "-bin";
// Time that has passed when a handler could be called, at the least: a call with less is too late already.
constexpr std::int64_t kLeastTimeoutNs = 1'000;

GrpcStatus internal(std::string text) {
  return {GrpcCode::kInternal, std::move(text)};
}

// A copy of `fields` with binary values decoded; the first that cannot be is reported.
std::optional<GrpcStatus> decode_binary_fields(Metadata& fields) {
  bool any = false;
  for (std::size_t i = 0; i < fields.size() && !any; ++i) any = fields.at(i).name.ends_with(kBinarySuffix);
  if (!any) return std::nullopt;
  Metadata decoded;
  std::optional<GrpcStatus> fault;
  for (std::size_t i = 0; i < fields.size(); ++i) {
    const auto [name, value] = fields.at(i);
    if (!name.ends_with(kBinarySuffix)) {
      decoded.add(name, value);
    } else if (const auto bytes = decode_binary(value)) {
      decoded.add(name, *bytes);
    } else {
      fault = internal("malformed binary metadata " + base::go_quote(value) + " in header " + base::go_quote(name) +
                       ": " + bytes.error().detail);
    }
  }
  fields = std::move(decoded);
  return fault;
}

// What one pass over the fields finds.
struct Found {
  std::string_view method;
  std::string_view content_type;
  std::optional<std::string_view> subtype;
  std::size_t authorities = 0;
  std::size_t hosts = 0;
  std::optional<GrpcStatus> fault;
};

void note_field(const Metadata::Field& field, GrpcHead& head, Found& found) {
  if (field.name == ":path") {
    head.path = field.value;
  } else if (field.name == ":method") {
    found.method = field.value;
  } else if (field.name == ":authority") {
    ++found.authorities;
  } else if (field.name == "host") {
    ++found.hosts;
  } else if (field.name == "content-type") {
    const auto subtype = content_subtype(field.value);
    if (subtype) found.subtype = subtype;
    if (!subtype) found.content_type = field.value;
  } else if (field.name == "grpc-encoding") {
    head.encoding = field.value;
  } else if (field.name == "grpc-timeout") {
    if (const auto timeout = parse_timeout(field.value)) {
      head.timeout_ns = *timeout;
    } else {
      found.fault = internal("malformed grpc-timeout: " + timeout.error().detail);
    }
  }
}

std::optional<Refusal> refuse(const GrpcHead& head, const Found& found) {
  if (found.authorities > 1 || found.hosts > 1) {
    return Refusal{400, internal("num values of :authority: " + std::to_string(found.authorities) +
                                 ", num values of host: " + std::to_string(found.hosts) +
                                 ", both must only have 1 value as per HTTP/2 spec")};
  }
  if (!found.subtype) {
    return Refusal{
        415, {GrpcCode::kInvalidArgument, "invalid gRPC request content-type " + base::go_quote(found.content_type)}};
  }
  if (found.fault) return Refusal{400, *found.fault};
  if (found.method != "POST") {
    return Refusal{405, internal("Received a HEADERS frame with :method " + base::go_quote(found.method) +
                                 " which should be POST")};
  }
  if (head.timeout_ns && *head.timeout_ns < kLeastTimeoutNs)
    return Refusal{200, {GrpcCode::kDeadlineExceeded, "context deadline exceeded"}};
  return std::nullopt;
}

}  // namespace

std::optional<GrpcStatus> GrpcHead::refuse_encoding() const {
  if (encoding.empty() || encoding == "identity" || encoding == "gzip") return std::nullopt;
  return GrpcStatus{GrpcCode::kUnimplemented,
                    "grpc: Decompressor is not installed for grpc-encoding " + base::go_quote(encoding)};
}

GrpcHead read_grpc_head(Metadata& fields) {
  GrpcHead head;
  Found found;
  found.fault = decode_binary_fields(fields);
  for (std::size_t i = 0; i < fields.size(); ++i) note_field(fields.at(i), head, found);
  head.content_subtype = found.subtype.value_or("");
  head.refusal = refuse(head, found);
  return head;
}

bool looks_like_grpc(const Metadata& fields) {
  const auto type = fields.find("content-type");
  return type && type->starts_with("application/grpc");
}

}  // namespace etcd::rpc
