// Caller: who is at the other end of a call, as far as a token or a certificate says. CallerMemory: those that one loop has met, and the tokens that it
// found worthless just now.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "auth/identity.h"
#include "auth/jwt.h"
#include "auth/simple_tokens.h"
#include "auth/view.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/token_bucket.h"

namespace etcd::api {

// Simple tokens live by the first clock, signed ones by the second, and no longer than the key that verified them.
struct Moment {
  std::int64_t monotonic_ns = 0;
  std::int64_t wall_ns = 0;
  std::uint64_t key = 0;  // the number of the key of signed tokens (tokens.h)
};

// What a token or certificate is worth is asked anew at each use, since tokens expire and are revoked. Cheap to copy; holds nothing of the call.
class Caller {
 public:
  // Nobody: who shows nothing.
  Caller() = default;
  static Caller by_certificate(std::string common_name);
  static Caller by_token(std::shared_ptr<auth::SimpleToken> token);
  // `key`: the number of the one that verified them.
  static Caller by_token(auth::JwtClaims claims, std::uint64_t key);
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
  std::uint64_t key_ = 0;                          // of kSignedToken
};

// Owner: a lane, on its loop's thread. So that a token costs one look into a table of the loop's own, and a signed one is verified once.
class CallerMemory {
 public:
  static constexpr std::size_t kMaxCallers = 8192;
  static constexpr std::size_t kMaxRefused = 256;
  static constexpr std::int64_t kRefusedForNs = 1'000'000'000;  // a token may become good: its time may come, or its key

  // Null if the token is not known. Until the next call.
  const Caller* find(std::string_view token) const;
  // Returns what find() will.
  const Caller& add(std::string_view token, Caller caller, const Moment& now);

  // A signed token is worth nothing, and why; `now.key` is the key that says so.
  void refuse(std::string_view token, Error why, const Moment& now);
  // Null if nothing is known against it. Until the next call.
  const Error* find_refused(std::string_view token, const Moment& now) const;
  void forget_refused(std::string_view token);

  // Those who wait until a token's signature is verified. True for the first: it has to see to that.
  bool wait_for(std::string_view token, base::UniqueFunction<void()> next);
  // Who waits for the token, in their order; nobody any more.
  std::vector<base::UniqueFunction<void()>> take_waiting(std::string_view token);
  // How often this loop tells of tokens that are worth nothing.
  rpc::TokenBucket complaints{10, 1};

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  // Not the token itself: it may be long, and whoever likes can send any number of them.
  struct Refused {
    std::string digest;
    Error why;
    std::int64_t until_ns;
    std::uint64_t key;
  };

  std::unordered_map<std::string, Caller, Hash, std::equal_to<>> callers_;
  std::deque<Refused> refused_;  // oldest first
  std::unordered_map<std::string, std::vector<base::UniqueFunction<void()>>, Hash, std::equal_to<>> waiting_;
};

}  // namespace etcd::api
