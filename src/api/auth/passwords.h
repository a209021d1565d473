// Passwords: hashes and checks passwords where nobody else waits: bcrypt takes some 50 ms each.
//
// Work is done on the threads behind `elsewhere`; no more than kMaxWaiting of it waits, so that a flood of wrong passwords costs others nothing
// but a later login. A password that was right not long ago is right at once (auth::PasswordCache). Any thread; answers come on the asker's loop.
#pragma once

#include <cstdint>
#include <string>
#include <utility>

#include "api/auth/elsewhere.h"
#include "auth/bcrypt.h"
#include "auth/password_cache.h"
#include "base/clock.h"
#include "base/log.h"
#include "base/result.h"
#include "base/unique_function.h"
#include "rpc/loop.h"

namespace etcd::api {

// `given` if bcrypt has such a cost; else, with a warning, the default.
int usable_bcrypt_cost(int given, base::Logger& logger);

class Passwords {
 public:
  static constexpr int kMaxWaiting = 128;

  // `cost`: of new hashes. `elsewhere`: threads that are there for them, see Elsewhere. All must outlive it.
  Passwords(int cost, Elsewhere::Run elsewhere, base::Clock& clock)
      : cost_(cost), nobodys_hash_(make_nobodys_hash(cost)), elsewhere_(std::move(elsewhere), kMaxWaiting), clock_(clock), cache_(make_key()) {}

  // bcrypt's text with a new salt. kTooManyRequests, and the errors of auth::bcrypt_hash().
  void hash(std::string password, rpc::Loop& loop, base::UniqueFunction<void(Result<std::string>)> done);

  struct Login {
    std::string user;
    std::string password;
    std::string hash;  // what is stored for the user
  };
  // What no password has as its hash. To check against it takes as long as against a user's, so that it does not show who is one.
  const std::string& nobodys_hash() const { return nobodys_hash_; }
  // Success, kAuthFailed or kTooManyRequests. Within the call if that is known already. If `is_wanted` says no when its turn comes, nothing is computed:
  // kCanceled. On the loop's thread.
  void check(Login login, rpc::Loop& loop, base::UniqueFunction<bool()> is_wanted, base::UniqueFunction<void(Status)> done);

 private:
  static auth::PasswordCache::Key make_key();
  static std::string make_nobodys_hash(int cost);
  Status check_now(const Login& login);

  const int cost_;
  const std::string nobodys_hash_;
  Elsewhere elsewhere_;
  base::Clock& clock_;
  auth::PasswordCache cache_;
};

}  // namespace etcd::api
