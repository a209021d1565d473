// SimpleTokens: etcd's simple tokens, "<16 letters>.<log index>": who logged in gets one, every member learns of it from the log, and keeps it in
// memory until nobody has used it for a while.
//
// Written by the apply thread, read by all; a reader that keeps the SimpleToken it found needs no lock from then on. Time comes in, monotonic.
// Invariants: a token is found from assign() until it expires or is revoked, and never again; no more than kMaxTokens, the oldest go first.
#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

namespace etcd::auth {

// Any thread.
class SimpleToken {
 public:
  SimpleToken(std::string user, std::int64_t ttl_ns, std::int64_t now_ns) : user_(std::move(user)), ttl_ns_(ttl_ns), expires_ns_(now_ns + ttl_ns) {}

  const std::string& user() const { return user_; }
  // False once it is worth nothing any more; else it gets its whole time again.
  bool use(std::int64_t now_ns);
  bool is_good(std::int64_t now_ns) const { return now_ns <= expires_ns_.load(std::memory_order_relaxed); }
  std::int64_t expires_ns() const { return expires_ns_.load(std::memory_order_relaxed); }
  // For good.
  void revoke();

 private:
  const std::string user_;
  const std::int64_t ttl_ns_;
  std::atomic<std::int64_t> expires_ns_;
};

class SimpleTokens {
 public:
  static constexpr std::size_t kMaxTokens = 1'000'000;

  explicit SimpleTokens(std::int64_t ttl_ns) : ttl_ns_(ttl_ns) {}

  // One that is there already stays as it is: the log may be read again.
  void assign(std::string_view user, std::string_view token, std::int64_t now_ns);
  // Null: it is not there, or no more.
  std::shared_ptr<SimpleToken> find(std::string_view token, std::int64_t now_ns);
  void revoke_user(std::string_view user);
  void revoke_all();
  std::size_t size() const;

 private:
  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view text) const { return std::hash<std::string_view>()(text); }
  };
  struct InLine {
    std::string token;
    std::int64_t look_ns;  // when it may have expired
  };

  void drop_expired(std::int64_t now_ns);

  const std::int64_t ttl_ns_;
  mutable std::mutex mutex_;  // guards what follows
  std::unordered_map<std::string, std::shared_ptr<SimpleToken>, Hash, std::equal_to<>> tokens_;
  std::deque<InLine> line_;  // by look_ns
};

// "<16 letters>.<index>" -> the index; nothing if it is not of that shape. Any letters, as etcd reads it.
std::optional<std::uint64_t> index_of_simple_token(std::string_view token);

}  // namespace etcd::auth
