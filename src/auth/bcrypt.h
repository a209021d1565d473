// bcrypt: how passwords are kept, byte for byte as Go's x/crypto/bcrypt reads and writes them ("$2a$10$" and 53 letters). Over libcrypt.
//
// Slow on purpose, by the cost: some 50 ms at cost 10. Never call these on a thread that others wait for. Pure; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace etcd::auth {

inline constexpr int kMinBcryptCost = 4;
inline constexpr int kMaxBcryptCost = 31;
inline constexpr int kDefaultBcryptCost = 10;

using BcryptSalt = std::array<std::uint8_t, 16>;

// `salt`: unpredictable bytes, new ones for each password. kInvalid with Go's text for a password of more than 72 bytes; kUnsupported for one with a
// zero byte, which libcrypt would cut there.
Result<std::string> bcrypt_hash(std::string_view password, int cost, const BcryptSalt& salt);
// False also for a hash that is none, or for a password with a zero byte.
bool bcrypt_matches(std::string_view hash, std::string_view password);

}  // namespace etcd::auth
