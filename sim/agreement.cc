#include "sim/agreement.h"

#include <iterator>

namespace etcd::sim {

namespace {

std::string at(LogIndex index) { return " at index " + std::to_string(index.value); }

}  // namespace

Agreement::Fault Agreement::see_state(apply::StateMachine& machine) {
  raft::ConfState conf = machine.conf_state();
  const auto users = machine.auth_view();
  State state{machine.applied_term(), machine.store().revision(), machine.store().compact_revision(), users->revision(), users->enabled(),
              std::move(conf.voters),  std::move(conf.learners)};
  const auto [known, is_new] = states_.emplace(machine.applied(), state);
  if (is_new) return see_order(known);
  if (known->second == state) return std::nullopt;
  return "has another state than an other member" + at(machine.applied()) + ": term " + std::to_string(state.term.value) + " and " +
         std::to_string(known->second.term.value) + ", revision " + std::to_string(state.revision.value) + " and " +
         std::to_string(known->second.revision.value) + ", compacted " + std::to_string(state.compacted.value) + " and " +
         std::to_string(known->second.compacted.value) + ", users " + std::to_string(state.auth_revision) + " and " +
         std::to_string(known->second.auth_revision) + ", voters " + std::to_string(state.voters.size()) + " and " +
         std::to_string(known->second.voters.size());
}

// What only grows has not gone back from the state before, and not to the one after.
Agreement::Fault Agreement::see_order(States::const_iterator at_state) const {
  const auto goes_back = [](const State& earlier, const State& later) {
    return earlier.revision > later.revision || earlier.compacted > later.compacted || earlier.auth_revision > later.auth_revision;
  };
  const auto next = std::next(at_state);
  const bool from_before = at_state != states_.begin() && goes_back(std::prev(at_state)->second, at_state->second);
  const bool to_next = next != states_.end() && goes_back(at_state->second, next->second);
  if (!from_before && !to_next) return std::nullopt;
  return "has a revision of keys or users that has gone back" + at(at_state->first);
}

Agreement::Fault Agreement::see_leader(Term term, MemberId leader) {
  if (leader == MemberId(0)) return std::nullopt;
  const auto [known, is_new] = leaders_.emplace(term, leader);
  if (is_new || known->second == leader) return std::nullopt;
  return "knows another leader of term " + std::to_string(term.value) + " than an other member";
}

// Raft may be ahead of apply when a snapshot is on its way, and behind while a change is.
Agreement::Fault Agreement::see_configuration(const raft::RaftStatus& raft, const apply::StateMachine& machine) {
  if (raft.installing || raft.applied != machine.applied()) return std::nullopt;
  const raft::ConfState conf = machine.conf_state();
  if (conf.voters == raft.conf_state.voters && conf.learners == raft.conf_state.learners) return std::nullopt;
  return "has other members in raft than in its state machine" + at(raft.applied);
}

Agreement::Fault Agreement::see_hash(const node::HashKvResult& hash) {
  const auto [known, is_new] = hashes_.emplace(std::pair(hash.hash_revision, hash.compact_revision), hash);
  const bool same = known->second.agrees_with(hash) && hash.agrees_with(known->second);
  if (is_new || same) return std::nullopt;
  return "has another hash of revision " + std::to_string(hash.hash_revision.value) + " compacted at " +
         std::to_string(hash.compact_revision.value) + " than an other member, or than before";
}

}  // namespace etcd::sim
