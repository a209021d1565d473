// What the log says about tokens. Every member hears the same, in the order of the log, and keeps its own table of simple
// tokens by it; signed tokens need none of this.
#pragma once

#include <string>
#include <variant>

namespace etcd::auth {

// `user` has come in, on whatever member: `token` ("<16 letters>.<index>") now stands for it.
struct TokenAssigned {
  std::string user;
  std::string token;
};
// The user is gone or has another password: its tokens are void.
struct UserTokensRevoked {
  std::string user;
};
// Auth was disabled: all tokens are void.
struct AllTokensRevoked {};

using TokenEvent = std::variant<TokenAssigned, UserTokensRevoked, AllTokensRevoked>;

}  // namespace etcd::auth
