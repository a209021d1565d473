#include "server/default_host.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <optional>

namespace etcd::server {

namespace {

constexpr in_port_t kAnyPort = 9;

// Connecting a datagram socket only looks up the route; it gives the socket the address that the route would use. The destinations are
// reserved for documentation, so that only a default route leads there.
template <typename Address>
bool connect_and_name(const Address& destination, Address& source) {
  const int descriptor = socket(reinterpret_cast<const sockaddr&>(destination).sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return false;
  socklen_t size = sizeof source;
  const bool found = connect(descriptor, reinterpret_cast<const sockaddr*>(&destination), sizeof destination) == 0 &&
                     getsockname(descriptor, reinterpret_cast<sockaddr*>(&source), &size) == 0;
  close(descriptor);
  return found;
}

std::optional<std::string> host_of_ipv4_route() {
  sockaddr_in destination{};
  destination.sin_family = AF_INET;
  destination.sin_port = htons(kAnyPort);
  inet_pton(AF_INET, "203.0.113.1", &destination.sin_addr);
  sockaddr_in source{};
  char text[INET_ADDRSTRLEN];
  if (!connect_and_name(destination, source)) return std::nullopt;
  return inet_ntop(AF_INET, &source.sin_addr, text, sizeof text);
}

std::optional<std::string> host_of_ipv6_route() {
  sockaddr_in6 destination{};
  destination.sin6_family = AF_INET6;
  destination.sin6_port = htons(kAnyPort);
  inet_pton(AF_INET6, "2001:db8::1", &destination.sin6_addr);
  sockaddr_in6 source{};
  char text[INET6_ADDRSTRLEN];
  if (!connect_and_name(destination, source)) return std::nullopt;
  return inet_ntop(AF_INET6, &source.sin6_addr, text, sizeof text);
}

}  // namespace

Result<std::string> default_host() {
  if (const auto host = host_of_ipv4_route()) return *host;
  if (const auto host = host_of_ipv6_route()) return *host;
  return fail(Errc::kNotExist, "could not find default route");
}

}  // namespace etcd::server
