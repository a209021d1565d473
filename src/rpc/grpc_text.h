// The small texts of gRPC's header fields: grpc-timeout, grpc-message, content-type and binary metadata, read and
// written as grpc-go does.
//
// Follows grpc's PROTOCOL-HTTP2.md. All functions are pure and take bytes of any kind.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace etcd::rpc {

// "100m" -> nanoseconds, never negative; hours that overflow are clamped. kInvalid with grpc-go's text, e.g.
// `transport: timeout unit is not recognized: "12x"`.
Result<std::int64_t> parse_timeout(std::string_view text);
// 'm' -> nanoseconds in a millisecond; nothing for what is no unit.
std::optional<std::int64_t> timeout_unit_ns(char unit);

// Percent-encodes everything outside printable ASCII, and '%'; broken UTF-8 becomes U+FFFD.
std::string encode_message(std::string_view message);
// The reverse; a '%' without two hex digits stays as it is.
std::string decode_message(std::string_view encoded);

// For "application/grpc", "application/grpc+x" and "application/grpc;x" the part behind the sign (may be empty);
// nothing for all others.
std::optional<std::string_view> content_subtype(std::string_view content_type);

// The bytes of a "-bin" field: base64 with or without padding. kInvalid with Go's text: `illegal base64 data at input
// byte 4`.
Result<std::string> decode_binary(std::string_view value);
// Without padding, as gRPC writes it.
std::string encode_binary(std::string_view bytes);

}  // namespace etcd::rpc
