#include "node/replica.h"

#include <algorithm>
#include <functional>
#include <limits>
#include <utility>

#include "base/failpoint.h"
#include "base/go_text.h"
#include "base/plant.h"

namespace etcd::node {

namespace {

template <typename... Handlers>
struct Overloaded : Handlers... {
  using Handlers::operator()...;
};
template <typename... Handlers>
Overloaded(Handlers...) -> Overloaded<Handlers...>;  // clang 14 needs it said

constexpr std::int64_t kFirstWaitNs = 5'000'000'000;

std::string duration_text(std::int64_t ns) { return base::format_duration(base::Duration(ns)); }

bool is_only_voter(const raft::ConfState& state, MemberId id) {
  return state.voters.size() == 1 && state.voters.front() == id && state.voters_outgoing.empty();
}

}  // namespace

Replica::Replica(raft::Raft raft, const Options& options, Outlets outlets, Board& board, base::Logger& logger, Wakeup& wakeup)
    : raft_(std::move(raft)),
      options_(options),
      outlets_(std::move(outlets)),
      board_(board),
      logger_(logger),
      inbox_(wakeup),
      pace_(2 * options.tick_ns),
      barrier_(options.first_question) {
  const raft::RaftStatus status = raft_.status();
  applied_ = status.applied;
  barrier_.applied(applied_);
  only_voter_ = is_only_voter(status.conf_state, status.id);
  // Nobody else can be elected, so there is nothing to wait for.
  if (only_voter_) raft_.feed(raft::Campaign{});
}

std::int64_t Replica::step(std::int64_t now_ns) {
  now_ns_ = now_ns;
  if (next_tick_ns_ == 0) next_tick_ns_ = now_ns + options_.tick_ns;
  inbox_.drain(drained_);
  for (ReplicaInput& input : drained_) take_in(input);
  drained_.clear();
  if (now_ns >= next_tick_ns_) {
    // One that is a little late does not put off the next: on a busy machine elections would begin later and later. But after a pause the missed ticks
    // are not made up for: a burst of them would start an election for no reason.
    next_tick_ns_ += options_.tick_ns;
    if (next_tick_ns_ <= now_ns) next_tick_ns_ = now_ns + options_.tick_ns;
    raft_.feed(raft::Tick{});
    shorten_first_wait();
    if (!catch_ups_.empty() && catch_ups_.settle(raft_.status(), compact_to_, now_ns)) compact();
  }
  feed_proposals();
  const ReadBarrier::Counts before = barrier_.counts();
  barrier_.expire(now_ns);
  ask_for_readers();
  carry_out_all();
  // Those who came while a question was under way that is answered now, or whose leader is gone.
  if (barrier_.has_unasked()) {
    ask_for_readers();
    carry_out_all();
  }
  report_reads(before);
  settle_transfer(now_ns);
  publish();
  board_.replica_ran_ns.store(now_ns);
  return std::min(next_tick_ns_, barrier_.wake_at_ns());
}

// A leader would have been heard of two ticks after the others are in sight: whoever does not need not wait out a whole timeout. As in etcd, two of them
// have to be, within five seconds of the start.
void Replica::shorten_first_wait() {
  if (options_.skipped_ticks == 0) return;
  if (first_wait_ends_ns_ == 0) first_wait_ends_ns_ = now_ns_ + kFirstWaitNs;
  if (raft_.leader() != MemberId(0) || now_ns_ > first_wait_ends_ns_) options_.skipped_ticks = 0;
  if (options_.skipped_ticks == 0 || outlets_.others_answering() < 2) return;
  for (; options_.skipped_ticks > 0; --options_.skipped_ticks) raft_.feed(raft::Tick{});
}

void Replica::take_in(ReplicaInput& input) {
  std::visit(Overloaded{
                 [&](ProposedBatch& batch) {
                   if (batch.leader_term != Term(0)) return held_for_leader_.push_back(std::move(batch));
                   hold(std::move(batch));
                 },
                 [&](ReadBarrier::Reader& reader) { barrier_.ask(std::move(reader)); },
                 [&](raft::Applied& applied) { on_applied(applied.index); },
                 [&](raft::ApplyConfChange& change) {
                   // Another voter may be elected from here on: local reads end before raft knows of it.
                   board_.reads_are_local.store(false);
                   only_voter_ = false;
                   raft_.feed(std::move(change));
                 },
                 [&](SnapshotMade& made) {
                   raft_.feed(raft::SnapshotTaken{std::move(made.snapshot)});
                   compact_to_ = std::max(compact_to_, made.compact);
                   compact();
                 },
                 [&](TransferLeader& transfer) {
                   raft_.feed(raft::TransferLeadership{transfer.to});
                   transfers_.push_back(std::move(transfer));
                 },
                 [&](raft::Persisted& persisted) { raft_.feed(persisted); },
                 [&](ProposedChange& change) { held_changes_.push_back(std::move(change)); },
                 [&](LookAtRaft& wanted) { wanted.look(raft_.status()); },
                 [&](raft::Receive& receive) { raft_.feed(std::move(receive)); },
                 [&](ReportUnreachable& report) { raft_.feed(report); },
                 [&](ReportSnapshot& report) {
                   raft_.feed(report);
                   catch_ups_.sent(report.member, report.sent, now_ns_);
                   compact();
                 },
             },
             input);
}

// After everything else that has come in: what the peers said may have ended this member's term.
void Replica::admit_as_leader() {
  for (ProposedBatch& batch : std::exchange(held_for_leader_, {})) {
    if (raft_.role() != raft::Role::kLeader || raft_.term() != batch.leader_term) {
      outlets_.reject(batch.ids, Error{Errc::kNotLeader});
      continue;
    }
    hold(std::move(batch));
  }
}

void Replica::hold(ProposedBatch batch) {
  std::move(batch.entries.begin(), batch.entries.end(), std::back_inserter(held_.entries));
  held_.ids.insert(held_.ids.end(), batch.ids.begin(), batch.ids.end());
  held_.deadlines_ns.insert(held_.deadlines_ns.end(), batch.deadlines_ns.begin(), batch.deadlines_ns.end());
}

// Whoever asked for these has been told that it took too long. Without a leader for an hour, an hour's worth would gather otherwise, and be written then.
void Replica::drop_late() {
  std::erase_if(held_changes_, [&](const ProposedChange& held) { return held.deadline_ns <= now_ns_; });
  const auto is_late = [&](std::int64_t deadline_ns) { return deadline_ns <= now_ns_; };
  if (std::ranges::none_of(held_.deadlines_ns, is_late)) return;
  ProposedBatch all = std::exchange(held_, {});
  for (std::size_t i = 0; i < all.entries.size(); ++i) {
    if (is_late(all.deadlines_ns[i])) continue;
    held_.entries.push_back(std::move(all.entries[i]));
    held_.ids.push_back(all.ids[i]);
    held_.deadlines_ns.push_back(all.deadlines_ns[i]);
  }
}

void Replica::feed_proposals() {
  drop_late();
  if (raft_.leader() != MemberId(0)) feed_membership_changes();
  admit_as_leader();
  if (held_.entries.empty() || raft_.leader() == MemberId(0)) return;
  ProposedBatch batch = std::exchange(held_, {});
  fed_ids_ = std::move(batch.ids);
  raft_.feed(raft::Propose{std::move(batch.entries)});
}

// One by one, each with what comes of it, so that it is plain which of them was dropped.
void Replica::feed_membership_changes() {
  for (ProposedChange& proposed : std::exchange(held_changes_, {})) {
    carry_out_all();
    fed_ids_ = {proposed.change.id};
    raft_.feed(raft::ProposeConfChange{std::move(proposed.change)});
    carry_out_all();
  }
}

void Replica::carry_out_all() {
  for (raft::Output output = raft_.flush(); !output.empty(); output = raft_.flush()) carry_out(std::move(output));
}

void Replica::carry_out(raft::Output output) {
  for (const raft::Note& note : output.notes) take_note(note);
  // This member has lost what it promised to keep: whatever else it says may be wrong, so nothing more leaves it.
  if (output.fatal) logger_.fatal(*output.fatal);
  if (output.soft_state) on_soft_state(*output.soft_state);
  if (output.conf_state) on_conf_state(*output.conf_state);
  if (output.conf_change_error) logger_.warn("ignored a membership change", {{"error", *output.conf_change_error}});
  if (raft_.role() == raft::Role::kLeader) FAILPOINT(raftBeforeLeaderSend);
  if (!output.send_now.empty()) send(std::move(output.send_now));
  FAILPOINT(raftBeforeSave);
  if (output.persist) outlets_.disk(std::move(*output.persist));
  if (!output.committed.empty()) outlets_.apply(std::move(output.committed));
  for (const raft::ReadState& read : output.reads) barrier_.answered(read.context, read.index);
  for (const base::SharedBytes& context : output.reads_dropped) barrier_.dropped(context);
  // All proposals of a step go in as one, so they are dropped together. Their waiters learn that they were never in the log.
  if (!output.dropped.empty()) {
    const bool retry = output.dropped.front() == raft::DropReason::kNoLeader;
    outlets_.reject(fed_ids_, Error{retry ? Errc::kNoLeader : Errc::kTooManyRequests});
  }
  fed_ids_.clear();
  FAILPOINT(raftBeforeAdvance);
}

// A snapshot goes by way of apply: what raft has of it may be old, and the db has to go with it.
void Replica::send(std::vector<raft::Message> messages) {
  const auto is_snapshot = [](const raft::Message& message) { return std::holds_alternative<raft::InstallSnapshot>(message.body); };
  const auto snapshots = std::stable_partition(messages.begin(), messages.end(), std::not_fn(is_snapshot));
  for (auto message = snapshots; message != messages.end(); ++message) {
    catch_ups_.sending(message->to);
    outlets_.snapshot(std::move(*message));
  }
  messages.erase(snapshots, messages.end());
  for (const raft::Message& message : messages) {
    if (std::holds_alternative<raft::Heartbeat>(message.body)) note_heartbeat(message.to);
  }
  if (!messages.empty()) outlets_.transport.send(std::move(messages));
}

void Replica::note_heartbeat(MemberId to) {
  const auto late_ns = pace_.sent(to, now_ns_);
  if (!late_ns) return;
  board_.late_heartbeats.fetch_add(1, std::memory_order_relaxed);
  logger_.warn("leader failed to send out heartbeat on time; took too long, leader is overloaded likely from slow disk",
               {{"to", cluster::to_hex(to)},
                {"heartbeat-interval", duration_text(options_.tick_ns)},
                {"expected-duration", duration_text(pace_.limit_ns())},
                {"exceeded-duration", duration_text(*late_ns)}});
}

void Replica::compact() {
  if (catch_ups_.empty()) raft_.feed(raft::Compact{compact_to_});
}

void Replica::take_note(const raft::Note& note) {
  switch (note.level) {
    case raft::NoteLevel::kDebug: return logger_.debug(note.text);
    case raft::NoteLevel::kInfo: return logger_.info(note.text);
    case raft::NoteLevel::kWarn: return logger_.warn(note.text);
    case raft::NoteLevel::kError: return logger_.warn(note.text);
  }
}

void Replica::on_soft_state(const raft::SoftState& state) {
  const bool leads = state.role == raft::Role::kLeader;
  if (!leads) {
    board_.reads_are_local.store(false);
    pace_.forget();
  }
  if (state.leader != MemberId(0) && state.leader.value != board_.leader.load()) {
    board_.leader_changes.fetch_add(1);
    board_.leader_since_ns.store(now_ns_, std::memory_order_relaxed);
  }
  if (state.leader != asked_leader_) barrier_.leader_changed();
  board_.leader.store(state.leader.value);
  board_.is_leader.store(leads);
  if (leads && led_term_ != raft_.term()) {
    led_term_ = raft_.term();
    led_from_ = raft_.last_index().prev();  // the entry that opens the term is the last one
  } else if (!leads) {
    led_term_ = Term(0);
  }
  board_.led_term.store(led_term_.value);
}

void Replica::on_conf_state(const raft::ConfState& state) {
  only_voter_ = is_only_voter(state, raft_.status().id);
  if (only_voter_ && raft_.leader() == MemberId(0)) raft_.feed(raft::Campaign{});
}

void Replica::on_applied(LogIndex index) {
  applied_ = index;
  raft_.feed(raft::Applied{index});
  barrier_.applied(index);
}

void Replica::ask_for_readers() {
  if (raft_.leader() != MemberId(0)) {
    leaderless_since_ns_ = 0;
    auto question = barrier_.next_question(now_ns_);
    if (!question) return;
    asked_leader_ = raft_.leader();
    return raft_.feed(raft::ReadIndex{*question});
  }
  if (leaderless_since_ns_ == 0) leaderless_since_ns_ = now_ns_;
  if (now_ns_ - leaderless_since_ns_ >= options_.leaderless_patience_ns) barrier_.refuse_unasked(Error{Errc::kNoLeader});
}

void Replica::settle_transfer(std::int64_t now_ns) {
  auto settled = [&](TransferLeader& transfer) {
    if (raft_.leader() == transfer.to) {
      transfer.done({});
    } else if (now_ns >= transfer.deadline_ns) {
      transfer.done(fail(Errc::kLeaderTransferTimeout));
    } else {
      return false;
    }
    return true;
  };
  transfers_.erase(std::remove_if(transfers_.begin(), transfers_.end(), settled), transfers_.end());
}

void Replica::report_reads(const ReadBarrier::Counts& before) {
  const ReadBarrier::Counts& now = barrier_.counts();
  if (now.repeated != before.repeated) logger_.warn("waiting for ReadIndex response took too long, retrying", {{"retry-timeout", "500ms"}});
  if (now.timed_out != before.timed_out) logger_.warn("timed out waiting for read index response (local node might have slow network)");
  if (now.late != before.late) {
    logger_.warn("ignored out-of-date read index response; local node read indexes queueing up and waiting to be in sync with leader");
  }
}

void Replica::publish() {
  board_.term.store(raft_.term().value);
  board_.committed.store(raft_.committed().value);
  board_.reads_are_local.store(led_term_ != Term(0) && (only_voter_ || PLANTED(every_leader_reads_alone)) && applied_ > led_from_);
  board_.reads_failed.store(barrier_.counts().failed);
  board_.slow_reads.store(barrier_.counts().late + barrier_.counts().timed_out);
}

void Replica::stop() {
  const Error stopped{Errc::kStopped};
  inbox_.drain(drained_);
  for (ReplicaInput& input : drained_) {
    if (auto* reader = std::get_if<ReadBarrier::Reader>(&input)) barrier_.ask(std::move(*reader));
    if (auto* transfer = std::get_if<TransferLeader>(&input)) transfers_.push_back(std::move(*transfer));
  }
  drained_.clear();
  barrier_.fail_all(stopped);
  for (TransferLeader& transfer : std::exchange(transfers_, {})) transfer.done(fail(stopped));
}

}  // namespace etcd::node
