// Agreement: what must be equal on all members - their states at one applied index, their leader in one term, their hashes of one revision - and a
// member's configuration in raft, which must be that of its state machine.
//
// Owner: the World, which tells it what members are like.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "apply/state_machine.h"
#include "node/node.h"
#include "raft/status.h"

namespace etcd::sim {

class Agreement {
 public:
  using Fault = std::optional<std::string>;

  // The state machine of a member, between two batches.
  Fault see_state(apply::StateMachine& machine);
  // What a member says about the leader.
  Fault see_leader(Term term, MemberId leader);
  Fault see_configuration(const raft::RaftStatus& raft, const apply::StateMachine& machine);
  // A hash of the key space up to a revision, with this compact revision.
  Fault see_hash(const node::HashKvResult& hash);

  std::uint64_t leaders() const { return leaders_.size(); }

 private:
  struct State {
    Term term;
    Revision revision;
    Revision compacted;
    std::uint64_t auth_revision = 0;
    bool auth_enabled = false;
    std::vector<MemberId> voters;
    std::vector<MemberId> learners;
    friend bool operator==(const State&, const State&) = default;
  };
  using States = std::map<LogIndex, State>;

  Fault see_order(States::const_iterator at_state) const;

  States states_;
  std::map<Term, MemberId> leaders_;
  std::map<std::pair<Revision, Revision>, node::HashKvResult> hashes_;
};

}  // namespace etcd::sim
