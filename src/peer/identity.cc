#include "peer/identity.h"

#include <charconv>

#include "base/url.h"
#include "cluster/version.h"

namespace etcd::peer {

namespace {

constexpr std::string_view kMinClusterVersion = "3.0.0";
constexpr std::string_view kVersionBefore21 = "2.0.0";  // of members that send none

// Nothing for what is no version.
std::optional<cluster::Version> version_in(const rpc::Metadata& fields, std::string_view name) {
  const auto version = cluster::parse_version(fields.find(name).value_or(kVersionBefore21));
  if (!version) return std::nullopt;
  return cluster::minor_of(*version);
}

bool is_compatible(const rpc::Metadata& fields) {
  const auto server = version_in(fields, "x-server-version");
  const auto min_cluster = version_in(fields, "x-min-cluster-version");
  return server && min_cluster && *server >= *cluster::parse_version(kMinClusterVersion) && *min_cluster <= cluster::minor_of(cluster::kServerVersion);
}

}  // namespace

rpc::HttpFields request_fields(const Identity& identity) {
  return {{"X-Server-From", to_hex(identity.member)},
          {"X-Server-Version", cluster::to_string(cluster::kServerVersion)},
          {"X-Min-Cluster-Version", std::string(kMinClusterVersion)},
          {"X-Etcd-Cluster-ID", to_hex(identity.cluster)},
          {"X-PeerURLs", base::join(identity.peer_urls, ",")}};
}

std::optional<std::string_view> refusal(const Identity& identity, const rpc::Metadata& fields) {
  if (!is_compatible(fields)) return "incompatible version";
  if (fields.find("x-etcd-cluster-id").value_or("") != to_hex(identity.cluster)) return "cluster ID mismatch";
  return std::nullopt;
}

std::optional<std::uint64_t> parse_hex_id(std::string_view text) {
  std::uint64_t id = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), id, 16);
  if (text.empty() || error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return id;
}

}  // namespace etcd::peer
