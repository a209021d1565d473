// A cluster of cores in one thread, driven by one seed: messages are lost, repeated, delayed and reordered, links are cut, members crash and lose
// what was not synced, disks and state machines lag, memberships change. Every state is checked as it comes:
//   each member's invariants and transitions;  one leader a term;  log matching;  a leader has all that was ever applied;
//   equal state at equal index on all members;  a read's index is not below what was applied anywhere when it was asked.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/rng.h"
#include "raft/raft.h"

namespace etcd::raft::testing {

struct NetworkOptions {
  std::uint64_t seed = 1;
  std::uint64_t voters = 3;
  std::uint64_t spares = 0;  // members that exist and may be added by membership changes
  bool pre_vote = true;
  bool check_quorum = true;
  bool membership_changes = false;
  std::uint64_t loss_one_in = 20;       // messages lost; 0: none
  std::uint64_t repeat_one_in = 50;     // messages delivered again later; 0: none
  std::uint64_t crash_one_in = 400;     // of all steps; 0: never
  std::uint64_t cut_one_in = 200;       // of all steps a link is cut or all are mended; 0: never
  std::uint64_t snapshot_one_in = 100;  // of all steps; 0: never
  std::uint64_t campaign_one_in = 300;  // of all steps a member starts an election out of turn
  std::uint64_t write_one_in = 5;       // of a member's events its disk answers: higher is slower
};

class Network {
 public:
  explicit Network(const NetworkOptions& options);

  // Takes up to `steps` random steps; stops at the first violation.
  void run(int steps);
  // Mends everything, starts who is down, and lets time pass until a new proposal is applied by every member of the configuration. False if
  // that does not happen within a good number of elections.
  bool settles();
  // The first violation, with the member and the step; empty if there is none.
  const std::string& violation() const { return violation_; }
  // The highest index applied anywhere.
  LogIndex applied() const { return applied_max_; }
  std::uint64_t reads_answered() const { return reads_answered_; }
  std::uint64_t elections() const { return leaders_.size(); }
  std::uint64_t snapshots_installed() const { return snapshots_installed_; }

 private:
  // The state machine: a hash over all applied entries, and the configuration.
  struct Machine {
    LogIndex applied;
    std::uint64_t hash = 0;
    ConfState conf;
  };
  // What survives a crash.
  struct Disk {
    HardState state;
    Snapshot snapshot;
    std::vector<Entry> entries;  // after the snapshot
    Machine machine;             // as of its last flush
  };
  struct Member {
    Config config;
    Disk disk;
    std::optional<Raft> raft;  // none while it is down
    RaftStatus last_status;
    Machine machine;
    std::deque<PersistBatch> writing;
    std::deque<std::pair<Entries, std::optional<Snapshot>>> applying;
    std::map<std::string, LogIndex> reads;  // asked and not answered: what had been applied anywhere by then
  };

  void step();
  void cut_links();
  void random_event(Member& m);
  void propose(Member& m);
  void start(Member& m);
  void crash(Member& m);
  void feed(Member& m, Input input);
  void pump(Member& m);
  void refresh_snapshot(const Member& m, Message& message);
  void check(Member& m);
  void check_leader(Member& m);
  void check_entry(const Entry& entry);
  void send(std::vector<Message> messages);
  void settle_snapshot(const Message& message, bool arrived);
  void deliver_one();
  void write_some(Member& m);
  void write(Disk& disk, const PersistBatch& batch);
  void apply_one(Member& m);
  void apply_entry(Member& m, const Entry& entry);
  void install(Member& m, const Snapshot& snapshot);
  void take_snapshot(Member& m);
  void ask_read(Member& m);
  void change_membership(Member& m);
  void violate(const Member& m, const std::string& what);
  void drain();
  Member& any() { return members_[rng_.below(members_.size())]; }

  NetworkOptions options_;
  base::Rng rng_;
  std::vector<Member> members_;
  std::vector<Message> messages_;
  std::vector<std::pair<MemberId, MemberId>> cut_;
  std::map<Term, MemberId> leaders_;
  std::map<std::pair<Term, LogIndex>, std::string> entries_;
  std::map<LogIndex, std::pair<Term, std::uint64_t>> applied_;  // term of the entry, hash after it
  LogIndex applied_max_;
  std::uint64_t proposals_ = 0;
  std::uint64_t reads_asked_ = 0;
  std::uint64_t reads_answered_ = 0;
  std::uint64_t snapshots_installed_ = 0;
  std::uint64_t step_ = 0;
  std::string violation_;
};

}  // namespace etcd::raft::testing
