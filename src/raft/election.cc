// Terms, roles, votes and the clock (thesis 3.4, 3.6, 4.2.3, 6.2, 9.6).

#include "raft/core.h"

namespace etcd::raft {

namespace {

const char* vote_name(VoteKind kind) { return kind == VoteKind::kPreVote ? "MsgPreVote" : "MsgVote"; }
const char* vote_response_name(VoteKind kind) { return kind == VoteKind::kPreVote ? "MsgPreVoteResp" : "MsgVoteResp"; }

}  // namespace

void Raft::Core::tick_follower() {
  ++election_elapsed_;
  if (!can_be_leader() || election_elapsed_ < election_timeout_) return;
  election_elapsed_ = 0;
  on(Campaign{});
}

void Raft::Core::tick_leader() {
  ++heartbeat_elapsed_;
  ++election_elapsed_;
  if (disk_is_stalled()) {
    note(NoteLevel::kWarn, "%llx stepped down to follower since its disk has not answered for %u ticks", number(config_.id), config_.disk_stall_ticks);
    become_follower(term_, MemberId(0));
    return;
  }
  if (election_elapsed_ >= config_.election_tick) {
    election_elapsed_ = 0;
    if (config_.check_quorum) check_quorum();
    transferee_ = MemberId(0);  // a transfer has one election timeout
  }
  if (role_ != Role::kLeader || heartbeat_elapsed_ < config_.heartbeat_tick) return;
  heartbeat_elapsed_ = 0;
  broadcast_heartbeat();
}

void Raft::Core::check_quorum() {
  Votes active;
  for (auto& [id, progress] : members_.progress) active[id] = progress.recent_active;
  if (joint_vote(members_.conf.voters, members_.conf.voters_outgoing, active) != VoteResult::kWon) {
    note(NoteLevel::kWarn, "%llx stepped down to follower since quorum is not active", number(config_.id));
    become_follower(term_, MemberId(0));
  }
  for (auto& [id, progress] : members_.progress) {
    if (id != config_.id) progress.recent_active = false;
  }
}

// A leader whose disk hangs can neither commit its own entries nor serve; the others can do without it (etcd issues 13527, 15440).
bool Raft::Core::disk_is_stalled() const {
  if (config_.disk_stall_ticks == 0 || members_.singleton() || writes_.empty()) return false;
  return ticks_ - writes_.oldest().tick >= config_.disk_stall_ticks;
}

void Raft::Core::reset(Term term) {
  if (term != term_) {
    term_ = term;
    vote_ = MemberId(0);
  }
  leader_ = MemberId(0);
  election_elapsed_ = 0;
  heartbeat_elapsed_ = 0;
  election_timeout_ = config_.election_tick + static_cast<std::uint32_t>(rng_.below(config_.election_tick));
  transferee_ = MemberId(0);
  votes_.clear();
  for (auto& [id, progress] : members_.progress) {
    progress = Progress(log_.last().next(), new_progress().inflights);
    if (id == config_.id) progress.acknowledge(log_.durable());
  }
  pending_conf_index_ = LogIndex(0);
  uncommitted_bytes_ = 0;
  drop_reads();
}

void Raft::Core::become_follower(Term term, MemberId leader) {
  reset(term);
  leader_ = leader;
  role_ = Role::kFollower;
  note(NoteLevel::kInfo, "%llx became follower at term %llu", number(config_.id), number(term_));
}

// Neither term nor vote change: nothing has happened yet.
void Raft::Core::become_pre_candidate() {
  votes_.clear();
  leader_ = MemberId(0);
  role_ = Role::kPreCandidate;
  note(NoteLevel::kInfo, "%llx became pre-candidate at term %llu", number(config_.id), number(term_));
}

void Raft::Core::become_candidate() {
  reset(term_.next());
  vote_ = config_.id;
  role_ = Role::kCandidate;
  note(NoteLevel::kInfo, "%llx became candidate at term %llu", number(config_.id), number(term_));
}

void Raft::Core::become_leader() {
  reset(term_);
  leader_ = config_.id;
  role_ = Role::kLeader;
  Progress& own = *progress_of(config_.id);
  own.become_replicate();
  own.recent_active = true;
  // There may be a membership change anywhere in the log; to wait for all of it is cheaper than to look.
  pending_conf_index_ = log_.last();
  append_own({ProposedEntry{}});
  note(NoteLevel::kInfo, "%llx became leader at term %llu", number(config_.id), number(term_));
}

void Raft::Core::on(Campaign) { hup(config_.pre_vote ? CampaignKind::kPreVote : CampaignKind::kElection); }

void Raft::Core::hup(CampaignKind kind) {
  if (role_ == Role::kLeader) {
    note(NoteLevel::kDebug, "%llx ignoring MsgHup because already leader", number(config_.id));
  } else if (!can_be_leader()) {
    note(NoteLevel::kWarn, "%llx is unpromotable and can not campaign", number(config_.id));
  } else if (log_.has_conf_change(applied_, committed_)) {
    note(NoteLevel::kWarn, "%llx cannot campaign at term %llu since there are still pending configuration changes to apply", number(config_.id),
         number(term_));
  } else if (term_.value >= kUnlimited - 1) {
    note(NoteLevel::kError, "%llx cannot campaign: terms are used up", number(config_.id));
  } else {
    note(NoteLevel::kInfo, "%llx is starting a new election at term %llu", number(config_.id), number(term_));
    campaign(kind);
  }
}

bool Raft::Core::can_be_leader() const { return members_.is_voter(config_.id) && installing_.empty(); }

// A vote is asked for only once the own term and vote are durable. Else a candidate could win by the others' votes, send entries, crash, come
// back in the old term, win the same term again and send others in their place.
// The own (pre-)vote takes the same way through the disk: a member whose disk hangs does not even win a pre-vote.
void Raft::Core::campaign(CampaignKind kind) {
  VoteKind vote = kind == CampaignKind::kPreVote ? VoteKind::kPreVote : VoteKind::kVote;
  vote == VoteKind::kPreVote ? become_pre_candidate() : become_candidate();
  Term term = vote == VoteKind::kPreVote ? term_.next() : term_;
  EntryId last = log_.last_id();
  own_vote_ = OwnVote{vote, term};
  for (MemberId id : members_.all_voters()) {
    if (id == config_.id) continue;
    note(NoteLevel::kInfo, "%llx [logterm: %llu, index: %llu] sent %s request to %llx at term %llu", number(config_.id), number(last.term),
         number(last.index), vote_name(vote), number(id), number(term_));
    VoteRequest request{vote, last.index, last.term, kind == CampaignKind::kTransfer};
    vote == VoteKind::kPreVote ? send_at(term, id, request) : send_after_persist(term, id, request);
  }
}

void Raft::Core::poll(MemberId from, VoteKind kind, bool granted) {
  note(NoteLevel::kInfo, "%llx received %s%s from %llx at term %llu", number(config_.id), vote_response_name(kind), granted ? "" : " rejection",
       number(from), number(term_));
  votes_.try_emplace(from, granted);
  std::size_t yes = 0;
  std::size_t no = 0;
  for (auto [voter, vote] : votes_) {
    if (members_.is_voter(voter)) ++(vote ? yes : no);
  }
  note(NoteLevel::kInfo, "%llx has received %zu %s votes and %zu vote rejections", number(config_.id), yes, vote_response_name(kind), no);
  switch (joint_vote(members_.conf.voters, members_.conf.voters_outgoing, votes_)) {
    case VoteResult::kPending: return;
    case VoteResult::kLost: return become_follower(term_, MemberId(0));
    case VoteResult::kWon: break;
  }
  if (role_ == Role::kPreCandidate) return campaign(CampaignKind::kElection);
  become_leader();
  broadcast_append();
}

// Have we heard a leader within the minimum election timeout? Then it needs no successor.
bool Raft::Core::in_lease() const { return config_.check_quorum && leader_ != MemberId(0) && election_elapsed_ < config_.election_tick; }

// Learners vote too: one that was promoted may not know it yet, and its vote may be needed to let it know.
void Raft::Core::handle_vote_request(const Message& message, const VoteRequest& request) {
  bool pre_vote = request.kind == VoteKind::kPreVote;
  bool free = vote_ == message.from || (vote_ == MemberId(0) && leader_ == MemberId(0)) || (pre_vote && message.term > term_);
  bool granted = free && log_.is_up_to_date({request.last_term, request.last_index});
  EntryId last = log_.last_id();
  note(NoteLevel::kInfo, "%llx [logterm: %llu, index: %llu, vote: %llx] %s %s %s %llx [logterm: %llu, index: %llu] at term %llu", number(config_.id),
       number(last.term), number(last.index), number(vote_), granted ? "cast" : "rejected", vote_name(request.kind), granted ? "for" : "from",
       number(message.from), number(request.last_term), number(request.last_index), number(term_));
  // A granted pre-vote carries the term asked for, which may be ahead of ours; a rejection brings a candidate that is behind to our term.
  send_after_persist(granted ? message.term : term_, message.from, VoteResponse{request.kind, granted});
  if (!granted || pre_vote) return;
  election_elapsed_ = 0;
  vote_ = message.from;
}

void Raft::Core::on(TransferLeadership event) {
  if (role_ == Role::kLeader) return handle_transfer(event.to);
  if (role_ != Role::kFollower) return;
  if (leader_ == MemberId(0)) {
    note(NoteLevel::kInfo, "%llx no leader at term %llu; dropping leader transfer msg", number(config_.id), number(term_));
    return;
  }
  out_.send_now.push_back({event.to, leader_, term_, TransferRequest{}});
}

// Until the transfer ends or an election timeout passes, proposals are dropped, so that the transferee can catch up (thesis 3.10).
void Raft::Core::handle_transfer(MemberId to) {
  Progress* progress = progress_of(to);
  if (!progress) return note(NoteLevel::kDebug, "%llx no progress available for %llx", number(config_.id), number(to));
  if (members_.is_learner(to)) return note(NoteLevel::kDebug, "%llx is learner. Ignored transferring leadership", number(config_.id));
  if (transferee_ == to) {
    return note(NoteLevel::kInfo, "%llx [term %llu] transfer leadership to %llx is in progress, ignores request to same node %llx", number(config_.id),
                number(term_), number(to), number(to));
  }
  if (transferee_ != MemberId(0)) {
    note(NoteLevel::kInfo, "%llx [term %llu] abort previous transferring leadership to %llx", number(config_.id), number(term_), number(transferee_));
    transferee_ = MemberId(0);
  }
  if (to == config_.id) {
    return note(NoteLevel::kDebug, "%llx is already leader. Ignored transferring leadership to self", number(config_.id));
  }
  note(NoteLevel::kInfo, "%llx [term %llu] starts to transfer leadership to %llx", number(config_.id), number(term_), number(to));
  election_elapsed_ = 0;
  transferee_ = to;
  if (progress->match() == log_.last()) {
    send(to, TimeoutNow{});
    note(NoteLevel::kInfo, "%llx sends MsgTimeoutNow to %llx immediately as %llx already has up-to-date log", number(config_.id), number(to), number(to));
  } else {
    send_append(to);
  }
}

void Raft::Core::on(ForgetLeader) {
  if (role_ != Role::kFollower || leader_ == MemberId(0)) return;
  note(NoteLevel::kInfo, "%llx forgetting leader %llx at term %llu", number(config_.id), number(leader_), number(term_));
  leader_ = MemberId(0);
}

}  // namespace etcd::raft
