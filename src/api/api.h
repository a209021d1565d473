// Api: etcd's gRPC services and HTTP pages over one node. What a server registers and serves.
//
// Owner: the server; lives until its rpc::Server is gone. Handlers run on the loops; each loop has a Proposer of its own, whose proposals leave at the
// end of the pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/log.h"
#include "base/metrics.h"
#include "base/unique_function.h"
#include "node/node.h"
#include "rpc/http.h"
#include "rpc/loop.h"
#include "rpc/server.h"
#include "rpc/service.h"

namespace etcd::api {

// A feature gate as etcd_server_feature_enabled shows it.
struct Feature {
  std::string name;
  std::string stage;  // "ALPHA", "BETA"
  bool enabled = false;
};

// A request to another member's peer port.
struct PeerQuestion {
  std::vector<std::string> urls;  // the member's, asked in turn until one answers
  std::string method = "POST";
  std::string target = {};
  rpc::HttpFields fields = {};
  std::string body = {};
  std::int64_t limit_ns = 0;  // for each URL
};

class Tokens;

struct PeerAnswer {
  int status = 0;  // of HTTP
  std::string body;
};

// What the services need of the connections to other members. Empty functions: there are none.
struct PeerAccess {
  // Since when the member has answered, monotonic; 0: it does not. Any thread.
  std::function<std::int64_t(MemberId)> active_since_ns = {};
  // Any thread; `done` runs on one of its own, or within the call.
  std::function<void(PeerQuestion question, std::function<void(Result<PeerAnswer>)> done)> ask = {};
};

struct Options {
  PeerAccess peers = {};
  bool strict_reconfig_check = true;                     // --strict-reconfig-check
  std::size_t max_txn_ops = 128;                         // --max-txn-ops
  std::size_t max_request_bytes = 1536 * 1024;           // --max-request-bytes
  std::int64_t request_timeout_ns = 7'000'000'000;       // 5 s and two election timeouts
  std::int64_t election_timeout_ns = 1'000'000'000;
  std::int64_t watch_progress_interval_ns = 600'000'000'000;  // --watch-progress-notify-interval; at least 100 ms
  std::int64_t warn_request_ns = 300'000'000;            // --warning-unary-request-duration; 0: off
  std::int64_t warn_apply_ns = 100'000'000;              // --warning-apply-duration: for reads
  bool extensive_metrics = false;                        // --metrics
  std::int64_t corrupt_check_ns = 0;                     // --corrupt-check-time; 0: never
  std::int64_t compact_hash_check_ns = 0;                // --compact-hash-check-time, with the CompactHashCheck gate; 0: never
  bool health_stops_on_defragment = false;               // the StopGRPCServiceOnDefrag gate
  std::set<std::string> cors = {"*"};                    // --cors
  std::set<std::string> host_whitelist = {"*"};          // --host-whitelist
  bool json_gateway = true;                              // --enable-grpc-gateway
  // Runs a job on a thread that is there for long reads, after the jobs before it; until the Api goes. None: there is no such thread.
  std::function<void(base::UniqueFunction<void()>)> read_elsewhere = {};
  // The kind of the users' tokens; none: simple ones with etcd's default time (--auth-token, --auth-token-ttl).
  std::shared_ptr<Tokens> tokens = {};
  int bcrypt_cost = 10;                                  // --bcrypt-cost
  bool client_cert_auth = false;                         // --client-cert-auth: a certificate's common name is a user
  // As read_elsewhere, on a thread that is there for passwords. None: they are hashed on the spot.
  std::function<void(base::UniqueFunction<void()>)> hash_elsewhere = {};
  // As read_elsewhere, on a thread that is there for the signatures of tokens. None: they are verified on the spot.
  std::function<void(base::UniqueFunction<void()>)> verify_elsewhere = {};
  std::vector<std::string> command_line;                 // for /debug/vars
  std::vector<Feature> features;                         // for /metrics
  std::string toolchain;                                 // where etcd names its Go release, likewise
};

// Upper bounds, in seconds, of grpc_server_handling_seconds: for rpc::Options::handling_buckets with extensive metrics.
std::vector<double> handling_buckets();

class Api {
 public:
  // `node`, `loops`, `metrics`, `clock` and `logger` must outlive it. Call before the loops run.
  Api(node::Node& node, Options options, std::vector<rpc::Loop*> loops, base::Metrics& metrics, base::Clock& clock, base::Logger& logger);
  ~Api();

  // KV, Watch, Lease, Lock, Election, Cluster, Maintenance, grpc.health.v1.Health.
  void register_services(rpc::ServiceTable& table);
  // /version, /health, /livez, /readyz, /metrics, /debug/vars, /v3/. `metrics_and_health_only`: what --listen-metrics-urls serve.
  rpc::HttpHandler http_handler(bool metrics_and_health_only = false);
  // What other members ask over the peer port: /members, /version, /leases and the like. Once. `loop`: the one that serves it, which does not run yet.
  rpc::HttpHandler peer_handler(rpc::Loop& loop);
  // Where grpc_server_* and client byte counts are read when /metrics is asked for.
  void observe(const rpc::Server& server);
  // The node is stopping: ends streams, health answers NOT_SERVING.
  void stop();

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace etcd::api
