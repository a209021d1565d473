// Any bytes as a token, and as the parts of one that is properly signed.
#include "auth/jwt.h"
#include "auth/simple_tokens.h"

namespace {

std::string encoded(std::string_view bytes) {
  constexpr std::string_view kDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  std::string out;
  for (std::size_t i = 0; i < bytes.size(); i += 3) {
    const std::size_t count = std::min<std::size_t>(3, bytes.size() - i);
    std::uint32_t bits = 0;
    for (std::size_t k = 0; k < 3; ++k) bits = bits << 8 | (k < count ? static_cast<unsigned char>(bytes[i + k]) : 0u);
    for (std::size_t k = 0; k <= count; ++k) out += kDigits[bits >> (18 - 6 * k) & 63];
  }
  return out;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const auto key = *etcd::auth::JwtKey::load(etcd::auth::JwtMethod::kHs256, {.private_key = "k", .public_key = ""});
  const std::string_view bytes(reinterpret_cast<const char*>(data), size);
  (void)etcd::auth::index_of_simple_token(bytes);
  (void)etcd::auth::read_jwt(*key, bytes, 1);
  const std::string text = encoded(R"({"alg":"HS256"})") + '.' + encoded(bytes);
  (void)etcd::auth::read_jwt(*key, text + '.' + encoded(*key->sign(text)), 1);
  return 0;
}
