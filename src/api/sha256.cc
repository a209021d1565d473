#include "api/sha256.h"

#include <openssl/evp.h>

#include "base/check.h"

namespace etcd::api {

struct Sha256::Context {
  EVP_MD_CTX* digest = EVP_MD_CTX_new();
  ~Context() { EVP_MD_CTX_free(digest); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
  CHECK(context_->digest != nullptr && EVP_DigestInit_ex(context_->digest, EVP_sha256(), nullptr) == 1);
}

Sha256::~Sha256() = default;

void Sha256::update(std::string_view bytes) { CHECK(EVP_DigestUpdate(context_->digest, bytes.data(), bytes.size()) == 1); }

std::string Sha256::finish() {
  std::array<unsigned char, EVP_MAX_MD_SIZE> bytes;
  unsigned size = 0;
  CHECK(EVP_DigestFinal_ex(context_->digest, bytes.data(), &size) == 1);
  return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::string sha256(std::string_view bytes) {
  Sha256 digest;
  digest.update(bytes);
  return digest.finish();
}

}  // namespace etcd::api
