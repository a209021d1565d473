#include "node/compactions.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace etcd::node {

Compactions::Compactions(const mvcc::CompactionProgress& found, Outlets outlets, base::Logger& logger)
    : outlets_(std::move(outlets)), logger_(logger) {
  if (found.scheduled > found.finished) resumed(found.scheduled, 0);
}

// Whether the compaction before has come to its end does not matter: what it removes does not count.
void Compactions::begun(Revision revision, Revision previous, std::int64_t now_ns) {
  running_.push_back({.revision = revision, .previous = previous, .begun_ns = now_ns, .state = Hash::kToDo, .hash = {}});
}

void Compactions::resumed(Revision revision, std::int64_t now_ns) {
  running_.push_back({.revision = revision, .begun_ns = now_ns, .state = Hash::kNone, .hash = {}});
}

void Compactions::published(const std::function<mvcc::ReadViewRef()>& view) {
  for (Running& one : running_) {
    if (one.state != Hash::kToDo) continue;
    one.state = Hash::kRunning;
    outlets_.hash({view(), one.revision, one.previous});
  }
}

void Compactions::hashed(const CompactionHashed& done) {
  const auto one = std::ranges::find(running_, done.revision, &Running::revision);
  CHECK(one != running_.end() && one->state == Hash::kRunning, done.revision);
  one->state = Hash::kDone;
  one->hash = done.hash;
}

// Those that were under way here are part of the other store's past: it has ended them, or still has to.
void Compactions::restored(const mvcc::CompactionProgress& progress, std::int64_t now_ns) {
  const bool known = std::ranges::find(running_, progress.scheduled, &Running::revision) != running_.end();
  if (progress.scheduled > progress.finished && !known) resumed(progress.scheduled, now_ns);
}

// A compaction may be overtaken by the next and never finish on its own: then it ends with that one.
void Compactions::step(const mvcc::CompactionProgress& progress, std::int64_t now_ns) {
  while (!running_.empty()) {
    const Running& first = running_.front();
    const bool hashing = first.state == Hash::kToDo || first.state == Hash::kRunning;
    if (hashing || first.revision > progress.finished) return;
    log_finished(first, first.revision == progress.finished ? progress.deleted : 0, now_ns);
    running_.erase(running_.begin());
  }
  for (WantCompacted& want : std::exchange(waiting_, {})) want.done({});
}

void Compactions::log_finished(const Running& one, std::uint64_t deleted, std::int64_t now_ns) {
  const DbSizes sizes = outlets_.db_sizes();
  const double took_ms = static_cast<double>(one.begun_ns == 0 ? 0 : now_ns - one.begun_ns) / 1e6;
  base::Logger::Fields fields{{"compact-revision", one.revision},
                              {"took", std::to_string(took_ms) + "ms"},
                              {"number-of-keys-compacted", deleted}};
  if (one.hash) fields.emplace_back("hash", *one.hash);
  fields.emplace_back("current-db-size-bytes", sizes.total);
  fields.emplace_back("current-db-size-in-use-bytes", sizes.in_use);
  logger_.info("finished scheduled compaction", fields);
  outlets_.finished({.took_ms = one.begun_ns == 0 ? std::nullopt : std::optional(took_ms), .deleted = deleted});
}

}  // namespace etcd::node
