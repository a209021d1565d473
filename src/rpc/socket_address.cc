#include "rpc/socket_address.h"

#include <netdb.h>
#include <sys/un.h>

#include <cstring>
#include <memory>

#include "base/url.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";

std::optional<SocketAddress> unix_address(const std::string& path) {
  SocketAddress address;
  auto& file = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof file.sun_path) return std::nullopt;
  file.sun_family = AF_UNIX;
  std::memcpy(file.sun_path, path.c_str(), path.size() + 1);
  address.length = sizeof(sockaddr_un);
  return address;
}

Result<std::vector<SocketAddress>> ask_system(const std::string& address, int flags) {
  TRY_ASSIGN(const base::HostPort parts, base::split_host_port(address));
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = flags | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(parts.host.c_str(), parts.port.c_str(), &hints, &found);
  if (error != 0) return fail(Errc::kIo, "dial tcp: lookup " + parts.host + ": " + gai_strerror(error));
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
  std::vector<SocketAddress> addresses;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    SocketAddress one;
    one.length = at->ai_addrlen;
    std::memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
    addresses.insert(at->ai_family == AF_INET ? addresses.begin() : addresses.end(), one);
  }
  if (addresses.empty()) return fail(Errc::kIo, "dial tcp: lookup " + parts.host + ": no such host");
  return addresses;
}

}  // namespace

std::optional<SocketAddress> numeric_address(const std::string& address) {
  if (address.starts_with(kUnixPrefix)) return unix_address(address.substr(kUnixPrefix.size()));
  const auto addresses = ask_system(address, AI_NUMERICHOST);
  if (!addresses) return std::nullopt;
  return addresses->front();
}

Result<std::vector<SocketAddress>> look_up(const std::string& address) {
  if (const auto numeric = numeric_address(address)) return std::vector{*numeric};
  return ask_system(address, 0);
}

}  // namespace etcd::rpc
