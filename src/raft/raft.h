// Raft: one member of the consensus, pure - events in, Outputs out; no I/O, clock, thread or random source of its own.
//
// Owner: the replica stage; one thread at a time. Follows the Raft thesis as etcd-io/raft does, bit for bit in what other members see.
// Invariants (raft/invariants.h checks them):
//   compacted <= snapshot;   compacted <= durable <= last;   applied <= applying <= committed <= last
//   term and commit never fall; a vote changes only with the term; at most one leader a term; a leader's own log only grows.
// Errors: bad recovered state is an Error of create(); bad messages are dropped with a note; misuse by the caller (Applied beyond what was handed
// out, Persisted of an unknown batch, Compact beyond the snapshot) is a CHECK.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "base/result.h"
#include "base/rng.h"
#include "raft/config.h"
#include "raft/input.h"
#include "raft/output.h"
#include "raft/status.h"

namespace etcd::raft {

class Raft {
 public:
  // A follower in the recovered term. `rng` draws election timeouts. kInvalid: bad config. kCorrupt: the recovered parts cannot belong together -
  // commit beyond the log, gaps or falling terms in the entries, applied outside [snapshot, last]. A commit index below `applied` or the snapshot
  // is raised to them (the commit index need not be durable), and a term below that of the last entry to it (then nothing was promised in it). The
  // first Output may already carry committed entries above `applied`.
  static Result<Raft> create(const Config& config, Recovered recovered, base::Rng rng);
  ~Raft();
  Raft(Raft&&) noexcept;
  Raft& operator=(Raft&&) noexcept;

  // feed() and then flush(): for a single event.
  Output step(Input input);

  // Takes in one event. Feed all that have gathered, then flush() once: so batches form.
  void feed(Input input);
  // Would flush() return anything to do?
  bool has_output() const;
  // Everything to do since the last flush; empty() if there is nothing.
  Output flush();

  // The shorter questions, as of the last feed().
  Term term() const;
  MemberId leader() const;
  Role role() const;
  LogIndex committed() const;
  LogIndex last_index() const;
  // A copy of everything an observer may want; some microseconds.
  RaftStatus status() const;

 private:
  class Core;
  friend class Inspector;  // tests
  explicit Raft(std::unique_ptr<Core> core);

  std::unique_ptr<Core> core_;
};

}  // namespace etcd::raft
