// What tests may see and set of the core beyond its interface.
#pragma once

#include <utility>
#include <vector>

#include "raft/core.h"

namespace etcd::raft {

class Inspector {
 public:
  // The notes made since they were last asked for; a flush would bring them later.
  static std::vector<Note> take_notes(Raft& raft) { return std::exchange(raft.core_->out_.notes, {}); }
  static bool take_dropped(Raft& raft) { return !std::exchange(raft.core_->out_.dropped, {}).empty(); }
  static ConfState take_conf_state(Raft& raft) { return *std::exchange(raft.core_->out_.conf_state, std::nullopt); }
  static void set_election_timeout(Raft& raft, std::uint32_t ticks) { raft.core_->election_timeout_ = ticks; }
  static bool is_member(const Raft& raft, MemberId id) { return raft.core_->members_.progress.contains(id); }
  static const Log& log(const Raft& raft) { return raft.core_->log_; }
  static const ProgressMap& progress(const Raft& raft) { return raft.core_->members_.progress; }
};

}  // namespace etcd::raft
