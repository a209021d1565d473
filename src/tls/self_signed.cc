#include "tls/self_signed.h"

#include <openssl/ec.h>
#include <openssl/pem.h>

#include <ctime>

#include "base/check.h"
#include "base/url.h"
#include "tls/openssl.h"

namespace etcd::tls {

namespace {

constexpr std::int64_t kYearSeconds = 365 * 24 * 60 * 60;
constexpr int kSerialBits = 128;

std::string contents(BIO* bio) {
  char* bytes = nullptr;
  const long size = BIO_get_mem_data(bio, &bytes);
  return {bytes, static_cast<std::size_t>(size)};
}

BioPtr memory() { return BioPtr(BIO_new(BIO_s_mem())); }

// "IP:127.0.0.1,DNS:localhost"; host and port as in a URL.
std::string alternative_names(const std::vector<std::string>& hosts) {
  std::string names;
  for (const std::string& each : hosts) {
    const auto place = base::split_host_port(each);
    const std::string host = place ? place->host : "";
    if (host.find_first_of(",: \n") != std::string::npos && !base::is_ip_address(host)) continue;
    if (host.empty()) continue;
    if (!names.empty()) names += ',';
    names.append(base::is_ip_address(host) ? "IP:" : "DNS:").append(host);
  }
  return names;
}

void add_extension(X509* certificate, int kind, const std::string& value) {
  if (value.empty()) return;
  X509V3_CTX context;
  X509V3_set_ctx(&context, certificate, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* const extension = X509V3_EXT_conf_nid(nullptr, &context, kind, value.c_str());
  CHECK(extension != nullptr, value);
  X509_add_ext(certificate, extension, -1);
  X509_EXTENSION_free(extension);
}

void set_random_serial(X509* certificate) {
  BIGNUM* const number = BN_new();
  CHECK(BN_rand(number, kSerialBits, BN_RAND_TOP_ANY, BN_RAND_BOTTOM_ANY) == 1);
  BN_to_ASN1_INTEGER(number, X509_get_serialNumber(certificate));
  BN_free(number);
}

X509Ptr make_certificate(EVP_PKEY* key, const std::vector<std::string>& hosts, std::time_t from, std::time_t until) {
  constexpr unsigned char kOrganization[] = "etcd";
  X509Ptr certificate(X509_new());
  X509_set_version(certificate.get(), X509_VERSION_3);
  set_random_serial(certificate.get());
  X509_NAME* const name = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(name, "O", MBSTRING_ASC, kOrganization, -1, -1, 0);
  X509_set_issuer_name(certificate.get(), name);
  ASN1_TIME_set(X509_getm_notBefore(certificate.get()), from);
  ASN1_TIME_set(X509_getm_notAfter(certificate.get()), until);
  X509_set_pubkey(certificate.get(), key);
  add_extension(certificate.get(), NID_key_usage, "critical,digitalSignature,keyEncipherment,cRLSign");
  add_extension(certificate.get(), NID_ext_key_usage, "serverAuth");
  add_extension(certificate.get(), NID_basic_constraints, "critical,CA:TRUE");
  add_extension(certificate.get(), NID_subject_alt_name, alternative_names(hosts));
  CHECK(X509_sign(certificate.get(), key, EVP_sha512()) > 0);
  return certificate;
}

Status write_file(base::FileSystem& files, const std::string& path, const std::string& contents) {
  TRY_ASSIGN(const std::unique_ptr<base::File> file, files.open(path, base::OpenMode::kCreateTruncate));
  TRY(file->pwrite(0, contents));
  return file->sync();
}

std::string key_text(EVP_PKEY* key) {
  const BioPtr text = memory();
  CHECK(PEM_write_bio_PrivateKey_traditional(text.get(), key, nullptr, nullptr, 0, nullptr, nullptr) == 1);
  return contents(text.get());
}

std::string certificate_text(X509* certificate) {
  const BioPtr text = memory();
  CHECK(PEM_write_bio_X509(text.get(), certificate) == 1);
  return contents(text.get());
}

}  // namespace

// The key goes first: a pair is there once its certificate is.
Result<SelfSigned> self_signed(const std::string& folder, const std::vector<std::string>& hosts, std::uint64_t years,
                               base::FileSystem& files, base::Clock& clock, base::Logger& logger) {
  SelfSigned pair{base::join_path(folder, "cert.pem"), base::join_path(folder, "key.pem")};
  TRY(files.make_directories(folder));
  if (files.exists(pair.cert_file) && files.exists(pair.key_file)) return pair;
  const std::time_t from = clock.wall_ns() / 1'000'000'000;
  const std::time_t until = from + static_cast<std::int64_t>(years) * kYearSeconds;
  logger.warn("automatically generate certificates",
              {{"certificate-validity-bound-not-after", base::log_time(until * std::int64_t{1'000'000'000})}});
  const KeyPtr key(EVP_EC_gen("P-521"));
  CHECK(key != nullptr);
  const X509Ptr certificate = make_certificate(key.get(), hosts, from, until);
  TRY(write_file(files, pair.key_file, key_text(key.get())));
  logger.info("created key file", {{"path", pair.key_file}});
  TRY(write_file(files, pair.cert_file, certificate_text(certificate.get())));
  logger.info("created cert file", {{"path", pair.cert_file}});
  TRY(files.sync_directory(folder));
  return pair;
}

}  // namespace etcd::tls
