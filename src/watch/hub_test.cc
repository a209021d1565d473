#include "watch/hub.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "watch/local_watch.h"
#include "watch/testing/hub_rig.h"

namespace etcd::watch {
namespace {

using testing::HubRig;
using testing::KeepingSink;
using Texts = std::vector<std::string>;
constexpr std::string_view kFromKey("\0", 1);

WatchRequest key(std::string_view name, std::int64_t start = 0) { return {.key = name, .start = Revision(start)}; }
WatchRequest range(std::string_view from, std::string_view to, std::int64_t start = 0) {
  return {.key = from, .range_end = to, .start = Revision(start)};
}

TEST(Hub, TellsWatchersOfKeysAndRangesWhatChangesFromNowOn) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  rig.put("a", "0");
  EXPECT_EQ(stream.watch(kAutoWatchId, key("a"))->id, WatchId(0));
  EXPECT_EQ(stream.watch(kAutoWatchId, range("a", "c"))->id, WatchId(1));
  EXPECT_EQ(stream.watch(kAutoWatchId, range("b", kFromKey))->id, WatchId(2));
  EXPECT_EQ(stream.watch(kAutoWatchId, range("", kFromKey))->id, WatchId(3));
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{});
  rig.put("a", "1");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"0@3: +a=1", "3@3: +a=1", "1@3: +a=1"}));
  rig.put("b", "2");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"3@4: +b=2", "1@4: +b=2", "2@4: +b=2"}));
  rig.put("c", "3");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"3@5: +c=3", "2@5: +c=3"}));
  rig.erase("a");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"0@6: -a", "3@6: -a", "1@6: -a"}));
}

TEST(Hub, ARevisionComesWholeAndInOrder) {
  HubRig rig({.slice = {.changes = 1, .deliveries = 1, .bytes = 1}});
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(kAutoWatchId, range("k", "l")));
  auto txn = rig.store.store().begin();
  for (const char* name : {"k3", "k1", "k2", "z"}) txn.put(name, "v", LeaseId(0));
  txn.commit();
  rig.put("k1", "w");
  rig.erase("k", "l");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"0@2: +k3=v +k1=v +k2=v", "0@3: +k1=w", "0@4: -k1 -k2 -k3"}));
}

TEST(Hub, APastStartIsTheHistoryAndAFutureOneIsWaitedFor) {
  HubRig rig;
  for (const char* value : {"2", "3", "4"}) rig.put("a", value);
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(WatchId(10), key("a", 3)));
  ASSERT_TRUE(stream.watch(WatchId(11), key("a", 1)));
  ASSERT_TRUE(stream.watch(WatchId(12), key("a", 6)));
  EXPECT_EQ(stream.watch(WatchId(13), key("a"))->revision, Revision(4));
  EXPECT_EQ(rig.hub.slow_watchers(), 2U);
  rig.settle();
  EXPECT_EQ(rig.hub.slow_watchers(), 0U);
  EXPECT_EQ(sink.take(), (Texts{"10@4: +a=3 +a=4", "11@4: +a=2 +a=3 +a=4"}));
  rig.put("a", "5");
  rig.settle();
  EXPECT_EQ(sink.take().size(), 3U);  // all but the one of the future
  rig.put("a", "6");
  rig.settle();
  EXPECT_EQ(sink.take().size(), 4U);
}

TEST(Hub, AHugeRevisionLeavesNoMemoryBehind) {
  struct Measuring final : Sink {
    std::size_t bytes = 0;
    std::size_t capacity = 0;
    bool on_events(const Delivery& delivery) override {
      bytes = delivery.events.bytes().size();
      capacity = delivery.events.capacity();
      return true;
    }
    bool on_compacted(WatchId, Revision) override { return true; }
    bool on_progress(WatchId, Revision) override { return true; }
  };
  constexpr std::size_t kMiB = 1024 * 1024;
  HubRig rig;
  Measuring sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(kAutoWatchId, range("k", "l")));
  auto txn = rig.store.store().begin();
  for (char last = '0'; last < '8'; ++last) txn.put(std::string("k") + last, std::string(kMiB, 'v'), LeaseId(0));
  txn.commit();
  rig.settle();
  EXPECT_GE(sink.bytes, 8 * kMiB);
  rig.put("k1", "small");
  rig.settle();
  EXPECT_LT(sink.bytes, kMiB);
  EXPECT_LT(sink.capacity, kMiB);
}

