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

void Passwords::hash(std::string password, rpc::Loop& loop, base::UniqueFunction<void(Result<std::string>)> done) {
  if (!elsewhere_.take_place()) return done(fail(Errc::kTooManyRequests));
  elsewhere_.run([this, &loop, password = std::move(password), done = std::move(done)]() mutable {
    auto hash = auth::bcrypt_hash(password, cost_, secret_bytes<std::tuple_size_v<auth::BcryptSalt>>());
    loop.post([done = std::move(done), hash = std::move(hash)]() mutable { done(std::move(hash)); });
  });
}

void Passwords::check(Login login, rpc::Loop& loop, base::UniqueFunction<bool()> is_wanted, base::UniqueFunction<void(Status)> done) {
  if (cache_.has({login.user, login.password, login.hash}, clock_.monotonic_ns())) return done({});
  if (!elsewhere_.take_place()) return done(fail(Errc::kTooManyRequests));
  elsewhere_.run([this, &loop, login = std::move(login), is_wanted = std::move(is_wanted), done = std::move(done)]() mutable {
    Status status = is_wanted() ? check_now(login) : Status(fail(Errc::kCanceled));
    loop.post([done = std::move(done), status = std::move(status)]() mutable { done(std::move(status)); });
  });
}

Status Passwords::check_now(const Login& login) {
  if (!auth::bcrypt_matches(login.hash, login.password)) return fail(Errc::kAuthFailed);
  cache_.add({login.user, login.password, login.hash}, clock_.monotonic_ns());
  return {};
}

}  // namespace etcd::api
