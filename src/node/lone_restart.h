// The log entries that make a member that was one of several the only one of its cluster: --force-new-cluster. Pure.
#pragma once

#include <vector>

#include "apply/state_machine.h"
#include "base/result.h"
#include "raft/types.h"

namespace etcd::node {

// Entries to be appended behind `committed`, the committed entries above what `machine` has applied, or behind the applied index if there are none: `self`
// becomes a voter if it may be a learner, then everybody else is removed. They count as committed: nobody else is asked. Where an entry names a member that is
// none (any more), or promotes who votes already, it changes nothing when it is applied.
// kInvalid if `self` is no member any more: there is nothing to go on with.
Result<std::vector<raft::Entry>> entries_of_lone_restart(apply::StateMachine& machine, const std::vector<raft::Entry>& committed,
                                                         const raft::HardState& hard_state, MemberId self);

}  // namespace etcd::node
