// ModelStore: the key space as a plain list of everything that ever happened; slow, and simple enough to be believed.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "base/error.h"
#include "mvcc/key_value.h"
#include "mvcc/range.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc::testing {

struct ModelKeyValue {
  std::string key = {};
  std::int64_t create = 0;
  std::int64_t mod = 0;
  std::int64_t version = 0;
  std::string value = {};
  std::int64_t lease = 0;

  std::string encoded() const { return encode({key, Revision(create), Revision(mod), version, value, LeaseId(lease)}); }
};

struct ModelChange {
  ChangeId id;
  ModelKeyValue kv;
};

struct ModelRange {
  std::optional<Errc> error;
  std::vector<std::string> kvs;
  std::int64_t count = 0;
  bool more = false;
};

class ModelStore {
 public:
  std::int64_t revision = 1;
  std::int64_t compact_revision = -1;
  std::vector<ModelChange> changes;  // all, those long compacted too

  // The keys that exist at `at`.
  std::map<std::string, ModelKeyValue> state(std::int64_t at) const {
    std::map<std::string, ModelKeyValue> keys;
    for (const ModelChange& change : changes) {
      if (change.id.revision.main.value > at) break;
      if (change.id.tombstone) {
        keys.erase(change.kv.key);
      } else {
        keys[change.kv.key] = change.kv;
      }
    }
    return keys;
  }

  // A transaction: put and erase as often as wanted, then commit.
  void put(const std::string& key, const std::string& value, std::int64_t lease) {
    const auto keys = state(revision + 1);
    const auto old = keys.find(key);
    ModelKeyValue kv{key, revision + 1, revision + 1, 1, value, lease};
    if (old != keys.end()) {
      kv.create = old->second.create;
      kv.version = old->second.version + 1;
    }
    add(false, kv);
  }
  std::vector<std::string> erase(const std::string& key, const std::string& range_end) {
    std::vector<std::string> erased;
    for (const auto& [name, kv] : state(revision + 1)) {
      if (!in_range(name, key, range_end)) continue;
      add(true, {.key = name});
      erased.push_back(name);
    }
    return erased;
  }
  std::int64_t changes_in_txn() const { return sub_; }
  void commit() {
    if (sub_ > 0) ++revision;
    sub_ = 0;
  }

  std::optional<Errc> compact(std::int64_t at) {
    if (at <= compact_revision) return Errc::kCompacted;
    if (at > revision) return Errc::kFutureRevision;
    compact_revision = at;
    return std::nullopt;
  }

  // What is left of `changes` once the compaction is done.
  std::vector<ModelChange> kept() const {
    std::map<std::string, const ModelChange*> newest;
    for (const ModelChange& change : changes) {
      if (change.id.revision.main.value <= compact_revision) newest[change.kv.key] = &change;
    }
    std::vector<ModelChange> left;
    for (const ModelChange& change : changes) {
      const std::int64_t main = change.id.revision.main.value;
      const bool is_kept = main > compact_revision ||
                           (newest[change.kv.key] == &change && (!change.id.tombstone || main == compact_revision));
      if (is_kept) left.push_back(change);
    }
    return left;
  }

  // etcd's steps, one after the other: read (limit + 1 where nothing is sorted or filtered), filter, sort, cut.
  ModelRange range(const RangeOptions& options) const {
    const std::int64_t now = revision + (sub_ > 0 ? 1 : 0);
    if (options.revision.value > now) return {Errc::kFutureRevision, {}, 0, false};
    const std::int64_t at = options.revision.value <= 0 ? now : options.revision.value;
    if (at < compact_revision) return {Errc::kCompacted, {}, 0, false};
    ModelRange result;
    std::vector<ModelKeyValue> found;
    const bool reads_all = !default_order(options) || filters(options) || options.limit <= 0;
    for (const auto& [key, kv] : state(at)) {
      if (!in_range(key, std::string(options.key), std::string(options.range_end))) continue;
      ++result.count;
      if (reads_all || static_cast<std::int64_t>(found.size()) <= options.limit) found.push_back(kv);
    }
    if (options.count_only) return result;
    std::erase_if(found, [&](const ModelKeyValue& kv) { return !passes(options, kv); });
    sort(options, found);
    if (options.limit > 0 && static_cast<std::int64_t>(found.size()) > options.limit) {
      found.resize(static_cast<std::size_t>(options.limit));
      result.more = true;
    }
    for (ModelKeyValue& kv : found) {
      if (options.keys_only) kv.value.clear();
      if (options.keys_only && options.sort_target != SortTarget::kValue) kv.lease = 0;
      result.kvs.push_back(kv.encoded());
    }
    return result;
  }

 private:
  void add(bool tombstone, const ModelKeyValue& kv) {
    changes.push_back({{{Revision(revision + 1), sub_++}, tombstone}, kv});
  }
  static bool in_range(const std::string& key, const std::string& begin, const std::string& end) {
    if (end.empty()) return key == begin;
    return key >= begin && (end == std::string(1, '\0') || key < end);
  }
  static bool default_order(const RangeOptions& options) {
    return options.sort_order == SortOrder::kNone ||
           (options.sort_target == SortTarget::kKey && options.sort_order == SortOrder::kAscend);
  }
  static bool filters(const RangeOptions& options) {
    return options.min_mod_revision.value != 0 || options.max_mod_revision.value != 0 ||
           options.min_create_revision.value != 0 || options.max_create_revision.value != 0;
  }
  static bool passes(const RangeOptions& o, const ModelKeyValue& kv) {
    if (o.max_mod_revision.value != 0 && kv.mod > o.max_mod_revision.value) return false;
    if (o.min_mod_revision.value != 0 && kv.mod < o.min_mod_revision.value) return false;
    if (o.max_create_revision.value != 0 && kv.create > o.max_create_revision.value) return false;
    return o.min_create_revision.value == 0 || kv.create >= o.min_create_revision.value;
  }
  static bool less(SortTarget target, const ModelKeyValue& a, const ModelKeyValue& b) {
    switch (target) {
      case SortTarget::kKey:
        return a.key < b.key;
      case SortTarget::kVersion:
        return a.version < b.version;
      case SortTarget::kCreate:
        return a.create < b.create;
      case SortTarget::kMod:
        return a.mod < b.mod;
      case SortTarget::kValue:
        return a.value < b.value;
    }
    return false;
  }
  static void sort(const RangeOptions& options, std::vector<ModelKeyValue>& found) {
    SortOrder order = options.sort_order;
    if (options.sort_target != SortTarget::kKey && order == SortOrder::kNone) order = SortOrder::kAscend;
    if (order == SortOrder::kNone) return;
    std::stable_sort(found.begin(), found.end(), [&](const ModelKeyValue& a, const ModelKeyValue& b) {
      return order == SortOrder::kAscend ? less(options.sort_target, a, b) : less(options.sort_target, b, a);
    });
  }

  std::int64_t sub_ = 0;
};

}  // namespace etcd::mvcc::testing
