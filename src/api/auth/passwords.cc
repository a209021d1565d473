#include "api/auth/passwords.h"

#include <utility>

#include "api/auth/secret_bytes.h"

namespace etcd::api {

int usable_bcrypt_cost(int given, base::Logger& logger) {
  if (given >= auth::kMinBcryptCost && given <= auth::kMaxBcryptCost) return given;
  logger.warn("use default bcrypt cost instead of the invalid given cost", {{"min-cost", auth::kMinBcryptCost},
                                                                            {"max-cost", auth::kMaxBcryptCost},
                                                                            {"default-cost", auth::kDefaultBcryptCost},
                                                                            {"given-cost", given}});
  return auth::kDefaultBcryptCost;
}

auth::PasswordCache::Key Passwords::make_key() { return secret_bytes<std::tuple_size_v<auth::PasswordCache::Key>>(); }

// The salt is as good as any; what follows is the hash of nothing that one could find.
std::string Passwords::make_nobodys_hash(int cost) {
  constexpr std::size_t kSaltAndHash = 53;
  return (cost < 10 ? "$2a$0" : "$2a$") + std::to_string(cost) + "$" + std::string(kSaltAndHash, '.');
}

// False if there is no place for it.
bool Passwords::run(base::UniqueFunction<void()> job) {
  if (!elsewhere_) return job(), true;
  if (waiting_.fetch_add(1) >= kMaxWaiting) return waiting_.fetch_sub(1), false;
  elsewhere_([this, job = std::move(job)]() mutable {
    job();
    waiting_.fetch_sub(1);
  });
  return true;
}

void Passwords::hash(std::string password, rpc::Loop& loop, base::UniqueFunction<void(Result<std::string>)> done) {
  // Shared, since whoever finds no place answers, too.
  auto answer = std::make_shared<base::UniqueFunction<void(Result<std::string>)>>(std::move(done));
  const bool taken = run([this, answer, &loop, password = std::move(password)] {
    auto hash = auth::bcrypt_hash(password, cost_, secret_bytes<std::tuple_size_v<auth::BcryptSalt>>());
    loop.post([answer, hash = std::move(hash)]() mutable { (*answer)(std::move(hash)); });
  });
  if (!taken) (*answer)(fail(Errc::kTooManyRequests));
}

void Passwords::check(Login login, rpc::Loop& loop, base::UniqueFunction<bool()> is_wanted, base::UniqueFunction<void(Status)> done) {
  if (cache_.has({login.user, login.password, login.hash}, clock_.monotonic_ns())) return done({});
  auto answer = std::make_shared<base::UniqueFunction<void(Status)>>(std::move(done));
  const bool taken = run([this, answer, &loop, login = std::move(login), is_wanted = std::move(is_wanted)]() mutable {
    Status status = is_wanted() ? check_now(login) : Status(fail(Errc::kCanceled));
    loop.post([answer, status = std::move(status)]() mutable { (*answer)(std::move(status)); });
  });
  if (!taken) (*answer)(fail(Errc::kTooManyRequests));
}

Status Passwords::check_now(const Login& login) {
  if (!auth::bcrypt_matches(login.hash, login.password)) return fail(Errc::kAuthFailed);
  cache_.add({login.user, login.password, login.hash}, clock_.monotonic_ns());
  return {};
}

}  // namespace etcd::api
