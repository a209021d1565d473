// The core's data in etcd-io/raft's debug forms, for scripts.
#pragma once

#include <string>

#include "raft/message.h"
#include "raft/output.h"

namespace etcd::raft::testing {

std::string quoted(std::string_view text);                // as Go's %q
std::string describe_entry(const Entry& entry);           // 1/4 EntryNormal "data"
std::string describe_entries(const Entries& entries);     // a line for each
std::string describe_conf_state(const ConfState& conf);   // Voters:[1 2] VotersOutgoing:[] ...
std::string describe_snapshot(const Snapshot& snapshot);  // Index:4 Term:1 ConfState:...
std::string describe_hard_state(const HardState& state);  // Term:1 Vote:1 Commit:4
std::string describe_message(const Message& message);     // 1->2 MsgApp Term:1 Log:1/3 Commit:3 Entries:[...]
// The end of a message's line: " Entries:[...]", on several lines if there is more than one.
std::string describe_entry_list(const Entries& entries);

// "v1 l2 r3 u4": make voter, make learner, remove, update.
std::vector<ConfChangeSingle> parse_conf_changes(const std::string& text);
std::string describe_conf_changes(const std::vector<ConfChangeSingle>& changes);

}  // namespace etcd::raft::testing
