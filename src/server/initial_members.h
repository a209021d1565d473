// The members that a cluster begins with, as the flags name them, before any data is written.
#pragma once

#include <functional>
#include <optional>
#include <string>

#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// The address of a host name; nothing if it has none.
using ResolveHost = std::function<std::optional<std::string>(const std::string& host)>;

// For a member without data. kInvalid with etcd's text for URLs that are none, and for --initial-cluster and --initial-advertise-peer-urls that don't
// agree; host names are resolved only if they don't agree as they stand.
Status check_initial_members(const Config& config, const ResolveHost& resolve);

// Asks the system's resolver; blocks.
std::optional<std::string> resolve_host(const std::string& host);

}  // namespace etcd::server
