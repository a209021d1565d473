// Tokens: what users get when they log in and show from then on. Of one kind for the whole process (--auth-token): simple ones, which every member learns
// of from the log and keeps in memory, or signed ones (JWT), which need nothing but the key.
//
// Any thread. The key's files are read again by look_at_files(), whoever calls it: what can't be read or used leaves the old key in its place, and is
// told once. The keys of signed tokens are numbered as they come: what was verified by one that is no longer in force is worth nothing.
#pragma once

#include <atomic>
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
  struct Verified {
    auth::JwtClaims claims;
    std::uint64_t key = 0;  // the number of the one that has signed it
  };
  // Costs a signature's arithmetic. kInvalidAuthToken, with the reason.
  Result<Verified> read_signed(std::string_view token) const;
  // False if that arithmetic takes longer than going to another thread for it.
  bool are_cheap_to_read() const;
  // The number of the key in force.
  std::uint64_t key_number() const { return key_number_.load(std::memory_order_acquire); }
  // Null if there is none (any more).
  std::shared_ptr<auth::SimpleToken> find_simple(std::string_view token);

  // What the log says about tokens, in its order.
  void on_event(const auth::TokenEvent& event);
  // Reads the key's files again; from time to time, one thread after the other. Blocks for the disk.
  void look_at_files();

 private:
  struct Jwt {
    auth::JwtOptions options;
    std::shared_ptr<const auth::JwtKey> key;  // with its number guarded by mutex_
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
  std::atomic<std::uint64_t> key_number_ = 0;
  // Of look_at_files() alone.
  auth::JwtKeyFiles looked_at_;
  std::string last_failure_;
};

}  // namespace etcd::api
