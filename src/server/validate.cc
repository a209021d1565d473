#include "server/validate.h"

#include <algorithm>

#include "base/go_text.h"
#include "server/flags.h"

namespace etcd::server {

namespace {

constexpr std::uint64_t kMaxElectionMs = 50'000;
constexpr std::int64_t kMaxSamplingRate = 1'000'000;

tl::unexpected<Error> invalid(std::string text) { return fail(Errc::kInvalid, std::move(text)); }

// What is listened on must be an address, not a name that DNS could send elsewhere.
Status check_bind_urls(const Urls& urls) {
  for (const Url& url : urls) {
    if (url.is_unix()) continue;
    TRY_ASSIGN(const base::HostPort place, base::split_host_port(url.host));
    if (place.host != "localhost" && !base::is_ip_address(place.host)) {
      return invalid("expected IP in URL for binding (" + url.to_string() + ")");
    }
  }
  return {};
}

Status check_advertised_urls(const Urls& urls) {
  for (const Url& url : urls) {
    if (url.is_unix()) continue;
    TRY_ASSIGN(const base::HostPort place, base::split_host_port(url.host));
    if (place.host.empty()) return invalid("unexpected empty host (" + url.to_string() + ")");
  }
  return {};
}

Status check_urls(const Config& config, base::Logger& logger) {
  const MemberConfig& member = config.member;
  TRY(check_bind_urls(member.listen_peer_urls));
  TRY(check_bind_urls(member.listen_client_urls));
  TRY(check_bind_urls(member.listen_client_http_urls));
  if (member.listen_client_http_urls.empty()) {
    logger.warn("Running http and grpc server on single port. This is not recommended for production.");
  }
  TRY(check_bind_urls(config.monitoring.listen_metrics_urls));
  const ClusterConfig& cluster = config.cluster;
  const auto quoted = [](const Urls& urls) { return base::go_quote(base::join(base::to_strings(urls), ",")); };
  if (const Status peers = check_advertised_urls(cluster.initial_advertise_peer_urls); !peers.has_value()) {
    return invalid("--initial-advertise-peer-urls " + quoted(cluster.initial_advertise_peer_urls) + " must be \"host:port\" (" +
                   peers.error().detail + ")");
  }
  if (const Status clients = check_advertised_urls(cluster.advertise_client_urls); !clients.has_value()) {
    return invalid("--advertise-client-urls " + quoted(cluster.advertise_client_urls) +
                   " must be in the format \"host:port\", \"unix:/path/to/socket\" or \"unixs:/path/to/socket\" (" +
                   clients.error().detail + ")");
  }
  return {};
}

Status check_bootstrap(const Config& config) {
  const DiscoveryConfig& discovery = config.discovery;
  const std::string& state = config.cluster.initial_cluster_state;
  if (state != "new" && state != "existing") return invalid("unexpected clusterState " + base::go_quote(state));
  const int ways = int(!config.cluster.initial_cluster.empty()) + int(!discovery.srv.empty()) + int(!discovery.endpoints.empty());
  if (ways > 1) {
    return invalid(
        "multiple discovery or bootstrap flags are set. Choose one of \"initial-cluster\", \"discovery-endpoints\" or \"discovery-srv\"");
  }
  if (discovery.token.empty() != discovery.endpoints.empty()) {
    return invalid("both --discovery-token and --discovery-endpoints must be set");
  }
  for (const std::string& endpoint : discovery.endpoints) {
    if (endpoint.find_first_not_of(" \t\r\n\v\f") == std::string::npos) {
      return invalid("--discovery-endpoints must not contain empty endpoints");
    }
  }
  return {};
}

Status check_timing(const MemberConfig& member) {
  const std::string heartbeat = std::to_string(member.heartbeat_ms) + "ms";
  const std::string election = std::to_string(member.election_ms) + "ms";
  if (member.heartbeat_ms == 0) return invalid("--heartbeat-interval must be >0 (set to 0ms)");
  if (member.election_ms == 0) return invalid("--election-timeout must be >0 (set to 0ms)");
  if (member.heartbeat_ms > member.election_ms / 5) {
    return invalid("--election-timeout[" + election + "] should be at least as 5 times as --heartbeat-interval[" + heartbeat + "]");
  }
  if (member.election_ms > kMaxElectionMs) {
    return invalid("--election-timeout[" + election + "] is too long, and should be set less than " + std::to_string(kMaxElectionMs) +
                   "ms");
  }
  return {};
}

Status check_auto_compaction(const ClusterConfig& cluster) {
  const std::string& mode = cluster.auto_compaction_mode;
  if (mode.empty()) return invalid("undefined auto-compaction-mode");
  if (mode != "periodic" && mode != "revision") return invalid("unknown auto-compaction-mode " + base::go_quote(mode));
  return {};
}

Status check_tracing(const MonitoringConfig& monitoring) {
  if (!monitoring.enable_distributed_tracing) return {};
  const std::int64_t rate = monitoring.tracing_sampling_rate_per_million;
  if (rate < 0) return invalid("distributed tracing configurition is not valid: (tracing sampling rate must be positive)");
  if (rate > kMaxSamplingRate) {
    return invalid("distributed tracing configurition is not valid: (tracing sampling rate must be less than " +
                   std::to_string(kMaxSamplingRate) + ")");
  }
  return {};
}

Status check_features(const FeatureGates& features, base::Logger& logger) {
  const bool checkpoint = features.enabled("LeaseCheckpoint");
  const bool persist = features.enabled("LeaseCheckpointPersist");
  if (checkpoint && !persist) {
    logger.warn("Detected that checkpointing is enabled without persistence. Consider enabling feature gate LeaseCheckpointPersist");
  }
  if (persist && !checkpoint) {
    return invalid("enabling feature gate LeaseCheckpointPersist requires enabling feature gate LeaseCheckpoint");
  }
  return {};
}

// 0: the highest there is.
Result<int> tls_version(const std::string& text) {
  if (text.empty()) return 0;
  if (text == "TLS1.2") return 12;
  if (text == "TLS1.3") return 13;
  return invalid("unexpected TLS version " + base::go_quote(text) + " (must be one of: TLS1.2, TLS1.3)");
}

Status check_tls_versions(const SecurityConfig& security) {
  TRY_ASSIGN(const int lowest, tls_version(security.tls_min_version));
  TRY_ASSIGN(const int highest, tls_version(security.tls_max_version));
  if (highest != 0 && lowest > highest) {
    return invalid("min version (" + security.tls_min_version + ") is greater than max version (" + security.tls_max_version + ")");
  }
  if (lowest == 13 && !security.cipher_suites.empty()) {
    return invalid("cipher suites cannot be configured when only TLS1.3 is enabled");
  }
  return {};
}

}  // namespace

Status validate(const Config& config, base::Logger& logger) {
  TRY(check_urls(config, logger));
  TRY(check_bootstrap(config));
  TRY(check_timing(config.member));
  if (config.cluster.advertise_client_urls.empty()) return invalid(std::string(kAdvertiseClientUrlsMissing));
  TRY(check_auto_compaction(config.cluster));
  TRY(check_tracing(config.monitoring));
  TRY(check_features(config.features, logger));
  if (config.maintenance.compact_hash_check_time <= Duration(0)) {
    return invalid("--compact-hash-check-time must be >0 (set to " + base::format_duration(config.maintenance.compact_hash_check_time) + ")");
  }
  if (config.member.name == "default") {
    logger.warn("it isn't recommended to use default name, please set a value for --name. Note that etcd might run into issue when multiple "
                "members have the same default name",
                {{"name", config.member.name}});
  }
  return check_tls_versions(config.security);
}

Status check_supported(const Config& config) {
  Config given = config;
  Config defaults;
  const std::vector<Flag> given_flags = flag_table(given);
  const std::vector<Flag> default_flags = flag_table(defaults);
  for (std::size_t i = 0; i < given_flags.size(); ++i) {
    const Flag& flag = given_flags[i];
    if (flag.support != Support::kRefused || print_value(flag.value) == print_value(default_flags[i].value)) continue;
    return fail(Errc::kUnsupported, "--" + std::string(flag.name) + " is not supported: " + std::string(flag.note));
  }
  return {};
}

Status check_listen_urls(const MemberConfig& config) {
  for (const Url& http_url : config.listen_client_http_urls) {
    for (const Url& client_url : config.listen_client_urls) {
      if (http_url.address() != client_url.address()) continue;
      return invalid("cannot bind both --listen-client-urls and --listen-client-http-urls on the same url " + http_url.to_string());
    }
  }
  return {};
}

Status check_initial_cluster_urls(const ClusterConfig& config) {
  for (const std::string_view pair : base::split(config.initial_cluster, ',')) {
    if (pair.empty()) continue;
    const std::size_t equals = pair.find('=');
    const std::string_view url = equals == std::string_view::npos ? "" : pair.substr(equals + 1);
    if (const auto parsed = base::parse_member_urls(url); !parsed.has_value()) {
      return invalid("error setting up initial cluster: " + parsed.error().detail);
    }
  }
  return {};
}

Result<Retention> compaction_retention(const ClusterConfig& config) {
  const std::string text = config.auto_compaction_retention.empty() ? "0" : config.auto_compaction_retention;
  const bool decimal = text.find_first_not_of("0123456789") == std::string::npos;
  if (!decimal) {
    const auto period = base::parse_duration(text);
    if (!period.has_value()) return invalid("error parsing CompactionRetention: " + period.error().detail);
    if (*period == Duration(0)) return Retention();
    if (*period < Duration(0)) return invalid("error parsing CompactionRetention: " + text + " is negative");
    return Retention(PeriodicRetention{*period});
  }
  constexpr std::uint64_t kMaxHours = 2'562'047;
  const auto number = base::parse_uint(text.substr(std::min(text.find_first_not_of('0'), text.size() - 1)));
  if (number.fault || (config.auto_compaction_mode == "periodic" && number.value > kMaxHours) || number.value > INT64_MAX) {
    return invalid("error parsing CompactionRetention: " + text + " is too large");
  }
  if (number.value == 0) return Retention();
  const auto count = static_cast<std::int64_t>(number.value);
  if (config.auto_compaction_mode == "revision") return Retention(RevisionRetention{count});
  return Retention(PeriodicRetention{std::chrono::hours(count)});
}

}  // namespace etcd::server
