// What values of a Config go together: etcd's checks in etcd's order with etcd's texts, and what this server refuses since it can't do it yet.
#pragma once

#include <cstdint>
#include <variant>

#include "base/log.h"
#include "base/result.h"
#include "server/config.h"

namespace etcd::server {

// Everything but the logging part, which make_logger() checks. Warns of settings that are allowed but unwise. kInvalid.
Status validate(const Config& config, base::Logger& logger);

// The text of the error that main() explains further: advertised client URLs missing.
inline constexpr std::string_view kAdvertiseClientUrlsMissing =
    "--advertise-client-urls is required when --listen-client-urls is set explicitly";

// Refuses flags whose silent neglect would break a promise (encryption, authentication, discovery, ...). kUnsupported, naming the first such flag.
Status check_supported(const Config& config);

// gRPC and HTTP can't be served apart on one address. kInvalid.
Status check_listen_urls(const MemberConfig& config);

// The URLs of --initial-cluster, which matter only to a member that has no data yet. kInvalid `error setting up initial cluster: ...`.
Status check_initial_cluster_urls(const ClusterConfig& config);

// How much history auto-compaction keeps; none if neither is set.
struct PeriodicRetention {
  Duration period;
};
struct RevisionRetention {
  std::int64_t revisions;
};
using Retention = std::variant<std::monostate, PeriodicRetention, RevisionRetention>;
// A bare number in periodic mode is hours. kInvalid `error parsing CompactionRetention: ...`.
Result<Retention> compaction_retention(const ClusterConfig& config);

}  // namespace etcd::server
