#include <utility>

#include "base/check.h"
#include "mvcc/key_range.h"
#include "mvcc/store.h"

namespace etcd::mvcc {
namespace {

// The old version may come from a db and be any number: wraps, as in Go.
std::int64_t one_more(std::int64_t version) {
  return static_cast<std::int64_t>(static_cast<std::uint64_t>(version) + 1);
}

}  // namespace

WriteTxn::WriteTxn(Store& store) : store_(&store), begin_(store.revision()) {}

WriteTxn::~WriteTxn() {
  if (store_ == nullptr) return;
  CHECK(changes_ == 0, "a transaction that changed something was not committed", begin_);
  store_->in_txn_ = false;
}

Revision WriteTxn::revision() const {
  return store_->state_.revision();
}

Result<RangeResult> WriteTxn::range(const RangeOptions& options) const {
  return mvcc::range(store_->state_, options);
}

std::optional<KeyState> WriteTxn::state(std::string_view key) const {
  return store_->state_.index().find(key, revision());
}

Result<std::string_view> WriteTxn::read(RevisionPair revision) const {
  return store_->state_.read(revision);
}

ChangeId WriteTxn::next_change(bool tombstone) {
  return {{begin_.next(), changes_++}, tombstone};
}

std::optional<RevisionPair> WriteTxn::put(std::string_view key, std::string_view value, LeaseId lease) {
  const ChangeId change = next_change(false);
  const Revision revision = change.revision.main;
  const std::optional<KeyState> before = store_->index_.put(key, change.revision);
  store_->append(change, {.key = key,
                          .create_revision = before ? before->created : revision,
                          .mod_revision = revision,
                          .version = before ? one_more(before->version) : 1,
                          .value = value,
                          .lease = lease});
  store_->refresh();
  return before ? std::optional(before->modified) : std::nullopt;
}

std::vector<DeletedKey> WriteTxn::delete_range(std::string_view key, std::string_view range_end) {
  const KeyRange range = KeyRange::of(key, range_end);
  std::vector<DeletedKey> deleted;
  for (IndexCursor cursor = store_->index_.view().seek(range.begin); cursor.valid(); cursor.next()) {
    const HistoryView history = cursor.history();
    if (!range.contains(history.key())) break;
    if (cursor.live()) deleted.push_back({history.key(), history.newest().revision()});
  }
  for (DeletedKey& one : deleted) {
    const ChangeId change = next_change(true);
    const std::string_view kv = store_->append(change, {.key = one.key});
    store_->index_.tombstone(one.key, change.revision);
    one.key = kv.substr(kv.size() - one.key.size());  // the index may have moved its own copy
  }
  store_->refresh();
  return deleted;
}

Revision WriteTxn::commit() {
  Store& store = *std::exchange(store_, nullptr);
  store.in_txn_ = false;
  return store.revision();
}

}  // namespace etcd::mvcc
