#include "api/auth/caller.h"

#include <algorithm>
#include <utility>

#include "api/sha256.h"

namespace etcd::api {

namespace {

constexpr std::int64_t kNsPerSecond = 1'000'000'000;

bool is_good_claim(const auth::JwtClaims& claims, std::int64_t wall_ns) {
  return !claims.expires_s || wall_ns / kNsPerSecond < *claims.expires_s;
}

}  // namespace

Caller Caller::by_certificate(std::string common_name) {
  Caller caller = by_token(auth::JwtClaims{.username = std::move(common_name)}, 0);
  caller.proof_ = Proof::kCertificate;
  return caller;
}

Caller Caller::by_token(std::shared_ptr<auth::SimpleToken> token) {
  Caller caller;
  caller.proof_ = Proof::kSimpleToken;
  caller.simple_ = std::move(token);
  return caller;
}

Caller Caller::by_token(auth::JwtClaims claims, std::uint64_t key) {
  Caller caller;
  caller.proof_ = Proof::kSignedToken;
  caller.key_ = key;
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
    case Proof::kSignedToken: return key_ == now.key && is_good_claim(*claims_, now.wall_ns);
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

void CallerMemory::refuse(std::string_view token, Error why, const Moment& now) {
  while (!refused_.empty() && (refused_.size() >= kMaxRefused || refused_.front().until_ns <= now.monotonic_ns)) refused_.pop_front();
  refused_.push_back({sha256(token), std::move(why), now.monotonic_ns + kRefusedForNs, now.key});
}

// Newest first: that is who has just been waiting.
const Error* CallerMemory::find_refused(std::string_view token, const Moment& now) const {
  if (refused_.empty() || refused_.back().until_ns <= now.monotonic_ns) return nullptr;
  const std::string digest = sha256(token);
  const auto found = std::find_if(refused_.rbegin(), refused_.rend(), [&](const Refused& refused) { return refused.digest == digest; });
  return found != refused_.rend() && found->until_ns > now.monotonic_ns && found->key == now.key ? &found->why : nullptr;
}

void CallerMemory::forget_refused(std::string_view token) {
  std::erase_if(refused_, [digest = sha256(token)](const Refused& refused) { return refused.digest == digest; });
}

bool CallerMemory::wait_for(std::string_view token, base::UniqueFunction<void()> next) {
  const auto [found, is_first] = waiting_.try_emplace(std::string(token));
  found->second.push_back(std::move(next));
  return is_first;
}

std::vector<base::UniqueFunction<void()>> CallerMemory::take_waiting(std::string_view token) {
  const auto found = waiting_.find(token);
  if (found == waiting_.end()) return {};
  auto waiting = std::move(found->second);
  waiting_.erase(found);
  return waiting;
}

}  // namespace etcd::api
