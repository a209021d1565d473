#include "mvcc/compaction.h"

#include <algorithm>
#include <utility>

namespace etcd::mvcc {

void Compaction::restore(Revision scheduled, Revision finished, std::vector<ChangeId> orphans) {
  scheduled_ = scheduled_written_ = std::max(scheduled, finished);
  finished_ = finished;
  orphans_ = std::move(orphans);
}

bool Compaction::needs_steps() const {
  return phase_ == Phase::kTrimming || (phase_ == Phase::kIdle && scheduled_ > finished_);
}

bool Compaction::step(Index& index, std::size_t max_keys) {
  if (!needs_steps()) return false;
  if (phase_ == Phase::kIdle) {
    trim_ = {.at = scheduled_, .cursor = {}, .dropped = {}};
    phase_ = Phase::kTrimming;
  }
  const bool end = index.trim(trim_, max_keys);
  dropped_.add(std::exchange(trim_.dropped, {}));
  if (end) finish_trimming();
  return needs_steps();
}

void Compaction::finish_trimming() {
  const auto above =
      std::ranges::upper_bound(orphans_, trim_.at, {}, [](const ChangeId& id) { return id.revision.main; });
  dropped_.add({orphans_.begin(), above});
  orphans_.erase(orphans_.begin(), above);
  phase_ = Phase::kDeleting;
}

bool Compaction::needs_flush() const {
  return scheduled_written_ < scheduled_ || (phase_ == Phase::kDeleting && !finishing_);
}

Compaction::FlushPart Compaction::take_flush(std::size_t max_deletes) {
  FlushPart part;
  if (scheduled_written_ < scheduled_) part.scheduled = scheduled_written_ = scheduled_;
  if (phase_ != Phase::kDeleting) return part;
  part.deletes = dropped_.take(max_deletes);
  if (dropped_.empty()) part.finished = finishing_ = trim_.at;
  return part;
}

void Compaction::flushed() {
  if (!finishing_) return;
  finished_ = *std::exchange(finishing_, std::nullopt);
  deleted_ = std::exchange(dropped_, {}).size();
  phase_ = Phase::kIdle;
}

CompactionProgress Compaction::progress() const {
  return {.scheduled = scheduled_,
          .finished = finished_,
          .deleted = deleted_,
          .needs_steps = needs_steps(),
          .deleting = phase_ == Phase::kDeleting};
}

}  // namespace etcd::mvcc
