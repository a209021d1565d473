// RaftStatus: a copy of the core's state for observers - metrics, Maintenance.Status, tests, the invariant checker.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "raft/types.h"

namespace etcd::raft {

enum class ProgressState : std::uint8_t { kProbe, kReplicate, kSnapshot };

// etcd's name: StateProbe, StateReplicate, StateSnapshot.
std::string_view progress_state_name(ProgressState state);

// How far one member is, as the leader sees it.
struct ProgressStatus {
  MemberId id;
  LogIndex match;
  LogIndex next;
  ProgressState state = ProgressState::kProbe;
  LogIndex pending_snapshot;
  std::uint32_t inflight_messages = 0;
  bool inflight_full = false;
  bool paused = false;
  bool recent_active = false;
  bool learner = false;
};

struct RaftStatus {
  MemberId id;
  Term term;
  MemberId vote;
  MemberId leader;
  Role role = Role::kFollower;
  MemberId transferee;  // while leadership is being handed over

  LogIndex compacted;  // entries up to here are forgotten
  LogIndex snapshot;   // the last snapshot taken, installed or recovered
  LogIndex durable;    // the own log is on disk up to here
  LogIndex last;
  LogIndex committed;
  LogIndex applying;  // handed out to apply up to here
  LogIndex applied;
  Term last_term;

  std::uint64_t unpersisted_batches = 0;
  bool installing = false;  // a snapshot is on its way to disk or into the state machine
  ConfState conf_state;
  std::vector<ProgressStatus> progress;  // by id; meaningful on a leader
};

}  // namespace etcd::raft
