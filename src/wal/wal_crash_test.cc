// The log under power cuts: whatever subset of the unsynced sectors, sizes and names survives, it opens, and nothing that was synced is missing.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <optional>

#include "base/rng.h"
#include "wal/testing/sample.h"

namespace etcd::wal {
namespace {

using base::CrashFs;
using base::Rng;
using raft::Entries;

constexpr Options kTinyOptions{.segment_bytes = 8192, .marker_key = 7};  // cuts are common

// The log as a model: what was saved, in order, and how much of it is promised.
struct Model {
  std::vector<raft::Entry> entries;
  raft::HardState state;
  std::vector<raft::Entry> durable_entries;
  raft::HardState durable_state;

  void save(const std::optional<raft::HardState>& hard_state, const std::vector<raft::Entry>& added) {
    if (!added.empty()) entries.erase(entries.begin() + static_cast<std::ptrdiff_t>(added.front().index.value - 1), entries.end());
    entries.insert(entries.end(), added.begin(), added.end());
    if (hard_state) state = *hard_state;
  }
  void sync() {
    durable_entries = entries;
    durable_state = state;
  }
};

// True if `part` is how `whole` begins.
bool begins_with(const std::vector<raft::Entry>& whole, const std::vector<raft::Entry>& part) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

// What is found must begin with what is promised and hold nothing that was never saved. Only appends since the last sync, so the new
// entries contain the promised ones.
void expect_explained(const Opened& opened, const Model& model) {
  EXPECT_TRUE(begins_with(opened.entries, model.durable_entries)) << opened.entries.size() << " < " << model.durable_entries.size();
  EXPECT_TRUE(begins_with(model.entries, opened.entries));
  EXPECT_GE(opened.hard_state.commit, model.durable_state.commit);
  EXPECT_LE(opened.hard_state.commit, model.state.commit);
}

// Opens what a crash left, twice, and appends: the second start must not see the first one's repair.
void expect_usable(CrashFs& disk, const Model& model) {
  Model now = model;
  {
    const Opened opened = open_log(disk);
    ASSERT_TRUE(opened.wal);
    expect_explained(opened, model);
    now.entries = opened.entries;
    now.state = opened.hard_state;
    now.sync();
  }
  disk.crash(base::lose_all());
  const Opened again = open_log(disk);
  ASSERT_TRUE(again.wal);
  EXPECT_FALSE(again.repair);
  EXPECT_EQ(again.entries, now.entries) << "what an opened log shows is durable";
  const std::uint64_t next = now.entries.size() + 1;
  ASSERT_TRUE(save_synced(*again.wal, {}, entries_of(9, next, next + 2, 700)));
}

TEST(WalCrash, EverySubsetOfAnUnsyncedBatchOpens) {
  for (const std::size_t data_bytes : {10u, 400u, 1200u, 1900u}) {
    const auto disk = empty_disk();
    Model model;
    const auto wal = create_log(*disk);
    const auto first = entries_of(1, 1, 2, 300);
    ASSERT_TRUE(save_synced(*wal, state_of(1, 1), first));
    model.save(state_of(1, 1), first);
    model.sync();
    const auto second = entries_of(1, 3, 4, data_bytes);
    ASSERT_TRUE(wal->save(state_of(1, 2), Entries(second)));
    model.save(state_of(1, 2), second);
    const std::size_t visited = every_crash(*disk, 100'000, [&](CrashFs& left) { expect_usable(left, model); });
    EXPECT_GT(visited, 1u);
    EXPECT_LT(visited, 100'000u);
  }
}

TEST(WalCrash, EverySubsetOfSeveralUnsyncedSavesOpens) {
  const auto disk = empty_disk();
  Model model;
  const auto wal = create_log(*disk);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    const auto added = entries_of(1, i, i, 500);
    ASSERT_TRUE(wal->save(state_of(1, i - 1), Entries(added)));
    model.save(state_of(1, i - 1), added);
  }
  const std::size_t visited = every_crash(*disk, 100'000, [&](CrashFs& left) { expect_usable(left, model); });
  EXPECT_GT(visited, 8u);
}

// The next batch: mostly behind the last entry, sometimes a step back that replaces what is not committed.
std::vector<raft::Entry> next_batch(const Model& model, Rng& rng) {
  const std::uint64_t last = model.entries.size();
  const std::uint64_t open = last - std::min(last, model.state.commit.value);
  const std::uint64_t first = last + 1 - (rng.one_in(6) && open > 0 ? 1 + rng.below(open) : 0);
  return entries_of(std::max<std::uint64_t>(1, model.state.term.value), first, last + rng.below(3), 1 + rng.below(1500));
}

// A life of the log: saves, syncs and cuts, until the power cut makes a call fail.
Status live(CrashFs& disk, Rng& rng, Model& model) {
  TRY_ASSIGN(auto opened, Wal::open(disk, kFolder, {}, kTinyOptions));
  for (int step = 0; step < 30; ++step) {
    const auto added = next_batch(model, rng);
    std::optional<raft::HardState> state;
    const std::uint64_t term = std::max<std::uint64_t>(1, model.state.term.value + rng.below(2));
    if (rng.one_in(2)) state = state_of(term, std::max<std::uint64_t>(model.state.commit.value, model.entries.size() / 2));
    // What is being replaced is promised no longer.
    if (!added.empty() && added.front().index.value <= model.durable_entries.size()) model.durable_entries.resize(added.front().index.value - 1);
    model.save(state, added);
    TRY(opened.wal->save(state, Entries(added)));
    if (rng.one_in(3)) TRY(opened.wal->prepare_next_segment());
    if (!rng.one_in(3)) continue;
    TRY(opened.wal->sync());
    model.sync();
  }
  return {};
}

// With a step back that no sync covers yet, the old entries may still be there: only the promised ones count.
void expect_kept(const Opened& opened, const Model& model) {
  EXPECT_TRUE(begins_with(opened.entries, model.durable_entries)) << opened.entries.size() << " < " << model.durable_entries.size();
  EXPECT_GE(opened.hard_state.commit, model.durable_state.commit);
  EXPECT_GE(opened.hard_state.term, model.durable_state.term);
}

TEST(WalCrash, APowerCutAtAnyCallLosesNothingThatWasSynced) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Rng rng(seed);
    const auto disk = empty_disk();
    create_log(*disk, kTinyOptions);
    Model model;
    for (int life = 0; life < 6; ++life) {
      disk->lose_power_at(disk->operations() + 1 + rng.below(80));
      (void)live(*disk, rng, model);
      disk->crash(rng.one_in(4) ? base::lose_all() : base::survive_at_random(rng));
      const Opened opened = open_log(*disk, {}, kTinyOptions);
      ASSERT_TRUE(opened.wal) << "seed " << seed << " life " << life;
      expect_kept(opened, model);
      ASSERT_FALSE(HasFailure()) << "seed " << seed << " life " << life;
      model.entries = opened.entries;
      model.state = opened.hard_state;
      model.sync();
    }
  }
}

TEST(WalCrash, CreationIsThereWholeOrNotAtAll) {
  const auto finished = empty_disk();
  const std::uint64_t before = finished->operations();
  create_log(*finished);
  const std::uint64_t calls = finished->operations() - before;
  for (std::uint64_t call = 1; call <= calls + 1; ++call) {
    const auto disk = empty_disk();
    disk->lose_power_at(disk->operations() + call);
    const bool created = Wal::create(*disk, kFolder, kMetadata, kSmallOptions).has_value();
    EXPECT_EQ(created, call == calls + 1);
    every_crash(*disk, 300, [&](CrashFs& left) {
      EXPECT_TRUE(!created || exists(left, kFolder));
      if (!exists(left, kFolder)) create_log(left);
      EXPECT_EQ(open_log(left).metadata, kMetadata);
    });
  }
}

TEST(WalCrash, ARepairMayBeCutShortAtAnyCallAndIsRepeated) {
  const auto torn = empty_disk();
  Model model;
  {
    const auto wal = create_log(*torn);
    model.save(state_of(1, 1), entries_of(1, 1, 3, 300));
    ASSERT_TRUE(save_synced(*wal, state_of(1, 1), entries_of(1, 1, 3, 300)));
    model.sync();
    model.save({}, entries_of(1, 4, 6, 900));
    ASSERT_TRUE(wal->save({}, Entries(entries_of(1, 4, 6, 900))));
  }
  // All but one sector survives.
  torn->crash([](const base::Unsynced& item) { return item.offset == 2048 ? 0 : item.changes; });

  for (std::uint64_t call = 1;; ++call) {
    const auto disk = torn->after_crash(base::keep_all());
    disk->lose_power_at(disk->operations() + call);
    const bool done = Wal::open(*disk, kFolder, {}, kSmallOptions).has_value();
    Rng rng(call);
    for (int i = 0; i < 20; ++i) {
      const auto left = disk->after_crash(base::survive_at_random(rng));
      const Opened opened = open_log(*left);
      ASSERT_TRUE(opened.wal) << "call " << call;
      expect_explained(opened, model);
    }
    if (done) break;
    ASSERT_LT(call, 100u);
  }
}

TEST(WalCrash, ARepairKeepsACopyOfWhatItRemoves) {
  const auto disk = empty_disk();
  {
    const auto wal = create_log(*disk);
    ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 3, 300)));
    ASSERT_TRUE(wal->save({}, Entries(entries_of(1, 4, 6, 900))));
  }
  disk->crash([](const base::Unsynced& item) { return item.offset == 2048 ? 0 : item.changes; });
  const std::string before = disk->contents(last_segment(*disk));
  const Opened opened = open_log(*disk);
  ASSERT_TRUE(opened.repair);
  EXPECT_EQ(opened.repair->path, last_segment(*disk));
  const std::string copy = disk->contents(opened.repair->path + ".broken");
  EXPECT_EQ(copy.size(), opened.repair->offset + opened.repair->removed);
  EXPECT_EQ(copy, before.substr(0, copy.size()));
  EXPECT_EQ(before.find_last_not_of('\0') + 1, copy.size());
}

