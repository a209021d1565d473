#include "server/startup.h"

#include <sched.h>

#include <algorithm>
#include <thread>

#include "base/check.h"
#include "base/go_text.h"
#include "server/build_info.h"
#include "server/validate.h"

namespace etcd::server {

namespace {

constexpr std::int64_t kDefaultQuotaBytes = std::int64_t{2} * 1024 * 1024 * 1024;

Texts sorted(const std::set<std::string>& texts) { return {texts.begin(), texts.end()}; }

// "a=http://1,b=http://2" with the pairs in order and the empty ones dropped.
std::string sorted_pairs(const std::string& initial_cluster) {
  Texts pairs;
  for (const std::string_view pair : base::split(initial_cluster, ',')) {
    if (!pair.empty()) pairs.emplace_back(pair);
  }
  std::sort(pairs.begin(), pairs.end());
  return base::join(pairs, ",");
}

// Go holds a retention in revisions in a duration, one nanosecond each, and prints it as such.
std::string retention_text(const ClusterConfig& config) {
  const auto retention = compaction_retention(config);
  if (!retention.has_value()) return "0s";
  if (const auto* periodic = std::get_if<PeriodicRetention>(&*retention)) return base::format_duration(periodic->period);
  if (const auto* revisions = std::get_if<RevisionRetention>(&*retention)) return base::format_duration(Duration(revisions->revisions));
  return "0s";
}

int usable_cpus() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return static_cast<int>(std::thread::hardware_concurrency());
  return CPU_COUNT(&set);
}

using Fields = base::Logger::Fields;

void add_build(Fields& fields) {
  fields.insert(fields.end(), {{"etcd-version", kVersion},
                               {"git-sha", git_sha()},
                               {"go-version", kToolchain},
                               {"go-os", kOs},
                               {"go-arch", kArch},
                               {"max-cpu-set", usable_cpus()},
                               {"max-cpu-available", usable_cpus()}});
}

void add_member(const Config& config, bool initialized, Fields& fields) {
  const MemberConfig& member = config.member;
  const Duration tick = std::chrono::milliseconds(member.heartbeat_ms);
  fields.insert(fields.end(), {{"member-initialized", initialized},
                               {"name", member.name},
                               {"data-dir", member.data_dir},
                               {"wal-dir", member.wal_dir},
                               {"wal-dir-dedicated", member.wal_dir},
                               {"member-dir", member_dir(config)},
                               {"force-new-cluster", config.maintenance.force_new_cluster},
                               {"heartbeat-interval", base::format_duration(tick)},
                               {"election-timeout", base::format_duration(tick * static_cast<std::int64_t>(member.election_ticks()))},
                               {"initial-election-tick-advance", member.initial_election_tick_advance},
                               {"snapshot-count", member.snapshot_count},
                               {"max-wals", member.max_wals},
                               {"max-snapshots", member.max_snapshots},
                               {"snapshot-catchup-entries", member.snapshot_catchup_entries}});
}

void add_cluster(const Config& config, bool initialized, Fields& fields) {
  const MemberConfig& member = config.member;
  const ClusterConfig& cluster = config.cluster;
  const std::int64_t quota = member.quota_backend_bytes == 0 ? kDefaultQuotaBytes : member.quota_backend_bytes;
  fields.insert(fields.end(),
                {{"initial-advertise-peer-urls", base::to_strings(cluster.initial_advertise_peer_urls)},
                 {"listen-peer-urls", base::to_strings(member.listen_peer_urls)},
                 {"advertise-client-urls", base::to_strings(cluster.advertise_client_urls)},
                 {"listen-client-urls", base::to_strings(member.listen_client_urls)},
                 {"listen-metrics-urls", base::to_strings(config.monitoring.listen_metrics_urls)},
                 {"local-address", ""},
                 {"cors", sorted(config.security.cors)},
                 {"host-whitelist", sorted(config.security.host_whitelist)},
                 {"initial-cluster", initialized ? "" : sorted_pairs(cluster.initial_cluster)},
                 {"initial-cluster-state", cluster.initial_cluster_state},
                 {"initial-cluster-token", initialized ? "" : cluster.initial_cluster_token},
                 {"quota-backend-bytes", quota},
                 {"max-request-bytes", member.max_request_bytes},
                 {"max-concurrent-streams", member.max_concurrent_streams},
                 {"pre-vote", cluster.pre_vote},
                 {"feature-gates", config.features.to_string()}});
}

void add_maintenance(const Config& config, Fields& fields) {
  const MaintenanceConfig& maintenance = config.maintenance;
  fields.insert(fields.end(),
                {{"initial-corrupt-check", false},
                 {"corrupt-check-time-interval", base::format_duration(maintenance.corrupt_check_time)},
                 {"compact-check-time-interval", base::format_duration(maintenance.compact_hash_check_time)},
                 {"auto-compaction-mode", config.cluster.auto_compaction_mode},
                 {"auto-compaction-retention", retention_text(config.cluster)},
                 {"auto-compaction-interval", retention_text(config.cluster)}});
}

void add_discovery(const DiscoveryConfig& discovery, Fields& fields) {
  fields.insert(fields.end(), {{"discovery-token", discovery.token},
                               {"discovery-endpoints", base::join(sorted(discovery.endpoints), ",")},
                               {"discovery-dial-timeout", base::format_duration(discovery.dial_timeout)},
                               {"discovery-request-timeout", base::format_duration(discovery.request_timeout)},
                               {"discovery-keepalive-time", base::format_duration(discovery.keepalive_time)},
                               {"discovery-keepalive-timeout", base::format_duration(discovery.keepalive_timeout)},
                               {"discovery-insecure-transport", discovery.insecure_transport},
                               {"discovery-insecure-skip-tls-verify", discovery.insecure_skip_tls_verify},
                               {"discovery-cert", discovery.cert},
                               {"discovery-key", discovery.key},
                               {"discovery-cacert", discovery.cacert},
                               {"discovery-user", discovery.user}});
}

}  // namespace

