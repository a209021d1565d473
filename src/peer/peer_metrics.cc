#include "peer/peer_metrics.h"

#include <vector>

#include "peer/identity.h"

namespace etcd::peer {

namespace {

std::vector<double> snapshot_buckets() { return base::exponential_buckets(0.1, 2, 10); }

}  // namespace

PeerMetrics::RemoteCounters& PeerMetrics::of(MemberId remote) {
  const auto [found, is_new] = counters_.try_emplace(remote);
  if (is_new) {
    found->second.sent_bytes = metrics_->counter("etcd_network_peer_sent_bytes_total", "The total number of bytes sent to peers.", {{"To", to_hex(remote)}});
    found->second.received_bytes =
        metrics_->counter("etcd_network_peer_received_bytes_total", "The total number of bytes received from peers.", {{"From", to_hex(remote)}});
  }
  return found->second;
}

void PeerMetrics::became_active(MemberId remote) {
  if (metrics_ == nullptr) return;
  metrics_->gauge("etcd_network_active_peers", "The current number of active peer connections.", {{"Local", to_hex(local_)}, {"Remote", to_hex(remote)}}).set(1);
}

void PeerMetrics::became_inactive(MemberId remote) {
  if (metrics_ == nullptr) return;
  const base::Metrics::Labels labels = {{"Local", to_hex(local_)}, {"Remote", to_hex(remote)}};
  metrics_->gauge("etcd_network_active_peers", "The current number of active peer connections.", labels).set(0);
  metrics_->counter("etcd_network_disconnected_peers_total", "The total number of disconnected peers.", labels).add();
}

void PeerMetrics::sent(MemberId remote, std::size_t bytes) {
  if (metrics_ != nullptr) of(remote).sent_bytes.add(static_cast<double>(bytes));
}

void PeerMetrics::received(MemberId remote, std::size_t bytes) {
  if (metrics_ != nullptr) of(remote).received_bytes.add(static_cast<double>(bytes));
}

void PeerMetrics::failed_to_send(MemberId remote) {
  if (metrics_ == nullptr) return;
  metrics_->counter("etcd_network_peer_sent_failures_total", "The total number of send failures from peers.", {{"To", to_hex(remote)}}).add();
}

void PeerMetrics::failed_to_receive(MemberId remote) {
  if (metrics_ == nullptr) return;
  metrics_->counter("etcd_network_peer_received_failures_total", "The total number of receive failures from peers.", {{"From", to_hex(remote)}}).add();
}

void PeerMetrics::round_trip(MemberId remote, double seconds) {
  if (metrics_ == nullptr) return;
  metrics_
      ->histogram("etcd_network_peer_round_trip_time_seconds", "Round-Trip-Time histogram between peers", base::exponential_buckets(0.0001, 2, 16),
                  {{"To", to_hex(remote)}})
      .observe(seconds);
}

void PeerMetrics::sending_snapshot(MemberId remote) {
  if (metrics_ == nullptr) return;
  metrics_->gauge("etcd_network_snapshot_send_inflights_total", "Total number of inflight snapshot sends", {{"To", to_hex(remote)}}).add(1);
}

void PeerMetrics::snapshot_send_ended(MemberId remote, bool sent, double seconds) {
  if (metrics_ == nullptr) return;
  const base::Metrics::Labels labels = {{"To", to_hex(remote)}};
  metrics_->gauge("etcd_network_snapshot_send_inflights_total", "Total number of inflight snapshot sends", labels).add(-1);
  if (!sent) return metrics_->counter("etcd_network_snapshot_send_failures", "Total number of snapshot send failures", labels).add();
  metrics_->counter("etcd_network_snapshot_send_success", "Total number of successful snapshot sends", labels).add();
  metrics_->histogram("etcd_network_snapshot_send_total_duration_seconds", "Total latency distributions of v3 snapshot sends", snapshot_buckets(), labels)
      .observe(seconds);
}

void PeerMetrics::receiving_snapshot(MemberId remote) {
  if (metrics_ == nullptr) return;
  metrics_->gauge("etcd_network_snapshot_receive_inflights_total", "Total number of inflight snapshot receives", {{"From", to_hex(remote)}}).add(1);
}

void PeerMetrics::snapshot_receive_ended(MemberId remote, bool received, double seconds) {
  if (metrics_ == nullptr) return;
  const base::Metrics::Labels labels = {{"From", to_hex(remote)}};
  metrics_->gauge("etcd_network_snapshot_receive_inflights_total", "Total number of inflight snapshot receives", labels).add(-1);
  if (!received) return metrics_->counter("etcd_network_snapshot_receive_failures", "Total number of snapshot receive failures", labels).add();
  metrics_->counter("etcd_network_snapshot_receive_success", "Total number of successful snapshot receives", labels).add();
  metrics_
      ->histogram("etcd_network_snapshot_receive_total_duration_seconds", "Total latency distributions of v3 snapshot receives", snapshot_buckets(), labels)
      .observe(seconds);
}

}  // namespace etcd::peer
