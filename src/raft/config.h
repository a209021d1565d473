// How a member behaves (Config) and what it starts from (Recovered).
#pragma once

#include <cstdint>
#include <limits>
#include <vector>

#include "raft/types.h"

namespace etcd::raft {

inline constexpr std::uint64_t kUnlimited = std::numeric_limits<std::uint64_t>::max();

// Constant while the member runs. The defaults are etcd's.
struct Config {
  MemberId id;  // not 0, and not one of the two highest numbers, which etcd gives to its storage threads

  std::uint32_t election_tick = 10;  // ticks without a leader before an election, drawn from [n, 2n); > heartbeat_tick
  std::uint32_t heartbeat_tick = 1;  // ticks between a leader's heartbeats; > 0
  bool pre_vote = true;              // ask before raising the term (thesis 9.6)
  bool check_quorum = true;          // a leader that a quorum no longer answers steps down; voters protect a leader they hear

  std::uint64_t max_message_bytes = 1024 * 1024;   // entries in one AppendRequest; a single larger entry still goes
  std::uint32_t max_inflight_messages = 512;       // AppendRequests on the way to one member; > 0
  std::uint64_t max_inflight_bytes = kUnlimited;   // payload on the way to one member; >= max_message_bytes
  std::uint64_t max_uncommitted_bytes = kUnlimited;  // payload proposed and not yet handed out to apply; an empty log takes any proposal
  std::uint64_t max_applying_bytes = kUnlimited;   // entries handed out to apply and not yet Applied; at least one entry always goes

  bool forward_proposals = true;       // a follower passes proposals on to the leader
  bool validate_conf_changes = true;   // a leader turns a change that cannot follow the current configuration into an empty entry
  bool step_down_on_removal = false;   // a leader that applies its own removal or demotion becomes a follower
  // A leader (of more than one voter) whose oldest write is not Persisted for this many ticks steps down. 0: never.
  std::uint32_t disk_stall_ticks = 0;
  // Hand out committed entries before they are durable here (as etcd does): then applied state may run ahead of the own log.
  bool apply_before_persisted = false;
  // Also make the notes that etcd logs at level debug (some for each message).
  bool debug_notes = false;
};

// What the disk said at start. Nothing of it is trusted: Raft::create checks how the parts fit.
struct Recovered {
  HardState hard_state;
  // The snapshot that the log goes on from, also the one offered to members who need one; index 0 for none.
  Snapshot snapshot;
  // The entries after it, consecutive from snapshot.metadata.index + 1.
  std::vector<Entry> entries;
  // The state machine holds everything up to here; >= snapshot.metadata.index.
  LogIndex applied;
  // The configuration as of `applied`.
  ConfState conf_state;
};

}  // namespace etcd::raft
