// Tells the init system that this process is ready, as units of Type=notify wait for: sd_notify's READY=1, one datagram to the socket it named.
#pragma once

#include <string>

#include "base/log.h"
#include "base/result.h"

namespace etcd::server {

// Sends READY=1 to the unix socket `address`, the value of NOTIFY_SOCKET: a path, or a name after '@'. Empty: nobody asked, and that is success.
// kIo with the system's text. Blocks for no longer than it takes the system to queue a datagram.
Status send_ready(const std::string& address);
// The same for the socket of this process's environment, with etcd's lines in the log.
void notify_init_daemon(base::Logger& logger);

}  // namespace etcd::server
