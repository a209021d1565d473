// Rebuilding a store from its db.
#include <algorithm>
#include <string>

#include "bolt/schema.h"
#include "mvcc/index_records.h"
#include "mvcc/key_value.h"
#include "mvcc/revision_key.h"
#include "mvcc/store.h"

namespace etcd::mvcc {
namespace {

constexpr Revision kNoRevision{-1};
// No store gets there by counting; above it, counting on might overflow.
constexpr Revision kMaxRevision{std::int64_t{1} << 62};

Status check_bounds(const RevisionPair& revision) {
  if (revision.main <= kMaxRevision && revision.sub <= kMaxSub) return {};
  return fail(Errc::kCorrupt, "a revision beyond all bounds in the db");
}

Result<Revision> read_mark(const std::optional<bolt::BucketView>& meta, std::string_view name) {
  if (!meta) return kNoRevision;
  TRY_ASSIGN(const auto value, meta->get(name));
  if (!value) return kNoRevision;
  TRY_ASSIGN(const ChangeId mark, parse_revision_key(*value));
  TRY(check_bounds(mark.revision));
  return mark.revision.main;
}

struct Records {
  struct Leased {
    RevisionPair revision;
    LeaseAttachment attachment;
  };

  IndexRecords index;
  std::vector<Leased> leased;  // those of `index` that have a lease
};

Status add_record(Records& records, const bolt::Cursor& cursor) {
  if (cursor.is_bucket()) return fail(Errc::kCorrupt, "a bucket among the records of the key bucket");
  TRY_ASSIGN(const ChangeId change, parse_revision_key(cursor.key()));
  TRY(check_bounds(change.revision));
  if (!records.index.empty() && records.index.back().change().revision >= change.revision) {
    return fail(Errc::kCorrupt, "records of the key bucket are out of order, or two have one revision");
  }
  TRY_ASSIGN(const KeyValue kv, decode_key_value(cursor.value()));
  records.index.add(kv.key, change, kv.create_revision, kv.version);
  if (kv.lease != LeaseId(0) && !change.tombstone) records.leased.push_back({change.revision, {kv.key, kv.lease}});
  return {};
}

Result<Records> scan(const bolt::BucketView& keys) {
  Records records;
  bolt::Cursor cursor = keys.cursor();
  for (cursor.first(); cursor.valid(); cursor.next()) {
    TRY(add_record(records, cursor));
  }
  TRY(cursor.status());
  return records;
}

// A lease counts if the record that has it is its key's newest.
std::vector<LeaseAttachment> current_leases(const IndexView& index, const std::vector<Records::Leased>& leased) {
  std::vector<LeaseAttachment> current;
  for (const auto& [revision, attachment] : leased) {
    const auto history = index.find(attachment.key);
    if (history && history->newest().revision() == revision) current.push_back(attachment);
  }
  return current;
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(ViewPublisher& publisher, bolt::ReadTx db, const StoreOptions& options) {
  std::unique_ptr<Store> store(new Store(publisher, std::move(db), options));
  TRY(store->restore());
  return store;
}

Status Store::restore() {
  TRY_ASSIGN(state_.keys_, state_.db_.bucket(bolt::schema::kKey));
  TRY_ASSIGN(const auto meta, state_.db_.bucket(bolt::schema::kMeta));
  TRY_ASSIGN(const Revision scheduled, read_mark(meta, bolt::schema::kScheduledCompactRev));
  TRY_ASSIGN(const Revision finished, read_mark(meta, bolt::schema::kFinishedCompactRev));
  std::vector<ChangeId> orphans;
  Revision newest(1);
  if (state_.keys_) {
    TRY_ASSIGN(const Records records, scan(*state_.keys_));
    if (!records.index.empty()) newest = std::max(newest, records.index.back().main);
    orphans = index_.build(records.index);
    restored_leases_ = current_leases(index_.view(), records.leased);
  }
  // A compaction may have taken away the newest changes, deletions all of them: the revision must not go back for that.
  state_.compact_revision_ = std::max(scheduled, finished);
  state_.complete_from_ = std::max(Revision(0), state_.compact_revision_);
  state_.revision_ = state_.flushed_ = std::max(newest, state_.compact_revision_);
  compaction_.restore(scheduled, finished, std::move(orphans));
  refresh();
  return {};
}

}  // namespace etcd::mvcc
