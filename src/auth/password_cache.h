// PasswordCache: passwords that were found right not long ago, so that a client that logs in again needs no bcrypt.
//
// Neither a password nor anything it could be looked up by elsewhere is kept: an entry's name is an HMAC of user and password under a key that this
// process alone has. An entry says for which stored hash the password was right, and holds for no other: so it cannot outlive a change of the
// password, whoever forgets to tell. Any thread. At most kMaxEntries; one that was not asked for within kLifeNs is gone.
#pragma once

#include <array>
#include <cstdint>
#include <list>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace etcd::auth {

class PasswordCache {
 public:
  static constexpr std::size_t kMaxEntries = 10'000;
  static constexpr std::int64_t kLifeNs = 600'000'000'000;

  using Key = std::array<std::uint8_t, 32>;
  // `key`: unpredictable bytes.
  explicit PasswordCache(const Key& key) : key_(key) {}

  struct Login {
    std::string_view user;
    std::string_view password;
    std::string_view hash;  // what is stored for the user
  };
  // Whether the password was found right for this very hash. `now_ns`: monotonic.
  bool has(const Login& login, std::int64_t now_ns);
  void add(const Login& login, std::int64_t now_ns);
  std::size_t size() const;

 private:
  using Digest = std::array<std::uint8_t, 32>;
  struct Entry {
    Digest name;
    std::string hash;
    std::int64_t asked_ns;
  };

  Digest name_of(const Login& login) const;
  void drop_old(std::int64_t now_ns);

  const Key key_;
  mutable std::mutex mutex_;  // guards what follows
  std::list<Entry> entries_;  // asked for last first
  std::map<Digest, std::list<Entry>::iterator> by_name_;
};

}  // namespace etcd::auth
