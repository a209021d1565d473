// World: a whole cluster in one thread, from one seed: members, network, clients, an operator, and what goes wrong. It runs for a while, then
// everything is mended, and the cluster must come to rest with nothing lost.
//
// The same profile gives the same run, to the last event.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/rng.h"
#include "sim/agreement.h"
#include "sim/client.h"
#include "sim/event_log.h"
#include "sim/history.h"
#include "sim/lease_holder.h"
#include "sim/member.h"
#include "sim/network.h"
#include "sim/profile.h"
#include "sim/scheduler.h"
#include "sim/trace.h"
#include "sim/users.h"
#include "sim/watcher.h"

namespace etcd::sim {

struct Report {
  std::optional<std::string> violation;
  std::uint64_t trace_hash = 0;
  std::uint64_t events = 0;
  std::int64_t simulated_ns = 0;
  std::size_t operations = 0;
  std::size_t acknowledged = 0;
  int undecided = 0;
  std::uint64_t ends = 0;  // of processes
  std::uint64_t snapshots = 0;
  std::uint64_t leaders = 0;
  std::uint64_t member_changes = 0;
  std::uint64_t leases_ended = 0;
  std::uint64_t renewals = 0;
  std::uint64_t user_changes = 0;   // and of what they may
  std::uint64_t user_requests = 0;  // executed or refused
  std::uint64_t events_told = 0;  // to watchers
  std::uint64_t progress_told = 0;
  std::uint64_t watches_compacted = 0;
  std::uint64_t damaged = 0;       // members whose damage was noticed
  std::uint64_t scenes_played = 0;  // to their end
  std::string trace;  // the kept part
};

class World {
 public:
  World(const Profile& profile, std::size_t kept_trace);
  ~World();

  Report run();

 private:
  void make_members();
  void make_clients();

  // Time passes; all end early when something is violated.
  void pass(std::int64_t ns);
  bool wait_until(const std::function<bool()>& condition, std::int64_t limit_ns);
  void every(std::int64_t ns, const std::function<void()>& action);

  // The operator (operator.cc).
  void act_later();
  void act();
  void move_leader();
  void defragment();
  void compact();
  void change_members();
  void add_member();
  void add_member(bool is_learner);
  void start_joining(int number, const cluster::Bootstrap& join);
  void remove_member();
  void remove_member(Member& gone);
  void promote_member();
  void compare_hashes();
  Member* any_up();
  std::vector<cluster::Member> members_known();
  Member* leader();

  // Trouble (trouble.cc).
  void trouble_later();
  void make_trouble();
  void end_for_a_while(Member& member, bool power_lost);
  void partition();
  void lose_disk(Member& member);

  void damage(Member& member);
  void damage_noticed(Member& member);
  void replace_damaged();
  bool is_known(const Member& member);

  // Scenes (scenes.cc, figure_eight.cc).
  void play();
  void play_scene();
  Member* leave_behind();
  Member* wait_for_leader();
  bool wait_for_transfer(Member& to);
  bool wait_for_catching_up(Member& member);
  void start_all();
  void snapshot_during(const std::function<void(Member& leader, Member& behind)>& act);
  void snapshot_to_learner();
  void two_snapshots();
  void sender_dies();
  void late_snapshot();
  void power_loss_during_installation();
  void alone_by_force();
  bool quiet_clients();
  bool wait_for_a_quiet_second();
  Member* go_on_alone();
  void grow();
  void play_figure_eight();

  // The end (settle.cc).
  void settle();
  void mend();
  void retire_strangers();
  void serve_again();
  void come_to_rest();
  void tell_watchers();
  void compare_states();
  LogIndex applied_everywhere();
  std::map<int, std::uint32_t> hash_all();
  void read_everything(bool through_each);
  void restart_all();
  bool is_at_rest();

  void observe(Member& member);
  void member_ends(Member& member);
  void member_ended(Member& member);
  void violate(const Member* member, const std::string& what);

  Profile profile_;
  base::Rng rng_;
  Scheduler scheduler_;
  Trace trace_;
  Network network_;
  Surroundings around_;
  std::vector<std::unique_ptr<Member>> members_;
  History history_;
  Service service_;
  std::vector<std::unique_ptr<Client>> clients_;
  std::vector<std::unique_ptr<LeaseHolder>> lease_holders_;
  Users users_;
  EventLog event_log_;
  std::vector<std::unique_ptr<Watcher>> watchers_;
  Agreement agreement_;
  std::optional<std::string> violation_;
  ClusterId cluster_id_;
  bool troubled_ = true;  // trouble and acts go on
  bool changing_members_ = false;
  int numbers_ = 0;  // given to members so far
  std::uint64_t ends_ = 0;
  std::uint64_t member_changes_ = 0;
  std::uint64_t damaged_ = 0;  // members whose damage was noticed
  Member* hit_ = nullptr;          // whose disk was damaged
  Member* to_be_replaced_ = nullptr;
  std::uint64_t scenes_played_ = 0;
};

}  // namespace etcd::sim
