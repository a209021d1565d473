// Raft::Core: the state of one member and the rules that change it, cut by topic:
//   raft.cc        start, events in, Output out      election.cc      terms, votes, roles, ticks
//   replication.cc leader: sending, acknowledgements  follower.cc      entries, heartbeats, snapshots from a leader
//   reads.cc       ReadIndex                          reconfigure.cc   proposals and membership changes
// Private to this folder; raft.h is the interface.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "raft/log.h"
#include "raft/membership.h"
#include "raft/quorum.h"
#include "raft/raft.h"
#include "raft/read_index.h"
#include "raft/writes.h"

namespace etcd::raft {

class Raft::Core {
 public:
  Core(const Config& config, Recovered recovered, Members members, base::Rng rng);

  void feed(Input input);
  bool has_output() const;
  Output flush();
  RaftStatus status() const;

 private:
  friend class Raft;
  friend class Inspector;
  enum class CampaignKind : std::uint8_t { kPreVote, kElection, kTransfer };

  // Events (raft.cc, but where their topic is).
  void on(Tick);
  void on(Propose event);
  void on(ProposeConfChange event);
  void on(Receive event);
  void on(Persisted event);
  void on(Applied event);
  void on(ApplyConfChange event);
  void on(ReadIndex event);
  void on(TransferLeadership event);
  void on(Campaign);
  void on(ForgetLeader);
  void on(ReportUnreachable event);
  void on(ReportSnapshot event);
  void on(SnapshotTaken event);
  void on(Compact event);
  bool has_batch() const;
  LogIndex next_handout() const;
  void flush_persist(Output& out);
  void flush_committed(Output& out);

  // Messages: first the sender and the term, then by role.
  bool is_plausible(const Message& message);
  // Both settle what the message's term says; false if the message is dealt with by that.
  bool settle_higher_term(const Message& message);
  void answer_lower_term(const Message& message);
  void dispatch(Message message);
  void dispatch_as_leader(Message message);
  void dispatch_as_candidate(Message message);
  void dispatch_as_follower(Message message);

  // election.cc
  void tick_follower();
  void tick_leader();
  void check_quorum();
  bool disk_is_stalled() const;
  void reset(Term term);
  void become_follower(Term term, MemberId leader);
  void become_pre_candidate();
  void become_candidate();
  void become_leader();
  void hup(CampaignKind kind);
  void campaign(CampaignKind kind);
  bool can_be_leader() const;
  bool in_lease() const;
  void handle_vote_request(const Message& message, const VoteRequest& request);
  void poll(MemberId from, VoteKind kind, bool granted);
  void handle_transfer(MemberId to);

  // replication.cc
  bool append_own(std::vector<ProposedEntry> entries);
  bool maybe_commit();
  void broadcast_append();
  void broadcast_heartbeat();
  void send_append(MemberId to) { maybe_send_append(to, true); }
  bool maybe_send_append(MemberId to, bool if_empty);
  bool maybe_send_snapshot(MemberId to, Progress& progress);
  void handle_accepted(MemberId from, Progress& progress, LogIndex match);
  void handle_rejected(MemberId from, Progress& progress, const AppendRejected& rejected);
  void handle_heartbeat_response(MemberId from, Progress& progress, const HeartbeatResponse& response);
  void own_log_persisted();

  // follower.cc
  void handle_append(MemberId from, const AppendRequest& request);
  void append_from_leader(const AppendRequest& request);
  void handle_heartbeat(MemberId from, const Heartbeat& heartbeat);
  void handle_snapshot(MemberId from, const InstallSnapshot& message);
  bool restore(const Snapshot& snapshot);
  bool commit_to(LogIndex index);

  // reads.cc
  void handle_read(ReadRequest request);
  void confirm_reads();
  void answer_read(const ReadRequest& request, LogIndex index);
  void drop_reads();
  void release_postponed_reads();
  bool committed_in_own_term() const;

  // reconfigure.cc
  std::optional<DropReason> propose(std::vector<ProposedEntry> entries, MemberId from);
  std::optional<DropReason> propose_as_leader(std::vector<ProposedEntry> entries);
  void check_conf_change(ProposedEntry& entry, LogIndex index);
  void switch_to(Members members);
  void maybe_leave_joint();
  NewProgress new_progress() const;

  void send(MemberId to, MessageBody body) { send_at(term_, to, std::move(body)); }
  void send_at(Term term, MemberId to, MessageBody body);
  void send_after_persist(Term term, MemberId to, MessageBody body);
  Progress* progress_of(MemberId id);
  void note(NoteLevel level, const char* format, ...) __attribute__((format(printf, 3, 4)));
  bool wants(NoteLevel level) const { return level != NoteLevel::kDebug || config_.debug_notes; }

  const Config config_;
  base::Rng rng_;

  // What is persisted, and what of it has been handed over.
  Term term_;
  MemberId vote_;
  LogIndex committed_;
  HardState handed_state_;
  Log log_;
  Writes writes_;
  std::optional<OwnVote> own_vote_;        // goes with the next batch
  std::vector<Message> after_persist_;     // go with the next batch
  bool hand_over_snapshot_ = false;        // snapshot_ goes with the next batch
  std::uint64_t ticks_ = 0;

  // Applying.
  LogIndex applying_;
  LogIndex applied_;
  std::uint64_t applying_weight_ = 0;  // of the entries in (applied_, applying_]
  Snapshot snapshot_;                  // the last one taken, installed or recovered
  // Snapshots from a leader that are not Applied yet. Meanwhile members_ is the newest one's configuration already, and applied_conf_ follows
  // the entries and snapshots that apply reaches one after the other.
  struct Install {
    LogIndex index;
    ConfState conf;
  };
  std::deque<Install> installing_;
  ConfState applied_conf_;

  // Role.
  Role role_ = Role::kFollower;
  MemberId leader_;
  SoftState reported_;
  Votes votes_;
  std::uint32_t election_elapsed_ = 0;   // ticks since the election timer was reset
  std::uint32_t heartbeat_elapsed_ = 0;  // leader
  std::uint32_t election_timeout_ = 0;   // drawn anew with each reset

  // Members; progress, reads and the rest count only on a leader.
  Members members_;
  MemberId transferee_;
  LogIndex pending_conf_index_;  // no membership change may be proposed before this is applied
  std::uint64_t uncommitted_bytes_ = 0;
  ReadQueue reads_;
  std::vector<ReadRequest> postponed_reads_;  // until the first commit of this term
  bool confirm_reads_ = false;                // reads have come in since the last flush

  bool halted_ = false;  // Output::fatal was given: nothing more is taken in
  Output out_;
};

// etcd's name of a kind of message: MsgApp, MsgHeartbeat...
std::string_view message_name(const MessageBody& body);

// Member ids as etcd prints them need the plain number.
inline unsigned long long number(MemberId id) { return id.value; }
inline unsigned long long number(Term term) { return term.value; }
inline unsigned long long number(LogIndex index) { return index.value; }

}  // namespace etcd::raft
