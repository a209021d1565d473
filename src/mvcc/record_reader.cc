#include "mvcc/record_reader.h"

#include <algorithm>

#include "mvcc/read_view.h"
#include "mvcc/revision_key.h"

namespace etcd::mvcc {
namespace {

// From this many on, sorting pays.
constexpr std::size_t kManyRecords = 32;
// A record so few records ahead is nearer by stepping than by a search from the root.
constexpr double kNear = 24;

struct Wanted {
  RevisionPair revision;
  std::size_t place;
};

// Reads records in ascending order. To look at a key costs more than to step over it, since keys lie as far apart as
// values are long: so it steps as far as the revisions' distance says, given how densely records lay until now, and
// looks only then.
class ForwardReader {
 public:
  ForwardReader(const ReadView& view, const bolt::BucketView& keys) : view_(view), cursor_(keys.cursor()) {}

  // Revisions must ascend from call to call.
  Result<std::string_view> read(RevisionPair revision) {
    const RevisionKey key(revision);
    const double distance = std::max(1.0, static_cast<double>(revision.main.value - at_.main.value));
    if (cursor_.valid() && distance * density_ < kNear) {
      const double steps = step_to(key.view(), distance * density_);
      density_ += (steps / distance - density_) / 8;
    } else {
      cursor_.seek(key.view());
    }
    at_ = revision;
    if (cursor_.valid() && cursor_.key() == key.view()) return cursor_.value();
    TRY(cursor_.status());
    cursor_.seek(key.view());  // the guess was too far off
    if (cursor_.valid() && cursor_.key() == key.view()) return cursor_.value();
    return view_.read(revision);  // says what is missing
  }

 private:
  // Steps to about where `key` should be, then a few steps more towards it. Returns how many it took in all.
  double step_to(std::string_view key, double guess) {
    double steps = 0;
    for (; steps + 0.5 < guess && cursor_.valid(); ++steps) cursor_.next();
    for (; steps < kNear && cursor_.valid() && cursor_.key() < key; ++steps) cursor_.next();
    for (; steps > 0 && cursor_.valid() && cursor_.key() > key; --steps) cursor_.prev();
    return steps;
  }

  const ReadView& view_;
  bolt::Cursor cursor_;
  RevisionPair at_;     // last revision read
  double density_ = 1;  // records a main revision
};

}  // namespace

Result<std::vector<std::string_view>> read_records(const ReadView& view, const std::vector<RevisionPair>& revisions) {
  std::vector<std::string_view> records(revisions.size());
  std::vector<Wanted> in_db;
  for (std::size_t i = 0; i < revisions.size(); ++i) {
    if (view.keys() && revisions.size() >= kManyRecords && revisions[i].main <= view.flushed()) {
      in_db.push_back({revisions[i], i});
    } else {
      TRY_ASSIGN(records[i], view.read(revisions[i]));
    }
  }
  if (in_db.empty()) return records;
  if (!std::ranges::is_sorted(in_db, {}, &Wanted::revision)) std::ranges::sort(in_db, {}, &Wanted::revision);
  ForwardReader reader(view, *view.keys());
  for (const Wanted& wanted : in_db) {
    TRY_ASSIGN(records[wanted.place], reader.read(wanted.revision));
  }
  return records;
}

}  // namespace etcd::mvcc
