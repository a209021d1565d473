// The leader's side of replication: its own log, what it sends to each member, and what their answers tell (thesis 3.5, 3.6.2).

#include "base/check.h"
#include "base/plant.h"
#include "raft/core.h"

namespace etcd::raft {

// False if that would be more uncommitted bytes than allowed; an empty entry always goes, and so does anything while nothing is uncommitted.
bool Raft::Core::append_own(std::vector<ProposedEntry> entries) {
  std::uint64_t bytes = 0;
  for (const ProposedEntry& entry : entries) bytes += entry.data.size();
  std::uint64_t allowed = config_.max_uncommitted_bytes;
  if (uncommitted_bytes_ > 0 && bytes > 0 && (uncommitted_bytes_ > allowed || bytes > allowed - uncommitted_bytes_)) {
    note(NoteLevel::kWarn, "%llx appending new entries to log would exceed uncommitted entry size limit; dropping proposal", number(config_.id));
    return false;
  }
  uncommitted_bytes_ += bytes;
  for (ProposedEntry& entry : entries) log_.append({term_, log_.last().next(), entry.type, std::move(entry.data)});
  return true;
}

// The own entries count once they are on disk.
void Raft::Core::own_log_persisted() {
  Progress* own = role_ == Role::kLeader ? progress_of(config_.id) : nullptr;
  if (own && log_.durable() > own->match()) handle_accepted(config_.id, *own, log_.durable());
}

// Only an entry of the own term is committed by counting; those before it follow (thesis figure 3.7).
bool Raft::Core::maybe_commit() {
  LogIndex reached(joint_reached(members_.conf.voters, members_.conf.voters_outgoing, [&](MemberId id) {
    const Progress* progress = progress_of(id);
    return progress ? progress->match().value : 0;
  }));
  if (reached <= committed_ || (log_.term(reached) != term_ && !PLANTED(commits_older_terms_by_counting))) return false;
  committed_ = reached;
  return true;
}

void Raft::Core::broadcast_append() {
  for (const auto& [id, progress] : members_.progress) {
    if (id != config_.id) send_append(id);
  }
}

// A heartbeat never tells of a commit that the member may not have: it would commit what it has in that place instead.
void Raft::Core::broadcast_heartbeat() {
  base::SharedBytes context = reads_.context();
  for (auto& [id, progress] : members_.progress) {
    if (id == config_.id) continue;
    LogIndex commit = PLANTED(heartbeats_commit_what_may_differ) ? committed_ : std::min(progress.match(), committed_);
    send(id, Heartbeat{commit, context});
    progress.sent_commit(commit);
  }
}

// Sends what comes next for a member, one message's worth; without new entries only `if_empty` (it still carries the commit index). False if
// nothing was sent.
bool Raft::Core::maybe_send_append(MemberId to, bool if_empty) {
  Progress& progress = *progress_of(to);
  if (progress.paused()) return false;
  LogIndex prev = progress.next().prev();
  std::optional<Term> prev_term = log_.term(prev);
  if (!prev_term) return maybe_send_snapshot(to, progress);

  // With a full window only empty messages go, so that a member that lost all of them can still answer.
  bool throttled = progress.state() == ProgressState::kReplicate && progress.inflight_full();
  LogIndex last = prev;
  if (!throttled && prev < log_.last()) last = std::max(log_.fit(prev.next(), log_.last(), config_.max_message_bytes), prev.next());
  if (last == prev && !if_empty) return false;

  send(to, AppendRequest{prev, *prev_term, committed_, log_.range(prev.next(), last)});
  progress.sent_entries(last.value - prev.value, log_.payload_of(prev, last));
  progress.sent_commit(committed_);
  return true;
}

bool Raft::Core::maybe_send_snapshot(MemberId to, Progress& progress) {
  if (!progress.recent_active) {
    note(NoteLevel::kDebug, "ignore sending snapshot to %llx since it is not recently active", number(to));
    return false;
  }
  const SnapshotMetadata& metadata = snapshot_.metadata;
  CHECK(metadata.index >= log_.compacted() && !snapshot_.empty(), metadata.index, log_.compacted());
  if (wants(NoteLevel::kDebug)) {
    note(NoteLevel::kDebug, "%llx [firstindex: %llu, commit: %llu] sent snapshot[index: %llu, term: %llu] to %llx [%s]", number(config_.id),
         number(log_.compacted().next()), number(committed_), number(metadata.index), number(metadata.term), number(to),
         describe(progress.status(to, members_.is_learner(to))).c_str());
  }
  progress.become_snapshot(metadata.index);
  if (wants(NoteLevel::kDebug)) {
    note(NoteLevel::kDebug, "%llx paused sending replication messages to %llx [%s]", number(config_.id), number(to),
         describe(progress.status(to, members_.is_learner(to))).c_str());
  }
  send(to, InstallSnapshot{snapshot_});
  return true;
}

void Raft::Core::handle_accepted(MemberId from, Progress& progress, LogIndex match) {
  progress.recent_active = true;
  if (match > log_.last()) return note(NoteLevel::kWarn, "%llx ignored an acknowledgement of unknown entries from %llx", number(config_.id), number(from));
  bool probe_answered = progress.match() == match && progress.state() == ProgressState::kProbe;
  if (!progress.acknowledge(match) && !probe_answered) return;

  switch (progress.state()) {
    case ProgressState::kProbe: progress.become_replicate(); break;
    case ProgressState::kReplicate: progress.free_inflights(match); break;
    case ProgressState::kSnapshot:
      // Whatever the snapshot was: the log can go on from where the member is now.
      if (progress.match() < log_.compacted()) break;
      if (wants(NoteLevel::kDebug)) {
        note(NoteLevel::kDebug, "%llx recovered from needing snapshot, resumed sending replication messages to %llx [%s]", number(config_.id),
             number(from), describe(progress.status(from, members_.is_learner(from))).c_str());
      }
      progress.become_probe();
      progress.become_replicate();
      break;
  }

  if (maybe_commit()) {
    release_postponed_reads();
    broadcast_append();
  } else if (from != config_.id && progress.can_bump_commit(committed_)) {
    send_append(from);
  }
  if (from == config_.id) return;
  while (maybe_send_append(from, false)) {
  }
  if (from == transferee_ && progress.match() == log_.last()) {
    note(NoteLevel::kInfo, "%llx sent MsgTimeoutNow to %llx after received MsgAppResp", number(config_.id), number(from));
    send(from, TimeoutNow{});
  }
}

// The member's hint names a place and the term it has there; no entry of ours with a later term can match at or before it, so one probe for
// each term of our log is enough, however long the logs differ.
void Raft::Core::handle_rejected(MemberId from, Progress& progress, const AppendRejected& rejected) {
  progress.recent_active = true;
  note(NoteLevel::kDebug, "%llx received MsgAppResp(rejected, hint: (index %llu, term %llu)) from %llx for index %llu", number(config_.id),
       number(rejected.hint), number(rejected.hint_term), number(from), number(rejected.rejected));
  LogIndex hint = rejected.hint;
  if (rejected.hint_term > Term(0)) hint = log_.guess_match(hint, rejected.hint_term).index;
  if (!progress.reject(rejected.rejected, hint)) return;
  if (wants(NoteLevel::kDebug)) {
    note(NoteLevel::kDebug, "%llx decreased progress of %llx to [%s]", number(config_.id), number(from),
         describe(progress.status(from, members_.is_learner(from))).c_str());
  }
  if (progress.state() == ProgressState::kReplicate) progress.become_probe();
  send_append(from);
}

void Raft::Core::handle_heartbeat_response(MemberId from, Progress& progress, const HeartbeatResponse& response) {
  progress.recent_active = true;
  progress.resume_flow();
  if (progress.match() < log_.last() || progress.state() == ProgressState::kProbe) send_append(from);
  std::optional<std::uint64_t> position = ReadQueue::position(response.context);
  if (!position) return;
  reads_.acknowledge(from, *position);
  for (const ReadQueue::Confirmed& read : reads_.take_confirmed(members_.conf)) answer_read(read.request, read.index);
}

void Raft::Core::on(ReportUnreachable event) {
  Progress* progress = role_ == Role::kLeader ? progress_of(event.member) : nullptr;
  if (!progress) return;
  // Of the messages that follow each other without waiting, one is probably lost.
  if (progress->state() == ProgressState::kReplicate) progress->become_probe();
  if (wants(NoteLevel::kDebug)) {
    note(NoteLevel::kDebug, "%llx failed to send message to %llx because it is unreachable [%s]", number(config_.id), number(event.member),
         describe(progress->status(event.member, members_.is_learner(event.member))).c_str());
  }
}

// Sent: wait for the member's acknowledgement. Failed: wait for its next heartbeat answer.
void Raft::Core::on(ReportSnapshot event) {
  Progress* progress = role_ == Role::kLeader ? progress_of(event.member) : nullptr;
  if (!progress || progress->state() != ProgressState::kSnapshot) return;
  if (!event.sent) progress->snapshot_failed();
  progress->become_probe();
  if (wants(NoteLevel::kDebug)) {
    note(NoteLevel::kDebug, "%llx snapshot %s, resumed sending replication messages to %llx [%s]", number(config_.id),
         event.sent ? "succeeded" : "failed", number(event.member), describe(progress->status(event.member, members_.is_learner(event.member))).c_str());
  }
  progress->pause_flow();
}

}  // namespace etcd::raft
