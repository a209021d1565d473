// What --auth-token says: "simple", "jwt,sign-method=RS256,pub-key=a.pub,priv-key=a.pem,ttl=10m", or nothing.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "auth/jwt_key.h"
#include "base/result.h"

namespace etcd::auth {

// Nobody gets a token, and none is taken: users come in by certificate alone.
struct NoTokens {};
struct SimpleTokenOptions {};
struct JwtOptions {
  JwtMethod method = JwtMethod::kRs256;
  std::string private_key_file;  // empty: none
  std::string public_key_file;   // likewise
  std::int64_t ttl_ns = 300'000'000'000;
  std::vector<std::string> unknown;  // names of options that etcd doesn't know either, and passes over with a warning
};

using TokenOptions = std::variant<SimpleTokenOptions, JwtOptions, NoTokens>;

// kInvalid with etcd's text, "auth: invalid auth options", whatever the reason.
Result<TokenOptions> parse_token_options(std::string_view text);

}  // namespace etcd::auth
