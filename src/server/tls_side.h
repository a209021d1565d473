// TlsSide: what the server shows, whom it believes, and how it listens, from the flags of security.
//
// Owner: the server; made once, at start. The contexts look after their files themselves (tls/context.h); each reload
// counts in etcdpp_tls_reloads_total or etcdpp_tls_reload_failures_total, by use.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/result.h"
#include "server/config.h"
#include "tls/context.h"

namespace etcd::server {

struct TlsSide {
  std::shared_ptr<tls::Context> clients;     // none: nothing is shown to clients, so there is no TLS for them
  std::shared_ptr<tls::Context> peers;       // the same for members that connect
  std::shared_ptr<tls::Context> dial_peers;  // for members that this one connects to
};

// Makes the certificates of --auto-tls and --peer-auto-tls if need be. Errors with etcd's texts: files that are missing
// or don't fit together, unknown cipher suites, and URLs that need a certificate where none is given.
Result<TlsSide> open_tls(const Config& config, base::FileSystem& files, base::Metrics& metrics, base::Clock& clock,
                         base::Logger& logger);

// One socket may serve two URLs, one with TLS and one without.
struct ListenPlace {
  std::string address;  // as rpc::Server::listen takes it
  bool is_plain = false;
  bool is_secure = false;
};
// The sockets for these URLs, in order.
std::vector<ListenPlace> listen_places(const Urls& urls);

// Whether anything is listened on with TLS.
bool listens_with_tls(const Config& config);

}  // namespace etcd::server
