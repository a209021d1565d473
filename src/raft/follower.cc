// What a member does with entries, heartbeats and snapshots from the leader of its term (thesis 3.5, 5.1).

#include <algorithm>

#include "base/check.h"
#include "base/plant.h"
#include "raft/core.h"

namespace etcd::raft {

namespace {

// Consecutive after (prev, prev_term), terms never falling and none after `limit`.
bool is_well_formed(const AppendRequest& request, Term limit) {
  EntryId before{request.prev_term, request.prev_index};
  for (const Entry& entry : request.entries) {
    if (before.index.value == kUnlimited || entry.index != before.index.next() || entry.term < before.term || entry.term == Term(0)) return false;
    before = {entry.term, entry.index};
  }
  return before.term <= limit;
}

}  // namespace

void Raft::Core::handle_append(MemberId from, const AppendRequest& request) {
  if (!is_well_formed(request, term_)) return note(NoteLevel::kWarn, "%llx ignored a malformed MsgApp from %llx", number(config_.id), number(from));
  if (request.prev_index < committed_) return send_after_persist(term_, from, AppendAccepted{committed_});
  if (!log_.has({request.prev_term, request.prev_index})) {
    note(NoteLevel::kDebug, "%llx [logterm: %llu, index: %llu] rejected MsgApp [logterm: %llu, index: %llu] from %llx", number(config_.id),
         number(log_.term(request.prev_index).value_or(Term(0))), number(request.prev_index), number(request.prev_term), number(request.prev_index),
         number(from));
    EntryId hint = log_.guess_match(std::min(request.prev_index, log_.last()), request.prev_term);
    return send_after_persist(term_, from, AppendRejected{request.prev_index, hint.index, hint.term});
  }
  append_from_leader(request);
  LogIndex last(request.prev_index.value + request.entries.size());
  if (!commit_to(std::min(request.commit, last))) return;
  if (PLANTED(acknowledges_entries_before_they_are_durable)) return send(from, AppendAccepted{last});
  send_after_persist(term_, from, AppendAccepted{last});
}

// The caller has seen that request.prev_index >= committed. Takes over the entries from the first one that is new or differs; what we have is never cut for entries we have already.
void Raft::Core::append_from_leader(const AppendRequest& request) {
  for (const Entry& entry : request.entries) {
    if (entry.index <= log_.last()) {
      if (log_.has({entry.term, entry.index})) continue;
      note(NoteLevel::kInfo, "found conflict at index %llu [existing term: %llu, conflicting term: %llu]", number(entry.index),
           number(*log_.term(entry.index)), number(entry.term));
      CHECK(entry.index > committed_, entry.index, committed_);
      note(NoteLevel::kInfo, "%s the unstable entries %s index %llu", entry.index <= log_.durable().next() ? "replace" : "truncate",
           entry.index <= log_.durable().next() ? "from" : "before", number(entry.index));
      log_.truncate(entry.index.prev());
      writes_.truncate(entry.index.prev());
    }
    log_.append(entry);
  }
}

void Raft::Core::handle_heartbeat(MemberId from, const Heartbeat& heartbeat) {
  if (commit_to(heartbeat.commit)) send(from, HeartbeatResponse{heartbeat.context});
}

// False if the leader commits what this member acknowledged and no longer has.
bool Raft::Core::commit_to(LogIndex index) {
  if (index > log_.last()) {
    out_.fatal = "tocommit(" + std::to_string(index.value) + ") is out of range [lastIndex(" + std::to_string(log_.last().value) +
                 ")]. Was the raft log corrupted, truncated, or lost?";
    return false;
  }
  committed_ = std::max(committed_, index);
  return true;
}

void Raft::Core::handle_snapshot(MemberId from, const InstallSnapshot& message) {
  const SnapshotMetadata& metadata = message.snapshot.metadata;
  bool restored = restore(message.snapshot);
  note(NoteLevel::kInfo, "%llx [commit: %llu] %s snapshot [index: %llu, term: %llu]", number(config_.id), number(committed_),
       restored ? "restored" : "ignored", number(metadata.index), number(metadata.term));
  send_after_persist(term_, from, AppendAccepted{restored ? log_.last() : committed_});
}

// False if the snapshot is not needed or makes no sense.
bool Raft::Core::restore(const Snapshot& snapshot) {
  const SnapshotMetadata& metadata = snapshot.metadata;
  if (metadata.index <= committed_ || metadata.term == Term(0) || metadata.term > term_ || metadata.index.value == kUnlimited) return false;
  Result<Members> members = restore_members(metadata.conf_state, {metadata.index, new_progress().inflights});
  if (!members) {
    note(NoteLevel::kError, "unable to restore config %s: %s", describe(metadata.conf_state).c_str(), members.error().detail.c_str());
    return false;
  }
  if (!members->is_voter(config_.id) && !members->is_learner(config_.id)) {
    note(NoteLevel::kWarn, "%llx attempted to restore snapshot but it is not in the ConfState %s; should never happen", number(config_.id),
         describe(metadata.conf_state).c_str());
    return false;
  }
  EntryId last = log_.last_id();
  if (log_.has({metadata.term, metadata.index})) {
    note(NoteLevel::kInfo, "%llx [commit: %llu, lastindex: %llu, lastterm: %llu] fast-forwarded commit to snapshot [index: %llu, term: %llu]",
         number(config_.id), number(committed_), number(last.index), number(last.term), number(metadata.index), number(metadata.term));
    committed_ = metadata.index;
    return false;
  }

  note(NoteLevel::kInfo,
       "log [committed=%llu, applied=%llu, applying=%llu, unstable.offset=%llu, unstable.offsetInProgress=%llu, len(unstable.Entries)=%llu] starts to "
       "restore snapshot [index: %llu, term: %llu]",
       number(committed_), number(applied_), number(applying_), number(log_.durable().next()), number(log_.handed().next()),
       number(log_.last()) - number(log_.durable()), number(metadata.index), number(metadata.term));
  log_.reset({metadata.term, metadata.index});
  writes_.truncate(LogIndex(0));
  committed_ = metadata.index;
  installing_.push_back({metadata.index, metadata.conf_state});
  applying_weight_ = 0;
  snapshot_ = snapshot;
  hand_over_snapshot_ = true;
  switch_to(std::move(*members));
  note(NoteLevel::kInfo, "%llx [commit: %llu, lastindex: %llu, lastterm: %llu] restored snapshot [index: %llu, term: %llu]", number(config_.id),
       number(committed_), number(metadata.index), number(metadata.term), number(metadata.index), number(metadata.term));
  return true;
}

}  // namespace etcd::raft
