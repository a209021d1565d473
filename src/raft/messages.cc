// A message's way in: is it sane, what does its term say, who handles it in which role.

#include "raft/core.h"

namespace etcd::raft {

namespace {

template <typename... Kinds>
bool is_any(const MessageBody& body) {
  return (std::holds_alternative<Kinds>(body) || ...);
}

bool is_response(const MessageBody& body) {
  return is_any<AppendAccepted, AppendRejected, VoteResponse, HeartbeatResponse, ReadIndexResponse>(body);
}
bool is_from_leader(const MessageBody& body) { return is_any<AppendRequest, Heartbeat, InstallSnapshot>(body); }
// Passed on to the leader as they are, whatever term the sender is in.
bool has_no_term(const MessageBody& body) { return is_any<Proposal, ReadIndexRequest>(body); }

struct Name {
  std::string_view operator()(const Proposal&) const { return "MsgProp"; }
  std::string_view operator()(const AppendRequest&) const { return "MsgApp"; }
  std::string_view operator()(const AppendAccepted&) const { return "MsgAppResp"; }
  std::string_view operator()(const AppendRejected&) const { return "MsgAppResp"; }
  std::string_view operator()(const VoteRequest& m) const { return m.kind == VoteKind::kPreVote ? "MsgPreVote" : "MsgVote"; }
  std::string_view operator()(const VoteResponse& m) const { return m.kind == VoteKind::kPreVote ? "MsgPreVoteResp" : "MsgVoteResp"; }
  std::string_view operator()(const InstallSnapshot&) const { return "MsgSnap"; }
  std::string_view operator()(const Heartbeat&) const { return "MsgHeartbeat"; }
  std::string_view operator()(const HeartbeatResponse&) const { return "MsgHeartbeatResp"; }
  std::string_view operator()(const ReadIndexRequest&) const { return "MsgReadIndex"; }
  std::string_view operator()(const ReadIndexResponse&) const { return "MsgReadIndexResp"; }
  std::string_view operator()(const TransferRequest&) const { return "MsgTransferLeader"; }
  std::string_view operator()(const TimeoutNow&) const { return "MsgTimeoutNow"; }
};

}  // namespace

std::string_view message_name(const MessageBody& body) { return std::visit(Name{}, body); }

void Raft::Core::on(Receive event) {
  const Message& message = event.message;
  if (!is_plausible(message)) {
    note(NoteLevel::kDebug, "%llx dropped a %s message from %llx to %llx", number(config_.id), message_name(message.body).data(), number(message.from),
         number(message.to));
    return;
  }
  if (!has_no_term(message.body)) {
    if (message.term > term_ && !settle_higher_term(message)) return;
    if (message.term < term_) return answer_lower_term(message);
  }
  dispatch(std::move(event.message));
}

// For us, from somebody else who may say such a thing.
bool Raft::Core::is_plausible(const Message& message) {
  if (message.to != config_.id || message.from == MemberId(0)) return false;
  if (std::holds_alternative<TransferRequest>(message.body)) return message.term != Term(0);  // `from` is who is to lead
  if (message.from == config_.id) return false;
  if (is_response(message.body) && !progress_of(message.from)) return false;
  if (const Proposal* proposal = std::get_if<Proposal>(&message.body)) return !proposal->entries.empty();
  return has_no_term(message.body) || (message.term != Term(0) && message.term.value < kUnlimited - 1);
}

bool Raft::Core::settle_higher_term(const Message& message) {
  const VoteRequest* request = std::get_if<VoteRequest>(&message.body);
  if (request && !request->transfer && in_lease()) {
    EntryId last = log_.last_id();
    note(NoteLevel::kInfo,
         "%llx [logterm: %llu, index: %llu, vote: %llx] ignored %s from %llx [logterm: %llu, index: %llu] at term %llu: lease is not expired (remaining "
         "ticks: %u)",
         number(config_.id), number(last.term), number(last.index), number(vote_), message_name(message.body).data(), number(message.from),
         number(request->last_term), number(request->last_index), number(term_), config_.election_tick - election_elapsed_);
    return false;
  }
  // A pre-vote asks about a term that nobody is in yet.
  if (request && request->kind == VoteKind::kPreVote) return true;
  const VoteResponse* response = std::get_if<VoteResponse>(&message.body);
  if (response && response->kind == VoteKind::kPreVote && response->granted) return true;
  note(NoteLevel::kInfo, "%llx [term: %llu] received a %s message with higher term from %llx [term: %llu]", number(config_.id), number(term_),
       message_name(message.body).data(), number(message.from), number(message.term));
  become_follower(message.term, is_from_leader(message.body) ? message.from : MemberId(0));
  return true;
}

// With pre-vote or check-quorum a member in a higher term may be stuck: it does not disturb the leader, which never hears of its term. So it
// tells. And a pre-vote from a lower term gets an answer, or a candidate that was ahead with less log could block a mixed cluster.
void Raft::Core::answer_lower_term(const Message& message) {
  const VoteRequest* request = std::get_if<VoteRequest>(&message.body);
  if ((config_.check_quorum || config_.pre_vote) && is_any<AppendRequest, Heartbeat>(message.body)) {
    send_after_persist(term_, message.from, AppendAccepted{LogIndex(0)});
  } else if (request && request->kind == VoteKind::kPreVote) {
    EntryId last = log_.last_id();
    note(NoteLevel::kInfo, "%llx [logterm: %llu, index: %llu, vote: %llx] rejected MsgPreVote from %llx [logterm: %llu, index: %llu] at term %llu",
         number(config_.id), number(last.term), number(last.index), number(vote_), number(message.from), number(request->last_term),
         number(request->last_index), number(term_));
    send_after_persist(term_, message.from, VoteResponse{VoteKind::kPreVote, false});
  } else {
    note(NoteLevel::kInfo, "%llx [term: %llu] ignored a %s message with lower term from %llx [term: %llu]", number(config_.id), number(term_),
         message_name(message.body).data(), number(message.from), number(message.term));
  }
}

void Raft::Core::dispatch(Message message) {
  if (const VoteRequest* request = std::get_if<VoteRequest>(&message.body)) return handle_vote_request(message, *request);
  switch (role_) {
    case Role::kLeader: return dispatch_as_leader(std::move(message));
    case Role::kPreCandidate:
    case Role::kCandidate: return dispatch_as_candidate(std::move(message));
    case Role::kFollower: return dispatch_as_follower(std::move(message));
  }
}

void Raft::Core::dispatch_as_leader(Message message) {
  MemberId from = message.from;
  if (auto* proposal = std::get_if<Proposal>(&message.body)) {
    propose_as_leader(std::move(proposal->entries));
    return;
  }
  if (auto* read = std::get_if<ReadIndexRequest>(&message.body)) return handle_read({from, std::move(read->context)});
  if (std::holds_alternative<TransferRequest>(message.body)) return handle_transfer(from);
  Progress* progress = progress_of(from);
  if (!progress) return note(NoteLevel::kDebug, "%llx no progress available for %llx", number(config_.id), number(from));
  if (auto* accepted = std::get_if<AppendAccepted>(&message.body)) return handle_accepted(from, *progress, accepted->match);
  if (auto* rejected = std::get_if<AppendRejected>(&message.body)) return handle_rejected(from, *progress, *rejected);
  if (auto* response = std::get_if<HeartbeatResponse>(&message.body)) return handle_heartbeat_response(from, *progress, *response);
}

// A message from the term's leader ends the candidacy.
void Raft::Core::dispatch_as_candidate(Message message) {
  if (is_from_leader(message.body)) {
    become_follower(message.term, message.from);
    return dispatch_as_follower(std::move(message));
  }
  if (const VoteResponse* response = std::get_if<VoteResponse>(&message.body)) {
    VoteKind ours = role_ == Role::kPreCandidate ? VoteKind::kPreVote : VoteKind::kVote;
    bool late = response->kind == VoteKind::kPreVote && response->granted && message.term != term_.next();
    if (response->kind == ours && !late) poll(message.from, response->kind, response->granted);
  } else if (auto* proposal = std::get_if<Proposal>(&message.body)) {
    propose(std::move(proposal->entries), message.from);
  } else if (std::holds_alternative<TimeoutNow>(message.body)) {
    note(NoteLevel::kDebug, "%llx [term %llu state %s] ignored MsgTimeoutNow from %llx", number(config_.id), number(term_), role_name(role_).data(),
         number(message.from));
  }
}

void Raft::Core::dispatch_as_follower(Message message) {
  MemberId from = message.from;
  if (is_from_leader(message.body)) {
    election_elapsed_ = 0;
    leader_ = from;
  }
  if (auto* append = std::get_if<AppendRequest>(&message.body)) {
    handle_append(from, *append);
  } else if (auto* heartbeat = std::get_if<Heartbeat>(&message.body)) {
    handle_heartbeat(from, *heartbeat);
  } else if (auto* snapshot = std::get_if<InstallSnapshot>(&message.body)) {
    handle_snapshot(from, *snapshot);
  } else if (auto* proposal = std::get_if<Proposal>(&message.body)) {
    propose(std::move(proposal->entries), from);
  } else if (std::holds_alternative<TransferRequest>(message.body)) {
    on(TransferLeadership{from});
  } else if (std::holds_alternative<TimeoutNow>(message.body)) {
    note(NoteLevel::kInfo, "%llx [term %llu] received MsgTimeoutNow from %llx and starts an election to get leadership.", number(config_.id),
         number(term_), number(from));
    hup(CampaignKind::kTransfer);
  } else if (auto* read = std::get_if<ReadIndexRequest>(&message.body)) {
    if (leader_ != MemberId(0)) out_.send_now.push_back({from, leader_, Term(0), ReadIndexRequest{std::move(read->context)}});
  } else if (auto* answer = std::get_if<ReadIndexResponse>(&message.body)) {
    out_.reads.push_back({answer->index, std::move(answer->context)});
  }
}

}  // namespace etcd::raft
