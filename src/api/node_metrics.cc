#include "api/node_metrics.h"

#include <utility>

#include "api/messages.h"
#include "api/process_stats.h"
#include "cluster/version.h"
#include "mvcc/key_range.h"
#include "rpc/status.h"

namespace etcd::api {

struct NodeMetrics::Sample {
  node::NodeStatus node;
  node::DbStatus db;
  ProcessStats process;
  Revision revision;
  Revision compact_revision;
  std::uint64_t auth_revision = 0;
  std::int64_t keys = 0;
  std::vector<rpc::Counters> servers;
  double bytes_received = 0;
  double bytes_sent = 0;
};

NodeMetrics::NodeMetrics(Context& context, base::Metrics& metrics)
    : context_(context), metrics_(metrics), sample_(std::make_shared<Sample>()) {
  add_server_series();
  add_node_series();
  add_read_index_series();
  add_store_series();
  add_process_series();
}

void NodeMetrics::gauge(const char* name, const char* help, std::function<double(const Sample&)> read) {
  metrics_.gauge_function(name, help, [sample = sample_, read = std::move(read)] { return read(*sample); });
}

void NodeMetrics::counter(const char* name, const char* help, std::function<double(const Sample&)> read) {
  metrics_.counter_function(name, help, [sample = sample_, read = std::move(read)] { return read(*sample); });
}

void NodeMetrics::add_server_series() {
  metrics_
      .gauge("etcd_server_version", "Which version is running. 1 for 'server_version' label with current version.",
             {{"server_version", cluster::to_string(cluster::kServerVersion)}})
      .set(1);
  metrics_
      .gauge("etcd_server_go_version", "Which Go version server is running with. 1 for 'server_go_version' label with current version.",
             {{"server_go_version", context_.options.toolchain}})
      .set(1);
  metrics_
      .gauge("etcd_server_id", "Server or member ID in hexadecimal format. 1 for 'server_id' label with current ID.",
             {{"server_id", cluster::to_hex(context_.node.status().member_id)}})
      .set(1);
  for (const Feature& feature : context_.options.features) {
    metrics_
        .gauge("etcd_server_feature_enabled", "Whether or not a feature is enabled. 1 is enabled, 0 is not.",
               {{"name", feature.name}, {"stage", feature.stage}})
        .set(feature.enabled ? 1 : 0);
  }
}

void NodeMetrics::add_node_series() {
  gauge("etcd_server_has_leader", "Whether or not a leader exists. 1 is existence, 0 is not.",
        [](const Sample& s) { return s.node.leader != MemberId() ? 1 : 0; });
  gauge("etcd_server_is_leader", "Whether or not this member is a leader. 1 if is, 0 otherwise.",
        [](const Sample& s) { return s.node.leader == s.node.member_id ? 1 : 0; });
  gauge("etcd_server_is_learner", "Whether or not this member is a learner. 1 if is, 0 otherwise.",
        [](const Sample& s) { return s.node.is_learner ? 1 : 0; });
  counter("etcd_server_leader_changes_seen_total", "The number of leader changes seen.",
          [](const Sample& s) { return static_cast<double>(s.node.leader_changes); });
  counter("etcd_server_heartbeat_send_failures_total", "The total number of leader heartbeat send failures (likely overloaded from slow disk).",
          [](const Sample& s) { return static_cast<double>(s.node.late_heartbeats); });
  gauge("etcd_server_snapshot_apply_in_progress_total", "1 if the server is applying the incoming snapshot. 0 if none.",
        [](const Sample& s) { return static_cast<double>(s.node.snapshots_installing); });
  gauge("etcd_server_proposals_committed_total", "The total number of consensus proposals committed.",
        [](const Sample& s) { return static_cast<double>(s.node.committed.value); });
  gauge("etcd_server_proposals_applied_total", "The total number of consensus proposals applied.",
        [](const Sample& s) { return static_cast<double>(s.node.applied.value); });
  gauge("etcd_server_proposals_pending", "The current number of pending proposals to commit.",
        [](const Sample& s) { return static_cast<double>(s.node.proposals_pending); });
  counter("etcd_server_proposals_failed_total", "The total number of failed proposals seen.",
          [](const Sample& s) { return static_cast<double>(s.node.proposals_failed); });
}

void NodeMetrics::add_read_index_series() {
  counter("etcd_server_read_indexes_failed_total", "The total number of failed read indexes seen.",
          [](const Sample& s) { return static_cast<double>(s.node.reads_failed); });
  counter("etcd_server_slow_read_indexes_total",
          "The total number of pending read indexes not in sync with leader's or timed out read index requests.",
          [](const Sample& s) { return static_cast<double>(s.node.slow_reads); });
}

void NodeMetrics::add_store_series() {
  gauge("etcd_server_quota_backend_bytes", "Current backend storage quota size in bytes.",
        [](const Sample& s) { return static_cast<double>(s.db.quota); });
  gauge("etcd_mvcc_db_total_size_in_bytes", "Total size of the underlying database physically allocated in bytes.",
        [](const Sample& s) { return static_cast<double>(s.db.size); });
  gauge("etcd_mvcc_db_total_size_in_use_in_bytes", "Total size of the underlying database logically in use in bytes.",
        [](const Sample& s) { return static_cast<double>(s.db.in_use); });
  gauge("etcd_mvcc_db_open_read_transactions", "The number of currently open read transactions",
        [](const Sample& s) { return static_cast<double>(s.db.open_reads); });
  gauge("etcd_disk_wal_write_bytes_total", "Total number of bytes written in WAL.",
        [](const Sample& s) { return static_cast<double>(s.db.wal_bytes_written); });
  gauge("etcd_debugging_mvcc_keys_total", "Total number of keys.", [](const Sample& s) { return static_cast<double>(s.keys); });
  gauge("etcd_debugging_auth_revision", "The current revision of auth store.",
        [](const Sample& s) { return static_cast<double>(s.auth_revision); });
  gauge("etcd_debugging_mvcc_current_revision", "The current revision of store.",
        [](const Sample& s) { return static_cast<double>(s.revision.value); });
  gauge("etcd_debugging_mvcc_compact_revision", "The revision of the last compaction in store.",
        [](const Sample& s) { return static_cast<double>(s.compact_revision.value); });
}

void NodeMetrics::add_process_series() {
  gauge("os_fd_limit", "The file descriptor limit.", [](const Sample& s) { return s.process.descriptor_limit; });
  gauge("os_fd_used", "The number of used file descriptors.", [](const Sample& s) { return s.process.open_descriptors; });
  counter("process_cpu_seconds_total", "Total user and system CPU time spent in seconds.",
          [](const Sample& s) { return s.process.cpu_seconds; });
  gauge("process_max_fds", "Maximum number of open file descriptors.", [](const Sample& s) { return s.process.descriptor_limit; });
  gauge("process_open_fds", "Number of open file descriptors.", [](const Sample& s) { return s.process.open_descriptors; });
  counter("process_network_receive_bytes_total", "Number of bytes received by the process over the network.",
          [](const Sample& s) { return s.process.received_bytes; });
  counter("process_network_transmit_bytes_total", "Number of bytes sent by the process over the network.",
          [](const Sample& s) { return s.process.sent_bytes; });
  gauge("process_resident_memory_bytes", "Resident memory size in bytes.", [](const Sample& s) { return s.process.resident_bytes; });
  gauge("process_start_time_seconds", "Start time of the process since unix epoch in seconds.",
        [](const Sample& s) { return s.process.start_unix_seconds; });
  gauge("process_virtual_memory_bytes", "Virtual memory size in bytes.", [](const Sample& s) { return s.process.virtual_bytes; });
  gauge("process_virtual_memory_max_bytes", "Maximum amount of virtual memory available in bytes.",
        [](const Sample& s) { return s.process.virtual_limit_bytes; });
  counter("etcdpp_log_lines_left_out_total", "How many lines were not logged since many equal ones had been.",
          [&logger = context_.logger](const Sample&) { return static_cast<double>(logger.left_out()); });
}

void NodeMetrics::observe(const rpc::Server& server) {
  const std::lock_guard lock(mutex_);
  if (servers_.empty()) {
    counter("etcd_network_client_grpc_received_bytes_total", "The total number of bytes received from grpc clients.",
            [](const Sample& s) { return s.bytes_received; });
    counter("etcd_network_client_grpc_sent_bytes_total", "The total number of bytes sent to grpc clients.",
            [](const Sample& s) { return s.bytes_sent; });
  }
  servers_.push_back(&server);
  sample_->servers.push_back(server.counters());
  const std::size_t number = servers_.size() - 1;
  for (std::size_t method = 0; method < sample_->servers[number].methods.size(); ++method) add_method_series(number, method);
}

void NodeMetrics::add_method_series(std::size_t server, std::size_t method) {
  const rpc::Method& described = *sample_->servers[server].methods[method].method;
  const base::Metrics::Labels labels = {
      {"grpc_method", described.name}, {"grpc_service", described.service}, {"grpc_type", std::string(described.kind())}};
  const auto add = [&](const char* name, const char* help, auto read, const base::Metrics::Labels& with) {
    metrics_.counter_function(name, help, [sample = sample_, server, method, read] {
      return static_cast<double>(read(sample->servers[server].methods[method]));
    }, with);
  };
  add("grpc_server_started_total", "Total number of RPCs started on the server.",
      [](const rpc::MethodCounters& counters) { return counters.started; }, labels);
  add("grpc_server_msg_received_total", "Total number of RPC stream messages received on the server.",
      [](const rpc::MethodCounters& counters) { return counters.messages_received; }, labels);
  add("grpc_server_msg_sent_total", "Total number of gRPC stream messages sent by the server.",
      [](const rpc::MethodCounters& counters) { return counters.messages_sent; }, labels);
  if (context_.options.extensive_metrics) {
    metrics_.histogram_function(
        "grpc_server_handling_seconds",
        "Histogram of response latency (seconds) of gRPC that had been application-level handled by the server.",
        handling_buckets(),
        [sample = sample_, server, method] {
          const rpc::MethodCounters& counters = sample->servers[server].methods[method];
          return base::HistogramSample{counters.handling, counters.handling_seconds};
        },
        labels);
  }
  for (std::size_t code = 0; code < rpc::kGrpcCodes; ++code) {
    base::Metrics::Labels with_code = labels;
    with_code.emplace_back("grpc_code", std::string(name_of(static_cast<rpc::GrpcCode>(code))));
    add("grpc_server_handled_total", "Total number of RPCs completed on the server, regardless of success or failure.",
        [code](const rpc::MethodCounters& counters) { return counters.handled[code]; }, with_code);
  }
}

std::vector<double> handling_buckets() { return {0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10}; }

std::string NodeMetrics::text() {
  const std::lock_guard lock(mutex_);
  take_sample();
  update_cluster_version();
  if (auto cluster = context_.node.cluster(); cluster != cluster_) {
    cluster_ = std::move(cluster);
    update_known_peers();
    update_alarms();
  }
  return metrics_.text();
}

void NodeMetrics::take_sample() {
  Sample& sample = *sample_;
  sample.node = context_.node.status();
  sample.db = context_.node.db_status();
  sample.process = read_process_stats();
  {
    const mvcc::ReadViewRef view = context_.node.view();
    sample.revision = view->revision();
    sample.compact_revision = view->compact_revision();
    sample.keys = view->index().count(mvcc::KeyRange::all(), view->revision());
  }
  sample.auth_revision = context_.node.auth_view()->revision();
  sample.bytes_received = 0;
  sample.bytes_sent = 0;
  for (std::size_t i = 0; i < servers_.size(); ++i) {
    sample.servers[i] = servers_[i]->counters();
    sample.bytes_received += static_cast<double>(sample.servers[i].bytes_received);
    sample.bytes_sent += static_cast<double>(sample.servers[i].bytes_sent);
  }
}

// As in etcd a member counts itself, and one that was removed goes to 0 and stays.
void NodeMetrics::update_known_peers() {
  const std::string local = cluster::to_hex(context_.node.status().member_id);
  const auto set = [&](MemberId member, double value) {
    metrics_.gauge("etcd_network_known_peers", "The current number of known peers.", {{"Local", local}, {"Remote", cluster::to_hex(member)}}).set(value);
  };
  for (const node::MemberInfo& member : cluster_->members) set(member.id, 1);
  for (const MemberId removed : cluster_->removed) set(removed, 0);
}

// One that is raised is 1; one that was goes to 0 and stays.
void NodeMetrics::update_alarms() {
  const auto gauge_of = [&](const node::Alarm& alarm) {
    return metrics_.gauge(
        "etcd_debugging_server_alarms",
        "Alarms for every member in cluster. 1 for 'server_id' label with current ID. 2 for 'alarm_type' label with type of this alarm",
        {{"server_id", cluster::to_hex(alarm.member)}, {"alarm_type", name_of(alarm.type)}});
  };
  for (const node::Alarm& alarm : raised_) gauge_of(alarm).set(0);
  for (const node::Alarm& alarm : cluster_->alarms) {
    gauge_of(alarm).set(1);
    raised_.insert(alarm);
  }
}

// The version is a label, so that a change takes one series away and brings another.
void NodeMetrics::update_cluster_version() {
  const std::string full = context_.node.cluster()->cluster_version;
  const std::string version = full.substr(0, full.rfind('.'));
  if (version == cluster_version_) return;
  if (!cluster_version_.empty()) metrics_.remove_gauge("etcd_cluster_version", {{"cluster_version", cluster_version_}});
  cluster_version_ = version;
  if (version.empty()) return;
  metrics_
      .gauge("etcd_cluster_version", "Which version is running. 1 for 'cluster_version' label with current cluster version",
             {{"cluster_version", version}})
      .set(1);
}

}  // namespace etcd::api
