// Proposals through one and through three members in one thread, disks and networks that answer at once. An item is an entry committed and handed
// to apply on every member.

#include <benchmark/benchmark.h>

#include <atomic>
#include <cstdlib>
#include <new>

#include "base/check.h"
#include "raft/raft.h"

namespace {

std::atomic<std::uint64_t> allocations{0};

}  // namespace

__attribute__((noinline)) void* operator new(std::size_t size) {
  allocations.fetch_add(1, std::memory_order_relaxed);
  if (void* memory = std::malloc(size)) return memory;
  throw std::bad_alloc();
}
__attribute__((noinline)) void operator delete(void* memory) noexcept { std::free(memory); }
__attribute__((noinline)) void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace etcd::raft {
namespace {

constexpr std::size_t kKeep = 5'000;  // entries kept in memory for members that lag, as etcd does

class Cluster {
 public:
  explicit Cluster(std::uint64_t members) {
    ConfState conf;
    for (std::uint64_t id = 1; id <= members; ++id) conf.voters.emplace_back(id);
    for (MemberId id : conf.voters) members_.push_back(start(id, conf));
    members_.front().feed(Campaign{});
    settle();
    CHECK(members_.front().role() == Role::kLeader);
  }

  void propose(std::vector<base::SharedBytes> data) {
    members_.front().feed(Propose{std::move(data)});
    settle();
  }
  std::uint64_t committed() const { return members_.front().committed().value; }

 private:
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
      for (Raft& raft : members_) busy = work(raft) || busy;
    }
  }

  bool work(Raft& raft) {
    if (!raft.has_output()) return false;
    Output out = raft.flush();
    deliver(std::move(out.send_now));
    if (!out.committed.empty()) apply(raft, out.committed.back());
    if (out.persist) {
      deliver(std::move(out.persist->then_send));
      raft.feed(Persisted{out.persist->number});
    }
    return true;
  }

  void deliver(std::vector<Message> messages) {
    for (Message& message : messages) members_[message.to.value - 1].feed(Receive{std::move(message)});
  }

  void apply(Raft& raft, const Entry& last) {
    raft.feed(Applied{last.index});
    if (last.index.value < kKeep) return;
    Snapshot snapshot;
    snapshot.metadata = {{}, last.index, last.term};
    raft.feed(SnapshotTaken{snapshot});
    raft.feed(Compact{LogIndex(last.index.value - kKeep + 1)});
  }

  std::vector<Raft> members_;
};

// Arguments: members, proposals at a time.
void proposals(benchmark::State& state) {
  Cluster cluster(static_cast<std::uint64_t>(state.range(0)));
  auto batch = static_cast<std::size_t>(state.range(1));
  base::SharedBytes payload(std::string(256, 'x'));
  std::uint64_t before = allocations.load();
  std::uint64_t first = cluster.committed();
  for (auto _ : state) cluster.propose(std::vector<base::SharedBytes>(batch, payload));
  auto entries = static_cast<std::int64_t>(cluster.committed() - first);
  CHECK(entries == static_cast<std::int64_t>(state.iterations() * batch), entries);
  state.SetItemsProcessed(entries);
  state.counters["allocations"] = static_cast<double>(allocations.load() - before) / static_cast<double>(entries);
  state.counters["cpu_per_entry"] = benchmark::Counter(static_cast<double>(entries), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}
BENCHMARK(proposals)->ArgNames({"members", "batch"})->ArgsProduct({{1, 3}, {1, 16, 1000}});

}  // namespace
}  // namespace etcd::raft
