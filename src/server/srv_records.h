// The members of a new cluster from DNS (--discovery-srv): SRV records of _etcd-server-ssl._tcp and _etcd-server._tcp in a domain.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/result.h"
#include "server/config.h"
#include "server/srv_answer.h"

namespace etcd::server {

// The world's name service; each call blocks.
struct NameService {
  std::function<Result<std::vector<SrvRecord>>(const std::string& service, const std::string& domain)> look_up_srv;
  // "host:port" -> "address:port".
  std::function<Result<std::string>(const std::string& host_port)> resolve;
};
NameService system_name_service();

// What --initial-cluster would say: the record that is one of this member's advertised addresses has its name, the others have numbers. kInvalid with etcd's text if
// there are none, or none of them is this member.
Result<std::string> initial_cluster_from_dns(const Config& config, const NameService& names, base::Logger& logger);

}  // namespace etcd::server