TEST(Hub, FiltersLeaveOutPutsOrDeletions) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(kAutoWatchId, {.key = "a", .no_put = true}));
  ASSERT_TRUE(stream.watch(kAutoWatchId, {.key = "a", .no_delete = true}));
  ASSERT_TRUE(stream.watch(kAutoWatchId, {.key = "a", .no_put = true, .no_delete = true}));
  rig.put("a", "1");
  rig.erase("a");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"0@3: -a", "1@2: +a=1"}));
}

TEST(Hub, PrevKvIsTheValueBeforeUnlessCreatedOrCompacted) {
  HubRig rig;
  rig.put("a", "1");
  rig.put("a", "2");
  rig.put("a", "3");
  rig.erase("a");
  rig.put("a", "4");
  ASSERT_TRUE(rig.store.store().compact(Revision(3)));
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(kAutoWatchId, {.key = "a", .start = Revision(3), .prev_kv = true}));
  rig.settle();
  ASSERT_EQ(sink.seen.size(), 1U);
  const auto& events = sink.seen[0].events;
  ASSERT_EQ(events.size(), 4U);
  EXPECT_FALSE(events[0].prev_kv);  // at revision 2, which is compacted
  EXPECT_EQ(mvcc::decode_key_value(*events[1].prev_kv)->value, "2");
  EXPECT_EQ(mvcc::decode_key_value(*events[2].prev_kv)->value, "3");
  EXPECT_FALSE(events[3].prev_kv);
}

TEST(Hub, IdsAreGivenFromZeroUpAndTakenOnesSkipped) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  EXPECT_EQ(stream.watch(WatchId(1), key("a"))->id, WatchId(1));
  EXPECT_EQ(stream.watch(kAutoWatchId, key("a"))->id, WatchId(0));
  EXPECT_EQ(stream.watch(kAutoWatchId, key("a"))->id, WatchId(2));
  EXPECT_EQ(stream.watch(WatchId(-7), key("a"))->id, WatchId(-7));
  EXPECT_EQ(stream.watch(WatchId(2), key("a")).error().code, Errc::kDuplicateWatchId);
  EXPECT_TRUE(stream.cancel(WatchId(0)));
  EXPECT_FALSE(stream.cancel(WatchId(0)));
  EXPECT_EQ(stream.watch(kAutoWatchId, key("a"))->id, WatchId(3));
  EXPECT_EQ(stream.watch(kAutoWatchId, range("b", "b")).error().code, Errc::kEmptyWatcherRange);
  EXPECT_EQ(stream.watch(WatchId(1), range("b", "a")).error().code, Errc::kEmptyWatcherRange);
  EXPECT_EQ(rig.hub.watchers(), 4U);
}

TEST(Hub, NothingComesOfACancelledWatch) {
  HubRig rig;
  rig.put("a", "1");
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(WatchId(1), key("a")));
  ASSERT_TRUE(stream.watch(WatchId(2), key("a", 1)));  // is behind
  EXPECT_TRUE(stream.cancel(WatchId(1)));
  EXPECT_TRUE(stream.cancel(WatchId(2)));
  EXPECT_TRUE(rig.hub.is_idle());
  rig.put("a", "2");
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{});
}

