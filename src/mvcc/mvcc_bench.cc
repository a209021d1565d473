// What the key space costs: puts with their publishing, reads at a million keys of 24 + 256 bytes, restart. Run the
// release build.
#include <benchmark/benchmark.h>

#include <cstdio>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/file.h"
#include "base/rng.h"
#include "bolt/db.h"
#include "mvcc/hash.h"
#include "mvcc/store.h"

namespace etcd::mvcc {
namespace {

constexpr std::uint64_t kKeys = 1'000'000;
const std::string kValue(256, 'v');

std::string key_of(std::uint64_t i) {
  char key[32];
  std::snprintf(key, sizeof key, "/bench/%017llu",
                static_cast<unsigned long long>(base::Rng(i).next() % 100'000'000'000'000'000));
  return key;
}

// A store over a db file of its own; without syncs, which are not what is measured.
class Bed {
 public:
  explicit Bed(const std::string& name) : path_("/tmp/mvcc_bench." + name) {
    CHECK(files_->remove_all(path_).has_value());
    open();
  }
  ~Bed() {
    close();
    CHECK(files_->remove_all(path_).has_value());
  }

  void open() {
    bolt::Options options;
    options.no_sync = true;
    auto db = bolt::Db::open(*files_, path_, options);
    CHECK(db.has_value(), describe(db.error()));
    db_ = std::move(*db);
    publisher_ = std::make_unique<ViewPublisher>();
    auto opened = Store::open(*publisher_, db_->begin_read(), {});
    CHECK(opened.has_value(), describe(opened.error()));
    store_ = std::move(*opened);
    store_->publish();
  }
  void close() {
    store_.reset();
    publisher_.reset();
    db_.reset();
  }
  void put(const std::string& key, const std::string& value) {
    WriteTxn txn = store_->begin();
    txn.put(key, value, LeaseId(0));
    txn.commit();
  }
  void flush() {
    auto batch = store_->take_flush();
    if (!batch) return;
    auto tx = db_->begin_write();
    CHECK(tx.has_value() && batch->write_to(*tx).has_value() && tx->commit().has_value());
    CHECK(store_->flushed(std::move(*batch), db_->begin_read()).has_value());
    store_->publish();
  }
  void fill(std::uint64_t keys) {
    for (std::uint64_t i = 0; i < keys; ++i) {
      put(key_of(i), kValue);
      if (i % 10'000 == 0) flush();
    }
    flush();
  }
  Store& store() { return *store_; }
  ViewPublisher& views() { return *publisher_; }

 private:
  std::unique_ptr<base::FileSystem> files_ = base::posix_file_system();
  std::string path_;
  std::unique_ptr<bolt::Db> db_;
  std::unique_ptr<ViewPublisher> publisher_;
  std::unique_ptr<Store> store_;
};

// Shared by the benchmarks that read.
Bed& million() {
  static Bed bed("million");
  if (bed.store().revision() == Revision(1)) bed.fill(kKeys);
  return bed;
}

// `range(0)` puts to each published view; keys from a million, so most are new to the nodes at hand.
void put(benchmark::State& state) {
  Bed bed("put");
  base::Rng rng(1);
  std::int64_t in_batch = 0;
  std::uint64_t since_flush = 0;
  for (auto _ : state) {
    bed.put(key_of(rng.below(kKeys)), kValue);
    if (++in_batch < state.range(0)) continue;
    in_batch = 0;
    bed.store().publish();
    if ((since_flush += static_cast<std::uint64_t>(state.range(0))) < 10'000) continue;
    since_flush = 0;
    state.PauseTiming();
    bed.flush();
    state.ResumeTiming();
  }
  state.SetItemsProcessed(state.iterations());
}
BENCHMARK(put)->Arg(1)->Arg(10)->Arg(100)->Iterations(1'000'000);

void flush_10k(benchmark::State& state) {
  Bed& bed = million();
  base::Rng rng(2);
  for (auto _ : state) {
    state.PauseTiming();
    for (int i = 0; i < 10'000; ++i) bed.put(key_of(rng.below(kKeys)), kValue);
    state.ResumeTiming();
    bed.flush();
  }
  state.SetItemsProcessed(state.iterations() * 10'000);
}

void acquire(benchmark::State& state) {
  Bed& bed = million();
  for (auto _ : state) benchmark::DoNotOptimize(bed.views().acquire());
}
BENCHMARK(acquire);

void range_one(benchmark::State& state) {
  Bed& bed = million();
  base::Rng rng(3);
  for (auto _ : state) {
    const std::string key = key_of(rng.below(kKeys));
    const ReadViewRef view = bed.views().acquire();
    const auto result = range(*view, {.key = key});
    CHECK(result.has_value() && result->count == 1);
  }
}
BENCHMARK(range_one);

void range_limit(benchmark::State& state) {
  Bed& bed = million();
  base::Rng rng(4);
  for (auto _ : state) {
    const std::string key = key_of(rng.below(kKeys));
    const ReadViewRef view = bed.views().acquire();
    const auto result = range(*view, {.key = key, .range_end = "/bench0", .limit = state.range(0)});
    CHECK(result.has_value());
    benchmark::DoNotOptimize(result->count);
  }
}
BENCHMARK(range_limit)->Arg(10)->Arg(500)->Arg(100'000);

void range_keys_only(benchmark::State& state) {
  Bed& bed = million();
  for (auto _ : state) {
    const ReadViewRef view = bed.views().acquire();
    const auto result = range(*view, {.key = "/", .range_end = "0", .limit = 100'000, .keys_only = true});
    CHECK(result.has_value() && result->kvs.size() == 100'000);
  }
}
BENCHMARK(range_keys_only);

void count_all(benchmark::State& state) {
  Bed& bed = million();
  for (auto _ : state) {
    const ReadViewRef view = bed.views().acquire();
    CHECK(range(*view, {.key = "/", .range_end = "0", .count_only = true})->count == kKeys);
  }
}
BENCHMARK(count_all);

// The second page of a list, while writes go on.
void count_at_older_revision(benchmark::State& state) {
  Bed& bed = million();
  const Revision revision = bed.store().revision();
  base::Rng rng(5);
  for (int i = 0; i < 1000; ++i) bed.put(key_of(rng.below(kKeys)), kValue);
  bed.store().publish();
  for (auto _ : state) {
    const ReadViewRef view = bed.views().acquire();
    CHECK(range(*view, {.key = "/", .range_end = "0", .revision = revision, .count_only = true})->count == kKeys);
  }
}
BENCHMARK(count_at_older_revision);

void hash_kv(benchmark::State& state) {
  Bed& bed = million();
  for (auto _ : state) {
    auto hash = KeySpaceHash::begin(bed.views().acquire(), Revision(0));
    while (!*hash->step(10'000)) {
    }
    benchmark::DoNotOptimize(hash->result());
  }
}
BENCHMARK(hash_kv)->Unit(benchmark::kMillisecond);

void restore(benchmark::State& state) {
  Bed& bed = million();
  for (auto _ : state) {
    state.PauseTiming();
    bed.close();
    state.ResumeTiming();
    bed.open();
  }
  state.counters["bytes_a_key"] =
      static_cast<double>(bed.store().index().allocated_bytes()) / static_cast<double>(bed.store().index().key_count());
}
BENCHMARK(restore)->Unit(benchmark::kMillisecond);

BENCHMARK(flush_10k)->Unit(benchmark::kMillisecond)->Iterations(20);

// A step of a compaction that finds something to drop in every leaf.
void compaction_step(benchmark::State& state) {
  Bed& bed = million();
  base::Rng rng(6);
  for (auto _ : state) {
    state.PauseTiming();
    for (std::uint64_t i = 0; i < 100'000; ++i) {
      bed.put(key_of(rng.below(kKeys)), kValue);
      if (i % 10'000 == 0) bed.flush();
    }
    CHECK(bed.store().compact(bed.store().revision()).has_value());
    state.ResumeTiming();
    while (bed.store().step_compaction(1000)) {
    }
    state.PauseTiming();
    while (bed.store().needs_flush()) bed.flush();
    state.ResumeTiming();
  }
}
BENCHMARK(compaction_step)->Unit(benchmark::kMillisecond)->Iterations(3);

}  // namespace
}  // namespace etcd::mvcc
