#include "server/initial_members.h"

#include <arpa/inet.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <memory>

#include "cluster/bootstrap.h"
#include "server/validate.h"

namespace etcd::server {

namespace {

using cluster::InitialMember;

// The URL with an address in the place of its host name.
std::string resolved(const std::string& text, const ResolveHost& resolve) {
  auto url = base::Url::parse(text);
  if (!url || url->is_unix()) return text;
  const auto place = base::split_host_port(url->host);
  if (!place || base::is_ip_address(place->host)) return text;
  const auto address = resolve(place->host);
  if (!address) return text;
  url->host = (address->find(':') == std::string::npos ? *address : "[" + *address + "]") + ":" + place->port;
  return url->to_string();
}

Texts resolved(const Texts& texts, const ResolveHost& resolve) {
  Texts out;
  for (const std::string& text : texts) out.push_back(resolved(text, resolve));
  return out;
}

// Only what the comparison looks at: this member's URLs.
std::vector<InitialMember> with_resolved_local(std::vector<InitialMember> members, const std::string& name, const ResolveHost& resolve) {
  for (InitialMember& member : members) {
    if (member.name != name) continue;
    member.peer_urls = resolved(member.peer_urls, resolve);
    std::sort(member.peer_urls.begin(), member.peer_urls.end());
  }
  return members;
}

Status check_agreement(const Config& config, const std::vector<InitialMember>& members, const ResolveHost& resolve) {
  const std::string& name = config.member.name;
  const Texts advertised = base::to_strings(config.cluster.initial_advertise_peer_urls);
  const Status as_written = cluster::check_initial_cluster(members, name, advertised);
  if (as_written) return {};
  const auto by_address = with_resolved_local(members, name, resolve);
  if (cluster::check_initial_cluster(by_address, name, resolved(advertised, resolve))) return {};
  return as_written;
}

}  // namespace

Status check_initial_members(const Config& config, const ResolveHost& resolve) {
  TRY(check_initial_cluster_urls(config.cluster));
  TRY_ASSIGN(const std::vector<InitialMember> members, cluster::parse_initial_cluster(config.cluster.initial_cluster));
  return check_agreement(config, members, resolve);
}

// As Go's resolver, an IPv4 address if there is one.
std::optional<std::string> resolve_host(const std::string& host) {
  for (const int family : {AF_INET, AF_INET6}) {
    addrinfo hints{};
    hints.ai_family = family;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(host.c_str(), nullptr, &hints, &found) != 0) continue;
    const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> owner(found, freeaddrinfo);
    char text[INET6_ADDRSTRLEN];
    if (getnameinfo(found->ai_addr, found->ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST) == 0) return text;
  }
  return std::nullopt;
}

}  // namespace etcd::server
