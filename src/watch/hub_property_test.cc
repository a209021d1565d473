// Random histories, watchers, slow sinks and compactions against a list of all that ever happened.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <memory>

#include "base/rng.h"
#include "mvcc/testing/model_store.h"
#include "watch/testing/hub_rig.h"

namespace etcd::watch {
namespace {

using mvcc::testing::ModelChange;
using testing::HubRig;
using testing::KeepingSink;
using testing::Seen;

const std::string kFrom(1, '\0');

// What one watcher is still to be told.
struct Expected {
  std::string key;
  std::string range_end;
  WatchRequest options;  // its views are not used
  std::int64_t start = 0;
  std::size_t at = 0;         // in the model's changes: those before it are told, or not for this watcher
  std::int64_t told_to = 0;   // it certainly has everything up to here
  bool ended = false;

  bool wants(const ModelChange& change) const {
    if (change.id.revision.main.value < start) return false;
    if (change.id.tombstone ? options.no_delete : options.no_put) return false;
    return mvcc::KeyRange::of(key, range_end).contains(change.kv.key);
  }
};

class World {
 public:
  explicit World(std::uint64_t seed)
      : rng_(seed),
        rig_({.slice = {.changes = 1 + rng_.below(6), .deliveries = 1 + rng_.below(8), .bytes = 1 + rng_.below(200)},
              .gentle_slice = {.changes = 1 + rng_.below(2), .deliveries = 1, .bytes = 1},
              .near = static_cast<std::int64_t>(rng_.below(8)),
              .walks = 1 + rng_.below(3),
              .join_distance = static_cast<std::int64_t>(rng_.below(6)),
              .moves = 1 + rng_.below(4)}) {
    for (int i = 0; i < 3; ++i) clients_.push_back(std::make_unique<Client>(rig_.hub));
  }

