#include "api/auth/signature_checks.h"

#include <utility>

namespace etcd::api {

void SignatureChecks::check(std::string token, rpc::Loop& loop, base::UniqueFunction<void(Result<Tokens::Verified>)> done) {
  if (!elsewhere_.take_place()) return done(fail(Errc::kTooManyRequests));
  elsewhere_.run([this, token = std::move(token), &loop, done = std::move(done)]() mutable {
    auto verified = tokens_.read_signed(token);
    loop.post([done = std::move(done), verified = std::move(verified)]() mutable { done(std::move(verified)); });
  });
}

}  // namespace etcd::api
