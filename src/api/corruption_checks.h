// CorruptionChecks: a leader that compares the members' data from time to time, and raises the CORRUPT alarm for those that differ:
//  - every --corrupt-check-time, all data at one revision (expensive: each member hashes everything);
//  - with the CompactHashCheck gate every --compact-hash-check-time, the hashes that compactions made along the way.
// What the hashes mean: hash_comparison.h. A check ends before the time to the next begins.
//
// Owner: Api, on one loop; the timers start with the loop.
#pragma once

#include <functional>
#include <memory>
#include <vector>

#include "api/context.h"
#include "api/hash_comparison.h"

namespace etcd::api {

class CorruptionChecks {
 public:
  explicit CorruptionChecks(Context& context);

 private:
  using Hash = node::HashKvResult;
  struct Periodic {
    Hash before;
    std::vector<MemberHash> others;
  };

  bool leads() const;
  void compare_all();
  void compare_now(std::shared_ptr<Periodic> check);
  void compare_compactions();
  void compare_next_compaction(std::shared_ptr<std::vector<Hash>> unchecked, std::size_t place);
  // Each of the following calls back on the loop.
  void hash_here(base::UniqueFunction<void(Result<Hash>)> done);
  void ask_others(Revision revision, base::UniqueFunction<void(std::vector<MemberHash>)> done);
  void wait_periodic();
  void end_compaction_check(std::size_t checked);
  void wait_compaction();
  void raise_alarm(MemberId corrupt);

  Context& context_;
  rpc::Loop& loop_;
  Revision checked_;  // compactions up to here are equal on all members
  rpc::Timer periodic_timer_;
  rpc::Timer compaction_timer_;
};

}  // namespace etcd::api
