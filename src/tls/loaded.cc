#include "tls/loaded.h"

#include <openssl/err.h>
#include <openssl/pem.h>

#include <array>
#include <cerrno>
#include <fstream>
#include <system_error>

#include "base/check.h"
#include "tls/cipher_suites.h"
#include "tls/socket_bio.h"
#include "tls/words.h"

namespace etcd::tls {

namespace {

constexpr std::size_t kMaxFileBytes = 64 * 1024 * 1024;
constexpr unsigned char kSessionContext[] = "etcd";

// Who wrote these files is the operator, and nothing of ours depends on their being durable: no base::File.
Result<std::string> read_file(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text;
  std::array<char, 65536> part;
  while (file && text.size() <= kMaxFileBytes) {
    file.read(part.data(), part.size());
    text.append(part.data(), static_cast<std::size_t>(file.gcount()));
  }
  if (file.eof()) return text;
  const int error = text.size() > kMaxFileBytes ? EFBIG : errno;
  std::string why = std::generic_category().message(error);
  why[0] = static_cast<char>(why[0] | 0x20);
  return fail(Errc::kIo, "open " + path + ": " + why);
}

tl::unexpected<Error> invalid(const std::string& path, const std::string& why) {
  ERR_clear_error();
  return fail(Errc::kInvalid, path + ": " + why);
}

// All certificates of a PEM file, at least one.
Result<std::vector<X509Ptr>> read_certificates(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_file(path));
  const BioPtr bio = bio_over(text);
  std::vector<X509Ptr> all;
  while (X509Ptr one{PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)}) all.push_back(std::move(one));
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) return invalid(path, take_error());
  ERR_clear_error();
  if (all.empty()) return invalid(path, "tls: failed to find any PEM data in certificate input");
  return all;
}

// A key that wants a password is none that a server can use: nobody is there to ask.
int no_password(char*, int, int, void*) { return 0; }

Result<KeyPtr> read_key(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_file(path));
  const BioPtr bio = bio_over(text);
  KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, no_password, nullptr));
  if (key == nullptr) return invalid(path, "tls: failed to find any private key in key input");
  return key;
}

Status use_certificate(SSL_CTX* ssl, const std::string& cert_file, const std::string& key_file) {
  TRY_ASSIGN(std::vector<X509Ptr> chain, read_certificates(cert_file));
  TRY_ASSIGN(const KeyPtr key, read_key(key_file));
  if (X509_check_private_key(chain.front().get(), key.get()) != 1) {
    return invalid(key_file, "tls: private key does not match public key");
  }
  if (SSL_CTX_use_certificate(ssl, chain.front().get()) != 1) return invalid(cert_file, take_error());
  for (std::size_t i = 1; i < chain.size(); ++i) {
    if (SSL_CTX_add1_chain_cert(ssl, chain[i].get()) != 1) return invalid(cert_file, take_error());
  }
  if (SSL_CTX_use_PrivateKey(ssl, key.get()) != 1) return invalid(key_file, take_error());
  return {};
}

// Any certificate of the file is trusted, whoever has issued it: as in Go.
Status use_trusted(SSL_CTX* ssl, const std::string& ca_file, Role role) {
  X509_STORE* const store = SSL_CTX_get_cert_store(ssl);
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (ca_file.empty()) {
    SSL_CTX_set_default_verify_paths(ssl);
    return {};
  }
  TRY_ASSIGN(const std::vector<X509Ptr> all, read_certificates(ca_file));
  for (const X509Ptr& one : all) {
    if (X509_STORE_add_cert(store, one.get()) != 1) return invalid(ca_file, take_error());
    if (role == Role::kServer) SSL_CTX_add_client_CA(ssl, one.get());
  }
  return {};
}

// The lists of a file: one in DER, or any number in PEM, as who has several authorities puts them together. None: it can't be read.
std::vector<CrlPtr> lists_of(const std::string& text) {
  std::vector<CrlPtr> lists;
  const auto* at = reinterpret_cast<const unsigned char*>(text.data());
  if (CrlPtr list{d2i_X509_CRL(nullptr, &at, static_cast<long>(text.size()))}) {
    lists.push_back(std::move(list));
    return lists;
  }
  ERR_clear_error();
  const BioPtr bio = bio_over(text);
  while (CrlPtr list{PEM_read_bio_X509_CRL(bio.get(), nullptr, nullptr, nullptr)}) lists.push_back(std::move(list));
  const unsigned long error = ERR_peek_last_error();
  const bool at_end = ERR_GET_LIB(error) == ERR_LIB_PEM && ERR_GET_REASON(error) == PEM_R_NO_START_LINE;
  if (!at_end) lists.clear();  // half a file would let in whom the other half names
  return lists;
}

