// JSON Web Tokens as etcd makes and takes them: {"alg","typ"} . {"exp","revision","username"} . signature. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt_key.h"
#include "base/result.h"

namespace etcd::auth {

struct JwtClaims {
  std::string username;
  std::uint64_t revision = 0;               // of users and roles, when the token was made
  std::optional<std::int64_t> expires_s = {};  // since 1970; nothing: never
};

// The errors of JwtKey::sign().
Result<std::string> make_jwt(const JwtKey& key, const JwtClaims& claims);
// What a token says whose signature is the key's, with the key's method, and which is good at `now_ns` since 1970: before its "exp" and not before its
// "nbf", where it has them. kInvalidAuthToken, with the reason.
Result<JwtClaims> read_jwt(const JwtKey& key, std::string_view token, std::int64_t now_ns);

}  // namespace etcd::auth
