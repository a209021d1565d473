// Everything that can happen to the core: one struct for each kind of event.
#pragma once

#include <cstdint>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "raft/message.h"
#include "raft/types.h"

namespace etcd::raft {

// Time passes: one tick of Config's unit. The only clock there is.
struct Tick {};

// Replicate these, in this order, all or none. Never empty. The answer is in Output::dropped, or they come back in Output::committed - perhaps
// never: whoever proposes needs an id of his own in the payload, and a deadline.
struct Propose {
  std::vector<base::SharedBytes> data;
};

// As Propose, for one membership change. One that cannot follow the configuration (another is pending, joint where it must not be) becomes an
// empty normal entry, as in etcd.
struct ProposeConfChange {
  std::variant<ConfChange, ConfChangeV2> change;
};

// A message from another member came in. Any content is safe: what makes no sense is dropped, with a note.
struct Receive {
  Message message;
};

// Output::persist up to and including `batch` is durable. In order; batches that were written together may be confirmed by the last of them.
struct Persisted {
  std::uint64_t batch = 0;
};

// The state machine has applied (or installed a snapshot) up to `index`; <= what was handed out.
struct Applied {
  LogIndex index;
};

// A committed membership entry was reached by apply: take over the configuration. Called for each in order of index, before Applied covers
// it. One that the state machine refuses is passed with node_id 0. Output::conf_state has the result.
struct ApplyConfChange {
  ConfChangeV2 change;
};

// Asks which index must be applied to read linearizably. `context` names the request: use a fresh one for each try, since an answer may
// come late. Answered in Output::reads, or Output::reads_dropped, or (forwarded and lost) never.
struct ReadIndex {
  base::SharedBytes context;
};

// Hand leadership to `to`; a follower asks its leader to. Done or given up within an election timeout: watch Output::soft_state.
struct TransferLeadership {
  MemberId to;
};

// Start an election now, as if the election timeout had passed.
struct Campaign {};

// Forget who leads, to let somebody else be elected sooner. No effect on a leader or candidate.
struct ForgetLeader {};

// The transport could not deliver the last message to `member`.
struct ReportUnreachable {
  MemberId member;
};

// Sending a snapshot to `member` has ended, one way or the other. Must be given for each InstallSnapshot that was to be sent: until then, or
// until the member acknowledges what lets it follow the log, it is sent nothing else.
struct ReportSnapshot {
  MemberId member;
  bool sent = false;
};

// A snapshot of the state machine that members far behind may be sent. Its index is not below that of the one before, and <= applied.
struct SnapshotTaken {
  Snapshot snapshot;
};

// Entries up to `index` may be forgotten; <= the index of the last snapshot (taken, installed or recovered).
struct Compact {
  LogIndex index;
};

using Input = std::variant<Tick, Propose, ProposeConfChange, Receive, Persisted, Applied, ApplyConfChange, ReadIndex, TransferLeadership, Campaign,
                           ForgetLeader, ReportUnreachable, ReportSnapshot, SnapshotTaken, Compact>;

}  // namespace etcd::raft
