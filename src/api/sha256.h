// Sha256: the digest of a stream of bytes. Wraps the crypto library.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>

namespace etcd::api {

class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void update(std::string_view bytes);
  // The 32 bytes; call once, at the end.
  std::string finish();

 private:
  struct Context;
  std::unique_ptr<Context> context_;
};

// Of bytes that are all there: the 32 bytes.
std::string sha256(std::string_view bytes);

}  // namespace etcd::api
