#include "server/room_options.h"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <thread>
#include <variant>

#include "cluster/bootstrap.h"
#include "server/build_info.h"
#include "server/first_members.h"
#include "server/header_trace.h"
#include "server/node_observer.h"
#include "server/secrets.h"
#include "server/validate.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kMiB = 1024 * 1024;
constexpr std::int64_t kDefaultQuotaBytes = 2 * 1024 * kMiB;

// etcd's settings of 0 mean its defaults.
std::int64_t or_default(std::int64_t value, std::int64_t fallback) { return value == 0 ? fallback : value; }

// etcd's rule: what a disk may take, and two elections.
std::int64_t request_timeout_ns(std::int64_t election_ns) { return 5'000'000'000 + 2 * election_ns; }

// Address space for the db, which can't grow beyond it: twice the quota, and more than any disk has where there is no quota.
std::uint64_t map_bytes_for(std::int64_t quota_bytes) {
  constexpr std::uint64_t kLeast = std::uint64_t{64} * 1024 * kMiB;
  constexpr std::uint64_t kMost = std::uint64_t{4} * 1024 * 1024 * kMiB;
  if (quota_bytes <= 0) return kMost;
  return std::clamp(2 * static_cast<std::uint64_t>(quota_bytes), kLeast, kMost);
}

Result<node::AutoCompactionMode> auto_compaction(const ClusterConfig& config) {
  TRY_ASSIGN(const Retention retention, compaction_retention(config));
  if (const auto* periodic = std::get_if<PeriodicRetention>(&retention)) return node::PeriodicCompaction{periodic->period.count()};
  if (const auto* by_revision = std::get_if<RevisionRetention>(&retention)) return node::RevisionCompaction{by_revision->revisions};
  return node::AutoCompactionMode();
}

// As the flags' help says, 0 in either of them means no pings. (etcd means it, too, but then grpc-go's own default holds: two hours.)
rpc::KeepalivePings keepalive_pings(const MemberConfig& member) {
  const std::int64_t after_ns = member.grpc_keepalive_interval.count();
  const std::int64_t timeout_ns = member.grpc_keepalive_timeout.count();
  if (after_ns <= 0 || timeout_ns <= 0) return {.after_ns = rpc::kNoDeadline};
  return {.after_ns = after_ns, .timeout_ns = timeout_ns};
}

}  // namespace

Result<node::NodeOptions> node_options(const Config& config, base::Metrics& metrics) {
  node::NodeOptions options;
  options.name = config.member.name;
  options.advertise_client_urls = base::to_strings(config.cluster.advertise_client_urls);
  options.heartbeat_ns = static_cast<std::int64_t>(config.member.heartbeat_ms) * 1'000'000;
  options.election_ns = static_cast<std::int64_t>(config.member.election_ms) * 1'000'000;
  options.pre_vote = config.cluster.pre_vote;
  options.shorten_first_wait = config.member.initial_election_tick_advance;
  options.downgrade_check_ns = config.maintenance.downgrade_check_time.count();

  options.start.data_folder = config.member.data_dir;
  options.start.wal_folder = config.member.wal_dir;
  options.start.name = config.member.name;
  TRY_ASSIGN(options.start.initial_cluster, cluster::parse_initial_cluster(initial_cluster_text(config)));
  options.start.initial_cluster_token = config.cluster.initial_cluster_token;
  options.start.force_new_cluster = config.maintenance.force_new_cluster;
  options.start.bootstrap_defragment_bytes = config.maintenance.bootstrap_defrag_threshold_megabytes * static_cast<std::uint64_t>(kMiB);
  options.start.machine.quota_bytes = or_default(config.member.quota_backend_bytes, kDefaultQuotaBytes);
  options.start.db.map_bytes = map_bytes_for(options.start.machine.quota_bytes);
  options.start.machine.max_learners = static_cast<std::size_t>(config.cluster.max_learners);
  // etcd's rule: one and a half election timeouts, in whole seconds, rounded up.
  options.start.machine.lease.min_ttl_s = (3 * options.election_ns / 2 + 999'999'999) / 1'000'000'000;
  options.start.machine.lease.checkpoints = config.features.enabled("LeaseCheckpoint");
  options.start.machine.lease.metrics = make_lessor_metrics(metrics);
  options.start.machine.persist_checkpoints = config.features.enabled("LeaseCheckpointPersist");
  TRY_ASSIGN(options.auto_compaction, auto_compaction(config.cluster));

  options.limits.max_request_bytes = config.member.max_request_bytes;
  options.limits.timeout_ns = request_timeout_ns(options.election_ns);
  options.apply.flush_interval_ns = or_default(config.member.backend_batch_interval.count(), options.apply.flush_interval_ns);
  options.apply.quota_bytes = options.start.machine.quota_bytes;
  options.apply.warn_apply_ns = config.monitoring.warning_apply_duration.count();
  options.apply.snapshot_count = config.member.snapshot_count;
  options.apply.catchup_entries = config.member.snapshot_catchup_entries;
  options.start.machine.store.compaction_deletes_per_flush = static_cast<std::size_t>(or_default(config.maintenance.compaction_batch_limit, 1000));
  options.apply.background_keys = static_cast<std::size_t>(or_default(config.maintenance.compaction_batch_limit, 1000));
  options.apply.background_pause_ns = or_default(config.maintenance.compaction_sleep_interval.count(), options.apply.background_pause_ns);
  options.disk.keep_wals = config.member.max_wals;
  options.disk.keep_snapshots = config.member.max_snapshots;
  options.sleep = [](std::int64_t ns) { std::this_thread::sleep_for(std::chrono::nanoseconds(ns)); };
  return options;
}