  void run(int rounds) {
    for (int i = 0; i < rounds && !::testing::Test::HasFatalFailure(); ++i) act();
    // In the end everybody reads, and must come to have everything.
    for (auto& client : clients_) {
      client->is_slow = false;
      client->stream.ask_progress();
    }
    for (int i = 0; i < 100 || rig_.hub.slow_watchers() > 0; ++i) {
      ASSERT_LT(i, 100'000) << "somebody never catches up";
      read_all();
      rig_.hub.step();
      check_new();
    }
    for (const auto& client : clients_) {
      for (const auto& [id, expected] : client->watches) {
        if (expected.ended) continue;
        EXPECT_EQ(next_change(expected), model_.changes.size()) << "watch " << id << " misses events";
      }
    }
  }

 private:
  struct Client {
    explicit Client(Hub& hub) : stream(hub, sink) {}
    KeepingSink sink;
    Stream stream;
    std::map<std::int64_t, Expected> watches;
    bool is_slow = false;
  };

  std::string random_key() { return std::string(1, static_cast<char>('a' + rng_.below(5))); }

  void act() {
    switch (rng_.below(16)) {
      case 0: case 1: case 2: case 3: case 4: return write();
      case 5: return compact();
      case 6: return void(rig_.store.flush());
      case 7: return rng_.one_in(3) ? rig_.store.finish_compaction() : void(rig_.store.store().step_compaction(2));
      case 8: case 9: return begin_watch(random_client());
      case 10: return cancel(random_client());
      case 11: return random_client().stream.ask_progress();
      case 12: return random_client().stream.tick();
      case 13: {
        Client& client = random_client();
        client.is_slow = rng_.one_in(2);
        return;
      }
      default:
        for (std::uint64_t i = rng_.below(6); i > 0; --i) rig_.hub.step(static_cast<History>(rng_.below(3)));
        check_new();
        read_all();
    }
  }

  Client& random_client() { return *clients_[rng_.below(clients_.size())]; }

  void write() {
    auto txn = rig_.store.store().begin();
    std::vector<std::string> touched;  // as etcd's checks have it: a key changes once in a transaction
    for (std::uint64_t i = 1 + rng_.below(3); i > 0; --i) {
      const std::string key = random_key();
      if (std::ranges::find(touched, key) != touched.end()) continue;
      touched.push_back(key);
      if (rng_.below(3) > 0) {
        const std::string value(1 + rng_.below(40), static_cast<char>('0' + rng_.below(10)));
        txn.put(key, value, LeaseId(0));
        model_.put(key, value, 0);
      } else {
        txn.delete_range(key, {});
        model_.erase(key, {});
      }
    }
    txn.commit();
    model_.commit();
    ASSERT_EQ(rig_.store.store().revision().value, model_.revision);
  }

  void compact() {
    if (model_.revision < 3 || !rng_.one_in(3)) return;
    const auto at = static_cast<std::int64_t>(1 + rng_.below(static_cast<std::uint64_t>(model_.revision)));
    const bool done = rig_.store.store().compact(Revision(at)).has_value();
    ASSERT_EQ(done, !model_.compact(at).has_value());
  }

  void begin_watch(Client& client) {
    Expected expected;
    expected.key = random_key();
    if (rng_.one_in(2)) expected.range_end = rng_.one_in(3) ? kFrom : std::string(1, static_cast<char>(expected.key[0] + 1 + rng_.below(3)));
    if (rng_.one_in(2)) expected.start = static_cast<std::int64_t>(1 + rng_.below(static_cast<std::uint64_t>(model_.revision) + 3));
    expected.options = {.prev_kv = rng_.one_in(2), .no_put = rng_.one_in(6), .no_delete = rng_.one_in(6), .progress_notify = rng_.one_in(2)};
    WatchRequest request = expected.options;
    request.key = expected.key;
    request.range_end = expected.range_end;
    request.start = Revision(expected.start);
    const auto started = client.stream.watch(rng_.one_in(3) ? WatchId(static_cast<std::int64_t>(rng_.below(20))) : kAutoWatchId, request);
    if (!started) {
      ASSERT_EQ(started.error().code, Errc::kDuplicateWatchId);
      return;
    }
    ASSERT_EQ(started->revision.value, model_.revision);
    if (expected.start == 0) expected.start = model_.revision + 1;
    expected.told_to = expected.start - 1;
    ASSERT_TRUE(client.watches.emplace(started->id.value, expected).second) << "an id is given twice";
  }

  void cancel(Client& client) {
    const auto id = static_cast<std::int64_t>(rng_.below(8));
    check_new();
    ASSERT_EQ(client.stream.cancel(WatchId(id)), client.watches.erase(id) > 0);
  }

  // Slow clients take a few deliveries at a time, and now and then.
  void read_all() {
    for (auto& client : clients_) {
      if (client->is_slow && !rng_.one_in(4)) continue;
      client->sink.make_room(client->is_slow ? 1 + rng_.below(3) : SIZE_MAX);
      client->stream.sink_is_ready();
    }
  }

  void check_new() {
    for (auto& client : clients_) {
      for (const Seen& seen : client->sink.seen) check(*client, seen);
      client->sink.seen.clear();
    }
  }

  void check(Client& client, const Seen& seen) {
    if (seen.what == Seen::What::kProgress) {
      for (auto& [id, expected] : client.watches) {
        if (!expected.ended && (seen.id == -1 || seen.id == id)) check_progress(expected, seen.revision);
      }
      return;
    }
    const auto found = client.watches.find(seen.id);
    ASSERT_NE(found, client.watches.end()) << seen.text();
    ASSERT_FALSE(found->second.ended) << seen.text();
    seen.what == Seen::What::kCompacted ? check_compacted(found->second, seen) : check_events(found->second, seen);
  }

  std::size_t next_change(const Expected& expected) const {
    std::size_t at = expected.at;
    while (at < model_.changes.size() && !expected.wants(model_.changes[at])) ++at;
    return at;
  }

  void check_events(Expected& expected, const Seen& seen) {
    for (const auto& event : seen.events) {
      const std::size_t at = next_change(expected);
      ASSERT_LT(at, model_.changes.size()) << "an event that did not happen, or came twice: " << seen.text();
      const ModelChange& change = model_.changes[at];
      ASSERT_EQ(event.revision, change.id.revision.main.value) << seen.text();
      ASSERT_EQ(event.key, change.kv.key) << seen.text();
      ASSERT_EQ(event.is_delete, change.id.tombstone) << seen.text();
      if (!event.is_delete) {
        ASSERT_EQ(event.kv, change.kv.encoded());
      }
      check_prev_kv(expected, change, event.prev_kv);
      expected.at = at + 1;
      expected.told_to = event.revision;
    }
    // A revision's events come together.
    const std::size_t next = next_change(expected);
    if (next < model_.changes.size()) {
      ASSERT_GT(model_.changes[next].id.revision.main.value, expected.told_to) << "a revision came in parts: " << seen.text();
    }
    ASSERT_GE(seen.revision, expected.told_to);
  }

  void check_prev_kv(const Expected& expected, const ModelChange& change, const std::optional<std::string>& prev_kv) {
    const std::int64_t before = change.id.revision.main.value - 1;
    const auto state = model_.state(before);
    const auto found = state.find(change.kv.key);
    const bool exists = expected.options.prev_kv && found != state.end() && before >= model_.compact_revision;
    ASSERT_EQ(prev_kv.has_value(), exists) << "at " << before + 1;
    if (exists) {
      ASSERT_EQ(*prev_kv, found->second.encoded());
    }
  }

  void check_compacted(Expected& expected, const Seen& seen) {
    ASSERT_EQ(seen.revision, model_.compact_revision);
    ASSERT_GT(seen.revision, expected.told_to + 1) << "nothing that it needs is compacted";
    expected.ended = true;
  }

  void check_progress(Expected& expected, std::int64_t revision) {
    const std::size_t next = next_change(expected);
    if (next < model_.changes.size()) {
      ASSERT_GT(model_.changes[next].id.revision.main.value, revision) << "a notice ahead of an event";
    }
    ASSERT_GE(revision, expected.start - 1) << "a notice below the start";
    expected.told_to = std::max(expected.told_to, revision);
  }

  base::Rng rng_;
  HubRig rig_;
  mvcc::testing::ModelStore model_;
  std::vector<std::unique_ptr<Client>> clients_;
};

TEST(HubProperty, EveryWatcherIsToldAllOfItsEventsOnceInOrderAndWhole) {
  for (std::uint64_t seed = 1; seed <= 150; ++seed) {
    SCOPED_TRACE(seed);
    World(seed).run(300);
    if (::testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace etcd::watch