TEST(Hub, AStartBelowTheCompactionEndsTheWatchAndAtItDoesNot) {
  HubRig rig;
  for (const char* value : {"2", "3", "4"}) rig.put("a", value);
  rig.erase("a");
  ASSERT_TRUE(rig.store.store().compact(Revision(5)));
  rig.store.finish_compaction();
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(WatchId(1), key("a", 4)));
  ASSERT_TRUE(stream.watch(WatchId(2), key("a", 5)));
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"1 compacted 5", "2@5: -a"}));
  // The id of an ended watch is taken until it is cancelled, and no notice waits for it.
  EXPECT_EQ(stream.watch(WatchId(1), key("a")).error().code, Errc::kDuplicateWatchId);
  stream.ask_progress();
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{"-1 progress 5"});
  EXPECT_TRUE(stream.cancel(WatchId(1)));
  EXPECT_EQ(rig.hub.watchers(), 1U);
}

TEST(Hub, ASyncedWatcherMissesNothingThoughAllIsCompactedBeforeTheHubLooks) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(kAutoWatchId, key("a")));
  rig.settle();
  rig.put("a", "1");
  rig.put("a", "2");
  rig.erase("a");
  ASSERT_TRUE(rig.store.store().compact(Revision(4)));
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"0@4: +a=1 +a=2 -a"}));
}

TEST(Hub, AHubThatIsTooLateSaysSo) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(WatchId(1), key("a")));
  ASSERT_TRUE(stream.watch(WatchId(2), key("a", 5)));
  rig.settle();
  rig.put("a", "1");
  rig.put("a", "2");
  rig.put("a", "3");
  ASSERT_TRUE(rig.store.store().compact(Revision(4)));
  rig.store.finish_compaction();
  rig.put("a", "4");
  rig.settle();
  EXPECT_EQ(sink.take(), (Texts{"1 compacted 4", "2@5: +a=4"}));
}

TEST(Hub, AfterASnapshotIsInstalledWatchersGoOnWhereTheyWere) {
  for (const bool is_compacted : {false, true}) {
    mvcc::testing::StoreRig leader;
    HubRig rig;
    for (const char* value : {"1", "2"}) {
      rig.put("a", value);
      leader.put("a", value);
    }
    KeepingSink sink;
    Stream stream(rig.hub, sink);
    ASSERT_TRUE(stream.watch(WatchId(1), key("a", 2)));
    ASSERT_TRUE(stream.watch(WatchId(2), key("a", 6)));  // has not begun, and must not be told of what is older
    rig.settle();
    EXPECT_EQ(sink.take(), Texts{"1@3: +a=1 +a=2"});
    for (const char* value : {"3", "4", "5"}) leader.put("a", value);
    if (is_compacted) {
      ASSERT_TRUE(leader.store().compact(Revision(5)));
    }
    leader.flush();
    leader.finish_compaction();
    rig.store.replace_store_by(leader.db());
    rig.settle();
    Texts seen = sink.take();
    std::ranges::sort(seen);
    EXPECT_EQ(seen, is_compacted ? (Texts{"1 compacted 5", "2@6: +a=5"}) : (Texts{"1@6: +a=3 +a=4 +a=5", "2@6: +a=5"}));
  }
}

TEST(Hub, AWatchMayBeCancelledBetweenAnInstalledSnapshotAndTheNextLook) {
  mvcc::testing::StoreRig leader;
  HubRig rig;
  for (const char* value : {"1", "2"}) {
    rig.put("a", value);
    leader.put("a", value);
  }
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  ASSERT_TRUE(stream.watch(WatchId(1), key("a")));
  ASSERT_TRUE(stream.watch(WatchId(2), key("a")));
  rig.settle();
  ASSERT_TRUE(stream.watch(WatchId(3), key("a", 1)));  // is behind
  leader.put("a", "3");
  leader.flush();
  rig.store.replace_store_by(leader.db());
  EXPECT_TRUE(stream.cancel(WatchId(1)));
  EXPECT_TRUE(stream.cancel(WatchId(3)));
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{"2@4: +a=3"});
  EXPECT_EQ(rig.hub.watchers(), 1U);
}

