#include "sim/world.h"

#include <utility>

#include "cluster/bootstrap.h"

namespace etcd::sim {

World::World(const Profile& profile, std::size_t kept_trace)
    : profile_(profile),
      rng_(profile.seed ^ 0x776f726c64),
      trace_(kept_trace),
      network_(scheduler_, trace_, profile_, rng_.next()),
      around_{scheduler_,
              trace_,
              network_,
              profile_,
              [this](Member& member) { member_ends(member); },
              [this](Member& member) { member_ended(member); },
              [this](Member& member) { observe(member); },
              [this](Member& member) { damage_noticed(member); },
              [this](const Member& member, const std::string& what) { violate(&member, what); },
              [this] { return members_known(); }},
      service_{around_, members_, history_},
      users_(around_, members_, profile_.seed ^ 0x7573657273) {
  make_members();
  make_clients();
}

World::~World() {
  for (const auto& member : members_) {
    if (member->is_up()) member->end(false);
  }
}

void World::make_members() {
  std::vector<cluster::InitialMember> initial;
  for (int i = 1; i <= profile_.members; ++i) {
    const std::string name = "m" + std::to_string(i);
    initial.push_back({name, {"http://" + name + ":2380"}});
  }
  numbers_ = profile_.members;
  for (int i = 1; i <= profile_.members; ++i) {
    members_.push_back(std::make_unique<Member>(around_, Origin{i, "m" + std::to_string(i), initial, {}}, rng_.next()));
    network_.add(*members_.back());
  }
}

void World::make_clients() {
  for (int i = 1; i <= profile_.clients; ++i) clients_.push_back(std::make_unique<Client>(service_, i, rng_.next()));
  for (int i = 1; i <= profile_.lease_holders; ++i) {
    lease_holders_.push_back(std::make_unique<LeaseHolder>(around_, members_, i, rng_.next()));
  }
  for (int i = 1; i <= profile_.watchers; ++i) watchers_.push_back(std::make_unique<Watcher>(around_, members_, event_log_, rng_.next()));
}

Report World::run() {
  for (const auto& member : members_) member->start();
  for (const auto& client : clients_) client->start();
  for (const auto& holder : lease_holders_) holder->start();
  if (profile_.users) users_.start();
  for (const auto& watcher : watchers_) watcher->start();
  every(100 * kMillisecond, [this] {
    for (const auto& member : members_) {
      member->run([&](node::LocalNode& node) {
        if (auto fault = agreement_.see_configuration(node.raft_status(), node.machine())) violate(member.get(), *fault);
      });
    }
  });
  every(2 * kSecond, [this] { compare_hashes(); });
  act_later();
  trouble_later();
  profile_.scene == Scene::kNone ? pass(profile_.duration_ns) : play();
  settle();

  Report report;
  if (!violation_) violation_ = history_.violation();
  if (!violation_) violation_ = event_log_.check(history_);
  report.violation = violation_;
  report.trace_hash = trace_.hash();
  report.events = scheduler_.sequence();
  report.simulated_ns = scheduler_.now_ns();
  report.operations = history_.size();
  report.acknowledged = history_.acknowledged();
  report.undecided = history_.undecided();
  report.ends = ends_;
  report.snapshots = network_.snapshots_delivered();
  report.leaders = agreement_.leaders();
  report.member_changes = member_changes_;
  for (const auto& holder : lease_holders_) {
    report.leases_ended += holder->ended();
    report.renewals += holder->renewed();
  }
  report.user_changes = users_.changes();
  report.user_requests = users_.executed() + users_.refused();
  report.damaged = damaged_;
  report.scenes_played = scenes_played_;
  for (const auto& watcher : watchers_) {
    report.events_told += watcher->events();
    report.progress_told += watcher->progress();
    report.watches_compacted += watcher->compacted();
  }
  report.trace = trace_.text();
  return report;
}

void World::pass(std::int64_t ns) {
  const std::int64_t end = scheduler_.now_ns() + ns;
  while (!violation_ && scheduler_.step(end)) {
  }
}

bool World::wait_until(const std::function<bool()>& condition, std::int64_t limit_ns) {
  constexpr std::int64_t kLookEvery = 10 * kMillisecond;
  for (const std::int64_t end = scheduler_.now_ns() + limit_ns; !violation_ && scheduler_.now_ns() < end;) {
    if (condition()) return true;
    pass(kLookEvery);
  }
  return !violation_ && condition();
}

void World::every(std::int64_t ns, const std::function<void()>& action) {
  scheduler_.after(ns, [this, ns, action] {
    action();
    every(ns, action);
  });
}

// After each step of a member's apply stage.
void World::observe(Member& member) {
  member.run([&](node::LocalNode& node) {
    if (auto fault = agreement_.see_state(node.machine())) violate(&member, *fault);
    if (auto fault = event_log_.see(*node.view())) violate(&member, *fault);
    const node::NodeStatus status = node.status();
    if (auto fault = agreement_.see_leader(status.term, status.leader)) violate(&member, *fault);
  });
}

void World::member_ends(Member& member) {
  for (const auto& watcher : watchers_) watcher->member_ends(member);
}

void World::member_ended(Member& member) {
  ++ends_;
  for (const auto& client : clients_) client->member_ended(member);
}

void World::violate(const Member* member, const std::string& what) {
  if (violation_) return;
  violation_ = (member == nullptr ? "" : member->name() + " ") + what;
  trace_.add(scheduler_.now_ns(), member == nullptr ? 0 : member->number(), "VIOLATION");
}

}  // namespace etcd::sim
