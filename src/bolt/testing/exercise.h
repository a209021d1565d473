// exercise(): does to a file of unknown bytes what a server would, and more. Damage may make any of it fail, none of
// it may crash or hang.
#pragma once

#include <string>
#include <vector>

#include "base/check.h"
#include "base/file.h"
#include "bolt/check.h"
#include "bolt/compacted_copy.h"
#include "bolt/db.h"
#include "bolt/snapshot_reader.h"

namespace etcd::bolt {

// Walks the bucket and those in it both ways; at most `buckets` of them, since damaged ones may contain themselves.
// False on damage.
inline bool walk_bucket(const BucketView& bucket, int depth, int& buckets) {
  Cursor cursor = bucket.cursor();
  bool whole = true;
  std::size_t elements = 0;
  for (cursor.first(); cursor.valid(); cursor.next(), ++elements) {
    const auto value = bucket.get(cursor.key());
    whole = whole && value.has_value() && value->has_value() == !cursor.is_bucket();
    if (!cursor.is_bucket() || --buckets < 0 || depth == 0) continue;
    const auto inner = bucket.bucket(cursor.key());
    whole = inner && *inner && walk_bucket(**inner, depth - 1, buckets) && whole;
  }
  whole = whole && cursor.status().has_value();
  std::size_t backwards = 0;
  for (cursor.last(); cursor.valid(); cursor.prev()) ++backwards;
  return whole && cursor.status().has_value() && backwards == elements;
}

// Changes something in each top-level bucket and deletes one. False on damage.
inline bool change_buckets(WriteTx& tx) {
  std::vector<std::string> names;
  Cursor cursor = tx.root().cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) names.emplace_back(cursor.key());
  if (!cursor.status()) return false;
  for (const std::string& name : names) {
    const auto bucket = tx.bucket(name);
    if (!bucket || *bucket == nullptr) return false;
    Cursor inside = (*bucket)->cursor();
    std::vector<std::string> keys;
    for (inside.first(); inside.valid(); inside.next()) {
      if (!inside.is_bucket() && keys.size() < 200) keys.emplace_back(inside.key());
    }
    if (!inside.status()) return false;
    for (const std::string& key : keys) {
      if (!(*bucket)->erase(key)) return false;
    }
    const Status put = (*bucket)->put("new", std::string(700, 'n'));
    if (!put && put.error().code != Errc::kInvalid) return false;
  }
  return names.empty() || tx.delete_bucket(names.front()).has_value();
}

inline void exercise(base::FileSystem& disk, const std::string& path) {
  Options options;
  options.map_bytes = 16 << 20;
  const auto db = Db::open(disk, path, options);
  if (!db) return;
  const ReadTx tx = (*db)->begin_read();
  const bool sound = check(tx).faults.empty();

  int buckets = 100;
  const bool walked = walk_bucket(tx.root(), static_cast<int>(kMaxBucketDepth), buckets);
  const bool copied = copy_compacted(disk, path + ".copy", tx).has_value();
  SnapshotReader reader(tx);
  std::uint64_t streamed = 0;
  for (auto piece = reader.next(1 << 16); !piece.empty(); piece = reader.next(1 << 16)) streamed += piece.size();
  CHECK(streamed == reader.total_bytes());
  // What the checker finds no fault with must work.
  CHECK(!sound || (walked && copied), walked, copied);

  auto changes = (*db)->begin_write();
  const bool changed = changes && change_buckets(*changes) && changes->commit().has_value();
  CHECK(!sound || changed);
  if (sound) CHECK(check((*db)->begin_read()).faults.empty() && (*db)->verify_pages().value().empty());
}

}  // namespace etcd::bolt