TEST(WalCrash, AFailedWriteLeavesALogThatOpens) {
  for (const Errc code : {Errc::kNoSpace, Errc::kIo}) {
    for (std::size_t written = 0; written < 3000; written += 37) {
      const auto disk = empty_disk();
      {
        const auto wal = create_log(*disk);
        ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 3, 300)));
        disk->set_fault_rule([&](const base::FileOperation& operation) -> std::optional<base::Fault> {
          if (operation.call == base::FileCall::kWrite) return base::Fault{code, written};
          return std::nullopt;
        });
        EXPECT_EQ(wal->save({}, Entries(entries_of(1, 4, 6, 900))).error().code, code);
        disk->set_fault_rule(nullptr);
      }
      const Opened opened = open_log(*disk);
      ASSERT_TRUE(opened.wal) << written;
      EXPECT_TRUE(begins_with(opened.entries, entries_of(1, 1, 3, 300)));
    }
  }
}

// The kernel may count a page as clean whose write-back failed. The next start on the same machine reads it from the cache, and must not take
// a sync that finds nothing to do as proof.
TEST(WalCrash, AFailedSyncAndARestartWithoutAPowerCutLoseNothingThatWasShown) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    CrashFs disk{Rng(seed)};
    ASSERT_TRUE(disk.make_directories("/member"));
    disk.sync_all();
    {
      const auto wal = create_log(disk);
      ASSERT_TRUE(save_synced(*wal, {}, entries_of(1, 1, 3, 300)));
      ASSERT_TRUE(wal->save({}, Entries(entries_of(1, 4, 6, 900))));
      disk.set_fault_rule([](const base::FileOperation& operation) -> std::optional<base::Fault> {
        if (operation.call == base::FileCall::kSyncData) return base::Fault{};
        return std::nullopt;
      });
      EXPECT_FALSE(wal->sync());
      disk.set_fault_rule(nullptr);
    }
    const auto shown = open_log(disk).entries;
    EXPECT_EQ(shown.size(), 6u);
    disk.crash(base::lose_all());
    EXPECT_EQ(open_log(disk).entries, shown);
  }
}

