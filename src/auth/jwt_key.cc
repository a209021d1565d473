#include "auth/jwt_key.h"

#include <openssl/bio.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/decoder.h>
#include <openssl/ecdsa.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include <algorithm>
#include <array>

#include "base/freed.h"

namespace etcd::auth {

namespace {

using base::Freed;

using Pkey = std::unique_ptr<EVP_PKEY, Freed<EVP_PKEY_free>>;
using Context = std::unique_ptr<EVP_MD_CTX, Freed<EVP_MD_CTX_free>>;
using Signature = std::unique_ptr<ECDSA_SIG, Freed<ECDSA_SIG_free>>;
using Certificate = std::unique_ptr<X509, Freed<X509_free>>;
using Decoder = std::unique_ptr<OSSL_DECODER_CTX, Freed<OSSL_DECODER_CTX_free>>;
using Bio = std::unique_ptr<BIO, Freed<BIO_free_all>>;

enum class Family : std::uint8_t { kHmac, kRsa, kPss, kEcdsa, kEd25519 };

struct Row {
  std::string_view name;
  Family family;
  const char* digest;    // null: the method brings its own
  int number_bytes;      // ECDSA: of each of the signature's two numbers
  int curve_bits;        // ECDSA
};

// In the order of JwtMethod.
constexpr std::array<Row, 13> kRows = {{{"HS256", Family::kHmac, "SHA256", 0, 0},
                                        {"HS384", Family::kHmac, "SHA384", 0, 0},
                                        {"HS512", Family::kHmac, "SHA512", 0, 0},
                                        {"RS256", Family::kRsa, "SHA256", 0, 0},
                                        {"RS384", Family::kRsa, "SHA384", 0, 0},
                                        {"RS512", Family::kRsa, "SHA512", 0, 0},
                                        {"PS256", Family::kPss, "SHA256", 0, 0},
                                        {"PS384", Family::kPss, "SHA384", 0, 0},
                                        {"PS512", Family::kPss, "SHA512", 0, 0},
                                        {"ES256", Family::kEcdsa, "SHA256", 32, 256},
                                        {"ES384", Family::kEcdsa, "SHA384", 48, 384},
                                        {"ES512", Family::kEcdsa, "SHA512", 66, 521},
                                        {"EdDSA", Family::kEd25519, nullptr, 0, 0}}};

const Row& row_of(JwtMethod method) { return kRows[static_cast<std::size_t>(method)]; }

const char* key_type(Family family) {
  switch (family) {
    case Family::kRsa:
    case Family::kPss: return "RSA";
    case Family::kEcdsa: return "EC";
    case Family::kEd25519: return "ED25519";
    case Family::kHmac: break;
  }
  return "";
}

// The words of Go's library where a key can't be read.
Error unreadable(Family family) {
  switch (family) {
    case Family::kEcdsa: return {Errc::kInvalid, "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"};
    case Family::kEd25519: return {Errc::kInvalid, "key is not a valid Ed25519 key"};
    default: return {Errc::kInvalid, "invalid key: Key must be a PEM encoded PKCS1 or PKCS8 key"};
  }
}

bool fits(const Row& row, const EVP_PKEY* key) {
  return EVP_PKEY_is_a(key, key_type(row.family)) == 1 && (row.curve_bits == 0 || EVP_PKEY_get_bits(key) == row.curve_bits);
}

// `selection`: EVP_PKEY_KEYPAIR or EVP_PKEY_PUBLIC_KEY. An encrypted key is no key: nobody is there to be asked for its password.
Pkey decode_pem(const Row& row, const std::string& pem, int selection) {
  EVP_PKEY* key = nullptr;
  const Decoder decoder(OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", nullptr, key_type(row.family), selection, nullptr, nullptr));
  const auto* bytes = reinterpret_cast<const unsigned char*>(pem.data());
  std::size_t size = pem.size();
  const bool decoded = decoder != nullptr && OSSL_DECODER_CTX_set_passphrase(decoder.get(), reinterpret_cast<const unsigned char*>(""), 0) == 1 &&
                       OSSL_DECODER_from_data(decoder.get(), &bytes, &size) == 1;
  Pkey owned(key);
  ERR_clear_error();
  return decoded && owned != nullptr && fits(row, owned.get()) ? std::move(owned) : nullptr;
}

// A certificate's, too.
Pkey decode_public(const Row& row, const std::string& pem) {
  if (Pkey key = decode_pem(row, pem, EVP_PKEY_PUBLIC_KEY)) return key;
  const Bio bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  const Certificate certificate(PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  ERR_clear_error();
  Pkey key(certificate == nullptr ? nullptr : X509_get_pubkey(certificate.get()));
  return key != nullptr && fits(row, key.get()) ? std::move(key) : nullptr;
}

std::string hmac(const Row& row, const std::string& secret, std::string_view text) {
  std::string out(EVP_MAX_MD_SIZE, '\0');
  unsigned size = 0;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  HMAC(EVP_get_digestbyname(row.digest), secret.data(), static_cast<int>(secret.size()), bytes, text.size(),
       reinterpret_cast<unsigned char*>(out.data()), &size);
  out.resize(size);
  return out;
}

// ECDSA's two numbers one after the other, as tokens have them; empty if `der` is none.
std::string from_der(const Row& row, std::string_view der) {
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const Signature signature(d2i_ECDSA_SIG(nullptr, &bytes, static_cast<long>(der.size())));
  if (signature == nullptr) return {};
  std::string out(static_cast<std::size_t>(2 * row.number_bytes), '\0');
  auto* const at = reinterpret_cast<unsigned char*>(out.data());
  const bool fit = BN_bn2binpad(ECDSA_SIG_get0_r(signature.get()), at, row.number_bytes) == row.number_bytes &&
                   BN_bn2binpad(ECDSA_SIG_get0_s(signature.get()), at + row.number_bytes, row.number_bytes) == row.number_bytes;
  return fit ? out : std::string();
}

std::string to_der(const Row& row, std::string_view raw) {
  if (raw.size() != static_cast<std::size_t>(2 * row.number_bytes)) return {};
  const auto* const at = reinterpret_cast<const unsigned char*>(raw.data());
  const Signature signature(ECDSA_SIG_new());
  BIGNUM* const r = BN_bin2bn(at, row.number_bytes, nullptr);
  BIGNUM* const s = BN_bin2bn(at + row.number_bytes, row.number_bytes, nullptr);
  if (signature == nullptr || ECDSA_SIG_set0(signature.get(), r, s) != 1) {
    BN_free(r);
    BN_free(s);
    return {};
  }
  unsigned char* der = nullptr;
  const int size = i2d_ECDSA_SIG(signature.get(), &der);
  std::string out(reinterpret_cast<const char*>(der), size > 0 ? static_cast<std::size_t>(size) : 0);
  OPENSSL_free(der);
  return out;
}

const EVP_MD* digest_of(const Row& row) { return row.digest == nullptr ? nullptr : EVP_get_digestbyname(row.digest); }

bool set_padding(const Row& row, EVP_PKEY_CTX* context, int salt_bytes) {
  if (row.family != Family::kPss) return true;
  return EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PSS_PADDING) == 1 && EVP_PKEY_CTX_set_rsa_pss_saltlen(context, salt_bytes) == 1;
}

std::string sign_with(const Row& row, EVP_PKEY* key, std::string_view text) {
  const Context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;
  const auto* const bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::size_t size = 0;
  if (EVP_DigestSignInit(context.get(), &padding, digest_of(row), nullptr, key) != 1 || !set_padding(row, padding, RSA_PSS_SALTLEN_DIGEST) ||
      EVP_DigestSign(context.get(), nullptr, &size, bytes, text.size()) != 1) {
    return {};
  }
  std::string out(size, '\0');
  if (EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size, bytes, text.size()) != 1) return {};
  out.resize(size);
  return row.family == Family::kEcdsa ? from_der(row, out) : out;
}

bool verify_with(const Row& row, EVP_PKEY* key, std::string_view text, std::string_view signature) {
  const std::string der = row.family == Family::kEcdsa ? to_der(row, signature) : std::string(signature);
  if (der.empty()) return false;
  const Context context(EVP_MD_CTX_new());
  EVP_PKEY_CTX* padding = nullptr;
  return EVP_DigestVerifyInit(context.get(), &padding, digest_of(row), nullptr, key) == 1 && set_padding(row, padding, RSA_PSS_SALTLEN_AUTO) &&
         EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(der.data()), der.size(),
                          reinterpret_cast<const unsigned char*>(text.data()), text.size()) == 1;
}

}  // namespace

