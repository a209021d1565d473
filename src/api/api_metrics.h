// ApiMetrics: what the services count themselves.
#pragma once

#include <array>
#include <cstdint>
#include <string>

#include "api/request_stats.h"
#include "apply/operation_counts.h"
#include "base/metrics.h"

namespace etcd::api {

// Any thread. `metrics` must outlive it.
class ApiMetrics {
 public:
  explicit ApiMetrics(base::Metrics& metrics);

  // etcd_server_request_duration_seconds; kOther is not measured.
  void observe_request(RequestType type, bool success, std::int64_t took_ns);
  // The same of the Auth service's; their series come to be when they are first asked for. `type`: as etcd names it.
  void observe_auth(const char* type, bool success, std::int64_t took_ns);
  // etcd_server_range_duration_seconds and etcd_mvcc_range_total: reads that don't go through the log.
  void observe_range(bool success, std::int64_t took_ns);
  // Transactions that only read.
  void count(const apply::OperationCounts& counts);
  // etcd_server_client_requests_total; `kind` is "unary" or "stream".
  base::Counter client_requests(const std::string& kind, const std::string& version);
  // etcd_network_server_stream_failures_total; `type` is "receive" or "send".
  void stream_failure(const char* type, const char* api);
  // etcd_server_healthcheck and etcd_server_healthchecks_total.
  void note_check(const std::string& type, const std::string& name, bool ok);

  base::Counter health_success;
  base::Counter health_failures;
  base::Gauge defragment_inflight;
  base::Histogram snapshot_seconds;
  base::Histogram hash_seconds;
  base::Histogram hash_revision_seconds;

 private:
  using ByOutcome = std::array<base::Histogram, 2>;  // failure, success

  base::Metrics& metrics_;
  std::array<ByOutcome, kRequestTypes> request_seconds_;
  ByOutcome range_seconds_;
  base::Counter ranges_;
  base::Counter transactions_;
};

}  // namespace etcd::api
