// Bytes as lower-case hexadecimal digits, two for each. Ids are cluster/member.h's.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace etcd::base {

std::string to_hex(std::string_view bytes);
// Nothing for an odd number of digits, or for what is none; upper case is read, too.
std::optional<std::string> from_hex(std::string_view digits);

}  // namespace etcd::base