struct JwtKey::Parts {
  std::string secret;  // of HMAC
  Pkey key;            // of all others; private if there is one
};

std::optional<JwtMethod> jwt_method(std::string_view name) {
  const auto row = std::ranges::find(kRows, name, &Row::name);
  if (row == kRows.end()) return std::nullopt;
  return static_cast<JwtMethod>(row - kRows.begin());
}

std::string_view name_of(JwtMethod method) { return row_of(method).name; }

bool is_hmac(JwtMethod method) { return row_of(method).family == Family::kHmac; }

JwtKey::JwtKey(JwtMethod method, bool can_sign, std::unique_ptr<Parts> parts) : method_(method), can_sign_(can_sign), parts_(std::move(parts)) {}
JwtKey::~JwtKey() = default;

Result<std::shared_ptr<const JwtKey>> JwtKey::load(JwtMethod method, const JwtKeyFiles& files) {
  const Row& row = row_of(method);
  const auto finish = [&](bool can_sign, Parts parts) {
    return std::shared_ptr<const JwtKey>(new JwtKey(method, can_sign, std::make_unique<Parts>(std::move(parts))));
  };
  const bool has_secret = is_hmac(method);
  if (files.private_key.empty() && (has_secret || files.public_key.empty())) return fail(Errc::kInvalid, "auth: missing key data");
  if (has_secret) return finish(true, {.secret = files.private_key, .key = nullptr});

  Pkey private_key = files.private_key.empty() ? nullptr : decode_pem(row, files.private_key, EVP_PKEY_KEYPAIR);
  if (!files.private_key.empty() && private_key == nullptr) return fail(unreadable(row.family));
  Pkey public_key = files.public_key.empty() ? nullptr : decode_public(row, files.public_key);
  if (!files.public_key.empty() && public_key == nullptr) return fail(unreadable(row.family));
  if (private_key == nullptr) return finish(false, {.secret = {}, .key = std::move(public_key)});
  if (public_key != nullptr && EVP_PKEY_eq(private_key.get(), public_key.get()) != 1) {
    return fail(Errc::kInvalid, "auth: public and private keys don't match");
  }
  return finish(true, {.secret = {}, .key = std::move(private_key)});
}

Result<std::string> JwtKey::sign(std::string_view text) const {
  if (!can_sign_) return fail(Errc::kUnsupported, "auth: token signing attempted with verify-only key");
  const Row& row = row_of(method_);
  std::string signature = row.family == Family::kHmac ? hmac(row, parts_->secret, text) : sign_with(row, parts_->key.get(), text);
  ERR_clear_error();
  if (signature.empty()) return fail(Errc::kInvalid, "key is invalid");
  return signature;
}

bool JwtKey::verifies(std::string_view text, std::string_view signature) const {
  const Row& row = row_of(method_);
  if (row.family != Family::kHmac) {
    const bool right = verify_with(row, parts_->key.get(), text, signature);
    ERR_clear_error();
    return right;
  }
  const std::string own = hmac(row, parts_->secret, text);
  return own.size() == signature.size() && CRYPTO_memcmp(own.data(), signature.data(), own.size()) == 0;
}

}  // namespace etcd::auth
