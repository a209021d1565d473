// The data of raft: entries, hard state, configuration, snapshots, messages - as etcd's raftpb defines them on the wire (see raft/codec.h).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"

namespace etcd::raft {

enum class EntryType : std::uint8_t { kNormal = 0, kConfChange = 1, kConfChangeV2 = 2 };

// One entry of the log. `data` is shared by log, WAL, peers and apply; never changed.
struct Entry {
  Term term;
  LogIndex index;
  EntryType type = EntryType::kNormal;
  base::SharedBytes data;

  friend bool operator==(const Entry&, const Entry&) = default;
};

// What a member must not forget: persisted before any message that depends on it is sent.
struct HardState {
  Term term;
  MemberId vote;
  LogIndex commit;

  friend bool operator==(const HardState&, const HardState&) = default;
};

// The membership as raft sees it. Each list is sorted and without repeats.
struct ConfState {
  std::vector<MemberId> voters;
  std::vector<MemberId> learners;
  std::vector<MemberId> voters_outgoing;  // of a joint configuration
  std::vector<MemberId> learners_next;    // become learners when the joint configuration is left
  bool auto_leave = false;

  friend bool operator==(const ConfState&, const ConfState&) = default;
};

struct SnapshotMetadata {
  ConfState conf_state;
  LogIndex index;
  Term term;

  friend bool operator==(const SnapshotMetadata&, const SnapshotMetadata&) = default;
};

// State up to metadata.index. `data` is etcd's v2 store JSON; the database itself travels beside the message.
struct Snapshot {
  base::SharedBytes data;
  SnapshotMetadata metadata;

  bool empty() const { return metadata.index == LogIndex(0); }
  friend bool operator==(const Snapshot&, const Snapshot&) = default;
};

enum class ConfChangeType : std::uint8_t { kAddNode = 0, kRemoveNode = 1, kUpdateNode = 2, kAddLearnerNode = 3 };

struct ConfChange {
  std::uint64_t id = 0;  // request id of the proposer
  ConfChangeType type = ConfChangeType::kAddNode;
  MemberId node_id;
  base::SharedBytes context;  // etcd's JSON of the member

  friend bool operator==(const ConfChange&, const ConfChange&) = default;
};

enum class ConfChangeTransition : std::uint8_t { kAuto = 0, kJointImplicit = 1, kJointExplicit = 2 };

struct ConfChangeSingle {
  ConfChangeType type = ConfChangeType::kAddNode;
  MemberId node_id;

  friend bool operator==(const ConfChangeSingle&, const ConfChangeSingle&) = default;
};

// The general form of a membership change. One change with kAuto is applied at once; several, or another transition, go through a joint
// configuration; none at all (and kAuto) leaves a joint configuration. A change of member 0 does nothing: so the state machine refuses one.
struct ConfChangeV2 {
  ConfChangeTransition transition = ConfChangeTransition::kAuto;
  std::vector<ConfChangeSingle> changes = {};
  base::SharedBytes context = {};

  friend bool operator==(const ConfChangeV2&, const ConfChangeV2&) = default;
};

enum class Role : std::uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

// etcd's name of a role: StateFollower, StatePreCandidate, StateCandidate, StateLeader.
std::string_view role_name(Role role);

// What a member knows about leadership, never persisted. `leader` is 0 when there is none or it is not known.
struct SoftState {
  MemberId leader;
  Role role = Role::kFollower;

  friend bool operator==(const SoftState&, const SoftState&) = default;
};

// The answer to a ReadIndex: once `index` is applied, reads asked for under `context` before the request was made are linearizable.
struct ReadState {
  LogIndex index;
  base::SharedBytes context;

  friend bool operator==(const ReadState&, const ReadState&) = default;
};

}  // namespace etcd::raft
