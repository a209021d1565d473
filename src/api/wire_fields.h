// How the messages of the API that are read by hand walk their fields.
#pragma once

#include <cstdint>
#include <string_view>

#include "base/result.h"
#include "base/wire.h"

namespace etcd::api {

// Calls `take` for each field; kInvalid if the bytes are malformed.
template <typename Take>
Status read_fields(std::string_view bytes, Take take) {
  base::WireReader reader(bytes);
  while (const auto field = reader.next()) take(*field);
  if (reader.failed()) return fail(Errc::kInvalid, "proto: cannot parse invalid wire-format data");
  return {};
}

// A field of another type than the message says is unknown, as in protobuf.
inline bool is_field(const base::WireField& field, std::uint32_t number, base::WireType type) {
  return field.number == number && field.type == type;
}

}  // namespace etcd::api
