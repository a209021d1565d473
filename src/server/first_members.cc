#include "server/first_members.h"

#include <set>

#include "cluster/bootstrap.h"
#include "server/discovery.h"
#include "server/registry_client.h"
#include "server/srv_records.h"

namespace etcd::server {

namespace {

Status check_no_url_twice(const std::string& text, const std::vector<cluster::InitialMember>& members) {
  std::set<std::string> urls;
  for (const cluster::InitialMember& member : members) {
    for (const std::string& url : member.peer_urls) {
      if (!urls.insert(url).second) return fail(Errc::kInvalid, "discovery cluster " + text + " has duplicate url");
    }
  }
  return {};
}

// The member's own id follows from its own URLs alone: it has to be known before the others are.
Result<std::string> ask_registry(const Config& config, const node::StartOptions& start, base::Logger& logger) {
  logger.info("Bootstrapping cluster using v3 discovery.");
  TRY_ASSIGN(const cluster::Bootstrap alone, cluster::bootstrap(start.initial_cluster, start.initial_cluster_token, start.name));
  TRY_ASSIGN(const auto client, RegistryClient::open(config.discovery, logger));
  const DiscoveringMember self{.token = config.discovery.token, .id = alone.local_id, .peer_urls = initial_cluster_text(config)};
  return join_by_discovery(client->registry(), self, logger);
}

}  // namespace

bool finds_members(const Config& config) { return !config.discovery.endpoints.empty() || !config.discovery.srv.empty(); }

std::string initial_cluster_text(const Config& config) {
  if (!finds_members(config)) return config.cluster.initial_cluster;
  return initial_cluster_of(config.member.name, config.cluster.initial_advertise_peer_urls);
}

Status find_first_members(const Config& config, base::Logger& logger, node::StartOptions& start) {
  const bool by_registry = !config.discovery.endpoints.empty();
  if (by_registry) start.initial_cluster_token = config.discovery.token;
  TRY_ASSIGN(const std::string text, by_registry ? ask_registry(config, start, logger) : initial_cluster_from_dns(config, system_name_service(), logger));
  TRY_ASSIGN(start.initial_cluster, cluster::parse_initial_cluster(text));
  return check_no_url_twice(text, start.initial_cluster);
}

}  // namespace etcd::server
