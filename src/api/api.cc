#include "api/api.h"

#include <utility>

#include "api/cluster_service.h"
#include "api/concurrency/election_service.h"
#include "api/concurrency/lock_service.h"
#include "api/context.h"
#include "api/gate.h"
#include "api/health_service.h"
#include "api/http_pages.h"
#include "api/kv.h"
#include "api/lease_service.h"
#include "api/maintenance.h"
#include "api/membership_changes.h"
#include "api/node_metrics.h"
#include "api/peer_pages.h"
#include "api/quota_gate.h"
#include "api/range_stream.h"
#include "api/replies.h"
#include "api/request_stats.h"
#include "api/slow_reads.h"
#include "api/unsupported.h"
#include "api/watch_service.h"

namespace etcd::api {

// In the order in which they build on each other.
struct Api::Parts {
  Parts(node::Node& node, Options given, const std::vector<rpc::Loop*>& loops, base::Metrics& all_metrics, base::Clock& clock,
        base::Logger& logger)
      : options(std::move(given)),
        watch_metrics(all_metrics),
        lanes(loops, node, watch_metrics),
        metrics(all_metrics),
        context{node, options, lanes, metrics, watch_metrics, clock, logger},
        node_metrics(context, all_metrics),
        stats(options.warn_request_ns, clock, logger),
        slow_reads(options.warn_apply_ns, all_metrics, logger),
        replies(stats, slow_reads, metrics, clock),
        gate(context),
        health(context, gate, replies),
        quota(context, replies),
        kv(context, gate, quota, replies),
        lease(context, gate, quota, replies),
        range_streams(context, gate),
        watches(context, gate),
        changes(node, options, clock, logger),
        locks(context, gate, replies),
        elections(context, gate, replies),
        cluster(context, gate, replies, changes),
        maintenance(context, gate, replies, health),
        pages(context, [this] { return node_metrics.text(); }),
        peer_pages(node, changes, logger) {}

  const Options options;
  const WatchMetrics watch_metrics;
  Lanes lanes;
  ApiMetrics metrics;
  Context context;
  NodeMetrics node_metrics;
  RequestStats stats;
  SlowReads slow_reads;
  Replies replies;
  Gate gate;
  HealthService health;
  QuotaGate quota;
  Kv kv;
  LeaseService lease;
  RangeStreams range_streams;
  WatchService watches;
  MembershipChanges changes;
  LockService locks;
  ElectionService elections;
  ClusterService cluster;
  Maintenance maintenance;
  HttpPages pages;
  PeerPages peer_pages;
};

Api::Api(node::Node& node, Options options, std::vector<rpc::Loop*> loops, base::Metrics& metrics, base::Clock& clock, base::Logger& logger)
    : parts_(std::make_unique<Parts>(node, std::move(options), loops, metrics, clock, logger)) {}

Api::~Api() = default;

void Api::register_services(rpc::ServiceTable& table) {
  parts_->kv.register_methods(table);
  parts_->range_streams.register_methods(table);
  parts_->watches.register_methods(table);
  parts_->locks.register_methods(table);
  parts_->elections.register_methods(table);
  parts_->lease.register_methods(table);
  parts_->cluster.register_methods(table);
  parts_->maintenance.register_methods(table);
  parts_->health.register_methods(table);
  Unsupported(parts_->gate, parts_->replies).add_services(table);
}

rpc::HttpHandler Api::http_handler(bool metrics_and_health_only) {
  const Pages pages = metrics_and_health_only ? Pages::kMetricsAndHealth : Pages::kAll;
  return [this, pages](rpc::HttpRequest request, rpc::HttpResponder responder) {
    parts_->pages.serve(pages, std::move(request), std::move(responder));
  };
}

rpc::HttpHandler Api::peer_handler() {
  return [this](rpc::HttpRequest request, rpc::HttpResponder responder) { parts_->peer_pages.serve(std::move(request), std::move(responder)); };
}

void Api::observe(const rpc::Server& server) { parts_->node_metrics.observe(server); }

void Api::stop() {
  parts_->health.stop();
  parts_->watches.stop();
  parts_->lease.stop();
  parts_->locks.stop();
  parts_->elections.stop();
}

}  // namespace etcd::api
