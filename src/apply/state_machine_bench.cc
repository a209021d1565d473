// What one entry costs, from its bytes to its reply, without log and db.
#include <benchmark/benchmark.h>

#include <string>

#include "apply/state_machine.h"
#include "apply/testing/encode.h"
#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "bolt/db.h"

namespace etcd::apply {
namespace {

constexpr int kBatch = 100;  // entries between two publications, as one batch of the log under load

struct Bench {
  Bench() {
    bolt::Options options;
    options.map_bytes = std::uint64_t{1} << 30;
    auto opened = bolt::Db::open(disk, "/db", options);
    CHECK(opened.has_value());
    db = std::move(*opened);
    auto made = StateMachine::open(db->begin_read(), {.cluster = ClusterId(1), .member = MemberId(1)});
    CHECK(made.has_value());
    machine = std::move(*made);
    machine->publish();
  }
  void apply(std::string data) {
    raft::Entry entry;
    entry.index = machine->applied().next();
    entry.term = Term(2);
    entry.data = base::SharedBytes(std::move(data));
    const auto applied = machine->apply(entry, {.wants_reply = true, .now_ns = 0});
    CHECK(applied && applied->reply && applied->reply->response);
    if (entry.index.value % kBatch == 0) machine->publish();
    if (entry.index.value % 10'000 == 0) flush();
  }
  void flush() {
    Flush flush = machine->take_flush();
    auto tx = db->begin_write();
    CHECK(tx && flush.write_to(*tx) && tx->commit());
    CHECK(machine->flushed(std::move(flush), db->begin_read(), 0).has_value());
  }

  base::CrashFs disk;
  std::unique_ptr<bolt::Db> db;
  std::unique_ptr<StateMachine> machine;
};

std::string key_of(std::uint64_t number) {
  return "/registry/pods/default/" + std::to_string(number % 10'000);
}

void put_256_bytes(benchmark::State& state) {
  Bench bench;
  const std::string value(256, 'v');
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::string key = key_of(number++ * 7919);
    PutRequest put;
    put.key = key;
    put.value = value;
    bench.apply(encode_internal(number, RequestKind::kPut, testing::encode(put)));
  }
}
BENCHMARK(put_256_bytes);

// What Kubernetes sends to change an object: put if the revision is still the one seen, else read.
void conditional_put(benchmark::State& state) {
  Bench bench;
  const std::string value(256, 'v');
  std::uint64_t number = 0;
  for (auto _ : state) {
    const std::string key = key_of(number++ * 7919);
    PutRequest put;
    put.key = key;
    put.value = value;
    RangeRequest range;
    range.key = key;
    const Compare unchanged = testing::compare_number(CompareTarget::kMod, key, CompareResult::kEqual, 0);
    bench.apply(encode_internal(number, RequestKind::kTxn,
                                testing::TxnBuilder().compare(unchanged).success(put).failure(range).bytes()));
  }
}
BENCHMARK(conditional_put);

}  // namespace
}  // namespace etcd::apply