Result<std::set<std::string, std::less<>>> read_revoked(const std::string& path) {
  TRY_ASSIGN(const std::string text, read_file(path));
  const std::vector<CrlPtr> lists = lists_of(text);
  if (lists.empty()) return invalid(path, "x509: malformed crl");
  ERR_clear_error();
  std::set<std::string, std::less<>> serials;
  for (const CrlPtr& list : lists) {
    const STACK_OF(X509_REVOKED)* const revoked = X509_CRL_get_REVOKED(list.get());
    for (int i = 0; i < sk_X509_REVOKED_num(revoked); ++i) {
      const ASN1_INTEGER* const serial = X509_REVOKED_get0_serialNumber(sk_X509_REVOKED_value(revoked, i));
      serials.emplace(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                      static_cast<std::size_t>(ASN1_STRING_length(serial)));
    }
  }
  return serials;
}

int version_number(Version version) {
  if (version == Version::kTls13) return TLS1_3_VERSION;
  return version == Version::kTls12 ? TLS1_2_VERSION : 0;
}

Status set_rules(SSL_CTX* ssl, const Settings& settings) {
  SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_NO_TICKET |
                               SSL_OP_IGNORE_UNEXPECTED_EOF | SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_mode(ssl, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(ssl, 1);
  SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_num_tickets(ssl, 0);
  SSL_CTX_set_session_id_context(ssl, kSessionContext, sizeof kSessionContext - 1);
  SSL_CTX_set_security_level(ssl, 1);  // Go's: RSA from 1024 bits on, no SHA-1 signatures
  SSL_CTX_set_min_proto_version(ssl, version_number(settings.lowest));
  SSL_CTX_set_max_proto_version(ssl, version_number(settings.highest));
  CHECK(SSL_CTX_set1_groups_list(ssl, "X25519:P-256:P-384:P-521") == 1);
  CHECK(SSL_CTX_set_ciphersuites(ssl, kTls13Suites) == 1);
  TRY_ASSIGN(const std::string suites, openssl_suites(settings.cipher_suites));
  if (!suites.empty()) return SSL_CTX_set_cipher_list(ssl, suites.c_str()) == 1 ? Status() : invalid("cipher suites", take_error());
  if (settings.highest == Version::kTls12) {
    return fail(Errc::kUnsupported, "none of the given TLS cipher suites is one that this server has");
  }
  SSL_CTX_set_min_proto_version(ssl, TLS1_3_VERSION);  // none of TLS 1.2
  return {};
}

bool has_certificate(const Settings& settings) { return !settings.cert_file.empty() || !settings.key_file.empty(); }

// What is shown on this side.
std::pair<std::string, std::string> certificate_of(Role role, const Settings& settings) {
  if (role == Role::kClient && !settings.client_cert_file.empty()) {
    return {settings.client_cert_file, settings.client_key_file};
  }
  return {settings.cert_file, settings.key_file};
}

Status check_pairs(Role role, const Settings& settings) {
  if (settings.allowed_common_names.size() > 0 && settings.allowed_hostnames.size() > 0) {
    return fail(Errc::kInvalid, "AllowedCNs and AllowedHostnames are mutually exclusive");
  }
  if (role == Role::kClient && !has_certificate(settings)) return {};
  if (settings.cert_file.empty() || settings.key_file.empty()) {
    return fail(Errc::kInvalid, "KeyFile and CertFile must both be present[key: " + settings.key_file +
                                    ", cert: " + settings.cert_file + "]");
  }
  if (settings.client_cert_file.empty() == settings.client_key_file.empty()) return {};
  return fail(Errc::kInvalid, "ClientKeyFile and ClientCertFile must both be present or both absent: key: " +
                                  settings.client_key_file + ", cert: " + settings.client_cert_file + "]");
}

}  // namespace

std::vector<std::string> files_of(Role role, const Settings& settings) {
  std::vector<std::string> files;
  const auto [cert_file, key_file] = certificate_of(role, settings);
  for (const std::string& file : {cert_file, key_file, settings.trusted_ca_file, settings.crl_file}) {
    if (!file.empty()) files.push_back(file);
  }
  return files;
}

Result<std::shared_ptr<const Loaded>> load(Role role, const Settings& settings) {
  TRY(check_pairs(role, settings));
  auto loaded = std::make_shared<Loaded>();
  loaded->settings = settings;
  loaded->socket = socket_method();
  loaded->ssl.reset(SSL_CTX_new(role == Role::kServer ? TLS_server_method() : TLS_client_method()));
  SSL_CTX* const ssl = loaded->ssl.get();
  CHECK(ssl != nullptr);
  TRY(set_rules(ssl, settings));
  const auto [cert_file, key_file] = certificate_of(role, settings);
  if (!cert_file.empty()) TRY(use_certificate(ssl, cert_file, key_file));
  if (!settings.crl_file.empty()) {
    TRY_ASSIGN(loaded->revoked, read_revoked(settings.crl_file));
  }
  SSL_CTX_set_cert_verify_callback(ssl, verify_chain, nullptr);
  SSL_CTX_set_alpn_select_cb(ssl, choose_protocol, nullptr);
  const bool verifies = role == Role::kServer ? settings.demands_client_certificate() : settings.verify_server;
  SSL_CTX_set_verify(ssl, verifies ? SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT : SSL_VERIFY_NONE, nullptr);
  if (verifies) TRY(use_trusted(ssl, settings.trusted_ca_file, role));
  return std::shared_ptr<const Loaded>(std::move(loaded));
}

}  // namespace etcd::tls
