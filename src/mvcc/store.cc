#include "mvcc/store.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "bolt/schema.h"

namespace etcd::mvcc {

Store::Store(ViewPublisher& publisher, bolt::ReadTx db, const StoreOptions& options)
    : publisher_(publisher),
      options_(options),
      index_(publisher.reclaimer()),
      tail_(publisher.reclaimer()),
      state_(index_.view(), tail_.view(), std::move(db), std::nullopt) {}

Store::~Store() {
  CHECK(!in_txn_);
  index_.retire_all();
  tail_.retire_all();
}

WriteTxn Store::begin() {
  CHECK(!in_txn_);
  in_txn_ = true;
  return WriteTxn(*this);
}

void Store::publish() {
  CHECK(!in_txn_);
  publisher_.publish(state_);
  unpublished_ = false;
}

// A change of the transaction that is under way. refresh() once the index has it too.
std::string_view Store::append(const ChangeId& change, const KeyValue& kv) {
  state_.revision_ = change.revision.main;
  return tail_.append(change, kv);
}

// Index and tail changed: state_ is to show it.
void Store::refresh() {
  state_.index_ = index_.view();
  state_.tail_ = tail_.view();
  unpublished_ = true;
}

Status Store::compact(Revision revision) {
  CHECK(!in_txn_);
  if (revision <= state_.compact_revision_) return fail(Errc::kCompacted);
  if (revision > state_.revision_) return fail(Errc::kFutureRevision);
  state_.compact_revision_ = revision;
  compaction_.schedule(revision);
  unpublished_ = true;
  return {};
}

bool Store::step_compaction(std::size_t max_keys) {
  CHECK(!in_txn_);
  if (!compaction_.needs_steps()) return false;
  const bool more = compaction_.step(index_, max_keys);
  refresh();
  return more;
}

CompactionProgress Store::compaction() const {
  return compaction_.progress();
}

bool Store::needs_flush() const {
  return state_.revision_ > state_.flushed_ || compaction_.needs_flush();
}

std::optional<FlushBatch> Store::take_flush() {
  if (flushing_ || !needs_flush()) return std::nullopt;
  if (unpublished_) publish();
  flushing_ = true;
  FlushBatch batch(publisher_.acquire(), state_.flushed_);
  Compaction::FlushPart part = compaction_.take_flush(options_.compaction_deletes_per_flush);
  batch.deletes_ = std::move(part.deletes);
  batch.scheduled_compaction_ = part.scheduled;
  batch.finished_compaction_ = part.finished;
  return batch;
}

Status Store::flushed(FlushBatch batch, bolt::ReadTx db) {
  CHECK(std::exchange(flushing_, false));
  TRY(move_to(std::move(db)));
  state_.flushed_ = batch.to();
  state_.complete_from_ = std::max(state_.complete_from_, batch.complete_from());
  compaction_.flushed();
  tail_.trim(batch.to());
  refresh();
  return {};
}

Status Store::move_to(bolt::ReadTx db) {
  CHECK(!in_txn_);
  TRY_ASSIGN(state_.keys_, db.bucket(bolt::schema::kKey));
  state_.db_ = std::move(db);
  refresh();
  return {};
}

}  // namespace etcd::mvcc
