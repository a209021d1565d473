// Board: the facts about the replica that any thread may read at any time. Written by the replica stage (applied: by apply); each fact is fresh by
// itself, no two are of the same instant.
#pragma once

#include <atomic>
#include <cstdint>

#include "base/ids.h"

namespace etcd::node {

struct Board {
  std::atomic<std::uint64_t> term{0};
  std::atomic<std::uint64_t> leader{0};  // member id; 0: none known
  std::atomic<std::int64_t> leader_since_ns{0};  // monotonic: when this leader became known
  std::atomic<std::uint64_t> committed{0};
  std::atomic<std::uint64_t> applied{0};
  std::atomic<bool> is_leader{false};
  std::atomic<std::uint64_t> led_term{0};  // the term this member leads in; 0: it does not
  std::atomic<std::int64_t> replica_ran_ns{0};  // monotonic: when the replica last worked. One that stands still may have been replaced as the leader
  // This member leads, is the only voter, and has applied an entry of its term: then the published view is linearizable without asking anybody.
  std::atomic<bool> reads_are_local{false};
  std::atomic<std::uint64_t> leader_changes{0};
  std::atomic<std::uint64_t> late_heartbeats{0};  // that this member sent as the leader; etcd's heartbeat_send_failures
  std::atomic<std::uint64_t> proposals_failed{0};
  std::atomic<std::uint64_t> snapshots_installing{0};  // etcd's gauge snapshot_apply_in_progress
  std::atomic<std::uint64_t> reads_failed{0};  // questions for the read index that were not answered
  std::atomic<std::uint64_t> slow_reads{0};    // that were answered too late, or given up
  // Revisions in memory that the db does not hold yet, in bytes.
  std::atomic<std::int64_t> tail_bytes{0};
  // Views of the state that somebody holds, the newest included; each holds a version of the db.
  std::atomic<std::uint64_t> live_views{0};
};

}  // namespace etcd::node
