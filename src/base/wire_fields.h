// How a message is decoded by hand: walk its fields, and set what each number means. The rules are protobuf's: a field of another wire type than
// the message says is an unknown one, and unknown fields are passed over; the last value of a scalar stands.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include "base/ids.h"
#include "base/result.h"
#include "base/wire.h"

namespace etcd::base {

inline tl::unexpected<Error> malformed(std::string_view message_name) {
  return fail(Errc::kInvalid, "malformed " + std::string(message_name));
}

// Calls `take` with each field of the message; kInvalid, with the message's name, if the bytes are malformed. `take` has seen the fields before
// the bad one by then.
template <typename Take>
Status read_message(std::string_view message_name, std::string_view bytes, Take take) {
  WireReader reader(bytes);
  while (const auto field = reader.next()) take(*field);
  if (reader.failed()) return malformed(message_name);
  return {};
}

inline void set(std::string_view& out, const WireField& field) {
  if (field.type == WireType::kBytes) out = field.bytes;
}
inline void set(std::int64_t& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.as_int64();
}
inline void set(std::uint64_t& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.varint;
}
inline void set(bool& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = field.as_bool();
}
// Enums are open: a value that has no name is kept.
template <typename Enum>
requires std::is_enum_v<Enum>
void set(Enum& out, const WireField& field) {
  if (field.type == WireType::kVarint) out = static_cast<Enum>(field.as_int32());
}
template <typename Tag, typename Number>
void set(Id<Tag, Number>& out, const WireField& field) {
  set(out.value, field);
}

}  // namespace etcd::base
