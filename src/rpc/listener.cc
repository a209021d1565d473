#include "rpc/listener.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <optional>
#include <system_error>
#include <vector>

#include "base/url.h"

namespace etcd::rpc {

namespace {

constexpr std::string_view kUnixPrefix = "unix:";
constexpr int kBacklog = 4096;  // cut by the system to net.core.somaxconn
constexpr int kTcpKeepaliveSeconds = 30;
constexpr int kUnackedMs = 20'000;  // as grpc-go: unacknowledged output for so long breaks the connection

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = sizeof(sockaddr_storage);
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

void set_option(int fd, int level, int option, int value) {
  setsockopt(fd, level, option, &value, sizeof value);
}

// The system's text for an error, as Go has it: in lower case.
std::string error_text(int error) {
  std::string text = std::generic_category().message(error);
  if (!text.empty() && text[0] >= 'A' && text[0] <= 'Z') text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

tl::unexpected<Error> listen_error(const std::string& network, const std::string& address, const std::string& what) {
  return fail(Errc::kIo, "listen " + network + " " + address + ": " + what);
}

std::string text_of(const SocketAddress& address) {
  char host[INET6_ADDRSTRLEN] = "";
  if (address.family() == AF_INET) {
    const auto& ip4 = reinterpret_cast<const sockaddr_in&>(address.storage);
    inet_ntop(AF_INET, &ip4.sin_addr, host, sizeof host);
    return std::string(host) + ":" + std::to_string(ntohs(ip4.sin_port));
  }
  if (address.family() != AF_INET6) return "@";
  const auto& ip6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
  const std::string port = std::to_string(ntohs(ip6.sin6_port));
  if (IN6_IS_ADDR_V4MAPPED(&ip6.sin6_addr)) {
    inet_ntop(AF_INET, ip6.sin6_addr.s6_addr + 12, host, sizeof host);
    return std::string(host) + ":" + port;
  }
  inet_ntop(AF_INET6, &ip6.sin6_addr, host, sizeof host);
  return "[" + std::string(host) + "]:" + port;
}

template <typename Ask>
std::string asked(int fd, Ask&& ask) {
  SocketAddress address;
  if (ask(fd, address.get(), &address.length) != 0) return "";
  return text_of(address);
}

bool is_wildcard(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "::";
}

// The addresses to try, in order. A wildcard means both families on one socket where the system can, as in Go.
Result<std::vector<SocketAddress>> resolve(const std::string& address, const base::HostPort& parts) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const bool wildcard = is_wildcard(parts.host);
  const char* const host = wildcard ? nullptr : parts.host.c_str();
  const int error = getaddrinfo(host, parts.port.empty() ? "0" : parts.port.c_str(), &hints, &found);
  if (error != 0) return listen_error("tcp", address, std::string("lookup ") + parts.host + ": " + gai_strerror(error));
  std::vector<SocketAddress> addresses;
  const int preferred = wildcard ? AF_INET6 : AF_INET;
  for (const addrinfo* at = found; at != nullptr; at = at->ai_next) {
    SocketAddress one;
    one.length = at->ai_addrlen;
    std::memcpy(&one.storage, at->ai_addr, at->ai_addrlen);
    addresses.insert(at->ai_family == preferred ? addresses.begin() : addresses.end(), one);
  }
  freeaddrinfo(found);
  return addresses;
}

Result<Descriptor> bind_to(SocketAddress address, const std::string& network, const std::string& name,
                           const ListenOptions& options) {
  Descriptor socket(::socket(address.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return listen_error(network, name, "socket: " + error_text(errno));
  set_option(socket.get(), SOL_SOCKET, SO_REUSEADDR, 1);
  if (options.reuse_port) set_option(socket.get(), SOL_SOCKET, SO_REUSEPORT, 1);
  if (address.family() == AF_INET6) {
    const auto& ip6 = reinterpret_cast<const sockaddr_in6&>(address.storage);
    set_option(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, IN6_IS_ADDR_UNSPECIFIED(&ip6.sin6_addr) ? 0 : 1);
  }
  if (::bind(socket.get(), address.get(), address.length) != 0)
    return listen_error(network, name, "bind: " + error_text(errno));
  return socket;
}

Result<Descriptor> open_unix(const std::string& path) {
  SocketAddress address;
  auto& file = reinterpret_cast<sockaddr_un&>(address.storage);
  if (path.empty() || path.size() >= sizeof file.sun_path) return listen_error("unix", path, "bind: invalid argument");
  file.sun_family = AF_UNIX;
  std::memcpy(file.sun_path, path.c_str(), path.size() + 1);
  address.length = sizeof(sockaddr_un);
  unlink(path.c_str());  // what a process that was killed left behind
  return bind_to(address, "unix", path, {});
}

Result<Descriptor> open_tcp(const std::string& address, const ListenOptions& options) {
  TRY_ASSIGN(const base::HostPort parts, base::split_host_port(address));
  TRY_ASSIGN(const std::vector<SocketAddress> addresses, resolve(address, parts));
  std::optional<Error> first_error;
  for (const SocketAddress& one : addresses) {
    auto socket = bind_to(one, "tcp", address, options);
    if (socket) return socket;
    if (!first_error) first_error = socket.error();
  }
  return first_error ? Result<Descriptor>(fail(*first_error)) : listen_error("tcp", address, "no suitable address");
}

}  // namespace

Result<Listener> Listener::bind(const std::string& address, const ListenOptions& options) {
  if (address.starts_with(kUnixPrefix)) {
    const std::string path = address.substr(kUnixPrefix.size());
    TRY_ASSIGN(Descriptor socket, open_unix(path));
    return Listener(std::move(socket), address, path);
  }
  TRY_ASSIGN(Descriptor socket, open_tcp(address, options));
  return Listener(std::move(socket), address, "");
}

Listener::Listener(Descriptor socket, std::string asked_for, std::string unix_path)
    : socket_(std::move(socket)), asked_(std::move(asked_for)), unix_path_(std::move(unix_path)) {
  address_ = unix_path_.empty() ? asked(fd(), getsockname) : asked_;
}

Status Listener::listen() {
  if (::listen(fd(), kBacklog) == 0) return {};
  return listen_error(unix_path_.empty() ? "tcp" : "unix", unix_path_.empty() ? asked_ : unix_path_, "listen: " + error_text(errno));
}

Listener::~Listener() {
  if (socket_.is_open() && !unix_path_.empty()) unlink(unix_path_.c_str());
}

Listener::Accepted Listener::accept(bool& out_of_descriptors) {
  SocketAddress from;
  Accepted accepted;
  accepted.socket = Descriptor(accept4(fd(), from.get(), &from.length, SOCK_NONBLOCK | SOCK_CLOEXEC));
  if (!accepted.socket.is_open()) {
    out_of_descriptors = errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM;
    return accepted;
  }
  const int socket = accepted.socket.get();
  auto peer = std::make_shared<Peer>();
  peer->address = unix_path_.empty() ? text_of(from) : "@";
  peer->local_address = unix_path_.empty() ? asked(socket, getsockname) : unix_path_;
  peer->local_socket = asked_;
  accepted.peer = std::move(peer);
  if (!unix_path_.empty()) return accepted;
  set_option(socket, IPPROTO_TCP, TCP_NODELAY, 1);
  set_option(socket, SOL_SOCKET, SO_KEEPALIVE, 1);
  set_option(socket, IPPROTO_TCP, TCP_KEEPIDLE, kTcpKeepaliveSeconds);
  set_option(socket, IPPROTO_TCP, TCP_KEEPINTVL, kTcpKeepaliveSeconds);
  set_option(socket, IPPROTO_TCP, TCP_USER_TIMEOUT, kUnackedMs);
  return accepted;
}

}  // namespace etcd::rpc
