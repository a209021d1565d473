// Whether a certificate may come from an address: etcd's check of members that connect. Its names are looked up, so
// this may block for long.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "tls/certificate.h"

namespace etcd::tls {

// The network's name service.
struct NameService {
  std::function<std::vector<std::string>(const std::string& address)> names_of;
  std::function<std::vector<std::string>(const std::string& name)> addresses_of;
};
// The system's; empty lists for what it does not know.
NameService system_names();

// A certificate without names may come from anywhere. Else one of its addresses is `address`, or one of its names
// leads there: is a name of the address or, without wildcard, has it. kInvalid with etcd's text:
// `tls: "10.0.0.1" does not match any of DNSNames ["a.example.org"]`.
Status check_address(const Certificate& certificate, const std::string& address, const NameService& names);

// Whether check_address() can tell without asking for names.
bool needs_names(const Certificate& certificate, const std::string& address);

}  // namespace etcd::tls
