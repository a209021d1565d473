// ReadQueue: reads that wait for a quorum to confirm that this leader still leads (thesis 6.4).
//
// Owner: Raft, on a leader; a new one for each term. Reads have positions 1, 2, 3...; a heartbeat carries the position of the newest as its context,
// and its answer confirms that position and all before, so any number of reads costs one round.
// Invariants: every acknowledged position <= asked();  a read's index is the commit index when it was asked, in a term with a commit of its own.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "raft/types.h"

namespace etcd::raft {

// A read somebody asked for; `from` is 0 for the member itself.
struct ReadRequest {
  MemberId from;
  base::SharedBytes context;
};

class ReadQueue {
 public:
  struct Confirmed {
    ReadRequest request;
    LogIndex index;
  };

  bool empty() const { return waiting_.empty(); }
  std::size_t size() const { return waiting_.size(); }
  // The position of the newest read.
  std::uint64_t asked() const { return confirmed_ + waiting_.size(); }

  void add(ReadRequest request, LogIndex commit) { waiting_.push_back({std::move(request), commit}); }
  // `from` still followed when it saw `position`.
  void acknowledge(MemberId from, std::uint64_t position);
  // The reads that a quorum has confirmed, in order; they leave the queue.
  std::vector<Confirmed> take_confirmed(const ConfState& conf);
  // What still waits, in order; the queue is empty then.
  std::vector<ReadRequest> take_all();

  // The context of a heartbeat: the newest position in 8 bytes, little end first as etcd writes it; empty when nothing waits.
  base::SharedBytes context() const;
  // The position in a context; nothing if it is not one.
  static std::optional<std::uint64_t> position(const base::SharedBytes& context);

 private:
  std::deque<Confirmed> waiting_;
  std::uint64_t confirmed_ = 0;  // reads that have left the queue
  std::map<MemberId, std::uint64_t> acknowledged_;
};

}  // namespace etcd::raft
