// What must not be shown: passwords among the flags and the variables of the environment, which are logged at the start and shown by /debug/vars.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace etcd::server {

// What stands for a secret.
inline constexpr std::string_view kSecret = "(secret)";

// Whether a flag or a variable of that name holds a password: --discovery-password, ETCD_DISCOVERY_PASSWORD, and others' variables like it.
bool is_secret(std::string_view name);
// A command line in which passwords are not shown.
std::vector<std::string> without_secrets(std::vector<std::string> command_line);

}  // namespace etcd::server
