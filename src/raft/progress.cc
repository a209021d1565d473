#include "raft/progress.h"

#include <algorithm>

#include "base/check.h"

namespace etcd::raft {

void Inflights::add(LogIndex last, std::uint64_t bytes) {
  CHECK(!full(), last, sent_.size(), bytes_);
  sent_.push_back({last, bytes});
  bytes_ += bytes;
}

void Inflights::free_upto(LogIndex index) {
  while (!sent_.empty() && sent_.front().last <= index) {
    bytes_ -= sent_.front().bytes;
    sent_.pop_front();
  }
}

void Inflights::clear() {
  sent_.clear();
  bytes_ = 0;
}

void Progress::enter(ProgressState state) {
  flow_paused_ = false;
  pending_snapshot_ = LogIndex(0);
  state_ = state;
  inflights_.clear();
}

void Progress::become_probe() {
  LogIndex base = state_ == ProgressState::kSnapshot ? std::max(match_, pending_snapshot_) : match_;
  enter(ProgressState::kProbe);
  next_ = base.next();
  sent_commit_ = std::min(sent_commit_, next_.prev());
}

void Progress::become_replicate() {
  enter(ProgressState::kReplicate);
  next_ = match_.next();
}

void Progress::become_snapshot(LogIndex index) {
  enter(ProgressState::kSnapshot);
  pending_snapshot_ = index;
  next_ = index.next();
  sent_commit_ = index;
}

void Progress::sent_entries(std::size_t count, std::uint64_t bytes) {
  CHECK(state_ != ProgressState::kSnapshot, next_);
  if (state_ == ProgressState::kProbe) {
    if (count > 0) flow_paused_ = true;
    return;
  }
  if (count > 0) {
    next_ = LogIndex(next_.value + count);
    inflights_.add(next_.prev(), bytes);
  }
  flow_paused_ = inflights_.full();
}

bool Progress::acknowledge(LogIndex index) {
  if (index <= match_) return false;
  match_ = index;
  next_ = std::max(next_, index.next());
  flow_paused_ = false;
  return true;
}

bool Progress::reject(LogIndex rejected, LogIndex hint) {
  if (state_ == ProgressState::kSnapshot) return false;  // the answer to something before the snapshot
  if (state_ == ProgressState::kReplicate) {
    if (rejected <= match_) return false;  // overtaken by an acknowledgement
    next_ = match_.next();
  } else {
    if (rejected != next_.prev()) return false;  // not the answer to the last probe
    next_ = std::max(std::min(rejected, hint.next()), match_.next());
    flow_paused_ = false;
  }
  sent_commit_ = std::min(sent_commit_, next_.prev());
  return true;
}

ProgressStatus Progress::status(MemberId id, bool learner) const {
  return {.id = id,
          .match = match_,
          .next = next_,
          .state = state_,
          .pending_snapshot = pending_snapshot_,
          .inflight_messages = static_cast<std::uint32_t>(inflights_.count()),
          .inflight_full = inflights_.full(),
          .paused = paused(),
          .recent_active = recent_active,
          .learner = learner};
}

std::string describe(const ProgressStatus& progress) {
  std::string text(progress_state_name(progress.state));
  text += " match=" + std::to_string(progress.match.value) + " next=" + std::to_string(progress.next.value);
  if (progress.learner) text += " learner";
  if (progress.paused) text += " paused";
  if (progress.pending_snapshot > LogIndex(0)) text += " pendingSnap=" + std::to_string(progress.pending_snapshot.value);
  if (!progress.recent_active) text += " inactive";
  if (progress.inflight_messages > 0) {
    text += " inflight=" + std::to_string(progress.inflight_messages);
    if (progress.inflight_full) text += "[full]";
  }
  return text;
}

}  // namespace etcd::raft
