// Discovery: how the members of a new cluster find each other in the key space of a running one (--discovery-endpoints, --discovery-token).
//
//   /_etcd/registry/<token>/_config/size    how many there are to be; put there by whoever founds the cluster
//   /_etcd/registry/<token>/members/<id>    "name=url,name=url"; each member puts its own
//
// The first `size` by create revision are the cluster; who comes later is refused. What can't be read or written is tried again for ever, as in etcd: the
// others wait, too.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "base/ids.h"
#include "base/log.h"
#include "base/result.h"

namespace etcd::server {

struct RegistryEntry {
  std::string key;
  std::string value;
  Revision created;
};

// The key space with the registry in it. Each call may block for the request's time-out.
struct Registry {
  // All entries whose keys begin with `prefix`.
  std::function<Result<std::vector<RegistryEntry>>(const std::string& prefix)> read;
  std::function<Status(const std::string& key, const std::string& value)> write;
  std::function<void(std::int64_t ns)> sleep;
};

struct DiscoveringMember {
  std::string token;
  MemberId id;
  std::string peer_urls;  // "name=url,name=url"
};

// Registers the member and waits until all are there. Returns what --initial-cluster would say. kInvalid with etcd's text if there is no size, if it is no number
// above 0, if the cluster is full without this member, or if what the others have registered are no URLs.
Result<std::string> join_by_discovery(const Registry& registry, const DiscoveringMember& self, base::Logger& logger);

}  // namespace etcd::server
