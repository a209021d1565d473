// LongReads: Ranges, and transactions that only read, over so many keys that they would hold up their loop. They are read on a thread of their own, and of
// each connection one at a time: the next begins when the answer of the one before has left. So a client that asks for much and reads little holds no more
// than one.
//
// Called on the loops; the reading runs where Options::read_elsewhere has it run. Invariant: whoever is in a line is started once, in order.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <variant>

#include "api/auth/callers.h"
#include "api/context.h"
#include "api/replies.h"
#include "apply/operation_counts.h"
#include "apply/read_only.h"
#include "apply/request.h"
#include "mvcc/range.h"
#include "mvcc/read_view.h"

namespace etcd::api {

class LongReads {
 public:
  // More keys than that are read elsewhere: some 0.3 ms of work.
  static constexpr std::int64_t kKeysOnLoop = 2'000;

  // All must outlive it. It must outlive what it has given to Options::read_elsewhere.
  LongReads(Context& context, Callers& callers, const Replies& replies);
  ~LongReads();

  // False also where there is no thread for it.
  bool takes(const mvcc::ReadView& view, const mvcc::RangeOptions& options) const;
  // The keys of its compares and of the ranges in both branches count together: which branch is taken takes reading to know. It has passed check_txn.
  bool takes(const mvcc::ReadView& view, const apply::TxnRequest& request) const;
  // On the call's loop. `request` looks into the call's bytes. The newest view at the time of reading is read, if the caller may read it then.
  void run(rpc::UnaryCall call, const apply::RangeRequest& request);
  void run(rpc::UnaryCall call, apply::TxnRequest request);

 private:
  struct RangeJob;
  struct TxnJob;
  struct Read;
  using Peer = std::shared_ptr<const rpc::Peer>;
  using Job = std::variant<RangeJob, TxnJob>;

  void enqueue(rpc::UnaryCall call, Job job);
  void start(Read& read);
  Status check_caller(const Read& read);
  void carry_out(Read& read);
  void finish(Read& read);
  void answer(Read& read, RangeJob& job);
  void answer(Read& read, TxnJob& job);
  base::UniqueFunction<void()> when_gone(const Read& read);
  void next(const Peer& peer);

  Context& context_;
  Callers& callers_;
  const Replies& replies_;
  std::mutex mutex_;
  // By connection. The first of each is being read or, once it is empty, being sent.
  std::map<Peer, std::deque<std::unique_ptr<Read>>> lines_;
};

}  // namespace etcd::api
