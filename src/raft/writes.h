// Writes: the batches on their way to disk, oldest first, and what each will make true once it is durable.
//
// Owner: Raft. An entry that a later batch replaces must not count when the earlier batch comes back, even if a still later batch brings the same
// entry again: so truncate() lowers what the earlier ones promise.
#pragma once

#include <algorithm>
#include <cstdint>
#include <deque>
#include <optional>

#include "raft/message.h"
#include "raft/types.h"

namespace etcd::raft {

// The member's own vote, which counts once it is durable.
struct OwnVote {
  VoteKind kind = VoteKind::kVote;
  Term term;  // campaigned for
  friend bool operator==(const OwnVote&, const OwnVote&) = default;
};

struct Write {
  std::uint64_t number = 0;
  LogIndex last;  // the log is on disk up to here once this one is
  std::optional<OwnVote> own_vote;
  std::uint64_t tick = 0;  // when it was handed over
  friend bool operator==(const Write&, const Write&) = default;
};

class Writes {
 public:
  bool empty() const { return pending_.empty(); }
  std::size_t size() const { return pending_.size(); }
  const Write& oldest() const { return pending_.front(); }
  // The number of the last batch handed over; 0 before the first.
  std::uint64_t last_number() const { return last_number_; }

  // Numbers the batch and remembers it.
  std::uint64_t add(LogIndex last, std::optional<OwnVote> own_vote, std::uint64_t tick) {
    pending_.push_back({++last_number_, last, own_vote, tick});
    return last_number_;
  }
  // The oldest batch, if its number is not above `number`; it is forgotten.
  std::optional<Write> take(std::uint64_t number) {
    if (pending_.empty() || pending_.front().number > number) return std::nullopt;
    Write oldest = pending_.front();
    pending_.pop_front();
    return oldest;
  }
  // The log was cut after `index`.
  void truncate(LogIndex index) {
    for (Write& write : pending_) write.last = std::min(write.last, index);
  }

 private:
  std::deque<Write> pending_;
  std::uint64_t last_number_ = 0;
};

}  // namespace etcd::raft
