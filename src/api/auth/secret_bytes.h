// Bytes that nobody can guess: for tokens, salts and keys.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

namespace etcd::api {

// From the system's generator; never blocks once the machine is up. Ends the process if there is none.
void fill_with_secret(std::uint8_t* bytes, std::size_t size);

template <std::size_t kSize>
std::array<std::uint8_t, kSize> secret_bytes() {
  std::array<std::uint8_t, kSize> bytes;
  fill_with_secret(bytes.data(), bytes.size());
  return bytes;
}

// `count` letters, of a-z and A-Z.
std::string secret_letters(std::size_t count);

}  // namespace etcd::api
