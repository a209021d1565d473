// PeerMetrics: etcd_network_* of the other members, under etcd's names and labels. A series appears when there is something to count, as in etcd.
//
// Owner: Peers; on the loop's thread.
#pragma once

#include <cstddef>
#include <map>

#include "base/ids.h"
#include "base/metrics.h"

namespace etcd::peer {

class PeerMetrics {
 public:
  // `metrics`, which must outlive it; null: nobody counts.
  explicit PeerMetrics(base::Metrics* metrics) : metrics_(metrics) {}
  void set_local(MemberId local) { local_ = local; }

  void became_active(MemberId remote);
  void became_inactive(MemberId remote);
  void sent(MemberId remote, std::size_t bytes);
  void received(MemberId remote, std::size_t bytes);
  void failed_to_send(MemberId remote);
  void failed_to_receive(MemberId remote);
  void round_trip(MemberId remote, double seconds);
  // A snapshot is on its way; `ended` once for each.
  void sending_snapshot(MemberId remote);
  void snapshot_send_ended(MemberId remote, bool sent, double seconds);
  void receiving_snapshot(MemberId remote);
  void snapshot_receive_ended(MemberId remote, bool received, double seconds);

 private:
  struct RemoteCounters {
    base::Counter sent_bytes;
    base::Counter received_bytes;
  };
  RemoteCounters& of(MemberId remote);

  base::Metrics* metrics_;
  MemberId local_;
  std::map<MemberId, RemoteCounters> counters_;  // what is counted most often, looked up once
};

}  // namespace etcd::peer
