#include "api/auth/signature_checks.h"

#include <utility>

namespace etcd::api {

void SignatureChecks::check(std::string token, rpc::Loop& loop, base::UniqueFunction<void(Result<Tokens::Verified>)> done) {
  if (waiting_.fetch_add(1) >= kMaxWaiting) {
    waiting_.fetch_sub(1);
    return done(fail(Errc::kTooManyRequests));
  }
  elsewhere_([this, token = std::move(token), &loop, done = std::move(done)]() mutable {
    auto verified = tokens_.read_signed(token);
    waiting_.fetch_sub(1);
    loop.post([done = std::move(done), verified = std::move(verified)]() mutable { done(std::move(verified)); });
  });
}

}  // namespace etcd::api
