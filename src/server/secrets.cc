#include "server/secrets.h"

#include <algorithm>

namespace etcd::server {

bool is_secret(std::string_view name) {
  std::string lower(name);
  std::ranges::transform(lower, lower.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c | 0x20) : c; });
  return lower.ends_with("password");
}

// "--name=value", or "--name" and the value behind it.
std::vector<std::string> without_secrets(std::vector<std::string> command_line) {
  for (std::size_t i = 0; i < command_line.size(); ++i) {
    std::string& argument = command_line[i];
    const std::size_t equals = argument.find('=');
    if (!argument.starts_with('-') || !is_secret(std::string_view(argument).substr(0, equals))) continue;
    if (equals != std::string::npos) {
      argument.replace(equals + 1, std::string::npos, kSecret);
    } else if (i + 1 < command_line.size()) {
      command_line[++i] = kSecret;
    }
  }
  return command_line;
}

}  // namespace etcd::server
