// The end of a world: everything is mended, and what must hold then is looked at.
#include <algorithm>
#include <map>
#include <memory>

#include "sim/world.h"

namespace etcd::sim {

namespace {

constexpr std::int64_t kRecoveryLimitNs = 120 * kSecond;
// The longest lease by the slowest clock, a change of leader, and some rounds of asking.
constexpr std::int64_t kLeaseLimitNs = 40 * kSecond;

}  // namespace

void World::settle() {
  mend();
  for (const auto& client : clients_) client->stop();
  for (const auto& holder : lease_holders_) holder->stop();
  users_.stop();
  wait_until([this] { return std::ranges::all_of(clients_, &Client::is_idle); }, kRecoveryLimitNs);
  if (!wait_until([this] { return to_be_replaced_ == nullptr; }, kRecoveryLimitNs)) violate(nullptr, "a damaged member can't be replaced");
  wait_until([this] { return !changing_members_; }, kRecoveryLimitNs);
  pass(2 * kSecond);  // who is to join has started
  retire_strangers();
  serve_again();
  if (!wait_until([this] { return std::ranges::all_of(lease_holders_, &LeaseHolder::is_idle); }, kLeaseLimitNs)) {
    violate(nullptr, "a lease does not end, though its time is over");
  }
  come_to_rest();
  for (const auto& watcher : watchers_) watcher->settle();
  tell_watchers();
  read_everything(true);
  compare_states();
  restart_all();
  serve_again();
  come_to_rest();
  tell_watchers();
  read_everything(false);
}

void World::mend() {
  troubled_ = false;
  network_.mend_all();
  network_.calm();
  for (const auto& member : members_) {
    member->heal();
    if (!member->is_up() && member->life() > 0) member->start();
  }
  trace_.add(scheduler_.now_ns(), 0, "everything is mended");
}

// Processes that are no members: removed without having heard of it, or started for an addition that never took place.
void World::retire_strangers() {
  const auto view = std::make_shared<std::shared_ptr<const cluster::View>>();
  const auto ask = [&] {
    Member* asked = leader();
    if (asked == nullptr) return false;
    asked->run([&](node::LocalNode& node) {
      node.read_barrier(asked->monotonic_ns() + kSecond, [view, asked](Status passed) {
        if (passed) *view = asked->node().cluster();
      });
    });
    pass(2 * kSecond);
    return *view != nullptr;
  };
  if (!wait_until(ask, kRecoveryLimitNs)) return violate(nullptr, "there is no leader, though nothing is wrong any more");
  for (const auto& member : members_) {
    if ((*view)->find(member->id()) != nullptr) continue;
    member->remove();
    if (member->is_up()) member->end(false);
  }
}

// A cluster without trouble takes writes, through every member that is one.
void World::serve_again() {
  for (const auto& member : members_) {
    const auto served = std::make_shared<bool>(false);  // an answer may come when nobody waits any more
    wait_until(
        [&] {
          if (member->is_removed() || *served) return true;
          if (!clients_[0]->is_idle()) return false;
          if (member->is_up()) clients_[0]->put_now(0, *member, [served](bool answered) { *served = answered; });
          return *served;
        },
        kRecoveryLimitNs);
    wait_until([this] { return clients_[0]->is_idle(); }, kRecoveryLimitNs);
    if (!*served && !member->is_removed()) violate(member.get(), "does not serve, though nothing is wrong any more");
  }
}

bool World::is_at_rest() {
  LogIndex applied, committed;
  bool rests = true;
  for (const auto& member : members_) {
    if (member->is_removed()) continue;
    if (!member->is_up()) return false;
    member->run([&](node::LocalNode& node) {
      const node::NodeStatus status = node.status();
      if (applied == LogIndex(0)) applied = status.applied;
      committed = std::max(committed, status.committed);
      rests = rests && status.applied == applied && status.leader != MemberId(0) && !node.machine().needs_flush();
      const mvcc::CompactionProgress compaction = node.machine().store().compaction();
      rests = rests && compaction.finished >= compaction.scheduled;
    });
  }
  return rests && applied == committed;
}

void World::come_to_rest() {
  if (!wait_until([this] { return is_at_rest(); }, kRecoveryLimitNs)) violate(nullptr, "the members do not come to one state, though nothing is wrong");
}

// A watcher that reads is told of everything, or that it was compacted, and comes to the end.
void World::tell_watchers() {
  const std::int64_t newest = event_log_.newest();
  const auto all_told = [&] { return std::ranges::all_of(watchers_, [&](const auto& watcher) { return watcher->has_been_told(newest); }); };
  if (!wait_until(all_told, kRecoveryLimitNs)) violate(nullptr, "a watcher is not told of what has happened, though nothing is wrong");
}

// Every key, linearizably: nothing that was acknowledged may be missing.
void World::read_everything(bool through_each) {
  for (const auto& member : members_) {
    if (member->is_removed()) continue;
    for (int key = 0; key < profile_.keys; ++key) {
      const auto answered = std::make_shared<bool>(false);
      wait_until(
          [&] {
            if (!clients_[0]->is_idle()) return false;
            if (!*answered) clients_[0]->get_now(key, *member, [answered](bool is_answered) { *answered = is_answered; });
            return *answered;
          },
          kRecoveryLimitNs);
      wait_until([this] { return clients_[0]->is_idle(); }, kRecoveryLimitNs);
      if (!*answered) violate(member.get(), "does not answer a read, though nothing is wrong");
    }
    if (!through_each) return;
  }
}

// The dbs of all members, bucket for bucket. Members have things of their own to say in the log: what they were at rest for counts only if they still are.
void World::compare_states() {
  for (int attempt = 0; attempt < 20 && !violation_; ++attempt) {
    come_to_rest();
    const LogIndex applied = applied_everywhere();
    const std::map<int, std::uint32_t> hashes = hash_all();
    if (applied == LogIndex(0) || applied_everywhere() != applied) continue;
    for (const auto& [number, hash] : hashes) {
      if (hash != hashes.begin()->second) {
        violate(nullptr, "the db of m" + std::to_string(number) + " is not as that of m" + std::to_string(hashes.begin()->first));
      }
    }
    return;
  }
  violate(nullptr, "the members find no rest, though nothing is wrong");
}

// 0 if it is not the same for all.
LogIndex World::applied_everywhere() {
  std::optional<LogIndex> applied;
  bool is_same = true;
  for (const auto& member : members_) {
    member->run([&](node::LocalNode& node) {
      const LogIndex here = node.machine().applied();
      is_same = is_same && here == applied.value_or(here);
      applied = here;
    });
  }
  return is_same ? applied.value_or(LogIndex(0)) : LogIndex(0);
}

std::map<int, std::uint32_t> World::hash_all() {
  const auto hashes = std::make_shared<std::map<int, std::uint32_t>>();
  std::size_t asked = 0;
  for (const auto& member : members_) {
    member->run([&](node::LocalNode& node) {
      ++asked;
      node.hash([hashes, this, raw = member.get()](Result<std::uint32_t> hash) {
        if (!hash) return violate(raw, "can't hash its db: " + describe(hash.error()));
        (*hashes)[raw->number()] = *hash;
      });
    });
  }
  wait_until([&] { return hashes->size() == asked; }, kRecoveryLimitNs);
  return *hashes;
}

void World::restart_all() {
  for (const auto& member : members_) {
    if (member->is_up()) member->end(true);
  }
  for (const auto& member : members_) {
    if (!violation_) member->start();
  }
}

}  // namespace etcd::sim
