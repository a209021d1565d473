// ReadBarrier: makes linearizable reads wait until this member has applied all that was committed when they asked.
//
// One question (raft ReadIndex) is under way at a time and carries everybody who had asked before it was sent; those who come later wait for the
// next. A question without an answer is asked again with a fresh context, so that a late answer never satisfies a later reader; so is one that the leader it
// went to can't answer any more.
// Owner: the replica stage. Invariant: each callback runs once - with success only after applied >= the index learnt by a question sent after it asked.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/ids.h"
#include "base/result.h"
#include "base/unique_function.h"

namespace etcd::node {

using BarrierCallback = base::UniqueFunction<void(Status)>;

class ReadBarrier {
 public:
  struct Reader {
    std::int64_t deadline_ns = 0;
    BarrierCallback done;
  };
  // Questions, not readers.
  struct Counts {
    std::uint64_t failed = 0;     // were not answered by their leader
    std::uint64_t repeated = 0;   // asked again
    std::uint64_t late = 0;       // answered after another one had been asked
    std::uint64_t timed_out = 0;  // given up, since all their readers had
  };

  // Questions are numbered from `first_question`: above all that an earlier life of this member may have asked, whose answers may still come.
  explicit ReadBarrier(std::uint64_t first_question = 0) : question_(first_question) {}

  void ask(Reader reader) { asking_.push_back(std::move(reader)); }
  // The context of the question to send now, if there is one: readers wait and none is under way, or it has gone unanswered for too long.
  std::optional<base::SharedBytes> next_question(std::int64_t now_ns);
  // The answer to the question with this context; one for an older question is ignored.
  void answered(const base::SharedBytes& context, LogIndex index);
  // The question will not be answered: its readers need another one.
  void dropped(const base::SharedBytes& context);
  // Another member leads than when the question was sent, or none: likewise.
  void leader_changed();
  // Readers wait for whom next_question() has one.
  bool has_unasked() const { return !under_way_ && !asking_.empty(); }
  // Fails those who have not been asked for.
  void refuse_unasked(const Error& error) { fail_readers(asking_, error); }
  // Runs the callbacks of all whose index is applied.
  void applied(LogIndex index);
  // Fails those whose deadline has passed with kTimeout.
  void expire(std::int64_t now_ns);
  void fail_all(const Error& error);

  // When next_question() or expire() have something to do again, if nothing else happens.
  std::int64_t wake_at_ns() const;
  const Counts& counts() const { return counts_; }

 private:
  struct Confirmed {
    LogIndex index;
    std::vector<Reader> readers;
  };

  void take_back();
  void fail_readers(std::vector<Reader>& readers, const Error& error);
  void expire_readers(std::vector<Reader>& readers, std::int64_t now_ns);

  std::vector<Reader> asking_;           // no question sent for them yet
  std::vector<Reader> in_flight_;        // wait for the answer to question_
  std::deque<Confirmed> confirmed_;      // wait for apply, by index
  std::uint64_t question_;               // number of the last question
  bool under_way_ = false;
  std::int64_t sent_ns_ = 0;
  LogIndex applied_;
  Counts counts_;
};

}  // namespace etcd::node
