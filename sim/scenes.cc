// Scenes: what is rare by chance, brought about on purpose, under the same load and the same checks.
#include <algorithm>

#include "sim/world.h"

namespace etcd::sim {

namespace {

constexpr std::int64_t kLimitNs = 20 * kSecond;

raft::RaftStatus status_of(Member& member) {
  raft::RaftStatus status;
  member.run([&](node::LocalNode& node) { status = node.raft_status(); });
  return status;
}

}  // namespace

void World::play() {
  const std::int64_t end_ns = scheduler_.now_ns() + profile_.duration_ns;
  while (!violation_ && scheduler_.now_ns() < end_ns) {
    play_scene();
    network_.mend_all();
    network_.set_filter({});
    start_all();
    pass(kSecond);
  }
}

void World::play_scene() {
  switch (profile_.scene) {
    case Scene::kNone: return;
    case Scene::kFigureEight: return play_figure_eight();
    case Scene::kSnapshotDuringDefragmentation:
      return snapshot_during([](Member& leader, Member& behind) {
        for (Member* member : {&leader, &behind}) member->run([](node::LocalNode& node) { node.defragment([](Status) {}); });
      });
    case Scene::kSnapshotDuringCompaction: return snapshot_during([this](Member&, Member&) { compact(); });
    case Scene::kSnapshotToLearner: return snapshot_to_learner();
    case Scene::kTwoSnapshots: return two_snapshots();
    case Scene::kSenderDies: return sender_dies();
    case Scene::kLateSnapshot: return late_snapshot();
    case Scene::kPowerLossDuringInstallation: return power_loss_during_installation();
    case Scene::kAloneByForce: return alone_by_force();
  }
}

void World::start_all() {
  for (const auto& member : members_) member->start();
}

Member* World::wait_for_leader() {
  wait_until([this] { return leader() != nullptr; }, kLimitNs);
  return leader();
}

// A follower that hears nothing until the leader has dropped what it would need; it hears everything again when this returns.
Member* World::leave_behind() {
  Member* leading = wait_for_leader();
  if (leading == nullptr) return nullptr;
  const auto is_other = [&](const auto& member) { return member.get() != leading && member->is_up(); };
  const auto found = std::ranges::find_if(members_, is_other);
  if (found == members_.end()) return nullptr;
  Member* behind = found->get();
  for (const auto& other : members_) {
    if (other.get() == behind) continue;
    network_.cut(*behind, *other);
    network_.cut(*other, *behind);
  }
  const auto is_behind = [&] {
    Member* now_leading = leader();
    return now_leading != nullptr && now_leading != behind && status_of(*now_leading).compacted > status_of(*behind).last;
  };
  const bool left = wait_until(is_behind, kLimitNs);
  network_.mend_all();
  return left ? behind : nullptr;
}

bool World::wait_for_transfer(Member& to) {
  const std::int64_t end_ns = scheduler_.now_ns() + kLimitNs;
  while (!violation_ && scheduler_.now_ns() < end_ns) {
    if (network_.sending_to(to).from != nullptr) return true;
    pass(100 * kMicrosecond);
  }
  return false;
}

bool World::wait_for_catching_up(Member& member) {
  const auto has_caught_up = [&] {
    Member* leading = leader();
    if (leading == nullptr || !member.is_up()) return false;
    const LogIndex compacted = status_of(*leading).compacted;
    return status_of(member).applied >= compacted;
  };
  return wait_until(has_caught_up, kLimitNs);
}

void World::snapshot_during(const std::function<void(Member&, Member&)>& act) {
  Member* behind = leave_behind();
  if (behind == nullptr || !wait_for_transfer(*behind)) return;
  const std::int64_t end_ns = scheduler_.now_ns() + static_cast<std::int64_t>(rng_.below(300 * kMillisecond));
  while (!violation_ && scheduler_.now_ns() < end_ns) {
    if (Member* leading = leader()) act(*leading, *behind);
    pass(static_cast<std::int64_t>(rng_.below(20 * kMillisecond)));
  }
  if (rng_.one_in(2)) behind->end(true);
  behind->start();
  scenes_played_ += wait_for_catching_up(*behind) ? 1 : 0;
}

// It begins with nothing, and the log does not go back so far.
void World::snapshot_to_learner() {
  if (leave_behind() == nullptr) return;
  const std::size_t before = members_.size();
  if (!changing_members_) add_member(true);
  if (!wait_until([&] { return members_.size() > before; }, kLimitNs)) return;
  Member& learner = *members_.back();
  if (!wait_for_catching_up(learner)) return;
  ++scenes_played_;
  wait_until([&] { return !changing_members_; }, kLimitNs);
  rng_.one_in(2) ? promote_member() : remove_member(learner);
  wait_until([&] { return !changing_members_; }, kLimitNs);
}

// The second is sent when the first has just come: before, while or after it is installed.
void World::two_snapshots() {
  Member* behind = leave_behind();
  if (behind == nullptr || !wait_for_transfer(*behind)) return;
  const std::uint64_t delivered = network_.snapshots_delivered();
  wait_until([&] { return network_.snapshots_delivered() > delivered; }, kLimitNs);
  pass(static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(4 * profile_.sync_ns))));
  for (const auto& other : members_) {
    if (other.get() != behind) network_.cut(*behind, *other);  // what it says of the first is not heard
  }
  pass(static_cast<std::int64_t>(rng_.below(kSecond)));
  network_.mend_all();
  wait_until([&] { return network_.snapshots_delivered() > delivered + 1; }, 3 * kSecond);
  if (rng_.one_in(2)) behind->end(true);
  behind->start();
  scenes_played_ += wait_for_catching_up(*behind) && network_.snapshots_delivered() > delivered + 1 ? 1 : 0;
}

