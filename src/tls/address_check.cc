#include "tls/address_check.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <memory>

#include "base/go_text.h"

namespace etcd::tls {

namespace {

struct FreeAddresses {
  void operator()(addrinfo* list) const { freeaddrinfo(list); }
};

std::unique_ptr<addrinfo, FreeAddresses> resolve(const std::string& name, int flags) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags;
  addrinfo* found = nullptr;
  if (getaddrinfo(name.c_str(), nullptr, &hints, &found) != 0) return nullptr;
  return std::unique_ptr<addrinfo, FreeAddresses>(found);
}

std::string text_of(const addrinfo& address, int flags) {
  std::array<char, NI_MAXHOST> text{};
  if (getnameinfo(address.ai_addr, address.ai_addrlen, text.data(), text.size(), nullptr, 0, flags) != 0) return {};
  return text.data();
}

std::vector<std::string> names_of(const std::string& address) {
  const auto found = resolve(address, AI_NUMERICHOST);
  std::string name = found ? text_of(*found, NI_NAMEREQD) : std::string();
  if (name.ends_with('.')) name.pop_back();
  return name.empty() ? std::vector<std::string>() : std::vector<std::string>{std::move(name)};
}

std::vector<std::string> addresses_of(const std::string& name) {
  std::vector<std::string> addresses;
  const auto found = resolve(name, 0);
  for (const addrinfo* at = found.get(); at != nullptr; at = at->ai_next) {
    addresses.push_back(text_of(*at, NI_NUMERICHOST));
  }
  return addresses;
}

bool is_wildcard(const std::string& name) { return name.starts_with("*."); }

bool leads_to(const std::vector<std::string>& dns_names, const std::string& address, const NameService& service) {
  const std::vector<std::string> own = service.names_of(address);
  for (const std::string& name : dns_names) {
    const bool is_own = std::ranges::any_of(own, [&](const std::string& one) {
      return is_wildcard(name) ? one.ends_with(name.substr(1)) : one == name;
    });
    if (is_own) return true;
  }
  return std::ranges::any_of(dns_names, [&](const std::string& name) {
    if (is_wildcard(name)) return false;
    const std::vector<std::string> addresses = service.addresses_of(name);
    return std::ranges::find(addresses, address) != addresses.end();
  });
}

std::string quoted_list(const std::vector<std::string>& names) {
  std::string list = "[";
  for (const std::string& name : names) list.append(list.size() > 1 ? " " : "").append(base::go_quote(name));
  return list + "]";
}

}  // namespace

NameService system_names() { return {.names_of = names_of, .addresses_of = addresses_of}; }

bool needs_names(const Certificate& certificate, const std::string& address) {
  if (certificate.dns_names.empty()) return false;
  return certificate.ip_addresses.empty() || !check_host(certificate, address);
}

Status check_address(const Certificate& certificate, const std::string& address, const NameService& names) {
  if (certificate.ip_addresses.empty() && certificate.dns_names.empty()) return {};
  if (!certificate.ip_addresses.empty()) {
    const Status matches = check_host(certificate, address);
    if (matches || certificate.dns_names.empty()) return matches;
  }
  if (leads_to(certificate.dns_names, address, names)) return {};
  return fail(Errc::kInvalid, "tls: " + base::go_quote(address) + " does not match any of DNSNames " +
                                  quoted_list(certificate.dns_names));
}

}  // namespace etcd::tls
