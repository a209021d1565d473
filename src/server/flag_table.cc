// The table of all flags. A row: section, name, field, what it is for, and where the config file has it if that is not under its name.
#include "server/flags.h"

namespace etcd::server {

namespace {

constexpr std::string_view kNotInFile = "-";
constexpr std::string_view kFixedTimeouts = "five seconds, etcd's default, always";

// Accepted, since nobody is harmed without it.
Flag no_effect(std::string_view note, Flag flag) {
  flag.support = Support::kNoEffect;
  flag.note = note;
  return flag;
}

// Only the default is accepted.
Flag refused(std::string_view note, Flag flag) {
  flag.support = Support::kRefused;
  flag.note = note;
  return flag;
}

Flag ignored(std::string_view note, Flag flag) {
  flag.support = Support::kIgnored;
  flag.note = note;
  return flag;
}

std::vector<Flag> member_flags(Config& config) {
  MemberConfig& m = config.member;
  constexpr std::string_view kSection = "Member";
  return {
      {kSection, "name", &m.name, "Name of this member, for people to read."},
      {kSection, "data-dir", &m.data_dir, "Folder for everything that must last."},
      {kSection, "wal-dir", &m.wal_dir, "Folder for the write-ahead log alone, e.g. on a disk of its own."},
      {kSection, "snapshot-count", &m.snapshot_count, "Applied entries after which the log may be cut behind a snapshot."},
      {kSection, "snapshot-catchup-entries", &m.snapshot_catchup_entries,
       "Entries kept before a snapshot so that a slow follower can catch up without it."},
      {kSection, "heartbeat-interval", &m.heartbeat_ms, "Milliseconds between two heartbeats of the leader."},
      {kSection, "election-timeout", &m.election_ms,
       "Milliseconds without a leader until an election; at least 5 heartbeats, at most 50000."},
      {kSection, "initial-election-tick-advance", &m.initial_election_tick_advance, "Shorten the first wait for a leader after start."},
      {kSection, "listen-peer-urls", &m.listen_peer_urls, "Where to listen for other members."},
      {kSection, "listen-client-urls", &m.listen_client_urls,
       "Where to listen for clients: gRPC, and HTTP unless that has URLs of its own."},
      {kSection, "listen-client-http-urls", &m.listen_client_http_urls,
       "Where to listen for HTTP alone; --listen-client-urls then serve only gRPC."},
      {kSection, "max-snapshots", &m.max_snapshots, "Snapshot files to keep; 0 keeps all. Deprecated."},
      {kSection, "max-wals", &m.max_wals, "Log files to keep; 0 keeps all."},
      no_effect("the database is read through the page cache",
                {kSection, "memory-mlock", &m.memory_mlock, "Lock the process's memory into RAM."}),
      {kSection, "quota-backend-bytes", &m.quota_backend_bytes,
       "Size of the database from which on writes are refused; 0 means 2 GiB, below 0 no limit."},
      no_effect("there is one kind of free list", {kSection, "backend-bbolt-freelist-type", &m.backend_freelist_type,
                                                   "How etcd keeps the database's free pages in memory: array or map."}),
      {kSection, "backend-batch-interval", &m.backend_batch_interval, "Longest time between two commits of the database; 0 means 100ms."},
      {kSection, "backend-batch-limit", &m.backend_batch_limit, "Most changes between two commits of the database; 0 means 10000."},
      {kSection, "max-txn-ops", &m.max_txn_ops, "Most operations in one transaction."},
      {kSection, "max-request-bytes", &m.max_request_bytes, "Largest request of a client, in bytes."},
      {kSection, "max-concurrent-streams", &m.max_concurrent_streams, "Most calls that one connection may have open."},
      {kSection, "grpc-keepalive-min-time", &m.grpc_keepalive_min_time, "Shortest time between two pings of a client."},
      {kSection, "grpc-keepalive-interval", &m.grpc_keepalive_interval, "Silence after which the server pings a client; 0 for never."},
      {kSection, "grpc-keepalive-timeout", &m.grpc_keepalive_timeout,
       "How long to wait for the answer to that ping before the connection is closed; 0 for ever."},
      no_effect("two servers on one port would share its clients at random",
                {kSection, "socket-reuse-port", &m.socket_reuse_port, "Set SO_REUSEPORT on listening sockets.", "socket-options/reuse-port"}),
      no_effect("always set, as Go does", {kSection, "socket-reuse-address", &m.socket_reuse_address,
                                           "Set SO_REUSEADDR on listening sockets.", "socket-options/reuse-address"}),
      {kSection, "enable-grpc-gateway", &m.enable_grpc_gateway, "Serve the JSON gateway under /v3/."},
      no_effect(kFixedTimeouts,
                {kSection, "raft-read-timeout", &m.raft_read_timeout, "Read timeout of connections between members.", kNotInFile}),
      no_effect(kFixedTimeouts,
                {kSection, "raft-write-timeout", &m.raft_write_timeout, "Write timeout of connections between members.", kNotInFile}),
      {kSection, "feature-gates", &config.features, "Switches of features: A=true,B=false."},
      {kSection, "config-file", &config.config_file, "Configuration file; all other flags and the environment are then left aside.",
       kNotInFile},
      {kSection, "version", &config.print_version, "Print the version and exit.", kNotInFile},
  };
}

std::vector<Flag> clustering_flags(Config& config) {
  ClusterConfig& c = config.cluster;
  constexpr std::string_view kSection = "Clustering";
  return {
      {kSection, "initial-advertise-peer-urls", &c.initial_advertise_peer_urls, "Where other members find this one."},
      {kSection, "advertise-client-urls", &c.advertise_client_urls,
       "Where clients find this member. Must be given when --listen-client-urls is."},
      {kSection, "initial-cluster", &c.initial_cluster, "The members to begin with: name=URL,name=URL."},
      {kSection, "initial-cluster-state", Choice{&c.initial_cluster_state, {"new", "existing"}},
       "'new' to found a cluster, 'existing' to join one. Without meaning once the member has data."},
      {kSection, "initial-cluster-token", &c.initial_cluster_token, "Keeps clusters founded with the same URLs apart."},
      {kSection, "strict-reconfig-check", &c.strict_reconfig_check, "Refuse changes of the membership that would cost the quorum."},
      {kSection, "pre-vote", &c.pre_vote, "Ask for votes on trial first, so that a member that comes back disturbs nobody."},
      {kSection, "max-learners", &c.max_learners, "Most learners at a time."},
      {kSection, "auto-compaction-mode", &c.auto_compaction_mode, "What --auto-compaction-retention counts: periodic (time) or revision."},
      {kSection, "auto-compaction-retention", &c.auto_compaction_retention,
       "History to keep: 5m, 8 (hours), or a number of revisions; 0 keeps all."},
      ignored("deprecated; the value is dropped",
              {kSection, "v2-deprecation",
               ChoiceList{&c.v2_deprecation, {"write-only", "write-only-skip-check", "write-only-drop-data", "gone"}},
               "Stage of the v2 store's removal. Deprecated: write-only, whatever is given."}),
  };
}

std::vector<Flag> discovery_flags(Config& config) {
  DiscoveryConfig& d = config.discovery;
  constexpr std::string_view kSection = "Discovery";
  constexpr std::string_view kFewCalls = "the registry is asked a few times at the first start; a connection that hangs ends with the request";
  return {
      {kSection, "discovery-endpoints", &d.endpoints, "etcd servers at which the members of a new cluster find each other.",
       "discovery-config/client/endpoints"},
      {kSection, "discovery-token", &d.token, "Name of the new cluster there.", "discovery-config/token"},
      {kSection, "discovery-dial-timeout", &d.dial_timeout, "Limit for connecting to them.", "discovery-config/client/dial-timeout"},
      {kSection, "discovery-request-timeout", &d.request_timeout, "Limit for a request to them.", "discovery-config/client/request-timeout"},
      no_effect(kFewCalls, {kSection, "discovery-keepalive-time", &d.keepalive_time, "Silence after which they are pinged.",
                            "discovery-config/client/keepalive-time"}),
      no_effect(kFewCalls, {kSection, "discovery-keepalive-timeout", &d.keepalive_timeout, "How long to wait for the answer.",
                            "discovery-config/client/keepalive-timeout"}),
      {kSection, "discovery-insecure-transport", &d.insecure_transport, "Talk to them without TLS.",
       "discovery-config/client/secure/insecure-transport"},
      {kSection, "discovery-insecure-skip-tls-verify", &d.insecure_skip_tls_verify, "Don't verify their certificates. For tests only.",
       "discovery-config/client/secure/insecure-skip-tls-verify"},
      {kSection, "discovery-cert", &d.cert, "Certificate to show them.", "discovery-config/client/secure/cert"},
      {kSection, "discovery-key", &d.key, "Key of that certificate.", "discovery-config/client/secure/key"},
      {kSection, "discovery-cacert", &d.cacert, "CA that signed theirs.", "discovery-config/client/secure/cacert"},
      {kSection, "discovery-user", &d.user, "User there, name or name:password.", "discovery-config/client/auth/username"},
      {kSection, "discovery-password", &d.password, "Password of that user.", "discovery-config/client/auth/password"},
      no_effect("there is no proxy to fall back to", {kSection, "discovery-fallback", Choice{&d.fallback, {"exit", "proxy"}},
                                                      "What to do when discovery fails; only 'exit' is left.", kNotInFile}),
      {kSection, "discovery-srv", &d.srv, "Domain whose SRV records name the members."},
      {kSection, "discovery-srv-name", &d.srv_name, "Suffix of the service name in those records."},
  };
}

std::vector<Flag> client_tls_flags(Config& config) {
  TlsConfig& t = config.security.client;
  constexpr std::string_view kSection = "Security";
  return {
      {kSection, "cert-file", &t.cert_file, "Certificate to show clients.", "client-transport-security/cert-file"},
      {kSection, "key-file", &t.key_file, "Key of that certificate.", "client-transport-security/key-file"},
      {kSection, "client-cert-file", &t.client_cert_file, "Certificate to use where the server itself is the client.",
       "client-transport-security/client-cert-file"},
      {kSection, "client-key-file", &t.client_key_file, "Key of that certificate.", "client-transport-security/client-key-file"},
      {kSection, "client-cert-auth", &t.client_cert_auth, "Demand a certificate of every client.",
       "client-transport-security/client-cert-auth"},
      {kSection, "trusted-ca-file", &t.trusted_ca_file, "CA that signed the certificates of clients.",
       "client-transport-security/trusted-ca-file"},
      {kSection, "client-crl-file", &t.crl_file, "Certificates of clients that are revoked.", kNotInFile},
      {kSection, "client-cert-allowed-hostname", &t.allowed_hostname, "Host names that a client's certificate may be for.",
       "client-transport-security/allowed-hostname"},
      {kSection, "auto-tls", &t.auto_tls, "TLS for clients with a certificate made at start.",
       "client-transport-security/auto-tls"},
  };
}

std::vector<Flag> peer_tls_flags(Config& config) {
  TlsConfig& t = config.security.peer;
  constexpr std::string_view kSection = "Security";
  return {
      {kSection, "peer-cert-file", &t.cert_file, "Certificate to show other members.", "peer-transport-security/cert-file"},
      {kSection, "peer-key-file", &t.key_file, "Key of that certificate.", "peer-transport-security/key-file"},
      {kSection, "peer-client-cert-file", &t.client_cert_file, "Certificate to use where this member is the client.",
       "peer-transport-security/client-cert-file"},
      {kSection, "peer-client-key-file", &t.client_key_file, "Key of that certificate.", "peer-transport-security/client-key-file"},
      {kSection, "peer-client-cert-auth", &t.client_cert_auth, "Demand a certificate of every member.",
       "peer-transport-security/client-cert-auth"},
      {kSection, "peer-trusted-ca-file", &t.trusted_ca_file, "CA that signed the certificates of members.",
       "peer-transport-security/trusted-ca-file"},
      {kSection, "peer-auto-tls", &t.auto_tls, "TLS between members with certificates made at start.",
       "peer-transport-security/auto-tls"},
      {kSection, "peer-crl-file", &t.crl_file, "Certificates of members that are revoked.", kNotInFile},
      {kSection, "peer-cert-allowed-cn", &t.allowed_cn, "Common names that a member's certificate may carry.",
       "peer-transport-security/allowed-cn"},
      {kSection, "peer-cert-allowed-hostname", &t.allowed_hostname, "Host names that a member's certificate may be for.",
       "peer-transport-security/allowed-hostname"},
      {kSection, "peer-skip-client-san-verification", &t.skip_client_san_verification,
       "Don't compare a member's certificate with its address.", "peer-transport-security/skip-client-san-verification"},
  };
}

std::vector<Flag> other_security_flags(Config& config) {
  SecurityConfig& s = config.security;
  constexpr std::string_view kSection = "Security";
  constexpr std::string_view kAuth = "Auth";
  return {
      {kSection, "self-signed-cert-validity", &s.self_signed_cert_validity_years,
       "Years that certificates made at start are good for."},
      {kSection, "cipher-suites", &s.cipher_suites, "TLS 1.2 cipher suites to allow, by their IANA names."},
      {kSection, "tls-min-version", &s.tls_min_version, "Lowest TLS version to accept: TLS1.2 or TLS1.3."},
      {kSection, "tls-max-version", &s.tls_max_version, "Highest TLS version to accept; empty for the highest there is."},
      {kSection, "cors", OriginSet{&s.cors}, "Origins from which browsers may call; * for all."},
      {kSection, "host-whitelist", &s.host_whitelist, "Host names that HTTP requests without TLS may be for; * for all."},
      {kAuth, "auth-token", &s.auth_token,
       "Kind of the users' tokens: simple, or jwt,sign-method=RS256,pub-key=FILE,priv-key=FILE,ttl=5m; empty for none."},
      {kAuth, "bcrypt-cost", &s.bcrypt_cost, "Cost of hashing a password, 4 to 31; each one more doubles the time."},
      {kAuth, "auth-token-ttl", &s.auth_token_ttl_s, "Seconds that a simple token is good for after its last use."},
  };
}

std::vector<Flag> logging_flags(Config& config) {
  LoggingConfig& l = config.logging;
  MonitoringConfig& o = config.monitoring;
  constexpr std::string_view kSection = "Logging";
  return {
      {kSection, "logger", &l.logger, "Only 'zap': its line formats."},
      {kSection, "log-outputs", &l.outputs, "'default', 'stderr', 'stdout', 'systemd/journal', or files."},
      {kSection, "log-level", &l.level, "debug, info, warn, error, panic or fatal."},
      {kSection, "log-format", &l.format, "json or console."},
      {kSection, "enable-log-rotation", &l.enable_rotation, "Rotate the one log file."},
      {kSection, "log-rotation-config-json", &l.rotation_config_json,
       "When to rotate: maxsize in MB, maxage in days, maxbackups; localtime."},
      {kSection, "warning-unary-request-duration", &o.warning_unary_request_duration, "Requests that take longer are logged."},
      {kSection, "warning-apply-duration", &o.warning_apply_duration, "Entries and reads that take longer are logged."},
  };
}

std::vector<Flag> monitoring_flags(Config& config) {
  MonitoringConfig& o = config.monitoring;
  constexpr std::string_view kSection = "Profiling and monitoring";
  constexpr std::string_view kTracing = "Distributed tracing";
  constexpr std::string_view kWithTracing = "goes with --enable-distributed-tracing";
  return {
      no_effect("there is no Go runtime to profile; use perf",
                {kSection, "enable-pprof", &o.enable_pprof, "Serve Go's profiles under /debug/pprof/."}),
      {kSection, "metrics", &o.metrics, "basic, or extensive for histograms of all gRPC calls."},
      {kSection, "listen-metrics-urls", &o.listen_metrics_urls, "Where to serve /metrics and the health pages besides."},
      refused("nothing would be traced",
              {kTracing, "enable-distributed-tracing", &o.enable_distributed_tracing, "Send traces to an OpenTelemetry collector."}),
      no_effect(kWithTracing, {kTracing, "distributed-tracing-address", &o.tracing_address, "The collector."}),
      no_effect(kWithTracing, {kTracing, "distributed-tracing-service-name", &o.tracing_service_name,
                               "Name of the service, the same for all members."}),
      no_effect(kWithTracing, {kTracing, "distributed-tracing-instance-id", &o.tracing_instance_id, "Name of this member there."}),
      no_effect(kWithTracing, {kTracing, "distributed-tracing-sampling-rate", &o.tracing_sampling_rate_per_million,
                               "Traces sent of a million."}),
  };
}

std::vector<Flag> maintenance_flags(Config& config) {
  MaintenanceConfig& f = config.maintenance;
  constexpr std::string_view kSection = "Maintenance";
  constexpr std::string_view kUnsafe = "Unsafe";
  return {
      {kSection, "corrupt-check-time", &f.corrupt_check_time, "Time between two comparisons of the members' data; 0 for none."},
      {kSection, "compact-hash-check-time", &f.compact_hash_check_time, "Time between two comparisons of the members' compaction hashes."},
      {kSection, "compaction-batch-limit", &f.compaction_batch_limit, "Most revisions that a step of a compaction deletes; 0 means 1000."},
      {kSection, "compaction-sleep-interval", &f.compaction_sleep_interval, "Rest between two steps of a compaction; 0 means 10ms."},
      {kSection, "watch-progress-notify-interval", &f.watch_progress_notify_interval,
       "Time between two progress notices of a watch; 0 means 10m, the least is 100ms."},
      {kSection, "bootstrap-defrag-threshold-megabytes", &f.bootstrap_defrag_threshold_megabytes,
       "Defragment at start if that frees as many megabytes; 0 for never."},
      {kSection, "downgrade-check-time", &f.downgrade_check_time, "Time between two looks at a downgrade's progress."},
      {kUnsafe, "force-new-cluster", &f.force_new_cluster, "Make this member's data a new cluster of one. Loses what only others had."},
      no_effect("what is acknowledged is on disk, always",
                {kUnsafe, "unsafe-no-fsync", &f.unsafe_no_fsync, "Don't wait for the disk. Loses acknowledged writes with the power."}),
  };
}

std::vector<Flag> ignored_flags(Config&) {
  std::vector<Flag> flags;
  for (const std::string_view name :
       {"cluster-active-size", "cluster-remove-delay", "cluster-sync-interval", "config", "force", "max-result-buffer", "max-retry-attempts",
        "peer-heartbeat-interval", "peer-election-timeout", "retry-interval", "snapshot", "v", "vv", "test.coverprofile", "test.outputdir"}) {
    flags.push_back(ignored("of versions long gone", {"Ignored", name, Ignored{}, "", kNotInFile}));
  }
  return flags;
}

}  // namespace

std::vector<Flag> flag_table(Config& config) {
  std::vector<Flag> table;
  for (const auto flags_of : {member_flags, clustering_flags, discovery_flags, client_tls_flags, peer_tls_flags, other_security_flags,
                              logging_flags, monitoring_flags, maintenance_flags, ignored_flags}) {
    const std::vector<Flag> section = flags_of(config);
    table.insert(table.end(), section.begin(), section.end());
  }
  return table;
}

}  // namespace etcd::server
