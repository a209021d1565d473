// A db whose key and meta buckets hold anything: opening it gives a store that works, or kCorrupt.
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/check.h"
#include "base/testing/crash_fs.h"
#include "bolt/db.h"
#include "bolt/schema.h"
#include "mvcc/changes.h"
#include "mvcc/hash.h"
#include "mvcc/store.h"

namespace etcd::mvcc {
namespace {

class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}
  bool empty() const { return rest_.empty(); }
  std::uint8_t byte() {
    const auto byte = static_cast<std::uint8_t>(take(1)[0]);
    return byte;
  }
  // Zeros where the input ends.
  std::string take(std::size_t size) {
    std::string bytes(rest_.substr(0, size));
    rest_.remove_prefix(bytes.size());
    bytes.resize(size);
    return bytes;
  }

 private:
  std::string_view rest_;
};

// Mostly near what etcd writes: records at small revisions, in any order, of few keys.
void put_record(Input& in, bolt::Bucket& keys, bolt::Bucket& meta) {
  const std::uint8_t kind = in.byte();
  const RevisionPair revision{Revision(in.byte()), in.byte() % 4};
  if (kind % 8 == 0) {
    (void)keys.put(in.take(in.byte() % 24 + 1u), in.take(in.byte()));
  } else if (kind % 8 == 1) {
    (void)meta.put(kind & 16 ? bolt::schema::kScheduledCompactRev : bolt::schema::kFinishedCompactRev,
                   RevisionKey(revision).view());
  } else if (kind % 8 == 2) {
    (void)meta.put(bolt::schema::kScheduledCompactRev, in.take(kRevisionKeyBytes));
  } else if (kind % 8 == 3) {
    (void)keys.put(RevisionKey(revision).view(), in.take(in.byte() % 32));
  } else {
    const std::string key(1, static_cast<char>('a' + kind / 8 % 5));
    const bool tombstone = kind % 8 == 4;
    const KeyValue kv{.key = key,
                      .create_revision = Revision(in.byte()),
                      .mod_revision = revision.main,
                      .version = in.byte(),
                      .value = "v",
                      .lease = LeaseId(in.byte() % 3)};
    (void)keys.put(RevisionKey(revision, tombstone).view(), encode(tombstone ? KeyValue{.key = key} : kv));
  }
}

void use(Store& store, ViewPublisher& views) {
  CHECK(store.index().check().empty());
  const std::string_view all("\0", 1);
  for (const Revision at : {Revision(0), store.compact_revision(), Revision(5)}) {
    (void)range(store.state(), {.key = all, .range_end = all, .revision = at, .sort_target = SortTarget::kValue});
  }
  WriteTxn txn = store.begin();
  txn.put("a", "1", LeaseId(0));
  txn.delete_range(all, all);
  txn.commit();
  (void)store.compact(store.revision());
  while (store.step_compaction(3)) {
  }
  CHECK(store.index().check().empty());
  store.publish();
  if (auto hash = KeySpaceHash::begin(views.acquire(), Revision(0))) {
    for (auto done = hash->step(2); done && !*done;) done = hash->step(2);
  }
}

void run(std::string_view bytes) {
  base::CrashFs disk;
  bolt::Options options;
  options.map_bytes = 16 << 20;
  auto db = bolt::Db::open(disk, "/db", options);
  CHECK(db.has_value());
  auto tx = (*db)->begin_write();
  CHECK(tx.has_value());
  bolt::Bucket& keys = **tx->create_bucket_if_missing(bolt::schema::kKey);
  bolt::Bucket& meta = **tx->create_bucket_if_missing(bolt::schema::kMeta);
  for (Input in(bytes); !in.empty();) put_record(in, keys, meta);
  CHECK(tx->commit().has_value());
  ViewPublisher views;
  auto store = Store::open(views, (*db)->begin_read(), {});
  if (!store) {
    CHECK(store.error().code == Errc::kCorrupt);
    return;
  }
  use(**store, views);
  while (auto batch = (*store)->take_flush()) {
    auto write = (*db)->begin_write();
    CHECK(write.has_value() && batch->write_to(*write).has_value() && write->commit().has_value());
    CHECK((*store)->flushed(std::move(*batch), (*db)->begin_read()).has_value());
  }
}

}  // namespace
}  // namespace etcd::mvcc

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 4096) etcd::mvcc::run({reinterpret_cast<const char*>(data), size});
  return 0;
}
