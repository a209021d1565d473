// What puts, erases, point reads and scans cost with etcd's "key" bucket: 17-byte keys in order, values of about 300
// bytes.
//
// Files go to the folder in TMPDIR, or /tmp. Syncs are off where processor time is measured, on in BM_Commit.
#include <benchmark/benchmark.h>

#include <cstdlib>
#include <string>

#include "base/check.h"
#include "base/file.h"
#include "base/rng.h"
#include "bolt/compacted_copy.h"
#include "bolt/db.h"
#include "bolt/snapshot_reader.h"

namespace etcd::bolt {
namespace {

constexpr std::size_t kBatch = 10000;
constexpr std::size_t kValueBytes = 300;
constexpr std::size_t kStored = 1'000'000;

std::string path_of(const std::string& name) {
  const char* folder = std::getenv("TMPDIR");
  return std::string(folder != nullptr ? folder : "/tmp") + "/bolt_bench_" + name;
}

std::string revision_key(std::uint64_t revision) {
  std::string key(17, '\0');
  for (int i = 0; i < 8; ++i) key[static_cast<std::size_t>(i)] = static_cast<char>(revision >> (56 - 8 * i));
  key[8] = '_';
  return key;
}

class TestDb {
 public:
  TestDb(const std::string& name, bool no_sync) : fs_(base::posix_file_system()), path_(path_of(name)) {
    (void)fs_->remove(path_);
    open(no_sync);
  }
  ~TestDb() {
    db_.reset();
    (void)fs_->remove(path_);
  }

  void open(bool no_sync) {
    db_.reset();
    Options options;
    options.no_sync = no_sync;
    db_ = std::move(Db::open(*fs_, path_, options).value());
  }
  Db& db() { return *db_; }
  base::FileSystem& fs() { return *fs_; }

  void put(std::uint64_t first, std::size_t count, const std::string& value) {
    WriteTx tx = db_->begin_write().value();
    Bucket* bucket = tx.create_bucket_if_missing("key").value();
    bucket->set_fill(0.9);
    for (std::uint64_t i = first; i < first + count; ++i) CHECK(bucket->put(revision_key(i), value));
    CHECK(tx.commit());
  }
  void fill(std::size_t count) {
    const std::string value(kValueBytes, 'v');
    for (std::uint64_t i = 0; i < count; i += kBatch) put(i, kBatch, value);
  }

