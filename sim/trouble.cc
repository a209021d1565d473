// What goes wrong.
#include <algorithm>
#include <utility>

#include "sim/world.h"

namespace etcd::sim {

void World::trouble_later() {
  const auto pause = static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(2 * profile_.trouble_every_ns)));
  scheduler_.after(pause, [this] {
    if (!troubled_) return;
    make_trouble();
    trouble_later();
  });
}

void World::end_for_a_while(Member& member, bool power_lost) {
  if (!member.is_up()) return;
  member.end(power_lost);
  const std::int64_t longest_ns = rng_.one_in(4) ? 15 * kSecond : profile_.trouble_lasts_ns;
  member.restart_after(10 * kMillisecond + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(longest_ns))));
}

void World::make_trouble() {
  if (profile_.total_trouble() == 0) return;
  Member* member = profile_.hunts_leaders && !rng_.one_in(4) ? leader() : any_up();
  if (member == nullptr) return;
  const std::int64_t now_ns = scheduler_.now_ns();
  const std::int64_t most_ns = profile_.trouble_lasts_ns * (rng_.one_in(3) ? 5 : 1);
  const std::int64_t lasts_ns = 100 * kMillisecond + static_cast<std::int64_t>(rng_.below(static_cast<std::uint64_t>(most_ns)));
  std::uint64_t choice = rng_.below(profile_.total_trouble());
  const auto chosen = [&](std::uint64_t weight) {
    const bool is = choice < weight;
    choice = is ? UINT64_MAX : choice - weight;
    return is;
  };
  const auto mend_later = [&] {
    scheduler_.after(lasts_ns, [this] { network_.mend_all(); });
  };
  if (chosen(profile_.kill)) return end_for_a_while(*member, false);
  if (chosen(profile_.power_loss)) return end_for_a_while(*member, true);
  if (chosen(profile_.power_loss_in_write)) return member->lose_power_in(1 + rng_.below(40));
  if (chosen(profile_.cluster_power_loss)) {
    for (const auto& each : members_) end_for_a_while(*each, true);
    return;
  }
  if (chosen(profile_.pause)) {
    trace_.add(now_ns, member->number(), "pauses for ns", static_cast<std::uint64_t>(lasts_ns));
    return member->pause(lasts_ns);
  }
  if (chosen(profile_.slow_disk)) {
    trace_.add(now_ns, member->number(), "has a slow disk");
    return member->slow_disk(now_ns + lasts_ns, 2 + static_cast<std::int64_t>(rng_.below(200)));
  }
  if (chosen(profile_.failing_disk)) {
    trace_.add(now_ns, member->number(), "has a failing disk");
    return member->trouble_disk(rng_.one_in(2) ? DiskTrouble::kErrors : DiskTrouble::kFull, now_ns + lasts_ns);
  }
  if (chosen(profile_.failing_sync)) {
    trace_.add(now_ns, member->number(), "has a disk that fails to sync");
    return member->trouble_disk(DiskTrouble::kFailingSync, now_ns + lasts_ns);
  }
  if (chosen(profile_.partition)) {
    partition();
    return mend_later();
  }
  if (chosen(profile_.one_way_cut)) {
    if (Member* other = any_up(); other != member) network_.cut(*member, *other);
    return mend_later();
  }
  if (chosen(profile_.isolate)) {
    const bool hears = rng_.one_in(4);
    const bool is_heard = !hears && rng_.one_in(3);
    for (const auto& other : members_) {
      if (other.get() == member) continue;
      if (!is_heard) network_.cut(*member, *other);
      if (!hears) network_.cut(*other, *member);
    }
    return mend_later();
  }
  if (chosen(profile_.clock_jump)) {
    const auto jump = static_cast<std::int64_t>(rng_.below(100 * kSecond)) - 50 * kSecond;
    trace_.add(now_ns, member->number(), "has its clock changed");
    return member->clock().jump(jump);
  }
  if (chosen(profile_.lost_disk)) return lose_disk(*member);
  if (chosen(profile_.bit_flip)) return damage(*member);
}

// One member in all of a world, and only where the others are enough to do without it: what it had promised may be gone for good.
void World::damage(Member& member) {
  const std::vector<cluster::Member> known = members_known();
  const bool is_spare = std::ranges::count_if(known, [](const cluster::Member& each) { return !each.is_learner; }) >= 3;
  if (!is_spare || changing_members_ || (hit_ != nullptr && hit_ != &member)) return;
  hit_ = &member;
  end_for_a_while(member, rng_.one_in(2));
  member.damage_log();
}

// The operator removes it and adds an empty one.
void World::damage_noticed(Member& member) {
  ++damaged_;
  to_be_replaced_ = &member;
  every(kSecond, [this] { replace_damaged(); });
}

bool World::is_known(const Member& member) {
  const std::vector<cluster::Member> known = members_known();
  return known.empty() || std::ranges::find(known, member.id(), &cluster::Member::id) != known.end();
}

void World::replace_damaged() {
  if (to_be_replaced_ == nullptr || changing_members_) return;
  if (is_known(*to_be_replaced_)) return remove_member(*to_be_replaced_);
  std::exchange(to_be_replaced_, nullptr)->remove();
  add_member(false);
}

// It comes back with an empty disk under its old id: it has to be refused, if the others know that it was there. Then somebody puts the old disk back.
void World::lose_disk(Member& member) {
  end_for_a_while(member, false);
  const std::vector<cluster::Member> known = members_known();
  const auto self = std::ranges::find(known, member.id(), &cluster::Member::id);
  if (self == known.end() || self->client_urls.empty()) return;
  trace_.add(scheduler_.now_ns(), member.number(), "tries an empty disk");
  if (member.try_empty_disk()) violate(&member, "starts with an empty disk under its old id");
}

void World::partition() {
  std::vector<bool> side;
  for (std::size_t i = 0; i < members_.size(); ++i) side.push_back(rng_.one_in(2));
  for (std::size_t from = 0; from < members_.size(); ++from) {
    for (std::size_t to = 0; to < members_.size(); ++to) {
      if (side[from] != side[to]) network_.cut(*members_[from], *members_[to]);
    }
  }
}

}  // namespace etcd::sim
