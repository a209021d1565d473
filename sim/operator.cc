// What an operator does to the cluster while it works.
#include <algorithm>

#include "cluster/identity.h"
#include "cluster/member.h"
#include "sim/world.h"

namespace etcd::sim {

void World::act_later() {
  const auto pause = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * profile_.act_every_ns)));
  scheduler_.after(pause, [this] {
    if (!troubled_) return;
    act();
    act_later();
  });
}

void World::act() {
  if (profile_.total_acts() == 0) return;
  std::uint64_t choice = rng_.below(profile_.total_acts());
  const auto chosen = [&](std::uint64_t weight) {
    const bool is = choice < weight;
    choice -= is ? 0 : weight;
    if (is) choice = UINT64_MAX;
    return is;
  };
  if (chosen(profile_.move_leader)) return move_leader();
  if (chosen(profile_.defragment)) return defragment();
  if (chosen(profile_.compact)) return compact();
  if (chosen(profile_.change_members)) return change_members();
}

Member* World::any_up() { return sim::any_up(members_, rng_); }

// By the one who has applied the most.
std::vector<cluster::Member> World::members_known() {
  std::vector<cluster::Member> known;
  LogIndex newest;
  for (const auto& member : members_) {
    member->run([&](node::LocalNode& node) {
      if (node.status().applied <= newest) return;
      newest = node.status().applied;
      known = node.cluster()->members;
    });
  }
  return known;
}

// Who thinks that it leads, in the newest term.
Member* World::leader() {
  Member* found = nullptr;
  Term newest;
  for (const auto& member : members_) {
    member->run([&](node::LocalNode& node) {
      const node::NodeStatus status = node.status();
      if (status.leader != member->id() || status.term < newest) return;
      newest = status.term;
      found = member.get();
    });
  }
  return found;
}

void World::move_leader() {
  Member* from = leader();
  Member* to = any_up();
  if (from == nullptr || to == nullptr || from == to) return;
  trace_.add(scheduler_.now_ns(), from->number(), "hands leadership to", static_cast<std::uint64_t>(to->number()));
  from->run([&](node::LocalNode& node) { node.move_leader(to->id(), from->monotonic_ns() + kSecond, [](Status) {}); });
}

void World::defragment() {
  Member* member = any_up();
  if (member == nullptr) return;
  trace_.add(scheduler_.now_ns(), member->number(), "defragments");
  member->run([](node::LocalNode& node) { node.defragment([](Status) {}); });
}

void World::compact() {
  Member* member = any_up();
  const std::int64_t newest = history_.newest_revision();
  if (member == nullptr || newest < 2) return;
  const std::int64_t back = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(rng_.one_in(3) ? 3 : 100)));
  const Revision revision(std::max<std::int64_t>(1, newest - back));
  trace_.add(scheduler_.now_ns(), member->number(), "compacts", static_cast<std::uint64_t>(revision.value));
  member->run([&](node::LocalNode& node) {
    auto proposer = node.make_proposer();
    proposer->propose({.kind = node::RequestKind::kCompaction,
                       .request = base::SharedBytes(compaction_request(revision)),
                       .done = [](Result<base::Rope>) {}});
    proposer->submit();
  });
}

// A careful operator: one change at a time, and none that takes the quorum away while somebody is down.
void World::change_members() {
  if (changing_members_) return;
  const bool all_up = std::ranges::all_of(members_, [](const auto& member) { return member->is_up() || member->is_removed(); });
  if (!all_up) return;
  switch (rng_.below(3)) {
    case 0: return add_member();
    case 1: return remove_member();
    default: return promote_member();
  }
}

namespace {

constexpr std::int64_t kChangeLimitNs = 5 * kSecond;

std::vector<cluster::Member> members_known_to(Member& member) {
  std::vector<cluster::Member> known;
  member.run([&](node::LocalNode& node) { known = node.cluster()->members; });
  return known;
}

// Of two voters none is removed: if that one leads, and ends before the other has heard that the removal is committed, the other waits for its vote for
// ever. Raft has no better answer, and etcd none but --force-new-cluster.
bool leaves_two_voters(Member& asked, const Member& gone) {
  const std::vector<cluster::Member> known = members_known_to(asked);
  return std::ranges::count_if(known, [&](const cluster::Member& member) { return !member.is_learner && member.id != gone.id(); }) >= 2;
}

}  // namespace

// It starts when the cluster says that it is one of its members - or will be, if the answer was lost: then it waits in vain, as it may.
void World::add_member() { add_member(rng_.one_in(2)); }

