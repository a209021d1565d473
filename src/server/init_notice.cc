#include "server/init_notice.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <system_error>

namespace etcd::server {

namespace {

constexpr std::string_view kReady = "READY=1";

}  // namespace

Status send_ready(const std::string& address) {
  if (address.empty()) return {};
  sockaddr_un to{};
  to.sun_family = AF_UNIX;
  if (address.size() >= sizeof to.sun_path) return fail(Errc::kIo, "the name of the socket is too long: " + address);
  std::memcpy(to.sun_path, address.data(), address.size());
  if (to.sun_path[0] == '@') to.sun_path[0] = '\0';  // the system's own way to say that it is no path
  const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + address.size());
  const int socket = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return fail(Errc::kIo, std::generic_category().message(errno));
  const ssize_t sent = ::sendto(socket, kReady.data(), kReady.size(), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&to), length);
  const int error = errno;
  ::close(socket);
  return sent == static_cast<ssize_t>(kReady.size()) ? Status() : fail(Errc::kIo, address + ": " + std::generic_category().message(error));
}

void notify_init_daemon(base::Logger& logger) {
  logger.info("notifying init daemon");
  const char* const address = std::getenv("NOTIFY_SOCKET");
  if (const Status sent = send_ready(address == nullptr ? "" : address); !sent) {
    return logger.error("failed to notify systemd for readiness", {base::LogField(sent.error())});
  }
  logger.info("successfully notified init daemon");
}

}  // namespace etcd::server
