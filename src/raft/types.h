// The data of raft: entries, hard state, configuration, snapshots, messages - as etcd's raftpb defines them on the wire (see raft/codec.h).
#pragma once

#include <cstdint>
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

}  // namespace etcd::raft
