// Entries that change the membership.
#include <utility>

#include "apply/state_machine.h"
#include "raft/codec.h"

namespace etcd::apply {

namespace {

Status check_same_member(const raft::ConfChange& change, const cluster::Member& member) {
  if (member.id == change.node_id) return {};
  return fail(Errc::kCorrupt, "a conf change for member " + cluster::to_hex(change.node_id) + " describes member " +
                                  cluster::to_hex(member.id));
}

bool is_addition(raft::ConfChangeType type) {
  return type == raft::ConfChangeType::kAddNode || type == raft::ConfChangeType::kAddLearnerNode;
}

// The member that an addition, a promotion or an update describes.
Result<cluster::MemberChange> described_member(const raft::ConfChange& change) {
  auto described = cluster::parse_member_change(change.context.view());
  if (!described) return fail(Errc::kCorrupt, "a conf change can't be read: " + describe(described.error()));
  TRY(check_same_member(change, described->member));
  // What raft is told decides; the context of an honest entry says the same.
  if (is_addition(change.type) && !described->is_promote) {
    described->member.is_learner = change.type == raft::ConfChangeType::kAddLearnerNode;
  }
  return described;
}

}  // namespace

Result<Applied> StateMachine::apply_conf_change(const raft::Entry& entry) {
  if (entry.type != raft::EntryType::kConfChange)
    return fail(Errc::kUnsupported, "the log holds a conf change of version 2, which etcd never makes");
  auto decoded = raft::decode_conf_change(entry.data);
  if (!decoded) return fail(Errc::kCorrupt, describe(decoded.error()));
  auto outcome = std::make_unique<ConfChangeOutcome>();
  outcome->request_id = decoded->id;
  outcome->change = std::move(*decoded);
  TRY(change_membership(outcome->change, *outcome));
  if (!outcome->status) outcome->change.node_id = MemberId(0);
  outcome->conf_state = conf_state();
  Applied applied;
  applied.conf_change = std::move(outcome);
  return applied;
}

// An error is one of the entry, that no member can apply; whether the change was refused is in outcome.status.
Status StateMachine::change_membership(const raft::ConfChange& change, ConfChangeOutcome& outcome) {
  const cluster::Membership& now = state_.cluster.membership();
  if (change.type == raft::ConfChangeType::kRemoveNode) {
    outcome.status = now.check_remove(change.node_id);
    if (!outcome.status) return {};
    state_.cluster.change_membership().remove(change.node_id, state_.changes);
    outcome.removed_self = change.node_id == options_.member;
    return {};
  }
  TRY_ASSIGN(cluster::MemberChange described, described_member(change));
  if (change.type == raft::ConfChangeType::kUpdateNode) {
    outcome.status = now.check_update(described.member);
    if (outcome.status) {
      state_.cluster.change_membership().update_peer_urls(change.node_id, std::move(described.member.peer_urls),
                                                          state_.changes);
    }
  } else if (described.is_promote) {
    outcome.status = now.check_promote(change.node_id);
    if (outcome.status) state_.cluster.change_membership().promote(change.node_id, state_.changes);
  } else {
    outcome.status = now.check_add(described.member, options_.max_learners);
    if (outcome.status) state_.cluster.change_membership().add(std::move(described.member), state_.changes);
  }
  return {};
}

}  // namespace etcd::apply
