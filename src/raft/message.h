// What members say to each other: raftpb.Message as a variant of small structs (message_codec.h maps it to the wire).
//
// `term` is the sender's term, but: the term campaigned for in vote messages and in granted pre-votes; 0 in a Proposal and a ReadIndexRequest,
// which have no term (a follower passes them on to the leader as they are).
#pragma once

#include <variant>
#include <vector>

#include "base/bytes.h"
#include "raft/entries.h"
#include "raft/types.h"

namespace etcd::raft {

// Payload that has no place in the log yet.
struct ProposedEntry {
  EntryType type = EntryType::kNormal;
  base::SharedBytes data;

  friend bool operator==(const ProposedEntry&, const ProposedEntry&) = default;
};

// MsgProp: append these for me. Never empty.
struct Proposal {
  std::vector<ProposedEntry> entries;
  friend bool operator==(const Proposal&, const Proposal&) = default;
};

// MsgApp: after the entry (prev_index, prev_term) come `entries`; everything up to `commit` is committed. Without entries it only probes and
// carries the commit index. The entries are consecutive from prev_index + 1, their terms never fall and are <= the message's.
struct AppendRequest {
  LogIndex prev_index;
  Term prev_term;
  LogIndex commit;
  Entries entries;
  friend bool operator==(const AppendRequest&, const AppendRequest&) = default;
};

// MsgAppResp: my log equals yours up to `match`, durably. match 0 only brings the term to a leader of an older one.
struct AppendAccepted {
  LogIndex match;
  friend bool operator==(const AppendAccepted&, const AppendAccepted&) = default;
};

// MsgAppResp with reject: I don't have the entry before `rejected` + 1 that you have. Nothing after `hint` can match; my term there is
// `hint_term`, 0 when not known.
struct AppendRejected {
  LogIndex rejected;
  LogIndex hint;
  Term hint_term;
  friend bool operator==(const AppendRejected&, const AppendRejected&) = default;
};

enum class VoteKind : std::uint8_t { kPreVote, kVote };

// MsgPreVote, MsgVote: my log ends with (last_index, last_term). `transfer` (etcd's context "CampaignTransfer"): the leader asked me to take
// over, so don't protect it.
struct VoteRequest {
  VoteKind kind = VoteKind::kVote;
  LogIndex last_index;
  Term last_term;
  bool transfer = false;
  friend bool operator==(const VoteRequest&, const VoteRequest&) = default;
};

// MsgPreVoteResp, MsgVoteResp.
struct VoteResponse {
  VoteKind kind = VoteKind::kVote;
  bool granted = false;
  friend bool operator==(const VoteResponse&, const VoteResponse&) = default;
};

// MsgSnap: replace your state. The core fills in what it last got as SnapshotTaken; who sends it may put a newer one in its place - and must, if
// the receiver was added after it was taken, for a member refuses a snapshot whose configuration it is not in.
struct InstallSnapshot {
  Snapshot snapshot;
  friend bool operator==(const InstallSnapshot&, const InstallSnapshot&) = default;
};

// MsgHeartbeat: `commit` is at most what the receiver is known to match. `context` comes back unchanged.
struct Heartbeat {
  LogIndex commit;
  base::SharedBytes context;
  friend bool operator==(const Heartbeat&, const Heartbeat&) = default;
};

// MsgHeartbeatResp.
struct HeartbeatResponse {
  base::SharedBytes context;
  friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
};

// MsgReadIndex: from a follower to its leader.
struct ReadIndexRequest {
  base::SharedBytes context;
  friend bool operator==(const ReadIndexRequest&, const ReadIndexRequest&) = default;
};

// MsgReadIndexResp.
struct ReadIndexResponse {
  LogIndex index;
  base::SharedBytes context;
  friend bool operator==(const ReadIndexResponse&, const ReadIndexResponse&) = default;
};

// MsgTransferLeader: hand leadership to the message's sender `from`. (A follower that passes it on leaves `from` as the member to lead.)
struct TransferRequest {
  friend bool operator==(const TransferRequest&, const TransferRequest&) = default;
};

// MsgTimeoutNow: start an election at once, you have all that I have.
struct TimeoutNow {
  friend bool operator==(const TimeoutNow&, const TimeoutNow&) = default;
};

using MessageBody = std::variant<Proposal, AppendRequest, AppendAccepted, AppendRejected, VoteRequest, VoteResponse, InstallSnapshot, Heartbeat,
                                 HeartbeatResponse, ReadIndexRequest, ReadIndexResponse, TransferRequest, TimeoutNow>;

struct Message {
  MemberId from;
  MemberId to;
  Term term;
  MessageBody body;

  friend bool operator==(const Message&, const Message&) = default;
};

}  // namespace etcd::raft
