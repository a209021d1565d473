#include "server/node_observer.h"

#include <ctime>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace etcd::server {

namespace {

using Observe = std::function<void(double)>;

// From a millisecond to eight seconds: what etcd gives to most durations.
std::vector<double> usual_buckets() { return base::exponential_buckets(0.001, 2, 14); }

Observe histogram(base::Metrics& metrics, const char* name, const char* help, const std::vector<double>& buckets = usual_buckets()) {
  return [family = metrics.histogram(name, help, buckets)](double value) { family.observe(value); };
}

std::function<void(double, const bolt::CommitTimer&)> commit_timings(base::Metrics& metrics) {
  const auto part = [&](const char* name) {
    return histogram(metrics, ("etcd_debugging_disk_backend_commit_" + std::string(name) + "_duration_seconds").c_str(),
                     ("The latency distributions of commit." + std::string(name) + " called by bboltdb backend.").c_str());
  };
  return [whole = histogram(metrics, "etcd_disk_backend_commit_duration_seconds", "The latency distributions of commit called by backend."),
          rebalance = part("rebalance"), spill = part("spill"), write = part("write")](double seconds, const bolt::CommitTimer& parts) {
    whole(seconds);
    rebalance(static_cast<double>(parts.balance_ns) / 1e9);
    spill(static_cast<double>(parts.spill_ns) / 1e9);
    write(static_cast<double>(parts.write_ns) / 1e9);
  };
}

void observe_disk(base::Metrics& metrics, node::NodeObserver& observer) {
  observer.wal_fsync = histogram(metrics, "etcd_disk_wal_fsync_duration_seconds", "The latency distributions of fsync called by WAL.");
  observer.wal_write = histogram(metrics, "etcd_disk_wal_write_duration_seconds", "The latency distributions of write called by WAL.");
  observer.db_commit = commit_timings(metrics);
  observer.db_defragment = histogram(metrics, "etcd_disk_backend_defrag_duration_seconds",
                                     "The latency distribution of backend defragmentation.", base::exponential_buckets(0.1, 2, 13));
}

void observe_snap_files(base::Metrics& metrics, node::NodeObserver& observer) {
  const Observe marshalling = histogram(metrics, "etcd_debugging_snap_save_marshalling_duration_seconds",
                                        "The marshalling cost distributions of save called by snapshot.");
  const Observe write = histogram(metrics, "etcd_snap_fsync_duration_seconds", "The latency distributions of fsync called by snap.");
  const Observe total = histogram(metrics, "etcd_debugging_snap_save_total_duration_seconds",
                                  "The total latency distributions of save called by snapshot.");
  observer.snap_file = [marshalling, write, total](double marshal_seconds, double write_seconds) {
    marshalling(marshal_seconds);
    write(write_seconds);
    total(marshal_seconds + write_seconds);
  };
}

void observe_compactions(base::Metrics& metrics, node::NodeObserver& observer) {
  observer.index_compaction = histogram(metrics, "etcd_debugging_mvcc_index_compaction_pause_duration_milliseconds",
                                        "Bucketed histogram of index compaction pause duration.", base::exponential_buckets(0.5, 2, 14));
  observer.db_compaction = histogram(metrics, "etcd_debugging_mvcc_db_compaction_pause_duration_milliseconds",
                                     "Bucketed histogram of db compaction pause duration.", base::exponential_buckets(1, 2, 13));
  const Observe total = histogram(metrics, "etcd_debugging_mvcc_db_compaction_total_duration_milliseconds",
                                  "Bucketed histogram of db compaction total duration.", base::exponential_buckets(100, 2, 14));
  observer.compaction = [total,
                         last = metrics.gauge("etcd_debugging_mvcc_db_compaction_last",
                                              "The unix time of the last db compaction. Resets to 0 on start."),
                         keys = metrics.counter("etcd_debugging_mvcc_db_compaction_keys_total", "Total number of db keys compacted.")](
                            const node::FinishedCompaction& finished) {
    if (finished.took_ms) total(*finished.took_ms);
    last.set(static_cast<double>(std::time(nullptr)));
    keys.add(static_cast<double>(finished.deleted));
  };
}

// Of peers, of the proxy that is another program, and of etcd's old store: etcd shows them at zero, too.
void add_unused(base::Metrics& metrics) {
  (void)metrics.histogram("etcd_snap_db_fsync_duration_seconds", "The latency distributions of fsyncing .snap.db file", usual_buckets());
  (void)metrics.histogram("etcd_snap_db_save_total_duration_seconds", "The total latency distributions of v3 snapshot save",
                          base::exponential_buckets(0.1, 2, 10));
  (void)metrics.counter("etcd_debugging_store_expires_total", "Total number of expired keys.");
  (void)metrics.counter("etcd_debugging_store_watch_requests_total", "Total number of incoming watch requests (new or reestablished).");
  (void)metrics.gauge("etcd_debugging_store_watchers", "Count of currently active watchers.");
  (void)metrics.gauge("etcd_grpc_proxy_watchers_coalescing_total", "Total number of current watchers coalescing");
  (void)metrics.counter("etcd_grpc_proxy_events_coalescing_total", "Total number of events coalescing");
  (void)metrics.gauge("etcd_grpc_proxy_cache_keys_total", "Total number of keys/ranges cached");
  (void)metrics.gauge("etcd_grpc_proxy_cache_hits_total", "Total number of cache hits");
  (void)metrics.gauge("etcd_grpc_proxy_cache_misses_total", "Total number of cache misses");
}

std::function<void(const apply::OperationCounts&)> count_operations(base::Metrics& metrics) {
  return [ranges = metrics.counter("etcd_mvcc_range_total", "Total number of ranges seen by this member."),
          puts = metrics.counter("etcd_mvcc_put_total", "Total number of puts seen by this member."),
          deletes = metrics.counter("etcd_mvcc_delete_total", "Total number of deletes seen by this member."),
          transactions = metrics.counter("etcd_mvcc_txn_total", "Total number of txns seen by this member."),
          put_bytes = metrics.gauge("etcd_debugging_mvcc_total_put_size_in_bytes",
                                    "The total size of put kv pairs seen by this member.")](const apply::OperationCounts& counts) {
    ranges.add(static_cast<double>(counts.ranges));
    puts.add(static_cast<double>(counts.puts));
    deletes.add(static_cast<double>(counts.deletes));
    transactions.add(static_cast<double>(counts.transactions));
    put_bytes.add(static_cast<double>(counts.put_bytes));
  };
}

// Series appear with their first request, as in etcd. Called on one thread.
std::function<void(std::string_view, bool, double)> time_requests(base::Metrics& metrics) {
  return [&metrics, series = std::map<std::pair<std::string_view, bool>, base::Histogram>()](std::string_view operation, bool success,
                                                                                             double seconds) mutable {
    auto found = series.find({operation, success});
    if (found == series.end()) {
      const base::Metrics::Labels labels = {{"version", "v3"}, {"op", std::string(operation)}, {"success", success ? "true" : "false"}};
      const base::Histogram one =
          metrics.histogram("etcd_server_apply_duration_seconds", "The latency distributions of v2 apply called by backend.",
                            base::exponential_buckets(0.0001, 2, 20), labels);
      found = series.emplace(std::pair(operation, success), one).first;
    }
    found->second.observe(seconds);
  };
}

}  // namespace

node::NodeObserver make_node_observer(base::Metrics& metrics) {
  node::NodeObserver observer;
  observe_disk(metrics, observer);
  observe_snap_files(metrics, observer);
  observe_compactions(metrics, observer);
  observer.operations = count_operations(metrics);
  observer.applied = time_requests(metrics);
  observer.applied_slowly = [slow = metrics.counter("etcd_server_slow_apply_total",
                                                    "The total number of slow apply requests (likely overloaded from slow disk).")] { slow.add(); };
  add_unused(metrics);
  return observer;
}

lease::LessorMetrics make_lessor_metrics(base::Metrics& metrics) {
  return {.granted = metrics.counter("etcd_debugging_lease_granted_total", "The total number of granted leases."),
          .revoked = metrics.counter("etcd_debugging_lease_revoked_total", "The total number of revoked leases."),
          .expired = metrics.counter("etcd_debugging_server_lease_expired_total", "The total number of expired leases."),
          .renewed = metrics.counter("etcd_debugging_lease_renewed_total", "The number of renewed leases seen by the leader."),
          .ttl_s = metrics.histogram("etcd_debugging_lease_ttl_total", "Bucketed histogram of lease TTLs.", base::exponential_buckets(1, 2, 24))};
}

}  // namespace etcd::server
