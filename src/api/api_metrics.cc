#include "api/api_metrics.h"

namespace etcd::api {

namespace {

constexpr double kSecondsPerNs = 1e-9;

const char* text_of(bool success) { return success ? "true" : "false"; }

base::Histogram request_histogram(base::Metrics& metrics, std::string_view type, bool success) {
  return metrics.histogram("etcd_server_request_duration_seconds", "Response latency distribution in seconds for each type.",
                           base::exponential_buckets(0.001, 2, 14), {{"type", std::string(type)}, {"success", text_of(success)}});
}

}  // namespace

ApiMetrics::ApiMetrics(base::Metrics& metrics)
    : health_success(metrics.counter("etcd_server_health_success", "The total number of successful health checks")),
      health_failures(metrics.counter("etcd_server_health_failures", "The total number of failed health checks")),
      defragment_inflight(metrics.gauge("etcd_disk_defrag_inflight",
                                        "Whether or not defrag is active on the member. 1 means active, 0 means not.")),
      snapshot_seconds(metrics.histogram("etcd_disk_backend_snapshot_duration_seconds", "The latency distribution of backend snapshots.",
                                         base::exponential_buckets(0.01, 2, 17))),
      hash_seconds(metrics.histogram("etcd_mvcc_hash_duration_seconds", "The latency distribution of storage hash operation.",
                                     base::exponential_buckets(0.01, 2, 15))),
      hash_revision_seconds(metrics.histogram("etcd_mvcc_hash_rev_duration_seconds",
                                              "The latency distribution of storage hash by revision operation.",
                                              base::exponential_buckets(0.01, 2, 15))),
      metrics_(metrics),
      ranges_(metrics.counter("etcd_mvcc_range_total", "Total number of ranges seen by this member.")),
      transactions_(metrics.counter("etcd_mvcc_txn_total", "Total number of txns seen by this member.")) {
  for (const bool success : {false, true}) {
    for (std::size_t type = 0; type + 1 < kRequestTypes; ++type) {
      request_seconds_[type][success] = request_histogram(metrics, name_of(static_cast<RequestType>(type)), success);
    }
    range_seconds_[success] =
        metrics.histogram("etcd_server_range_duration_seconds", "The latency distributions of txn.Range",
                          base::exponential_buckets(0.0001, 2, 20), {{"success", text_of(success)}});
  }
}

void ApiMetrics::observe_request(RequestType type, bool success, std::int64_t took_ns) {
  request_seconds_[static_cast<std::size_t>(type)][success].observe(static_cast<double>(took_ns) * kSecondsPerNs);
}

void ApiMetrics::observe_auth(const char* type, bool success, std::int64_t took_ns) {
  request_histogram(metrics_, type, success).observe(static_cast<double>(took_ns) * kSecondsPerNs);
}

void ApiMetrics::observe_range(bool success, std::int64_t took_ns) {
  ranges_.add();
  range_seconds_[success].observe(static_cast<double>(took_ns) * kSecondsPerNs);
}

void ApiMetrics::count(const apply::OperationCounts& counts) {
  ranges_.add(static_cast<double>(counts.ranges));
  transactions_.add(static_cast<double>(counts.transactions));
}

base::Counter ApiMetrics::client_requests(const std::string& kind, const std::string& version) {
  return metrics_.counter("etcd_server_client_requests_total", "The total number of client requests per client version.",
                          {{"type", kind}, {"client_api_version", version}});
}

void ApiMetrics::stream_failure(const char* type, const char* api) {
  metrics_
      .counter("etcd_network_server_stream_failures_total", "The total number of stream failures from the local server.",
               {{"Type", type}, {"API", api}})
      .add();
}

void ApiMetrics::note_check(const std::string& type, const std::string& name, bool ok) {
  metrics_.gauge("etcd_server_healthcheck", "The result of each kind of healthcheck.", {{"type", type}, {"name", name}}).set(ok ? 1 : 0);
  metrics_
      .counter("etcd_server_healthchecks_total", "The total number of each kind of healthcheck.",
               {{"type", type}, {"name", name}, {"status", ok ? "success" : "error"}})
      .add();
}

}  // namespace etcd::api
