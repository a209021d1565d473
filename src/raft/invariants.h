// What is always true of a member, and of two states of it one after the other. For tests and the simulator.
//
// Each function returns what is broken, in words with the numbers; empty if nothing is.
#pragma once

#include <string>

#include "raft/status.h"

namespace etcd::raft {

// compacted <= snapshot;  applied <= applying <= committed <= last;  durable <= last, and >= compacted unless a snapshot is being installed;
// roles fit term, vote and leader;  a leader's match < next <= last + 1 for everybody, and its own match <= durable.
std::string broken_invariant(const RaftStatus& now);

// Term, commit, applied, compacted and snapshot never fall;  a vote in a term never changes;  a leader of a term stays the only one;
// a leader's log only grows.
std::string broken_transition(const RaftStatus& before, const RaftStatus& now);

}  // namespace etcd::raft
