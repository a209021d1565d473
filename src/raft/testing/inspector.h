// What tests may see and set of the core beyond its interface.
#pragma once

#include <algorithm>
#include <memory>
#include <utility>
#include <vector>

#include "raft/core.h"

namespace etcd::raft {

class Inspector {
 public:
  // Without the checks of create(), for etcd's scripts: their members begin with a snapshot of term 1 in term 0.
  static Raft make_unchecked(const Config& config, Recovered recovered) {
    NewProgress fresh{std::max(recovered.snapshot.metadata.index, LogIndex(1)), Inflights(config.max_inflight_messages, config.max_inflight_bytes)};
    Members members = *restore_members(recovered.conf_state, fresh);
    return Raft(std::make_unique<Raft::Core>(config, std::move(recovered), std::move(members), base::Rng(config.id.value)));
  }

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
