// NodeMetrics: what /metrics says about the node, the process and the gRPC server, looked up when it is asked for.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

#include "api/context.h"
#include "base/metrics.h"
#include "rpc/counters.h"
#include "rpc/server.h"

namespace etcd::api {

class NodeMetrics {
 public:
  // Both must outlive it, and `metrics` must not be asked for its text after it is gone.
  NodeMetrics(Context& context, base::Metrics& metrics);

  // Adds the series of a server's methods, all codes at 0.
  void observe(const rpc::Server& server);
  // The whole text. Any thread, one at a time.
  std::string text();

 private:
  // What the series of one scrape share, so that they are of one moment.
  struct Sample;

  void add_node_series();
  void add_read_index_series();
  void add_store_series();
  void add_server_series();
  void add_process_series();
  void add_method_series(std::size_t server, std::size_t method);
  void gauge(const char* name, const char* help, std::function<double(const Sample&)> read);
  void counter(const char* name, const char* help, std::function<double(const Sample&)> read);
  void take_sample();
  void update_cluster_version();
  void update_known_peers();
  void update_alarms();

  Context& context_;
  base::Metrics& metrics_;
  std::mutex mutex_;  // guards what follows
  std::shared_ptr<Sample> sample_;
  std::vector<const rpc::Server*> servers_;
  std::string cluster_version_;
  std::set<node::Alarm> raised_;  // alarms that any text has shown
  std::shared_ptr<const node::ClusterView> cluster_;  // as the last text showed it
};

}  // namespace etcd::api