 private:
  std::unique_ptr<base::FileSystem> fs_;
  std::string path_;
  std::unique_ptr<Db> db_;
};

// One database of a million keys for all read benchmarks.
TestDb& stored() {
  static TestDb db("stored", true);
  static const bool filled = [] {
    db.fill(kStored);
    return true;
  }();
  (void)filled;
  return db;
}

void BM_SequentialPuts(benchmark::State& state) {
  TestDb db("puts", true);
  const std::string value(kValueBytes, 'v');
  std::uint64_t next = 0;
  for (auto _ : state) {
    db.put(next, kBatch, value);
    next += kBatch;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(BM_SequentialPuts)->Unit(benchmark::kMillisecond)->Iterations(50);

void BM_Commit(benchmark::State& state) {
  TestDb db("commit", false);
  const std::string value(kValueBytes, 'v');
  const auto batch = static_cast<std::size_t>(state.range(0));
  std::uint64_t next = 0;
  for (auto _ : state) {
    db.put(next, batch, value);
    next += batch;
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next));
}
BENCHMARK(BM_Commit)->Arg(1)->Arg(100)->Arg(10000)->Unit(benchmark::kMicrosecond)->Iterations(50)->UseRealTime();

// A compaction's batch: every other key of a stretch.
void BM_ScatteredErases(benchmark::State& state) {
  TestDb db("erases", true);
  db.fill(50 * 2 * kBatch);
  std::uint64_t next = 0;
  for (auto _ : state) {
    WriteTx tx = db.db().begin_write().value();
    Bucket* bucket = tx.bucket("key").value();
    bucket->set_fill(0.9);
    for (std::size_t i = 0; i < kBatch; ++i, next += 2) CHECK(bucket->erase(revision_key(next)).value());
    CHECK(tx.commit());
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(next / 2));
}
BENCHMARK(BM_ScatteredErases)->Unit(benchmark::kMillisecond)->Iterations(50);

void BM_RandomPuts(benchmark::State& state) {
  TestDb db("random", true);
  const std::string value(kValueBytes, 'v');
  base::Rng rng(1);
  for (auto _ : state) {
    WriteTx tx = db.db().begin_write().value();
    Bucket* bucket = tx.create_bucket_if_missing("key").value();
    for (std::size_t i = 0; i < kBatch; ++i) CHECK(bucket->put(revision_key(rng.next()), value));
    CHECK(tx.commit());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kBatch));
}
BENCHMARK(BM_RandomPuts)->Unit(benchmark::kMillisecond)->Iterations(20);

void BM_BeginRead(benchmark::State& state) {
  Db& db = stored().db();
  for (auto _ : state) benchmark::DoNotOptimize(db.begin_read());
}
BENCHMARK(BM_BeginRead);

void BM_PointGet(benchmark::State& state) {
  const ReadTx tx = stored().db().begin_read();
  const BucketView bucket = *tx.bucket("key").value();
  base::Rng rng(1);
  for (auto _ : state) {
    const std::string key = revision_key(rng.below(kStored));
    const auto value = bucket.get(key);
    CHECK(value && *value);
    benchmark::DoNotOptimize((**value)[0]);
  }
}
BENCHMARK(BM_PointGet);

void BM_Scan(benchmark::State& state) {
  const ReadTx tx = stored().db().begin_read();
  const BucketView bucket = *tx.bucket("key").value();
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    Cursor cursor = bucket.cursor();
    for (cursor.first(); cursor.valid(); cursor.next()) bytes += cursor.key().size() + cursor.value().size();
    CHECK(cursor.status());
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(kStored));
}
BENCHMARK(BM_Scan)->Unit(benchmark::kMillisecond);

void BM_SeekAndReadTen(benchmark::State& state) {
  const ReadTx tx = stored().db().begin_read();
  const BucketView bucket = *tx.bucket("key").value();
  base::Rng rng(1);
  for (auto _ : state) {
    Cursor cursor = bucket.cursor();
    cursor.seek(revision_key(rng.below(kStored - 10)));
    for (int i = 0; i < 10; ++i, cursor.next()) benchmark::DoNotOptimize(cursor.value().data());
  }
}
BENCHMARK(BM_SeekAndReadTen);

void BM_LoadFreelist(benchmark::State& state) {
  TestDb& db = stored();
  for (auto _ : state) {
    state.PauseTiming();
    db.open(true);
    state.ResumeTiming();
    CHECK(db.db().load_freelist());
  }
}
BENCHMARK(BM_LoadFreelist)->Unit(benchmark::kMillisecond);

void BM_CompactedCopy(benchmark::State& state) {
  TestDb& db = stored();
  for (auto _ : state) CHECK(copy_compacted(db.fs(), path_of("copy"), db.db().begin_read()));
  (void)db.fs().remove(path_of("copy"));
}
BENCHMARK(BM_CompactedCopy)->Unit(benchmark::kMillisecond)->UseRealTime();

void BM_SnapshotStream(benchmark::State& state) {
  std::uint64_t bytes = 0;
  for (auto _ : state) {
    SnapshotReader reader(stored().db().begin_read());
    for (std::string_view piece = reader.next(64 * 1024); !piece.empty(); piece = reader.next(64 * 1024)) {
      std::string copy(piece);
      benchmark::DoNotOptimize(copy.data());
      bytes += copy.size();
    }
  }
  state.SetBytesProcessed(static_cast<std::int64_t>(bytes));
}
BENCHMARK(BM_SnapshotStream)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace etcd::bolt
