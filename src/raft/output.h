// What the core wants done. This comment is the contract between core and caller.
//
// Ordering, where stages work in parallel (disk, peers, apply) and the core steps on meanwhile:
//  1. `send_now` may go out at once, before anything in the same Output is durable. Messages to one member stay in order, across send_now
//     and then_send of all Outputs as each becomes sendable; losing or repeating one is harmless.
//  2. `persist` batches are written in order of their numbers; several may share one fsync. Within a batch: snapshot, then truncate the log
//     from append.front().index on and append, then the hard state. When the batch is durable (an fsync is needed only if must_sync, for this
//     batch or one before), send its `then_send` and give the core Persisted{number}; for each batch, also one that writes nothing.
//  3. `persist->snapshot` is also the state machine's: once its batch is durable, apply installs it and gives Applied{its index}. No `committed`
//     comes between.
//  4. `committed` is applied in order. It is already durable here (unless Config::apply_before_persisted), and on a quorum: a client may be
//     answered as soon as it is applied. Nothing waits for the hard state that carries the commit index: after a crash, applied may be above
//     the recovered commit, and Raft::create accepts that.
//  5. `reads` may be answered when their index is applied. `soft_state` is news, no order.
// The core never counts its own vote or its own entries before Persisted, so a slow disk delays only what depends on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "raft/entries.h"
#include "raft/message.h"
#include "raft/types.h"

namespace etcd::raft {

// One write to the log, handed whole to the disk stage.
struct PersistBatch {
  std::uint64_t number = 0;             // 1, 2, 3...; never 0
  std::optional<Snapshot> snapshot;     // the log begins anew after it: everything older and newer in the log is void
  Entries append;                       // consecutive; whatever the log has from the first index on is void
  std::optional<HardState> hard_state;  // only if changed
  bool must_sync = false;               // entries, a snapshot, a term or a vote: what promises depend on
  std::vector<Message> then_send;       // once durable: votes, requests for votes, acknowledgements
};

enum class DropReason : std::uint8_t {
  kNoLeader,            // nobody to give it to
  kForwardingDisabled,  // Config::forward_proposals
  kLeaderTransfer,      // leadership is being handed over
  kRemoved,             // this leader is no longer a member
  kTooMuchUncommitted,  // Config::max_uncommitted_bytes
};

enum class NoteLevel : std::uint8_t { kDebug, kInfo, kWarn, kError };

// Something worth a line in the log, in etcd's words.
struct Note {
  NoteLevel level = NoteLevel::kInfo;
  std::string text;
};

struct Output {
  std::vector<Message> send_now;
  std::optional<PersistBatch> persist;
  Entries committed;

  std::vector<ReadState> reads;
  std::vector<base::SharedBytes> reads_dropped;  // contexts of own ReadIndex inputs that will not be answered: no leader, or a new term
  std::vector<DropReason> dropped;               // one for each Propose or ProposeConfChange input that was dropped, in order
  std::optional<SoftState> soft_state;           // only if changed
  std::optional<ConfState> conf_state;           // the configuration as of the last ApplyConfChange: to be stored with its index
  // An ApplyConfChange that no valid configuration can follow was ignored; every member ignores it alike. The text says why.
  std::optional<std::string> conf_change_error;
  // The leader proves that this member has lost entries it acknowledged: it must stop and never vote again with this log. The text says why, in
  // etcd's words. Nothing is taken in after that.
  std::optional<std::string> fatal;
  std::vector<Note> notes;

  bool empty() const;
};

}  // namespace etcd::raft
