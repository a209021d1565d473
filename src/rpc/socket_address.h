// SocketAddress: where to connect to.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <vector>

#include "base/result.h"

namespace etcd::rpc {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t length = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  int family() const { return storage.ss_family; }
};

// "127.0.0.1:2380", "[::1]:2380" or "unix:<path>"; nothing if it has a name to be looked up, or is none of these. Never blocks.
std::optional<SocketAddress> numeric_address(const std::string& address);
// Asks the system's resolver, which may block for long; IPv4 addresses first, as Go dials them. Not empty. kIo with Go's "lookup" text.
Result<std::vector<SocketAddress>> look_up(const std::string& address);

}  // namespace etcd::rpc
