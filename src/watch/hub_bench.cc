// What watching costs the loop: an event told to many watchers, one nobody watches, catching up, and memory. Run the release build.
#include <benchmark/benchmark.h>
#include <malloc.h>

#include <memory>
#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "bolt/db.h"
#include "mvcc/store.h"
#include "watch/hub.h"
#include "watch/stream.h"

namespace etcd::watch {
namespace {

constexpr std::size_t kStreams = 10;
const std::string kValue(64, 'v');

// Copies what it is given behind some header, as a session does.
class CopyingSink : public Sink {
 public:
  bool on_events(const Delivery& delivery) override {
    out_.append("0123456789012345678901234567890123456789").append(delivery.events.bytes());
    events += delivery.events.count();
    return true;
  }
  bool on_compacted(WatchId, Revision) override { return true; }
  bool on_progress(WatchId, Revision) override { return true; }
  void drop() { out_.clear(); }

  std::size_t events = 0;

 private:
  std::string out_;
};

class Bed : private Host {
 public:
  Bed() : hub(*this) {
    CHECK(files_->remove_all(kPath).has_value());
    bolt::Options options;
    options.no_sync = true;
    auto db = bolt::Db::open(*files_, kPath, options);
    CHECK(db.has_value(), describe(db.error()));
    db_ = std::move(*db);
    publisher_ = std::make_unique<mvcc::ViewPublisher>();
    auto store = mvcc::Store::open(*publisher_, db_->begin_read(), {});
    CHECK(store.has_value(), describe(store.error()));
    store_ = std::move(*store);
    store_->publish();
    for (std::size_t i = 0; i < kStreams; ++i) {
      sinks.push_back(std::make_unique<CopyingSink>());
      streams.push_back(std::make_unique<Stream>(hub, *sinks.back()));
    }
  }
  ~Bed() override {
    streams.clear();
    store_.reset();
    publisher_.reset();
    db_.reset();
    CHECK(files_->remove_all(kPath).has_value());
  }

  void put(const std::string& key) {
    mvcc::WriteTxn txn = store_->begin();
    txn.put(key, kValue, LeaseId(0));
    txn.commit();
    store_->publish();
  }
  void step_to_the_end() {
    while (hub.step()) {
    }
  }
  void drop_output() {
    for (auto& sink : sinks) sink->drop();
  }
  std::size_t events() const {
    std::size_t sum = 0;
    for (const auto& sink : sinks) sum += sink->events;
    return sum;
  }

  Hub hub;
  std::vector<std::unique_ptr<CopyingSink>> sinks;
  std::vector<std::unique_ptr<Stream>> streams;

 private:
  static constexpr const char* kPath = "/tmp/watch_bench.db";
  mvcc::ReadViewRef view() override { return publisher_->acquire(); }
  void wake() override {}

  std::unique_ptr<base::FileSystem> files_ = base::posix_file_system();
  std::unique_ptr<bolt::Db> db_;
  std::unique_ptr<mvcc::ViewPublisher> publisher_;
  std::unique_ptr<mvcc::Store> store_;
};

// `watchers` of one key: time for each event told, the put not counted.
void BM_OneKey(benchmark::State& state) {
  Bed bed;
  for (std::int64_t i = 0; i < state.range(0); ++i) {
    CHECK(bed.streams[static_cast<std::size_t>(i) % kStreams]->watch(kAutoWatchId, {.key = "key"}));
  }
  for (auto _ : state) {
    state.PauseTiming();
    bed.put("key");
    bed.drop_output();
    state.ResumeTiming();
    bed.step_to_the_end();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(bed.events()));
}
BENCHMARK(BM_OneKey)->Arg(1)->Arg(100)->Arg(1'000)->Arg(10'000);

// A change that nobody watches, with 10,000 watched keys and 100 watched prefixes.
void BM_Unwatched(benchmark::State& state) {
  Bed bed;
  for (int i = 0; i < 10'000; ++i) CHECK(bed.streams[0]->watch(kAutoWatchId, {.key = "key-" + std::to_string(i)}));
  for (int i = 0; i < 100; ++i) {
    const std::string prefix = "/registry/kind-" + std::to_string(1000 + i);
    CHECK(bed.streams[1]->watch(kAutoWatchId, {.key = prefix + "/", .range_end = prefix + "0"}));
  }
  bed.step_to_the_end();
  constexpr int kPuts = 1'000;
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < kPuts; ++i) bed.put("/registry/other/" + std::to_string(i));
    state.ResumeTiming();
    bed.step_to_the_end();
  }
  state.SetItemsProcessed(state.iterations() * kPuts);
}
BENCHMARK(BM_Unwatched);

// A thousand watchers that begin 100,000 revisions back, of which each wants a hundred.
void BM_CatchUp(benchmark::State& state) {
  Bed bed;
  for (int i = 0; i < 100'000; ++i) bed.put("key-" + std::to_string(i % 1'000));
  for (auto _ : state) {
    for (int i = 0; i < 1'000; ++i) {
      const std::string key = "key-" + std::to_string(i);
      CHECK(bed.streams[static_cast<std::size_t>(i) % kStreams]->watch(kAutoWatchId, {.key = key, .start = Revision(2)}));
    }
    bed.step_to_the_end();
    state.PauseTiming();
    for (auto& sink : bed.sinks) sink->drop();
    for (auto& stream : bed.streams) {
      for (std::int64_t id = 0; stream->watches() > 0; ++id) (void)stream->cancel(WatchId(id));
    }
    state.ResumeTiming();
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(bed.events()));
}
BENCHMARK(BM_CatchUp)->Unit(benchmark::kMillisecond);

// Bytes of a watcher of a key of its own (24 bytes), and of one of many of the same key.
void BM_Memory(benchmark::State& state) {
  constexpr int kWatchers = 100'000;
  for (auto _ : state) {
    Bed bed;
    const auto before = mallinfo2().uordblks;
    for (int i = 0; i < kWatchers; ++i) {
      const std::string key = state.range(0) == 0 ? "key" : "key-" + std::to_string(10'000'000'000'000'000'000u + static_cast<unsigned>(i));
      CHECK(bed.streams[0]->watch(kAutoWatchId, {.key = key}));
    }
    state.counters["bytes"] = static_cast<double>(mallinfo2().uordblks - before) / kWatchers;
  }
}
BENCHMARK(BM_Memory)->Arg(0)->Arg(1)->Iterations(1);

}  // namespace
}  // namespace etcd::watch
