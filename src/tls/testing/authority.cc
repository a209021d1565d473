#include "tls/testing/authority.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <unistd.h>

#include <cstdio>
#include <ctime>

#include "base/check.h"
#include "base/url.h"
#include "tls/openssl.h"

namespace etcd::tls::testing {

namespace {

constexpr long kDay = 24 * 60 * 60;

KeyPtr new_key() { return KeyPtr(EVP_EC_gen("P-256")); }

using FilePtr = std::unique_ptr<std::FILE, Freed<std::fclose>>;

FilePtr open_file(const std::string& path, const char* mode) {
  FilePtr file(std::fopen(path.c_str(), mode));
  CHECK(file != nullptr, path);
  return file;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  CHECK(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

X509Ptr new_certificate(EVP_PKEY* key, const std::string& common_name, long serial, long valid_from, long valid_for) {
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), serial);
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(common_name.c_str()), -1,
                             -1, 0);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), valid_from);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), valid_for);
  X509_set_pubkey(certificate.get(), key);
  return certificate;
}

}  // namespace

TemporaryFolder::TemporaryFolder() {
  std::string name = (std::filesystem::temp_directory_path() / "etcd-tls-XXXXXX").string();
  CHECK(::mkdtemp(name.data()) != nullptr);
  folder_ = name;
}

TemporaryFolder::~TemporaryFolder() { std::filesystem::remove_all(folder_); }

struct Authority::State {
  KeyPtr key = new_key();
  X509Ptr certificate;
  long serial = 100;

  CrlPtr list_of(const std::vector<std::string>& cert_files) const;
};

Authority::Authority(const TemporaryFolder& folder, const std::string& name)
    : folder_(folder), ca_file_(folder.path(name + ".crt")), state_(std::make_unique<State>()) {
  state_->certificate = new_certificate(state_->key.get(), name, 1, -kDay, 10 * kDay);
  X509* const own = state_->certificate.get();
  X509_set_issuer_name(own, X509_get_subject_name(own));
  add_extension(own, NID_basic_constraints, "critical,CA:TRUE");
  add_extension(own, NID_key_usage, "critical,keyCertSign,cRLSign");
  CHECK(X509_sign(own, state_->key.get(), EVP_sha256()) > 0);
  PEM_write_X509(open_file(ca_file_, "w").get(), own);
}

Authority::~Authority() = default;

Pair Authority::issue(const std::string& file, const Subject& subject) {
  const KeyPtr key = new_key();
  const long from = subject.valid_days < 0 ? 2 * subject.valid_days * kDay : -kDay;
  const X509Ptr certificate =
      new_certificate(key.get(), subject.common_name, ++state_->serial, from, subject.valid_days * kDay);
  X509_set_issuer_name(certificate.get(), X509_get_subject_name(state_->certificate.get()));
  std::string usage = subject.is_for_servers ? "serverAuth" : "";
  if (subject.is_for_clients) usage += usage.empty() ? "clientAuth" : ",clientAuth";
  add_extension(certificate.get(), NID_ext_key_usage, usage);
  if (!subject.names.empty()) add_extension(certificate.get(), NID_subject_alt_name, base::join(subject.names, ","));
  CHECK(X509_sign(certificate.get(), state_->key.get(), EVP_sha256()) > 0);
  Pair pair{folder_.path(file + ".crt"), folder_.path(file + ".key")};
  PEM_write_X509(open_file(pair.cert_file, "w").get(), certificate.get());
  PEM_write_PrivateKey(open_file(pair.key_file, "w").get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  return pair;
}

CrlPtr Authority::State::list_of(const std::vector<std::string>& cert_files) const {
  CrlPtr list(X509_CRL_new());
  X509_CRL_set_version(list.get(), X509_CRL_VERSION_2);
  X509_CRL_set_issuer_name(list.get(), X509_get_subject_name(certificate.get()));
  const std::unique_ptr<ASN1_TIME, Freed<ASN1_TIME_free>> now(ASN1_TIME_set(nullptr, std::time(nullptr)));
  X509_CRL_set1_lastUpdate(list.get(), now.get());
  X509_CRL_set1_nextUpdate(list.get(), now.get());
  for (const std::string& path : cert_files) {
    const X509Ptr revoked(PEM_read_X509(open_file(path, "r").get(), nullptr, nullptr, nullptr));
    X509_REVOKED* const entry = X509_REVOKED_new();
    X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked.get()));
    X509_REVOKED_set_revocationDate(entry, now.get());
    X509_CRL_add0_revoked(list.get(), entry);
  }
  CHECK(X509_CRL_sign(list.get(), key.get(), EVP_sha256()) > 0);
  return list;
}

std::string Authority::revoke(const std::string& file, const std::vector<std::string>& cert_files) {
  std::string path = folder_.path(file);
  i2d_X509_CRL_fp(open_file(path, "w").get(), state_->list_of(cert_files).get());
  return path;
}

std::string Authority::append_revoked(const std::string& file, const std::vector<std::string>& cert_files) {
  std::string path = folder_.path(file);
  PEM_write_X509_CRL(open_file(path, "a").get(), state_->list_of(cert_files).get());
  return path;
}

}  // namespace etcd::tls::testing
