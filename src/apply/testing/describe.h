// Responses as text, for scripts and for comparing replicas.
#pragma once

#include <string>
#include <string_view>

#include "apply/request.h"
#include "base/result.h"

namespace etcd::apply::testing {

// Several lines; "error <n>" lines name the error.
std::string describe_response(RequestKind kind, std::string_view response);
std::string describe_error(const Error& error);
// "k=v create 2 mod 3 version 2 lease 9"
std::string describe_key_value(std::string_view encoded);

}  // namespace etcd::apply::testing
