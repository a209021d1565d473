#include "api/api.h"

#include <optional>
#include <utility>

#include "api/auth/auth_service.h"
#include "api/auth/callers.h"
#include "api/auth/key_reloader.h"
#include "api/auth/methods.h"
#include "api/auth/passwords.h"
#include "api/auth/signature_checks.h"
#include "api/auth/tokens.h"
#include "api/cluster_service.h"
#include "api/concurrency/election_service.h"
#include "api/concurrency/lock_service.h"
#include "api/context.h"
#include "api/corruption_checks.h"
#include "api/gate.h"
#include "api/health_service.h"
#include "api/http_pages.h"
#include "api/kv.h"
#include "api/lease_pages.h"
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
#include "api/watch_service.h"

namespace etcd::api {

namespace {

std::shared_ptr<Tokens> simple_tokens(base::Metrics& metrics, base::Clock& clock, base::Logger& logger) {
  return std::move(*Tokens::open({}, {.metrics = metrics, .clock = clock, .logger = logger}));
}

}  // namespace

// In the order in which they build on each other.
struct Api::Parts {
  Parts(node::Node& node, Options given, const std::vector<rpc::Loop*>& loops, base::Metrics& all_metrics, base::Clock& clock,
        base::Logger& logger)
      : options(std::move(given)),
        watch_metrics(all_metrics),
        lanes(loops, node, options, watch_metrics),
        metrics(all_metrics),
        context{node, options, lanes, metrics, watch_metrics, clock, logger},
        node_metrics(context, all_metrics),
        stats(options.warn_request_ns, clock, logger),
        slow_reads(options.warn_apply_ns, all_metrics, logger),
        replies(stats, slow_reads, metrics, clock),
        tokens(options.tokens ? options.tokens : simple_tokens(all_metrics, clock, logger)),
        key_reloader(context, tokens),
        signatures(*tokens, options.verify_elsewhere),
        callers(context, *tokens, signatures),
        gate(context, callers),
        health(context, gate, replies),
        quota(context, replies),
        kv(context, gate, callers, quota, replies),
        lease(context, gate, callers, quota, replies),
        range_streams(context, gate, callers),
        watches(context, gate, callers),
        changes(node, options, all_metrics, clock, logger),
        locks(context, gate, callers, replies),
        elections(context, gate, callers, replies),
        cluster(context, gate, replies, changes),
        maintenance(context, gate, callers, replies, health),
        passwords(usable_bcrypt_cost(options.bcrypt_cost, logger), options.hash_elsewhere, clock),
        auth({context, gate, callers, passwords, *tokens, replies}),
        pages(context, [this] { return node_metrics.text(); }),
        peer_pages(node, changes, callers, logger),
        corruption_checks(context) {}

  const Options options;
  const WatchMetrics watch_metrics;
  Lanes lanes;
  ApiMetrics metrics;
  Context context;
  NodeMetrics node_metrics;
  RequestStats stats;
  SlowReads slow_reads;
  Replies replies;
  const std::shared_ptr<Tokens> tokens;
  KeyReloader key_reloader;
  SignatureChecks signatures;
  Callers callers;
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
  Passwords passwords;
  AuthService auth;
  HttpPages pages;
  PeerPages peer_pages;
  CorruptionChecks corruption_checks;
  std::optional<LeasePages> lease_pages;  // once there is a peer port
};

Api::Api(node::Node& node, Options options, std::vector<rpc::Loop*> loops, base::Metrics& metrics, base::Clock& clock, base::Logger& logger)
    : parts_(std::make_unique<Parts>(node, std::move(options), loops, metrics, clock, logger)) {
  // The stages hold on to it, whoever of us goes first.
  node.on_token_events([tokens = parts_->tokens](const auth::TokenEvent& event) { tokens->on_event(event); });
}

Api::~Api() = default;

void Api::register_services(rpc::ServiceTable& table) {
  Methods methods(table, parts_->gate.rules(), parts_->callers);
  parts_->kv.register_methods(methods);
  parts_->range_streams.register_methods(methods);
  parts_->watches.register_methods(methods);
  parts_->locks.register_methods(methods);
  parts_->elections.register_methods(methods);
  parts_->lease.register_methods(methods);
  parts_->cluster.register_methods(methods);
  parts_->maintenance.register_methods(methods);
  parts_->auth.register_methods(methods);
  parts_->health.register_methods(methods);
}

rpc::HttpHandler Api::http_handler(bool metrics_and_health_only) {
  const Pages pages = metrics_and_health_only ? Pages::kMetricsAndHealth : Pages::kAll;
  return [this, pages](rpc::HttpRequest request, rpc::HttpResponder responder) {
    parts_->pages.serve(pages, std::move(request), std::move(responder));
  };
}

rpc::HttpHandler Api::peer_handler(rpc::Loop& loop) {
  parts_->lease_pages.emplace(parts_->context.node, loop);
  return [this](rpc::HttpRequest request, rpc::HttpResponder responder) {
    if (LeasePages::serves(request.path)) return parts_->lease_pages->serve(request, std::move(responder));
    parts_->peer_pages.serve(std::move(request), std::move(responder));
  };
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
