// Config: everything an operator can set, with etcd's defaults. A plain value; load_config() makes it from flags, environment or a file.
//
// The fields are grouped as the flags are documented; each is named after its flag, with its unit where the flag leaves that to the reader.
// Which flag fills which field stands in flag_table.cc, what values are accepted together in validate.h.
#pragma once

#include <chrono>
#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "base/go_text.h"
#include "base/url.h"
#include "server/feature_gates.h"

namespace etcd::server {

using base::Duration;
using base::Url;
using Urls = std::vector<Url>;
using Texts = std::vector<std::string>;

Urls urls(std::string_view comma_separated);  // of texts known to be right

struct MemberConfig {
  std::string name = "default";
  std::string data_dir;  // empty only before load_config() has put in "<name>.etcd"
  std::string wal_dir;   // empty: inside data_dir
  std::uint64_t snapshot_count = 10'000;
  std::uint64_t snapshot_catchup_entries = 5'000;
  std::uint64_t max_snapshots = 5;
  std::uint64_t max_wals = 5;
  std::uint64_t heartbeat_ms = 100;
  std::uint64_t election_ms = 1'000;
  bool initial_election_tick_advance = true;
  Urls listen_peer_urls = urls("http://localhost:2380");
  Urls listen_client_urls = urls("http://localhost:2379");
  Urls listen_client_http_urls;
  bool memory_mlock = false;
  std::int64_t quota_backend_bytes = 0;  // 0: 2 GiB; below 0: no quota
  std::string backend_freelist_type;
  Duration backend_batch_interval{0};  // 0: 100 ms
  std::int64_t backend_batch_limit = 0;  // 0: 10,000
  std::uint64_t max_txn_ops = 128;
  std::uint64_t max_request_bytes = 1536 * 1024;
  std::uint32_t max_concurrent_streams = UINT32_MAX;
  Duration grpc_keepalive_min_time = std::chrono::seconds(5);
  Duration grpc_keepalive_interval = std::chrono::hours(2);  // 0 or less: no pings
  Duration grpc_keepalive_timeout = std::chrono::seconds(20);
  bool socket_reuse_port = false;
  bool socket_reuse_address = false;
  bool enable_grpc_gateway = true;
  Duration raft_read_timeout = std::chrono::seconds(5);
  Duration raft_write_timeout = std::chrono::seconds(5);

  std::uint64_t election_ticks() const { return election_ms / heartbeat_ms; }
};

struct ClusterConfig {
  Urls initial_advertise_peer_urls = urls("http://localhost:2380");
  Urls advertise_client_urls = urls("http://localhost:2379");
  std::string initial_cluster = "default=http://localhost:2380";
  std::string initial_cluster_state = "new";  // or "existing"
  std::string initial_cluster_token = "etcd-cluster";
  bool strict_reconfig_check = true;
  bool pre_vote = true;
  std::int64_t max_learners = 1;
  std::string auto_compaction_mode = "periodic";  // or "revision"
  std::string auto_compaction_retention = "0";    // see compaction_retention() in validate.h
  Texts v2_deprecation;                           // read and dropped, as etcd does

  bool is_new() const { return initial_cluster_state == "new"; }
};

struct DiscoveryConfig {
  std::set<std::string> endpoints;
  std::string token;
  Duration dial_timeout = std::chrono::seconds(2);
  Duration request_timeout = std::chrono::seconds(5);
  Duration keepalive_time = std::chrono::seconds(2);
  Duration keepalive_timeout = std::chrono::seconds(6);
  bool insecure_transport = true;
  bool insecure_skip_tls_verify = false;
  std::string cert;
  std::string key;
  std::string cacert;
  std::string user;
  std::string password;
  std::string fallback = "exit";
  std::string srv;
  std::string srv_name;
};

struct TlsConfig {
  std::string cert_file;
  std::string key_file;
  std::string client_cert_file;
  std::string client_key_file;
  bool client_cert_auth = false;
  std::string trusted_ca_file;
  bool auto_tls = false;
  std::string crl_file;
  Texts allowed_cn;
  Texts allowed_hostname;
  bool skip_client_san_verification = false;

  bool has_certificate() const { return !cert_file.empty() || !key_file.empty(); }
};

struct SecurityConfig {
  TlsConfig client;
  TlsConfig peer;
  std::uint64_t self_signed_cert_validity_years = 1;
  Texts cipher_suites;
  std::string tls_min_version = "TLS1.2";
  std::string tls_max_version;
  std::set<std::string> cors = {"*"};
  std::set<std::string> host_whitelist = {"*"};
  std::string auth_token = "simple";
  std::uint64_t bcrypt_cost = 10;
  std::uint64_t auth_token_ttl_s = 300;
};

struct LoggingConfig {
  std::string logger = "zap";
  std::set<std::string> outputs = {"default"};
  std::string level = "info";
  std::string format = "json";
  bool enable_rotation = false;
  std::string rotation_config_json =
      R"({"maxsize": 100, "maxage": 0, "maxbackups": 0, "localtime": false, "compress": false})";
};

struct MonitoringConfig {
  bool enable_pprof = false;
  std::string metrics = "basic";  // or "extensive"
  Urls listen_metrics_urls;
  bool enable_distributed_tracing = false;
  std::string tracing_address = "localhost:4317";
  std::string tracing_service_name = "etcd";
  std::string tracing_instance_id;
  std::int64_t tracing_sampling_rate_per_million = 0;
  Duration warning_apply_duration = std::chrono::milliseconds(100);
  Duration warning_unary_request_duration = std::chrono::milliseconds(300);
};

struct MaintenanceConfig {
  Duration corrupt_check_time{0};  // 0: off
  Duration compact_hash_check_time = std::chrono::minutes(1);
  std::int64_t compaction_batch_limit = 0;  // 0: 1,000
  Duration compaction_sleep_interval{0};    // 0: 10 ms
  Duration watch_progress_notify_interval{0};  // 0: 10 min
  std::uint64_t bootstrap_defrag_threshold_megabytes = 0;  // 0: off
  Duration downgrade_check_time = std::chrono::seconds(5);
  bool force_new_cluster = false;
  bool unsafe_no_fsync = false;
};

struct Config {
  MemberConfig member;
  ClusterConfig cluster;
  DiscoveryConfig discovery;
  SecurityConfig security;
  LoggingConfig logging;
  MonitoringConfig monitoring;
  MaintenanceConfig maintenance;
  FeatureGates features;

  std::vector<std::string> command_line;  // all of it, the program first
  std::string config_file;
  bool print_version = false;
  bool trace_header_fields = false;  // GODEBUG=http2debug=2, see header_trace.h
  std::set<std::string> explicitly_set;  // names of the flags given on the command line, in the environment or the file

  bool is_set(const std::string& flag) const { return explicitly_set.count(flag) != 0; }
};

// "default=http://a:2380,default=http://b:2380": what --initial-cluster is when only the name was given. Empty without peer URLs.
std::string initial_cluster_of(const std::string& name, const Urls& advertised_peer_urls);

}  // namespace etcd::server
