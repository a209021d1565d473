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

raft::RaftStatus status_of(Member& member) {
  raft::RaftStatus status;
  member.run([&](node::LocalNode& node) { status = node.raft_status(); });
  return status;
}

// It has no entries of its own term, or its receiver will refuse it, and so say what it lacks.
bool brings_old_entries(Member& to, const raft::Message& message) {
  const raft::AppendRequest* append = entries_of(message);
  if (append == nullptr || append->prev_index > status_of(to).last) return true;
  return std::ranges::all_of(append->entries, [&](const raft::Entry& entry) { return entry.term < message.term; });
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
  network_.set_filter([first, witness](Member& from, Member& to, const raft::Message& message) {
    return &from != first || &to == witness || entries_of(message) == nullptr;
  });
  const auto has_left_some = [&] {
    const raft::RaftStatus status = status_of(*first);
    return status.durable > status.committed && status_of(*witness).durable >= status.durable;
  };
  wait_until(has_left_some, kSecond);
  trace_.add(scheduler_.now_ns(), first->number(), "leaves entries to one member alone", static_cast<std::uint64_t>(witness->number()));
  kill({first, witness});

  // (b) One of the others leads, and has an entry of its own in that place, alone; then it goes.
  network_.set_filter([](Member&, Member&, const raft::Message& message) { return entries_of(message) == nullptr; });
  if (!wait_until([&] { return leader_among(rest) != nullptr; }, kLimitNs)) return;
  pass(100 * kMillisecond);
  Member* rival = leader_among(rest);
  if (rival == nullptr) return;
  trace_.add(scheduler_.now_ns(), rival->number(), "leaves entries to nobody");
  kill({rival});

  // (c) One of the first two leads again: the older entries come to be on a majority, its own do not.
  network_.set_filter([](Member&, Member& to, const raft::Message& message) { return brings_old_entries(to, message); });
  first->start();
  witness->start();
  if (!wait_until([&] { return leader_among({first, witness}) != nullptr; }, kLimitNs)) return;
  pass(500 * kMillisecond);
  trace_.add(scheduler_.now_ns(), first->number(), "has brought its old entries to a majority");
  kill({first, witness});

  // (d) The rival leads, by the votes of the others, and replaces them. What the dead have sent does not arrive.
  network_.set_filter([first, witness](Member& from, Member&, const raft::Message&) { return &from != first && &from != witness; });
  rival->start();
  if (!wait_until([&] { return leader_among(rest) != nullptr; }, kLimitNs)) return;
  scenes_played_ += leader_among(rest) == rival ? 1 : 0;
  pass(kSecond);
  network_.set_filter({});
  start_all();
  pass(2 * kSecond);
}

}  // namespace etcd::sim
