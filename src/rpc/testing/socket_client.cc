#include "rpc/testing/socket_client.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

#include <array>
#include <cstring>

#include "base/check.h"
#include "base/url.h"

namespace etcd::rpc::testing {

namespace {

Descriptor connected(int family, const void* address, socklen_t length) {
  Descriptor socket(::socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const timeval patience{10, 0};
  setsockopt(socket.get(), SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  if (connect(socket.get(), static_cast<const sockaddr*>(address), length) != 0) return {};
  return socket;
}

Descriptor connect_to(const std::string& address) {
  if (address.starts_with("unix:")) {
    sockaddr_un file{};
    file.sun_family = AF_UNIX;
    std::strncpy(file.sun_path, address.c_str() + 5, sizeof file.sun_path - 1);
    return connected(AF_UNIX, &file, sizeof file);
  }
  const auto parts = base::split_host_port(address);
  CHECK(parts.has_value(), address);
  const auto port = htons(static_cast<std::uint16_t>(std::stoi(parts->port)));
  sockaddr_in ip4{};
  ip4.sin_family = AF_INET;
  ip4.sin_port = port;
  if (inet_pton(AF_INET, parts->host.c_str(), &ip4.sin_addr) == 1) return connected(AF_INET, &ip4, sizeof ip4);
  sockaddr_in6 ip6{};
  ip6.sin6_family = AF_INET6;
  ip6.sin6_port = port;
  CHECK(inet_pton(AF_INET6, parts->host.c_str(), &ip6.sin6_addr) == 1, address);
  return connected(AF_INET6, &ip6, sizeof ip6);
}

}  // namespace

SocketClient::SocketClient(const std::string& address) : socket_(connect_to(address)) {}

void SocketClient::send(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t count = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (count <= 0) return;
    bytes.remove_prefix(static_cast<std::size_t>(count));
  }
}

std::string SocketClient::receive() {
  std::array<char, 65536> buffer;
  const ssize_t count = recv(socket_.get(), buffer.data(), buffer.size(), 0);
  if (count > 0) return {buffer.data(), static_cast<std::size_t>(count)};
  ended_ = count == 0 || (errno != EAGAIN && errno != EWOULDBLOCK);
  return "";
}

std::string SocketClient::receive_all() {
  std::string all;
  for (std::string some; !(some = receive()).empty();) all += some;
  return all;
}

void SocketClient::end_output() {
  shutdown(socket_.get(), SHUT_WR);
}

bool H2SocketClient::run_until(const std::function<bool()>& done) {
  flush();
  while (!done()) {
    const std::string bytes = socket.receive();
    if (bytes.empty()) return false;
    h2.receive(bytes);
    flush();
  }
  return true;
}

Answer& H2SocketClient::wait_for(std::int32_t stream) {
  run_until([&] { return h2.answer(stream).ended || h2.answer(stream).reset.has_value(); });
  return h2.answer(stream);
}

}  // namespace etcd::rpc::testing
