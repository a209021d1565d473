// The address by which this machine goes out into the network: what a member that listens everywhere advertises.
#pragma once

#include <string>

#include "base/result.h"

namespace etcd::server {

// The source address of the default route, IPv4 before IPv6. Sends nothing. kNotExist `could not find default route`.
Result<std::string> default_host();

}  // namespace etcd::server
