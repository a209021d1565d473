#include "mvcc/changes.h"

#include <algorithm>

namespace etcd::mvcc {

ChangesCursor changes(const ReadView& view, Revision from, Revision to) {
  return ChangesCursor(view, from, to);
}

ChangesCursor::ChangesCursor(const ReadView& view, Revision from, Revision to)
    : db_to_(std::min(to, view.flushed())), tail_(view.tail().seek(std::max(from, view.flushed().next()))), to_(to) {
  if (!view.keys() || from > db_to_) return;
  db_.emplace(view.keys()->cursor());
  db_->seek(RevisionKey(RevisionPair{std::max(from, Revision(0)), 0}).view());
}

std::optional<Change> ChangesCursor::next() {
  if (auto change = next_in_db(); change || !status_) return change;
  return next_in_tail();
}

std::optional<Change> ChangesCursor::next_in_db() {
  if (!db_) return std::nullopt;
  if (!db_->valid()) {
    status_ = db_->status();
    db_.reset();
    return std::nullopt;
  }
  const auto id = parse_revision_key(db_->key());
  if (!id || db_->is_bucket()) {
    status_ = fail(Errc::kCorrupt, "the key bucket holds what is no record");
    db_.reset();
    return std::nullopt;
  }
  if (id->revision.main > db_to_) {
    db_.reset();
    return std::nullopt;
  }
  const Change change{*id, db_->value()};
  db_->next();
  return change;
}

std::optional<Change> ChangesCursor::next_in_tail() {
  if (!tail_.valid() || tail_.record().id.revision.main > to_) return std::nullopt;
  const Change change{tail_.record().id, tail_.record().kv};
  tail_.next();
  return change;
}

}  // namespace etcd::mvcc