void World::sender_dies() {
  Member* behind = leave_behind();
  if (behind == nullptr || !wait_for_transfer(*behind)) return;
  const int parts = static_cast<int>(rng_.below(6));
  const auto is_half_way = [&] { return network_.sending_to(*behind).from == nullptr || network_.sending_to(*behind).parts >= parts; };
  while (!violation_ && !is_half_way()) pass(100 * kMicrosecond);
  Member* sender = network_.sending_to(*behind).from;
  if (sender == nullptr) return;
  sender->end(rng_.one_in(2));
  scenes_played_ += wait_for_catching_up(*behind) ? 1 : 0;
}

// Raft hears of it when a newer one is there already, or the log has come by itself.
void World::late_snapshot() {
  network_.delay_next_snapshot(static_cast<std::int64_t>(rng_.below(4 * kSecond)));
  Member* behind = leave_behind();
  if (behind == nullptr || !wait_for_transfer(*behind)) return;
  scenes_played_ += wait_for_catching_up(*behind) ? 1 : 0;
  pass(4 * kSecond);
}

// Of all members, when the one that installs comes to one more operation of its disk than the time before.
void World::power_loss_during_installation() {
  constexpr std::uint64_t kSteps = 40;
  for (std::uint64_t operations = 1 + rng_.below(5); operations < kSteps && !violation_; operations += 1 + rng_.below(5)) {
    Member* behind = leave_behind();
    if (behind == nullptr || !wait_for_transfer(*behind)) return;
    const std::uint64_t life = behind->life();
    behind->lose_power_in(operations);
    wait_until([&] { return behind->life() != life; }, 2 * kSecond);
    for (const auto& member : members_) {
      if (member->is_up()) member->end(true);
    }
    start_all();
    scenes_played_ += wait_for_catching_up(*behind) ? 1 : 0;
  }
}

// All but one are lost for good, and this one goes on as a cluster of its own, which grows again. What is acknowledged and not known to be committed to
// the one that is left is lost with the others, as in etcd; so all is at rest when it happens, and then nothing may be.
void World::alone_by_force() {
  if (rng_.one_in(2) && !changing_members_) {
    const std::size_t before = members_.size();
    add_member(true);  // it may be the one
    if (!wait_until([&] { return members_.size() > before; }, kLimitNs) || !wait_for_catching_up(*members_.back())) return;
  }
  if (!quiet_clients() || !wait_for_a_quiet_second()) return;
  Member* left = go_on_alone();
  for (const auto& client : clients_) client->go_on();
  if (left == nullptr) return;
  pass(static_cast<std::int64_t>(rng_.below(kSecond)));
  if (rng_.one_in(2)) left->end(rng_.one_in(2));
  left->start();
  grow();
  grow();
  scenes_played_ += wait_for_catching_up(*members_.back()) ? 1 : 0;
}

bool World::quiet_clients() {
  for (const auto& client : clients_) client->stop();
  return wait_until([this] { return !changing_members_ && std::ranges::all_of(clients_, &Client::is_idle) && is_at_rest(); }, kLimitNs);
}

// At rest, and for so long that what is known to be committed and what is in the dbs is written, too.
bool World::wait_for_a_quiet_second() {
  const auto newest = [this] {
    LogIndex applied;
    for (const auto& member : members_) {
      if (member->is_up()) member->run([&](node::LocalNode& node) { applied = std::max(applied, node.status().applied); });
    }
    return applied;
  };
  return wait_until(
      [&] {
        if (!is_at_rest()) return false;
        const LogIndex before = newest();
        pass(kSecond);
        return is_at_rest() && newest() == before;
      },
      kLimitNs);
}

// Any of them: a learner becomes a voter by that.
Member* World::go_on_alone() {
  Member* left = any_up();
  for (const auto& member : members_) {
    if (member.get() == left) continue;
    member->remove();
    if (member->is_up()) member->end(true);
  }
  left->end(false);  // with power, for the last that it knows to be committed is written and not synced, as in etcd
  trace_.add(scheduler_.now_ns(), left->number(), "goes on alone");
  left->start_alone();
  const bool leads = wait_until([&] { return leader() == left; }, kLimitNs);
  if (!leads || members_known().size() != 1) violate(left, "does not go on as the only member of its cluster");
  return leads ? left : nullptr;
}

void World::grow() {
  const std::size_t before = members_.size();
  if (!wait_until([&] { return !changing_members_ && leader() != nullptr; }, kLimitNs)) return;
  add_member();
  if (!wait_until([&] { return members_.size() > before; }, kLimitNs) || !wait_for_catching_up(*members_.back())) return;
  if (!changing_members_) promote_member();
  wait_until([&] { return !changing_members_; }, kLimitNs);
}

}  // namespace etcd::sim
