// Drives one core by arbitrary bytes: events in any order, messages from members that lie. Whatever comes, the core keeps its invariants; only what the
// caller owes it (Persisted, Applied, Compact within bounds) is kept sane.
#pragma once

#include <cstdint>
#include <string_view>

namespace etcd::raft::testing {

// Ends the process when an invariant breaks.
void run_hostile(std::string_view bytes);

}  // namespace etcd::raft::testing
