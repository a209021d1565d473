// Figure 8 of the Raft paper, over and over with five members: an entry of an older term comes to be on a majority without being committed, for a member
// with a newer entry in its place may still lead. Who counts it as committed loses it.
#include <algorithm>
#include <vector>

#include "sim/world.h"

namespace etcd::sim {

namespace {

const raft::AppendRequest* entries_of(const raft::Message& message) {
  const auto* append = std::get_if<raft::AppendRequest>(&message.body);
  return append != nullptr && !append->entries.empty() ? append : nullptr;
}

bool is_of_old_term(const raft::Message& message) {
  const raft::AppendRequest* append = entries_of(message);
  return append == nullptr || std::ranges::all_of(append->entries, [&](const raft::Entry& entry) { return entry.term < message.term; });
}

raft::RaftStatus status_of(Member& member) {
  raft::RaftStatus status;
  member.run([&](node::LocalNode& node) { status = node.raft_status(); });
  return status;
}

Member* leader_among(const std::vector<Member*>& members) {
  for (Member* member : members) {
    if (status_of(*member).role == raft::Role::kLeader) return member;
  }
  return nullptr;
}

void kill(const std::vector<Member*>& members) {
  for (Member* member : members) {
    if (member->is_up()) member->end(false);
  }
}

}  // namespace

void World::play_figure_eight() {
  constexpr std::int64_t kLimitNs = 20 * kSecond;
  network_.set_filter({});
  start_all();
  Member* first = wait_for_leader();
  if (first == nullptr) return;
  std::vector<Member*> rest;
  for (const auto& member : members_) {
    if (member.get() != first) rest.push_back(member.get());
  }
  Member* witness = rest.back();
  rest.pop_back();

  // (a) Entries of the leader's term reach one other member, and both go.
  network_.set_filter([first, witness](const Member& from, const Member& to, const raft::Message& message) {
    return &from != first || &to == witness || entries_of(message) == nullptr;
  });
  const auto has_left_some = [&] {
    const raft::RaftStatus status = status_of(*first);
    return status.durable > status.committed && status_of(*witness).durable >= status.durable;
  };
  wait_until(has_left_some, kSecond);
  kill({first, witness});

  // (b) One of the others leads, and has an entry of its own in that place, alone; then it goes.
  network_.set_filter([](const Member&, const Member&, const raft::Message& message) { return entries_of(message) == nullptr; });
  if (!wait_until([&] { return leader_among(rest) != nullptr; }, kLimitNs)) return;
  pass(100 * kMillisecond);
  Member* rival = leader_among(rest);
  if (rival == nullptr) return;
  kill({rival});

  // (c) One of the first two leads again: the older entries come to be on a majority, its own do not.
  network_.set_filter([](const Member&, const Member&, const raft::Message& message) { return is_of_old_term(message); });
  first->start();
  witness->start();
  if (!wait_until([&] { return leader_among({first, witness}) != nullptr; }, kLimitNs)) return;
  pass(500 * kMillisecond);
  kill({first, witness});

  // (d) The rival leads, by the votes of the others, and replaces them.
  network_.set_filter({});
  rival->start();
  if (!wait_until([&] { return leader_among(rest) != nullptr; }, kLimitNs)) return;
  scenes_played_ += leader_among(rest) == rival ? 1 : 0;
  pass(kSecond);
  start_all();
  pass(2 * kSecond);
}

}  // namespace etcd::sim
