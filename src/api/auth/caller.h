// Caller: who is at the other end of a call, as far as a token or a certificate says. CallerMemory: those that one loop has met.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "auth/simple_tokens.h"
#include "auth/view.h"
#include "base/result.h"
#include "rpc/token_bucket.h"

namespace etcd::api {

// The two clocks: simple tokens live by the first, signed ones by the second.
struct Moment {
  std::int64_t monotonic_ns = 0;
  std::int64_t wall_ns = 0;
};

// What a token or certificate is worth is asked anew at each use, since tokens expire and are revoked. Cheap to copy; holds nothing of the call.
class Caller {
 public:
  // Nobody: who shows nothing.
  Caller() = default;
  static Caller by_certificate(std::string common_name);
  static Caller by_token(std::shared_ptr<auth::SimpleToken> token);
  static Caller by_token(auth::JwtClaims claims);
  // By one that is worth nothing.
  static Caller by_bad_token();

  // Who that is as of `view`. Tokens mean nothing while auth is disabled. Borrowed from this. kInvalidAuthToken.
  Result<auth::Who> who(const auth::View& view, const Moment& now) const;
  // False once its token is worth nothing any more.
  bool is_good(const Moment& now) const;

 private:
  enum class Proof : std::uint8_t { kNone, kCertificate, kSimpleToken, kSignedToken, kBadToken };

  Proof proof_ = Proof::kNone;
  std::shared_ptr<auth::SimpleToken> simple_;       // of kSimpleToken
  std::shared_ptr<const auth::JwtClaims> claims_;  // of kSignedToken; of kCertificate: its name alone
};

// Owner: a lane, on its loop's thread. So that a token costs one look into a table of the loop's own, and a signed one is verified once.
class CallerMemory {
 public:
  static constexpr std::size_t kMaxCallers = 8192;

  // Null if the token is not known. Until the next call.
  const Caller* find(std::string_view token) const;
  // Returns what find() will.
  const Caller& add(std::string_view token, Caller caller, const Moment& now);
  // How often this loop tells of tokens that are worth nothing.
  rpc::TokenBucket complaints{10, 1};

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };

  std::unordered_map<std::string, Caller, Hash, std::equal_to<>> callers_;
};

}  // namespace etcd::api
