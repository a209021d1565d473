// Cipher suites by the names that Go's TLS library has for them, and etcd's two short ones.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace etcd::tls {

// Those of TLS 1.3, always all of them, the cheapest first.
inline constexpr char kTls13Suites[] = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";

bool is_cipher_suite(std::string_view name);

// kInvalid with etcd's text, naming the first that is none.
Status check_cipher_suites(const std::vector<std::string>& names);

// Those of TLS 1.2 as OpenSSL lists them, in its order of preference; for no names at all Go's default. Names of suites
// that OpenSSL lacks (RC4, 3DES) and of TLS 1.3 are passed over: "" if no other is left. kInvalid as above.
Result<std::string> openssl_suites(const std::vector<std::string>& names);

}  // namespace etcd::tls
