// Membership: who votes, who only learns, and how one configuration may follow another (thesis chapter 4; joint consensus 4.3).
//
// Invariants (invalid_configuration() states which one is broken):
//   lists sorted, without repeats and without member 0;  learners are in neither half of the voters;  learners_next are voters of the outgoing
//   half only;  outgoing, learners_next and auto_leave are empty unless joint;  no voters at all only before the first change.
// Errors carry etcd's texts.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "raft/progress.h"
#include "raft/types.h"

namespace etcd::raft {

// A configuration with what the leader tracks for each of its members. Invariant: `progress` has exactly the ids of the configuration.
struct Members {
  ConfState conf;
  ProgressMap progress;

  bool joint() const { return !conf.voters_outgoing.empty(); }
  // One voter decides alone.
  bool singleton() const { return conf.voters.size() == 1 && conf.voters_outgoing.empty(); }
  bool is_voter(MemberId id) const;
  bool is_learner(MemberId id) const;
  // The voters of both halves, sorted.
  std::vector<MemberId> all_voters() const;
};

// What a member that joins starts with: recently active (or a leader might lose its quorum by adding it), probed from `next`.
struct NewProgress {
  LogIndex next;
  Inflights inflights;
};

// The configuration that `conf` names, everybody's progress new; kInvalid if it breaks an invariant.
Result<Members> restore_members(const ConfState& conf, const NewProgress& fresh);
// The configuration after a change; kInvalid if it cannot follow, and then nothing changes.
Result<Members> change_members(const Members& before, const ConfChangeV2& change, const NewProgress& fresh);

// The three kinds of change that change_members chooses from.
Result<Members> change_simple(const Members& before, const std::vector<ConfChangeSingle>& changes, const NewProgress& fresh);
Result<Members> enter_joint(const Members& before, bool auto_leave, const std::vector<ConfChangeSingle>& changes, const NewProgress& fresh);
Result<Members> leave_joint(const Members& before);

// Empty if `conf` keeps the invariants, else what it breaks.
std::string invalid_configuration(const ConfState& conf);

ConfChangeV2 as_v2(const ConfChange& change);
// Does it ask to leave a joint configuration?
bool leaves_joint(const ConfChangeV2& change);

// etcd's forms: "voters=(1 2)&&(1) learners=(3) autoleave" and "transition:ConfChangeTransitionAuto changes:{type:... node_id:1}".
std::string describe(const ConfState& conf);
std::string describe(const ConfChangeV2& change);
std::string_view conf_change_type_name(ConfChangeType type);

}  // namespace etcd::raft