void World::add_member(bool is_learner) {
  constexpr std::size_t kMost = 8;
  Member* asked = any_up();
  if (asked == nullptr) return;
  std::vector<cluster::Member> members = members_known_to(*asked);
  if (members.size() >= kMost || numbers_ >= 14) return;
  const int number = ++numbers_;
  cluster::Member added;
  added.peer_urls = {"http://m" + std::to_string(number) + ":2380"};
  added.id = cluster::member_id(added.peer_urls, "", scheduler_.now_ns());
  added.is_learner = is_learner;
  members.push_back(added);
  raft::ConfChange change;
  change.type = added.is_learner ? raft::ConfChangeType::kAddLearnerNode : raft::ConfChangeType::kAddNode;
  change.node_id = added.id;
  change.context = base::SharedBytes(cluster::member_change_json({added, false}));
  trace_.add(scheduler_.now_ns(), asked->number(), "adds member", static_cast<std::uint64_t>(number), added.is_learner ? 1 : 0);
  changing_members_ = true;
  asked->run([&](node::LocalNode& node) {
    const cluster::Bootstrap join{node.status().cluster_id, added.id, std::move(members)};
    node.change_membership(std::move(change), asked->monotonic_ns() + kChangeLimitNs, [this, number, join](Status changed) {
      changing_members_ = false;
      if (!changed && !may_have_happened(changed.error())) return;
      scheduler_.after(static_cast<std::int64_t>(rng_.below(kSecond)), [this, number, join] { start_joining(number, join); });
    });
  });
}

void World::start_joining(int number, const cluster::Bootstrap& join) {
  ++member_changes_;
  members_.push_back(std::make_unique<Member>(around_, Origin{number, "m" + std::to_string(number), {}, join}, rng_.next()));
  network_.add(*members_.back());
  members_.back()->start();
}

void World::remove_member() {
  constexpr std::size_t kFewest = 4;
  Member* asked = any_up();
  Member* gone = any_up();
  if (asked == nullptr || members_known_to(*asked).size() < kFewest || !leaves_two_voters(*asked, *gone)) return;
  remove_member(*gone);
}

void World::remove_member(Member& member) {
  Member* gone = &member;
  Member* asked = any_up();
  if (asked == nullptr) return;
  raft::ConfChange change;
  change.type = raft::ConfChangeType::kRemoveNode;
  change.node_id = gone->id();
  trace_.add(scheduler_.now_ns(), asked->number(), "removes member", static_cast<std::uint64_t>(gone->number()));
  changing_members_ = true;
  asked->run([&](node::LocalNode& node) {
    node.change_membership(std::move(change), asked->monotonic_ns() + kChangeLimitNs, [this, gone](Status changed) {
      changing_members_ = false;
      if (!changed) return;
      ++member_changes_;
      // It may never hear of it: then the operator stops it.
      scheduler_.after(3 * kSecond, [gone] {
        gone->remove();
        if (gone->is_up()) gone->end(false);
      });
    });
  });
}

void World::promote_member() {
  Member* asked = any_up();
  if (asked == nullptr) return;
  for (const cluster::Member& member : members_known_to(*asked)) {
    if (!member.is_learner) continue;
    raft::ConfChange change;
    change.type = raft::ConfChangeType::kAddNode;
    change.node_id = member.id;
    cluster::Member promoted = member;
    promoted.is_learner = false;
    change.context = base::SharedBytes(cluster::member_change_json({promoted, true}));
    trace_.add(scheduler_.now_ns(), asked->number(), "promotes member", member.id.value);
    changing_members_ = true;
    return asked->run([&](node::LocalNode& node) {
      node.change_membership(std::move(change), asked->monotonic_ns() + kChangeLimitNs, [this](Status changed) {
        changing_members_ = false;
        member_changes_ += changed ? 1 : 0;
      });
    });
  }
}

// Members that hold the same revision must have the same hash of it, whenever they are asked.
void World::compare_hashes() {
  const Revision revision(history_.newest_revision());
  for (const auto& member : members_) {
    member->run([&](node::LocalNode& node) {
      const mvcc::ReadViewRef view = node.view();
      if (view->revision() < revision || revision < view->compact_revision() || revision.value == 0) return;
      node.hash_kv(revision, [this, raw = member.get()](Result<node::HashKvResult> hash) {
        if (!hash) return;
        if (auto fault = agreement_.see_hash(*hash)) violate(raw, *fault);
      });
    });
  }
}

}  // namespace etcd::sim
