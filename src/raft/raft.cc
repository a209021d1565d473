#include "raft/raft.h"

#include <algorithm>
#include <cstdarg>
#include <cstdio>

#include "base/check.h"
#include "raft/core.h"

namespace etcd::raft {

namespace {

etcd::Status check_config(const Config& config) {
  if (config.id == MemberId(0)) return fail(Errc::kInvalid, "cannot use none as id");
  if (config.id.value >= kUnlimited - 1) return fail(Errc::kInvalid, "cannot use local target as id");
  if (config.heartbeat_tick == 0) return fail(Errc::kInvalid, "heartbeat tick must be greater than 0");
  if (config.election_tick <= config.heartbeat_tick) return fail(Errc::kInvalid, "election tick must be greater than heartbeat tick");
  if (config.max_inflight_messages == 0) return fail(Errc::kInvalid, "max inflight messages must be greater than 0");
  if (config.max_inflight_bytes < config.max_message_bytes) return fail(Errc::kInvalid, "max inflight bytes must be >= max message size");
  return {};
}

std::string at(const char* what, LogIndex index) { return what + (" " + std::to_string(index.value)); }

// The entries follow the snapshot without a gap, and no term is from the future or falls.
etcd::Status check_entries(const Recovered& recovered) {
  EntryId before{recovered.snapshot.metadata.term, recovered.snapshot.metadata.index};
  for (const Entry& entry : recovered.entries) {
    if (before.index.value == kUnlimited || entry.index != before.index.next()) return fail(Errc::kCorrupt, at("log has a gap after entry", before.index));
    if (entry.term < before.term || entry.term == Term(0)) return fail(Errc::kCorrupt, at("term falls at entry", entry.index));
    before = {entry.term, entry.index};
  }
  if (recovered.hard_state.commit > before.index) return fail(Errc::kCorrupt, at("commit is past the last entry", before.index));
  if (recovered.applied > before.index) return fail(Errc::kCorrupt, at("applied is past the last entry", before.index));
  return {};
}

etcd::Status check_recovered(const Recovered& recovered) {
  const SnapshotMetadata& snapshot = recovered.snapshot.metadata;
  if ((snapshot.index == LogIndex(0)) != (snapshot.term == Term(0))) return fail(Errc::kCorrupt, "snapshot has only half a position");
  if (recovered.applied < snapshot.index) return fail(Errc::kCorrupt, at("applied is before the snapshot at", snapshot.index));
  return check_entries(recovered);
}

// Entries and hard state are written together, and of a write that was not synced a crash may leave the entries alone. Nothing was promised in their
// term then: neither a vote nor an acknowledgement leaves before the write is durable.
HardState with_term_of_log(HardState state, const Recovered& recovered) {
  const Term last = recovered.entries.empty() ? Term(0) : recovered.entries.back().term;
  if (last > state.term) state = {last, MemberId(0), state.commit};
  return state;
}

NewProgress fresh_progress(const Config& config, LogIndex last) {
  return {std::max(last, LogIndex(1)), Inflights(config.max_inflight_messages, config.max_inflight_bytes)};
}

}  // namespace

Result<Raft> Raft::create(const Config& config, Recovered recovered, base::Rng rng) {
  TRY(check_config(config));
  TRY(check_recovered(recovered));
  LogIndex last = recovered.entries.empty() ? recovered.snapshot.metadata.index : recovered.entries.back().index;
  Result<Members> members = restore_members(recovered.conf_state, fresh_progress(config, last));
  if (!members) return fail(Errc::kCorrupt, "recovered configuration: " + members.error().detail);
  return Raft(std::make_unique<Core>(config, std::move(recovered), std::move(*members), rng));
}

Raft::Raft(std::unique_ptr<Core> core) : core_(std::move(core)) {}
Raft::~Raft() = default;
Raft::Raft(Raft&&) noexcept = default;
Raft& Raft::operator=(Raft&&) noexcept = default;

Output Raft::step(Input input) {
  core_->feed(std::move(input));
  return core_->flush();
}

void Raft::feed(Input input) { core_->feed(std::move(input)); }
bool Raft::has_output() const { return core_->has_output(); }
Output Raft::flush() { return core_->flush(); }
Term Raft::term() const { return core_->term_; }
MemberId Raft::leader() const { return core_->leader_; }
Role Raft::role() const { return core_->role_; }
LogIndex Raft::committed() const { return core_->committed_; }
LogIndex Raft::last_index() const { return core_->log_.last(); }
RaftStatus Raft::status() const { return core_->status(); }

bool Output::empty() const {
  return send_now.empty() && !persist && committed.empty() && reads.empty() && reads_dropped.empty() && dropped.empty() && !soft_state &&
         !conf_state && !conf_change_error && !fatal && notes.empty();
}

Raft::Core::Core(const Config& config, Recovered recovered, Members members, base::Rng rng)
    : config_(config),
      rng_(rng),
      term_(with_term_of_log(recovered.hard_state, recovered).term),
      vote_(with_term_of_log(recovered.hard_state, recovered).vote),
      committed_(std::max({recovered.hard_state.commit, recovered.applied, recovered.snapshot.metadata.index})),
      handed_state_(recovered.hard_state),
      log_({recovered.snapshot.metadata.term, recovered.snapshot.metadata.index}),
      applying_(recovered.applied),
      applied_(recovered.applied),
      snapshot_(std::move(recovered.snapshot)),
      applied_conf_(members.conf) {
  for (Entry& entry : recovered.entries) log_.append(std::move(entry));
  log_.hand_over();
  log_.persisted(log_.last());
  switch_to(std::move(members));
  become_follower(term_, MemberId(0));
  std::string peers;
  for (MemberId id : members_.all_voters()) {
    char digits[24];
    std::snprintf(digits, sizeof digits, "%s%llx", peers.empty() ? "" : ",", number(id));
    peers += digits;
  }
  note(NoteLevel::kInfo, "newRaft %llx [peers: [%s], term: %llu, commit: %llu, applied: %llu, lastindex: %llu, lastterm: %llu]", number(config_.id),
       peers.c_str(), number(term_), number(committed_), number(applied_), number(log_.last()), number(log_.last_id().term));
}

void Raft::Core::feed(Input input) {
  if (halted_) return;
  std::visit([this](auto&& event) { on(std::forward<decltype(event)>(event)); }, std::move(input));
  halted_ = out_.fatal.has_value();
}

void Raft::Core::on(Tick) {
  ++ticks_;
  role_ == Role::kLeader ? tick_leader() : tick_follower();
}

// What a durable batch makes true: the entries it wrote count, and the vote it wrote.
void Raft::Core::on(Persisted event) {
  CHECK(event.batch <= writes_.last_number(), event.batch, writes_.last_number());
  while (std::optional<Write> write = writes_.take(event.batch)) {
    log_.persisted(write->last);
    if (!write->own_vote) continue;
    bool pre_vote = role_ == Role::kPreCandidate && write->own_vote->kind == VoteKind::kPreVote && write->own_vote->term == term_.next();
    bool vote = role_ == Role::kCandidate && write->own_vote->kind == VoteKind::kVote && write->own_vote->term == term_;
    if (pre_vote || vote) poll(config_.id, write->own_vote->kind, true);
  }
  own_log_persisted();
}

void Raft::Core::on(Applied event) {
  LogIndex handed_out = installing_.empty() ? applying_ : installing_.back().index;
  CHECK(event.index >= applied_ && event.index <= handed_out, event.index, applied_, handed_out);
  CHECK(event.index <= applying_ || event.index < log_.compacted() || log_.durable() >= log_.compacted(), event.index, log_.durable());
  applying_weight_ -= std::min(applying_weight_, log_.weight_of(applied_, event.index));
  applied_ = event.index;
  applying_ = std::max(applying_, applied_);
  for (; !installing_.empty() && installing_.front().index <= applied_; installing_.pop_front()) {
    applied_conf_ = std::move(installing_.front().conf);
  }
  maybe_leave_joint();
}

void Raft::Core::on(SnapshotTaken event) {
  const SnapshotMetadata& metadata = event.snapshot.metadata;
  CHECK(metadata.index <= applied_, metadata.index, applied_);
  if (metadata.index < snapshot_.metadata.index) return;  // the leader sent a newer one meanwhile
  CHECK(log_.has({metadata.term, metadata.index}), metadata.index, metadata.term);
  snapshot_ = std::move(event.snapshot);
}

void Raft::Core::on(Compact event) {
  CHECK(event.index <= snapshot_.metadata.index && event.index <= log_.last(), event.index, snapshot_.metadata.index);
  if (event.index > log_.compacted()) log_.compact(event.index);
}

Output Raft::Core::flush() {
  if (confirm_reads_) confirm_reads();
  CHECK(applied_ <= applying_ && applying_ <= committed_ && committed_ <= log_.last(), applied_, applying_, committed_, log_.last());
  Output out = std::exchange(out_, {});
  flush_persist(out);
  flush_committed(out);
  SoftState soft{leader_, role_};
  if (soft != reported_) out.soft_state = reported_ = soft;
  return out;
}

bool Raft::Core::has_output() const {
  return has_batch() || next_handout() > applying_ || SoftState{leader_, role_} != reported_ || confirm_reads_ || !out_.empty();
}

bool Raft::Core::has_batch() const {
  return log_.handed() < log_.last() || HardState{term_, vote_, committed_} != handed_state_ || hand_over_snapshot_ || !after_persist_.empty() ||
         own_vote_;
}

void Raft::Core::flush_persist(Output& out) {
  if (!has_batch()) return;
  HardState state{term_, vote_, committed_};
  PersistBatch& batch = out.persist.emplace();
  batch.append = log_.hand_over();
  batch.must_sync = !batch.append.empty() || hand_over_snapshot_ || state.term != handed_state_.term || state.vote != handed_state_.vote;
  if (state != handed_state_) batch.hard_state = handed_state_ = state;
  if (std::exchange(hand_over_snapshot_, false)) batch.snapshot = snapshot_;
  batch.then_send = std::exchange(after_persist_, {});
  batch.number = writes_.add(log_.last(), std::exchange(own_vote_, std::nullopt), ticks_);
}

// The index up to which committed entries may be handed out now; applying_ if none. A single entry always goes, however large.
LogIndex Raft::Core::next_handout() const {
  LogIndex last = config_.apply_before_persisted ? committed_ : std::min(committed_, log_.durable());
  if (!installing_.empty() || last <= applying_ || applying_weight_ >= config_.max_applying_bytes) return applying_;
  LogIndex fitting = log_.fit(applying_.next(), last, config_.max_applying_bytes - applying_weight_);
  return applying_weight_ == 0 ? std::max(fitting, applying_.next()) : fitting;
}

void Raft::Core::flush_committed(Output& out) {
  LogIndex last = next_handout();
  if (last <= applying_) return;
  out.committed = log_.range(applying_.next(), last);
  applying_weight_ += log_.weight_of(applying_, last);
  uncommitted_bytes_ -= std::min(uncommitted_bytes_, log_.payload_of(applying_, last));
  applying_ = last;
}

RaftStatus Raft::Core::status() const {
  RaftStatus status{.id = config_.id,
                    .term = term_,
                    .vote = vote_,
                    .leader = leader_,
                    .role = role_,
                    .transferee = transferee_,
                    .compacted = log_.compacted(),
                    .snapshot = snapshot_.metadata.index,
                    .durable = log_.durable(),
                    .last = log_.last(),
                    .committed = committed_,
                    .applying = applying_,
                    .applied = applied_,
                    .last_term = log_.last_id().term,
                    .unpersisted_batches = writes_.size(),
                    .installing = !installing_.empty(),
                    .conf_state = members_.conf,
                    .progress = {}};
  for (const auto& [id, progress] : members_.progress) status.progress.push_back(progress.status(id, members_.is_learner(id)));
  return status;
}

void Raft::Core::send_at(Term term, MemberId to, MessageBody body) {
  CHECK(to != config_.id, to);
  out_.send_now.push_back({config_.id, to, term, std::move(body)});
}

void Raft::Core::send_after_persist(Term term, MemberId to, MessageBody body) {
  after_persist_.push_back({config_.id, to, term, std::move(body)});
}

Progress* Raft::Core::progress_of(MemberId id) {
  auto found = members_.progress.find(id);
  return found == members_.progress.end() ? nullptr : &found->second;
}

void Raft::Core::note(NoteLevel level, const char* format, ...) {
  if (!wants(level)) return;
  char text[1024];
  va_list values;
  va_start(values, format);
  std::vsnprintf(text, sizeof text, format, values);
  va_end(values);
  out_.notes.push_back({level, text});
}

}  // namespace etcd::raft
