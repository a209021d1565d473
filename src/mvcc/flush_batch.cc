#include "mvcc/flush_batch.h"

#include "base/failpoint.h"
#include "bolt/schema.h"

namespace etcd::mvcc {
namespace {

// Revisions only grow, so pages of the key bucket never get a record in between: little room is left for one, as in
// etcd.
constexpr double kKeyBucketFill = 0.9;

Status write_mark(bolt::Bucket& meta, std::string_view name, const std::optional<Revision>& revision) {
  if (!revision) return {};
  return meta.put(name, RevisionKey(RevisionPair{*revision, 0}).view());
}

}  // namespace

Status FlushBatch::write_to(bolt::WriteTx& tx) const {
  if (compacts()) FAILPOINT(compactAfterAcquiredBatchTxLock);
  TRY_ASSIGN(bolt::Bucket * keys, tx.create_bucket_if_missing(bolt::schema::kKey));
  keys->set_fill(kKeyBucketFill);
  TRY(write_changes(*keys));
  for (const ChangeId& change : deletes_) {
    TRY(keys->erase(RevisionKey(change).view()));
  }
  return write_marks(tx);
}

Status FlushBatch::write_changes(bolt::Bucket& keys) const {
  for (TailCursor cursor = view_->tail().seek(from_.next()); cursor.valid(); cursor.next()) {
    TRY(keys.put(RevisionKey(cursor.record().id).view(), cursor.record().kv));
  }
  return {};
}

Status FlushBatch::write_marks(bolt::WriteTx& tx) const {
  TRY_ASSIGN(bolt::Bucket * meta, tx.create_bucket_if_missing(bolt::schema::kMeta));
  TRY(write_mark(*meta, bolt::schema::kScheduledCompactRev, scheduled_compaction_));
  if (ends_compaction()) FAILPOINT(compactBeforeSetFinishedCompact);
  return write_mark(*meta, bolt::schema::kFinishedCompactRev, finished_compaction_);
}

}  // namespace etcd::mvcc
