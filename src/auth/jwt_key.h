// JwtKey: one key that signs or verifies JSON Web Tokens, with one of the thirteen methods that etcd takes. Over OpenSSL.
//
// Immutable: any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace etcd::auth {

enum class JwtMethod : std::uint8_t { kHs256, kHs384, kHs512, kRs256, kRs384, kRs512, kPs256, kPs384, kPs512, kEs256, kEs384, kEs512, kEdDsa };

// "RS256" and the like; nothing for other names ("none" included).
std::optional<JwtMethod> jwt_method(std::string_view name);
std::string_view name_of(JwtMethod method);
// A microsecond's work; signatures of the other methods take some 20 to 1000.
bool is_hmac(JwtMethod method);

// Contents of the files, empty where there is none: PEM, but for HMAC, whose private key is the bytes as they are.
struct JwtKeyFiles {
  std::string private_key;
  std::string public_key;

  friend bool operator==(const JwtKeyFiles&, const JwtKeyFiles&) = default;
};

class JwtKey {
 public:
  // kInvalid with etcd's text: no key at all, keys that are none of the method's kind, a pair that does not belong together.
  static Result<std::shared_ptr<const JwtKey>> load(JwtMethod method, const JwtKeyFiles& files);
  ~JwtKey();

  JwtMethod method() const { return method_; }
  // False with a public key alone.
  bool can_sign() const { return can_sign_; }
  // Raw bytes, as the tokens carry them. kUnsupported with etcd's text if it can't sign.
  Result<std::string> sign(std::string_view text) const;
  bool verifies(std::string_view text, std::string_view signature) const;

 private:
  struct Parts;
  JwtKey(JwtMethod method, bool can_sign, std::unique_ptr<Parts> parts);

  const JwtMethod method_;
  const bool can_sign_;
  const std::unique_ptr<Parts> parts_;
};

}  // namespace etcd::auth
