#include "auth/bcrypt.h"

#include <crypt.h>

#include <memory>

namespace etcd::auth {

namespace {

constexpr std::size_t kHashBytes = 60;
constexpr std::size_t kPrefixBytes = 4;  // "$2a$"
constexpr std::size_t kMaxPasswordBytes = 72;

// libcrypt's own "$2a$" guards against an old bug of its own and so differs from everybody's for a few passwords; its "$2b$" is what Go computes
// under any of the names.
constexpr std::string_view kLibrarysName = "$2b$";
constexpr std::string_view kGosName = "$2a$";

bool has_zero_byte(std::string_view text) { return text.find('\0') != std::string_view::npos; }

// "$2a$", "$2b$", "$2y$".
bool has_known_prefix(std::string_view hash) {
  return hash.starts_with("$2") && (hash[2] == 'a' || hash[2] == 'b' || hash[2] == 'y') && hash[3] == '$';
}

// The hash of `password` with the cost and salt that `setting` begins with; empty if they are none.
std::string compute(std::string_view password, const std::string& setting) {
  const auto scratch = std::make_unique<crypt_data>();  // 32 KB
  const std::string text(password);
  const char* const hash = crypt_rn(text.c_str(), setting.c_str(), scratch.get(), sizeof *scratch);
  return hash == nullptr ? std::string() : std::string(hash);
}

// In a time that does not tell where they differ.
bool are_equal(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < a.size(); ++i) difference |= static_cast<unsigned char>(a[i]) ^ static_cast<unsigned char>(b[i]);
  return difference == 0;
}

}  // namespace

Result<std::string> bcrypt_hash(std::string_view password, int cost, const BcryptSalt& salt) {
  if (password.size() > kMaxPasswordBytes) return fail(Errc::kInvalid, "bcrypt: password length exceeds 72 bytes");
  if (has_zero_byte(password)) return fail(Errc::kUnsupported, "bcrypt: password has a zero byte");
  char setting[CRYPT_GENSALT_OUTPUT_SIZE];
  const char* const made = crypt_gensalt_rn(kLibrarysName.data(), static_cast<unsigned long>(cost), reinterpret_cast<const char*>(salt.data()),
                                            static_cast<int>(salt.size()), setting, sizeof setting);
  std::string hash = made == nullptr ? std::string() : compute(password, made);
  if (hash.size() != kHashBytes) return fail(Errc::kInvalid, "bcrypt: cost " + std::to_string(cost) + " is outside allowed range (4,31)");
  return hash.replace(0, kPrefixBytes, kGosName);
}

bool bcrypt_matches(std::string_view hash, std::string_view password) {
  if (hash.size() != kHashBytes || !has_known_prefix(hash) || has_zero_byte(hash) || has_zero_byte(password)) return false;
  std::string setting(hash);
  setting.replace(0, kPrefixBytes, kLibrarysName);
  const std::string computed = compute(password, setting);
  return computed.size() == kHashBytes && are_equal(std::string_view(computed).substr(kPrefixBytes), hash.substr(kPrefixBytes));
}

}  // namespace etcd::auth
