#include "node/lone_restart.h"

#include <map>
#include <string>
#include <utility>

#include "raft/codec.h"

namespace etcd::node {

namespace {

// What the log says about a member at its end, as far as the log alone can tell.
enum class Standing { kVoter, kLearner, kRemoved };

std::map<MemberId, Standing> standings(apply::StateMachine& machine, const std::vector<raft::Entry>& committed) {
  std::map<MemberId, Standing> members;
  for (const cluster::Member& member : machine.cluster_view()->members) members[member.id] = member.is_learner ? Standing::kLearner : Standing::kVoter;
  for (const MemberId id : machine.cluster_view()->removed) members[id] = Standing::kRemoved;
  for (const raft::Entry& entry : committed) {
    if (entry.type != raft::EntryType::kConfChange || entry.index <= machine.applied()) continue;
    const auto change = raft::decode_conf_change(entry.data);
    if (!change) continue;  // applying it will say so
    if (change->type == raft::ConfChangeType::kRemoveNode) members[change->node_id] = Standing::kRemoved;
    if (change->type == raft::ConfChangeType::kAddNode) members.emplace(change->node_id, Standing::kVoter);
    if (change->type == raft::ConfChangeType::kAddLearnerNode) members.emplace(change->node_id, Standing::kLearner);
  }
  return members;
}

raft::ConfChange promotion_of(MemberId id) {
  raft::ConfChange change;
  change.type = raft::ConfChangeType::kAddNode;
  change.node_id = id;
  change.context = base::SharedBytes(cluster::member_change_json({.member = {.id = id}, .is_promote = true}));
  return change;
}

}  // namespace

Result<std::vector<raft::Entry>> entries_of_lone_restart(apply::StateMachine& machine, const std::vector<raft::Entry>& committed,
                                                         const raft::HardState& hard_state, MemberId self) {
  const std::map<MemberId, Standing> members = standings(machine, committed);
  const auto own = members.find(self);
  if (own == members.end() || own->second == Standing::kRemoved) {
    return fail(Errc::kInvalid, "the member has been permanently removed from the cluster: it can't become a new one");
  }
  std::vector<raft::ConfChange> changes;
  if (own->second == Standing::kLearner) changes.push_back(promotion_of(self));
  for (const auto& [id, standing] : members) {
    if (id != self && standing != Standing::kRemoved) changes.push_back({.id = 0, .type = raft::ConfChangeType::kRemoveNode, .node_id = id, .context = {}});
  }
  LogIndex index = committed.empty() ? machine.applied() : committed.back().index;
  std::vector<raft::Entry> entries;
  for (const raft::ConfChange& change : changes) {
    std::string data;
    raft::encode(change, data);
    index = LogIndex(index.value + 1);
    entries.push_back({.term = hard_state.term, .index = index, .type = raft::EntryType::kConfChange, .data = base::SharedBytes(std::move(data))});
  }
  return entries;
}

}  // namespace etcd::node
