#include "tls/certificate.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cctype>

#include "base/url.h"
#include "tls/openssl.h"

namespace etcd::tls {

namespace {

std::string bytes_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)), static_cast<std::size_t>(ASN1_STRING_length(text))};
}

// Of several the last one counts, as in Go.
std::string common_name_of(const X509* certificate) {
  const X509_NAME* const subject = X509_get_subject_name(certificate);
  int last = -1;
  for (int at = -1; (at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0;) last = at;
  if (last < 0) return {};
  unsigned char* utf8 = nullptr;
  const int size = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, last)));
  if (size < 0) return {};
  std::string name(reinterpret_cast<const char*>(utf8), static_cast<std::size_t>(size));
  OPENSSL_free(utf8);
  return name;
}

// As IPv4 or IPv6 has it; nothing of another length.
std::string address_text(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if (bytes.size() != 4 && bytes.size() != 16) return {};
  inet_ntop(family, bytes.data(), text.data(), text.size());
  return text.data();
}

// As it goes into a comparison: IPv4 in IPv6 is IPv4.
std::string canonical_address(std::string_view text) {
  std::array<unsigned char, 16> bytes{};
  const std::string asked(text);
  if (inet_pton(AF_INET, asked.c_str(), bytes.data()) == 1) return asked;
  if (inet_pton(AF_INET6, asked.c_str(), bytes.data()) != 1) return {};
  const char* const start = reinterpret_cast<const char*>(bytes.data());
  constexpr std::string_view kMapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  if (std::string_view(start, 12) == kMapped) return address_text({start + 12, 4});
  return address_text({start, 16});
}

char lower(char c) { return static_cast<char>(std::tolower(static_cast<unsigned char>(c))); }

std::string normal_name(std::string_view name) {
  if (name.ends_with('.')) name.remove_suffix(1);
  std::string normal(name);
  std::ranges::transform(normal, normal.begin(), lower);
  return normal;
}

}  // namespace

Certificate describe(const X509* certificate) {
  Certificate described{.common_name = common_name_of(certificate), .dns_names = {}, .ip_addresses = {}};
  auto* const names = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  if (names == nullptr) return described;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* const name = sk_GENERAL_NAME_value(names, i);
    if (name->type == GEN_DNS) described.dns_names.push_back(bytes_of(name->d.dNSName));
    if (name->type != GEN_IPADD) continue;
    std::string address = address_text(bytes_of(name->d.iPAddress));
    if (!address.empty()) described.ip_addresses.push_back(std::move(address));
  }
  GENERAL_NAMES_free(names);
  return described;
}

std::string serial_of(const X509* certificate) { return bytes_of(X509_get0_serialNumber(certificate)); }

bool matches_name(std::string_view pattern, std::string_view name) {
  const std::string wanted = normal_name(name);
  const std::string given = normal_name(pattern);
  if (wanted.empty() || given.empty()) return false;
  if (!given.starts_with("*.")) return given == wanted;
  const std::size_t dot = wanted.find('.');
  return dot != std::string::npos && dot > 0 && wanted.substr(dot) == given.substr(1);
}

Status check_host(const Certificate& certificate, std::string_view host) {
  const std::string address = canonical_address(host);
  const auto& valid_for = address.empty() ? certificate.dns_names : certificate.ip_addresses;
  const bool matches = std::ranges::any_of(valid_for, [&](const std::string& one) {
    return address.empty() ? matches_name(one, host) : canonical_address(one) == address;
  });
  if (matches) return {};
  const std::string wanted(host);
  if (!address.empty() && valid_for.empty()) {
    return fail(Errc::kInvalid,
                "x509: cannot validate certificate for " + wanted + " because it doesn't contain any IP SANs");
  }
  if (valid_for.empty()) {
    return fail(Errc::kInvalid, "x509: certificate is not valid for any names, but wanted to match " + wanted);
  }
  return fail(Errc::kInvalid, "x509: certificate is valid for " + base::join(valid_for, ", ") + ", not " + wanted);
}

}  // namespace etcd::tls
