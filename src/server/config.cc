#include "server/config.h"

#include "base/check.h"

namespace etcd::server {

Urls urls(std::string_view comma_separated) {
  auto parsed = base::parse_member_urls(comma_separated);
  CHECK(parsed.has_value(), comma_separated);
  return std::move(*parsed);
}

std::string initial_cluster_of(const std::string& name, const Urls& advertised_peer_urls) {
  Texts pairs;
  for (const Url& url : advertised_peer_urls) pairs.push_back((name.empty() ? "default" : name) + "=" + url.to_string());
  return base::join(pairs, ",");
}

}  // namespace etcd::server
