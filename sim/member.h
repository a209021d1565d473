// Member: one member of the simulated cluster - the product's own node, made and recovered by its own code, on a disk, a clock and a network that the
// simulator owns. Its stages are stepped one at a time, each as late as its work takes.
//
// Owner: the World. Everything that runs the node's code goes through run(), which notices when the process has ended on the way.
#pragma once

#include <array>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/log.h"
#include "base/rng.h"
#include "base/testing/crash_fs.h"
#include "node/local_node.h"
#include "sim/event_loop.h"
#include "sim/profile.h"
#include "sim/scheduler.h"
#include "sim/sim_clock.h"
#include "sim/trace.h"

namespace etcd::sim {

class Member;
class Network;

// What the members of a world share.
struct Surroundings {
  Scheduler& scheduler;
  Trace& trace;
  Network& network;
  const Profile& profile;
  std::function<void(Member&)> ending;                         // its process is about to go: who is connected to it lets go
  std::function<void(Member&)> ended;                          // its process is gone: who waits for it waits in vain
  std::function<void(Member&)> applied;                        // its state machine went on
  std::function<void(Member&)> damaged;                        // it has noticed that its disk is damaged, and does not run
  std::function<void(const Member&, const std::string&)> violation;
  std::function<std::vector<cluster::Member>()> ask_members;   // what a member that is up says who is in the cluster; empty if none is
};

// How a member came to be.
struct Origin {
  int number = 1;  // from 1
  std::string name;
  std::vector<cluster::InitialMember> initial_cluster;  // of the cluster it was started with, or
  std::optional<cluster::Bootstrap> join;               // the running one that it joins
};

enum class DiskTrouble : std::uint8_t { kNone, kErrors, kFull, kFailingSync };

class Member : public node::Transport {
 public:
  Member(Surroundings& around, Origin origin, std::uint64_t seed);
  ~Member() override;

  int number() const { return origin_.number; }
  const std::string& name() const { return origin_.name; }
  MemberId id() const { return id_; }
  bool is_up() const { return node_ != nullptr; }
  bool is_removed() const { return removed_; }
  // Grows with each start: what belongs to an earlier life is void.
  std::uint64_t life() const { return life_; }
  // Only while it is up, and only inside run().
  node::LocalNode& node() { return *node_; }
  EventLoop& loop() { return *loop_; }
  base::CrashFs& disk() { return disk_; }
  SimClock& clock() { return clock_; }
  std::int64_t monotonic_ns() { return clock_.monotonic_ns(); }
  // In the world's time; it may have passed.
  std::int64_t paused_until_ns() const { return paused_until_ns_; }

  void start();
  // As the only member of its cluster (--force-new-cluster).
  void start_alone();
  // The process is gone: with `power_lost` also what was not synced, each thing or not.
  void end(bool power_lost);
  // It will start by itself after a while.
  void restart_after(std::int64_t delay_ns);
  // What a start on an empty disk would come to, with the others up as they are; the member itself stays as it is. Only while it is down.
  Status try_empty_disk();
  // Runs something of the node, if it is up.
  void run(const std::function<void(node::LocalNode&)>& work);
  void deliver(raft::Message message);

  // Trouble.
  void pause(std::int64_t ns) { paused_until_ns_ = around_.scheduler.now_ns() + ns; }
  void slow_disk(std::int64_t until_ns, std::int64_t factor);
  void trouble_disk(DiskTrouble trouble, std::int64_t until_ns);
  void lose_power_in(std::uint64_t operations);
  // Flips a bit of what its log holds at rest. Only while it is down. A start that notices is no violation: the member stays down.
  void damage_log();
  void heal();
  // A member that has been told of its removal, or has none any more, stays down.
  void remove() { removed_ = true; }

  // node::Transport.
  void send(std::vector<raft::Message> messages) override;
  void send_snapshot(node::OutgoingSnapshot snapshot) override;
  void members_changed(std::shared_ptr<const cluster::View> members) override;

 private:
  enum Stage : std::size_t { kReplica, kApply, kDisk, kFlush, kWorker, kStages };
  class LastWords;
  // What it had made durable when its process ended: others may count on it.
  struct Promise {
    LogIndex last;
    std::optional<Term> term;  // with `vote`; nothing if a newer one was on its way to disk
    MemberId vote;
  };

  node::NodeOptions options();
  base::Logger logger();
  std::optional<base::Fault> fault(const base::FileOperation& operation);
  void after_work(bool ended);
  void give_up();
  std::string log_file_to_damage();
  void remember_promise();
  void check_promise();
  bool has_lost_power() const { return disk_.operations() >= power_loss_at_; }
  void wake_stages();
  void schedule(std::size_t stage, std::int64_t at_ns);
  void step(std::size_t stage);
  std::int64_t work_ns(std::size_t stage);
  void note(const char* what, std::uint64_t a = 0, std::uint64_t b = 0);

  Surroundings& around_;
  Origin origin_;
  MemberId id_;
  base::Rng rng_;
  SimClock clock_;
  base::CrashFs disk_;
  std::shared_ptr<LastWords> last_words_;
  base::Logger logger_;

  std::array<node::Wakeup, kStages> wakeups_;
  std::array<std::int64_t, kStages> step_at_{};  // 0: not asked for
  std::unique_ptr<node::LocalNode> node_;
  std::unique_ptr<EventLoop> loop_;
  std::uint64_t life_ = 0;
  bool is_forced_ = false;  // starts as the only member
  bool removed_ = false;
  bool damaged_ = false;  // a bit was flipped
  bool broken_ = false;   // and it has noticed
  std::optional<Promise> promise_;
  bool ending_ = false;   // the process is being taken down: nothing it does has an effect
  bool faulted_ = false;  // the disk has failed it in this run()

  std::int64_t paused_until_ns_ = 0;
  std::int64_t slow_until_ns_ = 0;
  std::int64_t slow_factor_ = 1;
  DiskTrouble trouble_ = DiskTrouble::kNone;
  std::int64_t trouble_until_ns_ = 0;
  std::uint64_t power_loss_at_ = UINT64_MAX;
};

// One of those that are up, null if none is.
Member* any_up(const std::vector<std::unique_ptr<Member>>& members, base::Rng& rng);

// Whether what was asked of a member may have been done, or may still be, though it failed with this.
bool may_have_happened(const Error& error);

}  // namespace etcd::sim
