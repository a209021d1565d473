#include "auth/simple_tokens.h"

#include <charconv>
#include <limits>

namespace etcd::auth {

namespace {

constexpr std::int64_t kRevoked = std::numeric_limits<std::int64_t>::min();
// A token that is used all the time is written to this seldom, so that the threads that read it don't take it from each other.
constexpr std::int64_t kRenewEveryNs = 1'000'000'000;

}  // namespace

bool SimpleToken::use(std::int64_t now_ns) {
  std::int64_t expires_ns = expires_ns_.load(std::memory_order_relaxed);
  if (now_ns > expires_ns) return false;
  const std::int64_t renewed_ns = now_ns + ttl_ns_;
  if (renewed_ns - expires_ns < kRenewEveryNs && ttl_ns_ > kRenewEveryNs) return true;
  // If it fails, the token was revoked or renewed meanwhile.
  return expires_ns_.compare_exchange_strong(expires_ns, std::max(renewed_ns, expires_ns)) || now_ns <= expires_ns;
}

void SimpleToken::revoke() { expires_ns_.store(kRevoked); }

void SimpleTokens::assign(std::string_view user, std::string_view token, std::int64_t now_ns) {
  auto made = std::make_shared<SimpleToken>(std::string(user), ttl_ns_, now_ns);
  const std::lock_guard lock(mutex_);
  drop_expired(now_ns);
  if (!tokens_.emplace(std::string(token), std::move(made)).second) return;
  line_.push_back({std::string(token), now_ns + ttl_ns_});
  if (tokens_.size() <= kMaxTokens) return;
  const auto oldest = tokens_.find(line_.front().token);
  if (oldest != tokens_.end()) {
    oldest->second->revoke();
    tokens_.erase(oldest);
  }
  line_.pop_front();
}

std::shared_ptr<SimpleToken> SimpleTokens::find(std::string_view token, std::int64_t now_ns) {
  const std::lock_guard lock(mutex_);
  const auto found = tokens_.find(token);
  return found == tokens_.end() || !found->second->is_good(now_ns) ? nullptr : found->second;
}

void SimpleTokens::revoke_user(std::string_view user) {
  const std::lock_guard lock(mutex_);
  std::erase_if(tokens_, [&](const auto& item) {
    if (item.second->user() != user) return false;
    item.second->revoke();
    return true;
  });
}

void SimpleTokens::revoke_all() {
  const std::lock_guard lock(mutex_);
  for (const auto& [text, token] : tokens_) token->revoke();
  tokens_.clear();
  line_.clear();
}

// One that was used meanwhile goes to the end of the line again. Its new time may lie before those of some behind it, by no more than its own age.
void SimpleTokens::drop_expired(std::int64_t now_ns) {
  while (!line_.empty() && line_.front().look_ns < now_ns) {
    InLine first = std::move(line_.front());
    line_.pop_front();
    const auto found = tokens_.find(first.token);
    if (found == tokens_.end()) continue;
    if (found->second->is_good(now_ns)) {
      first.look_ns = found->second->expires_ns();
      line_.push_back(std::move(first));
    } else {
      tokens_.erase(found);
    }
  }
}

std::size_t SimpleTokens::size() const {
  const std::lock_guard lock(mutex_);
  return tokens_.size();
}

std::optional<std::uint64_t> index_of_simple_token(std::string_view token) {
  const std::size_t dot = token.find('.');
  if (dot == std::string_view::npos) return std::nullopt;
  const std::string_view digits = token.substr(dot + 1);
  std::uint64_t index = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), index);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  return index;
}

}  // namespace etcd::auth
