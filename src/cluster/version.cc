#include "cluster/version.h"

#include <charconv>

namespace etcd::cluster {

namespace {

bool take_number(std::string_view& rest, std::int64_t& number) {
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), number);
  if (error != std::errc() || number < 0) return false;
  rest.remove_prefix(static_cast<std::size_t>(end - rest.data()));
  return true;
}

bool take_dot(std::string_view& rest) {
  if (rest.empty() || rest.front() != '.') return false;
  rest.remove_prefix(1);
  return true;
}

}  // namespace

std::optional<Version> parse_version(std::string_view text) {
  std::string_view rest = text.substr(0, text.find_first_of("-+"));
  Version version;
  const bool read = take_number(rest, version.major) && take_dot(rest) && take_number(rest, version.minor) &&
                    take_dot(rest) && take_number(rest, version.patch) && rest.empty();
  if (!read) return std::nullopt;
  return version;
}

std::string to_string(const Version& version) {
  return std::to_string(version.major) + '.' + std::to_string(version.minor) + '.' + std::to_string(version.patch);
}

}  // namespace etcd::cluster
