// Certificate: what the rest of the program wants to know of an X.509 certificate, and whether it is for a host, by
// the rules and with the words of Go's crypto/x509. Values; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

typedef struct x509_st X509;

namespace etcd::tls {

struct Certificate {
  std::string common_name;
  std::vector<std::string> dns_names;
  std::vector<std::string> ip_addresses;  // "127.0.0.1", "::1"
};

Certificate describe(const X509* certificate);
// Big-endian, without leading zeros.
std::string serial_of(const X509* certificate);

// Whether it is for `host`, a name or an address (without brackets). The common name does not count. kInvalid
// `x509: certificate is valid for a, b, not c`, or that it is for none.
Status check_host(const Certificate& certificate, std::string_view host);

// "a.example.org" matches itself, "A.EXAMPLE.ORG." and "*.example.org".
bool matches_name(std::string_view pattern, std::string_view name);

}  // namespace etcd::tls
