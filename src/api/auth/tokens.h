// Tokens: what users get when they log in and show from then on. Of one kind for the whole process (--auth-token): simple ones, which every member learns
// of from the log and keeps in memory, or signed ones (JWT), which need nothing but the key.
//
// Any thread. The key's files are read again by look_at_files(), whoever calls it: what can't be read or used leaves the old key in its place, and is
// told once.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "auth/jwt.h"
#include "auth/simple_tokens.h"
#include "auth/token_event.h"
#include "auth/token_options.h"
#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"

namespace etcd::api {

class Tokens {
 public:
  struct Options {
    auth::TokenOptions kind = auth::SimpleTokenOptions();
    std::int64_t simple_ttl_ns = 300'000'000'000;  // --auth-token-ttl
  };
  // What it needs of the process; all must outlive it.
  struct World {
    base::Metrics& metrics;
    base::Clock& clock;
    base::Logger& logger;
    base::FileSystem* files = nullptr;  // for the keys of signed tokens
  };

  // Reads the key's files. kIo, kNotExist, or what auth::JwtKey::load() gives.
  static Result<std::unique_ptr<Tokens>> open(const Options& options, const World& world);

  bool are_simple() const { return has_simple_; }
  bool are_signed() const { return jwt_.has_value(); }
  // The part of a new simple token that its user's entry in the log carries; empty for any other kind.
  std::string new_simple_part() const;
  // A signed token for who has logged in at that revision of the users and roles. kUnsupported (the key is there to verify alone), kAuthFailed (there are
  // no tokens at all).
  Result<std::string> sign(std::string_view user, std::uint64_t revision) const;
  // kInvalidAuthToken, with the reason.
  Result<auth::JwtClaims> read_signed(std::string_view token) const;
  // Null if there is none (any more).
  std::shared_ptr<auth::SimpleToken> find_simple(std::string_view token);

  // What the log says about tokens, in its order.
  void on_event(const auth::TokenEvent& event);
  // Reads the key's files again; from time to time, one thread after the other. Blocks for the disk.
  void look_at_files();

 private:
  struct Jwt {
    auth::JwtOptions options;
    std::shared_ptr<const auth::JwtKey> key;  // guarded by mutex_
    base::Counter reloads;
    base::Counter failures;
  };

  Tokens(const Options& options, const World& world);
  Result<auth::JwtKeyFiles> read_files() const;
  std::shared_ptr<const auth::JwtKey> key() const;
  void tell_failure(const Error& error) const;

  World world_;
  const bool has_simple_;
  auth::SimpleTokens simple_;
  mutable std::mutex mutex_;
  std::optional<Jwt> jwt_;
  // Of look_at_files() alone.
  auth::JwtKeyFiles looked_at_;
  std::string last_failure_;
};

}  // namespace etcd::api
