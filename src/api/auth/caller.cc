#include "api/auth/caller.h"

#include <utility>

namespace etcd::api {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool is_good_claim(const auth::JwtClaims& claims, std::int64_t wall_ns) {
  return !claims.expires_s || wall_ns / kNsPerSecond < *claims.expires_s;
}

}  // namespace

Caller Caller::by_certificate(std::string common_name) {
  Caller caller = by_token(auth::JwtClaims{.username = std::move(common_name)});
  caller.proof_ = Proof::kCertificate;
  return caller;
}

Caller Caller::by_token(std::shared_ptr<auth::SimpleToken> token) {
  Caller caller;
  caller.proof_ = Proof::kSimpleToken;
  caller.simple_ = std::move(token);
  return caller;
}

Caller Caller::by_token(auth::JwtClaims claims) {
  Caller caller;
  caller.proof_ = Proof::kSignedToken;
  caller.claims_ = std::make_shared<const auth::JwtClaims>(std::move(claims));
  return caller;
}

Caller Caller::by_bad_token() {
  Caller caller;
  caller.proof_ = Proof::kBadToken;
  return caller;
}

Result<auth::Who> Caller::who(const auth::View& view, const Moment& now) const {
  if (proof_ == Proof::kCertificate) return auth::Who(claims_->username, view.revision());
  if (proof_ == Proof::kNone || !view.enabled()) return auth::Who();
  if (!is_good(now)) return fail(Errc::kInvalidAuthToken);
  if (proof_ == Proof::kSignedToken) return auth::Who(claims_->username, claims_->revision);
  if (!simple_->use(now.monotonic_ns)) return fail(Errc::kInvalidAuthToken);  // revoked just now
  return auth::Who(simple_->user(), view.revision());
}

bool Caller::is_good(const Moment& now) const {
  switch (proof_) {
    case Proof::kSimpleToken: return simple_->is_good(now.monotonic_ns);
    case Proof::kSignedToken: return is_good_claim(*claims_, now.wall_ns);
    case Proof::kBadToken: return false;
    case Proof::kNone:
    case Proof::kCertificate: break;
  }
  return true;
}

const Caller* CallerMemory::find(std::string_view token) const {
  const auto found = callers_.find(token);
  return found == callers_.end() ? nullptr : &found->second;
}

// Full of those that are good, it forgets them all: each is found again at its next call.
const Caller& CallerMemory::add(std::string_view token, Caller caller, const Moment& now) {
  if (callers_.size() >= kMaxCallers) std::erase_if(callers_, [&](const auto& item) { return !item.second.is_good(now); });
  if (callers_.size() >= kMaxCallers) callers_.clear();
  return callers_.insert_or_assign(std::string(token), std::move(caller)).first->second;
}

}  // namespace etcd::api
