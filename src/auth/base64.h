// Base64 as the log carries password hashes.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace etcd::auth {

// The standard alphabet, padded.
std::string base64_encode(std::string_view bytes);
// Nothing if `text` is not what Go's base64.StdEncoding takes: padding is needed, line ends are passed over.
std::optional<std::string> base64_decode(std::string_view text);

}  // namespace etcd::auth
