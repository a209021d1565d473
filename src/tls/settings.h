// Settings: what TLS between this process and others rests on. A plain value.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace etcd::tls {

enum class Version : std::uint8_t { kAny, kTls12, kTls13 };

struct Settings {
  std::string cert_file;  // the leaf first, then the certificates that lead to its CA
  std::string key_file;
  std::string client_cert_file;  // to show where this process connects; empty: the two above
  std::string client_key_file;
  std::string trusted_ca_file;  // empty: what the system trusts
  std::string crl_file;         // PEM or DER; who signed it is not asked
  bool client_cert_auth = false;
  bool verify_server = true;  // false: where this process connects, any certificate will do (certificates made at start)
  // Of each kind: empty for all; else the other end's certificate must have one of them.
  std::vector<std::string> allowed_common_names = {};
  std::vector<std::string> allowed_hostnames = {};
  std::vector<std::string> cipher_suites = {};  // Go's names; empty: the usual ones. Of TLS 1.3 always all
  Version lowest = Version::kTls12;
  Version highest = Version::kAny;

  // Who connects must show a certificate that verifies.
  bool demands_client_certificate() const { return client_cert_auth || !trusted_ca_file.empty(); }
};

}  // namespace etcd::tls
