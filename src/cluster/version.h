// A version of the server or of the cluster: "major.minor.patch", as etcd writes it.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace etcd::cluster {

struct Version {
  std::int64_t major = 0;
  std::int64_t minor = 0;
  std::int64_t patch = 0;

  friend constexpr auto operator<=>(const Version&, const Version&) = default;
};

// The version whose protocol and files this program speaks.
inline constexpr Version kServerVersion{.major = 3, .minor = 7, .patch = 3};

// Reads "X.Y.Z" in decimal numbers; a pre-release or build suffix ("-rc.0", "+git") is accepted and dropped.
std::optional<Version> parse_version(std::string_view text);
// "3.7.0"
std::string to_string(const Version& version);
// The same version with patch 0: what cluster and storage versions are compared by.
constexpr Version minor_of(const Version& version) {
  return {.major = version.major, .minor = version.minor, .patch = 0};
}

}  // namespace etcd::cluster