std::string member_dir(const Config& config) { return base::join_path(config.member.data_dir, "member"); }

std::string wal_dir(const Config& config) {
  return config.member.wal_dir.empty() ? base::join_path(member_dir(config), "wal") : config.member.wal_dir;
}

Status inspect_data_dir(const Config& config, base::FileSystem& files, base::Logger& logger) {
  const std::string& folder = config.member.data_dir;
  const auto names = files.list(folder);
  if (!names.has_value() && names.error().code != Errc::kNotExist) {
    return fail(Errc::kInvalid, "failed to list data directory " + folder + ": " + describe(names.error()));
  }
  bool member = false;
  bool proxy = false;
  for (const std::string& name : names.has_value() ? *names : Texts()) {
    member = member || name == "member";
    proxy = proxy || name == "proxy";
    if (name != "member" && name != "proxy") {
      logger.warn("found invalid file under data directory", {{"filename", name}, {"data-dir", folder}});
    }
  }
  if (member && proxy) return fail(Errc::kInvalid, "invalid datadir; both member and proxy directories exist");
  if (proxy) return fail(Errc::kInvalid, "v2 http proxy has already been deprecated in 3.6");
  const char* message = member ? "server has already been initialized" : "Initialize and start etcd server";
  logger.info(message, {{"data-dir", folder}, {"dir-type", member ? "member" : "empty"}});
  return {};
}

bool is_member_initialized(const Config& config, base::FileSystem& files) {
  const auto names = files.list(wal_dir(config));
  return names.has_value() && std::any_of(names->begin(), names->end(), [](const std::string& name) { return name.ends_with(".wal"); });
}

void log_summary(const Config& config, bool member_initialized, base::Logger& logger) {
  Fields fields;
  add_build(fields);
  add_member(config, member_initialized, fields);
  add_cluster(config, member_initialized, fields);
  add_maintenance(config, fields);
  add_discovery(config.discovery, fields);
  fields.insert(fields.end(), {{"downgrade-check-interval", base::format_duration(config.maintenance.downgrade_check_time)},
                               {"max-learners", config.cluster.max_learners},
                               {"v2-deprecation", "write-only"}});
  logger.info("starting an etcd server", fields);
}

}  // namespace etcd::server