TEST(Hub, ASinkThatTakesNoMoreIsGivenTheRestLater) {
  HubRig rig;
  KeepingSink slow;
  KeepingSink quick;
  Stream slow_stream(rig.hub, slow);
  Stream quick_stream(rig.hub, quick);
  slow.make_room(1);
  ASSERT_TRUE(slow_stream.watch(kAutoWatchId, key("a")));
  ASSERT_TRUE(quick_stream.watch(kAutoWatchId, key("a")));
  for (const char* value : {"1", "2", "3"}) {
    rig.put("a", value);
    rig.settle();
  }
  EXPECT_EQ(quick.take(), (Texts{"0@2: +a=1", "0@3: +a=2", "0@4: +a=3"}));
  EXPECT_EQ(slow.take(), Texts{"0@2: +a=1"});
  EXPECT_EQ(rig.hub.slow_watchers(), 1U);
  slow_stream.ask_progress();
  rig.settle();
  slow.make_room(10);
  rig.wakes = 0;
  slow_stream.sink_is_ready();
  EXPECT_GT(rig.wakes, 0);
  rig.settle();
  EXPECT_EQ(slow.take(), (Texts{"0@4: +a=2 +a=3", "-1 progress 4"}));
  EXPECT_EQ(rig.hub.slow_watchers(), 0U);
}

TEST(Hub, ManyWhoAreBehindShareOneWalk) {
  HubRig rig;
  for (int i = 0; i < 500; ++i) rig.put("a", std::to_string(i));
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  for (int i = 0; i < 100; ++i) ASSERT_TRUE(stream.watch(kAutoWatchId, key("a", 2 + i)));
  EXPECT_EQ(rig.hub.walks(), 1U);
  rig.settle();
  EXPECT_EQ(rig.hub.walks(), 0U);
  std::size_t events = 0;
  for (const auto& seen : sink.seen) events += seen.events.size();
  EXPECT_EQ(events, 100U * 500 - 99 * 100 / 2);
}

TEST(Hub, WalksAreLimitedAndNobodyIsForgotten) {
  HubRig rig({.near = 0, .walks = 2, .join_distance = 0});
  for (int i = 0; i < 50; ++i) rig.put("a", std::to_string(i));
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  for (int start = 45; start > 1; start -= 5) ASSERT_TRUE(stream.watch(kAutoWatchId, key("a", start)));
  EXPECT_EQ(rig.hub.walks(), 2U);
  rig.settle();
  EXPECT_EQ(sink.seen.size(), 9U);
  EXPECT_EQ(rig.hub.slow_watchers(), 0U);
}

TEST(Hub, HistoryMayWaitButNewsAndWhoIsNearTheEndDoNot) {
  HubRig rig({.slice = {.changes = 100}, .gentle_slice = {.changes = 2}, .near = 3});
  KeepingSink far, near, news;
  Stream far_stream(rig.hub, far), near_stream(rig.hub, near), news_stream(rig.hub, news);
  for (int i = 2; i <= 20; ++i) rig.put("a", std::to_string(i));
  ASSERT_TRUE(news_stream.watch(kAutoWatchId, key("a")));
  rig.settle();
  ASSERT_TRUE(far_stream.watch(kAutoWatchId, key("a", 2)));
  ASSERT_TRUE(near_stream.watch(kAutoWatchId, key("b", 20)));
  rig.put("a", "21");
  while (rig.hub.step(History::kWaits)) {
  }
  EXPECT_EQ(far.take(), Texts{});
  EXPECT_EQ(news.take(), Texts{"0@21: +a=21"});
  EXPECT_EQ(rig.hub.slow_watchers(), 1u) << "the near one has arrived";
  EXPECT_EQ(rig.hub.way_to_go(), 20);
  EXPECT_FALSE(rig.hub.step(History::kGentle));
  EXPECT_EQ(far.take(), Texts{"0@21: +a=2 +a=3"});
  rig.settle();
  EXPECT_EQ(rig.hub.way_to_go(), 0);
  EXPECT_EQ(far.seen.back().events.back().revision, 21);
}

