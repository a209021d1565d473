#include "api/auth/secret_bytes.h"

#include <sys/random.h>

#include <cerrno>

#include "base/check.h"

namespace etcd::api {

void fill_with_secret(std::uint8_t* bytes, std::size_t size) {
  while (size > 0) {
    const ssize_t got = getrandom(bytes, size, 0);
    if (got < 0 && errno == EINTR) continue;
    CHECK(got > 0, errno);
    bytes += got;
    size -= static_cast<std::size_t>(got);
  }
}

// Bytes that would favour some letters are thrown away.
std::string secret_letters(std::size_t count) {
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
  constexpr std::size_t kFair = 256 / kLetters.size() * kLetters.size();
  std::string letters;
  while (letters.size() < count) {
    for (const std::uint8_t byte : secret_bytes<32>()) {
      if (byte < kFair && letters.size() < count) letters += kLetters[byte % kLetters.size()];
    }
  }
  return letters;
}

}  // namespace etcd::api