Result<api::Tokens::Options> token_options(const SecurityConfig& security) {
  api::Tokens::Options options;
  TRY_ASSIGN(options.kind, auth::parse_token_options(security.auth_token));
  options.simple_ttl_ns = static_cast<std::int64_t>(or_default(static_cast<std::int64_t>(security.auth_token_ttl_s), 300)) * 1'000'000'000;
  return options;
}

api::Options api_options(const Config& config) {
  api::Options options;
  options.strict_reconfig_check = config.cluster.strict_reconfig_check;
  options.max_txn_ops = config.member.max_txn_ops;
  options.max_request_bytes = config.member.max_request_bytes;
  options.election_timeout_ns = static_cast<std::int64_t>(config.member.election_ms) * 1'000'000;
  options.request_timeout_ns = request_timeout_ns(options.election_timeout_ns);
  options.warn_request_ns = config.monitoring.warning_unary_request_duration.count();
  options.warn_apply_ns = config.monitoring.warning_apply_duration.count();
  options.watch_progress_interval_ns =
      or_default(config.maintenance.watch_progress_notify_interval.count(), options.watch_progress_interval_ns);
  options.extensive_metrics = config.monitoring.metrics == "extensive";
  options.cors = config.security.cors;
  options.host_whitelist = config.security.host_whitelist;
  options.json_gateway = config.member.enable_grpc_gateway;
  options.bcrypt_cost = static_cast<int>(config.security.bcrypt_cost);
  options.client_cert_auth = config.security.client.client_cert_auth;
  options.corrupt_check_ns = config.maintenance.corrupt_check_time.count();
  if (config.features.enabled("CompactHashCheck")) options.compact_hash_check_ns = config.maintenance.compact_hash_check_time.count();
  options.health_stops_on_defragment = config.features.enabled("StopGRPCServiceOnDefrag");
  options.command_line = without_secrets(config.command_line);
  options.toolchain = kToolchain;
  for (const Feature& feature : known_features()) {
    options.features.push_back({std::string(feature.name), std::string(name_of(feature.stage)), config.features.enabled(feature.name)});
  }
  return options;
}

rpc::Options rpc_options(const Config& config) {
  constexpr std::size_t kGrpcOverheadBytes = 512 * 1024;
  constexpr std::int64_t kGrpcMinTimeNs = 5 * rpc::kMinute;  // grpc-go's own default
  rpc::Options options;
  options.max_concurrent_streams = config.member.max_concurrent_streams;
  options.max_receive_message_bytes = config.member.max_request_bytes + kGrpcOverheadBytes;
  options.max_http_body_bytes = 2 * options.max_receive_message_bytes;  // a message as JSON, its bytes in base64
  options.keepalive_enforcement.min_time_ns = or_default(config.member.grpc_keepalive_min_time.count(), kGrpcMinTimeNs);
  options.keepalive_pings = keepalive_pings(config.member);
  if (config.monitoring.metrics == "extensive") options.handling_buckets = api::handling_buckets();
  if (config.trace_header_fields) {
    options.on_header_field = [](std::string_view name, std::string_view value) { std::fputs(header_trace_line(name, value).c_str(), stderr); };
  }
  return options;
}

}  // namespace etcd::server
