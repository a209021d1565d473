// PeerSide: what stands between this process and the other members: the peer port, the loop that serves it and talks to the others, and the threads for
// what may wait - files, and the network's name service.
//
// Owner: the server. Built before the node; started after it.
#pragma once

#include <memory>

#include "api/api.h"
#include "base/log.h"
#include "node/local_node.h"
#include "node/worker.h"
#include "peer/peers.h"
#include "rpc/server.h"
#include "server/config.h"
#include "server/threads.h"
#include "server/tls_side.h"

namespace etcd::server {

class PeerSide {
 public:
  // `removed`: this member is no longer part of the cluster; called on the loop's thread.
  PeerSide(const Config& config, std::function<void(const char* why)> removed, base::Metrics& metrics, base::Clock& clock, base::Logger& logger);

  peer::Peers& peers() { return peers_; }
  rpc::Loop& loop() { return loop_.loop(); }
  // For the services; until stop().
  api::PeerAccess access();
  // See node::NodeOptions::ask_versions.
  void ask_versions(std::shared_ptr<const cluster::View> view, node::VersionsTold told);
  // Before the loop runs and before listen().
  void use_tls(const TlsSide& tls);
  // Binds --listen-peer-urls. `pages` serves what is not raft's. TLS handshakes happen on `handshake_loops`, which outlive this.
  Status listen(rpc::HttpHandler pages, std::vector<rpc::Loop*> handshake_loops);
  // `node` must outlive stop().
  void start(node::LocalNode& node);
  void stop();
  // After stop(): nobody holds anything of the node any more.
  void close();

 private:
  std::shared_ptr<const rpc::TlsListen> secured(const ListenPlace& place);

  const Config& config_;
  base::Logger& logger_;
  LoopThread loop_;
  StageThread file_thread_;
  StageThread name_thread_;
  node::Worker files_;
  node::Worker names_;
  peer::Peers peers_;
  std::shared_ptr<tls::Context> tls_;  // for those who connect
  rpc::ServiceTable no_services_;
  std::unique_ptr<rpc::Server> server_;
};

}  // namespace etcd::server
