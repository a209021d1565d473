// The names that --cipher-suites takes: those of Go's TLS library, and etcd's two short ones.
#pragma once

#include <string_view>

#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

bool is_cipher_suite(std::string_view name);

// kInvalid with etcd's text, naming the first that is none.
Status check_cipher_suites(const Texts& names);

}  // namespace etcd::server
