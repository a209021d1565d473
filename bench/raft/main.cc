// etcd_raft_bench: proposals through three members, or so many, in one thread, with disks and networks that answer at once. The counterpart of
// tests/compat/cmd/raft-bench, which does the same with etcd-io/raft; bench/raft/run compares them.
//
// usage: etcd_raft_bench PROPOSALS BATCH [MEMBERS]     prints "<batch> <ns an entry> <allocations an entry>"
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "raft/raft.h"

namespace {

std::uint64_t allocations = 0;

}  // namespace

__attribute__((noinline)) void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace etcd::raft {
namespace {

constexpr std::uint64_t kUsualMembers = 3;
constexpr std::size_t kPayloadBytes = 256;
constexpr std::uint64_t kKeep = 5'000;           // entries kept in memory for members that lag, as etcd does
constexpr std::uint64_t kCompactEvery = 10'000;  // as etcd takes its snapshots

class Cluster {
 public:
  explicit Cluster(std::uint64_t members) {
    ConfState conf;
    for (std::uint64_t id = 1; id <= members; ++id) conf.voters.emplace_back(id);
    for (const MemberId id : conf.voters) members_.push_back({start(id, conf)});
    members_.front().raft.feed(Campaign{});
    settle();
    CHECK(members_.front().raft.role() == Role::kLeader);
  }

  void propose(std::vector<base::SharedBytes> data) {
    members_.front().raft.feed(Propose{std::move(data)});
    settle();
  }
  // By every member.
  LogIndex applied() const {
    LogIndex least = members_.front().applied;
    for (const Member& member : members_) least = std::min(least, member.applied);
    return least;
  }

 private:
  struct Member {
    Raft raft;
    LogIndex applied = LogIndex(1);
    LogIndex compacted = LogIndex(1);
  };

  // As etcd configures it, which are the defaults.
  static Raft start(MemberId id, const ConfState& conf) {
    Config config;
    config.id = id;
    Recovered recovered;
    recovered.hard_state = {Term(1), MemberId(0), LogIndex(1)};
    recovered.snapshot.metadata = {conf, LogIndex(1), Term(1)};
    recovered.applied = LogIndex(1);
    recovered.conf_state = conf;
    return std::move(*Raft::create(config, std::move(recovered), base::Rng(id.value)));
  }

  // Until nobody has anything to do.
  void settle() {
    for (bool busy = true; busy;) {
      busy = false;
      for (Member& member : members_) busy = work(member) || busy;
    }
  }

  bool work(Member& member) {
    if (!member.raft.has_output()) return false;
    Output out = member.raft.flush();
    deliver(std::move(out.send_now));
    if (!out.committed.empty()) apply(member, out.committed.back());
    if (out.persist) {
      deliver(std::move(out.persist->then_send));
      member.raft.feed(Persisted{out.persist->number});
    }
    return true;
  }

  void deliver(std::vector<Message> messages) {
    for (Message& message : messages) members_[message.to.value - 1].raft.feed(Receive{std::move(message)});
  }

  void apply(Member& member, const Entry& last) {
    member.applied = last.index;
    member.raft.feed(Applied{last.index});
    if (last.index.value < member.compacted.value + kKeep + kCompactEvery) return;
    member.compacted = LogIndex(last.index.value - kKeep);
    Snapshot snapshot;
    snapshot.metadata = {{}, last.index, last.term};
    member.raft.feed(SnapshotTaken{snapshot});
    member.raft.feed(Compact{member.compacted});
  }

  std::vector<Member> members_;
};

void measure(std::uint64_t proposals, std::uint64_t batch, std::uint64_t members) {
  Cluster cluster(members);
  const base::SharedBytes payload(std::string(kPayloadBytes, 'x'));
  const LogIndex first = cluster.applied();
  const std::uint64_t before = allocations;
  const auto began = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < proposals; done += batch) cluster.propose(std::vector<base::SharedBytes>(batch, payload));
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - began;
  const double entries = static_cast<double>(cluster.applied().value - first.value);
  CHECK(entries >= static_cast<double>(proposals), entries);
  std::printf("%llu %.1f %.2f\n", static_cast<unsigned long long>(batch), took.count() / entries,
              static_cast<double>(allocations - before) / entries);
}

}  // namespace
}  // namespace etcd::raft

int main(int count, char** words) {
  if (count != 3 && count != 4) {
    std::fputs("usage: etcd_raft_bench PROPOSALS BATCH [MEMBERS]\n", stderr);
    return 2;
  }
  const std::uint64_t proposals = std::strtoull(words[1], nullptr, 10);
  const std::uint64_t batch = std::strtoull(words[2], nullptr, 10);
  const std::uint64_t members = count == 4 ? std::strtoull(words[3], nullptr, 10) : etcd::raft::kUsualMembers;
  if (proposals == 0 || batch == 0 || members == 0) return 2;
  etcd::raft::measure(proposals, batch, members);
}