TEST(Hub, ProgressWaitsForAllWatchesOfTheStream) {
  HubRig rig({.slice = {.changes = 2}});
  for (int i = 0; i < 10; ++i) rig.put("a", std::to_string(i));
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  stream.ask_progress();
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{});  // there is no watch
  ASSERT_TRUE(stream.watch(kAutoWatchId, key("none")));
  stream.ask_progress();
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{"-1 progress 11"});
  ASSERT_TRUE(stream.watch(kAutoWatchId, key("a", 2)));
  stream.ask_progress();
  stream.ask_progress();
  rig.settle();
  const Texts seen = sink.take();
  EXPECT_EQ(seen.back(), "-1 progress 11");
  EXPECT_EQ(std::ranges::count(seen, seen.back()), 1);
  ASSERT_TRUE(stream.watch(kAutoWatchId, key("a", 100)));
  stream.ask_progress();
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{});  // one has not begun
}

TEST(Hub, ATickTellsWatchesThatWantItAndHadNoEvent) {
  HubRig rig;
  KeepingSink sink;
  Stream stream(rig.hub, sink);
  WatchRequest notified = key("a");
  notified.progress_notify = true;
  ASSERT_TRUE(stream.watch(WatchId(1), notified));
  notified.key = "b";
  ASSERT_TRUE(stream.watch(WatchId(2), notified));
  ASSERT_TRUE(stream.watch(WatchId(3), key("a")));
  rig.put("b", "1");
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{"2@2: +b=1"});
  stream.tick();
  rig.settle();
  EXPECT_EQ(sink.take(), Texts{"1 progress 2"});
  stream.tick();
  rig.settle();
  EXPECT_EQ(sink.take().size(), 2U);
}

TEST(Hub, AServiceMayWatchWithACallback) {
  HubRig rig;
  rig.put("a", "1");
  Texts seen;
  std::unique_ptr<LocalWatch> second;
  Result<std::unique_ptr<LocalWatch>> first;
  first = rig.hub.watch({.key = "a", .start = Revision(2)}, [&](const LocalUpdate& update) {
    for (const LocalEvent& event : update.events) {
      seen.push_back((event.is_delete ? "-" : "+") + std::string(event.kv.key) + std::string(event.kv.value));
    }
    if (seen.back() != "-a") return;
    // It may begin others, and end itself.
    second = *rig.hub.watch({.key = "b"}, [&](const LocalUpdate& later) { seen.emplace_back(later.events.at(0).kv.key); });
    first = std::unique_ptr<LocalWatch>();
  });
  ASSERT_TRUE(first);
  EXPECT_EQ((*first)->revision(), Revision(2));
  rig.settle();
  EXPECT_EQ(seen, Texts{"+a1"});
  rig.erase("a");
  rig.settle();
  rig.put("a", "2");
  rig.put("b", "3");
  rig.settle();
  EXPECT_EQ(seen, (Texts{"+a1", "-a", "b"}));
  EXPECT_EQ(rig.hub.watchers(), 1U);
}

TEST(Hub, ALocalWatchOfCompactedHistoryIsToldSo) {
  HubRig rig;
  rig.put("a", "1");
  rig.put("a", "2");
  ASSERT_TRUE(rig.store.store().compact(Revision(3)));
  std::int64_t compacted = 0;
  const auto watch =
      rig.hub.watch({.key = "a", .start = Revision(2)}, [&](const LocalUpdate& update) { compacted = update.compacted.value; });
  ASSERT_TRUE(watch);
  rig.settle();
  EXPECT_EQ(compacted, 3);
  EXPECT_FALSE(rig.hub.watch({.key = "b", .range_end = "a"}, [](const LocalUpdate&) {}));
}

}  // namespace
}  // namespace etcd::watch
