#include "auth/password_cache.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include "base/check.h"

namespace etcd::auth {

// The length goes before the user, so that no two logins share a text.
PasswordCache::Digest PasswordCache::name_of(const Login& login) const {
  std::string text = std::to_string(login.user.size()) + ':';
  text.append(login.user).append(login.password);
  Digest digest{};
  unsigned size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  CHECK(HMAC(EVP_sha256(), key_.data(), static_cast<int>(key_.size()), bytes, text.size(), digest.data(), &size) != nullptr);
  CHECK(size == digest.size(), size);
  return digest;
}

bool PasswordCache::has(const Login& login, std::int64_t now_ns) {
  const Digest name = name_of(login);
  const std::lock_guard lock(mutex_);
  drop_old(now_ns);
  const auto found = by_name_.find(name);
  if (found == by_name_.end() || found->second->hash != login.hash) return false;
  found->second->asked_ns = now_ns;
  entries_.splice(entries_.begin(), entries_, found->second);
  return true;
}

void PasswordCache::add(const Login& login, std::int64_t now_ns) {
  const Digest name = name_of(login);
  const std::lock_guard lock(mutex_);
  drop_old(now_ns);
  if (const auto found = by_name_.find(name); found != by_name_.end()) {
    entries_.erase(found->second);
    by_name_.erase(found);
  }
  entries_.push_front({name, std::string(login.hash), now_ns});
  by_name_.emplace(name, entries_.begin());
  if (entries_.size() <= kMaxEntries) return;
  by_name_.erase(entries_.back().name);
  entries_.pop_back();
}

void PasswordCache::drop_old(std::int64_t now_ns) {
  while (!entries_.empty() && entries_.back().asked_ns < now_ns - kLifeNs) {
    by_name_.erase(entries_.back().name);
    entries_.pop_back();
  }
}

std::size_t PasswordCache::size() const {
  const std::lock_guard lock(mutex_);
  return entries_.size();
}

}  // namespace etcd::auth