// Lets the sync of a folder fail.
base::CrashFs::FaultRule no_sync_of(const std::string& folder) {
  return [folder](const base::FileOperation& operation) -> std::optional<base::Fault> {
    if (operation.call == base::FileCall::kSyncDirectory && operation.path == folder) return base::Fault{};
    return std::nullopt;
  };
}

TEST(WalCrash, NamesThatAKilledProcessDidNotSyncAreSyncedByTheNext) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto disk = empty_disk(seed);
    {
      const auto wal = create_log(*disk);
      disk->set_fault_rule(no_sync_of(kFolder));
      EXPECT_FALSE(wal->save({}, Entries(entries_of(1, 1, 1, 70'000))));  // ends before the new segment's name is durable
      disk->set_fault_rule(nullptr);
    }
    ASSERT_EQ(list_segments(*disk, kFolder)->size(), 2u);
    ASSERT_TRUE(save_synced(*open_log(*disk).wal, {}, entries_of(1, 2, 2)));
    disk->crash(base::lose_all());
    EXPECT_EQ(open_log(*disk).entries.size(), 2u);
  }
}

TEST(WalCrash, ALogWhoseNameAKilledProcessDidNotSyncIsSyncedByTheNext) {
  for (std::uint64_t seed = 0; seed < 10; ++seed) {
    const auto disk = empty_disk(seed);
    disk->set_fault_rule(no_sync_of("/member"));
    EXPECT_FALSE(Wal::create(*disk, kFolder, kMetadata, kSmallOptions));
    disk->set_fault_rule(nullptr);
    ASSERT_TRUE(save_synced(*open_log(*disk).wal, {}, entries_of(1, 1, 2)));
    disk->crash(base::lose_all());
    EXPECT_EQ(open_log(*disk).entries.size(), 2u);
  }
}

}  // namespace
}  // namespace etcd::wal
