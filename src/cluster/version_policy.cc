#include "cluster/version_policy.h"

namespace etcd::cluster {

namespace {

constexpr Version kLowestClusterVersion{.major = 3, .minor = 0, .patch = 0};

}  // namespace

bool is_one_minor_lower(const Version& target, const Version& version) {
  return minor_of(target) == Version{.major = version.major, .minor = version.minor - 1, .patch = 0};
}

std::optional<Version> next_cluster_version(const std::optional<Version>& present, const std::optional<VersionSpan>& members,
                                            const Downgrade& downgrade) {
  if (!present) return members ? minor_of(members->lowest) : kLowestClusterVersion;
  if (!members) return std::nullopt;
  if (downgrade.enabled) {
    const auto target = parse_version(downgrade.target_version);
    const bool is_step = target && is_one_minor_lower(*target, *present) && is_one_minor_lower(*target, members->lowest);
    return is_step ? std::optional(minor_of(*target)) : std::nullopt;
  }
  const Version lowest = minor_of(members->lowest);
  const bool rises = minor_of(*present) < lowest && present->major == lowest.major;
  return rises ? std::optional(lowest) : std::nullopt;
}

bool is_downgraded(const Downgrade& downgrade, const std::optional<VersionSpan>& members) {
  const auto target = downgrade.enabled ? parse_version(downgrade.target_version) : std::nullopt;
  return target && members && minor_of(members->lowest) == minor_of(*target) && minor_of(members->highest) == minor_of(*target);
}

bool may_join(const Version& cluster, bool downgrade_enabled) {
  Version highest = minor_of(kServerVersion);
  if (downgrade_enabled) ++highest.minor;
  return cluster >= kLowestClusterVersion && cluster <= highest;
}

}  // namespace etcd::cluster
