// Network: carries messages and snapshots between members, late, twice, out of order or not at all.
//
// Owner: the World. A link has a direction; each is cut and mended on its own.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "bolt/snapshot_reader.h"
#include "node/snapshot_receiver.h"
#include "node/transport.h"
#include "raft/message.h"
#include "sim/profile.h"
#include "sim/scheduler.h"
#include "sim/trace.h"

namespace etcd::sim {

class Member;

class Network {
 public:
  Network(Scheduler& scheduler, Trace& trace, const Profile& profile, std::uint64_t seed);

  // It outlives the network's use.
  void add(Member& member);
  void send(Member& from, raft::Message message);
  void send_snapshot(Member& from, node::OutgoingSnapshot snapshot);
  // Its process is gone, and what it was sending and receiving with it.
  void member_ended(Member& member);

  void cut(Member& from, Member& to);
  void mend_all() { cuts_.clear(); }
  // From here on the network only delays.
  void calm() { calm_ = true; }
  // What a scene wants: only messages for which this is true get through; empty: all.
  using Filter = std::function<bool(Member& from, Member& to, const raft::Message& message)>;
  void set_filter(Filter filter) { filter_ = std::move(filter); }
  // Raft hears so much later of the next snapshot that arrives.
  void delay_next_snapshot(std::int64_t ns) { next_snapshot_late_ns_ = ns; }
  // Somebody is sending a snapshot to it; who, and how many parts have arrived.
  struct Sending {
    Member* from = nullptr;
    int parts = 0;
  };
  Sending sending_to(const Member& member) const;

  std::uint64_t snapshots_delivered() const { return snapshots_delivered_; }

 private:
  struct Transfer {
    Member* from;
    Member* to;
    std::uint64_t to_life;
    raft::Message message;
    bolt::SnapshotReader db;
    std::unique_ptr<node::SnapshotReceiver> receiver;
    int parts = 0;
  };

  bool passes(Member& from, Member& to);
  std::int64_t latency_ns();
  void deliver(Member& from, Member& to, raft::Message message);
  void send_next_part(std::uint64_t number);
  void finish(std::uint64_t number, bool arrived);

  Scheduler& scheduler_;
  Trace& trace_;
  const Profile& profile_;
  base::Rng rng_;
  std::map<MemberId, Member*> members_;
  std::map<std::pair<int, int>, std::int64_t> last_arrival_ns_;  // by link, where messages keep their order
  std::map<std::pair<int, int>, bool> cuts_;
  std::map<std::uint64_t, Transfer> transfers_;
  std::uint64_t transfers_begun_ = 0;
  std::uint64_t snapshots_delivered_ = 0;
  bool calm_ = false;
  Filter filter_;
  std::int64_t next_snapshot_late_ns_ = 0;
};

}  // namespace etcd::sim
