// RegistryClient: the registry that --discovery-endpoints names, over etcd's own gRPC calls; see discovery.h.
//
// gRPC and not the JSON gateway: that can be switched off (--enable-grpc-gateway), moved to another port (--listen-client-http-urls), and a gRPC proxy has none.
//
// Owner: the start of the server, on its thread; blocks.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "rpc/unary_client.h"
#include "server/config.h"
#include "server/discovery.h"
#include "tls/context.h"

namespace etcd::server {

class RegistryClient {
 public:
  // `config` and `logger` must outlive it. Errors: those of tls::Context. Nothing is connected yet.
  static Result<std::unique_ptr<RegistryClient>> open(const DiscoveryConfig& config, base::Logger& logger);

  // As long as this lives. An error means that none of the endpoints did it.
  Registry registry();

 private:
  RegistryClient(const DiscoveryConfig& config, std::shared_ptr<tls::Context> tls) : config_(config), tls_(std::move(tls)) {}

  Result<std::vector<RegistryEntry>> read(const std::string& prefix);
  Status write(const std::string& key, const std::string& value);
  Result<std::string> call(const char* path, const std::string& request);
  Result<std::string> call_here(const char* path, const std::string& request);
  Result<std::unique_ptr<rpc::UnaryClient>> connect(const std::string& endpoint) const;
  Status authenticate();

  const DiscoveryConfig& config_;
  std::shared_ptr<tls::Context> tls_;  // none: in the clear, unless an endpoint says otherwise
  std::unique_ptr<rpc::UnaryClient> client_;
  rpc::HttpFields metadata_;  // the token of --discovery-user, of this connection
};

}  // namespace etcd::server
